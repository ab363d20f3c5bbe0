//! Looks at whole folders: compares them, and checks what the contract's sections 2 and 3 say about trees.
//!
//! No link is ever followed without being looked at first.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use super::reference::{grid, level_sizes};

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Dir,
    /// A file with its bytes.
    File(Vec<u8>),
    /// A symbolic link with its target as it is written.
    Link(PathBuf),
    /// A named pipe, a socket or a device.
    Special,
}

/// A file's bytes are told by their number.
impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Entry::Dir => write!(formatter, "a folder"),
            Entry::File(bytes) => write!(formatter, "a file of {} bytes", bytes.len()),
            Entry::Link(target) => write!(formatter, "a link to {}", target.display()),
            Entry::Special => write!(formatter, "neither a file, a folder nor a link"),
        }
    }
}

/// Everything in a folder, by its path from there.
pub type Snapshot = BTreeMap<PathBuf, Entry>;

/// Reads all that is in a folder, links as links.
pub fn snapshot(dir: &Path) -> Snapshot {
    snapshot_without(dir, None)
}

/// Like [`snapshot`], without one of the folder's own entries.
fn snapshot_without(dir: &Path, left_out: Option<&str>) -> Snapshot {
    let mut entries = Snapshot::new();
    let walk = WalkDir::new(dir)
        .min_depth(1)
        .follow_links(false)
        .into_iter()
        .filter_entry(|entry| entry.depth() != 1 || Some(entry.file_name()) != left_out.map(|name| name.as_ref()));
    for entry in walk {
        let entry = entry.unwrap();
        let path = entry.path();
        let kind = entry.file_type();
        let found = if kind.is_symlink() {
            Entry::Link(fs::read_link(path).unwrap())
        } else if kind.is_dir() {
            Entry::Dir
        } else if kind.is_file() {
            Entry::File(fs::read(path).unwrap())
        } else {
            Entry::Special
        };
        entries.insert(path.strip_prefix(dir).unwrap().to_path_buf(), found);
    }
    entries
}

/// One sentence for each path at which two snapshots differ.
pub fn differences(a: &Snapshot, b: &Snapshot) -> Vec<String> {
    let mut found = Vec::new();
    for (path, entry) in a {
        let path_shown = path.display();
        match b.get(path) {
            None => found.push(format!("{path_shown}: only in the first, {entry:?}")),
            Some(other) if other != entry => {
                let what = match (entry, other) {
                    (Entry::File(x), Entry::File(y)) => {
                        let same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
                        format!("{entry:?} and {other:?}, different from byte {same} on")
                    }
                    _ => format!("{entry:?} and {other:?}"),
                };
                found.push(format!("{path_shown}: {what}"));
            }
            Some(_) => {}
        }
    }
    for (path, entry) in b {
        if !a.contains_key(path) {
            found.push(format!("{}: only in the second, {entry:?}", path.display()));
        }
    }
    found
}

/// Fails where two snapshots differ, and names the first few paths.
pub fn assert_same_snapshot(a: &Snapshot, b: &Snapshot) {
    fail_with("the two trees differ", &differences(a, b));
}

/// Fails where what is in two folders differs, byte for byte and link target for link target.
pub fn assert_same_tree(a: &Path, b: &Path) {
    assert!(a.is_dir(), "{} is no folder", a.display());
    assert!(b.is_dir(), "{} is no folder", b.display());
    fail_with(&format!("{} and {} differ", a.display(), b.display()), &differences(&snapshot(a), &snapshot(b)));
}

fn fail_with(title: &str, problems: &[String]) {
    if problems.is_empty() {
        return;
    }
    let mut message = format!("{title} ({} places):", problems.len());
    for problem in problems.iter().take(8) {
        message += "\n  ";
        message += problem;
    }
    if problems.len() > 8 {
        message += "\n  ...";
    }
    panic!("{message}");
}

/// Everything in a pyramid folder except `dest/`, with the times of modification.
pub type Fingerprint = BTreeMap<PathBuf, (SystemTime, Entry)>;

/// Reads names, bytes and times of all that is the user's, to prove later that nothing has touched it.
pub fn source_fingerprint(pyramid_dir: &Path) -> Fingerprint {
    let mut fingerprint = Fingerprint::new();
    for (path, entry) in snapshot_without(pyramid_dir, Some("dest")) {
        let time = fs::symlink_metadata(pyramid_dir.join(&path)).unwrap().modified().unwrap();
        fingerprint.insert(path, (time, entry));
    }
    fingerprint
}

/// Fails where the user's files are not what they were when the fingerprint was taken.
pub fn assert_sources_unchanged(pyramid_dir: &Path, before: &Fingerprint) {
    let after = source_fingerprint(pyramid_dir);
    let entries = |fingerprint: &Fingerprint| -> Snapshot {
        let pairs = fingerprint.iter();
        pairs.map(|(path, (_, entry))| (path.clone(), entry.clone())).collect()
    };
    let mut problems = differences(&entries(before), &entries(&after));
    for (path, (time, _)) in before {
        if after.get(path).is_some_and(|(now, _)| now != time) {
            problems.push(format!("{}: has another time of modification", path.display()));
        }
    }
    fail_with(&format!("sources in {} were changed", pyramid_dir.display()), &problems);
}

/// Fails where `dest/` breaks a rule that holds for every pyramid, and names the first few breaches.
///
/// [`tree_problems`] lists the rules.
pub fn assert_tree_rules(pyramid_dir: &Path) {
    fail_with(&format!("{} breaks rules", pyramid_dir.display()), &tree_problems(pyramid_dir));
}

/// One sentence for each breach of these rules:
///
/// - `dest/` holds `dzi/` and `.fast_pyramid/` alone, and `dest/dzi/` holds `vN/` and `latest` alone;
/// - `latest` is a link to the highest version, written as `vN`;
/// - each tree holds `dzi.xml` and, in `dzi_files/`, exactly the levels and tiles that its sizes imply;
/// - no link is absolute, dangling, leads out of the pyramid folder, or to or through another link;
/// - a base tile is a link to a source version that is not later than the tree;
/// - a coarser tile is a file, or a link to the same tile of an earlier tree;
/// - a coarser tile that is a file has other bytes than the same tile of the version before.
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

    let mut before: BTreeMap<String, PathBuf> = BTreeMap::new();
    for version in versions {
        before = check_tree(pyramid_dir, version, &before, &mut problems);
    }
    problems
}

/// Checks one tree. Takes and returns where the previous and this version's coarser tiles really are.
fn check_tree(
    pyramid_dir: &Path,
    version: u64,
    before: &BTreeMap<String, PathBuf>,
    problems: &mut Vec<String>,
) -> BTreeMap<String, PathBuf> {
    let mut owners = BTreeMap::new();
    let shown = format!("dest/dzi/v{version}");
    let tree = pyramid_dir.join(&shown);
    if !is_real_folder(&tree) {
        problems.push(format!("{shown} is no folder"));
        return owners;
    }
    for name in names_in(&tree) {
        if name != "dzi.xml" && name != "dzi_files" {
            problems.push(format!("{shown}/{name} is a stranger"));
        }
    }
    let descriptor = tree.join("dzi.xml");
    if !is_real_file(&descriptor) {
        problems.push(format!("{shown}/dzi.xml is no file"));
        return owners;
    }
    let xml = fs::read_to_string(descriptor).unwrap();
    let number =
        |name: &str| attribute(&xml, name).and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
    let (Some(width), Some(height), Some(tile_size), Some(format)) =
        (number("Width"), number("Height"), number("TileSize"), attribute(&xml, "Format"))
    else {
        problems.push(format!("{shown}/dzi.xml lacks Width, Height, TileSize or Format"));
        return owners;
    };

    // What must be there, and nothing else.
    let files = tree.join("dzi_files");
    if !is_real_folder(&files) {
        problems.push(format!("{shown}/dzi_files is no folder"));
        return owners;
    }
    let sizes = level_sizes(width, height);
    let base = sizes.len() - 1;
    let mut wanted = BTreeMap::new();
    for (level, (w, h)) in sizes.iter().enumerate() {
        for (column, row) in grid(*w, *h, tile_size) {
            wanted.insert(format!("{level}/{column}_{row}.{format}"), level);
        }
    }
    for level in names_in(&files) {
        if !level.parse().is_ok_and(|number: usize| number <= base) || !is_real_folder(&files.join(&level)) {
            problems.push(format!("{shown}/dzi_files/{level} is no level of 0..{base}"));
            continue;
        }
        for tile in names_in(&files.join(&level)) {
            if !wanted.contains_key(&format!("{level}/{tile}")) {
                problems.push(format!("{shown}/dzi_files/{level}/{tile} is a stranger"));
            }
        }
    }

    for (tile, level) in wanted {
        let shown = format!("{shown}/dzi_files/{tile}");
        let path = files.join(&tile);
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            problems.push(format!("{shown} is missing"));
            continue;
        };
        if metadata.is_file() {
            if level == base {
                problems.push(format!("{shown} is a file; a base tile must be a link"));
                continue;
            }
            if let Some(previous) = before.get(&tile)
                && fs::read(previous).unwrap() == fs::read(&path).unwrap()
            {
                problems.push(format!("{shown} is a file, yet has the bytes of the version before"));
            }
            owners.insert(tile, path);
        } else if metadata.is_symlink() {
            match follow(pyramid_dir, Path::new(&shown)) {
                Err(problem) => problems.push(format!("{shown}: {problem}")),
                Ok(target) => {
                    if let Err(problem) = check_target(&target, version, &tile, level == base) {
                        problems.push(format!("{shown} leads to {}: {problem}", target.display()));
                    }
                    owners.insert(tile, pyramid_dir.join(target));
                }
            }
        } else {
            problems.push(format!("{shown} is neither a file nor a link"));
        }
    }
    owners
}

/// Where a link leads, as a path from the pyramid folder, or what is wrong with it.
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

/// Whether a tile's link leads to where such a tile may come from.
fn check_target(target: &Path, version: u64, tile: &str, base: bool) -> Result<(), String> {
    let target = target.to_str().unwrap();
    if base {
        // [src/]vM/NAME: the name may be COLUMN_ROW or ROW_COLUMN.
        let (column_row, extension) = tile.rsplit_once('/').unwrap().1.split_once('.').unwrap();
        let (column, row) = column_row.split_once('_').unwrap();
        let names = [format!("{column}_{row}.{extension}"), format!("{row}_{column}.{extension}")];
        let source = target.strip_prefix("src/").unwrap_or(target);
        let (folder, name) = source.split_once('/').unwrap_or(("", source));
        match version_number(folder) {
            Some(owner) if owner > version => Err("a later source version".to_string()),
            Some(_) if names.iter().any(|wanted| wanted == name) => Ok(()),
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
