//! Several pictures in one run, and what `cut` prints about them.

use serde_json::{Value, json};
use snapbox::str;
use test_support::cli::Sandbox;
use test_support::pictures::{Png, by_image, pnm, source_pixels};
use test_support::tree::assert_tree_rules;

/// A sandbox with three pictures of one tile each.
fn three() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    for (name, seed) in [("a.png", 1), ("pictures/b.png", 2), ("c.d.png", 3)] {
        sandbox.write(name, Png::new(6, 8).file((20, 10), seed, &[]));
    }
    sandbox
}

fn names(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(sandbox.path(folder)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_picture_goes_into_a_folder_of_its_name() {
    let sandbox = three();
    let ended = sandbox.succeed(&["cut", "a.png", "pictures/b.png", "c.d.png", "--into", "all/of it", "--build"]);
    assert_eq!(names(&sandbox, "all/of it"), ["a", "b", "c.d"]);
    for (name, picture) in [("a", "a.png"), ("b", "pictures/b.png"), ("c.d", "c.d.png")] {
        let folder = sandbox.path("all/of it").join(name);
        assert_tree_rules(&folder);
        let shown = by_image(&std::fs::read(sandbox.path(picture)).unwrap());
        assert!(source_pixels(&folder, (20, 10), 256, "png") == shown);
    }
    assert!(
        ended.err.starts_with("1/3 all/of it/a: v0 cut: 20x10 pixels in 1 tile, encoded from pixels\n"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("\n3/3 all/of it/c.d: v0 built: 6 tiles"), "{}", ended.err);
    assert!(ended.err.ends_with("\n3 pictures done, 0 failed\n"), "{}", ended.err);
    // Newer pictures, one of them changed.
    sandbox.write("a.png", Png::new(6, 8).file((20, 10), 4, &[]));
    let objects = sandbox.succeed(&["cut", "--json", "--into", "all/of it", "a.png", "c.d.png"]).json();
    let statuses: Vec<&Value> = objects.iter().map(|object| &object["status"]).collect();
    assert_eq!(statuses, ["cut", "unchanged"]);
    assert_eq!(names(&sandbox, "all/of it/a"), ["dest", "pyramid.json", "v0", "v1"]);
}

#[test]
fn failures_are_summed_up_and_the_highest_code_wins() {
    let sandbox = three();
    sandbox.write("broken.png", &Png::new(2, 8).file((20, 10), 1, &[])[..90]);
    sandbox.write("all/b/pyramid.json", "{ width: 20, height: 10, tile_size: 99, overlap: 0 }");
    sandbox.write("all/c.d", "a file");
    let arguments = ["cut", "--into", "all", "--tile-size", "16"];
    let pictures = ["broken.png", "pictures/b.png", "nowhere.png", "a.png", "c.d.png"];
    let ended = sandbox.run(&[&arguments[..], &pictures].concat());
    ended.expect(
        3,
        str![[r#"
error: broken.png: damaged: truncated in row 1 of 10
  nothing was written; use an undamaged copy of the picture
error: all/b/pyramid.json: tile_size is 99, but 16 was requested
  leave the option out: a pyramid keeps its settings; if it has no version yet, delete pyramid.json
error: nowhere.png: cannot read: No such file or directory (os error 2)
  check the path; a relative one begins at the current folder
4/5 all/a: v0 cut: 20x10 pixels in 2 tiles, encoded from pixels
4/5 all/a: done in [..] s
error: all/c.d: not a folder
  move it away or use another folder, which is created; for several pictures use --into DIR
1 picture done, 4 failed
  failed: broken.png
  failed: pictures/b.png
  failed: nowhere.png
  failed: c.d.png

"#]],
    );
    assert!(sandbox.path("all/a/v0/1_0.png").exists());
    assert_eq!(names(&sandbox, "all"), ["a", "b", "c.d"]);
    assert_eq!(names(&sandbox, "all/b"), ["pyramid.json"]);
    // Wrong usage alone is 2.
    assert_eq!(sandbox.run(&["cut", "--into", "all", "--tile-size", "16", "a.png", "pictures/b.png"]).code, 2);
}

#[test]
fn json_is_one_object_per_picture() {
    let sandbox = three();
    sandbox.write("broken.png", "GIF89a");
    let ended =
        sandbox.run(&["cut", "--json", "-q", "--into", "all", "a.png", "broken.png", "pictures/b.png", "--build"]);
    assert_eq!(ended.code, 3);
    let mut objects = ended.json();
    assert_eq!(objects.len(), 3);
    let guide = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md"));
    for key in objects.iter().flat_map(|object| object.as_object().unwrap().keys()) {
        assert!(guide.contains(&format!("`{key}`")), "{key} is not explained");
    }
    for object in [0, 2].map(|at| objects[at].clone()) {
        assert_eq!(object["versions"].as_array().unwrap().len(), 1);
    }
    assert_eq!(
        objects[1],
        json!({
            "pyramid": "all/broken",
            "schema": 1,
            "picture": "broken.png",
            "code": 3,
            "error": "broken.png: not supported: GIF; supported are JPEG, PNG, TIFF, PNM (PBM, PGM, PPM, PAM) and WebP",
            "hint": "give a JPEG, PNG, TIFF, PNM or WebP",
        })
    );
    let first = objects[0].as_object_mut().unwrap();
    for key in ["seconds", "estimated_bytes", "memory_bytes"] {
        assert!(first.remove(key).unwrap().as_f64().is_some_and(|number| number >= 0.0), "{key}");
    }
    assert_eq!(
        objects[0],
        json!({
            "pyramid": "all/a",
            "schema": 1,
            "picture": "a.png",
            "status": "cut",
            "version": 0,
            "width": 20,
            "height": 10,
            "tile_size": 256,
            "format": "png",
            "mode": "pixels",
            "columns": 1,
            "rows": 1,
            "levels": 6,
            "base_tiles": 1,
            "overlap": 0,
            "tiles": 6,
            "buffered_bytes": 0,
            "written": 1,
            "uniform": 0,
            "versions": [
                { "version": 0, "status": "built", "tiles": 6, "generated": 5, "patched": 1, "linked": 0 },
            ],
        })
    );
}

#[test]
fn lists_may_have_empty_lines_and_both_line_endings() {
    let sandbox = three();
    sandbox.write("unix", "a.png\n\npictures/b.png\n  \nc.d.png");
    sandbox.write("windows", "a.png\r\n\r\npictures/b.png\r\nc.d.png\r\n");
    for list in ["unix", "windows"] {
        sandbox.succeed(&["cut", "--list", list, "--into", &format!("by {list}"), "-q"]);
        assert_eq!(names(&sandbox, &format!("by {list}")), ["a", "b", "c.d"]);
    }
}

#[test]
fn list_on_standard_input_adds_to_the_arguments() {
    let sandbox = three();
    let mut command = sandbox.command();
    command.args(["cut", "a.png", "--list", "-", "--into", "both", "-q"]).write_stdin("pictures/b.png\n");
    assert!(command.output().status.success());
    assert_eq!(names(&sandbox, "both"), ["a", "b"]);
}

#[test]
fn spaces_around_a_listed_name_belong_to_it() {
    let sandbox = three();
    sandbox.write(" odd name .png", Png::new(6, 8).file((20, 10), 5, &[]));
    sandbox.write("spaces", " odd name .png\n");
    sandbox.succeed(&["cut", "--list", "spaces", "--into", "odd", "-q"]);
    assert_eq!(names(&sandbox, "odd"), ["_odd_name_"]);
}

#[test]
fn missing_list_is_wrong_usage() {
    let sandbox = three();
    sandbox.run(&["cut", "--list", "nowhere", "--into", "x"]).expect(
        2,
        str![[r#"
error: nowhere: No such file or directory (os error 2)
  give a text file with one path per line

"#]],
    );
    assert!(!sandbox.path("x").exists());
}

#[test]
fn list_without_names_is_wrong_usage() {
    let sandbox = three();
    sandbox.write("nothing", "\n\r\n");
    sandbox.run(&["cut", "--list", "nothing", "--into", "x"]).expect(
        2,
        str![[r#"
error: nothing: names no picture
  give a text file with one path per line

"#]],
    );
    assert!(!sandbox.path("x").exists());
}

#[test]
fn picture_instead_of_a_list_is_wrong_usage() {
    let sandbox = three();
    sandbox.run(&["cut", "--list", "a.png", "--into", "x"]).expect(
        2,
        str![[r#"
error: a.png: not a list of paths, one per line: it contains a zero byte
  give a text file with one path per line

"#]],
    );
    assert!(!sandbox.path("x").exists());
}

#[test]
fn standard_input_among_several_pictures_is_wrong_usage() {
    let sandbox = three();
    sandbox.run(&["cut", "a.png", "-", "--into", "x"]).expect(
        2,
        str![[r#"
error: standard input has no name that a folder could get
  name the folder: fast_pyramid cut - DIR

"#]],
    );
    assert!(!sandbox.path("x").exists());
}

/// A file's name is bytes, and not always UTF-8.
#[test]
#[cfg(target_os = "linux")]
fn list_may_be_in_any_encoding() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = three();
    let latin = b"Z\xFCrich.png";
    std::fs::copy(sandbox.path("a.png"), sandbox.path("").join(std::ffi::OsStr::from_bytes(latin))).unwrap();
    sandbox.write("list", [&latin[..], b"\r\na.png\n"].concat());
    sandbox.succeed(&["cut", "--list", "list", "--into", "all", "-q"]);
    assert_eq!(names(&sandbox, "all"), ["Z_rich", "a"]);
}

#[test]
fn unsafe_names_are_replaced() {
    let sandbox = three();
    let picture = Png::new(6, 8).file((20, 10), 9, &[]);
    for name in ["a.webp.png", "$(rm -rf x); .png", "-q.png", "..png", "Zürich 1.png"] {
        sandbox.write(name, &picture);
    }
    let pictures = ["a.webp.png", "$(rm -rf x); .png", "./-q.png", "..png", "Zürich 1.png"];
    sandbox.succeed(&[&["cut", "-q", "--into", "safe"], &pictures[..]].concat());
    assert_eq!(names(&sandbox, "safe"), ["Zürich_1", "_-q", "__rm_-rf_x___", "a.webp", "picture"]);
}

#[test]
fn dry_run_sums_up_what_would_be_cut() {
    let ended = three().succeed(&["cut", "--into", "all", "--dry-run", "a.png", "pictures/b.png"]);
    assert!(ended.err.ends_with("\n2 pictures would be cut, 0 failed\n"), "{}", ended.err);
}

#[test]
fn quiet_prints_nothing_and_verbose_more() {
    let sandbox = three();
    sandbox.run(&["cut", "a.png", "q", "--build", "-q"]).expect(0, str![]);
    sandbox.run(&["cut", "a.png", "q", "--build", "-q"]).expect(0, str![]);
    sandbox.run(&["cut", "a.png", "v", "--tile-size", "16", "--build", "-v", "-j", "2"]).expect(0, str![[r#"
v: 20x10 pixels in 2x1 base tiles of 16 (png, encoded from pixels), 6 levels, 7 tiles in the pyramid; about 1 MB of base tiles and 11 MB of memory
v: v0 cut: 20x10 pixels in 2 tiles, encoded from pixels
v: v0 built: 7 tiles (5 generated, 2 patched, 0 linked)
v: published v/dest/dzi/latest in N s

"#]]);
    let flat = pnm(6, (64, 32), 1, 3, 1).0;
    sandbox.write("flat.ppm", [&flat[..flat.len() - 64 * 32 * 3], &[1; 64 * 32 * 3]].concat());
    let ended = sandbox.succeed(&["cut", "flat.ppm", "f", "--tile-size", "16"]);
    let (first, _) = ended.err.split_once('\n').unwrap();
    assert_eq!(first, "f: v0 cut: 64x32 pixels in 8 tiles, encoded from pixels, 8 of a single colour");
}

#[test]
fn progress_is_counted_in_rows() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.ppm", pnm(6, (64, 3000), 255, 3, 1).0);
    let ended =
        sandbox.succeed(&["cut", "a.ppm", "p", "--tile-size", "64", "--build", "--progress", "always", "-j", "1"]);
    // What a terminal shows in the end: after a bar is cleared, the line is written over it.
    let shown: Vec<&str> = ended.err.lines().map(|line| line.rsplit("\r\x1b[K").next().unwrap()).collect();
    assert_eq!(shown.len(), 3, "{:?}", ended.err);
    assert!(shown.iter().all(|line| line.starts_with("p: ")), "{:?}", ended.err);
    if let Some((_, bar)) = ended.err.split_once("p: cut ") {
        assert!(bar.contains("rows"), "{:?}", ended.err);
    }
    for when in ["auto", "never"] {
        let ended = sandbox.succeed(&["cut", "a.ppm", when, "--progress", when]);
        assert!(!ended.err.contains(['\r', '\x1b']), "{:?}", ended.err);
    }
}

#[test]
fn list_with_a_byte_order_mark_is_read() {
    let sandbox = three();
    sandbox.write("windows", b"\xEF\xBB\xBFa.png\r\nc.d.png\r\n");
    sandbox.succeed(&["cut", "--list", "windows", "--into", "all", "-q"]);
    assert_eq!(names(&sandbox, "all"), ["a", "c.d"]);
}

#[test]
fn error_about_a_listed_picture_names_list_and_line() {
    let sandbox = three();
    sandbox.write("list.txt", "a.png\n\nnowhere.png\n");
    sandbox.run(&["cut", "-q", "--list", "list.txt", "--into", "all"]).expect(
        3,
        str![[r#"
error: list.txt, line 3: nowhere.png: cannot read: No such file or directory (os error 2)
  check the path; a relative one begins at the current folder

"#]],
    );
    sandbox.write("list.txt", "a.png\n-\n");
    sandbox.run(&["cut", "-q", "--list", "list.txt", "--into", "none"]).expect(
        2,
        str![[r#"
error: list.txt, line 2: standard input has no name that a folder could get
  name the folder: fast_pyramid cut - DIR

"#]],
    );
}
