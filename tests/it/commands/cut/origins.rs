//! `cut --into` remembers which picture a pyramid was cut from, and refuses another one of the same name.

use serde_json::Value;
use snapbox::str;
use test_support::cli::Sandbox;
use test_support::pictures::Png;
use test_support::strace::whole;
use test_support::tree::assert_same_snapshot;

/// A sandbox with pictures of one size, two of which have the same name.
fn rolls() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    for (name, seed) in [("scans/roll00/1.png", 1), ("scans/roll01/1.png", 2), ("scans/roll01/2.png", 3)] {
        sandbox.write(name, Png::new(2, 8).file((20, 10), seed, &[]));
    }
    sandbox
}

fn recorded(sandbox: &Sandbox, pyramid: &str) -> Option<String> {
    let text = std::fs::read_to_string(sandbox.path(pyramid).join("pyramid.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["picture"].as_str().map(str::to_owned)
}

#[test]
fn other_picture_of_the_same_name_is_refused_with_both_paths() {
    let sandbox = rolls();
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "scans/roll00/1.png"]);
    assert_eq!(recorded(&sandbox, "pyr/1").as_deref(), Some("../../scans/roll00/1.png"));
    let before = whole(&sandbox.path("pyr"));
    for more in [&[][..], &["--dry-run"], &["--build"]] {
        sandbox.run(&[&["cut", "--into", "pyr", "scans/roll01/1.png"], more].concat()).expect(
            2,
            str![[r#"
error: pyr/1/pyramid.json: cut from scans/roll00/1.png, not from scans/roll01/1.png
  keep pictures of one name apart with --keep-folders; if the picture was moved, write "picture": "../../scans/roll01/1.png"

"#]],
        );
    }
    assert_same_snapshot(&before, &whole(&sandbox.path("pyr")));
    // The others of the list are cut.
    let ended = sandbox.run(&["cut", "-q", "--into", "pyr", "scans/roll01/1.png", "scans/roll01/2.png"]);
    assert_eq!(ended.code, 2);
    assert_eq!(recorded(&sandbox, "pyr/2").as_deref(), Some("../../scans/roll01/2.png"));
}

#[test]
fn recorded_picture_is_the_same_however_it_is_spelled() {
    let sandbox = rolls();
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "scans/roll00/1.png"]);
    std::os::unix::fs::symlink("scans/roll00", sandbox.path("linked")).unwrap();
    let absolute = sandbox.path("scans/roll00/1.png");
    let spellings = ["./scans/roll01/../roll00/1.png", "linked/1.png", absolute.to_str().unwrap()];
    for spelling in spellings {
        let objects = sandbox.succeed(&["cut", "--json", "--into", "./pyr", spelling]).json();
        assert_eq!(objects[0]["status"], "unchanged");
    }
    // A new picture in its place is a newer picture.
    sandbox.write("scans/roll00/1.png", Png::new(2, 8).file((20, 10), 9, &[]));
    assert_eq!(sandbox.succeed(&["cut", "--json", "--into", "pyr", "linked/1.png"]).json()[0]["version"], 1);
    // And so it stays when everything is moved.
    std::fs::create_dir(sandbox.path("archive")).unwrap();
    for name in ["scans", "pyr"] {
        std::fs::rename(sandbox.path(name), sandbox.path("archive").join(name)).unwrap();
    }
    sandbox.succeed(&["cut", "-q", "--into", "archive/pyr", "archive/scans/roll00/1.png"]);
}

#[test]
fn picture_in_an_explicit_folder_is_neither_recorded_nor_refused() {
    let sandbox = rolls();
    sandbox.succeed(&["cut", "-q", "scans/roll00/1.png", "pyr/1"]);
    assert_eq!(recorded(&sandbox, "pyr/1"), None);
    sandbox.succeed(&["cut", "-q", "scans/roll01/1.png", "pyr/1"]);
    // Nobody knows what these versions show.
    sandbox.run(&["cut", "--into", "pyr", "scans/roll01/1.png"]).expect(
        2,
        str![[r#"
error: pyr/1/pyramid.json: does not state which picture its versions show
  add "picture": "../../scans/roll01/1.png" if it is that one, or cut it with fast_pyramid cut PICTURE DIR, which does not ask

"#]],
    );
    // A pyramid of a list takes any picture if its folder is named.
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "scans/roll01/2.png"]);
    sandbox.succeed(&["cut", "-q", "scans/roll01/1.png", "pyr/2"]);
}

#[test]
fn pyramid_json_of_the_user_is_not_changed_to_record_a_picture() {
    let sandbox = rolls();
    let text = "{ width: 20, height: 10, tile_size: 16, overlap: 0 /* mine */ }";
    sandbox.spec("pyr/1", text);
    sandbox.run(&["cut", "--into", "pyr", "scans/roll00/1.png"]).expect(
        0,
        str![[r#"
warning: pyr/1: scans/roll00/1.png: not recorded in pyramid.json, where later cuts look for it; add "picture": "../../scans/roll00/1.png"
pyr/1: v0 cut: 20x10 pixels in 2 tiles, encoded from pixels
pyr/1: done in [..] s

"#]],
    );
    assert_eq!(std::fs::read_to_string(sandbox.path("pyr/1/pyramid.json")).unwrap(), text);
    sandbox.spec("pyr/1", text.replace('}', ", picture: '../../scans/roll00/1.png' }"));
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "scans/roll00/1.png"]);
    sandbox.succeed(&["build", "-q", "pyr/1"]);
    // The key is no setting of a published tree.
    sandbox.spec("pyr/1", text);
    sandbox.succeed(&["build", "-q", "pyr/1"]);
}

/// A file's name is bytes, and not always UTF-8.
#[test]
#[cfg(target_os = "linux")]
fn picture_with_any_bytes_in_its_path_is_recorded_as_a_url() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = rolls();
    let name = |bytes: &'static [u8]| sandbox.path("").join(std::ffi::OsStr::from_bytes(bytes));
    for (bytes, from) in [(&b"Z\xFCrich.png"[..], "scans/roll00/1.png"), (b"Z\xFDrich.png", "scans/roll01/1.png")] {
        std::fs::copy(sandbox.path(from), name(bytes)).unwrap();
    }
    sandbox.write("first", b"Z\xFCrich.png\n");
    sandbox.write("second", b"Z\xFDrich.png\n");
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "--list", "first"]);
    assert_eq!(recorded(&sandbox, "pyr/Z_rich").as_deref(), Some("file:../../Z%FCrich.png"));
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "--list", "first"]);
    assert_eq!(sandbox.run(&["cut", "-q", "--into", "pyr", "--list", "second"]).code, 2);
}

#[test]
fn kept_folders_keep_pictures_of_one_name_apart() {
    let sandbox = rolls();
    let both = ["scans/roll00/1.png", "scans/../scans/roll01/1.png"];
    sandbox.succeed(&[&["cut", "-q", "--keep-folders", "--into", "pyr"], &both[..]].concat());
    for roll in ["roll00", "roll01"] {
        let expected = format!("../../../../scans/{roll}/1.png");
        assert_eq!(recorded(&sandbox, &format!("pyr/scans/{roll}/1")), Some(expected));
    }
    // The folder depends on the path given, not on the rest of the list.
    let ended = sandbox.succeed(&["cut", "--keep-folders", "--into", "pyr", both[0]]);
    assert!(ended.err.starts_with("pyr/scans/roll00/1: unchanged"), "{}", ended.err);
    assert_eq!(sandbox.run(&["cut", "--keep-folders", "scans/roll00/1.png", "pyr"]).code, 2);
}

#[test]
fn all_clashes_are_found_before_anything_is_cut() {
    let sandbox = rolls();
    for name in ["a.png", "other/A.png", "1.png", "1/2.png"] {
        sandbox.write(name, Png::new(2, 8).file((20, 10), 7, &[]));
    }
    let pictures = ["a.png", "scans/roll00/1.png", "other/A.png", "scans/roll01/1.png", "./a.png"];
    sandbox.run(&[&["cut", "--into", "pyr"], &pictures[..]].concat()).expect(
        2,
        str![[r#"
error: other/A.png: a.png goes into pyr/A, too
error: scans/roll01/1.png: scans/roll00/1.png goes into pyr/1, too
error: ./a.png: a.png goes into pyr/a, too
error: nothing was cut, because of 3 of 5 pictures
  keep the folders of the pictures apart with --keep-folders, or cut these on their own

"#]],
    );
    sandbox.run(&["cut", "--into", "pyr", "--keep-folders", "1/2.png", "a.png", "1.png"]).expect(
        2,
        str![[r#"
error: 1/2.png: pyr/1/2 would be inside pyr/1, for 1.png
error: nothing was cut, because of 1 of 3 pictures
  cut these on their own, with another --into, or rename them

"#]],
    );
    assert!(!sandbox.path("pyr").exists());
    let objects = sandbox.run(&["cut", "--into", "pyr", "--json", "a.png", "other/A.png", "1.png"]).json();
    assert_eq!(objects.len(), 1);
    assert_eq!((&objects[0]["pyramid"], &objects[0]["code"]), (&"pyr/A".into(), &2.into()));
}

#[test]
fn name_that_differs_from_the_pictures_own_is_printed() {
    let sandbox = rolls();
    sandbox.write("my maps/map 1.png", Png::new(2, 8).file((20, 10), 7, &[]));
    let ended = sandbox.succeed(&["cut", "--into", "pyr", "my maps/map 1.png", "scans/roll00/1.png"]);
    assert!(ended.err.starts_with("1/2 pyr/map_1: the safe name for map 1\n1/2 pyr/map_1: v0 cut: "), "{}", ended.err);
    assert_eq!(ended.err.matches("safe name").count(), 1);
    let ended = sandbox.succeed(&["cut", "--keep-folders", "--into", "pyr", "my maps/map 1.png"]);
    assert!(ended.err.starts_with("pyr/my_maps/map_1: the safe name for my maps/map 1\n"), "{}", ended.err);
}

#[test]
fn pyramid_inside_one_of_an_earlier_run_is_refused() {
    let sandbox = rolls();
    sandbox.write("scans.png", Png::new(2, 8).file((20, 10), 7, &[]));
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "scans.png"]);
    let before = whole(&sandbox.path("pyr"));
    sandbox.run(&["cut", "--into", "pyr", "--keep-folders", "scans.png", "scans/roll00/1.png"]).expect(
        2,
        str![[r#"
error: scans/roll00/1.png: pyr/scans/roll00/1 would be inside pyr/scans, for scans.png
error: nothing was cut, because of 1 of 2 pictures
  cut these on their own, with another --into, or rename them

"#]],
    );
    sandbox.run(&["cut", "--into", "pyr", "--keep-folders", "scans/roll00/1.png"]).expect(
        2,
        str![[r#"
error: scans/roll00/1.png: pyr/scans/roll00/1 would be inside the pyramid pyr/scans
error: nothing was cut, because of 1 of 1 picture
  use another --into, or rename the picture or its folder

"#]],
    );
    assert_same_snapshot(&before, &whole(&sandbox.path("pyr")));
}

#[test]
fn pyramid_around_one_of_an_earlier_run_is_refused() {
    let sandbox = rolls();
    sandbox.write("scans.png", Png::new(2, 8).file((20, 10), 7, &[]));
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "--keep-folders", "scans/roll00/1.png"]);
    sandbox.run(&["cut", "--into", "pyr", "scans.png"]).expect(
        2,
        str![[r#"
error: scans.png: pyr/scans would contain the pyramid pyr/scans/roll00/1
error: nothing was cut, because of 1 of 1 picture
  use another --into, or rename the picture or its folder

"#]],
    );
    // Newer pictures of pyramids that are there go on.
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "--keep-folders", "scans/roll00/1.png"]);
}

#[test]
fn edited_picture_with_another_extension_is_told_the_command_that_takes_it() {
    let sandbox = rolls();
    std::fs::copy(sandbox.path("scans/roll01/1.png"), sandbox.path("scans/roll00/1.tif")).unwrap();
    sandbox.run(&["cut", "--into", "pyr", "scans/roll00/1.png", "scans/roll00/1.tif"]).expect(
        2,
        str![[r#"
error: scans/roll00/1.tif: scans/roll00/1.png goes into pyr/1, too
error: nothing was cut, because of 1 of 2 pictures
  for an edited picture, run fast_pyramid cut scans/roll00/1.tif pyr/1

"#]],
    );
    sandbox.succeed(&["cut", "-q", "--into", "pyr", "scans/roll00/1.png"]);
    sandbox.run(&["cut", "--into", "pyr", "scans/roll00/1.tif"]).expect(
        2,
        str![[r#"
error: pyr/1/pyramid.json: cut from scans/roll00/1.png, not from scans/roll00/1.tif
  for an edited picture, run fast_pyramid cut scans/roll00/1.tif pyr/1; if the picture was renamed, write "picture": "../../scans/roll00/1.tif"

"#]],
    );
    sandbox.succeed(&["cut", "-q", "scans/roll00/1.tif", "pyr/1"]);
}
