//! `verify` reports each problem once, and changes nothing.

use serde_json::{Value, json};
use snapbox::str;
use std::fs;
use test_support::cli::{Ended, Sandbox};
use test_support::copy_folder;
use test_support::damage::{built, clear, damages, flip, forge, served, with_unchanged_parent};
use test_support::sampling::Sweep;
use test_support::tree::{assert_same_snapshot, snapshot};

/// `v1 dzi_files/9/1_0.jpg: missing`, for each problem printed with `--json`, and the object that sums up.
fn problems(ended: &Ended) -> (Vec<String>, Value) {
    let mut objects = ended.json();
    let summary = objects.pop().unwrap();
    let short = |problem: &Value| {
        let version = problem["version"].as_u64().map_or(String::new(), |version| format!("v{version} "));
        assert!(problem["expected"].is_string() && problem["found"].is_string());
        format!("{version}{}: {}", problem["path"].as_str().unwrap(), problem["kind"].as_str().unwrap())
    };
    (objects.iter().map(short).collect(), summary)
}

#[track_caller]
fn clean(sandbox: &Sandbox, pyramid: &str, versions: usize) {
    let before = snapshot(&sandbox.path(pyramid));
    for quick in [&["--json"] as &[&str], &["--json", "--quick"]] {
        let ended = sandbox.run(&[&["verify", pyramid, "-j", "2"], quick].concat());
        let (found, summary) = problems(&ended);
        assert_eq!((found.len(), ended.code), (0, 0), "{found:?} {}", ended.err);
        assert_eq!(summary["checked"].as_array().unwrap().len(), versions);
        assert_eq!(summary["problems"], 0);
    }
    assert_same_snapshot(&before, &snapshot(&sandbox.path(pyramid)));
}

#[test]
fn clean_pyramid_has_no_problems() {
    for (fixture, versions) in [("relief", 3), ("png_alpha", 2), ("row_column", 2)] {
        clean(&built(fixture), fixture, versions);
    }
}

#[test]
fn unchanged_parent_is_no_problem() {
    let sandbox = with_unchanged_parent();
    // v1 owns its base tile only.
    assert_eq!(sandbox.succeed(&["changes", "p", "--version", "1"]).out, "dzi_files/8/1_0.png\n");
    clean(&sandbox, "p", 4);
}

#[test]
fn sources_in_src_and_gaps_in_versions_are_no_problem() {
    let sandbox = Sandbox::new();
    sandbox.spec("p", "{ width: 128, height: 48, tile_size: 64, overlap: 0 }");
    sandbox.odd("plain.jpg", "p/src/v3/0_0.jpg");
    sandbox.odd("plain.jpg", "p/src/v3/1_0.jpg");
    sandbox.odd("grey.jpg", "p/src/v7/1_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    clean(&sandbox, "p", 2);
}

#[test]
fn each_damage_is_reported_and_nothing_else() {
    let whole = built("relief");
    let step = Sweep::from_environment().step(2, 1);
    for (_, damage) in (1..).zip(damages()).filter(|(number, _)| number % step == 0) {
        let sandbox = Sandbox::new();
        copy(&whole, &sandbox);
        (damage.act)(&sandbox.path("relief"));
        let before = served(&sandbox, "relief");
        let ended = sandbox.run(&["verify", "relief", "--json", "-j", "2"]);
        let (found, summary) = problems(&ended);
        assert_eq!(found, damage.problems, "{}: {}", damage.name, ended.out);
        assert_eq!((ended.code, summary["problems"].as_u64()), (1, Some(found.len() as u64)), "{}", damage.name);
        assert_same_snapshot(&before, &served(&sandbox, "relief"));
    }
}

/// Copies a built pyramid with its links and modification times.
fn copy(from: &Sandbox, to: &Sandbox) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from.path("relief")).arg(to.path("relief")).status();
    assert!(copied.unwrap().success());
}

#[test]
fn quick_skips_pixels() {
    let sandbox = built("relief");
    let tile = sandbox.path("relief/dest/dzi/v0/dzi_files/10/3_2.jpg");
    let mut bytes = fs::read(tile).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    forge(&sandbox.path("relief"), 0, (10, 3, 2), &bytes);
    assert_eq!(sandbox.run(&["verify", "relief", "--quick", "-q"]).code, 0);
    assert_eq!(sandbox.run(&["verify", "relief", "-q"]).code, 1);
}

#[test]
fn linked_parent_that_does_not_fit_its_child_is_reported() {
    // v1 owns 1_0 and links its parent. Were the parent another, only comparing in v1 could tell.
    let sandbox = with_unchanged_parent();
    let pyramid = sandbox.path("p");
    let base = pyramid.join("v1/1_0.png");
    let mut picture = image::open(&base).unwrap().to_luma8();
    picture.get_pixel_mut(2, 2).0[0] ^= 64;
    picture.save(&base).unwrap();
    forge_source(&pyramid, 1, &fs::read(&base).unwrap());
    let (found, _) = problems(&sandbox.run(&["verify", "p", "--json"]));
    // v3 brings another child of the same parent, and finds it once more.
    assert_eq!(found, ["v1 dzi_files/7/0_0.png: wrong_pixels", "v3 dzi_files/7/0_0.png: wrong_pixels"]);
}

/// Makes the manifest of a version with one base tile say that these bytes are right.
fn forge_source(pyramid: &std::path::Path, version: u32, bytes: &[u8]) {
    let state = pyramid.join(format!("dest/.fast_pyramid/versions/v{version}"));
    let mut record = fs::read(state.join("tiles")).unwrap();
    assert_eq!((record.len(), record[0]), (48, 2));
    record[16..24].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    record[32..48].copy_from_slice(&xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes());
    fs::write(state.join("tiles"), &record).unwrap();
    let header = state.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&header).unwrap()).unwrap();
    manifest["records_hash"] = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(&record)).into();
    manifest["counts"]["patched_bytes"] = bytes.len().into();
    fs::write(header, manifest.to_string()).unwrap();
}

#[test]
fn changed_sources_are_reported() {
    let sandbox = built("relief");
    flip(&sandbox.path("relief/v0/0_0.jpg"));
    clear(&sandbox.path("relief/v0/1_0.jpg"));
    let patched = fs::read_dir(sandbox.path("relief/v1")).unwrap().next().unwrap().unwrap().path();
    let name = patched.file_name().unwrap().to_str().unwrap().to_owned();
    fs::write(&patched, "x").unwrap();
    let added = if name == "7_5.jpg" { "6_5.jpg" } else { "7_5.jpg" };
    fs::copy(sandbox.path("relief/v0/7_5.jpg"), sandbox.path("relief/v1").join(added)).unwrap();
    let ended = sandbox.run(&["verify", "relief", "--json"]);
    let (mut found, _) = problems(&ended);
    let mut wanted = vec![
        "v0 v0/0_0.jpg: source_changed".to_owned(),
        "v0 v0/1_0.jpg: source_missing".to_owned(),
        format!("v1 v1/{added}: source_changed"),
        format!("v1 v1/{name}: source_changed"),
    ];
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    // A change that only a modification time shows is none.
    let sandbox = built("relief");
    let bytes = fs::read(sandbox.path("relief/v0/0_0.jpg")).unwrap();
    sandbox.write("relief/v0/0_0.jpg", bytes);
    assert_eq!(sandbox.run(&["verify", "relief", "-q"]).code, 0);
}

#[test]
fn missing_source_folder_is_reported() {
    let sandbox = built("relief");
    fs::remove_dir_all(sandbox.path("relief/v1")).unwrap();
    let (found, _) = problems(&sandbox.run(&["verify", "relief", "--json"]));
    assert_eq!(found, ["v1 v1: source_missing"]);
}

#[test]
fn verify_prints_one_line_per_problem() {
    let sandbox = built("png_alpha");
    let ended = sandbox.run(&["verify", "png_alpha"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, ""));
    assert!(ended.err.starts_with("png_alpha: 2 versions with 46 tiles checked, no problems, in "), "{}", ended.err);
    sandbox.run(&["verify", "png_alpha", "-q"]).expect(0, str![[""]]);
    fs::remove_file(sandbox.path("png_alpha/dest/dzi/v0/dzi_files/7/0_0.png")).unwrap();
    let ended = sandbox.run(&["verify", "png_alpha", "-q"]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    assert_eq!(ended.out, "png_alpha: v0 dzi_files/7/0_0.png: missing: expected a file, found nothing\n");
}

#[test]
fn versions_of_another_encoder_are_checked_by_hash() {
    let sandbox = built("relief");
    let header = sandbox.path("relief/dest/.fast_pyramid/versions/v0/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&header).unwrap()).unwrap();
    manifest["encoder"] = json!(0);
    fs::write(&header, manifest.to_string()).unwrap();
    let tile = sandbox.path("relief/dest/dzi/v0/dzi_files/10/3_2.jpg");
    let mut bytes = fs::read(&tile).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    forge(&sandbox.path("relief"), 0, (10, 3, 2), &bytes);
    let ended = sandbox.run(&["verify", "relief"]);
    assert_eq!(ended.code, 0, "{}", ended.out);
    assert!(ended.err.contains("v0 was built by encoder 0; its generated tiles were compared by hash only"));
    let (_, summary) = problems(&sandbox.run(&["verify", "relief", "--json"]));
    assert_eq!(summary["other_encoders"], json!([0]));
    flip(&tile);
    let (found, _) = problems(&sandbox.run(&["verify", "relief", "--json"]));
    assert_eq!(found, ["v0 dzi_files/10/3_2.jpg: wrong_hash"]);
}

#[test]
fn unpublished_or_missing_pyramid_is_refused() {
    let sandbox = Sandbox::with_row(1);
    sandbox.run(&["verify", "p"]).expect(
        1,
        str![[r#"
error: p: nothing is published
  build the pyramid first

"#]],
    );
    assert!(!sandbox.path("p/dest").exists());
    assert_eq!(sandbox.run(&["verify", "nowhere", "--json"]).json()[0]["code"], 3);
}

#[test]
fn unbuilt_version_is_no_problem() {
    let sandbox = built("relief");
    copy_folder(&sandbox.path("relief/v1"), &sandbox.path("relief/v3"));
    assert_eq!(sandbox.run(&["verify", "relief", "-q"]).code, 0);
}

#[test]
fn problems_above_the_limit_are_counted() {
    let sandbox = built("relief");
    let folder = sandbox.path("relief/dest/dzi/v2/dzi_files");
    for number in 0..10_007 {
        fs::write(folder.join(format!("x{number:05}")), "").unwrap();
    }
    let ended = sandbox.run(&["verify", "relief", "--quick", "--json"]);
    let (found, summary) = problems(&ended);
    assert_eq!((found.len(), &summary["problems"], &summary["reported"]), (10_000, &json!(10_007), &json!(10_000)));
    assert!(found.is_sorted());
    assert!(ended.err.contains("7 problems more") || ended.err.contains("7 more"), "{}", ended.err);
}

#[test]
fn pyramid_behind_a_symbolic_link_is_the_pyramid() {
    let sandbox = built("png_alpha");
    sandbox.link("elsewhere", "png_alpha");
    for arguments in
        [&["verify", "elsewhere", "-q"][..], &["verify", "elsewhere/", "--quick", "-q"], &["repair", "elsewhere", "-q"]]
    {
        sandbox.succeed(arguments);
    }
}

#[test]
fn advice_is_about_what_is_wrong() {
    let sandbox = built("png_alpha");
    let tile = sandbox.path("png_alpha/v1").read_dir().unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&tile).unwrap();
    fs::remove_file(&tile).unwrap();
    let ended = sandbox.run(&["verify", "png_alpha"]);
    assert!(
        ended.err.contains("restore the source tiles yourself; nothing in dest has to be repaired"),
        "{}",
        ended.err
    );
    fs::write(&tile, bytes).unwrap();
    sandbox.delete("png_alpha/dest/dzi/latest");
    let ended = sandbox.run(&["verify", "png_alpha"]);
    assert!(ended.err.ends_with("png_alpha: run fast_pyramid repair png_alpha\n"), "{}", ended.err);
}
