//! Why a JPEG file was refused. Every kind carries the numbers that a message needs.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use super::tables::HuffmanClass;

/// Why a JPEG file was refused, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegError {
    /// Byte offset in the file at which the fault was detected.
    pub offset: usize,
    /// What is wrong.
    pub kind: JpegErrorKind,
}

/// A coding process or layout of ITU T.81 that this decoder does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// Arithmetic entropy coding (SOF9, SOF10, DAC).
    ArithmeticCoding,
    /// Lossless coding (SOF3).
    Lossless,
    /// Hierarchical coding (SOF5..SOF7, DHP, EXP).
    Hierarchical,
    /// Samples of another precision than 8 bits.
    Precision(u8),
    /// Neither 1 nor 3 components; 4 are CMYK or YCCK.
    Components(u8),
    /// The height is not in the frame header but in a DNL segment.
    NumberOfLinesLater,
}

/// What is wrong with a JPEG file. Section numbers refer to ITU T.81.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JpegErrorKind {
    /// The file does not start with the SOI marker FF D8.
    NotJpeg,
    /// The file ends inside a marker segment or entropy-coded data.
    Truncated,
    /// The file ends where a marker should follow, without EOI.
    MissingEndOfImage,
    /// A valid JPEG of an unsupported kind.
    Unsupported(Unsupported),
    /// A byte other than FF where a marker must start.
    MarkerExpected {
        /// The byte found.
        found: u8,
    },
    /// A marker that is not allowed here.
    UnexpectedMarker {
        /// The marker's second byte.
        marker: u8,
    },
    /// The length of a marker segment does not match its contents (B.2).
    BadLength {
        /// The marker's second byte.
        marker: u8,
        /// The length in the file, including its own two bytes.
        length: usize,
    },
    /// Width or height is zero.
    ZeroDimension {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The frame does not have the expected size.
    DimensionMismatch {
        /// Expected width and height in pixels.
        expected: (u32, u32),
        /// Width and height in the file, in pixels.
        found: (u32, u32),
    },
    /// More pixels than are decoded if no size is expected.
    TooManyPixels {
        /// Pixels in the frame header.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// The file is too short for its frame, even with the shortest codes.
    TooShortForFrame {
        /// Minimum bytes of entropy-coded data for the frame.
        needed: u64,
        /// Bytes from the frame header to the end of the file.
        found: u64,
    },
    /// A sampling factor outside 1..=4 (B.2.2).
    SamplingFactor {
        /// Horizontal factor.
        horizontal: u8,
        /// Vertical factor.
        vertical: u8,
    },
    /// Two components with the same identifier (B.2.2).
    DuplicateComponent {
        /// The identifier.
        identifier: u8,
    },
    /// A second frame header.
    SecondFrame,
    /// A scan before any frame header.
    ScanWithoutFrame,
    /// A scan with a component that is missing from the frame, repeated, or out of the frame's order (B.2.3).
    ScanComponent {
        /// The identifier.
        identifier: u8,
    },
    /// A scan with no components, or more than the frame.
    ScanComponentCount {
        /// Components in the scan.
        count: u8,
    },
    /// More than ten blocks in an MCU (B.2.3).
    McuTooLarge {
        /// Blocks in an MCU.
        blocks: u32,
    },
    /// A table selector above 3, or an undefined class or precision.
    TableSelector {
        /// The selector byte.
        selector: u8,
    },
    /// A quantisation step of zero (B.2.4.1).
    ZeroQuantisationStep,
    /// More Huffman codes than fit their lengths, or more than 256 (C.2).
    HuffmanTableOverfull,
    /// A DC Huffman table with a category above 15.
    DcCategory {
        /// The category.
        category: u8,
    },
    /// A scan uses an undefined quantisation table.
    MissingQuantisationTable {
        /// Its number, 0..=3.
        number: u8,
    },
    /// A scan uses an undefined Huffman table.
    MissingHuffmanTable {
        /// Whether a DC or an AC table.
        class: HuffmanClass,
        /// Its number, 0..=3.
        number: u8,
    },
    /// Spectral selection or successive approximation that violates G.1.1.1 or the order of scans.
    ScanParameters {
        /// First coefficient, last coefficient, high and low bit position.
        parameters: [u8; 4],
    },
    /// A component is coded again although it is complete.
    ComponentCodedTwice {
        /// Index of the component in the frame.
        component: usize,
    },
    /// A component without any data at the end of the image.
    ComponentNotCoded {
        /// Index of the component in the frame.
        component: usize,
    },
    /// Too many scans. Each costs a pass over the whole image, even if it is a few bytes long.
    TooManyScans {
        /// The limit.
        limit: usize,
    },
    /// Bits that are no code of their table.
    InvalidCode,
    /// A run of zeros past the last coefficient of its block.
    CoefficientIndex,
    /// A coefficient that does not fit 16 bits.
    CoefficientRange,
    /// A run of empty blocks past the end of its restart interval.
    EndOfBandRun,
    /// A marker before the last block of a scan or restart interval.
    EntropyDataEndsEarly {
        /// The marker's second byte.
        marker: u8,
    },
    /// Unused bytes between the last block and the next marker.
    EntropyDataLeftOver {
        /// Number of bytes.
        bytes: usize,
    },
    /// A restart marker out of sequence.
    RestartMarker {
        /// Second byte of the expected marker.
        expected: u8,
        /// Second byte of the marker in the file.
        found: u8,
    },
    /// Too many bytes of segments before the first scan.
    HeadersTooLong {
        /// The limit.
        limit: usize,
    },
    /// EOI before any frame or scan.
    NoImage,
}

impl JpegErrorKind {
    /// Adds the byte offset.
    pub(super) fn at(self, offset: usize) -> JpegError {
        JpegError { offset, kind: self }
    }
}

impl Display for Unsupported {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ArithmeticCoding => write!(out, "arithmetic coding"),
            Self::Lossless => write!(out, "lossless JPEG"),
            Self::Hierarchical => write!(out, "hierarchical JPEG"),
            Self::Precision(bits) => write!(out, "{bits} bits per sample (only 8 are supported)"),
            Self::Components(4) => write!(out, "4 components (CMYK or YCCK)"),
            Self::Components(count) => write!(out, "{count} components (only 1 and 3 are supported)"),
            Self::NumberOfLinesLater => write!(out, "a height after the first scan (DNL)"),
        }
    }
}

impl Display for JpegError {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "byte {}: {}", self.offset, self.kind)
    }
}

impl Error for JpegError {}

impl Display for JpegErrorKind {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJpeg => write!(out, "not a JPEG file: no FF D8 at the start"),
            Self::Truncated => write!(out, "the file is truncated"),
            Self::MissingEndOfImage => write!(out, "the file is truncated: no end-of-image marker"),
            Self::Unsupported(what) => write!(out, "not supported: {what}"),
            Self::MarkerExpected { found } => {
                write!(out, "expected a marker (FF), found {found:02X}")
            }
            Self::UnexpectedMarker { marker } => {
                write!(out, "unexpected marker FF {marker:02X}")
            }
            Self::BadLength { marker, length } => {
                write!(out, "segment FF {marker:02X}: length {length} does not match its contents")
            }
            Self::ZeroDimension { width, height } => {
                write!(out, "zero size: {width}x{height} pixels")
            }
            Self::DimensionMismatch { expected, found } => {
                write!(out, "expected {}x{} pixels, found {}x{}", expected.0, expected.1, found.0, found.1)
            }
            Self::TooManyPixels { found, limit } => {
                write!(out, "too many pixels: {found}, at most {limit}")
            }
            Self::TooShortForFrame { needed, found } => {
                write!(out, "the image needs at least {needed} bytes, only {found} are left")
            }
            _ => self.describe_tables_and_data(out),
        }
    }
}

impl JpegErrorKind {
    /// The second half of `Display`: scans, tables and entropy-coded data.
    fn describe_tables_and_data(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::SamplingFactor { horizontal, vertical } => {
                write!(out, "sampling factors {horizontal}x{vertical} (allowed: 1 to 4)")
            }
            Self::DuplicateComponent { identifier } => {
                write!(out, "duplicate component {identifier}")
            }
            Self::SecondFrame => write!(out, "a second frame header"),
            Self::ScanWithoutFrame => write!(out, "a scan before the frame header"),
            Self::ScanComponent { identifier } => {
                write!(out, "component {identifier} of a scan is not in the frame, or out of order")
            }
            Self::ScanComponentCount { count } => write!(out, "a scan with {count} components"),
            Self::McuTooLarge { blocks } => {
                write!(out, "{blocks} blocks per MCU, at most 10 are allowed")
            }
            Self::TableSelector { selector } => write!(out, "invalid table selector {selector:02X}"),
            Self::ZeroQuantisationStep => write!(out, "a quantisation step of zero"),
            Self::HuffmanTableOverfull => write!(out, "an overfull Huffman table"),
            Self::DcCategory { category } => {
                write!(out, "a DC table with category {category}, at most 15 is allowed")
            }
            Self::MissingQuantisationTable { number } => {
                write!(out, "quantisation table {number} is missing")
            }
            Self::MissingHuffmanTable { class, number } => write!(out, "{class} Huffman table {number} is missing"),
            Self::ScanParameters { parameters: [first, last, high, low] } => {
                write!(out, "a scan of coefficients {first} to {last}, bits {high} to {low}, is not allowed here")
            }
            Self::ComponentCodedTwice { component } => {
                write!(out, "component {component} is coded twice")
            }
            Self::ComponentNotCoded { component } => {
                write!(out, "component {component} has no data")
            }
            Self::TooManyScans { limit } => write!(out, "more than {limit} scans"),
            Self::InvalidCode => write!(out, "invalid Huffman code"),
            Self::CoefficientIndex => write!(out, "a coefficient beyond the end of its block"),
            Self::CoefficientRange => write!(out, "a coefficient that does not fit 16 bits"),
            Self::EndOfBandRun => write!(out, "a run of empty blocks beyond the end of its interval"),
            Self::EntropyDataEndsEarly { marker } => {
                write!(out, "the image data ends early, at marker FF {marker:02X}")
            }
            Self::EntropyDataLeftOver { bytes } => {
                write!(out, "{bytes} unused bytes after the image data")
            }
            Self::RestartMarker { expected, found } => {
                write!(out, "expected restart marker FF {expected:02X}, found FF {found:02X}")
            }
            Self::HeadersTooLong { limit } => write!(out, "more than {limit} bytes before the image data"),
            Self::NoImage => write!(out, "the file contains no image"),
            // `Display` itself describes all other kinds.
            _ => Ok(()),
        }
    }
}
