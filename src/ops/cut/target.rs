//! The pyramid that a picture is cut for: a new one, or one with versions.

use super::origin::{is_same_picture, path_to_record, recorded_picture, shown};
use super::{CutError, CutMode, CutOptions, PictureSource};
use crate::format::{self, FormatKind, NamePattern, PyramidSpec, Quality, Settings, TileFormat, TileNaming, Tolerance};
use crate::input::{Depth, PictureInfo};
use crate::ops::{Failure, Pyramid, survey};
use crate::store::{self, FolderContents, Layout, SourcePlace, SourceVersions, StoreError, TreeContext, Version};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Side of a tile in pixels, unless another is requested.
const DEFAULT_TILE_SIZE: u32 = 256;

/// Whether the pyramid has versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetState {
    /// There is no version, perhaps not even a folder.
    First,
    /// There are versions.
    Next,
}

/// The pyramid that a picture is cut for.
pub(super) struct Target {
    pub(super) pyramid: Pyramid,
    /// Its settings; for a pyramid with versions, those of the lowest.
    pub(super) settings: Settings,
    pub(super) state: TargetState,
    /// The entry that pyramid.json lacks, if it is to record the picture and is not written for it.
    pub(super) missing_entry: Option<String>,
    /// The pyramid.json to write, if there is none.
    new_spec: Option<NewSpec>,
}

/// A pyramid.json to write.
#[derive(PartialEq, Eq)]
struct NewSpec {
    /// Its text, with the quality.
    text: String,
    /// Its text for a first version that is cut without loss, whose tiles have the quality of the picture.
    lossless: String,
}

impl Target {
    /// Examines `folder`, and compares it with the picture and with the options.
    pub(super) fn find(
        picture: &PictureSource,
        info: &PictureInfo,
        folder: &Path,
        options: &CutOptions<'_>,
    ) -> Result<Self, Failure> {
        let layout = Layout::new(folder);
        let origin = match picture {
            PictureSource::File(path) if options.record_picture => Some(path.as_path()),
            _ => None,
        };
        let target = if layout.spec_file().symlink_metadata().is_ok() {
            let mut target = Self::of_pyramid(Pyramid::open_folder(folder.to_owned())?, info, options)?;
            target.missing_entry = origin.map(|origin| target.check_origin(origin)).transpose()?.flatten();
            target
        } else {
            Self::new(layout, info, origin, options)?
        };
        let expected = target.pyramid.spec.geometry.size();
        if expected != info.size {
            let (picture, pyramid) = (picture.to_string(), folder.to_owned());
            return Err(CutError::OtherSize { picture, found: info.size, pyramid, expected }.into());
        }
        target.check_options(options)?;
        Ok(target)
    }

    /// A new pyramid.
    fn new(
        layout: Layout,
        info: &PictureInfo,
        origin: Option<&Path>,
        options: &CutOptions<'_>,
    ) -> Result<Self, Failure> {
        let root = layout.root().to_owned();
        if let Some(pyramid) = pyramid_of_version(&root) {
            return Err(CutError::InAPyramid { path: root, pyramid }.into());
        }
        let above = root.ancestors().skip(1).find(|path| path.symlink_metadata().is_ok());
        if let Some(path) = above.filter(|path| !path.is_dir()) {
            return Err(CutError::InAFile { folder: root.clone(), path: path.to_owned() }.into());
        }
        if root.symlink_metadata().is_ok() {
            if !root.is_dir() {
                return Err(CutError::NotAFolder { path: root }.into());
            }
            match SourceVersions::find(&layout) {
                Ok(SourceVersions { place, versions }) => {
                    for version in &versions {
                        if FolderContents::of(&layout.source(place, *version))? != FolderContents::Empty {
                            return Err(CutError::NoSpec { folder: root, version: version.to_string() }.into());
                        }
                    }
                    let path = layout.source(place, versions.first().copied().unwrap_or(Version(0)));
                    return Err(CutError::EmptyFolder { path }.into());
                }
                Err(StoreError::NoVersions { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (tile_size, overlap) = (options.tile_size.unwrap_or(DEFAULT_TILE_SIZE), options.overlap.unwrap_or(0));
        if overlap > tile_size / 2 {
            return Err(CutError::TooMuchOverlap { overlap, tile_size }.into());
        }
        let format = options.format.clone().unwrap_or_else(|| format_for(info));
        let quality = (format.kind() == FormatKind::Jpeg).then(|| options.quality.unwrap_or(Quality::DEFAULT));
        let origin = origin.map(|path| picture_entry(path, &root));
        let text = |quality| spec_text(info, &format, options, quality, origin.as_deref());
        let (text, lossless) = (text(quality), text(None));
        let spec = PyramidSpec::parse(&text).map_err(|error| Failure::Spec { path: layout.spec_file(), error })?;
        let settings = Settings::new(&spec, format, TileNaming::column_row());
        Ok(Self {
            pyramid: Pyramid { layout, spec },
            settings,
            state: TargetState::First,
            missing_entry: None,
            new_spec: Some(NewSpec { text, lossless }),
        })
    }

    /// A pyramid that has a pyramid.json.
    fn of_pyramid(pyramid: Pyramid, info: &PictureInfo, options: &CutOptions<'_>) -> Result<Self, Failure> {
        let (settings, state) = match SourceVersions::find(&pyramid.layout) {
            Ok(sources) => (survey::settings(&pyramid, &sources)?, TargetState::Next),
            Err(StoreError::NoVersions { .. }) => {
                let format = pyramid.spec.format.clone().or_else(|| options.format.clone());
                let naming = pyramid.spec.naming(NamePattern::column_row());
                let format = format.unwrap_or_else(|| format_for(info));
                (Settings::new(&pyramid.spec, format, naming), TargetState::First)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { pyramid, settings, state, missing_entry: None, new_spec: None })
    }

    /// Refuses versions of another picture, or of an unknown one. Returns the entry that pyramid.json lacks, if it has no
    /// version yet.
    fn check_origin(&self, picture: &Path) -> Result<Option<String>, Failure> {
        let (root, spec) = (self.pyramid.layout.root(), self.pyramid.layout.spec_file());
        let entry = picture_entry(picture, root);
        match &self.pyramid.spec.picture {
            Some(recorded) => {
                let recorded = recorded_picture(recorded, root);
                if is_same_picture(&recorded, picture) {
                    return Ok(None);
                }
                let (recorded, given) = (shown(&recorded), shown(picture));
                Err(CutError::OtherPicture { spec, recorded, given, entry }.into())
            }
            None if self.state == TargetState::First => Ok(Some(entry)),
            None => Err(CutError::UnknownPicture { spec, entry }.into()),
        }
    }

    /// Whether nothing has changed since `other` was found.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        let states_quality = |target: &Self| target.pyramid.spec.quality.is_some();
        (self.state, &self.new_spec, &self.settings) == (other.state, &other.new_spec, &other.settings)
            && states_quality(self) == states_quality(other)
    }

    /// Refuses options that contradict the pyramid's settings.
    fn check_options(&self, options: &CutOptions<'_>) -> Result<(), Failure> {
        let settings = &self.settings;
        let is_png = settings.format.kind() == FormatKind::Png;
        let other = |key, asked: String, there: String| {
            let spec = self.pyramid.layout.spec_file();
            Err(CutError::OtherSetting { key, asked, spec, there }.into())
        };
        match (options.tile_size, &options.format, options.quality) {
            (Some(asked), ..) if asked != settings.tile_size => {
                other("tile_size", asked.to_string(), settings.tile_size.to_string())
            }
            _ if options.overlap.is_some_and(|asked| asked != settings.overlap) => {
                let asked = options.overlap.unwrap_or(0);
                other("overlap", asked.to_string(), settings.overlap.to_string())
            }
            _ if settings.overlap > 0 && options.tolerance != Tolerance::NONE && is_png => {
                Err(CutError::ToleranceWithOverlap.into())
            }
            (_, Some(asked), _) if asked.kind() != settings.format.kind() => {
                other("format", asked.to_string(), settings.format.to_string())
            }
            (.., Some(asked)) if settings.quality.is_some_and(|quality| quality != asked) => {
                let (spec, pyramid) = (self.pyramid.layout.spec_file(), self.pyramid.layout.root().to_owned());
                let has_versions = self.state == TargetState::Next;
                match self.pyramid.spec.quality {
                    Some(there) => other("quality", asked.get().to_string(), there.get().to_string()),
                    None => Err(CutError::UnstatedQuality { spec, pyramid, asked: asked.get(), has_versions }.into()),
                }
            }
            (.., Some(asked)) if settings.quality.is_none() => {
                other("quality", asked.get().to_string(), format!("not used for {} tiles", settings.format))
            }
            _ => Ok(()),
        }
    }

    /// The settings to expect in an estimate: tiles that are encoded like the latest ones may have the highest quality.
    pub(super) fn expected_settings(&self, options: &CutOptions<'_>) -> Settings {
        let unknown = self.state == TargetState::Next
            && self.pyramid.spec.quality.or(options.quality).is_none()
            && self.settings.quality.is_some();
        let quality = if unknown { Quality::new(100) } else { self.settings.quality };
        Settings { quality, ..self.settings.clone() }
    }

    /// The context of all trees of the pyramid.
    pub(super) fn trees(&self) -> TreeContext {
        let Pyramid { layout, spec } = &self.pyramid;
        TreeContext::new(layout.clone(), SourcePlace::Beside, spec.geometry, self.settings.clone())
    }

    /// Creates the pyramid's folder and its missing parents. Returns those created, outermost first; none if another process
    /// has created the pyramid's folder meanwhile.
    pub(super) fn create_folder(&self) -> Result<Vec<PathBuf>, Failure> {
        let root = self.pyramid.layout.root();
        let mut created = Vec::new();
        let folders: Vec<&Path> = root.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
        for &path in folders.iter().rev().filter(|path| !path.is_dir()) {
            match std::fs::create_dir(path) {
                Ok(()) => created.push(path.to_owned()),
                // Another process was faster, and may rely on the folders created so far.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => created.clear(),
                Err(error) => {
                    remove_empty(&created);
                    return Err(CutError::Folder { path: root.to_owned(), error }.into());
                }
            }
        }
        Ok(created)
    }

    /// Removes the folders created for a picture that could not be cut, as far as they are empty.
    pub(super) fn remove_created(&self, created: &[PathBuf]) {
        store::remove_empty_pyramid(&self.pyramid.layout);
        remove_empty(created);
    }

    /// Writes pyramid.json, if there was none, for a first version that was cut in this mode.
    pub(super) fn write_spec(&self, mode: CutMode) -> Result<(), Failure> {
        match (&self.new_spec, mode) {
            (Some(new), CutMode::Lossless) => Ok(store::write_spec(&self.pyramid.layout, &new.lossless)?),
            (Some(new), _) => Ok(store::write_spec(&self.pyramid.layout, &new.text)?),
            (None, _) => Ok(()),
        }
    }

    /// Removes the pyramid.json written for `version`, if that could not be published.
    pub(super) fn remove_spec(&self, version: Version) {
        let layout = &self.pyramid.layout;
        if self.new_spec.is_some() && layout.source(SourcePlace::Beside, version).symlink_metadata().is_err() {
            store::remove_spec(layout);
        }
    }
}

/// The pyramid whose source version `path` is, or would be.
fn pyramid_of_version(path: &Path) -> Option<PathBuf> {
    let path = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok()?;
    Version::from_folder(path.file_name()?.to_str()?)?;
    let folder = path.parent()?;
    let around = folder.parent().filter(|_| folder.ends_with("src"));
    let is_pyramid = |folder: &&Path| Layout::new(folder).spec_file().symlink_metadata().is_ok();
    [Some(folder), around].into_iter().flatten().find(is_pyramid).map(Path::to_owned)
}

/// Removes folders, innermost first, as far as they are empty.
fn remove_empty(folders: &[PathBuf]) {
    folders.iter().rev().for_each(|path| _ = std::fs::remove_dir(path));
}

/// PNG if JPEG would lose something besides fine detail, otherwise JPEG.
fn format_for(info: &PictureInfo) -> TileFormat {
    let exact = info.channels.is_multiple_of(2) || info.palette || info.depth == Depth::Sixteen;
    if exact { TileFormat::png() } else { TileFormat::jpg() }
}

/// The entry of a pyramid.json in `root` for a picture.
fn picture_entry(picture: &Path, root: &Path) -> String {
    let text = format::picture_text(&path_to_record(picture, root));
    format!("\"picture\": {}", serde_json::Value::from(text))
}

fn spec_text(
    info: &PictureInfo,
    format: &TileFormat,
    options: &CutOptions<'_>,
    quality: Option<Quality>,
    origin: Option<&str>,
) -> String {
    let (tile_size, overlap) = (options.tile_size.unwrap_or(DEFAULT_TILE_SIZE), options.overlap.unwrap_or(0));
    let (width, height) = (info.size.width, info.size.height);
    let mut lines = vec![
        format!("\"width\": {width}"),
        format!("\"height\": {height}"),
        format!("\"tile_size\": {tile_size}"),
        format!("\"overlap\": {overlap}"),
        format!("\"format\": \"{format}\""),
    ];
    lines.extend(quality.map(|quality| format!("\"quality\": {}", quality.get())));
    lines.extend(origin.map(str::to_owned));
    format!("{{\n  {}\n}}\n", lines.join(",\n  "))
}
