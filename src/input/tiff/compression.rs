//! Ways in which a chunk can be compressed, and undoing those that are a stream of bytes: LZW, deflate and PackBits.

use super::super::PictureError;
use fdeflate::Decompressor;
use weezl::{BitOrder, LzwStatus, decode};

/// How chunks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// Not at all.
    None,
    /// LZW, most significant bit first, as TIFF 6.0 has it.
    Lzw,
    /// zlib streams.
    Deflate,
    /// Runs of bytes.
    PackBits,
    /// Each chunk a JPEG without its tables.
    Jpeg,
}

impl Compression {
    /// The compression of this number.
    ///
    /// # Errors
    /// It is not supported; the error names it.
    pub(super) fn of(number: u64) -> Result<Self, PictureError> {
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
            _ => return Err(PictureError::Unsupported(format!("TIFF compression {number} is not supported"))),
        };
        Err(PictureError::Unsupported(format!("{name} compression in a TIFF is not supported")))
    }

    /// The most bytes of pixels that a byte can stand for: 2 bytes for 128 in PackBits; 12 bits for a table's longest
    /// string in LZW; 258 bytes for 2 bits in deflate; a bit for a block in JPEG, and 4x4 times as many pixels as
    /// colour differences.
    pub(super) fn most_expansion(self) -> u64 {
        match self {
            Self::None => 1,
            Self::PackBits => 64,
            Self::Lzw => 4096,
            Self::Deflate => 1100,
            Self::Jpeg => 1400,
        }
    }

    /// The most bytes worth reading of a chunk that has `expected` bytes of pixels: more than any encoder needs, so that
    /// a count that lies costs no memory.
    pub(super) fn most_stored(self, expected: u64) -> u64 {
        match self {
            Self::None => expected,
            Self::PackBits | Self::Lzw | Self::Deflate => expected.saturating_mul(2).saturating_add(1 << 16),
            Self::Jpeg => expected.saturating_mul(4).saturating_add(1 << 20),
        }
    }
}

/// What a step of an [`Expander`] did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Bytes taken from the input.
    pub(super) consumed: usize,
    /// Bytes put into the output.
    pub(super) produced: usize,
    /// Whether the stream has come to its end.
    pub(super) ended: bool,
}

/// Undoes a compression, as far as input and output reach. Its tables are used again from chunk to chunk.
pub(super) enum Expander {
    /// Of [`Compression::Lzw`].
    Lzw(Box<decode::Decoder>),
    /// Of [`Compression::Deflate`].
    Deflate(Box<Decompressor>),
    /// Of [`Compression::PackBits`].
    PackBits(PackBits),
}

impl Expander {
    /// None for a compression that is no stream of bytes.
    pub(super) fn new(compression: Compression) -> Option<Self> {
        match compression {
            Compression::Lzw => Some(Self::Lzw(Box::new(decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)))),
            Compression::Deflate => Some(Self::Deflate(Box::default())),
            Compression::PackBits => Some(Self::PackBits(PackBits::default())),
            Compression::None | Compression::Jpeg => None,
        }
    }

    /// Makes it ready for another stream, which begins with `input`.
    ///
    /// # Errors
    /// It is a kind of stream that is not supported.
    pub(super) fn begin(&mut self, input: &[u8]) -> Result<(), String> {
        match self {
            // Some writers before 1993 put the least significant bit first; so stands the first code, 256, there.
            Self::Lzw(_) if matches!(input, [0, second, ..] if second & 1 == 1) => {
                return Err("LZW with the least significant bit first is not supported".into());
            }
            Self::Lzw(decoder) => decoder.reset(),
            Self::Deflate(decoder) => **decoder = Decompressor::new(),
            Self::PackBits(state) => *state = PackBits::default(),
        }
        Ok(())
    }

    /// Fills `output` from `at` on. The 32768 bytes before must be those produced before. What is in `output` beyond
    /// the bytes produced may be overwritten.
    ///
    /// # Errors
    /// What is wrong with the stream, in words.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8], at: usize) -> Result<Step, String> {
        match self {
            Self::Lzw(decoder) => {
                let done = decoder.decode_bytes(input, output.get_mut(at..).unwrap_or_default());
                let ended = matches!(done.status.map_err(|error| error.to_string())?, LzwStatus::Done);
                Ok(Step { consumed: done.consumed_in, produced: done.consumed_out, ended })
            }
            Self::Deflate(decoder) => {
                let at = at.min(output.len());
                let done = decoder.read(input, output, at, false).map_err(|error| format!("{error:?}"))?;
                Ok(Step { consumed: done.0, produced: done.1, ended: decoder.is_done() })
            }
            Self::PackBits(state) => Ok(state.step(input, output.get_mut(at..).unwrap_or_default())),
        }
    }

    /// Expands a whole stream to `wanted` bytes, which is what `output` holds then. More that the stream has is passed
    /// over.
    ///
    /// # Errors
    /// What is wrong with the stream, in words; also where it has less.
    pub(super) fn whole(&mut self, mut input: &[u8], wanted: usize, output: &mut Vec<u8>) -> Result<(), String> {
        self.begin(input)?;
        // With room for more than is wanted, a deflate stream comes to its checksum.
        output.resize(wanted + SPARE, 0);
        let mut at = 0;
        loop {
            let step = self.step(input, output, at)?;
            input = input.get(step.consumed..).unwrap_or_default();
            at += step.produced;
            if step.ended || at > wanted || (step.consumed, step.produced) == (0, 0) {
                break;
            }
            // Only deflate has something behind its last byte that is worth a look.
            if at == wanted && !matches!(self, Self::Deflate(_)) {
                break;
            }
        }
        output.truncate(wanted);
        if at < wanted { Err(too_short(at as u64, wanted as u64)) } else { Ok(()) }
    }
}

/// Bytes of room beyond those wanted.
const SPARE: usize = 8;

/// Says that there are `found` bytes where `wanted` are due.
pub(super) fn too_short(found: u64, wanted: u64) -> String {
    format!("it ends after {found} of {wanted} bytes")
}

/// The state of a PackBits stream (TIFF 6.0 section 9).
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum PackBits {
    /// A count comes next.
    #[default]
    Count,
    /// So many bytes come as they are.
    Literal(usize),
    /// The byte that comes next is repeated so many times.
    Repeat(usize),
    /// So many of this byte are still due.
    Run(usize, u8),
}

impl PackBits {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let (mut consumed, mut produced) = (0, 0);
        loop {
            let (rest, room) = (&input[consumed..], &mut output[produced..]);
            *self = match (*self, rest) {
                (Self::Run(count, byte), _) => {
                    let length = count.min(room.len());
                    room[..length].fill(byte);
                    produced += length;
                    if length < count {
                        *self = Self::Run(count - length, byte);
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
                    Self::Run(count, *byte)
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
        Step { consumed, produced, ended: false }
    }
}
