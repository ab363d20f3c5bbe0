//! Several pyramids in one run, and `--json` (docs/json.md).

use serde_json::{Value, json};
use snapbox::str;
use test_support::cli::Sandbox;
use test_support::tree::assert_tree_rules;

/// The keys of an object, in alphabetical order.
fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// An object without the time it took, which must be there.
fn timeless(mut object: Value) -> Value {
    let seconds = object.as_object_mut().unwrap().remove("seconds").unwrap();
    assert!(seconds.as_f64().is_some_and(|seconds| seconds >= 0.0), "{seconds}");
    object
}

#[test]
fn failed_pyramid_does_not_stop_the_others() {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c"] {
        sandbox.row(name, 2);
    }
    sandbox.spec("b", "{}");
    sandbox.run(&["a", "b", "nowhere", "c"]).expect(
        3,
        str![[r#"
a: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
a: published a/dest/dzi/latest in N s
error: b/pyramid.json: "width" is missing
  expected a whole number from 1 to 2147483648
error: nowhere: no such folder
  give the folder that holds pyramid.json and v0; to cut a picture, run fast_pyramid cut PICTURE DIR
c: v0 built: 9 tiles (7 generated, 2 patched, 0 linked)
c: published c/dest/dzi/latest in N s
4 pyramids: 2 done, 2 failed
  failed: b
  failed: nowhere

"#]],
    );
    assert_tree_rules(&sandbox.path("a"));
    assert_tree_rules(&sandbox.path("c"));
    assert!(!sandbox.path("b/dest").exists());
}

#[test]
fn highest_exit_code_wins() {
    let sandbox = Sandbox::new();
    sandbox.row("input", 1);
    sandbox.row("good", 1);
    sandbox.row("usage", 1);
    sandbox.spec("input", "{}");
    assert_eq!(sandbox.run(&["good", "usage", "--rebuild-from", "1"]).code, 2);
    assert_eq!(sandbox.run(&["usage", "input", "good", "--rebuild-from", "1"]).code, 3);
    assert_eq!(sandbox.run(&["input", "usage", "good", "--rebuild-from", "1"]).code, 3);
    assert_eq!(sandbox.run(&["good", "usage"]).code, 0);
}

#[test]
fn same_pyramid_twice_is_built_once() {
    let sandbox = Sandbox::with_row(1);
    sandbox.run(&["p", "p"]).expect(
        0,
        str![[r#"
p: v0 built: 7 tiles (6 generated, 1 patched, 0 linked)
p: published p/dest/dzi/latest in N s

"#]],
    );
}

#[test]
fn json_is_one_object_per_pyramid_and_line() {
    let sandbox = Sandbox::new();
    sandbox.row("a", 2);
    sandbox.row("c", 2);
    let ended = sandbox.run(&["--json", "a", "b", "c"]);
    assert_eq!(ended.code, 3);
    let objects = ended.json();
    assert_eq!(objects.iter().map(|object| object["pyramid"].clone()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(keys(&objects[0]), ["pyramid", "schema", "seconds", "versions"]);
    assert_eq!(keys(&objects[2]), ["pyramid", "schema", "seconds", "versions"]);
    assert_eq!(keys(&objects[1]), ["code", "error", "hint", "pyramid", "schema", "versions"]);
    assert_eq!(objects[1]["code"], 3);
    assert!(ended.err.contains(objects[1]["error"].as_str().unwrap()));
    let versions = ["generated", "linked", "patched", "status", "tiles", "version"];
    assert_eq!(keys(&objects[0]["versions"][0]), versions);
}

#[test]
fn json_has_each_status() {
    let sandbox = Sandbox::with_row(2);
    let built = json!({ "version": 0, "status": "built", "tiles": 9, "generated": 7, "patched": 2, "linked": 0 });
    let mut planned = built.clone();
    planned["status"] = "would_build".into();
    let mut there = built.clone();
    there["status"] = "up_to_date".into();

    let run = |arguments: &[&str]| timeless(sandbox.succeed(arguments).json().remove(0));
    assert_eq!(run(&["p", "--json", "--dry-run"]), json!({ "pyramid": "p", "schema": 1, "versions": [planned] }));
    assert_eq!(run(&["p", "--json"]), json!({ "pyramid": "p", "schema": 1, "versions": [built] }));
    assert_eq!(run(&["p", "--json"]), json!({ "pyramid": "p", "schema": 1, "versions": [there] }));
    assert_eq!(
        run(&["build", "p", "--json", "--dry-run"]),
        json!({ "pyramid": "p", "schema": 1, "versions": [there] })
    );

    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    let next = json!({ "version": 1, "status": "built", "tiles": 9, "generated": 7, "patched": 1, "linked": 1 });
    assert_eq!(run(&["build", "--json", "p"]), json!({ "pyramid": "p", "schema": 1, "versions": [there, next] }));
    assert_eq!(
        run(&["p", "--json", "--rebuild-from", "v0"]),
        json!({ "pyramid": "p", "schema": 1, "versions": [built, next] })
    );
}

#[test]
fn generated_patched_and_linked_add_up_to_all_tiles() {
    for name in ["relief", "png_alpha", "row_column"] {
        let sandbox = Sandbox::with_fixture(name);
        for arguments in [&[name, "--json", "--dry-run"] as &[&str], &[name, "--json"], &[name, "--json"]] {
            let objects = sandbox.succeed(arguments).json();
            assert_eq!(objects.len(), 1);
            let versions = objects[0]["versions"].as_array().unwrap();
            assert!(versions.len() > 1);
            for version in versions {
                let number = |key: &str| version[key].as_u64().unwrap();
                assert_eq!(number("tiles"), number("generated") + number("patched") + number("linked"), "{version}");
                assert_eq!(number("tiles"), versions[0]["tiles"].as_u64().unwrap());
            }
            assert_eq!(versions[0]["linked"], 0);
        }
    }
}

#[test]
fn json_is_all_on_standard_output() {
    let sandbox = Sandbox::with_row(2);
    assert_eq!(sandbox.succeed(&["p"]).out, "");
    let ended = sandbox.succeed(&["p", "--json", "-v", "--progress", "always"]);
    assert_eq!((ended.out.lines().count(), ended.json().len()), (1, 1));
}

#[test]
fn names_are_quoted_in_json() {
    let sandbox = Sandbox::new();
    sandbox.row("a \"b\"\n", 1);
    let ended = sandbox.succeed(&["a \"b\"\n", "--json"]);
    assert_eq!(ended.json()[0]["pyramid"], "a \"b\"\n");
}
