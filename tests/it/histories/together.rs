//! Several processes that work on one pyramid at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use test_support::tree::{assert_same_tree, assert_tree_rules};
use test_support::{copy_folder, fixture, keep_versions, unbuilt};

fn start(folder: &Path, arguments: &[&str]) -> Child {
    start_command(&[], folder, arguments)
}

fn start_command(command_name: &[&str], folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(test_support::program());
    command
        .args(command_name)
        .arg(folder)
        .arg("-q")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

fn code(mut child: Child) -> i32 {
    child.wait().unwrap().code().unwrap()
}

#[test]
fn two_builds_at_once_do_not_disturb_each_other() {
    let (_scratch, expected) = unbuilt("png_alpha");
    assert_eq!(code(start(&expected, &[])), 0);
    for turn in 0..30 {
        let (_scratch, folder) = unbuilt("png_alpha");
        let wait: &[&str] = if turn % 2 == 0 { &[] } else { &["--wait", "60"] };
        let both = [start(&folder, wait), start(&folder, wait)].map(code);
        if turn % 2 == 0 {
            assert!(both.contains(&0) && both.iter().all(|code| [0, 4].contains(code)), "{both:?}");
        } else {
            assert_eq!(both, [0, 0]);
        }
        assert_tree_rules(&folder);
        assert_same_tree(&expected.join("dest/dzi"), &folder.join("dest/dzi"));
    }
}

/// Reads every tile of the tree that `latest` leads to at the beginning; returns its version's name.
fn read_latest(pyramid: &Path) -> PathBuf {
    let tree = fs::canonicalize(pyramid.join("dest/dzi/latest")).unwrap();
    let mut tiles = 0;
    for entry in walkdir::WalkDir::new(&tree) {
        let entry = entry.unwrap();
        if !entry.file_type().is_dir() {
            let bytes = fs::read(entry.path()).unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
            assert!(!bytes.is_empty());
            tiles += 1;
        }
    }
    assert_eq!(tiles, 73 + 1);
    tree
}

#[test]
fn reader_never_sees_a_half_built_tree() {
    let (_scratch, folder) = unbuilt("relief");
    assert_eq!(code(start(&folder, &[])), 0);
    let (done, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    /// Ends the reader, also when the test fails.
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|scope| {
        let _end = End(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                read_latest(&folder);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        for version in 3..50 {
            let patch = folder.join(format!("v{version}"));
            fs::create_dir(&patch).unwrap();
            let (column, row) = (version % 7, version % 5);
            fs::copy(
                fixture("relief").join("v0").join(format!("{}_{row}.jpg", (column + 1) % 7)),
                patch.join(format!("{column}_{row}.jpg")),
            )
            .unwrap();
            assert_eq!(code(start(&folder, &[])), 0);
            if version % 7 == 0 {
                assert_eq!(code(start_command(&["vacuum"], &folder, &["--keep-last", "4"])), 0);
            }
        }
    });
    assert!(rounds.into_inner() > 5);
    assert!(read_latest(&folder).ends_with("v49"));
}

#[test]
fn build_and_vacuum_take_turns() {
    for turn in 0..20 {
        let (_scratch, folder) = unbuilt("png_alpha");
        fs::rename(folder.join("v1"), folder.join("aside")).unwrap();
        assert_eq!(code(start(&folder, &[])), 0);
        fs::rename(folder.join("aside"), folder.join("v1")).unwrap();
        let wait: &[&str] = if turn % 2 == 0 { &[] } else { &["--wait", "60"] };
        let build = start(&folder, wait);
        let vacuum = start_command(&["vacuum"], &folder, &[&["--keep-last", "1"], wait].concat());
        let codes = [code(build), code(vacuum)];
        // A vacuum that comes first finds a version that is not built yet, and says so.
        assert!(codes.iter().all(|code| [0, 1, 2, 4].contains(code)), "{codes:?}");
        assert_eq!(code(start(&folder, &[])), 0);
        assert_eq!(code(start_command(&["vacuum"], &folder, &["--keep-last", "1"])), 0);
        assert_eq!(code(start_command(&["verify"], &folder, &[])), 0);
        assert_tree_rules(&folder);
        let (_scratch, fresh) = unbuilt("png_alpha");
        keep_versions(&fresh, &[]);
        copy_folder(&folder.join("v1"), &fresh.join("v1"));
        assert_eq!(code(start(&fresh, &[])), 0);
        assert_same_tree(&fresh.join("dest/dzi"), &folder.join("dest/dzi"));
    }
}
