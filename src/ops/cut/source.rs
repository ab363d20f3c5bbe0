//! The picture to be cut, and in which way: by its pixels or by a JPEG's coefficients.

use super::CutError;
use crate::format::{FormatKind, Settings};
use crate::geometry::Geometry;
use crate::input::{self, Coefficients, JpegPicture, Picture, PictureError, PictureInput, Upsampling};
use crate::jpeg::quantisation_tables;
use crate::sync::Progress;
use crate::text::display::display_path;
use crate::tile::Codec;
use crate::walk::cut::Bands;
use serde::Serialize;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

/// Where a picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureSource {
    /// In a file.
    File(PathBuf),
    /// It comes through standard input.
    StandardInput,
}

impl std::fmt::Display for PictureSource {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => out.write_str(&display_path(path)),
            Self::StandardInput => out.write_str("standard input"),
        }
    }
}

impl PictureSource {
    /// Reads the picture's headers.
    pub(super) fn open(&self) -> Result<Picture, CutError> {
        let input = match self {
            Self::File(path) => {
                let open = || File::open(path).and_then(|file| Ok((file.metadata()?.is_dir(), file)));
                let (is_folder, file) = open().map_err(|error| self.refused(error.into()))?;
                if is_folder {
                    return Err(CutError::IsAFolder { picture: self.to_string() });
                }
                PictureInput::File(BufReader::new(file))
            }
            Self::StandardInput => PictureInput::Stream(BufReader::new(Box::new(std::io::stdin()))),
        };
        input::open(input).map_err(|error| self.refused(error))
    }

    pub(super) fn refused(&self, error: PictureError) -> CutError {
        CutError::Picture { picture: self.to_string(), error }
    }
}

/// How a picture becomes tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Its pixels are encoded.
    Pixels,
    /// A JPEG's coefficients are taken as they are.
    Lossless,
    /// A JPEG's coefficients are quantised anew, without becoming pixels.
    Requantised,
}

/// Whether the picture can be cut by its coefficients: between its MCUs, upright, into JPEG.
fn by_coefficients(picture: &JpegPicture, geometry: &Geometry, settings: &Settings) -> bool {
    let ((wide, high), grid) = (picture.mcu_size(), geometry.base_grid());
    settings.format.kind() == FormatKind::Jpeg
        && picture.can_be_interleaved()
        && picture.info().orientation == 1
        && (grid.columns == 1 || geometry.tile_size().is_multiple_of(wide))
        && (grid.rows == 1 || geometry.tile_size().is_multiple_of(high))
}

/// In which way the picture will be cut. `quality_asked` says whether the user wants another quality than the
/// picture's own.
pub(super) fn manner(opened: &Picture, geometry: &Geometry, settings: &Settings, quality_asked: bool) -> Manner {
    match opened {
        Picture::Jpeg(picture) if by_coefficients(picture, geometry, settings) => match quality_asked {
            true => Manner::Requantised,
            false => Manner::Lossless,
        },
        _ => Manner::Pixels,
    }
}

/// How a JPEG's colour differences become pixels: for tiles that halve them again so that they become what they were, for
/// all others as viewers show them.
fn upsampling(settings: &Settings) -> Upsampling {
    let halves = settings.format.kind() == FormatKind::Jpeg && Codec::new(settings).halves_colour();
    if halves { Upsampling::Repeated } else { Upsampling::Smooth }
}

/// Whether tiles were made at the pyramid's quality so far, of which the picture, with these luma steps, is not.
fn continues(settings: &Settings, latest_steps: Option<[u16; 64]>, steps: [u16; 64]) -> bool {
    let own = quantisation_tables(settings.quality.unwrap_or_default().get()).0;
    latest_steps == Some(own) && steps != own
}

/// The manner that [`bands`] will find right, as far as it can be told without decoding anything.
pub(super) fn continued(
    opened: &Picture,
    manner: Manner,
    settings: &Settings,
    latest_steps: Option<[u16; 64]>,
) -> Manner {
    match opened {
        Picture::Jpeg(picture) if manner == Manner::Lossless => {
            let continues = picture.luma_steps().is_some_and(|steps| continues(settings, latest_steps, steps));
            if continues { Manner::Requantised } else { manner }
        }
        _ => manner,
    }
}

/// The picture's bands, in this manner. `latest_steps` are the luma steps of a tile that the pyramid has, if it has any:
/// where those are of its own quality, the new picture is brought to it, too. What has to be held is decoded now, unless
/// `progress` cancels it.
pub(super) fn bands(
    opened: Picture,
    manner: Manner,
    settings: &Settings,
    latest_steps: Option<[u16; 64]>,
    max_memory: u64,
    progress: &dyn Progress,
) -> Result<(Bands, Manner), PictureError> {
    let info = opened.info().clone();
    let mut rows = match opened {
        Picture::Rows(picture) => picture.rows(max_memory)?,
        Picture::Jpeg(picture) if manner == Manner::Pixels => {
            picture.rows(upsampling(settings), max_memory, progress)?
        }
        Picture::Jpeg(picture) => {
            let coefficients = picture.coefficients(max_memory, progress)?;
            return Ok(of_coefficients(coefficients, manner, settings, latest_steps));
        }
    };
    rows.prepare(progress)?;
    Ok((Bands::of_rows(&info, rows), manner))
}

fn of_coefficients(
    coefficients: Coefficients,
    manner: Manner,
    settings: &Settings,
    latest_steps: Option<[u16; 64]>,
) -> (Bands, Manner) {
    let continued = continues(settings, latest_steps, coefficients.luma_steps());
    // Baseline tiles have steps of one byte.
    let too_large = coefficients.largest_step() > 255;
    let manner = if continued || too_large { Manner::Requantised } else { manner };
    let requantisation = (manner == Manner::Requantised).then(|| Box::new(Codec::new(settings).requantisation()));
    (Bands::Coefficients { coefficients, requantisation }, manner)
}
