//! The orientation in a PNG's text, where programs have put it that do not know the chunk for Exif data: these as
//! hexadecimal numbers ("Raw profile type exif", as ImageMagick had it), or XMP. Pillow looks there, too, libvips does not.

use crate::codec::orientation::in_tiff;
use png::Info;

/// What text with Exif data and with XMP is called.
const RAW_PROFILE: &str = "Raw profile type exif";
const XMP: &str = "XML:com.adobe.xmp";
/// The most bytes of a compressed text.
const MOST_TEXT: usize = 1 << 21;

/// The orientation in the text read so far.
pub(super) fn orientation(info: &Info<'_>) -> Option<u8> {
    let plain = info.uncompressed_latin1_text.iter().filter(|text| text.keyword == RAW_PROFILE);
    let packed = info.compressed_latin1_text.iter().filter(|text| text.keyword == RAW_PROFILE);
    let wide = |name: &'static str| info.utf8_text.iter().filter(move |text| text.keyword == name);
    let texts = plain.map(|text| text.text.clone()).chain(packed.filter_map(|text| text.get_text().ok()));
    let mut texts = texts.chain(wide(RAW_PROFILE).filter_map(|text| text.get_text().ok()));
    let mut xmp = wide(XMP).filter_map(|text| text.get_text().ok());
    texts.find_map(|text| in_raw_profile(&text)).or_else(|| xmp.find_map(|text| in_xmp(&text)))
}

/// The orientation in a chunk of text, by the chunk's name and data.
pub(super) fn in_chunk(name: [u8; 4], data: &[u8]) -> Option<u8> {
    let (keyword, rest) = split(data)?;
    let (packed, text) = match &name {
        b"tEXt" => (false, rest),
        b"zTXt" => (true, rest.get(1..)?),
        b"iTXt" => {
            // A flag and a method, and two more texts.
            let (_, translated) = split(rest.get(2..)?)?;
            (*rest.first()? == 1, split(translated)?.1)
        }
        _ => return None,
    };
    let unpacked;
    let text = if packed {
        unpacked = fdeflate::decompress_to_vec_bounded(text, MOST_TEXT).ok()?;
        &unpacked
    } else {
        text
    };
    let text = String::from_utf8_lossy(text);
    match std::str::from_utf8(keyword).ok()? {
        RAW_PROFILE => in_raw_profile(&text),
        XMP if &name == b"iTXt" => in_xmp(&text),
        _ => None,
    }
}

/// What stands before and behind the first zero.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The orientation in Exif data as hexadecimal numbers, which follow an empty line, their name and their length.
fn in_raw_profile(text: &str) -> Option<u8> {
    let digits: Vec<u8> = text.splitn(4, '\n').nth(3)?.bytes().filter(|digit| !digit.is_ascii_whitespace()).collect();
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let bytes = digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?));
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    in_tiff(bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes))
}

/// The orientation in XMP, as an attribute or as an element.
fn in_xmp(text: &str) -> Option<u8> {
    text.match_indices("tiff:Orientation").find_map(|(at, name)| {
        let rest = text.get(at + name.len()..)?;
        let value = ["=\"", "='", ">"].iter().find_map(|begin| rest.strip_prefix(begin))?;
        let digit = *value.as_bytes().first()?;
        (b'1'..=b'8').contains(&digit).then(|| digit - b'0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_orientation_is_none() {
        for text in ["", "\nexif\n", "\nexif\n 4\nxyzw", "\nexif\n 4\n4d4d", "\nexif\n 1\n4"] {
            assert_eq!(in_raw_profile(text), None, "{text:?}");
        }
        for text in ["", "tiff:Orientation", "tiff:Orientation=\"", "tiff:Orientation=\"9\"", "tiff:Orientations=\"6\""]
        {
            assert_eq!(in_xmp(text), None, "{text:?}");
        }
        assert_eq!(in_xmp("</tiff:Orientation> <tiff:Orientation>8</tiff:Orientation>"), Some(8));
        assert_eq!(in_xmp("tiff:Orientation='3'"), Some(3));
        for data in [&b""[..], b"XML:com.adobe.xmp", b"XML:com.adobe.xmp\0", b"XML:com.adobe.xmp\0\x01\0\0\0garbage"] {
            for name in [*b"tEXt", *b"zTXt", *b"iTXt", *b"eXIf"] {
                assert_eq!(in_chunk(name, data), None);
            }
        }
    }
}
