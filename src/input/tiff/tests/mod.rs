//! TIFFs written by [`test_support::tiff`] and by libtiff (`fixtures/tiff`), intact and damaged.

mod hostile;
mod kinds;
mod oracle;

use super::{BufferPlan, TiffRows, open_stored};
use crate::input::test_reading::{append_samples, blank_band};
use crate::input::{PictureError, PictureInfo, Rows};
use std::io::{Seek, Write};

/// A picture's information, and its samples widened to 16 bits.
#[derive(Debug)]
struct Decoded {
    info: PictureInfo,
    samples: Vec<u16>,
}

/// How to decode strips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strips {
    /// As the size of the strips suggests.
    AsUsual,
    /// Row by row, whatever their size.
    RowByRow,
}

/// Opens a file of these bytes.
fn opened(bytes: &[u8], strips: Strips) -> Result<(PictureInfo, TiffRows), PictureError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    open_stored(file, |description| match strips {
        Strips::AsUsual => BufferPlan::new(description),
        Strips::RowByRow => BufferPlan::Rows,
    })
}

/// Decodes a file in bands of these heights, in turns.
fn decoded_in_bands(bytes: &[u8], heights: &[u32], strips: Strips) -> Result<Decoded, PictureError> {
    let (info, mut rows) = opened(bytes, strips)?;
    let size = rows.size();
    let (mut samples, mut y) = (Vec::new(), 0);
    for height in heights.iter().cycle() {
        let height = (*height).min(size.height - y);
        let mut band = blank_band(&info, size.width as usize, height as usize);
        rows.read(&mut band)?;
        append_samples(&mut samples, &band);
        y += height;
        if y == size.height {
            break;
        }
    }
    rows.finish()?;
    Ok(Decoded { info, samples })
}

fn decoded(bytes: &[u8]) -> Result<Decoded, PictureError> {
    decoded_in_bands(bytes, &[7], Strips::AsUsual)
}
