//! Compressions of chunks, and decoders for those that are streams of bytes: LZW, Deflate and PackBits.

use crate::input::PictureError;
use fdeflate::Decompressor;
use weezl::{BitOrder, LzwStatus, decode};

/// How chunks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// Uncompressed.
    None,
    /// LZW, most significant bit first (TIFF 6.0).
    Lzw,
    /// zlib streams.
    Deflate,
    /// Runs of bytes.
    PackBits,
    /// Each chunk is a JPEG without its tables.
    Jpeg,
}

impl Compression {
    /// The compression with this number in the tag Compression.
    ///
    /// # Errors
    /// It is not supported. The error names it.
    pub(super) fn from_number(number: u64) -> Result<Self, PictureError> {
        let name = match number {
            1 => return Ok(Self::None),
            5 => return Ok(Self::Lzw),
            7 => return Ok(Self::Jpeg),
            8 | 32946 => return Ok(Self::Deflate),
            32773 => return Ok(Self::PackBits),
            2 => "CCITT modified Huffman",
            3 => "CCITT group 3",
            4 => "CCITT group 4",
            6 => "old-style JPEG",
            9 | 10 | 34661 => "JBIG",
            32771 => "CCITT RLE",
            33003 | 33005 | 34712 => "JPEG 2000",
            34676 | 34677 => "SGI log",
            34887 => "LERC",
            34892 => "lossy JPEG (DNG)",
            34925 => "LZMA",
            50000 | 34926 => "Zstandard",
            50001 | 34927 => "WebP",
            50002 | 52546 => "JPEG XL",
            _ => return Err(PictureError::Unsupported(format!("TIFF with compression {number}"))),
        };
        Err(PictureError::Unsupported(format!("TIFF with {name} compression")))
    }

    /// The most bytes of pixels per stored byte.
    ///
    /// PackBits: 128 bytes from 2. LZW: a table's longest string from 12 bits. Deflate: 258 bytes from 2 bits. JPEG: a
    /// block from one bit, and 4x4 times as many pixels as colour differences.
    pub(super) fn max_expansion(self) -> u64 {
        match self {
            Self::None => 1,
            Self::PackBits => 64,
            Self::Lzw => 4096,
            Self::Deflate => 1100,
            Self::Jpeg => 1400,
        }
    }

    /// The most stored bytes to read of a chunk with `expected` bytes of pixels.
    ///
    /// This is more than any encoder needs, but limits the memory that a false byte count can take.
    pub(super) fn max_stored_bytes(self, expected: u64) -> u64 {
        match self {
            Self::None => expected,
            Self::PackBits | Self::Lzw | Self::Deflate => expected.saturating_mul(2).saturating_add(1 << 16),
            Self::Jpeg => expected.saturating_mul(4).saturating_add(1 << 20),
        }
    }
}

/// The result of one step of an [`Expander`].
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpandStep {
    /// Bytes of input consumed.
    pub(super) consumed: usize,
    /// Bytes of output produced.
    pub(super) produced: usize,
    /// Whether the stream has ended.
    pub(super) ended: bool,
}

/// Decompresses a stream of bytes step by step. Its tables are reused from chunk to chunk.
pub(super) enum Expander {
    /// For [`Compression::Lzw`].
    Lzw(Box<decode::Decoder>),
    /// For [`Compression::Deflate`].
    Deflate(Box<Decompressor>),
    /// For [`Compression::PackBits`].
    PackBits(PackBits),
}

impl Expander {
    /// An expander, or `None` if the compression is not a stream of bytes.
    pub(super) fn new(compression: Compression) -> Option<Self> {
        match compression {
            Compression::Lzw => Some(Self::Lzw(Box::new(decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)))),
            Compression::Deflate => Some(Self::Deflate(Box::default())),
            Compression::PackBits => Some(Self::PackBits(PackBits::default())),
            Compression::None | Compression::Jpeg => None,
        }
    }

    /// Prepares for another stream, which begins with `input`.
    ///
    /// # Errors
    /// The kind of stream is not supported.
    pub(super) fn begin(&mut self, input: &[u8]) -> Result<(), String> {
        match self {
            // Some writers before 1993 stored the least significant bit first. The first code, 256, shows the order.
            Self::Lzw(_) if matches!(input, [0, second, ..] if second & 1 == 1) => {
                return Err("LZW with the least significant bit first is not supported".into());
            }
            Self::Lzw(decoder) => decoder.reset(),
            Self::Deflate(decoder) => **decoder = Decompressor::new(),
            Self::PackBits(state) => *state = PackBits::default(),
        }
        Ok(())
    }

    /// Fills `output` from `at` on, as far as the input reaches.
    ///
    /// The 32768 bytes before `at` must be the last ones produced. Bytes of `output` beyond those produced may be
    /// overwritten.
    ///
    /// # Errors
    /// A description of the problem.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], at: usize) -> Result<ExpandStep, String> {
        match self {
            Self::Lzw(decoder) => {
                let done = decoder.decode_bytes(input, output.get_mut(at..).unwrap_or_default());
                let ended = matches!(done.status.map_err(|error| error.to_string())?, LzwStatus::Done);
                Ok(ExpandStep { consumed: done.consumed_in, produced: done.consumed_out, ended })
            }
            Self::Deflate(decoder) => {
                let at = at.min(output.len());
                let (consumed, produced) =
                    decoder.read(input, output, at, false).map_err(|error| format!("{error:?}"))?;
                Ok(ExpandStep { consumed, produced, ended: decoder.is_done() })
            }
            Self::PackBits(state) => Ok(state.step(input, output.get_mut(at..).unwrap_or_default())),
        }
    }

    /// Decompresses a whole stream to `wanted` bytes in `output`. Further bytes of the stream are ignored.
    ///
    /// # Errors
    /// A description of the problem, such as a stream with fewer bytes.
    pub(super) fn expand(&mut self, mut input: &[u8], wanted: usize, output: &mut Vec<u8>) -> Result<(), String> {
        self.begin(input)?;
        // With room beyond the bytes wanted, a Deflate stream is read up to its checksum.
        output.resize(wanted + SPARE_BYTES, 0);
        let mut at = 0;
        loop {
            let step = self.step(input, output, at)?;
            input = input.get(step.consumed..).unwrap_or_default();
            at += step.produced;
            if step.ended || at > wanted || (step.consumed, step.produced) == (0, 0) {
                break;
            }
            // Only Deflate has a checksum after its last byte.
            if at == wanted && !matches!(self, Self::Deflate(_)) {
                break;
            }
        }
        output.truncate(wanted);
        if at < wanted { Err(truncated_after(at as u64, wanted as u64)) } else { Ok(()) }
    }
}

/// Room for bytes beyond those wanted.
const SPARE_BYTES: usize = 8;

/// The error for a chunk with `found` instead of `wanted` bytes.
pub(super) fn truncated_after(found: u64, wanted: u64) -> String {
    format!("truncated after {found} of {wanted} bytes")
}

/// The state of a PackBits stream (TIFF 6.0 section 9).
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum PackBits {
    /// A count comes next.
    #[default]
    Count,
    /// This number of literal bytes comes next.
    Literal(usize),
    /// The byte to be repeated this number of times comes next.
    Repeat(usize),
    /// This byte must still be produced a number of times.
    Run {
        /// How many times.
        count: usize,
        /// The byte.
        byte: u8,
    },
}

impl PackBits {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> ExpandStep {
        let (mut consumed, mut produced) = (0, 0);
        loop {
            let (rest, room) = (&input[consumed..], &mut output[produced..]);
            *self = match (*self, rest) {
                (Self::Run { count, byte }, _) => {
                    let length = count.min(room.len());
                    room[..length].fill(byte);
                    produced += length;
                    if length < count {
                        *self = Self::Run { count: count - length, byte };
                        break;
                    }
                    Self::Count
                }
                (_, []) => break,
                (Self::Count, [count, ..]) => {
                    consumed += 1;
                    match *count {
                        128 => Self::Count,
                        count @ 0..128 => Self::Literal(usize::from(count) + 1),
                        count => Self::Repeat(257 - usize::from(count)),
                    }
                }
                (Self::Repeat(count), [byte, ..]) => {
                    consumed += 1;
                    Self::Run { count, byte: *byte }
                }
                (Self::Literal(count), _) => {
                    let length = count.min(room.len()).min(rest.len());
                    room[..length].copy_from_slice(&rest[..length]);
                    (consumed, produced) = (consumed + length, produced + length);
                    if length < count {
                        *self = Self::Literal(count - length);
                        break;
                    }
                    Self::Count
                }
            };
        }
        ExpandStep { consumed, produced, ended: false }
    }
}
