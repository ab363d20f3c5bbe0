//! Rooms import downwards only: the `use crate::` lines of each file follow the order in ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the library, highest first. A room may use those below it.
const ROOMS: [&str; 12] =
    ["ops", "walk", "input", "tile", "jpeg", "png", "store", "format", "raster", "geometry", "text", "sync"];

/// Crates that only these rooms may use: the pure ones stay pure.
const HEAVY: [(&str, &[&str]); 10] = [
    ("rustix", &["store"]),
    ("rayon", &["ops", "walk", "store", "input"]),
    ("png", &["png", "input"]),
    ("image_webp", &["input"]),
    ("fast_image_resize", &["raster"]),
    ("quick_xml", &["format"]),
    ("json5", &["format"]),
    ("fdeflate", &["input"]),
    ("moxcms", &["raster"]),
    ("weezl", &["input"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn room(file: &Path, src: &Path) -> String {
    let first = file.strip_prefix(src).unwrap().components().next().unwrap();
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn rank(room: &str) -> usize {
    ROOMS.iter().position(|known| *known == room).unwrap_or_else(|| panic!("{room} is not in the list of rooms"))
}

#[test]
fn rooms_import_downwards_only() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports = 0;
    let mut wrong = Vec::new();
    for file in sources(&src) {
        let own = room(&file, &src);
        if ["main", "lib", "cli"].contains(&own.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let used: String =
                    part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                imports += 1;
                if rank(&used) < rank(&own) {
                    wrong.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(imports > 30, "only {imports} imports were found");
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn rooms_are_those_of_the_library_and_of_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let mut declared: Vec<&str> =
        library.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';')).collect();
    let mut rooms = ROOMS.to_vec();
    declared.sort_unstable();
    rooms.sort_unstable();
    assert_eq!(declared, rooms);
    let architecture = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let places = ROOMS.map(|room| architecture.find(&format!("\n| `{room}/`")));
    assert!(places.iter().all(Option::is_some), "ARCHITECTURE.md does not describe all rooms: {places:?}");
    assert!(places.is_sorted(), "the order of the rooms in ARCHITECTURE.md differs: {places:?}");
}

/// The topics of the store, highest first. Those of one row do not import each other.
const STORE_TOPICS: [&[&str]; 7] =
    [&["check", "vacuum"], &["tree"], &["source"], &["state"], &["context"], &["fs", "layout"], &["error"]];

#[test]
fn store_topics_import_downwards_only() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let rank = |topic: &str| STORE_TOPICS.iter().position(|row| row.contains(&topic));
    let mut wrong = Vec::new();
    for file in sources(&store).into_iter().filter(|file| *file != store.join("mod.rs")) {
        let own = room(&file, &store);
        assert!(rank(&own).is_some(), "{own} is not in the list of topics");
        for line in fs::read_to_string(&file).unwrap().lines() {
            for part in line.split("crate::store::").skip(1) {
                let used: String =
                    part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
                if used != own && rank(&used) <= rank(&own) {
                    wrong.push(format!("{}: {}", file.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "upward imports:\n{}", wrong.join("\n"));
}

#[test]
fn heavy_crates_stay_in_their_rooms() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources(&src).into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let own = room(&file, &src);
        if own == "cli" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for (name, rooms) in HEAVY {
            // A room of ours may have the name of a crate: `png`.
            let own_room = text.contains(&format!("use crate::{name}"));
            let uses = text.contains(&format!("use {name}::")) || (!own_room && text.contains(&format!(" {name}::")));
            if uses && !rooms.contains(&own.as_str()) {
                wrong.push(format!("{} uses {name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_and_all_files_are_short() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lines = |file: &Path| fs::read_to_string(file).unwrap().lines().count();
    assert!(lines(&src.join("main.rs")) < 30);
    for file in sources(&src) {
        assert!(lines(&file) <= 450, "{} has {} lines", file.display(), lines(&file));
    }
}
