//! Rules that hold for every published tree (docs/versions.md, docs/serving.md).

use super::reference::{grid, level_sizes};
use super::tree::fail_with;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Fails where `dest/` breaks a rule that holds for every pyramid, and names the first few breaches.
///
/// [`tree_problems`] lists the rules.
pub fn assert_tree_rules(pyramid_dir: &Path) {
    fail_with(&format!("{} breaks rules", pyramid_dir.display()), &tree_problems(pyramid_dir));
}

/// One sentence per breach of these rules:
///
/// - `dest/` holds `dzi/` and `.fast_pyramid/` alone, and `dest/dzi/` holds `vN/` and `latest` alone;
/// - `latest` is a link to the highest version, written as `vN`;
/// - each tree holds `dzi.xml` and, in `dzi_files/`, exactly the levels and tiles that its sizes imply;
/// - no link is absolute, dangling, leads out of the pyramid folder, or to or through another link;
/// - a base tile is a link to a source version that is not later than the tree;
/// - a coarser tile is a file, or a link to the same tile of an earlier tree;
/// - a coarser tile that is a file has other bytes than the same tile of the version before;
/// - with overlap, base tiles are either all links to source versions, or all generated, as the lowest tree shows. Generated
///   ones follow the rules of coarser tiles.
pub fn tree_problems(pyramid_dir: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    let dest = pyramid_dir.join("dest");
    let dzi = dest.join("dzi");
    if !is_real_folder(&dzi) {
        return vec!["dest/dzi is no folder".to_string()];
    }

    for name in names_in(&dest) {
        if name != "dzi" && name != ".fast_pyramid" {
            problems.push(format!("dest/{name} is a stranger"));
        }
    }

    let mut versions = Vec::new();
    for name in names_in(&dzi) {
        match version_number(&name) {
            Some(version) => versions.push(version),
            None if name == "latest" => {}
            None => problems.push(format!("dest/dzi/{name} is a stranger")),
        }
    }
    versions.sort_unstable();
    let Some(highest) = versions.last() else {
        problems.push("no version is published".to_string());
        return problems;
    };
    match fs::read_link(dzi.join("latest")) {
        Ok(target) if target == Path::new(&format!("v{highest}")) => {}
        Ok(target) => problems.push(format!("dest/dzi/latest leads to {}, not to v{highest}", target.display())),
        Err(error) => problems.push(format!("dest/dzi/latest is no link: {error}")),
    }

    let base = base_level_kind(pyramid_dir, versions[0]);
    let mut before: BTreeMap<String, PathBuf> = BTreeMap::new();
    for version in versions {
        before = check_tree(pyramid_dir, version, base, &before, &mut problems);
    }
    problems
}

/// What the base level of all trees holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BaseLevel {
    /// Links to source tiles.
    Linked,
    /// Tiles composed of plain source tiles.
    Generated,
}

/// The lowest tree is complete by itself, so its first base tile tells; only with overlap can it be generated.
fn base_level_kind(pyramid_dir: &Path, lowest: u64) -> BaseLevel {
    let tree = pyramid_dir.join(format!("dest/dzi/v{lowest}"));
    let xml = fs::read_to_string(tree.join("dzi.xml")).unwrap_or_default();
    let has_overlap = attribute(&xml, "Overlap").is_some_and(|overlap| overlap != "0");
    let Ok(expected) = expected_tiles(&tree) else { return BaseLevel::Linked };
    let base = base_level(&expected);
    let first = expected.iter().find(|(_, level)| **level == base).unwrap().0;
    if has_overlap && is_real_file(&tree.join("dzi_files").join(first)) {
        BaseLevel::Generated
    } else {
        BaseLevel::Linked
    }
}

/// The files of the tiles of a version, by level and name.
type Owners = BTreeMap<String, PathBuf>;

/// Checks one tree. Takes and returns the owners of the version below and of this one.
fn check_tree(pyramid_dir: &Path, version: u64, base: BaseLevel, below: &Owners, problems: &mut Vec<String>) -> Owners {
    let name = format!("dest/dzi/v{version}");
    let tree = pyramid_dir.join(&name);
    if !is_real_folder(&tree) {
        problems.push(format!("{name} is no folder"));
        return Owners::new();
    }
    for entry in names_in(&tree) {
        if entry != "dzi.xml" && entry != "dzi_files" {
            problems.push(format!("{name}/{entry} is a stranger"));
        }
    }
    match expected_tiles(&tree) {
        Err(problem) => {
            problems.push(format!("{name}/{problem}"));
            Owners::new()
        }
        Ok(expected) => {
            find_unexpected(&tree, &name, &expected, problems);
            check_tiles(pyramid_dir, version, (&expected, base), below, problems)
        }
    }
}

/// The level of each tile that the descriptor implies, by level and name.
fn expected_tiles(tree: &Path) -> Result<BTreeMap<String, usize>, String> {
    let descriptor = tree.join("dzi.xml");
    if !is_real_file(&descriptor) {
        return Err("dzi.xml is no file".to_string());
    }
    let xml = fs::read_to_string(descriptor).unwrap();
    let number =
        |name: &str| attribute(&xml, name).and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
    let (Some(width), Some(height), Some(tile_size), Some(format)) =
        (number("Width"), number("Height"), number("TileSize"), attribute(&xml, "Format"))
    else {
        return Err("dzi.xml lacks Width, Height, TileSize or Format".to_string());
    };
    if !is_real_folder(&tree.join("dzi_files")) {
        return Err("dzi_files is no folder".to_string());
    }
    let mut expected = BTreeMap::new();
    for (level, (w, h)) in level_sizes(width, height).iter().enumerate() {
        for (column, row) in grid(*w, *h, tile_size) {
            expected.insert(format!("{level}/{column}_{row}.{format}"), level);
        }
    }
    Ok(expected)
}

/// The number of the base level.
fn base_level(expected: &BTreeMap<String, usize>) -> usize {
    *expected.values().max().unwrap()
}

/// Reports levels and tiles that the descriptor does not imply.
fn find_unexpected(tree: &Path, name: &str, expected: &BTreeMap<String, usize>, problems: &mut Vec<String>) {
    let (files, base) = (tree.join("dzi_files"), base_level(expected));
    for level in names_in(&files) {
        if !level.parse().is_ok_and(|number: usize| number <= base) || !is_real_folder(&files.join(&level)) {
            problems.push(format!("{name}/dzi_files/{level} is no level of 0..{base}"));
            continue;
        }
        for tile in names_in(&files.join(&level)) {
            if !expected.contains_key(&format!("{level}/{tile}")) {
                problems.push(format!("{name}/dzi_files/{level}/{tile} is a stranger"));
            }
        }
    }
}

/// Checks that each expected tile is a file or a link as the rules say; returns the owners.
fn check_tiles(
    pyramid_dir: &Path,
    version: u64,
    (expected, base_kind): (&BTreeMap<String, usize>, BaseLevel),
    below: &Owners,
    problems: &mut Vec<String>,
) -> Owners {
    let (mut owners, base) = (Owners::new(), base_level(expected));
    let is_linked_base = |level| level == base && base_kind == BaseLevel::Linked;
    // Whether source tiles have names of their own, which only pyramid.json tells.
    let spec = fs::read_to_string(pyramid_dir.join("pyramid.json")).unwrap_or_default();
    let any_name = ["{row", "first_tile", "row_order"].iter().any(|key| spec.contains(key));
    for (tile, &level) in expected {
        let name = format!("dest/dzi/v{version}/dzi_files/{tile}");
        let path = pyramid_dir.join(&name);
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            problems.push(format!("{name} is missing"));
            continue;
        };
        if metadata.is_file() {
            if is_linked_base(level) {
                problems.push(format!("{name} is a file; a base tile must be a link"));
                continue;
            }
            if let Some(previous) = below.get(tile)
                && fs::read(previous).unwrap() == fs::read(&path).unwrap()
            {
                problems.push(format!("{name} is a file, yet has the bytes of the version before"));
            }
            owners.insert(tile.clone(), path);
        } else if metadata.is_symlink() {
            match follow(pyramid_dir, Path::new(&name)) {
                Err(problem) => problems.push(format!("{name}: {problem}")),
                Ok(target) => {
                    if let Err(problem) = check_target(&target, version, tile, is_linked_base(level), any_name) {
                        problems.push(format!("{name} leads to {}: {problem}", target.display()));
                    }
                    owners.insert(tile.clone(), pyramid_dir.join(target));
                }
            }
        } else {
            problems.push(format!("{name} is neither a file nor a link"));
        }
    }
    owners
}

/// The target of a link, as a path from the pyramid folder, or what is wrong with it.
fn follow(pyramid_dir: &Path, link: &Path) -> Result<PathBuf, String> {
    let target = fs::read_link(pyramid_dir.join(link)).unwrap();
    let shown = target.display();
    let mut place: Vec<String> = Vec::new();
    for part in link.parent().unwrap().components() {
        place.push(part.as_os_str().to_str().unwrap().to_string());
    }
    for part in target.components() {
        match part {
            Component::ParentDir => {
                if place.pop().is_none() {
                    return Err(format!("the link {shown} leaves the pyramid folder"));
                }
            }
            Component::Normal(name) => {
                place.push(name.to_str().unwrap().to_string());
                let so_far = pyramid_dir.join(place.join("/"));
                match fs::symlink_metadata(&so_far) {
                    Err(_) => return Err(format!("the link {shown} dangles")),
                    Ok(metadata) if metadata.is_symlink() => {
                        return Err(format!("the link {shown} leads over another, {}", place.join("/")));
                    }
                    Ok(_) => {}
                }
            }
            Component::CurDir => {}
            _ => return Err(format!("the link {shown} is absolute")),
        }
    }
    let end = PathBuf::from(place.join("/"));
    if is_real_file(&pyramid_dir.join(&end)) {
        Ok(end)
    } else {
        Err(format!("the link {shown} does not lead to a file"))
    }
}

/// Checks that a tile's link leads to a place where such a tile may be.
fn check_target(target: &Path, version: u64, tile: &str, is_source: bool, any_name: bool) -> Result<(), String> {
    let target = target.to_str().unwrap();
    if is_source {
        // [src/]vM/NAME: the name may be COLUMN_ROW or ROW_COLUMN, or whatever pyramid.json says.
        let (column_row, extension) = tile.rsplit_once('/').unwrap().1.split_once('.').unwrap();
        let (column, row) = column_row.split_once('_').unwrap();
        let names = [format!("{column}_{row}.{extension}"), format!("{row}_{column}.{extension}")];
        let source = target.strip_prefix("src/").unwrap_or(target);
        let (folder, name) = source.split_once('/').unwrap_or(("", source));
        match version_number(folder) {
            Some(owner) if owner > version => Err("a later source version".to_string()),
            Some(_) if any_name || names.iter().any(|wanted| wanted == name) => Ok(()),
            _ => Err("not this tile in a source version".to_string()),
        }
    } else {
        // dest/dzi/vM/dzi_files/LEVEL/COLUMN_ROW.EXTENSION
        let wanted = format!("/dzi_files/{tile}");
        let folder = target.strip_prefix("dest/dzi/").and_then(|rest| rest.strip_suffix(&wanted));
        match folder.and_then(version_number) {
            Some(owner) if owner >= version => Err("not an earlier version".to_string()),
            Some(_) => Ok(()),
            None => Err("not the same tile in another tree".to_string()),
        }
    }
}

/// The number in `vN`, written without leading zeros.
fn version_number(name: &str) -> Option<u64> {
    let number: u64 = name.strip_prefix('v')?.parse().ok()?;
    (format!("v{number}") == name).then_some(number)
}

/// The value of the first attribute of that name.
fn attribute(xml: &str, name: &str) -> Option<String> {
    for quote in ['"', '\''] {
        let start = format!(" {name}={quote}");
        if let Some(position) = xml.find(&start) {
            let value = &xml[position + start.len()..];
            return Some(value[..value.find(quote)?].to_string());
        }
    }
    None
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_str().unwrap().to_string()).collect();
    names.sort();
    names
}

fn is_real_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn is_real_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}
