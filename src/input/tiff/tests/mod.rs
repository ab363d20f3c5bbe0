//! Files by [`test_support::tiff`] and by libtiff (`fixtures/pictures`), whole and damaged.

mod hostile;
mod kinds;
mod oracle;

use super::super::{Depth, PictureError, PictureInfo, Rows};
use super::{Memory, TiffPicture, open_with};
use crate::raster::Raster;
use crate::raster::Samples;
use std::io::{Seek, Write};

/// A picture as delivered: what is known of it, and its samples in 16 bits, whatever its depth.
#[derive(Debug)]
struct Decoded {
    info: PictureInfo,
    samples: Vec<u16>,
}

/// Opens a file of these bytes.
fn opened(bytes: &[u8], by_rows: bool) -> Result<(PictureInfo, TiffPicture), PictureError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    open_with(file, |description| if by_rows { Memory::Rows } else { Memory::of(description) })
}

/// Decodes a file in bands of these heights, in turns.
fn decoded_by(bytes: &[u8], heights: &[u32], by_rows: bool) -> Result<Decoded, PictureError> {
    let (info, mut picture) = opened(bytes, by_rows)?;
    let size = picture.stored_size();
    let (mut samples, mut y) = (Vec::new(), 0);
    for height in heights.iter().cycle() {
        let height = (*height).min(size.height - y) as usize;
        let mut band = match info.depth {
            Depth::Eight => Samples::Eight(Raster::new(size.width as usize, height, info.channels)),
            Depth::Sixteen => Samples::Sixteen(Raster::new(size.width as usize, height, info.channels)),
        };
        picture.read(&mut band)?;
        match &band {
            Samples::Eight(band) => samples.extend(band.samples().iter().map(|sample| u16::from(*sample))),
            Samples::Sixteen(band) => samples.extend(band.samples()),
        }
        y += height as u32;
        if y == size.height {
            break;
        }
    }
    picture.finish()?;
    Ok(Decoded { info, samples })
}

fn decoded(bytes: &[u8]) -> Result<Decoded, PictureError> {
    decoded_by(bytes, &[7], false)
}
