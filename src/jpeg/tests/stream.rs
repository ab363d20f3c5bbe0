//! Writes files that the encoder does not write: several scans, restart intervals, progressive coding.
//!
//! Slow and plain; all symbols have Huffman codes of nearly equal length.

use super::*;
use crate::jpeg::tables::{NATURAL_ORDER, marker};

/// One scan to write.
#[derive(Clone)]
pub(super) struct ScanPlan {
    pub(super) components: Vec<usize>,
    /// First and last coefficient; 0 to 63 in sequential frames.
    pub(super) band: (usize, usize),
    /// High and low bit position.
    pub(super) bits: (u8, u8),
}

impl ScanPlan {
    pub(super) fn sequential(components: &[usize]) -> Self {
        Self { components: components.to_vec(), band: (0, 63), bits: (0, 0) }
    }

    pub(super) fn progressive(components: &[usize], band: (usize, usize), bits: (u8, u8)) -> Self {
        Self { components: components.to_vec(), band, bits }
    }
}

/// Bits, with stuffing.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    byte: u8,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for index in (0..count).rev() {
            self.byte = self.byte << 1 | (value >> index & 1) as u8;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.byte);
                if self.byte == 0xFF {
                    self.bytes.push(0);
                }
                (self.byte, self.count) = (0, 0);
            }
        }
    }

    fn pad(&mut self) {
        while self.count > 0 {
            self.put(1, 1);
        }
    }

    /// Five bits per DC category.
    fn dc(&mut self, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.put(size, 5);
        self.extra(value, size);
    }

    /// Eight bits for the first 127 AC symbols, nine for the others.
    fn ac(&mut self, symbol: u32) {
        if symbol < 127 { self.put(symbol, 8) } else { self.put(symbol + 127, 9) }
    }

    fn extra(&mut self, value: i32, size: u32) {
        self.put((if value < 0 { value - 1 } else { value }) as u32 & ((1 << size) - 1), size);
    }
}

/// The state of one scan being written.
struct ScanWriter<'a> {
    plan: &'a ScanPlan,
    progressive: bool,
    bits: Bits,
    predictions: [i32; 3],
    empty_blocks: u32,
    /// Correction bits of blocks in the run.
    corrections: Vec<u32>,
}

impl ScanWriter<'_> {
    fn end_run(&mut self) {
        if self.empty_blocks > 0 {
            let size = self.empty_blocks.ilog2();
            self.bits.ac(size << 4);
            self.bits.put(self.empty_blocks - (1 << size), size);
            self.empty_blocks = 0;
        }
        self.correct();
    }

    fn correct(&mut self) {
        self.corrections.drain(..).for_each(|bit| self.bits.put(bit, 1));
    }

    fn restart(&mut self) {
        self.end_run();
        self.bits.pad();
        self.predictions = [0; 3];
    }

    fn block(&mut self, component: usize, block: &Block) {
        let (high, low) = self.plan.bits;
        if self.plan.band.0 == 0 {
            let value = i32::from(block[0]) >> low;
            if high > 0 {
                self.bits.put(value as u32 & 1, 1);
            } else {
                self.bits.dc(value - self.predictions[component]);
                self.predictions[component] = value;
            }
        }
        if self.plan.band.1 == 0 {
        } else if high == 0 {
            self.ac_first(block);
        } else {
            self.ac_refinement(block);
        }
    }

    fn ac_first(&mut self, block: &Block) {
        let (first, last) = (self.plan.band.0.max(1), self.plan.band.1);
        let mut run = 0;
        for at in first..=last {
            let value = i32::from(block[usize::from(NATURAL_ORDER[at])]);
            let value = value.signum() * (value.abs() >> self.plan.bits.1);
            if value == 0 {
                run += 1;
                continue;
            }
            self.end_run();
            while run > 15 {
                self.bits.ac(0xF0);
                run -= 16;
            }
            let size = 32 - value.unsigned_abs().leading_zeros();
            self.bits.ac(run << 4 | size);
            self.bits.extra(value, size);
            run = 0;
        }
        if run > 0 {
            self.empty_blocks += 1;
            if !self.progressive || self.empty_blocks == 0x7FFF {
                self.end_run();
            }
        }
    }

    fn ac_refinement(&mut self, block: &Block) {
        let low = self.plan.bits.1;
        let (first, last) = self.plan.band;
        let value = |at: usize| i32::from(block[usize::from(NATURAL_ORDER[at])]);
        let last_new = (first..=last).rev().find(|&at| value(at).abs() >> low == 1);
        let (mut run, mut own) = (0, Vec::new());
        for at in first..=last {
            let magnitude = value(at).abs() >> low;
            if magnitude == 0 {
                run += 1;
                continue;
            }
            while run > 15 && Some(at) <= last_new {
                self.end_run();
                self.bits.ac(0xF0);
                own.drain(..).for_each(|bit| self.bits.put(bit, 1));
                run -= 16;
            }
            if magnitude > 1 {
                own.push(magnitude as u32 & 1);
                continue;
            }
            self.end_run();
            self.bits.ac(run << 4 | 1);
            self.bits.put(u32::from(value(at) > 0), 1);
            own.drain(..).for_each(|bit| self.bits.put(bit, 1));
            run = 0;
        }
        if run > 0 || !own.is_empty() {
            self.empty_blocks += 1;
            self.corrections.append(&mut own);
            if self.empty_blocks == 0x7FFF {
                self.end_run();
            }
        }
    }
}

/// The MCUs of a scan: component and index of each block.
fn mcus(image: &JpegImage, plan: &ScanPlan) -> Vec<Vec<(usize, usize)>> {
    let layout = image.layout();
    let mut all = Vec::new();
    if let [index] = plan.components[..] {
        let component = &image.components[index];
        let (wide, high) = layout.own_blocks(component.factors());
        for row in 0..high {
            all.extend((0..wide).map(|column| vec![(index, row * component.blocks_wide + column)]));
        }
        return all;
    }
    for mcu in 0..layout.mcus.0 * layout.mcus.1 {
        let (row, column) = (mcu / layout.mcus.0, mcu % layout.mcus.0);
        let mut blocks = Vec::new();
        for &index in &plan.components {
            let component = &image.components[index];
            let (h, v) = (usize::from(component.horizontal), usize::from(component.vertical));
            for y in 0..v {
                let first = (row * v + y) * component.blocks_wide + column * h;
                blocks.extend((first..first + h).map(|block| (index, block)));
            }
        }
        all.push(blocks);
    }
    all
}

fn segment(out: &mut Vec<u8>, code: u8, payload: &[u8]) {
    out.extend([0xFF, code]);
    out.extend((payload.len() as u16 + 2).to_be_bytes());
    out.extend(payload);
}

/// A file of `image` with these scans. Some markers have fill bytes.
pub(super) fn write(image: &JpegImage, frame: u8, interval: u16, scans: &[ScanPlan]) -> Vec<u8> {
    let mut out = vec![0xFF, marker::SOI];
    let mut start = vec![8];
    start.extend((image.height as u16).to_be_bytes());
    start.extend((image.width as u16).to_be_bytes());
    start.push(image.components.len() as u8);
    for (number, component) in (0u8..).zip(&image.components) {
        let mut table = vec![0x10 | number];
        table.extend(NATURAL_ORDER.iter().flat_map(|&at| component.quantisation[usize::from(at)].to_be_bytes()));
        segment(&mut out, marker::DQT, &table);
        start.extend([10 + number, component.horizontal << 4 | component.vertical, number]);
    }
    segment(&mut out, frame, &start);
    let mut dc = vec![0x03, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    dc.extend(0..16);
    let mut ac = vec![0x12, 0, 0, 0, 0, 0, 0, 0, 127, 129, 0, 0, 0, 0, 0, 0, 0];
    ac.extend(0..=255);
    segment(&mut out, marker::DHT, &[dc, ac].concat());
    segment(&mut out, marker::DRI, &interval.to_be_bytes());
    for plan in scans {
        let mut head = vec![plan.components.len() as u8];
        head.extend(plan.components.iter().flat_map(|&index| [10 + index as u8, 0x32]));
        head.extend([plan.band.0 as u8, plan.band.1 as u8, plan.bits.0 << 4 | plan.bits.1]);
        out.push(0xFF);
        segment(&mut out, marker::SOS, &head);
        write_data(image, frame == marker::SOF2, usize::from(interval), plan, &mut out);
    }
    out.extend([0xFF, 0xFF, marker::EOI]);
    out
}

fn write_data(image: &JpegImage, progressive: bool, interval: usize, plan: &ScanPlan, out: &mut Vec<u8>) {
    let bits = Bits::default();
    let mut writer =
        ScanWriter { plan, progressive, bits, predictions: [0; 3], empty_blocks: 0, corrections: Vec::new() };
    for (number, mcu) in mcus(image, plan).into_iter().enumerate() {
        if interval > 0 && number > 0 && number % interval == 0 {
            writer.restart();
            writer.bits.bytes.extend([0xFF, marker::RST0 + ((number / interval - 1) % 8) as u8]);
        }
        for (component, block) in mcu {
            writer.block(component, &image.components[component].coefficients[block]);
        }
    }
    writer.restart();
    out.append(&mut writer.bits.bytes);
}
