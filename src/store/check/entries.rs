//! What a published tree consists of, name by name, and whether it does: folders, descriptor, links, strangers.
//! No contents of tiles.

use crate::geometry::{Grid, Tile};
use crate::store::check::problem::{Place, Problem, ProblemKind, Problems};
use crate::store::error::{Context, IoError, StoreError};
use crate::store::fs::files;
use crate::store::layout::{DESCRIPTOR, LEVELS, LinkTarget, Version, canonical_number};
use crate::store::layout::{TileText, link_to_source, link_to_tree, source_name, tile_name};
use crate::store::source::sources::parse_name;
use crate::store::tree::owners::Owners;
use crate::store::tree::tree::TreeContext;
use crate::sync::Progress;
use crate::text::{display_name, display_path};
use rayon::prelude::*;
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Tiles looked at together by all threads; bounds the memory.
const BATCH: usize = 16384;

/// What has to stand under a tile's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The generated tile itself.
    File,
    /// A link with this target.
    Link(TileText),
}

impl Expected {
    /// What has to stand under the name of `tile` in the tree of `version`, given who owns it.
    pub(crate) fn of(trees: &TreeContext, version: Version, tile: Tile, owner: LinkTarget) -> Self {
        match owner {
            LinkTarget::Tree(owner) if owner == version => Self::File,
            LinkTarget::Tree(owner) => Self::Link(link_to_tree(owner, tile, trees.format())),
            LinkTarget::Source(owner) => {
                let name = source_name(trees.naming(), tile.column, tile.row, trees.format());
                Self::Link(link_to_source(trees.place, owner, &name))
            }
        }
    }

    fn described(&self) -> String {
        match self {
            Self::File => "a file".into(),
            Self::Link(target) => format!("a link to {target}"),
        }
    }
}

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    File(u64),
    Folder,
    Link(Vec<u8>),
    Other(&'static str),
    Unreadable(String),
}

impl Found {
    /// Looks without following, opening or waiting for anything.
    pub(crate) fn at(folder: &OwnedFd, name: impl AsRef<OsStr>) -> Self {
        let name = name.as_ref();
        match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Self::Nothing,
            Err(error) => Self::Unreadable(std::io::Error::from(error).to_string()),
            Ok(found) => match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile => Self::File(u64::try_from(found.st_size).unwrap_or(0)),
                FileType::Directory => Self::Folder,
                FileType::Symlink => match rustix::fs::readlinkat(folder, name, Vec::new()) {
                    Ok(target) => Self::Link(target.into_bytes()),
                    Err(error) => Self::Unreadable(std::io::Error::from(error).to_string()),
                },
                FileType::Fifo => Self::Other("a named pipe"),
                FileType::Socket => Self::Other("a socket"),
                _ => Self::Other("a device"),
            },
        }
    }

    /// The same of a path.
    pub(crate) fn at_path(path: &Path) -> Self {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Self::Nothing;
        };
        match files::open_folder(folder) {
            Ok(folder) => Self::at(&folder, name),
            Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => Self::Nothing,
            Err(error) => Self::Unreadable(error.source.to_string()),
        }
    }

    pub(crate) fn described(&self) -> String {
        match self {
            Self::Nothing => "nothing".into(),
            Self::File(length) => format!("a file of {length} bytes"),
            Self::Folder => "a folder".into(),
            Self::Link(target) => format!("a link to {}", display_path(OsStr::from_bytes(target))),
            Self::Other(what) => (*what).into(),
            Self::Unreadable(why) => why.clone(),
        }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn differs(&self, expected: &Expected) -> Option<ProblemKind> {
        match (self, expected) {
            (Self::File(_), Expected::File) => None,
            (Self::Link(target), Expected::Link(wanted)) if target == wanted.as_bytes() => None,
            (Self::Link(_), Expected::Link(_)) => Some(ProblemKind::WrongLink),
            _ => Some(self.as_wrong_kind()),
        }
    }

    fn as_wrong_kind(&self) -> ProblemKind {
        match self {
            Self::Nothing => ProblemKind::Missing,
            Self::Unreadable(_) => ProblemKind::Unreadable,
            _ => ProblemKind::WrongKind,
        }
    }
}

/// The level folders of a tree that are there; `None` where something else is or nothing.
#[derive(Debug, Default)]
pub struct PresentLevels(pub(crate) Vec<Option<OwnedFd>>);

impl PresentLevels {
    /// The folder of a level.
    pub(crate) fn get(&self, level: u8) -> Option<&OwnedFd> {
        self.0.get(usize::from(level))?.as_ref()
    }
}

/// Checks the folders of the tree of `version`, its descriptor, which has to be `descriptor`, and that there is nothing
/// that does not belong.
///
/// # Errors
/// A folder cannot be listed.
pub(crate) fn check_folders(
    trees: &TreeContext,
    version: Version,
    descriptor: &[u8],
    problems: &mut Problems,
) -> Result<PresentLevels, StoreError> {
    let tree = trees.tree(version);
    let levels_folder = tree.join(LEVELS);
    check_descriptor(trees, version, descriptor, problems)?;
    if !folder_is_there(version, &levels_folder, LEVELS, Place::Tree, problems) {
        return Ok(PresentLevels(Vec::new()));
    }
    let mut present = Vec::new();
    for level in trees.geometry.levels() {
        let path = levels_folder.join(level.to_string());
        let there = folder_is_there(version, &path, &format!("{LEVELS}/{level}"), Place::Level(level), problems);
        present.push(there.then(|| files::open_folder(&path)).transpose()?);
    }
    for_each_stranger(trees, version, |path| {
        let found = Found::at_path(path).described();
        problems.add(stranger(Some(version), display_path(path.strip_prefix(&tree).unwrap_or(path)), found));
        Ok(())
    })?;
    Ok(PresentLevels(present))
}

/// Something that does not belong where it is.
pub(crate) fn stranger(version: Option<Version>, path: String, found: String) -> Problem {
    Problem { version, path, kind: ProblemKind::Unexpected, expected: "nothing".into(), found, place: Place::Elsewhere }
}

fn folder_is_there(version: Version, path: &Path, name: &str, place: Place, problems: &mut Problems) -> bool {
    let found = Found::at_path(path);
    if found == Found::Folder {
        return true;
    }
    let (kind, found) = (found.as_wrong_kind(), found.described());
    problems.add(Problem {
        version: Some(version),
        path: name.into(),
        kind,
        expected: "a folder".into(),
        found,
        place,
    });
    false
}

fn check_descriptor(
    trees: &TreeContext,
    version: Version,
    descriptor: &[u8],
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let path = trees.tree(version).join(DESCRIPTOR);
    let found = Found::at_path(&path);
    let length = descriptor.len();
    let mut add = |kind, found| {
        let expected = format!("a file of {length} bytes, as the build writes it");
        let path = DESCRIPTOR.into();
        problems.add(Problem { version: Some(version), path, kind, expected, found, place: Place::Descriptor });
    };
    let Found::File(found_length) = found else {
        add(found.as_wrong_kind(), found.described());
        return Ok(());
    };
    if found_length != length as u64 {
        add(ProblemKind::WrongDescriptor, found.described());
        return Ok(());
    }
    match files::read_file(&path, length as u64) {
        Ok(bytes) if bytes == descriptor => {}
        Ok(bytes) => {
            let same = bytes.iter().zip(descriptor).take_while(|(found, expected)| found == expected).count();
            add(ProblemKind::WrongDescriptor, format!("one of {} bytes, different from byte {same} on", bytes.len()));
        }
        Err(error) => add(ProblemKind::Unreadable, error.to_string()),
    }
    Ok(())
}

/// Calls `act` for everything in the tree of `version` that does not belong there. What stands where a folder or tile has
/// to be is none, whatever it is.
pub(crate) fn for_each_stranger(
    trees: &TreeContext,
    version: Version,
    mut act: impl FnMut(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let tree = trees.tree(version);
    let levels = tree.join(LEVELS);
    list(&tree, |name| name == DESCRIPTOR || name == LEVELS, &mut act)?;
    let base = u32::from(trees.geometry.base_level());
    let is_level = |name: &OsStr| name.to_str().and_then(canonical_number).is_some_and(|level| level <= base);
    list(&levels, is_level, &mut act)?;
    for level in trees.geometry.levels() {
        let grid = trees.geometry.grid(level);
        let is_tile = |name: &OsStr| is_tile_name(name, grid, trees.format().extension());
        list(&levels.join(level.to_string()), is_tile, &mut act)?;
    }
    Ok(())
}

/// Calls `act` for each entry of `folder` that does not belong there; nothing where it is no folder.
pub(crate) fn list(
    folder: &Path,
    belongs: impl Fn(&OsStr) -> bool,
    mut act: impl FnMut(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if Found::at_path(folder) != Found::Folder {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).context("read", folder)? {
        let name = entry.context("read", folder)?.file_name();
        if !belongs(&name) {
            act(&folder.join(name))?;
        }
    }
    Ok(())
}

fn is_tile_name(name: &OsStr, grid: Grid, extension: &str) -> bool {
    parse_name(name).is_some_and(|parsed| {
        let (column, row) = parsed.numbers;
        parsed.extension == extension && grid.contains(column, row)
    })
}

/// Checks that each tile of the tree of `version` is a file or link as its owner implies. Ends
/// early if `progress` is cancelled.
pub(crate) fn check_entries(
    trees: &TreeContext,
    version: Version,
    owners: &Owners,
    levels: &PresentLevels,
    problems: &mut Problems,
    progress: &dyn Progress,
) {
    for level in trees.geometry.levels() {
        let Some(folder) = levels.get(level) else { continue };
        let mut tiles = tiles_of(level, trees.geometry.grid(level));
        loop {
            let batch: Vec<Tile> = tiles.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                break;
            }
            let found: Vec<Problem> =
                batch.par_iter().filter_map(|&tile| check_entry(trees, version, owners, folder, tile)).collect();
            found.into_iter().for_each(|problem| problems.add(problem));
            progress.advance(batch.len() as u64);
            if progress.is_cancelled() {
                return;
            }
        }
    }
}

/// All tiles of a level, row by row.
pub(crate) fn tiles_of(level: u8, grid: Grid) -> impl Iterator<Item = Tile> {
    (0..grid.rows).flat_map(move |row| (0..grid.columns).map(move |column| Tile { level, column, row }))
}

fn check_entry(
    trees: &TreeContext,
    version: Version,
    owners: &Owners,
    folder: &OwnedFd,
    tile: Tile,
) -> Option<Problem> {
    let expected = Expected::of(trees, version, tile, owners.link_target(tile)?);
    let found = Found::at(folder, tile_name(tile, trees.format()).as_str());
    let kind = found.differs(&expected)?;
    Some(Problem::of_tile(version, tile, trees.format(), kind, expected.described(), found.described()))
}

/// Checks `dest/dzi` itself: nothing but the trees in `versions`, and `latest`, which leads to the highest of them.
///
/// What a build publishes meanwhile is no stranger: that is what `published_now` is asked about.
///
/// # Errors
/// The folder cannot be listed.
pub fn check_served_folder(
    trees: &TreeContext,
    versions: &[Version],
    published_now: &dyn Fn(Version) -> bool,
    problems: &mut Problems,
) -> Result<(), StoreError> {
    let layout = &trees.layout;
    let under_root = |path: &Path| display_path(path.strip_prefix(layout.root()).unwrap_or(path));
    let mut strangers: Vec<PathBuf> = Vec::new();
    for_each_served_stranger(trees, versions, published_now, |path| {
        strangers.push(path.to_owned());
        Ok(())
    })?;
    for path in strangers {
        problems.add(stranger(None, under_root(&path), Found::at_path(&path).described()));
    }
    let Some(highest) = versions.last() else { return Ok(()) };
    let found = Found::at_path(&layout.latest());
    let leads_to = match &found {
        Found::Link(target) => std::str::from_utf8(target).ok().and_then(Version::from_folder),
        _ => None,
    };
    if leads_to != Some(*highest) && !leads_to.is_some_and(|later| later > *highest && published_now(later)) {
        problems.add(Problem {
            version: None,
            path: under_root(&layout.latest()),
            kind: ProblemKind::WrongLatest,
            expected: format!("a link to {highest}"),
            found: found.described(),
            place: Place::Tree,
        });
    }
    Ok(())
}

/// Calls `act` for everything in `dest/dzi` that does not belong there.
pub(crate) fn for_each_served_stranger(
    trees: &TreeContext,
    versions: &[Version],
    published_now: &dyn Fn(Version) -> bool,
    act: impl FnMut(&Path) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let belongs = |name: &OsStr| {
        let version = name.to_str().and_then(Version::from_folder);
        name == "latest" || version.is_some_and(|version| versions.contains(&version) || published_now(version))
    };
    list(&trees.layout.trees(), belongs, act)
}

/// A name for messages, shortened to what is under `folder`.
pub(crate) fn name_under(folder: &Path, path: &Path) -> String {
    match path.strip_prefix(folder) {
        Ok(under) => display_path(under),
        Err(_) => path.file_name().map(display_name).unwrap_or_default(),
    }
}

/// Opens a level folder of a tree.
pub(crate) fn open_level(tree: &Path, level: u8) -> Result<OwnedFd, IoError> {
    files::open_folder(&tree.join(LEVELS).join(level.to_string()))
}
