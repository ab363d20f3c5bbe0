//! Which pyramid a picture is cut for, and whether it begins there.

use super::super::survey;
use super::super::{Error, Pyramid};
use super::{CutError, CutOptions, Manner, PictureSource};
use crate::format::{FormatKind, PyramidSpec, Quality, Settings, TileFormat, TileNaming};
use crate::input::{Depth, PictureInfo};
use crate::store::{self, Layout, SourcePlace, SourceVersions, StoreError, TreeContext, Version};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The side of tiles where nobody asks for another.
const TILE_SIZE: u32 = 256;

/// Whether there are versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetState {
    /// There is no version, and perhaps no folder.
    First,
    /// There are versions.
    Next,
}

/// The pyramid that a picture is cut for.
pub(super) struct Target {
    pub(super) pyramid: Pyramid,
    /// Its settings; of a pyramid with versions, by the lowest of them.
    pub(super) settings: Settings,
    pub(super) state: TargetState,
    /// The pyramid.json to be written, if there is none.
    new_spec: Option<NewSpec>,
}

/// A pyramid.json to be written.
#[derive(PartialEq, Eq)]
struct NewSpec {
    /// Its text.
    text: String,
    /// Its text where the first version is cut without loss, so that its tiles have no quality but the picture's.
    lossless: String,
}

impl Target {
    /// Looks what there is in `folder`, and compares it with the picture and with what is asked for.
    pub(super) fn find(
        picture: &PictureSource,
        info: &PictureInfo,
        folder: &Path,
        options: &CutOptions,
    ) -> Result<Self, Error> {
        let layout = Layout::new(folder);
        let target = if layout.spec_file().symlink_metadata().is_ok() {
            Self::of_pyramid(Pyramid::open(folder)?, info, options)?
        } else {
            Self::new(layout, info, options)?
        };
        let expected = target.pyramid.spec.geometry.size();
        if expected != info.size {
            let (picture, pyramid) = (picture.to_string(), folder.to_owned());
            return Err(CutError::OtherSize { picture, found: info.size, pyramid, expected }.into());
        }
        let overlap = target.pyramid.spec.geometry.overlap();
        if overlap != 0 {
            return Err(Error::Overlap { path: target.pyramid.layout.spec_file(), overlap });
        }
        target.check_options(options)?;
        Ok(target)
    }

    /// A pyramid that begins now.
    fn new(layout: Layout, info: &PictureInfo, options: &CutOptions) -> Result<Self, Error> {
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
                        if store::has_tiles(&layout.source(place, *version))? {
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
        let format = options.format.clone().unwrap_or_else(|| format_for(info));
        let quality = (format.kind() == FormatKind::Jpeg).then(|| options.quality.unwrap_or(Quality::DEFAULT));
        let text = spec_text(info, &format, options, quality);
        let lossless = spec_text(info, &format, options, None);
        let spec = PyramidSpec::parse(&text).map_err(|error| Error::Spec { path: layout.spec_file(), error })?;
        let settings = Settings::new(&spec, format, TileNaming::ColumnRow);
        Ok(Self {
            pyramid: Pyramid { layout, spec },
            settings,
            state: TargetState::First,
            new_spec: Some(NewSpec { text, lossless }),
        })
    }

    /// A pyramid that has its pyramid.json.
    fn of_pyramid(pyramid: Pyramid, info: &PictureInfo, options: &CutOptions) -> Result<Self, Error> {
        let (settings, state) = match SourceVersions::find(&pyramid.layout) {
            Ok(sources) => (survey::settings(&pyramid, &sources)?, TargetState::Next),
            Err(StoreError::NoVersions { .. }) => {
                let format = pyramid.spec.format.clone().or_else(|| options.format.clone());
                let naming = pyramid.spec.tile_naming.unwrap_or(TileNaming::ColumnRow);
                let format = format.unwrap_or_else(|| format_for(info));
                (Settings::new(&pyramid.spec, format, naming), TargetState::First)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { pyramid, settings, state, new_spec: None })
    }

    /// Whether there is as much, or as little, as there was when `other` was found.
    pub(super) fn begins_as(&self, other: &Self) -> bool {
        let states_quality = |target: &Self| target.pyramid.spec.states_quality;
        (self.state, &self.new_spec, &self.settings) == (other.state, &other.new_spec, &other.settings)
            && states_quality(self) == states_quality(other)
    }

    /// Whether what is asked for is what the pyramid has.
    fn check_options(&self, options: &CutOptions) -> Result<(), Error> {
        let settings = &self.settings;
        let other = |key, asked: String, there: String| {
            let spec = self.pyramid.layout.spec_file();
            Err(CutError::OtherSetting { key, asked, spec, there }.into())
        };
        match (options.tile_size, &options.format, options.quality) {
            (Some(asked), ..) if asked != settings.tile_size => {
                other("--tile-size", asked.to_string(), settings.tile_size.to_string())
            }
            (_, Some(asked), _) if asked.kind() != settings.format.kind() => {
                other("--format", asked.to_string(), settings.format.to_string())
            }
            (.., Some(asked)) if settings.quality.is_some_and(|quality| quality != asked) => {
                let there = settings.quality.map(|quality| quality.get().to_string()).unwrap_or_default();
                let stated = self.pyramid.spec.states_quality;
                let there = if stated { there } else { format!("nothing, which means {there}") };
                other("--quality", asked.get().to_string(), there)
            }
            (.., Some(asked)) if settings.quality.is_none() => {
                other("--quality", asked.get().to_string(), format!("{}, which has none", settings.format))
            }
            _ => Ok(()),
        }
    }

    /// What all trees of the pyramid will have in common.
    pub(super) fn trees(&self) -> TreeContext {
        TreeContext {
            layout: self.pyramid.layout.clone(),
            place: SourcePlace::Beside,
            geometry: self.pyramid.spec.geometry,
            settings: self.settings.clone(),
            staged: BTreeSet::new(),
        }
    }

    /// Creates the pyramid's folder, and those that it is in, as far as they are not there. Which had to be, from the
    /// outermost to its own; none if another process has made its own meanwhile.
    pub(super) fn create_folder(&self) -> Result<Vec<PathBuf>, Error> {
        let root = self.pyramid.layout.root();
        let mut created = Vec::new();
        let folders: Vec<&Path> = root.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
        for &path in folders.iter().rev().filter(|path| !path.is_dir()) {
            match std::fs::create_dir(path) {
                Ok(()) => created.push(path.to_owned()),
                // Another process was faster, and may need those that were made for it.
                Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => created.clear(),
                Err(error) => {
                    remove(&created);
                    return Err(CutError::Folder { path: root.to_owned(), error }.into());
                }
            }
        }
        Ok(created)
    }

    /// Removes the folders that were created for a picture that then could not be cut, if nobody has put anything into
    /// them.
    pub(super) fn remove_created(&self, created: &[PathBuf]) {
        store::remove_empty_pyramid(&self.pyramid.layout);
        remove(created);
    }

    /// Writes pyramid.json, if there was none, for a first version that was cut in this manner.
    pub(super) fn write_spec(&self, manner: Manner) -> Result<(), Error> {
        match (&self.new_spec, manner) {
            (Some(new), Manner::Lossless) => Ok(store::write_spec(&self.pyramid.layout, &new.lossless)?),
            (Some(new), _) => Ok(store::write_spec(&self.pyramid.layout, &new.text)?),
            (None, _) => Ok(()),
        }
    }

    /// Removes the pyramid.json that was written for `version`, if that could not be published.
    pub(super) fn take_spec_back(&self, version: Version) {
        let layout = &self.pyramid.layout;
        if self.new_spec.is_some() && layout.source(SourcePlace::Beside, version).symlink_metadata().is_err() {
            store::remove_spec(layout);
        }
    }
}

/// The pyramid of which this is, or would be, a folder of source tiles.
fn pyramid_of_version(path: &Path) -> Option<PathBuf> {
    let path = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path)).ok()?;
    Version::from_folder(path.file_name()?.to_str()?)?;
    let folder = path.parent()?;
    let around = folder.parent().filter(|_| folder.ends_with("src"));
    let is_pyramid = |folder: &&Path| Layout::new(folder).spec_file().symlink_metadata().is_ok();
    [Some(folder), around].into_iter().flatten().find(is_pyramid).map(Path::to_owned)
}

/// Removes folders, the innermost first, as far as they are empty.
fn remove(folders: &[PathBuf]) {
    folders.iter().rev().for_each(|path| _ = std::fs::remove_dir(path));
}

/// PNG where loss would show or take something away, else JPEG.
fn format_for(info: &PictureInfo) -> TileFormat {
    let exact = info.channels.is_multiple_of(2) || info.palette || info.depth == Depth::Sixteen;
    if exact { TileFormat::png() } else { TileFormat::jpg() }
}

fn spec_text(info: &PictureInfo, format: &TileFormat, options: &CutOptions, quality: Option<Quality>) -> String {
    let tile_size = options.tile_size.unwrap_or(TILE_SIZE);
    let (width, height) = (info.size.width, info.size.height);
    let mut lines = vec![
        format!("\"width\": {width}"),
        format!("\"height\": {height}"),
        format!("\"tile_size\": {tile_size}"),
        "\"overlap\": 0".to_owned(),
        format!("\"format\": \"{format}\""),
    ];
    lines.extend(quality.map(|quality| format!("\"quality\": {}", quality.get())));
    format!("{{\n  {}\n}}\n", lines.join(",\n  "))
}
