//! `cut -`: pictures from standard input.

use crate::support::jpeg::Jpeg;
use test_support::cli::Sandbox;
use test_support::fixture;
use test_support::pictures::{Png, exif, pnm, webp};
use test_support::tiff::Spec as Tiff;
use test_support::tree::assert_same_tree;

/// Size of the pictures on standard input.
const STREAMED: (u32, u32) = (90, 50);

/// Cuts and builds a picture from standard input; the exit code and standard error.
fn cut_stream(sandbox: &Sandbox, bytes: &[u8], folder: &str) -> (i32, String) {
    let mut command = sandbox.command();
    command.args(["cut", "-", folder, "--tile-size", "16", "--build"]).write_stdin(bytes);
    let output = command.output();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Fails unless a picture gives the same tiles and tree from standard input as from a file, and no next version after it.
#[track_caller]
fn assert_stream_is_like_file(bytes: &[u8]) {
    let sandbox = Sandbox::in_memory();
    let (code, err) = cut_stream(&sandbox, bytes, "stream");
    assert_eq!(code, 0, "{err}");
    sandbox.write("picture", bytes);
    sandbox.succeed(&["cut", "picture", "file", "--tile-size", "16", "--build", "-q"]);
    assert_same_tree(&sandbox.path("stream/dest/dzi"), &sandbox.path("file/dest/dzi"));
    assert_same_tree(&sandbox.path("stream/v0"), &sandbox.path("file/v0"));
    let (code, err) = cut_stream(&sandbox, bytes, "file");
    assert_eq!(code, 0, "{err}");
    assert!(!sandbox.path("file/v1").exists());
}

#[test]
fn png_from_standard_input_is_like_a_file() {
    assert_stream_is_like_file(&Png::new(2, 16).file(STREAMED, 1, &[]));
    assert_stream_is_like_file(&Png { interlaced: true, ..Png::new(6, 8) }.file(STREAMED, 1, &[]));
    assert_stream_is_like_file(&Png::new(3, 4).file(STREAMED, 1, &[(b"eXIf", &exif(6))]));
}

#[test]
fn pnm_from_standard_input_is_like_a_file() {
    assert_stream_is_like_file(&pnm(6, STREAMED, 255, 3, 1).0);
    assert_stream_is_like_file(&pnm(2, STREAMED, 1000, 1, 1).0);
    assert_stream_is_like_file(&pnm(7, STREAMED, 65535, 4, 1).0);
    assert_stream_is_like_file(&pnm(4, STREAMED, 1, 1, 1).0);
}

#[test]
fn jpeg_from_standard_input_is_like_a_file() {
    assert_stream_is_like_file(&Jpeg::new(80).file(STREAMED, 1));
    assert_stream_is_like_file(&std::fs::read(fixture("odd/progressive.jpg")).unwrap());
    assert_stream_is_like_file(&std::fs::read(fixture("odd/exif_orientation_6.jpg")).unwrap());
}

#[test]
fn tiff_webp_and_nothing_on_standard_input_are_refused() {
    let sandbox = Sandbox::in_memory();
    let refused = |kind: &str| {
        let why = "cannot be read from standard input, only from a file";
        format!("error: standard input: {kind} {why}\n  write it into a file first\n")
    };
    let tiff = Tiff::rgb(STREAMED.0, STREAMED.1);
    assert_eq!(cut_stream(&sandbox, &tiff.file(&tiff.noise(1)), "t"), (3, refused("a TIFF")));
    assert_eq!(cut_stream(&sandbox, &webp(STREAMED, true, 1, None, None), "t"), (3, refused("a WebP")));
    assert_eq!(cut_stream(&sandbox, b"", "t").0, 3);
    assert!(!sandbox.path("t").exists());
}

#[test]
fn dash_means_standard_input_even_beside_a_file_of_that_name() {
    let sandbox = Sandbox::in_memory();
    let jpeg = Jpeg::new(80).file(STREAMED, 1);
    assert_eq!(cut_stream(&sandbox, &jpeg, "without").0, 0);
    sandbox.write("-", Png::new(2, 16).file(STREAMED, 1, &[]));
    assert_eq!(cut_stream(&sandbox, &jpeg, "dash").0, 0);
    assert_same_tree(&sandbox.path("dash/v0"), &sandbox.path("without/v0"));
}
