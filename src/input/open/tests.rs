use super::*;
use crate::input::test_reading::{file, read, stream};

const BITMAP: &[u8] = b"P1 3 1\n010";

#[test]
fn streams_may_come_byte_by_byte() {
    assert_eq!(read(stream(BITMAP, 1), 1).unwrap().1, [255, 0, 255]);
    assert_eq!(read(file(BITMAP), 1).unwrap().1, [255, 0, 255]);
}

#[test]
fn a_file_is_read_from_its_first_byte() {
    let Input::File(mut input) = file(&[BITMAP, &[0; 100_000]].concat()) else { panic!() };
    let mut some = [0; 20];
    input.read_exact(&mut some).unwrap();
    assert_eq!(read(Input::File(input), 1).unwrap().1, [255, 0, 255]);
}

/// `cut <(program)` has a name, but cannot be read twice.
#[test]
fn a_pipe_with_a_name_is_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let other = path.clone();
    let writer = std::thread::spawn(move || std::fs::write(other, BITMAP).unwrap());
    let input = Input::File(BufReader::new(File::open(path).unwrap()));
    assert_eq!(read(input, 1).unwrap().1, [255, 0, 255]);
    writer.join().unwrap();
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b""[..], b"GIF89a", b"<svg>", b"P9 1 1"] {
        for input in [file(bytes), stream(bytes, 2)] {
            assert!(matches!(open(input), Err(PictureError::UnknownKind(_))));
        }
    }
    assert!(matches!(open(stream(b"II*\0", 2)), Err(PictureError::NotSeekable("a TIFF"))));
}
