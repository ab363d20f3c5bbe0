//! Pyramids with several versions, and ways to break what is published in them.

use std::fs;
use std::path::{Path, PathBuf};

use super::cli::Sandbox;
use super::tree::{Snapshot, snapshot};

/// A built copy of a fixture.
pub fn built(fixture: &str) -> Sandbox {
    let sandbox = Sandbox::with_fixture(fixture);
    sandbox.succeed(&[fixture, "-q"]);
    sandbox
}

/// A built pyramid `p` of 4x2 PNG tiles whose parents depend on every other pixel: v1 changes a pixel that no parent depends
/// on; v2 changes one of the others; v3 repeats an equal tile and changes another.
pub fn with_unchanged_parent() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.spec("p", "{ width: 256, height: 128, tile_size: 64, overlap: 0, filter: \"nearest\" }");
    for column in 0..4 {
        for row in 0..2 {
            tile(&sandbox, &format!("p/v0/{column}_{row}.png"), column * 20 + row * 50, 0);
        }
    }
    tile(&sandbox, "p/v1/1_0.png", 20, 1);
    tile(&sandbox, "p/v2/3_1.png", 200, 0);
    tile(&sandbox, "p/v3/3_1.png", 200, 0);
    tile(&sandbox, "p/v3/0_1.png", 222, 0);
    sandbox.succeed(&["p", "-q"]);
    sandbox
}

/// A grey gradient; one pixel that no parent depends on differs by `odd`.
fn tile(sandbox: &Sandbox, name: &str, grey: u32, odd: u8) {
    let mut picture = image::GrayImage::from_fn(64, 64, |x, y| image::Luma([(grey + x / 4 + y / 8).min(250) as u8]));
    picture.get_pixel_mut(1, 1).0[0] += odd;
    let path = sandbox.path(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.save(path).unwrap();
}

/// Everything published.
pub fn served(sandbox: &Sandbox, pyramid: &str) -> Snapshot {
    snapshot(&sandbox.path(pyramid).join("dest/dzi"))
}

/// Deletes a file, a link or a folder.
pub fn clear(path: &Path) {
    if fs::symlink_metadata(path).unwrap().is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
}

/// Replaces a file, link or folder by a link.
pub fn relink(path: &Path, target: &str) {
    clear(path);
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Changes the last byte of a file.
pub fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Replaces a generated tile by other bytes, and changes the manifest to match.
pub fn forge(pyramid: &Path, version: u32, (level, column, row): (u8, u32, u32), bytes: &[u8]) {
    let state = pyramid.join(format!("dest/.fast_pyramid/versions/v{version}"));
    let mut records = fs::read(state.join("tiles")).unwrap();
    let (mut found, mut difference) = (false, 0);
    for record in records.chunks_exact_mut(48) {
        let number = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap());
        if (record[0], record[1], number(4), number(8)) == (1, level, column, row) {
            difference = bytes.len() as i64 - i64::from_le_bytes(record[16..24].try_into().unwrap());
            record[16..24].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
            record[32..48].copy_from_slice(&xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes());
            found = true;
        }
    }
    assert!(found, "v{version} does not own {level}/{column}_{row}");
    fs::write(state.join("tiles"), &records).unwrap();
    let header = state.join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&header).unwrap()).unwrap();
    manifest["records_hash"] = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&records)).into();
    let total = manifest["counts"]["generated_bytes"].as_i64().unwrap();
    manifest["counts"]["generated_bytes"] = (total + difference).into();
    fs::write(header, manifest.to_string()).unwrap();
    let folder = pyramid.join(format!("dest/dzi/v{version}/dzi_files/{level}"));
    let tile = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tile = tile.into_iter().find(|path| path.file_stem().unwrap().to_str() == Some(&format!("{column}_{row}")));
    fs::write(tile.unwrap(), bytes).unwrap();
}

/// One damage to a published pyramid, and the problems that `verify` must report.
pub struct Damage {
    /// A description for messages.
    pub name: &'static str,
    /// Damages the pyramid folder.
    pub act: fn(&Path),
    /// `v1 dzi_files/9/1_0.jpg: missing`, one for each problem.
    pub problems: &'static [&'static str],
}

/// Damages to the fixture `relief` that `repair` can all repair: 8x6 base tiles on level 11, patched in v1 and v2.
pub fn damages() -> Vec<Damage> {
    let mut all = tile_damages();
    all.extend(link_damages());
    all.extend(level_damages());
    all.extend(manifest_damages());
    all.extend(tree_damages());
    all.extend(latest_damages());
    all.extend(forged_damages());
    all
}

/// A path in `dest/dzi`.
fn at(pyramid: &Path, path: &str) -> PathBuf {
    pyramid.join("dest/dzi").join(path)
}

/// Damage to generated tiles.
fn tile_damages() -> Vec<Damage> {
    vec![
        Damage {
            name: "tile cut short",
            act: |p| fs::write(at(p, "v0/dzi_files/10/0_0.jpg"), b"\xff\xd8").unwrap(),
            problems: &["v0 dzi_files/10/0_0.jpg: wrong_length"],
        },
        Damage {
            name: "byte flipped",
            act: |p| flip(&at(p, "v0/dzi_files/9/0_0.jpg")),
            problems: &["v0 dzi_files/9/0_0.jpg: wrong_hash"],
        },
        Damage {
            name: "parent and child both damaged",
            act: |p| {
                flip(&at(p, "v0/dzi_files/10/0_0.jpg"));
                clear(&at(p, "v0/dzi_files/9/0_0.jpg"));
            },
            problems: &["v0 dzi_files/9/0_0.jpg: missing", "v0 dzi_files/10/0_0.jpg: wrong_hash"],
        },
        Damage {
            name: "tile replaced by a folder",
            act: |p| {
                let path = at(p, "v0/dzi_files/10/0_0.jpg");
                clear(&path);
                fs::create_dir(&path).unwrap();
                fs::write(path.join("inside"), "x").unwrap();
            },
            problems: &["v0 dzi_files/10/0_0.jpg: wrong_kind"],
        },
        Damage {
            name: "tile replaced by a link to outside",
            act: |p| relink(&at(p, "v0/dzi_files/10/0_0.jpg"), "../../../../../../outside.jpg"),
            problems: &["v0 dzi_files/10/0_0.jpg: wrong_kind"],
        },
        Damage {
            name: "tile replaced by a link to itself",
            act: |p| relink(&at(p, "v0/dzi_files/10/0_0.jpg"), "0_0.jpg"),
            problems: &["v0 dzi_files/10/0_0.jpg: wrong_kind"],
        },
        Damage {
            name: "tile replaced by a pipe",
            act: |p| pipe(&at(p, "v0/dzi_files/10/0_0.jpg")),
            problems: &["v0 dzi_files/10/0_0.jpg: wrong_kind"],
        },
    ]
}

/// Damage to links.
fn link_damages() -> Vec<Damage> {
    vec![
        Damage {
            name: "link replaced by a pipe",
            act: |p| pipe(&at(p, "v2/dzi_files/11/0_0.jpg")),
            problems: &["v2 dzi_files/11/0_0.jpg: wrong_kind"],
        },
        Damage {
            name: "link replaced by a copy of its file",
            act: |p| {
                let path = at(p, "v2/dzi_files/11/0_0.jpg");
                let bytes = fs::read(&path).unwrap();
                clear(&path);
                fs::write(path, bytes).unwrap();
            },
            problems: &["v2 dzi_files/11/0_0.jpg: wrong_kind"],
        },
        Damage {
            name: "link replaced by a link to itself",
            act: |p| relink(&at(p, "v2/dzi_files/11/0_0.jpg"), "0_0.jpg"),
            problems: &["v2 dzi_files/11/0_0.jpg: wrong_link"],
        },
        Damage {
            name: "link to the wrong owner",
            act: |p| relink(&at(p, "v2/dzi_files/11/0_0.jpg"), "../../../../../v1/0_0.jpg"),
            problems: &["v2 dzi_files/11/0_0.jpg: wrong_link"],
        },
        Damage {
            name: "absolute link",
            act: |p| {
                let target = fs::canonicalize(p.join("v0/0_0.jpg")).unwrap();
                relink(&at(p, "v0/dzi_files/11/0_0.jpg"), target.to_str().unwrap());
            },
            problems: &["v0 dzi_files/11/0_0.jpg: wrong_link"],
        },
        Damage {
            name: "link to a link",
            act: |p| relink(&at(p, "v2/dzi_files/11/0_0.jpg"), "../../../v0/dzi_files/11/0_0.jpg"),
            problems: &["v2 dzi_files/11/0_0.jpg: wrong_link"],
        },
        Damage {
            name: "link that leads nowhere",
            act: |p| relink(&at(p, "v2/dzi_files/11/0_0.jpg"), "../../../../../v0/99_0.jpg"),
            problems: &["v2 dzi_files/11/0_0.jpg: wrong_link"],
        },
        Damage {
            name: "missing tile and link",
            act: |p| {
                clear(&at(p, "v0/dzi_files/8/0_0.jpg"));
                clear(&at(p, "v1/dzi_files/11/0_0.jpg"));
            },
            problems: &["v0 dzi_files/8/0_0.jpg: missing", "v1 dzi_files/11/0_0.jpg: missing"],
        },
    ]
}

/// Damage to the folders of levels, unexpected files, and descriptors.
fn level_damages() -> Vec<Damage> {
    vec![
        Damage {
            name: "missing level folders",
            act: |p| {
                clear(&at(p, "v0/dzi_files/10"));
                clear(&at(p, "v0/dzi_files/9"));
                clear(&at(p, "v1/dzi_files/11"));
            },
            problems: &["v0 dzi_files/9: missing", "v0 dzi_files/10: missing", "v1 dzi_files/11: missing"],
        },
        Damage {
            name: "level folder that is a link",
            act: |p| {
                fs::rename(at(p, "v1/dzi_files/10"), p.join("dest/moved")).unwrap();
                relink_new(&at(p, "v1/dzi_files/10"), "../../../moved");
            },
            problems: &["v1 dzi_files/10: wrong_kind"],
        },
        Damage {
            name: "all levels gone",
            act: |p| clear(&at(p, "v1/dzi_files")),
            problems: &["v1 dzi_files: missing"],
        },
        Damage {
            name: "strangers",
            act: |p| {
                fs::write(at(p, "v0/dzi_files/11/8_0.jpg"), "x").unwrap();
                fs::write(at(p, "v0/dzi_files/11/00_0.jpg"), "x").unwrap();
                fs::create_dir(at(p, "v0/dzi_files/12")).unwrap();
                pipe_new(&at(p, "v1/dzi.xml.bak"));
            },
            problems: &[
                "v0 dzi_files/11/00_0.jpg: unexpected",
                "v0 dzi_files/11/8_0.jpg: unexpected",
                "v0 dzi_files/12: unexpected",
                "v1 dzi.xml.bak: unexpected",
            ],
        },
        Damage {
            name: "descriptors",
            act: |p| {
                flip(&at(p, "v0/dzi.xml"));
                clear(&at(p, "v1/dzi.xml"));
                pipe(&at(p, "v2/dzi.xml"));
            },
            problems: &["v0 dzi.xml: wrong_descriptor", "v1 dzi.xml: missing", "v2 dzi.xml: wrong_kind"],
        },
    ]
}

/// Damage to manifests.
fn manifest_damages() -> Vec<Damage> {
    vec![
        Damage {
            name: "manifest cut short",
            act: |p| fs::write(p.join("dest/.fast_pyramid/versions/v1/tiles"), "x").unwrap(),
            problems: &["v1 dest/.fast_pyramid/versions/v1: damaged_manifest"],
        },
        Damage {
            name: "manifest flipped",
            act: |p| flip(&p.join("dest/.fast_pyramid/versions/v1/tiles")),
            problems: &["v1 dest/.fast_pyramid/versions/v1: damaged_manifest"],
        },
        Damage {
            name: "manifest missing",
            act: |p| clear(&p.join("dest/.fast_pyramid/versions/v1")),
            problems: &["v1 dest/.fast_pyramid/versions/v1: damaged_manifest"],
        },
        Damage {
            name: "first manifest garbage",
            act: |p| fs::write(p.join("dest/.fast_pyramid/versions/v0/manifest.json"), "{]").unwrap(),
            problems: &["v0 dest/.fast_pyramid/versions/v0: damaged_manifest"],
        },
        Damage {
            name: "manifests that are pipes",
            act: |p| {
                pipe(&p.join("dest/.fast_pyramid/versions/v1/tiles"));
                pipe(&p.join("dest/.fast_pyramid/versions/v2/manifest.json"));
            },
            problems: &[
                "v1 dest/.fast_pyramid/versions/v1: damaged_manifest",
                "v2 dest/.fast_pyramid/versions/v2: damaged_manifest",
            ],
        },
        Damage {
            name: "all manifests gone",
            act: |p| clear(&p.join("dest/.fast_pyramid")),
            problems: &[
                "v0 dest/.fast_pyramid/versions/v0: damaged_manifest",
                "v1 dest/.fast_pyramid/versions/v1: damaged_manifest",
                "v2 dest/.fast_pyramid/versions/v2: damaged_manifest",
            ],
        },
    ]
}

/// Damage to whole trees.
fn tree_damages() -> Vec<Damage> {
    vec![
        Damage { name: "tree gone", act: |p| clear(&at(p, "v1")), problems: &["v1 dest/dzi/v1: missing"] },
        Damage { name: "newest tree gone", act: |p| clear(&at(p, "v2")), problems: &["v2 dest/dzi/v2: missing"] },
        Damage {
            name: "tree that is a file",
            act: |p| {
                clear(&at(p, "v1"));
                fs::write(at(p, "v1"), "x").unwrap();
            },
            problems: &["v1 dest/dzi/v1: wrong_kind"],
        },
        Damage {
            name: "tree that is a link",
            act: |p| relink(&at(p, "v1"), "v0"),
            problems: &["v1 dest/dzi/v1: wrong_kind"],
        },
    ]
}

/// Damage to `latest`.
fn latest_damages() -> Vec<Damage> {
    vec![
        Damage {
            name: "latest missing",
            act: |p| clear(&at(p, "latest")),
            problems: &["dest/dzi/latest: wrong_latest"],
        },
        Damage {
            name: "latest dangling",
            act: |p| relink(&at(p, "latest"), "v9"),
            problems: &["dest/dzi/latest: wrong_latest"],
        },
        Damage {
            name: "latest wrong",
            act: |p| relink(&at(p, "latest"), "v0"),
            problems: &["dest/dzi/latest: wrong_latest"],
        },
        Damage {
            name: "latest absolute",
            act: |p| {
                let target = fs::canonicalize(at(p, "v2")).unwrap();
                relink(&at(p, "latest"), target.to_str().unwrap());
            },
            problems: &["dest/dzi/latest: wrong_latest"],
        },
        Damage {
            name: "latest a folder",
            act: |p| {
                clear(&at(p, "latest"));
                fs::create_dir(at(p, "latest")).unwrap();
            },
            problems: &["dest/dzi/latest: wrong_latest"],
        },
    ]
}

/// Damage that only the pixels show.
fn forged_damages() -> Vec<Damage> {
    vec![Damage {
        name: "wrong pixels with a manifest that agrees",
        act: |p| {
            let bytes = fs::read(at(p, "v0/dzi_files/10/2_1.jpg")).unwrap();
            forge(p, 0, (10, 1, 1), &bytes);
        },
        // Its parent was made of the right pixels, and so it is wrong as well.
        problems: &["v0 dzi_files/9/0_0.jpg: wrong_pixels", "v0 dzi_files/10/1_1.jpg: wrong_pixels"],
    }]
}

fn pipe(path: &Path) {
    clear(path);
    pipe_new(path);
}

fn pipe_new(path: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn relink_new(path: &Path, target: &str) {
    std::os::unix::fs::symlink(target, path).unwrap();
}
