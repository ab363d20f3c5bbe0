//! Detects a picture's format from its first bytes. The file name does not matter.

use super::{PictureError, PictureKind};

/// The number of first bytes that are examined.
pub(super) const HEAD_BYTES: usize = 512;

/// The formats supported, for messages.
const SUPPORTED: &str = "supported are JPEG, PNG, TIFF, PNM (PBM, PGM, PPM, PAM) and WebP";

/// First bytes and names of formats that are known but not supported.
const UNSUPPORTED: [(&[u8], &str); 26] = [
    (b"GIF8", "GIF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"II\xbc", "JPEG XR"),
    (b"BM", "BMP"),
    (b"8BPS", "Photoshop document (PSD or PSB)"),
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"gimp xcf", "GIMP document (XCF)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"PF", "PFM (floating point)"),
    (b"Pf", "PFM (floating point)"),
    (b"qoif", "QOI"),
    (b"SIMPLE  =", "FITS"),
    (b"DDS ", "DDS texture"),
    (b"\0\0\x01\0", "icon (ICO)"),
    (b"\x8aMNG", "MNG"),
    (b"RIFF", "RIFF file other than WebP"),
    (b"\x1f\x8b", "gzip file"),
    (b"\x28\xb5\x2f\xfd", "Zstandard file"),
    (b"PK\x03\x04", "ZIP archive (or a document stored as one)"),
    (b"msid", "MrSID"),
];

/// Detects the format from the first [`HEAD_BYTES`] bytes, or all if there are fewer.
///
/// # Errors
/// The format is not supported or unknown. The error names it if possible.
pub(super) fn detect_kind(head: &[u8]) -> Result<PictureKind, PictureError> {
    match head {
        [0xFF, 0xD8, ..] => Ok(PictureKind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(PictureKind::Png),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(PictureKind::Tiff),
        [b'P', b'1'..=b'7', b'#', ..] => Ok(PictureKind::Pnm),
        [b'P', b'1'..=b'7', space, ..] if space.is_ascii_whitespace() => Ok(PictureKind::Pnm),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(PictureKind::WebP),
        _ => Err(PictureError::UnknownKind(describe_unknown(head))),
    }
}

fn describe_unknown(head: &[u8]) -> String {
    let known = UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(_, name)| name);
    let known = known.or_else(|| iso_media_name(head)).or_else(|| markup_name(head));
    match (head, known) {
        ([], _) => "empty (0 bytes)".into(),
        ([0x89, b'P', b'N', b'G', ..], _) => {
            "damaged: PNG whose line endings were converted as if it were text; transfer it again in binary mode".into()
        }
        (_, Some(name)) => format!("not supported: {name}; {SUPPORTED}"),
        _ => format!("unknown format, first bytes {}; {SUPPORTED}", hexadecimal(head)),
    }
}

/// The ISO base media file format: a box `ftyp` with the main brand.
fn iso_media_name(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(4..12)?.strip_prefix(b"ftyp")?;
    Some(match brand {
        b"avif" | b"avis" => "AVIF",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "HEIC",
        b"crx " => "camera raw file (CR3)",
        _ => "video or picture in an ISO base media file",
    })
}

fn markup_name(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().to_ascii_lowercase();
    let has = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    if !text.starts_with(b"<") {
        return None;
    }
    Some(match () {
        () if has(b"<svg") => "SVG",
        () if text.starts_with(b"<!doctype html") || has(b"<html") || has(b"<head") => "web page (HTML)",
        () => "XML",
    })
}

fn hexadecimal(head: &[u8]) -> String {
    let bytes: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supported_formats_are_detected_from_first_bytes() {
        let kinds: [(&[u8], PictureKind); 11] = [
            (b"\xff\xd8\xff\xe0", PictureKind::Jpeg),
            (b"\x89PNG\r\n\x1a\n", PictureKind::Png),
            (b"II*\0", PictureKind::Tiff),
            (b"MM\0*", PictureKind::Tiff),
            (b"II+\0", PictureKind::Tiff),
            (b"MM\0+", PictureKind::Tiff),
            (b"P1\n", PictureKind::Pnm),
            (b"P6 ", PictureKind::Pnm),
            (b"P5# made by hand", PictureKind::Pnm),
            (b"P7\n", PictureKind::Pnm),
            (b"RIFF\x10\0\0\0WEBPVP8 ", PictureKind::WebP),
        ];
        for (head, expected) in kinds {
            assert_eq!(detect_kind(head).unwrap(), expected);
        }
    }

    #[test]
    fn unsupported_formats_are_named() {
        let named: [(&[u8], &str); 17] = [
            (b"", "empty (0 bytes)"),
            (b"GIF89a", "not supported: GIF"),
            (b"BM\x36", "not supported: BMP"),
            (b"%PDF-1.7", "not supported: PDF"),
            (b"8BPS\0\x01", "Photoshop"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
            (b"\xff\x0a\xfa", "JPEG XL"),
            (b"\0\0\0\x20ftypavif", "AVIF"),
            (b"\0\0\0\x20ftypheic", "HEIC"),
            (b"\0\0\0\x20ftypisom", "video"),
            (b"RIFF\x10\0\0\0WAVEfmt ", "other than WebP"),
            (b"\xef\xbb\xbf  <?xml version='1.0'?><svg>", "SVG"),
            (b"<!DOCTYPE html><p>404", "web page"),
            (b"<?xml version='1.0'?><Image/>", "XML"),
            (b"\x89PNG\n\x1a\n", "line endings"),
            (b"P8\n", "first bytes 50 38 0a;"),
            (b"\0", "first bytes 00;"),
        ];
        for (head, expected) in named {
            let error = detect_kind(head).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.len() < 200, "{error}");
        }
    }
}
