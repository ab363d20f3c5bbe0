//! Where everything is: the only place that spells a path or the target of a link.

use crate::format::{TileFormat, TileNaming};
use crate::geometry::Tile;
use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

/// The number N of a source version `vN` and of the tree published from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Version {
    /// The version of a folder named `vN`, N written without leading zeros.
    #[must_use]
    pub fn from_folder(name: &str) -> Option<Self> {
        canonical_number(name.strip_prefix('v')?).map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "v{}", self.0)
    }
}

/// The number that `text` spells in the only accepted way: decimal digits, no sign, no leading zeros.
#[must_use]
pub(crate) fn canonical_number(text: &str) -> Option<u32> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

/// Where the source versions stand within the pyramid folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourcePlace {
    /// `image1/vN`.
    Beside,
    /// `image1/src/vN`.
    Src,
}

/// What a link in a tree says about its tile's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTarget {
    /// The tile is a generated one of another tree.
    Tree(Version),
    /// The tile is a base tile of a source version.
    Source(Version),
}

/// The paths of one pyramid.
#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout of the pyramid folder `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The pyramid folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `pyramid.json`.
    #[must_use]
    pub fn spec_file(&self) -> PathBuf {
        self.root.join("pyramid.json")
    }

    /// The folder that the source versions stand in.
    #[must_use]
    pub fn source_place(&self, place: SourcePlace) -> PathBuf {
        match place {
            SourcePlace::Beside => self.root.clone(),
            SourcePlace::Src => self.root.join("src"),
        }
    }

    /// The folder of one source version.
    #[must_use]
    pub fn source(&self, place: SourcePlace, version: Version) -> PathBuf {
        self.source_place(place).join(version.to_string())
    }

    /// Where the folder of a new source version is written before it gets its name. In the same folder, because `dest` may
    /// be on another disk, and hidden, because nobody is to take it for a version.
    #[must_use]
    pub fn staged_source(&self, place: SourcePlace, version: Version) -> PathBuf {
        self.source_place(place).join(format!("{STAGED_SOURCE}{version}"))
    }

    /// `dest`, everything of which is the tool's.
    #[must_use]
    pub fn dest(&self) -> PathBuf {
        self.root.join("dest")
    }

    /// `dest/dzi`, which is served.
    #[must_use]
    pub fn trees(&self) -> PathBuf {
        self.dest().join("dzi")
    }

    /// The published tree of a version.
    #[must_use]
    pub fn tree(&self, version: Version) -> PathBuf {
        self.trees().join(version.to_string())
    }

    /// `dest/dzi/latest`, a link to the newest tree.
    #[must_use]
    pub fn latest(&self) -> PathBuf {
        self.trees().join("latest")
    }

    /// `dest/.fast_pyramid`: lock, staging and manifests.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.dest().join(".fast_pyramid")
    }

    /// The file that a writer locks.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.state().join("lock")
    }

    /// Where trees are built before they are published.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.state().join("staging")
    }

    /// The folder that a version is built in: its tree and its manifest.
    #[must_use]
    pub fn staged(&self, version: Version) -> PathBuf {
        self.staging().join(version.to_string())
    }

    /// The tree within [`Layout::staged`].
    #[must_use]
    pub fn staged_tree(&self, version: Version) -> PathBuf {
        self.staged(version).join("tree")
    }

    /// The manifest's folder within [`Layout::staged`].
    #[must_use]
    pub fn staged_manifest(&self, version: Version) -> PathBuf {
        self.staged(version).join("manifest")
    }

    /// Where a vacuum puts manifests and links before they go to their places.
    #[must_use]
    pub fn vacuum(&self) -> PathBuf {
        self.state().join("vacuum")
    }

    /// The manifest folder of a version within [`Layout::vacuum`].
    #[must_use]
    pub fn vacuumed_manifest(&self, version: Version) -> PathBuf {
        self.vacuum().join(version.to_string())
    }

    /// Where replaced trees wait for their deletion.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.state().join("trash")
    }

    /// The folder of all manifests.
    #[must_use]
    pub fn manifests(&self) -> PathBuf {
        self.state().join("versions")
    }

    /// The folder of a published version's manifest.
    #[must_use]
    pub fn manifest(&self, version: Version) -> PathBuf {
        self.manifests().join(version.to_string())
    }
}

/// What [`Layout::staged_source`] puts before the version's name.
const STAGED_SOURCE: &str = ".fast_pyramid-cut-";

/// Whether a name beside the source versions is one that [`Layout::staged_source`] gives.
#[must_use]
pub(crate) fn is_staged_source(name: &OsStr) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(STAGED_SOURCE))
        .is_some_and(|version| Version::from_folder(version).is_some())
}

/// Whether a path is that of a file in a published version's manifest.
#[must_use]
pub fn is_in_manifest(path: &Path) -> bool {
    path.ancestors().nth(2).is_some_and(|folder| folder.ends_with(".fast_pyramid/versions"))
}

/// The descriptor within a tree.
pub(crate) const DESCRIPTOR: &str = "dzi.xml";

/// The folder of the level folders within a tree.
pub(crate) const LEVELS: &str = "dzi_files";

/// A tile's name, or its path in a tree, or the target of a link to it, which takes no memory from the heap. The
/// longest, a link to a generated tile with the greatest numbers, has 61 bytes.
pub(crate) type TileText = ArrayString<64>;

fn text(parts: fmt::Arguments<'_>) -> TileText {
    let mut text = TileText::new();
    let written = text.write_fmt(parts);
    debug_assert!(written.is_ok());
    text
}

/// The name of a tile within its level folder: always column first.
#[must_use]
pub(crate) fn tile_name(tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("{}_{}.{}", tile.column, tile.row, format.extension()))
}

/// The name of a base tile within its source folder.
#[must_use]
pub(crate) fn source_name(naming: TileNaming, column: u32, row: u32, format: &TileFormat) -> TileText {
    let (first, second) = naming.numbers(column, row);
    text(format_args!("{first}_{second}.{}", format.extension()))
}

/// The path of a tile under its tree.
#[must_use]
pub fn tile_path(tile: Tile, format: &TileFormat) -> String {
    inside_tree(tile, format).as_str().to_owned()
}

fn inside_tree(tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("{LEVELS}/{}/{}", tile.level, tile_name(tile, format)))
}

/// The target of a link from a tree's level folder to a generated tile of the tree of `owner`.
///
/// The three steps up are from `dest/dzi/vN/dzi_files/L` to `dest/dzi`.
#[must_use]
pub(crate) fn link_to_tree(owner: Version, tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("../../../{owner}/{}", inside_tree(tile, format)))
}

/// The target of a link from a tree's level folder to the base tile `name` of source version `owner`.
///
/// The five steps up are from `dest/dzi/vN/dzi_files/L` to the pyramid folder.
#[must_use]
pub(crate) fn link_to_source(place: SourcePlace, owner: Version, name: &str) -> TileText {
    let folder = match place {
        SourcePlace::Beside => "",
        SourcePlace::Src => "src/",
    };
    text(format_args!("../../../../../{folder}{owner}/{name}"))
}

/// The owner that a link's target names, or `None` where it is not exactly what [`link_to_tree`] or
/// [`link_to_source`] gives for this tile.
#[must_use]
pub(crate) fn parse_link(
    target: &str,
    tile: Tile,
    place: SourcePlace,
    naming: TileNaming,
    format: &TileFormat,
) -> Option<LinkTarget> {
    let up_to_trees = target.strip_prefix("../../../")?;
    if let Some(inside) = up_to_trees.strip_prefix("../../") {
        let inside = if place == SourcePlace::Src { inside.strip_prefix("src/")? } else { inside };
        let (folder, name) = inside.split_once('/')?;
        let owner = Version::from_folder(folder)?;
        (*name == *source_name(naming, tile.column, tile.row, format)).then_some(LinkTarget::Source(owner))
    } else {
        let (folder, path) = up_to_trees.split_once('/')?;
        let owner = Version::from_folder(folder)?;
        (*path == *inside_tree(tile, format)).then_some(LinkTarget::Tree(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILE: Tile = Tile { level: 9, column: 1, row: 0 };

    #[test]
    fn links_are_those_of_the_contract() {
        let format = TileFormat::new("jpg").unwrap();
        assert_eq!(&*link_to_tree(Version(0), TILE, &format), "../../../v0/dzi_files/9/1_0.jpg");
        let name = source_name(TileNaming::ColumnRow, 1, 0, &format);
        assert_eq!(&*link_to_source(SourcePlace::Beside, Version(0), &name), "../../../../../v0/1_0.jpg");
        assert_eq!(&*link_to_source(SourcePlace::Src, Version(12), &name), "../../../../../src/v12/1_0.jpg");
        assert_eq!(&*source_name(TileNaming::RowColumn, 1, 0, &format), "0_1.jpg");
    }

    #[test]
    fn links_are_understood_and_others_are_not() {
        let format = TileFormat::new("jpg").unwrap();
        for place in [SourcePlace::Beside, SourcePlace::Src] {
            for naming in [TileNaming::ColumnRow, TileNaming::RowColumn] {
                let parse = |target: &str| parse_link(target, TILE, place, naming, &format);
                assert_eq!(parse(&link_to_tree(Version(7), TILE, &format)), Some(LinkTarget::Tree(Version(7))));
                let name = source_name(naming, 1, 0, &format);
                let to_source = link_to_source(place, Version(7), &name);
                assert_eq!(parse(&to_source), Some(LinkTarget::Source(Version(7))));
                for wrong in [
                    "",
                    "/etc/passwd",
                    "../../../v7/dzi_files/9/1_1.jpg",
                    "../../../v07/dzi_files/9/1_0.jpg",
                    "../../../latest/dzi_files/9/1_0.jpg",
                    "../../../../../../v7/1_0.jpg",
                    "../../../../../v7/../v7/1_0.jpg",
                ] {
                    assert_eq!(parse(wrong), None, "{wrong}");
                }
            }
        }
    }

    #[test]
    fn new_sources_are_recognised_before_they_have_their_name() {
        let layout = Layout::new("p");
        for (place, folder) in [(SourcePlace::Beside, "p"), (SourcePlace::Src, "p/src")] {
            let path = layout.staged_source(place, Version(7));
            assert_eq!(path, Path::new(folder).join(".fast_pyramid-cut-v7"));
            assert!(is_staged_source(path.file_name().unwrap()));
        }
        for other in ["v7", ".fast_pyramid", ".fast_pyramid-cut-", ".fast_pyramid-cut-v07", ".fast_pyramid-cut-v7.bak"]
        {
            assert!(!is_staged_source(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    fn the_longest_names_fit() {
        let format = TileFormat::new("jpeg").unwrap();
        let (most, tile) = (Version(u32::MAX), Tile { level: 32, column: u32::MAX, row: u32::MAX });
        assert!(link_to_tree(most, tile, &format).ends_with("/32/4294967295_4294967295.jpeg"));
        let name = source_name(TileNaming::RowColumn, u32::MAX, u32::MAX, &format);
        assert!(link_to_source(SourcePlace::Src, most, &name).ends_with("v4294967295/4294967295_4294967295.jpeg"));
    }

    #[test]
    fn versions_are_spelled_in_one_way() {
        assert_eq!(Version::from_folder("v0"), Some(Version(0)));
        assert_eq!(Version::from_folder("v4294967295"), Some(Version(u32::MAX)));
        for wrong in ["v", "v01", "v+1", "v-1", "V1", "1", "v4294967296", "v1 ", "v1.0"] {
            assert_eq!(Version::from_folder(wrong), None, "{wrong}");
        }
    }
}
