//! The orientation of a PNG whose Exif data follow its pixels, as some programs write it.

use crate::input::PictureError;
use crate::raster::orientation::in_tiff;
use std::fs::File;
use std::io::{BufReader, Read, Result, Seek, SeekFrom};

/// Bytes at the end of the file that are searched. Exif data with a thumbnail take up to 64 KB.
const TAIL: u64 = 1 << 18;

/// Why Exif data behind the pixels of a file were not found before.
pub(super) const FAR_FROM_THE_END: &str =
    "more than 256 KB of other data stand behind it: put it before the pixels, or turn them";

/// The file's end has what looks like Exif data with this orientation, and is none.
pub(super) fn misleading(orientation: u8) -> PictureError {
    PictureError::Damaged(format!(
        "its last bytes look like Exif data with orientation {orientation}, but are a part of something else"
    ))
}

/// Looks at the end of a PNG file for the orientation, and goes back to its begin. Where it is damaged there is none.
pub(super) fn orientation(file: &mut BufReader<File>) -> Result<Option<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL).read_to_end(&mut tail)?;
    file.rewind()?;
    Ok(in_tail(&tail))
}

/// The orientation in a chunk from which chunk follows chunk up to the end; pixels that look like one do not lead there.
fn in_tail(tail: &[u8]) -> Option<u8> {
    let begins = tail.windows(4).enumerate().skip(4).filter(|(_, name)| name == b"eXIf").map(|(at, _)| at - 4);
    begins
        .filter(|&at| leads_to_end(tail.get(at..).unwrap_or_default()))
        .find_map(|at| in_tiff(chunk(tail.get(at..)?)?.1))
}

/// The first chunk: name, data, and what follows it.
fn chunk(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let name = *bytes.get(4..)?.first_chunk()?;
    let data = bytes.get(8..8usize.checked_add(length)?)?;
    Some((name, data, bytes.get(length + 12..)?))
}

fn leads_to_end(mut bytes: &[u8]) -> bool {
    while let Some((name, data, rest)) = chunk(bytes) {
        if &name == b"IEND" {
            return data.is_empty();
        }
        bytes = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk_of(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = data.len() as u32;
        [length.to_be_bytes().as_slice(), name, data, &[0; 4]].concat()
    }

    #[test]
    fn only_a_chunk_that_leads_to_the_end_counts() {
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let exif = chunk_of(b"eXIf", exif);
        let (end, text) = (chunk_of(b"IEND", b""), chunk_of(b"tEXt", b"eXIf and more"));
        let file = |parts: &[&[u8]]| in_tail(&parts.concat());
        assert_eq!(file(&[b"pixels", &exif, &end]), Some(6));
        assert_eq!(file(&[b"eXIf eXIf", &text, &exif, &text, &end, b"after the end"]), Some(6));
        assert_eq!(file(&[&exif]), None);
        assert_eq!(file(&[&exif, b"pixels", &end]), None);
        assert_eq!(file(&[b"eXIf"]), None);
        assert_eq!(file(&[&text, &end]), None);
        assert_eq!(in_tail(b""), None);
    }
}
