//! Sources that change while they are read, and many versions of one tile.

use crate::support::build_options;
use fast_pyramid::{Event, Observer, Pyramid};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use test_support::cli::Sandbox;
use test_support::tree::{assert_same_snapshot, assert_tree_rules, snapshot};

#[test]
fn sixty_versions_of_one_tile_are_built() {
    let sandbox = Sandbox::with_row(2);
    let files = ["grey.jpg", "progressive.jpg", "restart.jpg", "422.jpg"];
    for version in 1..60 {
        sandbox.odd(files[version % files.len()], &format!("p/v{version}/0_0.jpg"));
    }
    sandbox.succeed(&["p", "-q"]);
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
    // No link leads to a link, so no limit on their number is near.
    for version in 0..60 {
        let levels = sandbox.path(&format!("p/dest/dzi/v{version}/dzi_files"));
        for entry in
            walkdir::WalkDir::new(levels).into_iter().map(Result::unwrap).filter(|entry| entry.path_is_symlink())
        {
            let target = entry.path().parent().unwrap().join(fs::read_link(entry.path()).unwrap());
            assert!(target.symlink_metadata().unwrap().is_file(), "{}", target.display());
        }
    }
    sandbox.succeed(&["vacuum", "p", "-q", "--drop", "3..57"]);
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
}

/// Renames a folder after a number of tiles.
struct Vanishing {
    after: u64,
    folder: PathBuf,
    done: AtomicU64,
}

impl Observer for Vanishing {
    fn event(&self, event: &Event<'_>) {
        let &Event::TilesDone(count) = event else { return };
        let before = self.done.fetch_add(count, Ordering::Relaxed);
        if before < self.after && before + count >= self.after {
            fs::rename(&self.folder, self.folder.with_extension("gone")).unwrap();
        }
    }
}

#[test]
fn version_that_vanishes_during_the_build_is_an_error() {
    let sandbox = Sandbox::with_fixture("relief");
    fs::remove_dir_all(sandbox.path("relief/v2")).unwrap();
    fs::rename(sandbox.path("relief/v1"), sandbox.path("aside")).unwrap();
    sandbox.succeed(&["relief", "-q", "--wait", "60"]);
    fs::rename(sandbox.path("aside"), sandbox.path("relief/v1")).unwrap();
    let before = snapshot(&sandbox.path("relief/dest/dzi"));
    let options = build_options(Some(1));
    for version in ["v0", "v1"] {
        for after in [1, 2, 3, 5] {
            let folder = sandbox.path("relief").join(version);
            let vanishing = Vanishing { after, folder: folder.clone(), done: AtomicU64::new(0) };
            let result = Pyramid::open(sandbox.path("relief")).unwrap().build(&options.observer(&vanishing));
            fs::rename(folder.with_extension("gone"), &folder).unwrap();
            // An opened folder can still be read after it was renamed, so it may as well succeed.
            if result.is_ok() {
                sandbox.succeed(&["verify", "relief", "-q", "--wait", "60"]);
                fs::remove_dir_all(sandbox.path("relief/dest")).unwrap();
                fs::rename(sandbox.path("relief/v1"), sandbox.path("aside")).unwrap();
                sandbox.succeed(&["relief", "-q", "--wait", "60"]);
                fs::rename(sandbox.path("aside"), sandbox.path("relief/v1")).unwrap();
            }
            assert_same_snapshot(&before, &snapshot(&sandbox.path("relief/dest/dzi")));
        }
    }
    sandbox.succeed(&["relief", "-q", "--wait", "60"]);
    assert_tree_rules(&sandbox.path("relief"));
    sandbox.succeed(&["verify", "relief", "-q", "--wait", "60"]);
}
