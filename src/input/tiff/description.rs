//! The description of the image being read: how its samples are stored, according to its tags.

use super::colour::{Alpha, Photometric, PixelFormat};
use super::compression::Compression;
use super::directory::{Directory, Tag, TiffFile, missing};
use super::images::{DeclaredSize, largest_image};
use super::layout::{ChunkLayout, SampleLayout};
use super::tags;
use crate::geometry::{MAX_SIDE, Size};
use crate::input::{PictureError, profile::matching_profile};
use std::sync::Arc;

/// The most bytes of an ICC profile. A longer one is ignored.
const MAX_PROFILE_BYTES: u64 = 1 << 24;
/// The most bytes of shared JPEG tables. Longer ones count as damage.
const MAX_TABLES_BYTES: u64 = 1 << 16;
/// The most samples per pixel.
const MAX_SAMPLES: u64 = 64;

/// Everything known of an image before its pixels are read.
#[derive(Debug)]
pub(super) struct ImageDescription {
    pub(super) layout: ChunkLayout,
    pub(super) format: PixelFormat,
    pub(super) compression: Compression,
    /// Whether the bits of each byte are stored in reverse order.
    pub(super) reversed_bits: bool,
    /// JPEG tables shared by all chunks: from DQT or DHT on, without EOI.
    pub(super) jpeg_tables: Vec<u8>,
    pub(super) icc: Option<Arc<[u8]>>,
    /// 1 to 8.
    pub(super) orientation: u8,
    pub(super) warnings: Vec<String>,
}

impl ImageDescription {
    /// Finds the largest image and reads its tags.
    ///
    /// # Errors
    /// There is no image, or it is damaged or not supported.
    pub(super) fn read(file: &TiffFile, first: u64) -> Result<Self, PictureError> {
        let mut warnings = Vec::new();
        let image = largest_image(file, first, &mut warnings)?;
        let size = checked_size(image.size)?;
        let tags = Tags { file, directory: &image.directory };
        let compression = Compression::from_number(tags.number(tags::COMPRESSION, 1)?)?;
        let format = tags.pixel_format(compression, &mut warnings)?;
        let used = format.used_samples() as u64;
        let (samples, planes) = if format.planar { (1, used) } else { (format.samples as u64, 1) };
        let samples = SampleLayout { samples, planes, bits: u64::from(format.bits) };
        let layout = ChunkLayout::read(file, &image.directory, size, samples, compression)?;
        let jpeg_tables = if compression == Compression::Jpeg { tags.jpeg_tables()? } else { Vec::new() };
        let icc = tags.icc(&format, &mut warnings)?;
        let orientation = match tags.number(tags::ORIENTATION, 1)? {
            orientation @ 1..=8 => orientation as u8,
            _ => 1,
        };
        let reversed_bits = tags.number(tags::FILL_ORDER, 1)? == 2 && compression != Compression::Jpeg;
        Ok(Self { layout, format, compression, reversed_bits, jpeg_tables, icc, orientation, warnings })
    }
}

fn checked_size(size: DeclaredSize) -> Result<Size, PictureError> {
    let (width, height) = match size {
        DeclaredSize::Image { width, height } => (width, height),
        DeclaredSize::Mask => (0, 0),
    };
    let max = u64::from(MAX_SIDE);
    if !(1..=max).contains(&width) || !(1..=max).contains(&height) {
        return Err(PictureError::Side { width, height, max });
    }
    Ok(Size::new(width as u32, height as u32))
}

/// The tags of one image.
struct Tags<'a> {
    file: &'a TiffFile,
    directory: &'a Directory,
}

impl Tags<'_> {
    /// The first value of a tag, or `default` without the tag.
    fn number(&self, tag: Tag, default: u64) -> Result<u64, PictureError> {
        Ok(self.directory.first_number(self.file, tag)?.unwrap_or(default))
    }

    /// The common value of a tag for all samples, or `default` without the tag.
    fn common_number(&self, tag: Tag, samples: u64, default: u64) -> Result<u64, PictureError> {
        let values = self.directory.numbers(self.file, tag, samples)?.unwrap_or_default();
        let first = values.first().copied().unwrap_or(default);
        if values.iter().any(|value| *value != first) {
            return Err(unsupported(&format!("with a different {} for each sample", tag.name)));
        }
        Ok(first)
    }

    fn pixel_format(&self, compression: Compression, warnings: &mut Vec<String>) -> Result<PixelFormat, PictureError> {
        let samples = self.number(tags::SAMPLES_PER_PIXEL, 1)?;
        if !(1..=MAX_SAMPLES).contains(&samples) {
            return Err(unsupported(&format!("with {samples} samples per pixel")));
        }
        let bits = self.bits(samples, compression)?;
        let planar = match self.number(tags::PLANAR_CONFIGURATION, 1)? {
            1 => false,
            2 => samples > 1,
            other => return Err(PictureError::Damaged(format!("PlanarConfiguration is {other}"))),
        };
        let colour = self.photometric(bits, compression)?;
        let base = colour.samples();
        if samples < base as u64 {
            let text = format!("{samples} samples per pixel are too few for the PhotometricInterpretation");
            return Err(PictureError::Damaged(text));
        }
        let samples = samples as usize;
        let alpha = self.alpha(samples, base, warnings)?;
        let predictor = match (compression, self.number(tags::PREDICTOR, 1)?) {
            (Compression::None | Compression::PackBits | Compression::Jpeg, _) | (_, 1) => false,
            (_, 2) if bits >= 8 => true,
            (_, other) => return Err(unsupported(&format!("with predictor {other} and {bits} bits per sample"))),
        };
        Ok(PixelFormat { big_endian: self.file.big_endian, bits, samples, planar, predictor, colour, alpha })
    }

    /// Bits per sample: 1, 2, 4, 8 or 16.
    fn bits(&self, samples: u64, compression: Compression) -> Result<u8, PictureError> {
        let bits = self.common_number(tags::BITS_PER_SAMPLE, samples, 1)?;
        match self.common_number(tags::SAMPLE_FORMAT, samples, 1)? {
            1 | 4 => {}
            2 => return Err(unsupported("with signed samples")),
            3 => return Err(unsupported("with floating-point samples")),
            other => return Err(unsupported(&format!("with sample format {other}"))),
        }
        match (compression, bits) {
            (Compression::Jpeg, 8) => Ok(8),
            (Compression::Jpeg, _) => Err(unsupported(&format!("with JPEG compression and {bits} bits per sample"))),
            (_, 1 | 2 | 4 | 8 | 16) => Ok(bits as u8),
            _ => Err(unsupported(&format!("with {bits} bits per sample"))),
        }
    }

    fn photometric(&self, bits: u8, compression: Compression) -> Result<Photometric, PictureError> {
        let photometric = self.directory.first_number(self.file, tags::PHOTOMETRIC)?;
        let problem = match photometric.ok_or_else(|| missing(tags::PHOTOMETRIC))? {
            0 => return Ok(Photometric::Grey { inverted: true }),
            1 => return Ok(Photometric::Grey { inverted: false }),
            2 => return Ok(Photometric::Rgb),
            3 if bits <= 8 => return self.palette(bits),
            3 => "with a palette of 16 bits",
            5 if compression == Compression::Jpeg => "with CMYK and JPEG compression",
            5 if self.number(tags::INK_SET, 1)? == 1 => return Ok(Photometric::Cmyk),
            5 => "with inks other than CMYK",
            6 if compression == Compression::Jpeg => return Ok(Photometric::YCbCr),
            6 if bits == 8 && self.is_chroma_full()? => return Ok(Photometric::YCbCr),
            6 => "with subsampled YCbCr, but without JPEG compression",
            4 => "that contains only a transparency mask",
            8..=10 => "with CIE L*a*b* colours",
            32803 | 34892 => "with raw camera data",
            32844 | 32845 => "with LogLuv colours",
            other => return Err(unsupported(&format!("with PhotometricInterpretation {other}"))),
        };
        Err(unsupported(problem))
    }

    /// Whether there are colour differences for each pixel.
    fn is_chroma_full(&self) -> Result<bool, PictureError> {
        let factors = self.directory.numbers(self.file, tags::YCBCR_SUBSAMPLING, 2)?;
        Ok(factors.is_some_and(|factors| factors == [1, 1]))
    }

    /// The colour map with 8 bits per value: the upper 8 of 16, except in files by writers that stored 8 bits unscaled.
    fn palette(&self, bits: u8) -> Result<Photometric, PictureError> {
        let count = 1usize << bits;
        let map = self.directory.numbers(self.file, tags::COLOR_MAP, 3 * count as u64)?.unwrap_or_default();
        if map.len() < 3 * count {
            let text = format!("ColorMap has {} values, not {}", map.len(), 3 * count);
            return Err(PictureError::Damaged(text));
        }
        let shift = if map.iter().all(|value| *value < 256) { 0 } else { 8 };
        let mut palette = Box::new([[0; 3]; 256]);
        for (index, entry) in palette.iter_mut().take(count).enumerate() {
            *entry = [0, 1, 2].map(|channel| (map[channel * count + index] >> shift) as u8);
        }
        Ok(Photometric::Palette(palette))
    }

    /// Finds the alpha among the samples after the colours: the first declared as alpha, or a single undeclared one, as
    /// in libvips.
    fn alpha(&self, samples: usize, base: usize, warnings: &mut Vec<String>) -> Result<Option<Alpha>, PictureError> {
        let extra = samples - base;
        if extra == 0 {
            return Ok(None);
        }
        let kinds = self.directory.numbers(self.file, tags::EXTRA_SAMPLES, extra as u64)?.unwrap_or_default();
        let declared = kinds.iter().position(|kind| matches!(kind, 1 | 2));
        let alpha = match declared {
            Some(index) => Some(Alpha { sample: base + index, associated: kinds.get(index) == Some(&1) }),
            None if extra == 1 => Some(Alpha { sample: base, associated: false }),
            None => None,
        };
        let ignored = extra - usize::from(alpha.is_some());
        if ignored > 0 {
            warnings.push(format!("extra samples ignored: {ignored} per pixel"));
        }
        Ok(alpha)
    }

    fn jpeg_tables(&self) -> Result<Vec<u8>, PictureError> {
        if !self.directory.has(tags::JPEG_TABLES) {
            return Ok(Vec::new());
        }
        let tables = self.directory.bytes(self.file, tags::JPEG_TABLES, MAX_TABLES_BYTES)?;
        match tables.as_deref() {
            Some([0xFF, 0xD8, inner @ .., 0xFF, 0xD9] | [0xFF, 0xD8, inner @ ..]) => Ok(inner.to_vec()),
            _ => Err(PictureError::Damaged("JPEGTables is not a JPEG".into())),
        }
    }

    /// The ICC profile, if it matches the rows delivered.
    fn icc(&self, format: &PixelFormat, warnings: &mut Vec<String>) -> Result<Option<Arc<[u8]>>, PictureError> {
        if !self.directory.has(tags::ICC_PROFILE) {
            return Ok(None);
        }
        // A profile that is too long is treated like a damaged one.
        let profile = self.directory.bytes(self.file, tags::ICC_PROFILE, MAX_PROFILE_BYTES)?.unwrap_or_default();
        let (icc, warning) = matching_profile(Some(&profile), format.channels());
        warnings.extend(warning);
        Ok(icc)
    }
}

fn unsupported(problem: &str) -> PictureError {
    PictureError::Unsupported(format!("TIFF {problem}"))
}
