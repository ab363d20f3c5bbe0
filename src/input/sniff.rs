//! What a file is, by its first bytes. Its name does not matter.

use super::{PictureError, PictureKind};

/// As many of the first bytes as are looked at.
pub(super) const HEAD: usize = 512;

/// What is supported, for messages.
const SUPPORTED: &str = "pictures can be JPEG, PNG, TIFF, PNM (PBM, PGM, PPM, PAM) or WebP";

/// What begins with these bytes is no supported picture, but has a name.
const NAMED: [(&[u8], &str); 26] = [
    (b"GIF8", "a GIF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"II\xbc", "JPEG XR"),
    (b"BM", "a BMP"),
    (b"8BPS", "a Photoshop document (PSD or PSB)"),
    (b"%PDF", "a PDF"),
    (b"%!PS", "PostScript"),
    (b"gimp xcf", "a GIMP document (XCF)"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"PF", "a PFM (floating point)"),
    (b"Pf", "a PFM (floating point)"),
    (b"qoif", "a QOI"),
    (b"SIMPLE  =", "FITS"),
    (b"DDS ", "a DDS texture"),
    (b"\0\0\x01\0", "an icon (ICO)"),
    (b"\x8aMNG", "an MNG"),
    (b"RIFF", "a RIFF file that is no WebP"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard"),
    (b"PK\x03\x04", "a ZIP archive (or a document that is one)"),
    (b"msid", "MrSID"),
];

/// Tells the kind of a picture from the first [`HEAD`] bytes, or all there are.
///
/// # Errors
/// They are those of no supported picture; the error says what they look like.
pub(super) fn kind(head: &[u8]) -> Result<PictureKind, PictureError> {
    match head {
        [0xFF, 0xD8, ..] => Ok(PictureKind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(PictureKind::Png),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(PictureKind::Tiff),
        [b'P', b'1'..=b'7', b'#', ..] => Ok(PictureKind::Pnm),
        [b'P', b'1'..=b'7', space, ..] if space.is_ascii_whitespace() => Ok(PictureKind::Pnm),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(PictureKind::WebP),
        _ => Err(PictureError::UnknownKind(unsupported(head))),
    }
}

fn unsupported(head: &[u8]) -> String {
    let known = NAMED.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(_, name)| name);
    let known = known.or_else(|| base_media(head)).or_else(|| markup(head));
    match (head, known) {
        ([], _) => "it is empty".into(),
        ([0x89, b'P', b'N', b'G', ..], _) => {
            "it begins as a PNG whose line ends were converted, as if it were text; it has to be transferred again"
                .into()
        }
        (_, Some(name)) => format!("it is {name}; {SUPPORTED}"),
        _ => format!("it begins with {}, as no known kind of picture does; {SUPPORTED}", listed(head)),
    }
}

/// The ISO base media format: a box `ftyp` with the main brand.
fn base_media(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(4..12)?.strip_prefix(b"ftyp")?;
    Some(match brand {
        b"avif" | b"avis" => "AVIF",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "HEIC",
        b"crx " => "a camera's raw picture (CR3)",
        _ => "a film or a picture in a film's format (ISO base media)",
    })
}

fn markup(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().to_ascii_lowercase();
    let has = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    if !text.starts_with(b"<") {
        return None;
    }
    Some(match () {
        () if has(b"<svg") => "an SVG",
        () if text.starts_with(b"<!doctype html") || has(b"<html") || has(b"<head") => "a web page (HTML)",
        () => "a text (XML)",
    })
}

fn listed(head: &[u8]) -> String {
    let bytes: Vec<String> = head.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("the bytes {}", bytes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
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
            assert_eq!(kind(head).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let named: [(&[u8], &str); 17] = [
            (b"", "it is empty"),
            (b"GIF89a", "a GIF"),
            (b"BM\x36", "a BMP"),
            (b"%PDF-1.7", "a PDF"),
            (b"8BPS\0\x01", "Photoshop"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
            (b"\xff\x0a\xfa", "JPEG XL"),
            (b"\0\0\0\x20ftypavif", "AVIF"),
            (b"\0\0\0\x20ftypheic", "HEIC"),
            (b"\0\0\0\x20ftypisom", "a film"),
            (b"RIFF\x10\0\0\0WAVEfmt ", "no WebP"),
            (b"\xef\xbb\xbf  <?xml version='1.0'?><svg>", "an SVG"),
            (b"<!DOCTYPE html><p>404", "a web page"),
            (b"<?xml version='1.0'?><Image/>", "XML"),
            (b"\x89PNG\n\x1a\n", "line ends"),
            (b"P8\n", "50 38 0a"),
            (b"\0", "the bytes 00"),
        ];
        for (head, expected) in named {
            let error = kind(head).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.len() < 200, "{error}");
        }
    }
}
