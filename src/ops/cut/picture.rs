//! The picture to cut, and the mode: from its pixels, or from the coefficients of a JPEG.

use super::CutError;
use crate::format::{FormatKind, Settings};
use crate::geometry::Geometry;
use crate::input::{self, Coefficients, JpegPicture, Picture, PictureError, PictureInput};
use crate::jpeg::Upsampling;
use crate::sync::Progress;
use crate::text::display_path;
use crate::tile::BaseStyle;
use crate::walk::cut::{Bands, Steps};
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
    let overlap = if geometry.composes_base() { 0 } else { geometry.overlap() };
    let both_are_multiples = |mcu| geometry.tile_size().is_multiple_of(mcu) && overlap.is_multiple_of(mcu);
    settings.format.kind() == FormatKind::Jpeg
        && picture.can_be_interleaved()
        && picture.info().orientation == 1
        && (grid.columns == 1 || both_are_multiples(wide))
        && (grid.rows == 1 || both_are_multiples(high))
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

/// How the base tiles of a picture are to be encoded.
pub(super) struct PictureStyle {
    pub(super) style: BaseStyle,
    /// The luma steps of the latest tiles, if pyramid.json states a quality: if they are those of the style, a newer picture
    /// is requantised to it, too.
    pub(super) latest_luma: Option<[u16; 64]>,
    /// How a JPEG's chroma is upsampled if it is cut from pixels.
    pub(super) upsampling: Upsampling,
}

impl PictureStyle {
    /// Whether the latest tiles have the pyramid's quality, but a picture with these luma steps has not.
    fn continues(&self, steps: &[u16; 64]) -> bool {
        let own = self.style.encoding.luma();
        self.latest_luma.as_ref() == Some(own) && steps != own
    }
}

/// How a JPEG's chroma is upsampled: for tiles that halve it again, so that this restores it; otherwise as viewers do it.
pub(super) fn upsampling(format: FormatKind, style: &BaseStyle) -> Upsampling {
    let halves = format == FormatKind::Jpeg && style.encoding.halves_colour();
    if halves { Upsampling::Repeated } else { Upsampling::Smooth }
}

/// A picture that is ready to be cut.
pub(super) struct ReadyPicture {
    pub(super) bands: Bands,
    /// The final mode.
    pub(super) mode: CutMode,
    /// The luma steps of the picture, if it is cut from coefficients.
    pub(super) luma: Option<[u16; 64]>,
}

/// The bands of the picture. A picture that must be buffered is decoded now, unless `progress` cancels.
pub(super) fn bands(
    opened: Picture,
    mode: CutMode,
    style: PictureStyle,
    max_memory: u64,
    progress: &dyn Progress,
) -> Result<ReadyPicture, PictureError> {
    let info = opened.info().clone();
    let mut rows = match opened {
        Picture::Rows(picture) => picture.rows(max_memory)?,
        Picture::Jpeg(picture) if mode == CutMode::Pixels => picture.rows(style.upsampling, max_memory, progress)?,
        Picture::Jpeg(picture) => {
            let coefficients = picture.coefficients(max_memory, progress)?;
            return Ok(of_coefficients(coefficients, mode, style));
        }
    };
    rows.prepare(progress)?;
    Ok(ReadyPicture { bands: Bands::of_rows(&info, rows, style.style), mode, luma: None })
}

fn of_coefficients(coefficients: Coefficients, mode: CutMode, style: PictureStyle) -> ReadyPicture {
    let luma = coefficients.luma_steps();
    // The quantisation steps of baseline tiles have one byte.
    let too_large = coefficients.largest_step() > 255;
    let mode = if style.continues(&luma) || too_large { CutMode::Requantised } else { mode };
    let steps = if mode == CutMode::Requantised { Steps::Change } else { Steps::Keep };
    ReadyPicture { bands: Bands::Coefficients { coefficients, style: style.style, steps }, mode, luma: Some(luma) }
}
