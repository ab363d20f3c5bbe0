//! The picture to cut, and the mode: from its pixels, or from the coefficients of a JPEG.

use super::CutError;
use crate::format::{FormatKind, Settings};
use crate::geometry::Geometry;
use crate::input::{self, Coefficients, JpegPicture, Picture, PictureError, PictureInput, Upsampling};
use crate::jpeg::quantisation_tables;
use crate::sync::Progress;
use crate::text::display_path;
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
    /// On standard input.
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
#[non_exhaustive]
pub enum CutMode {
    /// Its pixels are encoded.
    Pixels,
    /// The coefficients of a JPEG are copied.
    Lossless,
    /// The coefficients of a JPEG are requantised, without becoming pixels.
    Requantised,
}

/// Whether tiles can be cut from coefficients: into JPEG, between MCUs, from an upright picture.
fn has_usable_coefficients(picture: &JpegPicture, geometry: &Geometry, settings: &Settings) -> bool {
    let ((wide, high), grid) = (picture.mcu_size(), geometry.base_grid());
    settings.format.kind() == FormatKind::Jpeg
        && picture.can_be_interleaved()
        && picture.info().orientation == 1
        && (grid.columns == 1 || geometry.tile_size().is_multiple_of(wide))
        && (grid.rows == 1 || geometry.tile_size().is_multiple_of(high))
}

/// The mode in which a picture will be cut. `quality_requested`: the tiles are to have a quality of their own.
pub(super) fn mode(opened: &Picture, geometry: &Geometry, settings: &Settings, quality_requested: bool) -> CutMode {
    match opened {
        Picture::Jpeg(picture) if has_usable_coefficients(picture, geometry, settings) => match quality_requested {
            true => CutMode::Requantised,
            false => CutMode::Lossless,
        },
        _ => CutMode::Pixels,
    }
}

/// How a JPEG's chroma is upsampled: for tiles that halve it again, so that this restores it; otherwise as viewers do it.
fn upsampling(settings: &Settings) -> Upsampling {
    let halves = settings.format.kind() == FormatKind::Jpeg && Codec::new(settings).halves_colour();
    if halves { Upsampling::Repeated } else { Upsampling::Smooth }
}

/// Whether the latest tiles have the pyramid's quality, but the picture, with these luma steps, does not.
fn continues(settings: &Settings, latest_steps: Option<[u16; 64]>, steps: [u16; 64]) -> bool {
    let own = quantisation_tables(settings.quality.unwrap_or_default().get()).0;
    latest_steps == Some(own) && steps != own
}

/// The mode that [`bands`] will choose, as far as it is known without decoding.
pub(super) fn continued(
    opened: &Picture,
    mode: CutMode,
    settings: &Settings,
    latest_steps: Option<[u16; 64]>,
) -> CutMode {
    match opened {
        Picture::Jpeg(picture) if mode == CutMode::Lossless => {
            let continues = picture.luma_steps().is_some_and(|steps| continues(settings, latest_steps, steps));
            if continues { CutMode::Requantised } else { mode }
        }
        _ => mode,
    }
}

/// The bands of the picture, and the final mode. `latest_steps` are the luma steps of one of the latest tiles, if there are
/// any: if they are those of the pyramid's quality, the new picture is requantised to it, too. A picture that must be
/// buffered is decoded now, unless `progress` cancels.
pub(super) fn bands(
    opened: Picture,
    mode: CutMode,
    settings: &Settings,
    latest_steps: Option<[u16; 64]>,
    max_memory: u64,
    progress: &dyn Progress,
) -> Result<(Bands, CutMode), PictureError> {
    let info = opened.info().clone();
    let mut rows = match opened {
        Picture::Rows(picture) => picture.rows(max_memory)?,
        Picture::Jpeg(picture) if mode == CutMode::Pixels => {
            picture.rows(upsampling(settings), max_memory, progress)?
        }
        Picture::Jpeg(picture) => {
            let coefficients = picture.coefficients(max_memory, progress)?;
            return Ok(of_coefficients(coefficients, mode, settings, latest_steps));
        }
    };
    rows.prepare(progress)?;
    Ok((Bands::of_rows(&info, rows), mode))
}

fn of_coefficients(
    coefficients: Coefficients,
    mode: CutMode,
    settings: &Settings,
    latest_steps: Option<[u16; 64]>,
) -> (Bands, CutMode) {
    let continued = continues(settings, latest_steps, coefficients.luma_steps());
    // The quantisation steps of baseline tiles have one byte.
    let too_large = coefficients.largest_step() > 255;
    let mode = if continued || too_large { CutMode::Requantised } else { mode };
    let requantisation = (mode == CutMode::Requantised).then(|| Box::new(Codec::new(settings).requantisation()));
    (Bands::Coefficients { coefficients, requantisation }, mode)
}
