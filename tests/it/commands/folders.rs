//! Several pyramids, and pyramids that are found with `-r`.

use serde_json::json;
use snapbox::str;
use std::fs;
use test_support::cli::Sandbox;

/// Pyramids on several levels of an archive, one of them damaged, and other folders.
fn archive() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["archive/2024/b", "archive/2024/a", "archive/x/y/c"] {
        fs::create_dir_all(sandbox.path(name)).unwrap();
        sandbox.row(name, 2);
    }
    sandbox.write("archive/notes/readme.txt", "not a pyramid");
    // Within a pyramid nothing is looked for.
    sandbox.write("archive/2024/a/v0/.hidden/pyramid.json", "{}");
    sandbox
}

#[test]
fn recursive_commands_find_all_pyramids() {
    let sandbox = archive();
    let found = ["archive/2024/a", "archive/2024/b", "archive/x/y/c"].map(|name| json!(name));
    for arguments in [
        &["-r", "archive"][..],
        &["info", "-r", "archive"],
        &["changes", "-r", "archive"],
        &["verify", "-r", "archive"],
        &["repair", "-r", "archive"],
        &["vacuum", "--keep-last", "1", "-r", "archive"],
    ] {
        let ended = sandbox.succeed(&[arguments, &["--json", "-q"]].concat());
        let names: Vec<_> = ended.json().into_iter().map(|object| object["pyramid"].clone()).collect();
        assert_eq!(names, found, "{arguments:?}");
    }
    sandbox.run(&["archive/2024", "-r"]).expect(
        0,
        str![[r#"
archive/2024/a: v0 is published, nothing to do
archive/2024/b: v0 is published, nothing to do
2 pyramids: 2 done, 0 failed

"#]],
    );
}

#[test]
fn failed_pyramid_is_obvious_in_the_end() {
    let sandbox = archive();
    sandbox.succeed(&["-r", "archive", "-q"]);
    let tile = "archive/2024/b/dest/dzi/v0/dzi_files/3/0_0.jpg";
    fs::write(sandbox.path(tile), "damaged").unwrap();
    let ended = sandbox.run(&["verify", "-r", "archive"]);
    assert_eq!(ended.code, 1);
    assert!(ended.out.starts_with("archive/2024/b: v0 dzi_files/3/0_0.jpg: wrong_length"), "{}", ended.out);
    assert_eq!(ended.out.lines().count(), 1);
    let summary: Vec<&str> = ended.err.lines().rev().take(2).collect();
    assert_eq!(summary, ["  failed: archive/2024/b", "3 pyramids: 2 done, 1 failed"]);
    let objects = sandbox.run(&["verify", "-r", "archive", "--json"]).json();
    assert!(objects.iter().all(|object| object["pyramid"].as_str().unwrap().starts_with("archive/")), "{objects:?}");
    let ended = sandbox.succeed(&["repair", "-r", "archive"]);
    assert_eq!(ended.out, "archive/2024/b: v0 dzi_files/3/0_0.jpg: regenerated\n");
}

#[test]
fn folder_of_pyramids_without_recursive_has_a_hint() {
    let sandbox = archive();
    for command in ["verify", "build", "info"] {
        let ended = sandbox.run(&[command, "archive"]);
        assert_eq!(ended.code, 3);
        assert!(ended.err.ends_with("\n  add -r for the pyramids in it\n"), "{}", ended.err);
    }
}

#[test]
fn folder_without_pyramids_is_refused() {
    let sandbox = archive();
    sandbox.run(&["-r", "archive/notes"]).expect(
        3,
        str![[r#"
error: archive/notes: no pyramid in it
  a pyramid is a folder with pyramid.json

"#]],
    );
}

#[test]
fn missing_folder_is_refused_alike_with_and_without_recursive() {
    let sandbox = archive();
    for arguments in [&["nowhere"][..], &["-r", "nowhere"], &["build", "-r", "nowhere", "archive/2024"]] {
        let ended = sandbox.run(arguments);
        assert!(ended.code == 3 && ended.err.contains("error: nowhere: no such folder\n"), "{}", ended.err);
    }
}

#[test]
fn folder_without_pyramids_has_a_json_object() {
    let sandbox = archive();
    for command in ["build", "info", "verify"] {
        let ended = sandbox.run(&[command, "--json", "-r", "archive/notes", "archive/2024", "nowhere"]);
        let objects = ended.json();
        let (of_notes, of_nowhere) = (&objects[0], &objects[1]);
        assert_eq!((&of_notes["pyramid"], &of_notes["code"]), (&json!("archive/notes"), &json!(3)), "{command}");
        assert_eq!(of_notes["error"], "archive/notes: no pyramid in it");
        assert_eq!((&of_nowhere["pyramid"], &of_nowhere["code"]), (&json!("nowhere"), &json!(3)), "{command}");
        assert_eq!((objects.len(), ended.code), (4, 3), "{command}");
    }
}

#[test]
fn changes_of_several_pyramids_name_them() {
    let sandbox = archive();
    sandbox.succeed(&["-r", "archive", "-q"]);
    let out = sandbox.succeed(&["changes", "archive/2024/a", "archive/x/y/c"]).out;
    let of_c = out.lines().filter(|line| line.starts_with("archive/x/y/c: dzi_files/")).count();
    assert_eq!((of_c, out.lines().count()), (9, 18));
}

#[test]
fn pyramid_given_twice_runs_once() {
    let sandbox = archive();
    let twice = ["archive/2024/a", "./archive/2024/a/", "archive/2024/../2024/a"];
    let objects = sandbox.succeed(&[&["--json", "-q"], &twice[..]].concat()).json();
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert_eq!(objects[0]["pyramid"], "archive/2024/a");
    let objects = sandbox.succeed(&["info", "--json", "-r", "archive", "archive/x"]).json();
    assert_eq!(objects.len(), 3, "{objects:?}");
    // Running twice, it would take the first one back.
    sandbox.odd("grey.jpg", "archive/2024/a/v1/0_0.jpg");
    sandbox.succeed(&["archive/2024/a", "-q"]);
    sandbox.succeed(&["revert", "-q", "archive/2024/a", "archive/2024/a"]);
    assert!(!sandbox.path("archive/2024/a/v3").exists());
    // Folders that do not exist are no exception.
    assert_eq!(sandbox.run(&["--json", "-q", "nowhere", "nowhere"]).json().len(), 1);
}

#[test]
fn misspelt_command_builds_nothing() {
    let sandbox = archive();
    sandbox.run(&["verfy", "archive/2024/a"]).expect(
        2,
        str![[r#"
error: verfy: no such command or folder
  did you mean verify? fast_pyramid help lists all commands

"#]],
    );
    sandbox.run(&["-q", "-r", "pictures", "archive"]).expect(
        2,
        str![[r#"
error: pictures: no such command or folder
  give the folder that holds pyramid.json and v0; fast_pyramid help lists all commands

"#]],
    );
    let object = sandbox.run(&["--json", "-q", "verfy", "archive/2024/a"]).json().remove(0);
    assert_eq!((&object["pyramid"], &object["code"]), (&json!("verfy"), &json!(2)));
    assert!(!sandbox.path("archive/2024/a/dest").exists());
    // No command is like it, and nothing else would be built.
    assert_eq!(sandbox.run(&["pictures"]).code, 3);
    // What does not look like a command is a folder, and so is a word after one.
    assert_eq!(sandbox.run(&["./verfy", "archive/2024/a"]).code, 3);
    assert_eq!(sandbox.run(&["archive/2024/b", "verfy"]).code, 3);
    assert!(sandbox.path("archive/2024/a/dest").exists() && sandbox.path("archive/2024/b/dest").exists());
}
