//! A tile in the form that its parent needs.

use super::decode::{DecodeScratch, JpegHeader, decode_folding_into, decode_into};
use super::decode_error::JpegError;
use super::encode::{HuffmanTables, encode, encode_folding};
use super::encode_error::EncodeError;
use super::fold::{FoldSampling, FoldedImage};
use super::image::{ImageForm, JpegImage};
use super::part::ImagePart;
use super::placed::PlacedPart;
use crate::geometry::{Rect, Size};

/// A tile in the form that its parent needs: folded if the parent can be merged from folded tiles, otherwise whole.
///
/// The form depends only on size, sampling, steps and the pyramid's settings, not on how the tile came about: a tile
/// decoded from a file equals the tile that was encoded into it. Buffers are reused by the next tile.
#[derive(Debug, Clone)]
pub struct JpegTile {
    form: ImageForm,
    /// Set if the tile is whole.
    whole: JpegImage,
    /// Set if the tile is folded, together with its file, from which the whole image can be decoded again.
    folded: FoldedImage,
    bytes: Vec<u8>,
    /// The size of the tile, and the rectangle of it that was folded.
    size: Size,
    core: Rect,
}

impl PartialEq for JpegTile {
    fn eq(&self, other: &Self) -> bool {
        match (self.form, other.form) {
            (ImageForm::Folded, ImageForm::Folded) => {
                self.folded == other.folded && self.bytes == other.bytes && self.core == other.core
            }
            (ImageForm::Whole, ImageForm::Whole) => self.whole == other.whole,
            _ => false,
        }
    }
}

impl Default for JpegTile {
    fn default() -> Self {
        let size = Size::new(0, 0);
        let (whole, folded) = (JpegImage::default(), FoldedImage::default());
        Self { form: ImageForm::Whole, whole, folded, bytes: Vec::new(), size, core: Rect { x: 0, y: 0, size } }
    }
}

impl JpegTile {
    /// Decodes a file. The tile is folded only if it suits `sampling`.
    ///
    /// # Errors
    /// As [`decode_into`]; the tile is then unspecified.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        expected_size: Option<(u32, u32)>,
        sampling: Option<FoldSampling>,
        scratch: &mut DecodeScratch,
    ) -> Result<JpegHeader, JpegError> {
        self.form = ImageForm::Whole;
        let Some(sampling) = sampling else {
            return decode_into(bytes, expected_size, scratch, &mut self.whole);
        };
        let (header, form) =
            decode_folding_into(bytes, expected_size, sampling, scratch, &mut self.whole, &mut self.folded)?;
        if form == ImageForm::Folded {
            self.remember_all(bytes);
        }
        Ok(header)
    }

    /// Appends `image` to `out` as a file, and becomes the tile that [`Self::decode`] would read from it.
    ///
    /// `image` is unspecified afterwards.
    ///
    /// # Errors
    /// As [`encode`]; the tile is then unspecified.
    pub fn encode(
        &mut self,
        image: &mut JpegImage,
        huffman: HuffmanTables,
        sampling: Option<FoldSampling>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.encode_folding((&*image).into(), huffman, sampling, out)? == ImageForm::Whole {
            std::mem::swap(&mut self.whole, image);
            self.encode_whole(huffman, sampling, out)?;
        }
        Ok(())
    }

    /// Does the same as [`Self::encode`] for a part of an image.
    ///
    /// # Errors
    /// As [`encode`]; the tile is then unspecified.
    pub fn encode_part(
        &mut self,
        part: ImagePart<'_>,
        huffman: HuffmanTables,
        sampling: Option<FoldSampling>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        if self.encode_folding(part, huffman, sampling, out)? == ImageForm::Whole {
            self.whole.assign_part(part);
            self.encode_whole(huffman, sampling, out)?;
        }
        Ok(())
    }

    /// Encodes the part and folds it on the way. Returns [`ImageForm::Whole`] if that is impossible; nothing is encoded
    /// then.
    fn encode_folding(
        &mut self,
        part: ImagePart<'_>,
        huffman: HuffmanTables,
        sampling: Option<FoldSampling>,
        out: &mut Vec<u8>,
    ) -> Result<ImageForm, EncodeError> {
        self.form = ImageForm::Whole;
        let start = out.len();
        if !sampling.is_some_and(|sampling| sampling.folds_at_once(part.image, part.size())) {
            return Ok(ImageForm::Whole);
        }
        encode_folding(part, huffman, out, &mut self.folded)?;
        self.remember_all(out.get(start..).unwrap_or_default());
        Ok(ImageForm::Folded)
    }

    fn encode_whole(
        &mut self,
        huffman: HuffmanTables,
        sampling: Option<FoldSampling>,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        encode(&self.whole, huffman, out)?;
        let without_overlap = sampling.filter(|sampling| sampling.core.is_none());
        if without_overlap.is_some_and(|sampling| sampling.fold(&self.whole, &mut self.folded)) {
            self.remember_all(out.get(start..).unwrap_or_default());
        }
        Ok(())
    }

    /// Folds the core of a tile with overlap, whose file is `bytes`, unless the tile is folded already: if it suits `sampling` and
    /// its blocks are those of the tile. `spare` is overwritten.
    pub fn fold_core(&mut self, sampling: Option<FoldSampling>, bytes: &[u8], spare: &mut JpegImage) {
        let Some((sampling, core)) = sampling.and_then(|sampling| Some((sampling, sampling.core?))) else { return };
        let part = PlacedPart { image: &self.whole, from: core, x: 0, y: 0 };
        if self.form == ImageForm::Whole && spare.join(&[part], core.size) && sampling.fold(spare, &mut self.folded) {
            self.remember(bytes, Size::new(self.whole.width, self.whole.height), core);
        }
    }

    /// Notes that the whole tile is folded.
    fn remember_all(&mut self, bytes: &[u8]) {
        let size = Size::new(self.folded.width, self.folded.height);
        self.remember(bytes, size, Rect { x: 0, y: 0, size });
    }

    fn remember(&mut self, bytes: &[u8], size: Size, core: Rect) {
        (self.form, self.size, self.core) = (ImageForm::Folded, size, core);
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
    }

    /// The size in pixels.
    pub fn size(&self) -> Size {
        match self.form {
            ImageForm::Whole => Size::new(self.whole.width, self.whole.height),
            ImageForm::Folded => self.size,
        }
    }

    /// The folded image, if the tile is folded.
    pub fn folded(&self) -> Option<&FoldedImage> {
        (self.form == ImageForm::Folded).then_some(&self.folded)
    }

    /// The whole image, unless the tile is folded.
    pub fn as_whole(&self) -> Option<&JpegImage> {
        (self.form == ImageForm::Whole).then_some(&self.whole)
    }

    /// The rectangle that was folded, in pixels of the tile; unspecified if the tile is whole.
    pub fn folded_core(&self) -> Rect {
        self.core
    }

    /// The whole image, decoded into `spare` if the tile is folded.
    ///
    /// # Errors
    /// None: the file was decoded or encoded before.
    pub fn whole<'a>(
        &'a self,
        scratch: &mut DecodeScratch,
        spare: &'a mut JpegImage,
    ) -> Result<&'a JpegImage, JpegError> {
        if self.form == ImageForm::Whole {
            return Ok(&self.whole);
        }
        decode_into(&self.bytes, None, scratch, spare)?;
        Ok(spare)
    }
}
