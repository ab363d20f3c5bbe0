//! Strips and tiles compressed as JPEG (TIFF technical note 2), with shared tables inserted.

use crate::geometry::Size;
use crate::jpeg::{self, JpegImage};
use crate::jpeg::{SubsampledPlane, Subsampling, Upsampler, Upsampling};

/// Decodes JPEG chunks. Its buffers are reused.
#[derive(Default)]
pub(super) struct JpegChunk {
    scratch: jpeg::DecodeScratch,
    image: JpegImage,
    /// The chunk with shared tables.
    spliced: Vec<u8>,
    /// A subsampled component.
    small: Vec<u8>,
    upsampler: Upsampler,
}

/// The shape that a chunk must have.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpectedShape {
    /// The size, possibly with fewer rows.
    pub(super) size: Size,
    /// The fewest rows.
    pub(super) min_rows: u32,
    /// The number of components.
    pub(super) components: usize,
}

impl JpegChunk {
    /// Decodes a chunk to one plane per component, each as wide as the chunk.
    ///
    /// # Errors
    /// A description of the problem.
    pub(super) fn decode(
        &mut self,
        chunk: &[u8],
        tables: &[u8],
        expected: ExpectedShape,
        planes: &mut [Vec<u8>],
    ) -> Result<(), String> {
        let bytes = match chunk {
            [0xFF, 0xD8, rest @ ..] if !tables.is_empty() => {
                self.spliced.clear();
                [&[0xFF, 0xD8], tables, rest].iter().for_each(|part| self.spliced.extend_from_slice(part));
                &self.spliced
            }
            _ => chunk,
        };
        let header = jpeg::read_header(bytes).map_err(|error| error.to_string())?;
        let (size, count) = (Size::new(header.width, header.height), header.colour.component_count());
        let ExpectedShape { size: wanted, min_rows, components } = expected;
        if size.width != wanted.width || !(min_rows..=wanted.height).contains(&size.height) {
            return Err(format!("the JPEG has {size} pixels, not {wanted}"));
        }
        if count != components {
            return Err(format!("the number of components in the JPEG is {count}, not {components}"));
        }
        let decoded = jpeg::decode_into(bytes, Some((size.width, size.height)), &mut self.scratch, &mut self.image);
        decoded.map_err(|error| error.to_string())?;
        for (index, plane) in planes.iter_mut().take(count).enumerate() {
            let (width, height) = self.image.component_size(index);
            if (width, height) == (size.width, size.height) {
                self.image.plane(index, plane);
                continue;
            }
            self.image.plane(index, &mut self.small);
            let subsampling = Subsampling::of(&self.image, index);
            let small = SubsampledPlane { samples: &self.small, size: Size::new(width, height), subsampling };
            self.upsampler.upsample(small, size, Upsampling::Smooth, plane);
        }
        Ok(())
    }
}
