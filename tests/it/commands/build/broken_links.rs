//! A build without work notices that what is published was copied without its links.

use snapbox::str;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use test_support::cli::Sandbox;
use test_support::tree::assert_tree_rules;

/// A published pyramid with a patch.
fn published() -> Sandbox {
    let sandbox = Sandbox::with_row(4);
    sandbox.odd("grey.jpg", "p/v1/1_0.jpg");
    sandbox.succeed(&["p", "-q"]);
    sandbox
}

fn links(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    entries.filter(|path| path.is_symlink()).collect()
}

/// A build, its dry run, and a cut of nothing new fail; repair makes up for it.
#[track_caller]
fn assert_noticed_and_repaired(sandbox: &Sandbox, problem: &str) {
    for arguments in [&["p"][..], &["p", "--dry-run"]] {
        let ended = sandbox.run(arguments);
        assert_eq!(ended.code, 1, "{}", ended.err);
        assert!(ended.err.contains(problem), "{}", ended.err);
        assert!(ended.err.contains("run fast_pyramid repair p"), "{}", ended.err);
    }
    sandbox.succeed(&["repair", "p", "-q"]);
    assert_tree_rules(&sandbox.path("p"));
    let ended = sandbox.succeed(&["p"]);
    assert!(ended.err.contains("nothing to do"), "{}", ended.err);
}

/// `rsync -r` skips links.
#[test]
fn lost_links_are_noticed() {
    let sandbox = published();
    for link in links(&sandbox.path("p/dest")) {
        fs::remove_file(link).unwrap();
    }
    assert_noticed_and_repaired(&sandbox, "expected a link to a source tile, found nothing");
}

/// A checkout without symbolic links writes their targets into files.
#[test]
fn links_that_became_text_files_are_noticed() {
    let sandbox = published();
    for link in links(&sandbox.path("p/dest")) {
        let target = fs::read_link(&link).unwrap();
        fs::remove_file(&link).unwrap();
        fs::write(&link, target.to_str().unwrap()).unwrap();
    }
    assert_noticed_and_repaired(&sandbox, "p/dest/dzi/latest: expected a link to v1, found a file of 2 bytes");
}

/// `cp -rL` copies what links lead to.
#[test]
fn links_that_became_copies_are_noticed() {
    let sandbox = published();
    let dest = sandbox.path("p/dest");
    let copied = std::process::Command::new("cp").arg("-rL").arg(&dest).arg(sandbox.path("copy")).status().unwrap();
    assert!(copied.success());
    fs::remove_dir_all(&dest).unwrap();
    fs::rename(sandbox.path("copy"), &dest).unwrap();
    assert_noticed_and_repaired(&sandbox, "p/dest/dzi/latest: expected a link to v1, found a folder");
}

#[test]
fn links_that_lead_elsewhere_are_noticed() {
    let sandbox = published();
    for link in links(&sandbox.path("p/dest/dzi/v0")) {
        fs::remove_file(&link).unwrap();
        symlink("../../../../../v7/0_0.jpg", &link).unwrap();
    }
    assert_noticed_and_repaired(&sandbox, "the link does not lead to this tile");
}

/// What a build leaves that was killed just before its end is no damage.
#[test]
fn older_or_missing_latest_is_updated() {
    let sandbox = published();
    let latest = sandbox.path("p/dest/dzi/latest");
    for older in [Some("v0"), None] {
        fs::remove_file(&latest).unwrap();
        if let Some(older) = older {
            symlink(older, &latest).unwrap();
        }
        sandbox.run(&["p"]).expect(
            0,
            str![[r#"
p: v1 is published, nothing to do

"#]],
        );
        assert_eq!(fs::read_link(&latest).unwrap(), Path::new("v1"));
    }
}
