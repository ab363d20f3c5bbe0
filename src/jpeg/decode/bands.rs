//! Decodes baseline files of any size to coefficients, some rows of MCUs at a time.

use std::io::{BufRead, Read};
use std::sync::Arc;

use super::bits::BitReader;
use super::blocks::{BlockOrder, decode_in_row, scanned_coefficients};
use super::decoder::{Decoder, FrameLimits, Next};
use super::header::{Frame, FrameComponent, JpegDescription, JpegHeader, Segments};
use super::scan::{Scan, ScanTables};
use super::scan_data::{following, tables_of};
use super::scratch::DecodeScratch;
use super::sequential::{Sequential, WholeBlocks};
use super::window::{DataEnd, Window};
use crate::jpeg::decode_error::{JpegError, JpegErrorKind};
use crate::jpeg::image::{Block, JpegImage, McuLayout};
use crate::jpeg::tables::marker;

/// Limit of marker segments before the first scan: 16 MB of ICC profile, and as much of everything else.
const MAX_HEADER_BYTES: usize = 1 << 25;
/// MCUs decoded between two checks that enough data is buffered.
const MCUS_PER_STEP: usize = 64;
/// Limit of their bytes: ten blocks each, of 64 coefficients with 16 bits of code and 15 of value.
const MAX_STEP_BYTES: usize = MCUS_PER_STEP * 10 * 64 * 31 / 8;

/// Why a file could not be decoded.
#[derive(Debug, thiserror::Error)]
pub enum BandsError {
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// The file is not a supported JPEG, or is damaged.
    #[error(transparent)]
    Jpeg(#[from] JpegError),
}

/// A file read up to its first scan.
pub enum OpenedJpeg<R> {
    /// One sequential scan: the file can be decoded band by band.
    OneScan(Box<BandDecoder<R>>),
    /// Several scans: the file must be decoded as a whole.
    SeveralScans(SeveralScans<R>),
}

/// A file with several scans.
pub struct SeveralScans<R> {
    header: JpegHeader,
    icc: Option<Arc<[u8]>>,
    mcu_size: (u32, u32),
    /// Blocks of all components per MCU.
    mcu_blocks: u32,
    coefficients: u64,
    begin: Vec<u8>,
    source: R,
}

/// A file with one sequential scan.
pub struct BandDecoder<R> {
    header: JpegHeader,
    frame: Frame,
    scan: Scan,
    quantisation: [[u16; 64]; 3],
    icc: Option<Arc<[u8]>>,
    scratch: DecodeScratch,
    window: Window<R>,
    /// Whether there are restart intervals.
    restarts: bool,
    /// MCUs in the current interval, or in the scan.
    interval: usize,
    /// MCUs decoded, of the scan and of the interval.
    done: usize,
    done_of_interval: usize,
    /// The next restart marker.
    due: u8,
    predictions: [i32; 3],
}

/// Reads a file's segments up to its first scan.
///
/// If `file_length`, the length of the whole file, is known, a file too short for its frame is refused.
///
/// # Errors
/// The file cannot be read, is not a JPEG that [`super::decode`] supports, or is damaged.
pub fn open<R: BufRead>(mut source: R, file_length: Option<u64>) -> Result<OpenedJpeg<R>, BandsError> {
    let begin = segments_up_to_scan(&mut source)?;
    let mut scratch = DecodeScratch::default();
    let expected = FrameLimits { size: None, max_pixels: u64::MAX, file_length };
    let mut decoder = Decoder::begin(&begin, expected, &mut scratch)?;
    let (payload, offset) = match decoder.next(&mut scratch)? {
        Next::Scan { payload, offset } => (payload, offset),
        Next::EndOfImage { offset } => return Err(JpegErrorKind::NoImage.at(offset).into()),
    };
    let described = decoder.describe(payload, &mut scratch).map_err(|kind| kind.at(offset))?;
    let (frame, header) = (described.frame, described.header);
    let layout = frame.layout();
    let coefficients = frame.components().iter().map(|component| {
        let (wide, high) = layout.padded_blocks(component.factors);
        wide as u64 * high as u64 * size_of::<Block>() as u64
    });
    if !described.scan.is_whole(&frame) {
        let (coefficients, mcu_size, icc) = (coefficients.sum(), mcu_size(&frame), described.icc);
        let blocks = |component: &FrameComponent| u32::from(component.factors.0) * u32::from(component.factors.1);
        let mcu_blocks = frame.components().iter().map(blocks).sum();
        return Ok(OpenedJpeg::SeveralScans(SeveralScans {
            header,
            icc,
            mcu_size,
            mcu_blocks,
            coefficients,
            begin,
            source,
        }));
    }
    let total = layout.mcus.0 * layout.mcus.1;
    Ok(OpenedJpeg::OneScan(Box::new(BandDecoder {
        header,
        frame,
        scan: described.scan,
        quantisation: described.quantisation,
        icc: described.icc,
        scratch,
        window: Window::new(source, begin.len() as u64),
        restarts: described.restart_interval > 0,
        interval: if described.restart_interval == 0 { total } else { described.restart_interval.min(total) },
        done: 0,
        done_of_interval: 0,
        due: marker::RST0,
        predictions: [0; 3],
    })))
}

fn mcu_size(frame: &Frame) -> (u32, u32) {
    let (horizontal, vertical) = frame.layout().greatest;
    (8 * u32::from(horizontal), 8 * u32::from(vertical))
}

/// The bytes of a file up to the end of its first scan header.
///
/// They end earlier at a damaged segment, which the decoder then reports.
fn segments_up_to_scan(source: &mut impl BufRead) -> Result<Vec<u8>, BandsError> {
    let mut begin = Vec::new();
    append_bytes(source, 2, &mut begin)?;
    if begin != [0xFF, marker::SOI] {
        return Ok(begin);
    }
    while begin.len() < MAX_HEADER_BYTES {
        match append_segment(source, &mut begin)? {
            Some(code) if code != marker::SOS => {}
            _ => return Ok(begin),
        }
    }
    Err(JpegErrorKind::HeadersTooLong { limit: MAX_HEADER_BYTES }.at(begin.len()).into())
}

/// Appends the next marker segment to `to` and returns its marker. None if it is incomplete or has no payload.
fn append_segment(source: &mut impl BufRead, to: &mut Vec<u8>) -> Result<Option<u8>, BandsError> {
    let mut code = 0xFF;
    let start = to.len();
    while code == 0xFF {
        if append_bytes(source, 1, to)? < 1
            || (to.len() == start + 1 && to[start] != 0xFF)
            || to.len() > MAX_HEADER_BYTES
        {
            return Ok(None);
        }
        code = if to.len() == start + 1 { 0xFF } else { to[to.len() - 1] };
    }
    if matches!(code, 0x00..=0xBF | marker::RST0..=marker::EOI) || append_bytes(source, 2, to)? < 2 {
        return Ok(None);
    }
    let length = usize::from(u16::from_be_bytes([to[to.len() - 2], to[to.len() - 1]]));
    let payload = length.saturating_sub(2);
    Ok((append_bytes(source, payload, to)? == payload).then_some(code))
}

/// Appends up to `count` bytes to `to`; fewer at the end of the file.
fn append_bytes(source: &mut impl Read, count: usize, to: &mut Vec<u8>) -> Result<usize, BandsError> {
    Ok(source.take(count as u64).read_to_end(to)?)
}

impl<R: BufRead> OpenedJpeg<R> {
    /// The header before the first scan.
    pub fn header(&self) -> &JpegHeader {
        match self {
            Self::OneScan(bands) => &bands.header,
            Self::SeveralScans(scans) => &scans.header,
        }
    }

    /// The ICC profile before the first scan.
    pub fn icc(&self) -> Option<&Arc<[u8]>> {
        match self {
            Self::OneScan(bands) => bands.icc.as_ref(),
            Self::SeveralScans(scans) => scans.icc.as_ref(),
        }
    }

    /// Width and height of an MCU in pixels.
    pub fn mcu_size(&self) -> (u32, u32) {
        match self {
            Self::OneScan(bands) => bands.mcu_size(),
            Self::SeveralScans(scans) => scans.mcu_size,
        }
    }
}

impl<R: BufRead> SeveralScans<R> {
    /// Whether all components would fit one scan: at most ten blocks per MCU (ITU T.81 B.2.3).
    pub fn can_be_interleaved(&self) -> bool {
        self.mcu_blocks <= 10
    }

    /// Bytes of the decoded coefficients.
    pub fn coefficient_bytes(&self) -> u64 {
        self.coefficients
    }

    /// Decodes the whole file, reading at most `max_bytes`.
    ///
    /// # Errors
    /// As [`super::decode_into`]; a longer file counts as truncated.
    pub fn decode(mut self, max_bytes: u64) -> Result<JpegImage, BandsError> {
        let size = (self.header.width, self.header.height);
        self.source.take(max_bytes).read_to_end(&mut self.begin)?;
        Ok(super::decode(&self.begin, Some(size), &mut DecodeScratch::default())?)
    }
}

impl<R: BufRead> BandDecoder<R> {
    /// The header before the scan.
    pub fn header(&self) -> &JpegHeader {
        &self.header
    }

    /// Quantisation steps of component `index`, row by row.
    pub fn quantisation(&self, index: usize) -> Option<&[u16; 64]> {
        self.quantisation.get(..self.frame.components().len())?.get(index)
    }

    /// Quantisation steps, row by row, and sampling factors of each component.
    pub fn components(&self) -> impl Iterator<Item = ([u16; 64], (u8, u8))> {
        self.quantisation.iter().zip(self.frame.components()).map(|(steps, component)| (*steps, component.factors))
    }

    /// Width and height of an MCU in pixels.
    pub fn mcu_size(&self) -> (u32, u32) {
        mcu_size(&self.frame)
    }

    /// Makes `band` the image of the next `height` rows of pixels, or of those left.
    ///
    /// `height` must be a multiple of the MCU's. If no row is left, nothing is decoded.
    ///
    /// # Errors
    /// As [`super::decode_into`]; the band is then unspecified.
    pub fn read(&mut self, height: u32, band: &mut JpegImage) -> Result<(), BandsError> {
        let layout = self.frame.layout();
        let begun = (self.done / layout.mcus.0.max(1)) as u32 * self.mcu_size().1;
        let height = height.next_multiple_of(self.mcu_size().1).min(self.frame.size.1.saturating_sub(begun));
        if height == 0 {
            return Ok(());
        }
        let factors = self.frame.components().iter().map(|component| component.factors);
        band.reshape((self.frame.size.0, height), self.header.colour, factors);
        band.icc.clone_from(&self.icc);
        for (component, steps) in band.components.iter_mut().zip(&self.quantisation) {
            component.quantisation = *steps;
        }
        let geometry = BlockOrder::of(&self.scan, band);
        let mut at = (0, 0);
        while at.0 < geometry.mcus.1 {
            let count = MCUS_PER_STEP.min(geometry.mcus.0 - at.1).min(self.interval - self.done_of_interval);
            self.decode_mcus(at, count, &geometry, band)?;
            at.1 += count;
            if at.1 == geometry.mcus.0 {
                at = (at.0 + 1, 0);
            }
            if self.done_of_interval == self.interval {
                self.end_interval(&layout)?;
            }
        }
        Ok(())
    }

    /// Decodes `count` MCUs in a row of the band.
    fn decode_mcus(
        &mut self,
        at: (usize, usize),
        count: usize,
        geometry: &BlockOrder,
        band: &mut JpegImage,
    ) -> Result<(), BandsError> {
        self.window.require(MAX_STEP_BYTES)?;
        let tables = ScanTables { dc: &self.scratch.dc, ac: &self.scratch.ac };
        let (dc, ac) = tables_of(&self.scan, tables);
        let mut decoder = Sequential::resume(dc, ac, WholeBlocks, self.predictions);
        let mut coefficients = scanned_coefficients(&self.scan, band);
        let mut reader: BitReader<'_> = self.window.reader();
        let outcome = decode_in_row(&mut decoder, &mut reader, at, count, geometry, &mut coefficients);
        self.predictions = decoder.predictions();
        let (left, overrun) = (reader.bits_left(), reader.overrun());
        self.window.set_bits_left(left.max(0) as usize);
        match outcome {
            Err(_) if overrun => Err(self.early_end()),
            Err(kind) => Err(self.fault(kind)),
            Ok(()) => {
                (self.done, self.done_of_interval) = (self.done + count, self.done_of_interval + count);
                Ok(())
            }
        }
    }

    /// Checks the end of an interval, or of the scan, and skips its restart marker.
    fn end_interval(&mut self, layout: &McuLayout) -> Result<(), BandsError> {
        // Two bytes are more than padding can be.
        self.window.require(2)?;
        if self.window.bytes_left() > 0 {
            self.window.require(usize::MAX)?;
            let bytes = self.window.bytes_left();
            return Err(self.fault(JpegErrorKind::EntropyDataLeftOver { bytes }));
        }
        self.done_of_interval = 0;
        if self.done == layout.mcus.0 * layout.mcus.1 {
            return Ok(());
        }
        match self.window.end() {
            Some(DataEnd::Marker(code)) if code == self.due => {
                self.window.skip_marker();
                (self.predictions, self.due) = ([0; 3], following(self.due));
                // The last interval may be shorter.
                self.interval = self.interval.min(layout.mcus.0 * layout.mcus.1 - self.done);
                Ok(())
            }
            Some(DataEnd::Marker(found)) if (marker::RST0..=marker::RST7).contains(&found) => {
                Err(self.fault(JpegErrorKind::RestartMarker { expected: self.due, found }))
            }
            _ => Err(self.early_end()),
        }
    }

    fn early_end(&self) -> BandsError {
        self.fault(match self.window.end() {
            Some(DataEnd::Marker(marker)) => JpegErrorKind::EntropyDataEndsEarly { marker },
            _ => JpegErrorKind::Truncated,
        })
    }

    fn fault(&self, kind: JpegErrorKind) -> BandsError {
        kind.at(self.window.offset() as usize).into()
    }

    /// Reads on to the end of the image after the last band. Ignores what follows it.
    ///
    /// # Errors
    /// The end is missing, or an unexpected segment comes before it.
    pub fn finish(&mut self) -> Result<(), BandsError> {
        let mut end = self.window.end();
        // Some cameras end the last interval, too, with a restart marker, or add several.
        while let Some(DataEnd::Marker(code)) = end
            && code == self.due
            && self.restarts
        {
            self.window.skip_marker();
            self.window.require(1)?;
            if self.window.bytes_left() > 0 {
                return Err(self.fault(JpegErrorKind::EntropyDataLeftOver { bytes: self.window.bytes_left() }));
            }
            (self.due, end) = (following(self.due), self.window.end());
        }
        let Some(DataEnd::Marker(code)) = end else { return Err(self.fault(JpegErrorKind::MissingEndOfImage)) };
        let (source, offset) = self.window.rest();
        let mut tail = vec![0xFF, code];
        if code != marker::EOI {
            rest_of_segment(source, code, &mut tail)?;
            while append_segment(source, &mut tail)?.is_some() {}
        }
        check_tail(&tail).map_err(|error| error.kind.at(error.offset + offset as usize - 2).into())
    }
}

/// Appends the rest of a segment after the two bytes of its marker.
fn rest_of_segment(source: &mut impl BufRead, code: u8, to: &mut Vec<u8>) -> Result<(), BandsError> {
    if !matches!(code, 0x00..=0xBF | marker::RST0..=marker::EOI) && append_bytes(source, 2, to)? == 2 {
        let length = usize::from(u16::from_be_bytes([to[to.len() - 2], to[to.len() - 1]]));
        append_bytes(source, length.saturating_sub(2), to)?;
    }
    Ok(())
}

/// Checks the segments after the only scan: without meaning, and then EOI.
fn check_tail(tail: &[u8]) -> Result<(), JpegError> {
    let mut segments = Segments { bytes: tail, at: 0 };
    loop {
        let (code, offset) = segments.next_marker()?;
        match code {
            marker::EOI => return Ok(()),
            marker::SOS => return Err(JpegErrorKind::ComponentCodedTwice { component: 0 }.at(offset)),
            marker::SOF0..=marker::SOF2 => return Err(JpegErrorKind::SecondFrame.at(offset)),
            _ => {
                let payload = segments.payload(code)?;
                JpegDescription::default().add_segment(code, payload).map_err(|kind| kind.at(offset))?;
            }
        }
    }
}
