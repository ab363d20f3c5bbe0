//! Damaged pictures and headers that lie: `cut` reports each without using much memory, and leaves nothing.

use crate::support::jpeg::Jpeg;
use crate::support::{cut_bytes, options};
use fast_pyramid::ErrorKind;
use std::process::Output;
use test_support::cli::{LimitedCommand, Sandbox};
use test_support::fixture;
use test_support::pictures::{Png, exif, jpeg_turned, lossy_webp, pnm, webp};
use test_support::png;
use test_support::strace::{scratch, whole};
use test_support::tiff::Spec as Tiff;
use test_support::tree::assert_same_snapshot;

/// A picture of each kind that has its own way to be read, 40x30 pixels.
fn pictures() -> Vec<(&'static str, Vec<u8>)> {
    let (size, tiff) = ((40, 30), Tiff::rgb(40, 30));
    let tiled = Tiff { tile: Some((16, 16)), compression: 5, ..tiff.clone() };
    let deflated = Tiff { compression: 8, big: true, planar: true, ..tiff.clone() };
    let odd = |name: &str| std::fs::read(fixture("odd").join(name)).unwrap();
    let pnm = |kind| pnm(kind, size, 255, 3, 1).0;
    vec![
        ("PNG", Png::new(2, 8).file(size, 1, &[])),
        ("interlaced PNG", Png { interlaced: true, ..Png::new(6, 16) }.file(size, 1, &[])),
        ("turned PNG", Png::new(3, 4).file(size, 1, &[(b"eXIf", &exif(6))])),
        ("P1", pnm(1)),
        ("P2", pnm(2)),
        ("P3", pnm(3)),
        ("P4", pnm(4)),
        ("P5", pnm(5)),
        ("P6", pnm(6)),
        ("P7", pnm(7)),
        ("TIFF", tiff.file(&tiff.noise(1))),
        ("tiled TIFF", tiled.file(&tiled.noise(1))),
        ("BigTIFF", deflated.file(&deflated.noise(1))),
        ("JPEG in TIFF", std::fs::read(fixture("tiff/jpeg_420.tif")).unwrap()),
        ("WebP", webp(size, true, 1, None, None)),
        ("lossy WebP", lossy_webp(size, 1)),
        ("JPEG", Jpeg::new(85).file(size, 1)),
        ("turned JPEG", jpeg_turned(&Jpeg::new(85).file(size, 1), 8)),
        ("progressive JPEG", odd("progressive.jpg")),
        ("JPEG with restarts", odd("restart.jpg")),
    ]
}

/// How many of the last bytes a file can do without.
fn may_be_missing(name: &str) -> usize {
    match name {
        // The last number without its last digits is a number.
        "P1" | "P2" | "P3" => 7,
        // Where the next picture is.
        "TIFF" | "tiled TIFF" => 4,
        "BigTIFF" => 8,
        // There to make the length even.
        "WebP" => 1,
        _ => 0,
    }
}

#[test]
fn truncated_pictures_leave_nothing() {
    let scratch = scratch();
    let (new, old) = (scratch.path().join("new"), scratch.path().join("old"));
    for (name, bytes) in pictures() {
        cut_bytes(&bytes, &old, &options(16).build(true)).unwrap();
        let before = whole(&old);
        let last = bytes.len() - may_be_missing(name) - 1;
        let places = [0, 1, 2, 7, 20, 60, last / 4, last / 2, last * 3 / 4, last * 9 / 10, last - 3, last - 1, last];
        for length in places.into_iter().filter(|length| *length <= last) {
            for (folder, build) in [(&new, false), (&new, true), (&old, false)] {
                let options = options(16).build(build);
                let error = match cut_bytes(&bytes[..length], folder, &options) {
                    Ok(_) => panic!("{name} cut to {length} of {} is taken for whole", bytes.len()),
                    Err(error) => error,
                };
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name} cut to {length}: {error}");
                assert!(error.to_string().starts_with(&folder.with_extension("picture").display().to_string()));
            }
            assert!(!new.exists(), "{name} cut to {length} left something");
        }
        assert_same_snapshot(&before, &whole(&old));
        std::fs::remove_dir_all(&old).unwrap();
    }
}

#[test]
fn wrong_bits_are_reported_or_decoded() {
    // Checksums catch all in PNG; elsewhere a wrong bit may be another colour, but is never a panic or a half version.
    let scratch = scratch();
    let folder = scratch.path().join("p");
    let mut noise = test_support::pictures::Noise::new(1);
    for (name, bytes) in pictures() {
        for _ in 0..60 {
            let mut wrong = bytes.clone();
            let at = noise.below(bytes.len() as u32) as usize;
            wrong[at] ^= 1 << noise.below(8);
            let options = options(16).build(at.is_multiple_of(2)).max_memory(200 << 20);
            match cut_bytes(&wrong, &folder, &options) {
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::InvalidInput), "{name}: {error}");
                    assert!(!folder.exists(), "{name} with a wrong byte at {at} left something");
                }
                Ok(report) => {
                    assert!(!name.ends_with("PNG"), "{name} with a wrong byte at {at} was cut");
                    let tiles = std::fs::read_dir(folder.join("v0")).unwrap().count() as u64;
                    assert_eq!(tiles, report.grid.count());
                    std::fs::remove_dir_all(&folder).unwrap();
                }
            }
        }
    }
}

/// Cuts the picture `giant` into `p` with little address space, so that who allocates what a header says is killed.
fn cut_with_limits(sandbox: &Sandbox, from_stdin: bool) -> Output {
    let mut shell = LimitedCommand::new("sh");
    shell.current_dir(sandbox.path("")).arg("-c");
    shell.arg("ulimit -v 1000000 && exec \"$0\" \"$@\"").arg(test_support::program());
    let picture = if from_stdin { "-" } else { "giant" };
    shell.args(["cut", picture, "p", "--build", "-j", "2", "--max-memory", "500M"]);
    if from_stdin {
        shell.write_stdin(std::fs::read(sandbox.path("giant")).unwrap());
    }
    shell.output()
}

/// Headers that claim far more than there is. Streams of TIFF and WebP are refused anyway.
fn giants() -> Vec<(String, Vec<u8>)> {
    let mut giants = Vec::new();
    for (width, height) in
        [(60_000_u32, 60_000_u32), (i32::MAX as u32, i32::MAX as u32), (1, i32::MAX as u32), (70_000_000, 9)]
    {
        for interlaced in [0, 1] {
            let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 6, 0, 0, interlaced]].concat();
            let pixels = fdeflate::compress_to_vec(&[0; 1000]);
            let chunks =
                [png::chunk(b"IHDR", &header), png::chunk(b"IDAT", &pixels), png::chunk(b"IEND", b"")].concat();
            giants.push((
                format!("PNG {width}x{height}, {interlaced}"),
                [b"\x89PNG\r\n\x1a\n".to_vec(), chunks].concat(),
            ));
        }
        for kind in 1..=6 {
            let most = if kind % 3 == 1 { "" } else { " 65535" };
            giants.push((format!("P{kind}"), format!("P{kind} {width} {height}{most}\n0 1 0 1").into_bytes()));
        }
        let pam =
            format!("P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 65535\nTUPLTYPE RGB_ALPHA\nENDHDR\n1234");
        giants.push(("P7".into(), pam.into_bytes()));
        for (strip, compression) in [(1, 1), (16, 5), (u32::MAX, 8), (u32::MAX, 1), (3, 7)] {
            let tiff = Tiff { rows_per_strip: strip, compression, big: true, ..Tiff::rgb(width, height) };
            giants.push((format!("TIFF {width}x{height}, strips of {strip}"), tiff.file_of(&[vec![1; 50]])));
            let tiff = Tiff { tile: Some((1 << 15, 1 << 15)), compression, ..Tiff::rgb(width, height) };
            giants.push((format!("TIFF {width}x{height}, tiles"), tiff.file_of(&[vec![1; 50]])));
        }
    }
    giants.push(("P6, overflowing".into(), b"P6 99999999999999999999999 1 255\n123".to_vec()));
    for name in ["plain", "grey", "progressive", "444"] {
        let mut bytes = std::fs::read(fixture("odd").join(name).with_extension("jpg")).unwrap();
        let frame = bytes.windows(2).position(|two| matches!(two, [0xFF, 0xC0 | 0xC2])).unwrap();
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
        giants.push((format!("{name} JPEG"), bytes));
    }
    let webp = |name: &[u8], data: &[u8]| {
        let chunk = [name, &(data.len() as u32).to_le_bytes(), data].concat();
        [b"RIFF", &(chunk.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &chunk].concat()
    };
    let lossless = [&[0x2f][..], &(16382u32 | 16382 << 14).to_le_bytes(), &[0; 5]].concat();
    giants.push(("lossless WebP".into(), webp(b"VP8L", &lossless)));
    giants.push(("extended WebP".into(), webp(b"VP8X", &[0x10, 0, 0, 0, 255, 255, 255, 255, 255, 255])));
    giants.push(("lossy WebP".into(), {
        let mut bytes = lossy_webp((16, 16), 1);
        bytes[26..30].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
        bytes
    }));
    giants
}

#[test]
#[cfg(target_os = "linux")]
fn headers_that_lie_are_refused_before_memory_is_allocated() {
    for (name, bytes) in giants() {
        let sandbox = Sandbox::new();
        sandbox.write("giant", bytes);
        for from_stdin in [false, true] {
            let output = cut_with_limits(&sandbox, from_stdin);
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{name}, {from_stdin}: {}, {err}", output.status);
            assert!(err.starts_with("error: ") || err.contains("\nerror: "), "{name}: {err}");
            assert!(!sandbox.path("p").exists(), "{name} left something");
        }
    }
}

/// Fails unless a picture that is decoded whole is refused with this reason where memory is short, and cut with the memory
/// that the refusal asks for.
#[track_caller]
fn assert_buffering_is_limited(bytes: Vec<u8>, why: &str) {
    let sandbox = Sandbox::new();
    sandbox.write("picture", bytes);
    let cut = |limit: &str, more: &[&str]| {
        sandbox.run(&[&["cut", "picture", "p", "--max-memory", limit, "--tile-size", "256"], more].concat())
    };
    let refused = cut("7M", &[]);
    assert_eq!(refused.code, 3, "{}", refused.err);
    assert!(refused.err.contains("error: picture: cutting it needs about "), "{}", refused.err);
    let reason = format!(" MB of memory, because it must be buffered whole ({why}), but 7 MB are allowed\n");
    assert!(refused.err.contains(&reason), "{}", refused.err);
    assert_eq!(cut("7M", &["--dry-run"]).code, 3);
    assert!(!sandbox.path("p").exists());
    let (_, enough) = refused.err.split_once("--max-memory ").unwrap();
    let (enough, _) = enough.split_once(',').unwrap();
    let ended = cut(enough, &[]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let announced = format!("p: the picture must be buffered in memory ({why}): about ");
    assert!(ended.err.lines().any(|line| line.starts_with(&announced)), "{}", ended.err);
}

#[test]
fn interlaced_png_is_buffered_within_the_limit() {
    let png = Png { interlaced: true, ..Png::new(2, 16) };
    assert_buffering_is_limited(png.file((3000, 2000), 1, &[]), "interlaced");
}

#[test]
fn turned_png_is_buffered_within_the_limit() {
    let bytes = Png::new(2, 8).file((3000, 2000), 1, &[(b"eXIf", &exif(5))]);
    assert_buffering_is_limited(bytes, "stored rotated or flipped");
}

#[test]
fn turned_jpeg_is_buffered_within_the_limit() {
    let bytes = jpeg_turned(&Jpeg::new(80).file((3000, 2000), 1), 6);
    assert_buffering_is_limited(bytes, "stored rotated or flipped");
}

#[test]
fn webp_is_buffered_within_the_limit() {
    assert_buffering_is_limited(webp((3000, 2000), false, 1, None, None), "WebP is decoded whole");
}

#[test]
fn progressive_jpeg_is_buffered_within_the_limit() {
    let bytes = std::fs::read(fixture("odd/progressive.jpg")).unwrap();
    assert_buffering_is_limited(bytes, "coefficients in several scans, as in progressive JPEG");
}

#[test]
fn memory_for_other_pictures_depends_on_their_width() {
    let sandbox = Sandbox::new();
    let cut = |limit: &str| sandbox.run(&["cut", "wide.ppm", "p", "--max-memory", limit, "--tile-size", "256"]);
    sandbox.write("wide.ppm", pnm(6, (30_000, 4), 255, 3, 1).0);
    assert_eq!(cut("50M").code, 0);
    sandbox.write("wide.ppm", "P6 30000 30000 255\n");
    assert_eq!(cut("40M").code, 3);
}

/// How long a stream is cannot be known beforehand.
#[test]
fn stream_above_the_memory_limit_is_refused() {
    let sandbox = Sandbox::new();
    let jpeg = std::fs::read(fixture("odd/progressive.jpg")).unwrap();
    let (scans, end) = jpeg.split_at(jpeg.len() - 2);
    let comment = [&[0xFF, 0xFE, 0xFF, 0xFF][..], &[b'x'; 0xFFFD]].concat();
    let long = [scans, &comment.repeat(600), end].concat();
    let cut = |limit: u64, more: &[&str]| {
        let mut command = sandbox.command();
        command.args(["cut", "-", "p", "--tile-size", "16", "--max-memory", &format!("{limit}M")]).args(more);
        let output = command.write_stdin(long.as_slice()).output();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let planned: serde_json::Value = serde_json::from_str(&cut(1000, &["--dry-run", "--json"]).1).unwrap();
    let announced = planned["memory_bytes"].as_u64().unwrap().div_ceil(1 << 20);
    let (code, _, err) = cut(announced + 5, &[]);
    assert_eq!(code, Some(3), "{err}");
    let why = "it must be buffered whole (coefficients in several scans, as in progressive JPEG)";
    let reason = format!(", because {why}, but {} MB are allowed\n", announced + 5);
    assert!(err.contains("error: standard input: cutting it needs about ") && err.contains(&reason), "{err}");
    assert!(!sandbox.path("p").exists());
    let (_, enough) = err.split_once("--max-memory ").unwrap();
    let (enough, _) = enough.split_once("M,").unwrap();
    let enough: u64 = enough.parse().unwrap();
    assert!(enough > announced + 35 && enough < announced + 45, "{enough}, {announced}");
    assert_eq!(cut(enough, &[]).0, Some(0));
}
