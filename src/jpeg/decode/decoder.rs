//! Decodes a file's segments in order.

use std::sync::Arc;

use super::header::{Frame, JpegDescription, JpegHeader, Segments};
use super::scan::{CodedBits, Scan, ScanTables};
use super::scan_data;
use super::scratch::DecodeScratch;
use super::table_segments::{define_huffman, define_quantisation, steps_of};
use super::table_slot::TableSlot;
use crate::jpeg::decode_error::{JpegError, JpegErrorKind};
use crate::jpeg::fold::{FoldSampling, FoldedImage};
use crate::jpeg::image::{BlockImage, ImageForm, JpegImage};
use crate::jpeg::tables::marker;

/// Limit of pixels if no size is expected.
const MAX_PIXELS: u64 = 1 << 28;
/// Limit of scans. Encoders write about ten; each costs a pass over the image, even if it is a few bytes long.
const MAX_SCANS: usize = 200;

/// Where an image is decoded to.
pub(super) struct DecodeTarget<'a> {
    pub(super) whole: &'a mut JpegImage,
    /// The target instead of `whole` if the image can be folded block by block.
    pub(super) folding: Option<Folding<'a>>,
    /// Which of the two is the target; known from the first scan on.
    pub(super) form: ImageForm,
}

/// Where images of a certain sampling are folded to.
pub(super) struct Folding<'a> {
    pub(super) sampling: FoldSampling,
    pub(super) folded: &'a mut FoldedImage,
}

impl<'a> DecodeTarget<'a> {
    pub(super) fn whole(image: &'a mut JpegImage) -> Self {
        Self { whole: image, folding: None, form: ImageForm::Whole }
    }
}

/// Limits of a frame, checked before memory is allocated for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameLimits {
    /// Width and height, if known.
    pub(super) size: Option<(u32, u32)>,
    /// Limit of pixels otherwise.
    pub(super) max_pixels: u64,
    /// Bytes of the whole file, if known.
    pub(super) file_length: Option<u64>,
}

impl FrameLimits {
    pub(super) fn file(bytes: &[u8], size: Option<(u32, u32)>) -> Self {
        Self { size, max_pixels: MAX_PIXELS, file_length: Some(bytes.len() as u64) }
    }
}

/// Everything in a file up to its first scan.
pub(super) struct FirstScan {
    pub(super) header: JpegHeader,
    pub(super) frame: Frame,
    pub(super) scan: Scan,
    /// Quantisation steps of each component, row by row; unset for a frame in several scans.
    pub(super) quantisation: [[u16; 64]; 3],
    pub(super) icc: Option<Arc<[u8]>>,
    /// MCUs per restart interval; 0 for none.
    pub(super) restart_interval: usize,
}

/// What follows the segments that only describe.
pub(super) enum Next<'a> {
    /// A scan.
    Scan {
        /// Payload of the scan header.
        payload: &'a [u8],
        /// Offset of its marker.
        offset: usize,
    },
    /// The EOI marker.
    EndOfImage {
        /// Offset of the marker.
        offset: usize,
    },
}

/// Reads a file's segments one after the other.
pub(super) struct Decoder<'a> {
    segments: Segments<'a>,
    expected: FrameLimits,
    description: JpegDescription<'a>,
    /// Known from the first scan on.
    header: Option<JpegHeader>,
    quantisation: [Option<[u16; 64]>; 4],
    /// MCUs per restart interval; 0 for none.
    restart_interval: usize,
    scans: usize,
    coded: CodedBits,
}

impl<'a> Decoder<'a> {
    /// Starts reading a file, with no tables defined.
    pub(super) fn begin(
        bytes: &'a [u8],
        expected: FrameLimits,
        scratch: &mut DecodeScratch,
    ) -> Result<Self, JpegError> {
        scratch.dc.iter_mut().chain(&mut scratch.ac).for_each(|slot| slot.defined = false);
        Ok(Self {
            segments: Segments::begin(bytes)?,
            expected,
            description: JpegDescription::default(),
            header: None,
            quantisation: [None; 4],
            restart_interval: 0,
            scans: 0,
            coded: CodedBits::default(),
        })
    }

    pub(super) fn run(
        bytes: &'a [u8],
        expected: FrameLimits,
        scratch: &mut DecodeScratch,
        target: &mut DecodeTarget<'_>,
    ) -> Result<JpegHeader, JpegError> {
        let mut decoder = Self::begin(bytes, expected, scratch)?;
        loop {
            match decoder.next(scratch)? {
                Next::Scan { payload, offset } => decoder.scan(payload, offset, scratch, target)?,
                Next::EndOfImage { offset } => return decoder.finish(scratch, target).map_err(|kind| kind.at(offset)),
            }
        }
    }

    /// Reads all segments up to the next scan.
    pub(super) fn next(&mut self, scratch: &mut DecodeScratch) -> Result<Next<'a>, JpegError> {
        loop {
            let (code, offset) = self.segments.next_marker()?;
            if code == marker::EOI {
                return Ok(Next::EndOfImage { offset });
            }
            let payload = self.segments.payload(code)?;
            if code == marker::SOS {
                return Ok(Next::Scan { payload, offset });
            }
            self.segment(code, payload, offset, scratch).map_err(|kind| kind.at(offset))?;
        }
    }

    fn segment(
        &mut self,
        code: u8,
        payload: &'a [u8],
        offset: usize,
        scratch: &mut DecodeScratch,
    ) -> Result<(), JpegErrorKind> {
        match code {
            marker::DQT => define_quantisation(payload, &mut self.quantisation),
            marker::DHT => define_huffman(payload, scratch),
            marker::DRI => match payload {
                &[high, low] => {
                    self.restart_interval = usize::from(u16::from_be_bytes([high, low]));
                    Ok(())
                }
                _ => Err(JpegErrorKind::BadLength { marker: code, length: payload.len() + 2 }),
            },
            // Application segments count up to the first scan, as in `read_header`.
            marker::APP0..=marker::APP15 if self.header.is_some() => Ok(()),
            _ => {
                let frame_known = self.description.frame.is_some();
                self.description.add_segment(code, payload)?;
                match &self.description.frame {
                    Some(frame) if !frame_known => self.check_frame(frame, offset),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Refuses a frame whose header is at `offset` before memory is allocated for it.
    fn check_frame(&self, frame: &Frame, offset: usize) -> Result<(), JpegErrorKind> {
        match self.expected.size {
            Some(expected) if expected != frame.size => {
                return Err(JpegErrorKind::DimensionMismatch { expected, found: frame.size });
            }
            Some(_) => {}
            None => {
                let (found, limit) = (u64::from(frame.size.0) * u64::from(frame.size.1), self.expected.max_pixels);
                if found > limit {
                    return Err(JpegErrorKind::TooManyPixels { found, limit });
                }
            }
        }
        let needed = frame.min_bytes();
        match self.expected.file_length.map(|length| length.saturating_sub(offset as u64)) {
            Some(found) if found < needed => Err(JpegErrorKind::TooShortForFrame { needed, found }),
            _ => Ok(()),
        }
    }

    /// Decodes a scan: its header, then its entropy-coded data.
    fn scan(
        &mut self,
        payload: &[u8],
        offset: usize,
        scratch: &mut DecodeScratch,
        target: &mut DecodeTarget<'_>,
    ) -> Result<(), JpegError> {
        let scan = self.begin_scan(payload, scratch, target).map_err(|kind| kind.at(offset))?;
        prepare_pairs(&scan, scratch);
        let tables = ScanTables { dc: &scratch.dc, ac: &scratch.ac };
        let source = self.segments.bytes.get(self.segments.at..).unwrap_or_default();
        let (interval, segment) = (self.restart_interval, &mut scratch.segment);
        let length = match &mut target.folding {
            Some(Folding { folded, .. }) if target.form == ImageForm::Folded => {
                scan_data::decode_folding(&scan, tables, interval, source, segment, folded)
            }
            _ => scan_data::decode(&scan, tables, interval, source, segment, target.whole),
        }
        .map_err(|fault| fault.kind.at(self.segments.at + fault.offset))?;
        self.segments.at += length;
        Ok(())
    }

    fn begin_scan(
        &mut self,
        payload: &[u8],
        scratch: &mut DecodeScratch,
        target: &mut DecodeTarget<'_>,
    ) -> Result<Scan, JpegErrorKind> {
        let header = self.description.header()?;
        let frame = self.description.frame.ok_or(JpegErrorKind::ScanWithoutFrame)?;
        let (scan, first_use) = self.read_scan(payload, &frame, scratch)?;
        let (frame, at_once) = (&frame, scan.is_whole(&frame));
        if self.header.is_none() {
            let factors = frame.components().iter().map(|component| component.factors);
            if at_once && let Some(Folding { sampling, folded }) = &mut target.folding {
                folded.reshape(frame.size, header.colour, factors.clone());
                begin_components(folded, frame, [true; 3], &self.quantisation)?;
                if sampling.folds_at_once(folded, frame.size) {
                    folded.clear_padding();
                    target.form = ImageForm::Folded;
                }
            }
            if target.form == ImageForm::Whole {
                target.whole.reshape(frame.size, header.colour, factors);
            }
            self.header = Some(header);
        }
        if target.form == ImageForm::Whole {
            begin_components(target.whole, frame, first_use, &self.quantisation)?;
            // An interleaved sequential scan sets every block. After others, some may still have the contents of an
            // earlier image.
            let begun = target.whole.components.iter_mut().zip(first_use).filter(|(_, first_use)| *first_use);
            begun.filter(|_| !at_once).for_each(|(component, _)| component.coefficients.fill([0; 64]));
        }
        Ok(scan)
    }

    /// Returns everything up to the header of the first scan, for a caller that decodes the scan itself.
    pub(super) fn describe(mut self, payload: &[u8], scratch: &mut DecodeScratch) -> Result<FirstScan, JpegErrorKind> {
        let header = self.description.header()?;
        let frame = self.description.frame.ok_or(JpegErrorKind::ScanWithoutFrame)?;
        let (scan, _) = self.read_scan(payload, &frame, scratch)?;
        let mut quantisation = [[1; 64]; 3];
        for (steps, component) in quantisation.iter_mut().zip(frame.components()) {
            // With several scans, tables may still follow.
            if scan.is_whole(&frame) {
                *steps = steps_of(component, &self.quantisation)?;
            }
        }
        prepare_pairs(&scan, scratch);
        let (icc, restart_interval) = (self.description.icc.profile(&mut scratch.last_icc), self.restart_interval);
        Ok(FirstScan { header, frame, scan, quantisation, icc, restart_interval })
    }

    /// Reads a scan header. Returns also which components it is the first for.
    fn read_scan(
        &mut self,
        payload: &[u8],
        frame: &Frame,
        scratch: &DecodeScratch,
    ) -> Result<(Scan, [bool; 3]), JpegErrorKind> {
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(JpegErrorKind::TooManyScans { limit: MAX_SCANS });
        }
        let scan = Scan::parse(payload, frame)?;
        scan.check_tables(ScanTables { dc: &scratch.dc, ac: &scratch.ac })?;
        let first_use = self.coded.advance(&scan)?;
        Ok((scan, first_use))
    }

    fn finish(self, scratch: &mut DecodeScratch, target: &mut DecodeTarget<'_>) -> Result<JpegHeader, JpegErrorKind> {
        let header = self.header.ok_or(JpegErrorKind::NoImage)?;
        let count = header.colour.component_count();
        if let Some(component) = self.coded.first_without_data(count) {
            return Err(JpegErrorKind::ComponentNotCoded { component });
        }
        let icc = self.description.icc.profile(&mut scratch.last_icc);
        match &mut target.folding {
            Some(Folding { folded, .. }) if target.form == ImageForm::Folded => folded.icc = icc,
            _ => target.whole.icc = icc,
        }
        Ok(header)
    }
}

/// Sets the quantisation tables of components used for the first time.
fn begin_components<B>(
    image: &mut BlockImage<B>,
    frame: &Frame,
    first_use: [bool; 3],
    tables: &[Option<[u16; 64]>; 4],
) -> Result<(), JpegErrorKind> {
    let parts = image.components.iter_mut().zip(frame.components()).zip(first_use);
    for ((component, described), _) in parts.filter(|(_, first_use)| *first_use) {
        component.quantisation = steps_of(described, tables)?;
    }
    Ok(())
}

/// Builds the pair tables that sequential scans need.
fn prepare_pairs(scan: &Scan, scratch: &mut DecodeScratch) {
    if !scan.progressive {
        for component in scan.components() {
            scratch.ac.get_mut(usize::from(component.ac)).into_iter().for_each(TableSlot::prepare_pairs);
        }
    }
}
