//! JPEG files of every sampling, written by the codec under test.

use fast_pyramid::internals::jpeg::{self, Colour, HuffmanTables, JpegImage, PlaneSource, component_size};

/// A kind of JPEG. Components other than the first have sampling factors of 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Jpeg {
    /// The meaning of the components.
    pub(crate) colour: Colour,
    /// Horizontal and vertical sampling factor of luma.
    pub(crate) factors: (u8, u8),
    /// 1 to 100.
    pub(crate) quality: u8,
}

impl Jpeg {
    /// YCbCr with halved colour differences.
    pub(crate) fn new(quality: u8) -> Self {
        Self { colour: Colour::YCbCr, factors: (2, 2), quality }
    }

    /// A baseline file of planes whose samples are given by component, column and row.
    pub(crate) fn file_of(self, size: (u32, u32), mut sample: impl FnMut(u32, u32, u32) -> u8) -> Vec<u8> {
        let mut file = Vec::new();
        let count = self.colour.component_count() as u32;
        let factors = |index: u32| if index == 0 && count == 3 { self.factors } else { (1, 1) };
        let greatest = factors(0);
        let planes: Vec<Vec<u8>> = (0..count)
            .map(|index| {
                let (width, height) = component_size(size, factors(index), greatest);
                (0..width * height).map(|at| sample(index, at % width, at / width)).collect()
            })
            .collect();
        let (luma, chroma) = jpeg::quantisation_tables(self.quality);
        let sources: Vec<PlaneSource<'_>> = (0..count)
            .map(|index| PlaneSource {
                samples: &planes[index as usize],
                horizontal: factors(index).0,
                vertical: factors(index).1,
                quantisation: if index == 0 { &luma } else { &chroma },
            })
            .collect();
        let mut image = JpegImage::default();
        image.assign_planes(size, self.colour, &sources).unwrap();
        jpeg::encode(&image, HuffmanTables::Optimised, &mut file).unwrap();
        file
    }
}
