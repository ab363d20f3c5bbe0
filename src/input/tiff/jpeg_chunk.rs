//! Strips and tiles that are JPEG (TIFF technical note 2), with the tables that they share put in front.

use super::super::upsample::{Upsampling, ratio, upsample};
use crate::geometry::Size;
use crate::jpeg::{self, JpegImage};

/// Buffers for decoding.
#[derive(Default)]
pub(super) struct JpegChunk {
    scratch: jpeg::DecodeScratch,
    image: JpegImage,
    spliced: Vec<u8>,
    small: Vec<u8>,
    sums: Vec<u16>,
}

/// What a chunk has to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Its size; fewer rows are possible.
    pub(super) size: Size,
    /// The fewest rows.
    pub(super) rows: u32,
    /// Its number of components.
    pub(super) components: usize,
}

impl JpegChunk {
    /// Decodes a chunk to planes of the wanted width, one for each component.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn decode(
        &mut self,
        chunk: &[u8],
        tables: &[u8],
        wanted: Wanted,
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
        if size.width != wanted.size.width || !(wanted.rows..=wanted.size.height).contains(&size.height) {
            return Err(format!("its JPEG is {size} pixels, not {}", wanted.size));
        }
        if count != wanted.components {
            return Err(format!("its JPEG has {count} components, not {}", wanted.components));
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
            let (from, ratio) = (Size::new(width, height), ratio(&self.image, index));
            upsample(&self.small, from, size, ratio, Upsampling::Smooth, &mut self.sums, plane);
        }
        Ok(())
    }
}
