//! Runs the program as a user does, in a temporary folder of its own, so that paths in messages are short and stable.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use snapbox::Assert;
use snapbox::data::Inline;
use tempfile::TempDir;

use super::tree::{Snapshot, assert_same_snapshot, assert_sources_unchanged, snapshot, source_fingerprint};
use super::{copy_sources, fixture, program};

pub use super::limited::{HANG_TIMEOUT, LimitedCommand};

/// A temporary folder to run the program in.
pub struct Sandbox {
    folder: TempDir,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// An empty sandbox.
    pub fn new() -> Sandbox {
        Sandbox { folder: TempDir::with_prefix("cli").unwrap() }
    }

    /// An empty sandbox in memory, if the system has a place there: flushing to a disk takes most of the time of a small
    /// build.
    pub fn in_memory() -> Sandbox {
        let folder = tempfile::Builder::new().prefix("cli").tempdir_in("/dev/shm");
        folder.map_or_else(|_| Sandbox::new(), |folder| Sandbox { folder })
    }

    /// Acquires the lock of the pyramid `p`, as another process would.
    pub fn hold(&self) -> fs::File {
        fs::create_dir_all(self.path("p/dest/.fast_pyramid")).unwrap();
        let path = self.path("p/dest/.fast_pyramid/lock");
        let file = fs::File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
        file
    }

    /// A sandbox with a pyramid `p` of JPEG tiles in a single row, 64x48 pixels each.
    pub fn with_row(tiles: usize) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.row("p", tiles);
        sandbox
    }

    /// A sandbox with a copy of a fixture, named like it.
    pub fn with_fixture(name: &str) -> Sandbox {
        let sandbox = Sandbox::new();
        copy_sources(name, &sandbox.path(name));
        sandbox
    }

    /// A sandbox with a pyramid `p` of a single tile, a copy of `fixtures/odd/file` under the name `tile`.
    pub fn with_odd(file: &str, tile: &str, width: u32, height: u32) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.spec("p", format!("{{ width: {width}, height: {height}, tile_size: 64, overlap: 0 }}"));
        sandbox.odd(file, &format!("p/v0/{tile}"));
        sandbox
    }

    /// Adds a pyramid like that of [`Sandbox::with_row`].
    pub fn row(&self, name: &str, tiles: usize) {
        self.spec(name, format!("{{ width: {}, height: 48, tile_size: 64, overlap: 0 }}", 64 * tiles));
        for column in 0..tiles {
            self.odd("plain.jpg", &format!("{name}/v0/{column}_0.jpg"));
        }
    }

    /// A path in the sandbox.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and creates its folders.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Writes a pyramid.json.
    pub fn spec(&self, pyramid: &str, text: impl AsRef<[u8]>) {
        self.write(&format!("{pyramid}/pyramid.json"), text);
    }

    /// Copies a file of `fixtures/odd`.
    pub fn odd(&self, file: &str, to: &str) {
        self.write(to, fs::read(fixture("odd").join(file)).unwrap());
    }

    /// Creates a named pipe that nobody writes to.
    pub fn pipe(&self, name: &str) {
        assert!(Command::new("mkfifo").arg(self.path(name)).status().unwrap().success());
    }

    /// Creates a symbolic link.
    pub fn link(&self, name: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
    }

    /// Deletes a file.
    pub fn delete(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// The program, to be run in this folder.
    pub fn command(&self) -> LimitedCommand {
        let mut command = LimitedCommand::new(program());
        command.current_dir(self.folder.path());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command().args(arguments).output();
        let code = output.status.code();
        let code = code.unwrap_or_else(|| panic!("{arguments:?} did not end by itself: {}", output.status));
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ended = Ended { code, out: text(output.stdout), err: text(output.stderr) };
        ended.check_manners();
        ended
    }

    /// Runs the program, which must succeed.
    pub fn succeed(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
        ended
    }

    /// Fails unless the program ends with this code and this text on standard error, and changes neither the trees nor the
    /// sources of `pyramid`.
    #[track_caller]
    pub fn refuse(&self, pyramid: &str, arguments: &[&str], code: i32, err: Inline) {
        let pyramid = self.path(pyramid);
        let (sources, published) = (source_fingerprint(&pyramid), published(&pyramid));
        self.run(arguments).expect(code, err);
        assert_sources_unchanged(&pyramid, &sources);
        assert_same_snapshot(&published, &self::published(&pyramid));
    }

    /// Fails unless a build of `p` is refused as invalid input with this text on standard error, and publishes nothing.
    #[track_caller]
    pub fn refuse_p(&self, err: Inline) {
        self.refuse("p", &["p"], 3, err);
        // No tree appears.
        assert!(fs::symlink_metadata(self.path("p/dest/dzi/v0")).is_err());
        assert!(fs::symlink_metadata(self.path("p/dest/dzi/latest")).is_err());
    }
}

/// Copies the program, for tests that run it as another user.
///
/// With `cp`, because the copy cannot be run while any process has it open for writing, and a child that another test
/// starts meanwhile inherits this process's open files until it runs its own program.
pub fn copy_program(to: &Path) {
    assert!(Command::new("cp").arg(program()).arg(to).status().unwrap().success());
}

/// Everything published; nothing where the folder is missing.
fn published(pyramid: &Path) -> Snapshot {
    let dzi = pyramid.join("dest/dzi");
    // An empty folder publishes nothing.
    if dzi.is_dir() { snapshot(&dzi) } else { Snapshot::new() }
}

/// The exit code and output of a run.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Checks what holds for every run: no panic, and no error of more than four lines.
    fn check_manners(&self) {
        assert_ne!(self.code, 101, "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        if self.err.contains("For more information, try '--help'") {
            // Wrong usage, as explained by the library that reads the command line.
            assert_eq!(self.code, 2);
            return;
        }
        let mut lines = 0;
        for line in self.err.lines() {
            lines = match lines {
                _ if line.starts_with("error: ") => 1,
                1.. if line.starts_with("  ") => lines + 1,
                _ => 0,
            };
            assert!(lines <= 4, "an error has more than four lines:\n{}", self.err);
        }
    }

    /// Fails unless the code and standard error are these, and standard output is empty.
    #[track_caller]
    pub fn expect(&self, code: i32, err: Inline) {
        assert_eq!(self.out, "");
        same(&self.err, err);
        assert_eq!(self.code, code, "{}", self.err);
    }

    /// Each line of standard output as JSON.
    pub fn json(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Fails unless a text is as expected; durations are ignored.
#[track_caller]
pub fn same(text: &str, expected: Inline) {
    let lines = text.split_inclusive('\n').map(|line| match line.split_once("/dest/dzi/latest in ") {
        Some((before, _)) => format!("{before}/dest/dzi/latest in N s\n"),
        None => line.to_owned(),
    });
    Assert::new()
        .action_env("SNAPSHOTS")
        .normalize_paths(false)
        .eq(lines.collect::<String>(), snapbox::Data::from(expected));
}
