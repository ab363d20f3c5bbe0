//! `cut` needs about the memory that it announces.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "it/support/jpeg.rs"]
mod jpeg;

use crate::jpeg::Jpeg;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use test_support::cli::{HANG_TIMEOUT, Sandbox};
use test_support::cutting::cut;
use test_support::pictures::{noisy_gradient, pnm};
use test_support::sampling::Sweep;

/// Sides of the pictures.
const SIZE: (u32, u32) = (2500, 2500);

/// The most memory that a cut takes, as the system counts it until shortly before its end.
fn peak(sandbox: &Sandbox, arguments: &[&str]) -> u64 {
    let mut command = Command::new(test_support::program());
    command.current_dir(sandbox.path("")).arg("cut").args(arguments).arg("-q").stderr(Stdio::inherit());
    let (mut child, started, mut most) = (command.spawn().unwrap(), Instant::now(), 0);
    let ended = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|text| text.parse::<u64>().ok());
        most = most.max(kilobytes.unwrap_or(0) << 10);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        assert!(started.elapsed() < HANG_TIMEOUT);
        std::thread::sleep(Duration::from_micros(500));
    };
    assert!(ended.success());
    most
}

/// Fails unless the announced memory is at most a tenth below the peak, and less than 2.5 times as large.
#[track_caller]
fn compare(sandbox: &Sandbox, arguments: &[&str]) {
    let announced = cut(sandbox, &[arguments, &["--dry-run"]].concat())["memory_bytes"].as_u64().unwrap();
    let peak = peak(sandbox, arguments);
    // Allocators and page sizes differ from system to system.
    assert!(peak <= announced + announced / 10, "{arguments:?} takes {peak} bytes, and {announced} are announced");
    assert!(announced < peak * 5 / 2, "{arguments:?} takes {peak} bytes only, and {announced} are announced");
}

/// Compares first versions of a picture, with and without a build, for three sizes of tiles; by default only for the one with
/// the index `sampled`.
fn compare_first_versions(picture: &[u8], format: &str, sampled: usize) {
    let sandbox = Sandbox::in_memory();
    sandbox.write("picture", picture);
    let sizes = [("256", "4"), ("1024", "2"), ("4096", "1")];
    for (index, (side, threads)) in sizes.into_iter().enumerate() {
        if Sweep::from_environment() == Sweep::Sample && index != sampled {
            continue;
        }
        for more in [&[][..], &["--build"]] {
            let arguments = ["picture", "p", "--format", format, "--tile-size", side, "-j", threads];
            compare(&sandbox, &[&arguments[..], more].concat());
            std::fs::remove_dir_all(sandbox.path("p")).unwrap();
        }
    }
}

#[test]
fn ppm_to_png_needs_the_memory_it_announces() {
    compare_first_versions(&pnm(6, SIZE, 255, 3, 1).0, "png", 0);
}

#[test]
fn ppm_to_jpeg_needs_the_memory_it_announces() {
    compare_first_versions(&pnm(6, SIZE, 255, 3, 1).0, "jpg", 1);
}

#[test]
fn deep_pgm_needs_the_memory_it_announces() {
    compare_first_versions(&pnm(5, SIZE, 65535, 1, 1).0, "png", 2);
}

#[test]
fn alpha_to_png_needs_the_memory_it_announces() {
    compare_first_versions(&pnm(7, SIZE, 255, 4, 1).0, "png", 0);
}

#[test]
fn alpha_to_jpeg_needs_the_memory_it_announces() {
    compare_first_versions(&pnm(7, SIZE, 255, 4, 1).0, "jpg", 1);
}

#[test]
fn jpeg_to_jpeg_needs_the_memory_it_announces() {
    compare_first_versions(&Jpeg::new(80).file_of(SIZE, noisy_gradient(1)), "jpg", 2);
}

#[test]
fn jpeg_to_png_needs_the_memory_it_announces() {
    compare_first_versions(&Jpeg::new(80).file_of(SIZE, noisy_gradient(1)), "png", 0);
}

#[test]
fn small_ppm_needs_the_memory_it_announces() {
    compare_first_versions(&pnm(6, (60, 50), 255, 3, 1).0, "jpg", 1);
}

/// Compares cuts into tiles that overlap.
fn compare_with_overlap(picture: &[u8], format: &str) {
    let sandbox = Sandbox::in_memory();
    sandbox.write("picture", picture);
    for (side, overlap) in [("254", "1"), ("256", "16"), ("255", "40")] {
        for more in [&[][..], &["--build"]] {
            let arguments = ["picture", "p", "--format", format, "--tile-size", side, "--overlap", overlap, "-j", "2"];
            compare(&sandbox, &[&arguments[..], more].concat());
            std::fs::remove_dir_all(sandbox.path("p")).unwrap();
        }
    }
}

#[test]
fn overlap_needs_the_memory_it_announces() {
    compare_with_overlap(&pnm(6, SIZE, 255, 3, 1).0, "jpg");
    compare_with_overlap(&pnm(6, SIZE, 255, 3, 1).0, "png");
    compare_with_overlap(&Jpeg::new(80).file_of(SIZE, noisy_gradient(1)), "jpg");
}

/// Compares next versions, with and without a build. Tiles of 16 million pixels take long, so by default only with one.
fn compare_next_versions(format: &str, side: &str, threads: &str) {
    let all = [&[][..], &["--build"]];
    let is_short = side == "4096" && Sweep::from_environment() == Sweep::Sample;
    let sandbox = Sandbox::in_memory();
    sandbox.write("a.ppm", pnm(6, SIZE, 255, 3, 1).0);
    sandbox.write("b.ppm", pnm(6, SIZE, 255, 3, 2).0);
    for more in all.into_iter().skip(usize::from(is_short)) {
        let arguments = [&["p", "--format", format, "--tile-size", side, "-j", threads], more].concat();
        sandbox.succeed(&[&["cut", "-q", "a.ppm"], &arguments[..]].concat());
        compare(&sandbox, &[&["b.ppm"], &arguments[..]].concat());
        std::fs::remove_dir_all(sandbox.path("p")).unwrap();
    }
}

#[test]
fn next_version_of_small_png_tiles_needs_the_memory_it_announces() {
    compare_next_versions("png", "256", "4");
}

#[test]
fn next_version_of_one_png_tile_needs_the_memory_it_announces() {
    compare_next_versions("png", "4096", "1");
}

#[test]
fn next_version_of_small_jpeg_tiles_needs_the_memory_it_announces() {
    compare_next_versions("jpg", "256", "4");
}

#[test]
fn next_version_of_large_jpeg_tiles_needs_the_memory_it_announces() {
    compare_next_versions("jpg", "1024", "2");
}
