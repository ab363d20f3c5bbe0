//! `info`, `changes`, `latest`, and how tiles named ROW_COLUMN are read.

use serde_json::json;
use snapbox::str;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use test_support::cli::{Sandbox, same};
use test_support::served;
use test_support::strace::copy_with_links;
use test_support::tree::{Entry, assert_same_tree, snapshot};

/// A built copy of a fixture.
fn built(name: &str) -> Sandbox {
    let sandbox = Sandbox::with_fixture(name);
    sandbox.succeed(&[name]);
    sandbox
}

#[test]
fn info_prints_the_state_before_and_after_a_build() {
    let sandbox = Sandbox::with_fixture("png_alpha");
    let ended = sandbox.succeed(&["info", "png_alpha"]);
    assert_eq!(ended.err, "");
    same(
        &ended.out,
        str![[r#"
png_alpha: 211x157 pixels in 4x3 base tiles of 64, overlap 0, 9 levels, 23 tiles per tree
  version  built          generated  bytes  patched  bytes  linked  frees  inodes
  v0       not published
  v1       not published

"#]],
    );
    assert!(!sandbox.path("png_alpha/dest").exists());

    sandbox.succeed(&["png_alpha"]);
    let ended = sandbox.succeed(&["info", "png_alpha"]);
    assert_eq!(ended.err, "");
    // When it was built is another thing each time, and so may be the number of bytes with another compressor.
    let words: Vec<Vec<&str>> = ended.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words.len(), 4);
    let wanted = [("v0", "11", "12", "0"), ("v1", "9", "2", "12")];
    for (line, (version, generated, patched, linked)) in words[2..].iter().zip(wanted) {
        assert_eq!((line[0], line[2], line[4], line[6]), (version, generated, patched, linked));
        assert!(line[1].ends_with('Z') && line[1].len() == "2026-01-01T00:00:00Z".len(), "{}", line[1]);
    }
    // What v0 frees: 9 files and 2 base tiles that v1 has others of, with the 2 links to these, and the 2 links that v1's
    // tree alone had to tiles that it takes over; 11 folders and the descriptor; 3 of the manifest; the source folder.
    assert_eq!((words[2].len(), words[2][8]), (9, "31"));
    assert_eq!(words[3][7..], ["latest"]);
}

#[test]
fn info_prints_json() {
    let sandbox = built("png_alpha");
    let mut object = sandbox.succeed(&["info", "png_alpha", "--json"]).json().remove(0);
    for version in object["versions"].as_array_mut().unwrap() {
        let fields = version.as_object_mut().unwrap();
        assert!(fields.remove("built").unwrap().is_string());
        assert!(fields.remove("generated_bytes").unwrap().as_u64().unwrap() > 0);
        assert!(fields.remove("patched_bytes").unwrap().as_u64().unwrap() > 0);
        assert!(fields.remove("encoder").unwrap().is_u64());
        // The latest is never dropped.
        let freed = ["freed_bytes", "freed_inodes"].map(|key| fields.remove(key).is_some_and(|value| value.is_u64()));
        assert_eq!(freed, [fields["version"] == json!(0); 2]);
    }
    assert!(object.as_object_mut().unwrap().remove("encoder").unwrap().is_u64());
    let version = |version: u32, generated: u32, patched: u32, linked: u32| {
        json!({
            "version": version, "published": true, "has_sources": true,
            "tiles": 23, "generated": generated, "patched": patched, "linked": linked,
        })
    };
    assert_eq!(
        object,
        json!({
            "pyramid": "png_alpha", "schema": 1, "width": 211, "height": 157, "tile_size": 64, "overlap": 0, "levels": 9,
            "columns": 4, "rows": 3, "tiles": 23, "latest": 1,
            "versions": [version(0, 11, 12, 0), version(1, 9, 2, 12)],
        })
    );
}

#[test]
fn info_prints_several_pyramids() {
    let sandbox = built("png_alpha");
    copy_with_links(&sandbox.path("png_alpha"), &sandbox.path("copy"));
    let ended = sandbox.run(&["info", "png_alpha", "nowhere", "copy", "--json"]);
    assert_eq!(ended.code, 3);
    let mut objects = ended.json();
    assert_eq!(objects.len(), 3);
    assert_eq!(objects[2]["pyramid"], "copy");
    objects[2]["pyramid"] = json!("png_alpha");
    assert_eq!((&objects[1]["pyramid"], &objects[1]["code"]), (&json!("nowhere"), &json!(3)));
    assert_eq!(objects[1]["error"], "nowhere: no such folder");
    assert_eq!(objects[0], objects[2]);
}

#[test]
fn info_marks_versions_without_sources_or_tree() {
    let sandbox = built("png_alpha");
    std::fs::remove_dir_all(sandbox.path("png_alpha/v1")).unwrap();
    sandbox.write("png_alpha/v2/.keep", "");
    let ended = sandbox.succeed(&["info", "png_alpha"]);
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines[3].contains("latest, sources are gone"), "{}", ended.out);
    assert!(lines[4].contains("not published"), "{}", ended.out);
}

#[test]
fn info_accepts_a_folder_without_versions() {
    let sandbox = Sandbox::with_row(1);
    std::fs::remove_dir_all(sandbox.path("p/v0")).unwrap();
    sandbox.refuse(
        "p",
        &["info", "p"],
        3,
        str![[r#"
error: p: no source version; expected folders v0, v1, ... here or in src
  put all base tiles into v0, named COLUMN_ROW.jpg or .png

"#]],
    );
}

#[test]
fn changes_lists_the_newest_version_by_default() {
    let sandbox = built("relief");
    let ended = sandbox.succeed(&["changes", "relief"]);
    assert_eq!(ended.err, "");
    same(
        &ended.out,
        str![[r#"
dzi_files/0/0_0.jpg
dzi_files/1/0_0.jpg
dzi_files/2/0_0.jpg
dzi_files/3/0_0.jpg
dzi_files/4/0_0.jpg
dzi_files/5/0_0.jpg
dzi_files/6/0_0.jpg
dzi_files/7/0_0.jpg
dzi_files/8/0_0.jpg
dzi_files/9/0_0.jpg
dzi_files/9/1_1.jpg
dzi_files/10/1_0.jpg
dzi_files/10/3_2.jpg
dzi_files/11/2_1.jpg
dzi_files/11/7_4.jpg
dzi_files/11/7_5.jpg

"#]],
    );
    for version in ["2", "v2"] {
        assert_eq!(sandbox.succeed(&["changes", "relief", "--version", version]).out, ended.out);
    }
}

#[test]
fn changes_lists_the_tiles_that_a_version_owns() {
    for name in ["relief", "png_alpha"] {
        let sandbox = built(name);
        for version in ["v0", "v1"] {
            let tree = snapshot(&sandbox.path(&format!("{name}/dest/dzi/{version}")));
            let source = format!("../../../../../{version}/");
            let owned = tree.iter().filter_map(|(path, entry)| match entry {
                Entry::File(_) if path.ends_with("dzi.xml") => None,
                Entry::File(_) => Some(path.to_str().unwrap().to_owned()),
                Entry::Link(target) if target.to_str().unwrap().starts_with(&source) => {
                    Some(path.to_str().unwrap().to_owned())
                }
                _ => None,
            });
            let owned: std::collections::BTreeSet<String> = owned.collect();

            let out = sandbox.succeed(&["changes", name, "--version", version]).out;
            assert_eq!(out.lines().count(), owned.len());
            assert_eq!(out.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>(), owned);

            let objects = sandbox.succeed(&["changes", name, "--version", version, "--json"]).json();
            let number: u32 = version[1..].parse().unwrap();
            let tiles: Vec<&str> = out.lines().collect();
            assert_eq!(
                objects,
                [json!({ "pyramid": name, "schema": 1, "version": number, "count": tiles.len(), "paths": tiles })]
            );
        }
    }
}

/// Whatever `latest` may show differently than version N did: two versions published by one run, or a job that was killed
/// between build and purge.
#[test]
fn changes_since_a_version_lists_each_tile_of_all_later_ones_once() {
    let sandbox = built("relief");
    let list = |arguments: &[&str]| -> BTreeSet<String> {
        let out = sandbox.succeed(&[&["changes", "relief"], arguments].concat()).out;
        let paths: BTreeSet<String> = out.lines().map(str::to_owned).collect();
        assert_eq!(out.lines().count(), paths.len(), "{arguments:?}");
        paths
    };
    let [v0, v1, v2] = ["0", "1", "2"].map(|version| list(&["--version", version]));
    assert_eq!(list(&["--since", "1"]), v2);
    assert_eq!(list(&["--since", "v0"]), &v1 | &v2);
    assert!((&v1 & &v2).len() > 1);
    assert_eq!(list(&["--since", "2"]), BTreeSet::new());
    let objects = sandbox.succeed(&["changes", "relief", "--since", "0", "--json"]).json();
    let keys = ["pyramid", "since", "version", "count"].map(|key| objects[0][key].clone());
    assert_eq!(keys, [json!("relief"), json!(0), json!(2), json!((&v1 | &v2).len())]);
    assert_eq!(objects[0]["paths"].as_array().unwrap().len(), (&v1 | &v2).len());

    // Every path that shows something else is listed, also once the version itself is gone.
    let shown = |version: &str| served(&sandbox.path("relief"), &[version.parse().unwrap()]);
    let by_path = |version| {
        shown(version).into_iter().map(|(path, bytes)| (under_tree(&path), bytes)).collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (by_path("0"), by_path("2"));
    sandbox.succeed(&["vacuum", "relief", "--drop", "0", "-q"]);
    let listed = list(&["--since", "0"]);
    for (path, bytes) in &after {
        assert!(before[path] == *bytes || listed.contains(path), "{path}");
    }
    assert_eq!(v0.len(), 73);
}

fn under_tree(path: &Path) -> String {
    path.iter().skip(3).collect::<std::path::PathBuf>().to_str().unwrap().to_owned()
}

#[test]
fn changes_since_a_later_version_is_refused() {
    let sandbox = built("png_alpha");
    sandbox.refuse(
        "png_alpha",
        &["changes", "png_alpha", "--since", "2"],
        2,
        str![[r#"
error: png_alpha: v2 is not published
  published versions: v0, v1

"#]],
    );
}

#[test]
fn changes_refuses_an_unpublished_version() {
    let sandbox = Sandbox::with_fixture("png_alpha");
    assert_eq!(sandbox.run(&["changes", "png_alpha"]).code, 1);
    sandbox.refuse(
        "png_alpha",
        &["changes", "png_alpha", "--version", "0"],
        1,
        str![[r#"
error: png_alpha: nothing is published
  build the pyramid first

"#]],
    );
    sandbox.succeed(&["png_alpha"]);
    sandbox.refuse(
        "png_alpha",
        &["changes", "png_alpha", "--version", "7"],
        2,
        str![[r#"
error: png_alpha: v7 is not published
  published versions: v0, v1

"#]],
    );
    let objects = sandbox.run(&["changes", "png_alpha", "--version", "7", "--json"]).json();
    assert_eq!(
        objects,
        [json!({
            "pyramid": "png_alpha", "schema": 1, "code": 2, "error": "png_alpha: v7 is not published", "hint": "published versions: v0, v1"
        })]
    );
}

#[test]
fn inspecting_changes_nothing() {
    let sandbox = built("png_alpha");
    let before = snapshot(&sandbox.path("png_alpha"));
    sandbox.succeed(&["info", "png_alpha"]);
    sandbox.succeed(&["changes", "png_alpha"]);
    test_support::tree::assert_same_snapshot(&before, &snapshot(&sandbox.path("png_alpha")));
}

#[test]
fn names_that_fit_only_row_column_are_accepted_with_one_warning() {
    let sandbox = Sandbox::with_fixture("row_column");
    sandbox.run(&["row_column"]).expect(0, str![[r#"
warning: row_column: tile names such as 0_2.jpg fit only ROW_COLUMN and are read that way; write tile_naming: "row_column" into pyramid.json to silence this warning
row_column: v0 built: 17 tiles (11 generated, 6 patched, 0 linked)
row_column: v1 built: 17 tiles (10 generated, 1 patched, 6 linked)
row_column: published row_column/dest/dzi/latest in N s

"#]]);
    test_support::tree::assert_tree_rules(&sandbox.path("row_column"));

    // Also with -q; and still one, where there is nothing to do.
    sandbox.run(&["row_column", "-q"]).expect(0, str![""]);

    let silenced = Sandbox::with_fixture("row_column");
    silenced.spec("row_column", "{ width: 750, height: 500, tile_size: 250, overlap: 0, tile_naming: 'row_column' }");
    silenced.run(&["row_column"]).expect(
        0,
        str![[r#"
row_column: v0 built: 17 tiles (11 generated, 6 patched, 0 linked)
row_column: v1 built: 17 tiles (10 generated, 1 patched, 6 linked)
row_column: published row_column/dest/dzi/latest in N s

"#]],
    );
    assert_same_tree(&silenced.path("row_column/dest/dzi"), &sandbox.path("row_column/dest/dzi"));
}

#[test]
fn names_that_fit_only_row_column_are_refused_where_column_row_is_set() {
    let sandbox = Sandbox::with_fixture("row_column");
    let spec = "{ width: 750, height: 500, tile_size: 250, overlap: 0, tile_naming: 'column_row' }";
    sandbox.spec("row_column", spec);
    sandbox.refuse(
        "row_column",
        &["row_column"],
        3,
        str![[r#"
error: row_column/v0: 2 tiles are wrong
  2 outside the grid: 0_2.jpg, 1_2.jpg (the base has 3x2 tiles)
  write tile_naming: "row_column" into pyramid.json; this fits the names of all 6 tiles

"#]],
    );
}

#[test]
fn latest_leads_to_the_newest_version() {
    let sandbox = Sandbox::with_row(2);
    let latest = || std::fs::read_link(sandbox.path("p/dest/dzi/latest")).unwrap().to_str().unwrap().to_owned();
    sandbox.succeed(&["p"]);
    assert_eq!(latest(), "v0");
    sandbox.odd("grey.jpg", "p/v9/0_0.jpg");
    sandbox.odd("grey.jpg", "p/v10/1_0.jpg");
    sandbox.succeed(&["p"]);
    assert_eq!(latest(), "v10");
    // It is restored even where nothing is built.
    sandbox.delete("p/dest/dzi/latest");
    sandbox.succeed(&["p"]);
    assert_eq!(latest(), "v10");
}

/// `rsync -a` keeps links, but not that versions share them.
#[test]
fn info_says_where_inodes_are_estimates() {
    let sandbox = built("relief");
    assert!(!sandbox.succeed(&["info", "relief"]).out.contains("estimates"));
    let copied = std::process::Command::new("cp")
        .args(["-r", "--no-dereference", "--preserve=timestamps"])
        .args([sandbox.path("relief"), sandbox.path("copy")])
        .status();
    assert!(copied.unwrap().success());
    assert!(sandbox.succeed(&["info", "copy"]).out.contains("inodes are estimates"));
    assert_eq!(sandbox.succeed(&["info", "copy", "--json"]).json()[0]["inodes_estimated"], true);
}
