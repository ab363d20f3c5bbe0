//! What a TIFF's directories say: which image is shown, and how its samples are stored.

use super::super::{PictureError, profile};
use super::colour::{Alpha, Colour, Format};
use super::compression::Compression;
use super::directory::{Directory, Source, Tag};
use super::layout::{Cells, Layout};
use super::tags;
use crate::geometry::{MAX_SIDE, Size};
use std::collections::HashSet;
use std::sync::Arc;

/// More images of one file are not looked at.
const MAX_IMAGES: usize = 4096;
/// Sizes of other images that are named.
const NAMED: usize = 8;
/// A longer profile is left out.
const LONGEST_PROFILE: u64 = 1 << 24;
/// Longer tables count as damage.
const LONGEST_TABLES: u64 = 1 << 16;
/// More samples of a pixel are not supported.
const MAX_SAMPLES: u64 = 64;

/// All that is known of the image that is shown, before its pixels.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) layout: Layout,
    pub(super) format: Format,
    pub(super) compression: Compression,
    /// Whether each byte's bits come in the other order.
    pub(super) reversed_bits: bool,
    /// The JPEG tables that all chunks share, from DQT or DHT on, without EOI.
    pub(super) jpeg_tables: Vec<u8>,
    pub(super) icc: Option<Arc<[u8]>>,
    /// 1 to 8.
    pub(super) orientation: u8,
    pub(super) warnings: Vec<String>,
}

impl Description {
    /// Finds the largest image and reads its tags.
    ///
    /// # Errors
    /// There is none, or it is damaged or of an unsupported kind.
    pub(super) fn read(source: &Source, first: u64) -> Result<Self, PictureError> {
        let mut warnings = Vec::new();
        let (directory, (width, height)) = largest(source, first, &mut warnings)?;
        let most = u64::from(MAX_SIDE);
        if !(1..=most).contains(&width) || !(1..=most).contains(&height) {
            return Err(PictureError::Side { width, height, most });
        }
        let size = Size::new(width as u32, height as u32);
        let tags = Tags { source, directory: &directory };
        let compression = Compression::of(tags.number(tags::COMPRESSION, 1)?)?;
        let format = tags.format(compression, &mut warnings)?;
        let used = format.used_samples() as u64;
        let (samples, planes) = if format.planar { (1, used) } else { (format.samples as u64, 1) };
        let cells = Cells { samples, planes, bits: u64::from(format.bits) };
        let layout = Layout::read(source, &directory, size, cells, compression)?;
        let jpeg_tables = if compression == Compression::Jpeg { tags.jpeg_tables()? } else { Vec::new() };
        let icc = tags.icc(&format, &mut warnings)?;
        let orientation = match tags.number(tags::ORIENTATION, 1)? {
            turned @ 1..=8 => turned as u8,
            _ => 1,
        };
        let reversed_bits = match tags.number(tags::FILL_ORDER, 1)? {
            2 => compression != Compression::Jpeg,
            _ => false,
        };
        Ok(Self { layout, format, compression, reversed_bits, jpeg_tables, icc, orientation, warnings })
    }
}

/// The directory of the image with most pixels, the first among equals, and its size. The others are named in a
/// warning.
fn largest(source: &Source, first: u64, warnings: &mut Vec<String>) -> Result<(Directory, (u64, u64)), PictureError> {
    let mut seen = HashSet::new();
    let mut best: Option<(Directory, (u64, u64))> = None;
    let (mut sizes, mut taken) = (Vec::new(), 0);
    let (mut offset, mut broken) = (first, None);
    while offset != 0 {
        if !seen.insert(offset) || seen.len() > MAX_IMAGES {
            let why = if seen.len() > MAX_IMAGES { "it is too long" } else { "it leads in a circle" };
            broken = Some(PictureError::Damaged(why.into()));
            break;
        }
        let found = match image(source, offset) {
            Ok(found) => found,
            Err(error) => {
                broken = Some(error);
                break;
            }
        };
        offset = found.0.next;
        let pixels = |size: (u64, u64)| u128::from(size.0) * u128::from(size.1);
        sizes.push(found.1);
        if best.as_ref().is_none_or(|best| pixels(best.1) < pixels(found.1)) {
            (best, taken) = (Some(found), sizes.len() - 1);
        }
    }
    match (best, broken) {
        (None, Some(error)) => Err(error),
        (None, None) => Err(PictureError::Damaged("it holds no image".into())),
        (Some(best), broken) => {
            if sizes.len() > 1 {
                warnings.push(left_out(&sizes, taken));
            }
            if let Some(why) = broken {
                warnings.push(format!("the list of its images cannot be read after {}: {why}", sizes.len()));
            }
            Ok(best)
        }
    }
}

/// The directory at `offset` and the size of its image. A transparency mask counts as having no pixels.
fn image(source: &Source, offset: u64) -> Result<(Directory, (u64, u64)), PictureError> {
    let directory = source.directory(offset)?;
    let number = |tag: Tag| directory.first_number(source, tag);
    let mask = number(tags::NEW_SUBFILE_TYPE)?.unwrap_or(0) & 4 != 0;
    let side = |tag: Tag| number(tag)?.ok_or_else(|| PictureError::Damaged(format!("its {} is missing", tag.1)));
    let size = (side(tags::IMAGE_WIDTH)?, side(tags::IMAGE_LENGTH)?);
    Ok((directory, if mask { (0, 0) } else { size }))
}

/// Names the images that are left out, by their place in the file, counted from 1, and their size.
fn left_out(sizes: &[(u64, u64)], taken: usize) -> String {
    let named = |(index, size): (usize, &(u64, u64))| match size {
        (0, 0) => format!("{} (a mask)", index + 1),
        (width, height) => format!("{} ({width}x{height})", index + 1),
    };
    let others = sizes.iter().enumerate().filter(|(index, _)| *index != taken);
    let mut others: Vec<String> = others.map(named).take(NAMED + 1).collect();
    if others.len() > NAMED {
        others[NAMED] = "...".into();
    }
    let ((width, height), plural) = (sizes[taken], if others.len() == 1 { "" } else { "s" });
    format!(
        "it has {} images; number {}, the largest with {width}x{height} pixels, is taken; left out: number{plural} {}",
        sizes.len(),
        taken + 1,
        others.join(", ")
    )
}

/// The tags of one image.
struct Tags<'a> {
    source: &'a Source,
    directory: &'a Directory,
}

impl Tags<'_> {
    /// The first value of a tag, or `default` without it.
    fn number(&self, tag: Tag, default: u64) -> Result<u64, PictureError> {
        Ok(self.directory.first_number(self.source, tag)?.unwrap_or(default))
    }

    /// The one value that a tag has for all samples, or `default` without it.
    fn same(&self, tag: Tag, samples: u64, default: u64) -> Result<u64, PictureError> {
        let values = self.directory.numbers(self.source, tag, samples)?.unwrap_or_default();
        let first = values.first().copied().unwrap_or(default);
        if values.iter().any(|value| *value != first) {
            return Err(unsupported(&format!("with samples of different {}", tag.1)));
        }
        Ok(first)
    }

    fn format(&self, compression: Compression, warnings: &mut Vec<String>) -> Result<Format, PictureError> {
        let samples = self.number(tags::SAMPLES_PER_PIXEL, 1)?;
        if !(1..=MAX_SAMPLES).contains(&samples) {
            return Err(unsupported(&format!("with {samples} samples a pixel")));
        }
        let bits = self.same(tags::BITS_PER_SAMPLE, samples, 1)?;
        match self.same(tags::SAMPLE_FORMAT, samples, 1)? {
            1 | 4 => {}
            2 => return Err(unsupported("of signed samples")),
            3 => return Err(unsupported("of floating-point samples")),
            other => return Err(unsupported(&format!("of sample format {other}"))),
        }
        if !matches!(bits, 1 | 2 | 4 | 8 | 16) || (compression == Compression::Jpeg && bits != 8) {
            let jpeg = if compression == Compression::Jpeg { "JPEG with " } else { "" };
            return Err(unsupported(&format!("of {jpeg}{bits} bits a sample")));
        }
        let bits = bits as u8;
        let planar = match self.number(tags::PLANAR_CONFIGURATION, 1)? {
            1 => false,
            2 => samples > 1,
            other => return Err(PictureError::Damaged(format!("its PlanarConfiguration is {other}"))),
        };
        let colour = self.colour(bits, compression)?;
        let base = colour.samples();
        if samples < base as u64 {
            let text = format!("its pixels have {samples} samples, too few for their PhotometricInterpretation");
            return Err(PictureError::Damaged(text));
        }
        let samples = samples as usize;
        let alpha = self.alpha(samples, base, warnings)?;
        let predictor = match (compression, self.number(tags::PREDICTOR, 1)?) {
            (Compression::None | Compression::PackBits | Compression::Jpeg, _) | (_, 1) => false,
            (_, 2) if bits >= 8 => true,
            (_, other) => return Err(unsupported(&format!("with predictor {other} and {bits} bits a sample"))),
        };
        Ok(Format { big_endian: self.source.big_endian, bits, samples, planar, predictor, colour, alpha })
    }

    fn colour(&self, bits: u8, compression: Compression) -> Result<Colour, PictureError> {
        let Some(photometric) = self.directory.first_number(self.source, tags::PHOTOMETRIC)? else {
            return Err(PictureError::Damaged("its PhotometricInterpretation is missing".into()));
        };
        let name = match photometric {
            0 => return Ok(Colour::Grey { inverted: true }),
            1 => return Ok(Colour::Grey { inverted: false }),
            2 => return Ok(Colour::Rgb),
            3 if bits <= 8 => return self.palette(bits),
            3 => "with a palette of 16 bits",
            5 if self.number(tags::INK_SET, 1)? == 1 && compression != Compression::Jpeg => return Ok(Colour::Cmyk),
            5 if compression == Compression::Jpeg => "of CMYK with JPEG compression",
            5 => "of inks other than CMYK",
            6 if compression == Compression::Jpeg => return Ok(Colour::YCbCr),
            6 if bits == 8 && self.is_whole_chroma()? => return Ok(Colour::YCbCr),
            6 => "of YCbCr with subsampled colours and without JPEG compression",
            4 => "that is but a transparency mask",
            8..=10 => "of CIE L*a*b*",
            32803 | 34892 => "of a camera's raw data",
            32844 | 32845 => "of LogLuv",
            _ => return Err(unsupported(&format!("of PhotometricInterpretation {photometric}"))),
        };
        Err(unsupported(name))
    }

    fn is_whole_chroma(&self) -> Result<bool, PictureError> {
        let factors = self.directory.numbers(self.source, tags::YCBCR_SUBSAMPLING, 2)?;
        Ok(factors.is_some_and(|factors| factors == [1, 1]))
    }

    /// The colour map as 8 bits: the upper of 16, except in the files of some that wrote 8 bits as they are.
    fn palette(&self, bits: u8) -> Result<Colour, PictureError> {
        let count = 1usize << bits;
        let map = self.directory.numbers(self.source, tags::COLOR_MAP, 3 * count as u64)?.unwrap_or_default();
        if map.len() < 3 * count {
            let text = format!("its ColorMap has {} values, not {}", map.len(), 3 * count);
            return Err(PictureError::Damaged(text));
        }
        let shift = if map.iter().all(|value| *value < 256) { 0 } else { 8 };
        let mut palette = Box::new([[0; 3]; 256]);
        for (index, entry) in palette.iter_mut().take(count).enumerate() {
            *entry = [0, 1, 2].map(|channel| (map[channel * count + index] >> shift) as u8);
        }
        Ok(Colour::Palette(palette))
    }

    /// Which of the samples beyond the colours is alpha: the first that says so, or an only one that says nothing, as
    /// libvips has it.
    fn alpha(&self, samples: usize, base: usize, warnings: &mut Vec<String>) -> Result<Option<Alpha>, PictureError> {
        let extra = samples - base;
        if extra == 0 {
            return Ok(None);
        }
        let kinds = self.directory.numbers(self.source, tags::EXTRA_SAMPLES, extra as u64)?.unwrap_or_default();
        let known = kinds.iter().position(|kind| matches!(kind, 1 | 2));
        let alpha = match known {
            Some(index) => Some(Alpha { sample: base + index, associated: kinds.get(index) == Some(&1) }),
            None if extra == 1 => Some(Alpha { sample: base, associated: false }),
            None => None,
        };
        let left_out = extra - usize::from(alpha.is_some());
        if left_out > 0 {
            warnings.push(format!("{left_out} further samples of each pixel are left out"));
        }
        Ok(alpha)
    }

    fn jpeg_tables(&self) -> Result<Vec<u8>, PictureError> {
        if !self.directory.has(tags::JPEG_TABLES) {
            return Ok(Vec::new());
        }
        let tables = self.directory.bytes(self.source, tags::JPEG_TABLES, LONGEST_TABLES)?;
        match tables.as_deref() {
            Some([0xFF, 0xD8, inner @ .., 0xFF, 0xD9] | [0xFF, 0xD8, inner @ ..]) => Ok(inner.to_vec()),
            _ => Err(PictureError::Damaged("its JPEGTables are no JPEG".into())),
        }
    }

    /// The ICC profile if it is one of what is delivered.
    fn icc(&self, format: &Format, warnings: &mut Vec<String>) -> Result<Option<Arc<[u8]>>, PictureError> {
        if !self.directory.has(tags::ICC_PROFILE) {
            return Ok(None);
        }
        // One that is too long to be read is as bad as a damaged one.
        let profile = self.directory.bytes(self.source, tags::ICC_PROFILE, LONGEST_PROFILE)?.unwrap_or_default();
        let (fitting, warning) = profile::fitting(Some(&profile), format.channels());
        warnings.extend(warning);
        Ok(fitting)
    }
}

fn unsupported(what: &str) -> PictureError {
    PictureError::Unsupported(format!("a TIFF {what} is not supported"))
}
