//! The targets of the links in trees, written and read (docs/versions.md).

use crate::format::TileFormat;
use crate::geometry::Tile;
use crate::store::layout::names::{path_in_tree, text};
use crate::store::layout::{SourceNames, SourcePlace, TileText, Version};

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
pub(crate) fn parse_link(target: &str, tile: Tile, place: SourcePlace, names: SourceNames<'_>) -> Option<LinkTarget> {
    let below_trees = target.strip_prefix("../../../")?;
    if let Some(below_root) = below_trees.strip_prefix("../../") {
        let path = if place == SourcePlace::Src { below_root.strip_prefix("src/")? } else { below_root };
        let (folder, name) = path.split_once('/')?;
        let owner = Version::from_folder(folder)?;
        (*name == *names.name(tile.column, tile.row)).then_some(LinkTarget::Source(owner))
    } else {
        let (folder, path) = below_trees.split_once('/')?;
        let owner = Version::from_folder(folder)?;
        (*path == *path_in_tree(tile, names.format)).then_some(LinkTarget::Tree(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{NamePattern, RowOrder, TileNaming};

    const TILE: Tile = Tile { level: 9, column: 1, row: 0 };

    fn source_name(naming: &TileNaming) -> TileText {
        SourceNames { naming, format: &TileFormat::jpg(), rows: 3 }.name(1, 0)
    }

    fn nested() -> TileNaming {
        let pattern = NamePattern::parse("z9/{row:2}/x{column}").unwrap();
        TileNaming { pattern, first: 1, row_order: RowOrder::BottomUp }
    }

    #[test]
    fn link_targets_are_relative_to_the_level_folder() {
        let format = TileFormat::jpg();
        assert_eq!(&*link_to_tree(Version(0), TILE, &format), "../../../v0/dzi_files/9/1_0.jpg");
        let name = source_name(&TileNaming::column_row());
        assert_eq!(&*link_to_source(SourcePlace::Beside, Version(0), &name), "../../../../../v0/1_0.jpg");
        assert_eq!(&*link_to_source(SourcePlace::Src, Version(12), &name), "../../../../../src/v12/1_0.jpg");
        assert_eq!(&*source_name(&TileNaming::row_column()), "0_1.jpg");
        assert_eq!(&*source_name(&nested()), "z9/03/x2.jpg");
    }

    #[test]
    fn only_exact_link_targets_are_parsed() {
        let format = TileFormat::jpg();
        for place in [SourcePlace::Beside, SourcePlace::Src] {
            for naming in [TileNaming::column_row(), TileNaming::row_column(), nested()] {
                let names = SourceNames { naming: &naming, format: &format, rows: 3 };
                let parse = |target: &str| parse_link(target, TILE, place, names);
                assert_eq!(parse(&link_to_tree(Version(7), TILE, &format)), Some(LinkTarget::Tree(Version(7))));
                let to_source = link_to_source(place, Version(7), &names.name(1, 0));
                assert_eq!(parse(&to_source), Some(LinkTarget::Source(Version(7))));
                for wrong in [
                    "",
                    "/etc/passwd",
                    "../../../v7/dzi_files/9/1_1.jpg",
                    "../../../v07/dzi_files/9/1_0.jpg",
                    "../../../latest/dzi_files/9/1_0.jpg",
                    "../../../../../../v7/1_0.jpg",
                    "../../../../../v7/../v7/1_0.jpg",
                    "../../../../../v7/z9/../z9/03/x2.jpg",
                    "../../../../../v7/z9/3/x2.jpg",
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
        let pattern = NamePattern::parse(&format!("{{column}}{}{{row}}", "x".repeat(86)));
        let naming = TileNaming { pattern: pattern.unwrap(), first: u32::MAX, row_order: RowOrder::TopDown };
        let names = SourceNames { naming: &naming, format: &format, rows: u32::MAX };
        let target = link_to_source(SourcePlace::Src, highest, &names.name(u32::MAX, u32::MAX));
        assert!(target.contains("/src/v4294967295/4294967295xxx") && target.ends_with("x4294967295.jpeg"));
    }
}
