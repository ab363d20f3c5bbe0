//! The fastest way to a parent that libjpeg-turbo offers: its four children decoded at half size, as YUV, each straight
//! into its quarter of the parent's planes (so putting them together costs nothing), then encoded from YUV.
//!
//! The safe interface of the `turbojpeg` crate has no decoding into planes with strides, so this calls libjpeg-turbo
//! itself. Handles and buffers are kept from parent to parent.

use crate::Failure;
use std::ffi::CStr;
use turbojpeg::raw;

/// Samples in the planes Y, Cb, Cr, each row by row without gaps.
pub type Planes = [Vec<u8>; 3];

/// Makes parents of one size, chroma format and quality.
pub struct Turbo {
    decoder: raw::tjhandle,
    encoder: raw::tjhandle,
    side: usize,
    chroma_side: usize,
    planes: Planes,
    encoded: Vec<u8>,
}

impl Turbo {
    /// For square parents of `side` pixels, with chroma at half size both ways or whole.
    pub fn new(side: usize, half_chroma: bool, quality: u8) -> Result<Self, Failure> {
        let subsampling = if half_chroma { raw::TJSAMP_TJSAMP_420 } else { raw::TJSAMP_TJSAMP_444 };
        let chroma_side = if half_chroma { side / 2 } else { side };
        // SAFETY: plain calls; failure is a null pointer, which is checked.
        let (decoder, encoder, most) = unsafe {
            (
                raw::tj3Init(raw::TJINIT_TJINIT_DECOMPRESS as i32),
                raw::tj3Init(raw::TJINIT_TJINIT_COMPRESS as i32),
                raw::tj3JPEGBufSize(side as i32, side as i32, subsampling),
            )
        };
        if decoder.is_null() || encoder.is_null() {
            return Err("libjpeg-turbo does not start".into());
        }
        let planes = [side, chroma_side, chroma_side].map(|side| vec![0; side * side]);
        let turbo = Self { decoder, encoder, side, chroma_side, planes, encoded: vec![0; most as usize] };
        for (parameter, value) in [
            (raw::TJPARAM_TJPARAM_QUALITY, i32::from(quality)),
            (raw::TJPARAM_TJPARAM_SUBSAMP, subsampling),
            (raw::TJPARAM_TJPARAM_NOREALLOC, 1),
        ] {
            // SAFETY: the handle is live.
            turbo.check(encoder, unsafe { raw::tj3Set(encoder, parameter as i32, value) })?;
        }
        Ok(turbo)
    }

    /// Makes the parent of four children twice its size together, in the order top left, top right, bottom left,
    /// bottom right.
    pub fn parent(&mut self, children: [&[u8]; 4]) -> Result<&[u8], Failure> {
        for (child, bytes) in children.into_iter().enumerate() {
            self.decode(bytes, child % 2, child / 2, 2)?;
        }
        self.encode()
    }

    /// Decodes a whole JPEG of the parents' size to its planes.
    pub fn whole(&mut self, bytes: &[u8]) -> Result<Planes, Failure> {
        self.decode(bytes, 0, 0, 1)?;
        Ok(self.planes.clone())
    }

    /// Decodes at 1 / `shrink` of the size into the part `across`, `down` of the planes.
    fn decode(&mut self, bytes: &[u8], across: usize, down: usize, shrink: usize) -> Result<(), Failure> {
        let sides = [self.side, self.chroma_side, self.chroma_side];
        let mut strides = sides.map(|side| side as i32);
        let factor = raw::tjscalingfactor { num: 1, denom: shrink as i32 };
        let (length, decoder) = (bytes.len() as raw::size_t, self.decoder);
        // SAFETY: the handle is live; the header is read before the size is relied upon, and only an image that fits
        // the planes is decoded. A part begins at its quarter of a plane and keeps to the plane's stride.
        unsafe {
            self.check(decoder, raw::tj3DecompressHeader(decoder, bytes.as_ptr(), length))?;
            let get = |parameter| raw::tj3Get(decoder, parameter as i32);
            let size = (get(raw::TJPARAM_TJPARAM_JPEGWIDTH), get(raw::TJPARAM_TJPARAM_JPEGHEIGHT));
            let half_chroma = get(raw::TJPARAM_TJPARAM_SUBSAMP) == raw::TJSAMP_TJSAMP_420;
            let whole_chroma = get(raw::TJPARAM_TJPARAM_SUBSAMP) == raw::TJSAMP_TJSAMP_444;
            let fits = if self.chroma_side == self.side { whole_chroma } else { half_chroma };
            if size != (self.side as i32, self.side as i32) || !fits {
                return Err(format!("a tile is {} x {} pixels, or its chroma differs", size.0, size.1).into());
            }
            self.check(decoder, raw::tj3SetScalingFactor(decoder, factor))?;
            let mut parts = [0, 1, 2].map(|index| {
                let (side, plane) = (sides[index], self.planes[index].as_mut_ptr());
                plane.add(side / 2 * down * side + side / 2 * across)
            });
            let result = raw::tj3DecompressToYUVPlanes8(
                decoder,
                bytes.as_ptr(),
                length,
                parts.as_mut_ptr(),
                strides.as_mut_ptr(),
            );
            self.check(decoder, result)
        }
    }

    fn encode(&mut self) -> Result<&[u8], Failure> {
        let strides = [self.side, self.chroma_side, self.chroma_side].map(|side| side as i32);
        let planes = self.planes.each_ref().map(|plane| plane.as_ptr());
        let (mut bytes, mut length) = (self.encoded.as_mut_ptr(), self.encoded.len() as raw::size_t);
        let side = self.side as i32;
        // SAFETY: the planes have the sizes that side and subsampling ask for; the buffer is as large as libjpeg-turbo
        // asked for, and with TJPARAM_NOREALLOC it is not exchanged.
        let result = unsafe {
            raw::tj3CompressFromYUVPlanes8(
                self.encoder,
                planes.as_ptr(),
                side,
                strides.as_ptr(),
                side,
                &mut bytes,
                &mut length,
            )
        };
        self.check(self.encoder, result)?;
        Ok(&self.encoded[..length as usize])
    }

    fn check(&self, handle: raw::tjhandle, result: i32) -> Result<(), Failure> {
        if result == 0 {
            return Ok(());
        }
        // SAFETY: the handle is live, and its text is a C string until the next call.
        let text = unsafe { CStr::from_ptr(raw::tj3GetErrorStr(handle)) };
        Err(format!("libjpeg-turbo: {}", text.to_string_lossy()).into())
    }
}

impl Drop for Turbo {
    fn drop(&mut self) {
        // SAFETY: both handles are live and not used again.
        unsafe {
            raw::tj3Destroy(self.decoder);
            raw::tj3Destroy(self.encoder);
        }
    }
}
