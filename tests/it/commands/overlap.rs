//! Pyramids with overlap: what each command reports of them, and what it refuses.

use serde_json::{Value, json};
use snapbox::str;
use std::collections::BTreeSet;
use std::fs;
use test_support::cli::{Sandbox, same};
use test_support::damage::{clear, flip, served};
use test_support::overlap::{BaseKind, Shape, set_overlap};
use test_support::reference::{Kind, Picture, random_picture, write_png};
use test_support::tree::{Entry, assert_same_snapshot, assert_tree_rules};

/// The fixture `png_alpha` with an overlap of 3, for which its 4x3 base tiles are plain; in two versions.
fn plain() -> Sandbox {
    let sandbox = Sandbox::with_fixture("png_alpha");
    set_overlap(&sandbox.path("png_alpha"), 3);
    sandbox
}

fn built_plain() -> Sandbox {
    let sandbox = plain();
    sandbox.succeed(&["png_alpha", "-q"]);
    assert_tree_rules(&sandbox.path("png_alpha"));
    sandbox
}

const SHAPE: Shape = Shape { width: 90, height: 60, tile_size: 32, overlap: 2, base: BaseKind::Overlapping };

/// A pyramid `p` of 3x2 overlapping base tiles, and the picture that they are cut from.
fn overlapping(keys: &str) -> (Sandbox, Picture) {
    let sandbox = Sandbox::new();
    let picture = random_picture(4, SHAPE.width, SHAPE.height, Kind { colour: true, ..Kind::default() });
    sandbox.spec("p", SHAPE.spec(keys));
    write_tiles(&sandbox, "v0", &picture, |_| true);
    (sandbox, picture)
}

fn write_tiles(sandbox: &Sandbox, version: &str, picture: &Picture, which: impl Fn((usize, usize)) -> bool) {
    let folder = sandbox.path("p").join(version);
    fs::create_dir_all(&folder).unwrap();
    for ((column, row), tile) in SHAPE.cut(picture).into_iter().filter(|(place, _)| which(*place)) {
        write_png(&folder.join(format!("{column}_{row}.png")), &tile);
    }
}

fn problems(sandbox: &Sandbox, pyramid: &str) -> Vec<String> {
    let ended = sandbox.run(&["verify", pyramid, "-q"]);
    let prefix = format!("{pyramid}: ");
    let line = |line: &str| line.strip_prefix(&prefix).unwrap().split(": ").take(2).collect::<Vec<_>>().join(": ");
    let mut found: Vec<String> = ended.out.lines().map(line).collect();
    found.sort();
    found
}

#[test]
fn build_reports_the_kind_of_base_tiles() {
    let sandbox = plain();
    let ended = sandbox.run(&["png_alpha"]);
    same(
        &ended.err,
        str![[r#"
png_alpha: v0 built: 23 tiles (23 generated, 0 linked) from 12 plain tiles
png_alpha: v1 built: 23 tiles (12 generated, 11 linked) from 2 plain tiles
png_alpha: the base tiles are plain, so those of the trees are made from them (base_tiles: plain)
png_alpha: published png_alpha/dest/dzi/latest in N s

"#]],
    );
    // It is no news later.
    sandbox.run(&["png_alpha"]).expect(
        0,
        str![[r#"
png_alpha: v1 is published, nothing to do

"#]],
    );
    assert_eq!(sandbox.succeed(&["png_alpha", "--json"]).json()[0]["base_tile_kind"], "plain");
    let (sandbox, _) = overlapping("");
    let built = sandbox.succeed(&["p", "--json"]).json().remove(0);
    assert_eq!(built["base_tile_kind"], "overlapping");
    let version = &built["versions"][0];
    assert_eq!(["generated", "patched", "linked"].map(|key| version[key].as_u64().unwrap()), [8, 6, 0]);
    // Without overlap there is only one kind.
    let sandbox = Sandbox::with_row(2);
    assert_eq!(sandbox.succeed(&["p", "--json"]).json()[0].get("base_tile_kind"), None);
}

#[test]
fn info_prints_the_kind_of_base_tiles() {
    let sandbox = plain();
    let heading = "png_alpha: 211x157 pixels in 4x3 plain base tiles of 64, overlap 3, 9 levels, 23 tiles per tree\n";
    assert!(sandbox.succeed(&["info", "png_alpha"]).out.starts_with(heading));
    sandbox.succeed(&["png_alpha", "-q"]);
    assert!(sandbox.succeed(&["info", "png_alpha"]).out.starts_with(heading));
    let object = sandbox.succeed(&["info", "png_alpha", "--json"]).json().remove(0);
    assert_eq!(
        (&object["base_tile_kind"], &object["overlap"], &object["tiles"]),
        (&json!("plain"), &json!(3), &json!(23))
    );
    let counts = |version: usize| {
        ["generated", "patched", "linked"].map(|key| object["versions"][version][key].as_u64().unwrap())
    };
    assert_eq!([counts(0), counts(1)], [[23, 12, 0], [12, 2, 11]]);
    let (sandbox, _) = overlapping("base_tiles: 'overlapping'");
    assert_eq!(sandbox.succeed(&["info", "p", "--json"]).json()[0]["base_tile_kind"], "overlapping");
}

#[test]
fn changes_lists_composed_base_tiles_and_no_plain_ones() {
    let sandbox = built_plain();
    for version in ["0", "1"] {
        let tree = served(&sandbox, "png_alpha");
        let inside = format!("v{version}/");
        let files = tree.iter().filter_map(|(path, entry)| {
            let path = path.to_str().unwrap().strip_prefix(&inside)?;
            (matches!(entry, Entry::File(_)) && path != "dzi.xml").then(|| path.to_owned())
        });
        let files: BTreeSet<String> = files.collect();
        let out = sandbox.succeed(&["changes", "png_alpha", "--version", version]).out;
        assert_eq!(out.lines().map(str::to_owned).collect::<BTreeSet<_>>(), files);
        let object = sandbox.succeed(&["changes", "png_alpha", "--version", version, "--json"]).json().remove(0);
        assert_eq!((&object["count"], object["paths"].as_array().unwrap().len()), (&json!(files.len()), files.len()));
    }
    let since: Vec<String> =
        sandbox.succeed(&["changes", "png_alpha", "--since", "0"]).out.lines().map(str::to_owned).collect();
    assert_eq!(since.len(), 12);
    assert!(since.contains(&"dzi_files/8/1_1.png".to_owned()) && !since.iter().any(|path| path.contains("/9/")));
}

#[test]
fn dry_run_counts_are_upper_bounds_with_overlap() {
    let sandbox = plain();
    let planned = sandbox.succeed(&["png_alpha", "--dry-run", "--json"]).json().remove(0);
    let built = sandbox.succeed(&["png_alpha", "--json"]).json().remove(0);
    let counts = |object: &Value, version: usize| {
        let version = &object["versions"][version];
        ["tiles", "generated", "patched", "linked"].map(|key| version[key].as_u64().unwrap())
    };
    assert_eq!(planned["base_tile_kind"], "plain");
    assert_eq!([counts(&planned, 0), counts(&planned, 1)], [[23, 23, 12, 0], [23, 22, 2, 1]]);
    // The pixels that change are far from the edges of their tiles.
    assert_eq!([counts(&built, 0), counts(&built, 1)], [[23, 23, 12, 0], [23, 12, 2, 11]]);
}

#[test]
fn composed_base_tiles_are_verified_and_repaired() {
    let sandbox = built_plain();
    let before = served(&sandbox, "png_alpha");
    let tree = |tile: &str| sandbox.path(&format!("png_alpha/dest/dzi/{tile}"));
    clear(&tree("v0/dzi_files/8/0_0.png"));
    flip(&tree("v1/dzi_files/8/1_1.png"));
    clear(&tree("v1/dzi_files/8/2_0.png"));
    assert_eq!(
        problems(&sandbox, "png_alpha"),
        ["v0 dzi_files/8/0_0.png: missing", "v1 dzi_files/8/1_1.png: wrong_hash", "v1 dzi_files/8/2_0.png: missing",]
    );
    let object = sandbox.succeed(&["repair", "png_alpha", "--json"]).json().remove(0);
    assert_eq!(object["problems_left"], 0);
    assert_same_snapshot(&before, &served(&sandbox, "png_alpha"));
    sandbox.succeed(&["verify", "png_alpha", "-q"]);
    assert_eq!(sandbox.succeed(&["png_alpha", "--json"]).json()[0]["versions"][1]["status"], "up_to_date");
}

#[test]
fn changed_plain_tile_is_reported_and_refused() {
    let sandbox = built_plain();
    flip(&sandbox.path("png_alpha/v0/0_0.png"));
    // A tile that is missing is composed of the one that has changed.
    clear(&sandbox.path("png_alpha/dest/dzi/v0/dzi_files/8/0_0.png"));
    assert_eq!(problems(&sandbox, "png_alpha"), ["v0 dzi_files/8/0_0.png: missing", "v0 v0/0_0.png: source_changed"]);
    let before = served(&sandbox, "png_alpha");
    assert_eq!(sandbox.run(&["repair", "png_alpha", "-q"]).code, 1);
    assert_same_snapshot(&before, &served(&sandbox, "png_alpha"));
    sandbox.refuse(
        "png_alpha",
        &["png_alpha"],
        3,
        str![[r#"
error: png_alpha/v0: 1 changed tile since v0 was published: 0_0.png
  put changed tiles into v2 and restore v0, or rebuild v0 with fast_pyramid build png_alpha --rebuild-from 0

"#]],
    );
}

#[test]
fn patch_tile_of_the_other_kind_is_of_the_wrong_size() {
    let (sandbox, picture) = overlapping("");
    sandbox.succeed(&["p", "-q"]);
    let core = SHAPE.core((1, 1)).of(&picture, (0, 0));
    fs::create_dir(sandbox.path("p/v1")).unwrap();
    write_png(&sandbox.path("p/v1/1_1.png"), &core);
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 1 tile is wrong
  1 of the wrong size: 1_1.png (32x28 pixels, expected 36x30)
  nothing of v1 was published or changed; correct its tiles and run the same command again

"#]],
    );
}

#[test]
fn changed_kind_of_base_tiles_is_refused() {
    let sandbox = built_plain();
    let spec = |keys: &str| {
        let text = format!("{{ width: 211, height: 157, tile_size: 64, format: 'png', {keys} }}");
        sandbox.spec("png_alpha", text);
    };
    // Stating what was detected is no change.
    spec("overlap: 3, base_tiles: 'plain', stale_overlap: 'keep'");
    sandbox.succeed(&["png_alpha", "-q"]);
    spec("overlap: 3, base_tiles: 'overlapping'");
    for command in ["build", "verify"] {
        sandbox.refuse(
            "png_alpha",
            &[command, "png_alpha"],
            3,
            str![[r#"
error: png_alpha: v0 was published with other settings: "base_tiles" was "plain" and is "overlapping"
  restore the old settings, or rebuild everything with fast_pyramid build png_alpha --rebuild-from 0

"#]],
        );
    }
}

#[test]
fn patch_that_leaves_strips_stale_is_refused_unless_they_are_kept() {
    let (sandbox, mut picture) = overlapping("");
    sandbox.succeed(&["p", "-q"]);
    // In the corner of 0_0 that 1_0, 0_1 and 1_1 show.
    picture.set_pixel(31, 31, &[1, 2, 3]);
    write_tiles(&sandbox, "v1", &picture, |place| place == (0, 0));
    sandbox.refuse(
        "p",
        &["p"],
        3,
        str![[r#"
error: p/v1: 3 tiles are wrong
  3 not in this version, although an edge that they show has changed: 1_0.png, 0_1.png, 1_1.png (beside 0_0.png)
  add these tiles to v1 as they are now, or keep them as they were: set stale_overlap: "keep" in pyramid.json

"#]],
    );
    sandbox.spec("p", SHAPE.spec("stale_overlap: 'keep'"));
    let ended = sandbox.run(&["p", "--json"]);
    same(
        &ended.err,
        str![[r#"
warning: p: v1: 3 not in this version, although an edge that they show has changed: 1_0.png, 0_1.png, 1_1.png (beside 0_0.png); they stay as they are
p: v1 built: 14 tiles (4 generated, 1 patched, 9 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
    assert_eq!(ended.code, 0);
    sandbox.succeed(&["verify", "p", "-q"]);
    // Once they are added, nothing is stale.
    write_tiles(&sandbox, "v2", &picture, |(column, _)| column < 2);
    sandbox.spec("p", SHAPE.spec(""));
    sandbox.run(&["p", "-q"]).expect(0, str![[""]]);
}
