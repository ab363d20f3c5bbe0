//! The orientation of a PNG whose Exif data follow its pixels, as some programs write it.

use crate::input::PictureError;
use crate::raster::orientation::in_tiff;
use std::fs::File;
use std::io::{BufReader, Read, Result, Seek, SeekFrom};

/// Bytes at the end of the file that are searched. Exif data with a thumbnail take up to 64 KB.
const TAIL_BYTES: u64 = 1 << 18;

/// The error for an orientation after the pixels that the search could not find.
pub(super) fn too_far_from_the_end(orientation: u8) -> PictureError {
    PictureError::Unsupported(format!(
        "Exif orientation {orientation} after the pixels, more than 256 KB before the end; move it before the pixels, \
         or rotate them"
    ))
}

/// The error for an orientation after the pixels of a stream, whose end cannot be searched.
pub(super) fn in_a_stream(orientation: u8) -> PictureError {
    PictureError::Unsupported(format!(
        "Exif orientation {orientation} after the pixels of a stream; read the picture from a file"
    ))
}

/// The error for other data at the end of the file that look like Exif data.
pub(super) fn misleading(orientation: u8) -> PictureError {
    PictureError::Damaged(format!(
        "the last bytes look like Exif data with orientation {orientation}, but belong to something else"
    ))
}

/// Searches the end of a PNG file for an orientation, then rewinds the file. Damaged Exif data count as none.
pub(super) fn orientation(file: &mut BufReader<File>) -> Result<Option<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.by_ref().take(TAIL_BYTES).read_to_end(&mut tail)?;
    file.rewind()?;
    Ok(in_tail(&tail))
}

/// The orientation in a chunk `eXIf` from which an unbroken sequence of chunks leads to IEND.
///
/// Pixels that look like such a chunk do not lead there.
fn in_tail(tail: &[u8]) -> Option<u8> {
    let starts = tail.windows(4).enumerate().skip(4).filter(|(_, name)| name == b"eXIf").map(|(at, _)| at - 4);
    starts
        .filter(|&at| leads_to_end(tail.get(at..).unwrap_or_default()))
        .find_map(|at| in_tiff(split_chunk(tail.get(at..)?)?.data))
}

/// A chunk, and the bytes that follow it.
struct SplitChunk<'a> {
    name: [u8; 4],
    data: &'a [u8],
    rest: &'a [u8],
}

fn split_chunk(bytes: &[u8]) -> Option<SplitChunk<'_>> {
    let length = u32::from_be_bytes(*bytes.first_chunk()?) as usize;
    let name = *bytes.get(4..)?.first_chunk()?;
    let data = bytes.get(8..8usize.checked_add(length)?)?;
    Some(SplitChunk { name, data, rest: bytes.get(length + 12..)? })
}

fn leads_to_end(mut bytes: &[u8]) -> bool {
    while let Some(chunk) = split_chunk(bytes) {
        if &chunk.name == b"IEND" {
            return chunk.data.is_empty();
        }
        bytes = chunk.rest;
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
    fn only_an_exif_chunk_followed_by_chunks_up_to_iend_counts() {
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
