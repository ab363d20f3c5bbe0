//! Stored bytes to samples: bits, byte order, and differences to the pixel on the left.

use crate::raster::Sample;
use crate::raster::ycbcr;

/// A sample as delivered, 8 or 16 bits.
pub(super) trait StoredSample: Sample {
    /// Fills `out` with samples from the beginning of a row, `bits` bits each.
    ///
    /// Samples of fewer than 8 bits keep their small values. Samples missing from `bytes` remain unchanged.
    fn unpack(bytes: &[u8], bits: u8, big_endian: bool, out: &mut [Self]);

    /// The wrapping sum.
    fn plus(self, other: Self) -> Self;

    /// Converts rows of luma and two colour differences to a row of RGB. 16 bits are not supported: `out` is unchanged.
    fn from_ycbcr(planes: [&[Self]; 3], out: &mut [Self]);
}

impl StoredSample for u8 {
    fn unpack(bytes: &[u8], bits: u8, _: bool, out: &mut [Self]) {
        if bits >= 8 {
            let length = out.len().min(bytes.len());
            out[..length].copy_from_slice(&bytes[..length]);
            return;
        }
        let (bits, mask) = (usize::from(bits), (1u8 << bits) - 1);
        for (samples, byte) in out.chunks_mut(8 / bits).zip(bytes) {
            for (index, sample) in samples.iter_mut().enumerate() {
                *sample = byte >> (8 - bits * (index + 1)) & mask;
            }
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn from_ycbcr(planes: [&[Self]; 3], out: &mut [Self]) {
        ycbcr::planes_to_rgb(planes, out);
    }
}

impl StoredSample for u16 {
    fn unpack(bytes: &[u8], _: u8, big_endian: bool, out: &mut [Self]) {
        let pairs = bytes.as_chunks::<2>().0;
        if big_endian {
            out.iter_mut().zip(pairs).for_each(|(sample, pair)| *sample = Self::from_be_bytes(*pair));
        } else {
            out.iter_mut().zip(pairs).for_each(|(sample, pair)| *sample = Self::from_le_bytes(*pair));
        }
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    fn from_ycbcr(_: [&[Self]; 3], _: &mut [Self]) {}
}

/// Undoes horizontal differencing (predictor 2) in a row of pixels with this number of samples.
pub(super) fn accumulate<S: StoredSample>(row: &mut [S], samples: usize) {
    match samples {
        1 => accumulate_pixels::<S, 1>(row),
        2 => accumulate_pixels::<S, 2>(row),
        3 => accumulate_pixels::<S, 3>(row),
        4 => accumulate_pixels::<S, 4>(row),
        _ => (samples..row.len()).for_each(|index| row[index] = row[index].plus(row[index - samples])),
    }
}

fn accumulate_pixels<S: StoredSample, const SAMPLES: usize>(row: &mut [S]) {
    let mut sum = [S::default(); SAMPLES];
    for pixel in row.as_chunks_mut::<SAMPLES>().0 {
        for (sample, sum) in pixel.iter_mut().zip(&mut sum) {
            *sum = sum.plus(*sample);
            *sample = *sum;
        }
    }
}
