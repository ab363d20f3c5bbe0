//! `cut` that is interrupted, that waits for another process, or whose standard input ends too early.

use rustix::process::{Pid, Signal, kill_process};
use snapbox::str;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use test_support::cli::{HANG_TIMEOUT, LimitedCommand, Sandbox};
use test_support::cutting::{cut_once, save};
use test_support::fixture;
use test_support::pictures::{Png, by_image, exif, pnm, source_pixels};
use test_support::strace::whole;
use test_support::tree::{assert_same_snapshot, assert_tree_rules};

/// Size of the pictures that come slowly.
const SIZE: (u32, u32) = (64, 640);

/// Starts to cut what comes through standard input.
fn start(sandbox: &Sandbox, arguments: &[&str]) -> Child {
    let mut command = Command::new(test_support::program());
    command.current_dir(sandbox.path("")).args(["cut", "-", "p", "--tile-size", "16"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < HANG_TIMEOUT, "{what} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Sends a signal and waits until the process has taken it, which on a busy machine can be long after its other threads
/// have read on.
fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
    wait_until("the signal", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        !status
            .lines()
            .any(|line| line.strip_prefix("ShdPnd:").is_some_and(|set| set.contains(|bit| ('1'..='f').contains(&bit))))
    });
    std::thread::sleep(Duration::from_millis(20));
}

/// Gives half of the picture, sends a signal when tiles are there, and then, as the program before it in a pipe would be
/// stopped, too, ends the stream; or goes on to the end.
fn interrupted(sandbox: &Sandbox, arguments: &[&str], signal: Signal, ends: bool) -> Output {
    let picture = pnm(6, SIZE, 255, 3, 1).0;
    let mut child = start(sandbox, arguments);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&picture[..picture.len() / 2]).unwrap();
    stdin.flush().unwrap();
    let staged = sandbox.path("p/.fast_pyramid-cut-v0");
    let next = sandbox.path("p/.fast_pyramid-cut-v1");
    wait_until("the first tile", || staged.join("0_0.jpg").exists() || next.join("0_0.jpg").exists());
    send(&child, signal);
    if !ends {
        // It may have stopped to read.
        let _ = stdin.write_all(&picture[picture.len() / 2..]);
    }
    drop(stdin);
    wait_until("the end", || child.try_wait().unwrap().is_some());
    child.wait_with_output().unwrap()
}

#[test]
fn interrupted_cut_leaves_nothing() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        for (ends, more) in [(true, &[][..]), (false, &[]), (true, &["--build"]), (false, &["--build", "-j", "1"])] {
            let sandbox = Sandbox::new();
            let output = interrupted(&sandbox, more, signal, ends);
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{ends}, {more:?}: {err}");
            assert_eq!(
                err, "error: p: interrupted; no version was cut\n  run the same command again; it starts over\n",
                "{ends}, {more:?}"
            );
            assert!(!sandbox.path("p").exists());
        }
    }
}

/// Nothing comes any more, and nothing ends.
#[test]
fn cut_that_waits_for_input_is_interrupted() {
    for (signal, number) in [(Signal::INT, 2), (Signal::TERM, 15)] {
        let sandbox = Sandbox::new();
        let picture = pnm(6, SIZE, 255, 3, 1).0;
        let mut child = start(&sandbox, &[]);
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&picture[..picture.len() / 2]).unwrap();
        stdin.flush().unwrap();
        // Half of 640 rows have come, which are 40 rows of tiles.
        let last = sandbox.path("p/.fast_pyramid-cut-v0/3_18.jpg");
        wait_until("the last whole row of tiles", || last.exists());
        std::thread::sleep(Duration::from_millis(200));
        kill_process(Pid::from_child(&child), signal).unwrap();
        wait_until("the end", || child.try_wait().unwrap().is_some());
        let ended = child.wait().unwrap();
        assert_eq!(ended.signal(), Some(number), "{ended:?}");
        drop(stdin);
        assert!(!sandbox.path("p/v0").exists() && !sandbox.path("p/pyramid.json").exists());
        let advice = "wait until that cut has finished; if it was interrupted, run it again";
        let yet = "yet: the first cut is unfinished or still running";
        for command in [&["p"][..], &["info", "p"], &["verify", "p"], &["changes", "p"], &["repair", "p"]] {
            let expected = format!("error: p/pyramid.json does not exist {yet}\n  {advice}\n");
            assert_eq!(sandbox.run(command).err, expected, "{command:?}");
        }
        sandbox.spec("p", "{ width: 64, height: 640, tile_size: 16, overlap: 0 }");
        assert_eq!(sandbox.run(&["p"]).err, format!("error: p: no source version {yet}\n  {advice}\n"));
        sandbox.delete("p/pyramid.json");
        // Its remains are hidden, and do not disturb the next cut.
        sandbox.write("a.ppm", &picture);
        sandbox.succeed(&["cut", "a.ppm", "p", "--build", "-q"]);
        assert!(!sandbox.path("p/.fast_pyramid-cut-v0").exists());
    }
}

/// A picture that is decoded whole is decoded on a thread that an interrupt can abandon.
#[test]
fn interrupted_decoding_of_a_whole_picture_leaves_nothing() {
    let interlaced = Png { interlaced: true, ..Png::new(2, 8) }.file(SIZE, 1, &[]);
    let turned = Png::new(2, 8).file(SIZE, 1, &[(b"eXIf", &exif(6))]);
    let progressive = std::fs::read(fixture("odd/progressive.jpg")).unwrap();
    for (name, picture) in [("interlaced", interlaced), ("turned", turned), ("progressive", progressive)] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let sandbox = Sandbox::new();
            let mut child = start(&sandbox, &["-j", "1", "--build"]);
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(&picture[..picture.len() - 100]).unwrap();
            stdin.flush().unwrap();
            wait_until("the cut", || sandbox.path("p/.fast_pyramid-cut-v0").exists());
            std::thread::sleep(Duration::from_millis(100));
            let asked = Instant::now();
            kill_process(Pid::from_child(&child), signal).unwrap();
            wait_until("the end", || child.try_wait().unwrap().is_some());
            let ended = child.wait().unwrap();
            assert_eq!(ended.code(), Some(code), "{name}: {ended:?} after {:?}", asked.elapsed());
            assert!(!sandbox.path("p").exists(), "{name} left something");
        }
    }
}

/// Who comes too late is refused, and takes nothing away from the one that is at it.
#[test]
fn second_cut_without_wait_leaves_the_first_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ppm", pnm(6, (300, 300), 255, 3, 1).0);
    for round in 0..5 {
        let folder = format!("p{round}");
        let start = |_| {
            let mut command = Command::new(test_support::program());
            command.current_dir(sandbox.path("")).args(["cut", "a.ppm", &folder, "--build", "-q", "--tile-size", "32"]);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let children: Vec<Child> = (0..4).map(start).collect();
        let codes: Vec<Option<i32>> = children.into_iter().map(|mut child| child.wait().unwrap().code()).collect();
        assert!(codes.contains(&Some(0)) && codes.iter().all(|code| matches!(code, Some(0 | 4))), "{codes:?}");
        sandbox.succeed(&["verify", &folder, "-q"]);
        assert_tree_rules(&sandbox.path(&folder));
    }
}

#[test]
fn interrupted_next_version_leaves_the_others() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let sandbox = Sandbox::new();
        sandbox.write("a.ppm", pnm(6, SIZE, 255, 3, 2).0);
        sandbox.succeed(&["cut", "a.ppm", "p", "--tile-size", "16", "--build", "-q"]);
        let before = whole(&sandbox.path("p"));
        let output = interrupted(&sandbox, &["--build", "--json"], signal, true);
        assert_eq!(output.status.code(), Some(code));
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&object["code"], &object["picture"]), (&code.into(), &"standard input".into()));
        assert_same_snapshot(&before, &whole(&sandbox.path("p")));
        assert_tree_rules(&sandbox.path("p"));
    }
}

#[test]
fn standard_input_may_come_in_small_pieces() {
    let picture = Png::new(2, 16).file((90, 50), 1, &[]);
    let sandbox = Sandbox::new();
    let mut child = start(&sandbox, &["-q"]);
    let mut stdin = child.stdin.take().unwrap();
    for piece in picture.chunks(picture.len() / 40 + 1) {
        stdin.write_all(piece).unwrap();
        stdin.flush().unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert!(source_pixels(&sandbox.path("p"), (90, 50), 16, "png") == by_image(&picture));
}

#[test]
fn closed_standard_input_is_refused() {
    let sandbox = Sandbox::new();
    let mut shell = LimitedCommand::new("sh");
    shell.current_dir(sandbox.path("")).args(["-c", "exec \"$0\" cut - p --build <&-"]);
    let output = shell.arg(test_support::program()).output();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!sandbox.path("p").exists());
}

#[test]
fn locked_pyramid_is_not_changed() {
    let (sandbox, mut picture) = cut_once("png", &["--build"]);
    picture.put_pixel(0, 0, image::Rgb([1; 3]));
    save(&sandbox, "b.png", &picture);
    let before = whole(&sandbox.path("p"));
    let lock = sandbox.hold();
    sandbox.run(&["cut", "b.png", "p", "--build"]).expect(
        4,
        str![[r#"
error: p: another process is using this pyramid
  run again when it has finished, or with --wait SECONDS

"#]],
    );
    assert_eq!(sandbox.run(&["cut", "b.png", "p", "--wait", "0.1"]).code, 4);
    assert_same_snapshot(&before, &whole(&sandbox.path("p")));
    // Asking needs no lock.
    sandbox.succeed(&["cut", "b.png", "p", "--dry-run"]);
    let free = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        drop(lock);
    });
    sandbox.succeed(&["cut", "b.png", "p", "--wait", "60", "--build"]);
    free.join().unwrap();
    assert!(sandbox.path("p/v1/0_0.png").exists());
}

#[test]
fn first_version_waits_for_the_lock() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ppm", pnm(6, (40, 40), 255, 3, 1).0);
    let lock = sandbox.hold();
    std::fs::create_dir(sandbox.path("p/dest/dzi")).unwrap();
    let before = whole(&sandbox.path("p"));
    assert_eq!(sandbox.run(&["cut", "a.ppm", "p", "--build"]).code, 4);
    assert_same_snapshot(&before, &whole(&sandbox.path("p")));
    sandbox.succeed(&["cut", "a.ppm", "p", "--no-lock"]);
    drop(lock);
}

#[test]
fn cut_that_waited_for_a_cancelled_one_starts_from_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ppm", pnm(6, (40, 40), 255, 3, 1).0);
    let lock = sandbox.hold();
    let mut command = Command::new(test_support::program());
    command.current_dir(sandbox.path("")).args(["cut", "a.ppm", "p", "--wait", "60", "-q"]).stdin(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    // As a cut does that fails in a folder which it has made.
    std::fs::remove_dir_all(sandbox.path("p")).unwrap();
    drop(lock);
    assert!(child.wait().unwrap().success());
    assert!(sandbox.path("p/v0/0_0.jpg").exists() && sandbox.path("p/dest/.fast_pyramid/lock").exists());
}

#[test]
fn two_cuts_at_once_give_one_version() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ppm", pnm(6, (300, 300), 255, 3, 1).0);
    let begin = || {
        let mut command = Command::new(test_support::program());
        command.current_dir(sandbox.path("")).args([
            "cut",
            "a.ppm",
            "p",
            "--tile-size",
            "16",
            "--build",
            "--wait",
            "60",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let children = [begin(), begin(), begin()];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let errors = outputs.map(|output| (output.status.code(), String::from_utf8(output.stderr).unwrap()));
    let done = errors.iter().filter(|(code, _)| *code == Some(0)).count();
    assert_eq!(done, 3, "{errors:?}");
    assert!(sandbox.path("p/v0").exists() && !sandbox.path("p/v1").exists(), "{errors:?}");
    assert_tree_rules(&sandbox.path("p"));
    sandbox.succeed(&["verify", "p", "-q"]);
}
