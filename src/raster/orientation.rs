//! The orientation in EXIF data (Exif 2.32, 4.5.4 and 4.6.4 A): a TIFF header, then tag 0x0112 of the first directory.

/// The tag of the orientation.
const ORIENTATION: u16 = 0x0112;
/// Bytes of a directory entry.
const ENTRY: usize = 12;

/// Reads numbers of a TIFF structure in its byte order.
struct Tiff<'a> {
    bytes: &'a [u8],
    little_endian: bool,
}

impl Tiff<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }
}

/// The orientation, 1 to 8, in the payload of a JPEG's APP1 segment.
///
/// None for another segment, damage, or another value.
pub(crate) fn in_segment(payload: &[u8]) -> Option<u8> {
    in_tiff(payload.strip_prefix(b"Exif\0\0")?)
}

/// The orientation, 1 to 8, in a TIFF structure such as a PNG's eXIf chunk. None for damage or another value.
pub(crate) fn in_tiff(bytes: &[u8]) -> Option<u8> {
    let little_endian = match bytes.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let tiff = Tiff { bytes, little_endian };
    let directory = usize::try_from(tiff.long(4)?).ok()?;
    let entries = usize::from(tiff.short(directory)?);
    let first = directory.checked_add(2)?;
    let at = (0..entries)
        .map(|index| first + index * ENTRY)
        .take_while(|&at| at < bytes.len())
        .find(|&at| tiff.short(at) == Some(ORIENTATION))?;
    let value = match (tiff.short(at + 2)?, tiff.long(at + 4)?) {
        (3, 1) => u32::from(tiff.short(at + 8)?),
        (4, 1) => tiff.long(at + 8)?,
        _ => return None,
    };
    u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An EXIF payload with one entry before the orientation.
    fn exif(little_endian: bool, value: u16) -> Vec<u8> {
        let short = |value: u16| {
            if little_endian { value.to_le_bytes() } else { value.to_be_bytes() }
        };
        let long = |value: u32| {
            if little_endian { value.to_le_bytes() } else { value.to_be_bytes() }
        };
        let mut bytes = b"Exif\0\0".to_vec();
        bytes.extend(if little_endian { b"II*\0" } else { b"MM\0*" });
        bytes.extend(long(8));
        bytes.extend(short(2));
        for (tag, value) in [(0x0100, 640), (ORIENTATION, value)] {
            bytes.extend(short(tag));
            bytes.extend(short(3));
            bytes.extend(long(1));
            bytes.extend(short(value));
            bytes.extend([0, 0]);
        }
        bytes
    }

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        for value in 1..=8 {
            assert_eq!(in_segment(&exif(true, value)), Some(value as u8));
            assert_eq!(in_segment(&exif(false, value)), Some(value as u8));
        }
        assert_eq!(in_segment(&exif(true, 0)), None);
        assert_eq!(in_segment(&exif(false, 9)), None);
    }

    #[test]
    fn damaged_exif_has_no_orientation() {
        let whole = exif(true, 6);
        for length in 0..whole.len() - 2 {
            assert!(matches!(in_segment(&whole[..length]), None | Some(6)));
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] = 0xFF;
            assert!(matches!(in_segment(&damaged), None | Some(6)));
        }
    }
}
