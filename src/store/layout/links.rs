//! The targets of the links in trees, written and read (docs/versions.md).

use crate::format::{TileFormat, TileNaming};
use crate::geometry::Tile;
use crate::store::layout::names::{path_in_tree, text};
use crate::store::layout::{SourcePlace, TileText, Version, source_name};

/// The owner of a tile, as the target of a link names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTarget {
    /// A generated tile in the tree of this version.
    Tree(Version),
    /// A base tile of this source version.
    Source(Version),
}

/// The target of a link from a tree's level folder to a generated tile of the tree of `owner`.
///
/// The three steps up lead from `dest/dzi/vN/dzi_files/L` to `dest/dzi`.
#[must_use]
pub(crate) fn link_to_tree(owner: Version, tile: Tile, format: &TileFormat) -> TileText {
    text(format_args!("../../../{owner}/{}", path_in_tree(tile, format)))
}

/// The target of a link from a tree's level folder to the base tile `name` of source version `owner`.
///
/// The five steps up lead from `dest/dzi/vN/dzi_files/L` to the pyramid folder.
#[must_use]
pub(crate) fn link_to_source(place: SourcePlace, owner: Version, name: &str) -> TileText {
    let folder = match place {
        SourcePlace::Beside => "",
        SourcePlace::Src => "src/",
    };
    text(format_args!("../../../../../{folder}{owner}/{name}"))
}

/// The owner that a link target names; `None` unless [`link_to_tree`] or [`link_to_source`] gives exactly this target.
#[must_use]
pub(crate) fn parse_link(
    target: &str,
    tile: Tile,
    place: SourcePlace,
    naming: TileNaming,
    format: &TileFormat,
) -> Option<LinkTarget> {
    let below_trees = target.strip_prefix("../../../")?;
    if let Some(below_root) = below_trees.strip_prefix("../../") {
        let path = if place == SourcePlace::Src { below_root.strip_prefix("src/")? } else { below_root };
        let (folder, name) = path.split_once('/')?;
        let owner = Version::from_folder(folder)?;
        (*name == *source_name(naming, tile.column, tile.row, format)).then_some(LinkTarget::Source(owner))
    } else {
        let (folder, path) = below_trees.split_once('/')?;
        let owner = Version::from_folder(folder)?;
        (*path == *path_in_tree(tile, format)).then_some(LinkTarget::Tree(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILE: Tile = Tile { level: 9, column: 1, row: 0 };

    #[test]
    fn link_targets_are_relative_to_the_level_folder() {
        let format = TileFormat::new("jpg").unwrap();
        assert_eq!(&*link_to_tree(Version(0), TILE, &format), "../../../v0/dzi_files/9/1_0.jpg");
        let name = source_name(TileNaming::ColumnRow, 1, 0, &format);
        assert_eq!(&*link_to_source(SourcePlace::Beside, Version(0), &name), "../../../../../v0/1_0.jpg");
        assert_eq!(&*link_to_source(SourcePlace::Src, Version(12), &name), "../../../../../src/v12/1_0.jpg");
        assert_eq!(&*source_name(TileNaming::RowColumn, 1, 0, &format), "0_1.jpg");
    }

    #[test]
    fn only_exact_link_targets_are_parsed() {
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
    fn longest_link_targets_fit_on_the_stack() {
        let format = TileFormat::new("jpeg").unwrap();
        let (highest, tile) = (Version(u32::MAX), Tile { level: 32, column: u32::MAX, row: u32::MAX });
        assert!(link_to_tree(highest, tile, &format).ends_with("/32/4294967295_4294967295.jpeg"));
        let name = source_name(TileNaming::RowColumn, u32::MAX, u32::MAX, &format);
        assert!(link_to_source(SourcePlace::Src, highest, &name).ends_with("v4294967295/4294967295_4294967295.jpeg"));
    }
}
