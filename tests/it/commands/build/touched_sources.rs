//! Source tiles whose times or inodes say that something may have changed (docs/versions.md).

use super::changed_sources::published;
use std::fs::{self, File};
use std::time::SystemTime;
use test_support::cli::Sandbox;
use test_support::tree::assert_tree_rules;

/// Sets the modification time of `name` to that of `like`.
fn same_mtime(sandbox: &Sandbox, name: &str, like: SystemTime) {
    File::options().write(true).open(sandbox.path(name)).unwrap().set_modified(like).unwrap();
}

/// Uniform tiles of one size have equally long files, and some pipelines set a fixed time.
#[test]
fn tile_of_equal_length_and_mtime_is_noticed() {
    for in_place in [true, false] {
        let sandbox = Sandbox::new();
        sandbox.spec("p", "{ width: 64, height: 32, tile_size: 32, overlap: 0 }");
        let uniform = |grey: u8| {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image::GrayImage::from_pixel(32, 32, image::Luma([grey]))
                .write_to(&mut bytes, image::ImageFormat::Png)
                .unwrap();
            bytes.into_inner()
        };
        let (old, new) = (uniform(10), uniform(20));
        assert_eq!(old.len(), new.len());
        sandbox.write("p/v0/0_0.png", &old);
        sandbox.write("p/v0/1_0.png", &old);
        sandbox.succeed(&["p", "-q"]);
        let time = fs::metadata(sandbox.path("p/v0/0_0.png")).unwrap().modified().unwrap();
        if in_place {
            sandbox.write("p/v0/0_0.png", &new);
        } else {
            sandbox.write("p/new", &new);
            fs::rename(sandbox.path("p/new"), sandbox.path("p/v0/0_0.png")).unwrap();
        }
        same_mtime(&sandbox, "p/v0/0_0.png", time);
        let ended = sandbox.run(&["p"]);
        assert_eq!(ended.code, 3, "{}", ended.err);
        assert!(ended.err.contains("1 changed tile since v0 was published: 0_0.png"), "{}", ended.err);
    }
}

/// The times in the manifest of a version.
fn manifest(sandbox: &Sandbox, version: &str) -> Vec<u8> {
    fs::read(sandbox.path(&format!("p/dest/.fast_pyramid/versions/{version}/tiles"))).unwrap()
}

/// Copies, links of backups and other inodes are no changes; each leads to one new reading.
#[test]
fn copies_and_backups_are_read_once_and_not_reported() {
    let sandbox = published();
    let program = |name: &str, arguments: &[&str]| {
        let status = std::process::Command::new(name).args(arguments).current_dir(sandbox.path("")).status().unwrap();
        assert!(status.success(), "{name} {arguments:?}");
    };
    let assert_nothing_to_do = || {
        let before = manifest(&sandbox, "v0");
        for _ in 0..2 {
            let ended = sandbox.succeed(&["p"]);
            assert!(ended.err.contains("nothing to do"), "{}", ended.err);
        }
        let after = manifest(&sandbox, "v0");
        assert_eq!(before.len(), after.len());
        before != after
    };
    assert!(!assert_nothing_to_do());
    program("cp", &["-al", "p", "backup"]);
    assert!(assert_nothing_to_do(), "a link in a backup changes the ctime");
    program("cp", &["-a", "p", "copy"]);
    program("rm", &["-r", "p"]);
    program("mv", &["copy", "p"]);
    assert!(assert_nothing_to_do(), "a copy has other inodes");
    program("chmod", &["a-w", "p/v0/0_0.jpg"]);
    assert!(assert_nothing_to_do());
    assert_tree_rules(&sandbox.path("p"));
}

#[test]
fn vacuum_leads_to_no_complaint() {
    let sandbox = published();
    sandbox.succeed(&["vacuum", "p", "--keep-last", "1", "-q"]);
    for _ in 0..2 {
        let ended = sandbox.succeed(&["p"]);
        assert!(ended.err.contains("v2 is published, nothing to do"), "{}", ended.err);
    }
    sandbox.succeed(&["verify", "p", "-q"]);
}
