//! A tile in the form in which its parent takes it.

use super::decode::{DecodeScratch, ImageForm, JpegHeader, decode_folding_into, decode_into};
use super::decode_error::JpegError;
use super::encode::{HuffmanTables, encode, encode_folding};
use super::encode_error::EncodeError;
use super::fold::{FoldSampling, FoldedImage};
use super::image::JpegImage;
use super::part::ImagePart;

/// A tile as its parent takes it: folded where its parent can be made by merging folded blocks,
/// otherwise whole.
///
/// Which it is depends on its size, its sampling, its steps and what the pyramid asks for, and not
/// on how it came about: a tile decoded from a file equals the one that was encoded into it. Its
/// buffers are used again by what makes it another tile.
#[derive(Debug, Clone, Default)]
pub struct JpegTile {
    form: ImageForm,
    /// Set if it is not folded.
    whole: JpegImage,
    /// Set if it is, and then the file, from which the whole image can still be had.
    folded: FoldedImage,
    bytes: Vec<u8>,
}

impl PartialEq for JpegTile {
    fn eq(&self, other: &Self) -> bool {
        match (self.form, other.form) {
            (ImageForm::Folded, ImageForm::Folded) => self.folded == other.folded && self.bytes == other.bytes,
            (ImageForm::Whole, ImageForm::Whole) => self.whole == other.whole,
            _ => false,
        }
    }
}

impl JpegTile {
    /// Becomes what this file holds. Folded only if `sampling` suits it.
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
            self.remember(bytes);
        }
        Ok(header)
    }

    /// Appends `image` to `out` as a file and becomes what [`Self::decode`] of that file would give.
    /// `image` is then unspecified.
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

    /// The same of a part of an image.
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

    /// Encodes the part if it can be folded on the way. Returns the form it has then; whole means not encoded.
    fn encode_folding(
        &mut self,
        part: ImagePart<'_>,
        huffman: HuffmanTables,
        sampling: Option<FoldSampling>,
        out: &mut Vec<u8>,
    ) -> Result<ImageForm, EncodeError> {
        self.form = ImageForm::Whole;
        let start = out.len();
        let suits = sampling.is_some_and(|sampling| sampling.suits(part.image));
        if !suits || !part.image.is_foldable_at_once(part.size()) {
            return Ok(ImageForm::Whole);
        }
        encode_folding(part, huffman, out, &mut self.folded)?;
        self.remember(out.get(start..).unwrap_or_default());
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
        if sampling.is_some_and(|sampling| sampling.fold(&self.whole, &mut self.folded)) {
            self.remember(out.get(start..).unwrap_or_default());
        }
        Ok(())
    }

    fn remember(&mut self, bytes: &[u8]) {
        self.form = ImageForm::Folded;
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
    }

    /// The folded image, if it is folded.
    pub fn folded(&self) -> Option<&FoldedImage> {
        (self.form == ImageForm::Folded).then_some(&self.folded)
    }

    /// The whole image. It has to be decoded, into `spare`, if it is folded.
    ///
    /// # Errors
    /// None, as the file was decoded or encoded before.
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
