//! The pixels of an image.

use super::image::{Colour, JpegImage};
use super::upsample::{SubsampledPlane, Subsampling, Upsampler, Upsampling};
use crate::geometry::Size;
use crate::raster::Raster;
use crate::raster::ycbcr::planes_to_rgb;

impl JpegImage {
    /// The pixels, grey or RGB.
    #[must_use]
    pub fn pixels(&self, upsampling: Upsampling) -> Raster<u8> {
        let planes: Vec<Vec<u8>> =
            (0..self.colour.component_count()).map(|index| self.whole_plane(index, upsampling)).collect();
        let mut pixels = Raster::new(self.width as usize, self.height as usize, planes.len());
        let samples = pixels.samples_mut();
        match planes.as_slice() {
            [grey] => samples.iter_mut().zip(grey).for_each(|(to, from)| *to = *from),
            [luma, blue, red] if self.colour == Colour::YCbCr => planes_to_rgb([luma, blue, red], samples),
            planes => {
                for (index, plane) in planes.iter().enumerate() {
                    samples.iter_mut().skip(index).step_by(planes.len()).zip(plane).for_each(|(to, from)| *to = *from);
                }
            }
        }
        pixels
    }

    /// A component with one sample per pixel.
    fn whole_plane(&self, index: usize, upsampling: Upsampling) -> Vec<u8> {
        let (mut samples, subsampling) = (Vec::new(), Subsampling::of(self, index));
        self.plane(index, &mut samples);
        if subsampling.is_full() {
            return samples;
        }
        let (width, height) = self.component_size(index);
        let plane = SubsampledPlane { samples: &samples, size: Size::new(width, height), subsampling };
        let mut whole = Vec::new();
        Upsampler::default().upsample(plane, Size::new(self.width, self.height), upsampling, &mut whole);
        whole
    }
}
