//! Writes zlib streams (RFC 1950, 1951).
//!
//! Each block has its own Huffman codes, or is stored if codes gain nothing.

use super::filter::FilteredRows;
use super::huffman::{HuffmanCode, codes, lengths};
use super::matches::{Sequence, blocks};

/// At most 12 bits per literal or length, so that four literals enter the buffer of 64 bits at once.
const MAX_LITERAL_BITS: usize = 12;
const MAX_DISTANCE_BITS: usize = 15;
const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const END: usize = 256;
/// The order of the lengths of the code for lengths.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_STORED_BYTES: usize = 65535;

const LENGTH_BASE: [u16; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_EXTRA: [u8; 29] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/// Index into the tables above per length.
const LENGTH_INDEX: [u8; 259] = {
    let mut table = [0; 259];
    let mut index = 0;
    while index < 29 {
        let mut length = LENGTH_BASE[index] as usize;
        while length < 259 {
            table[length] = index as u8;
            length += 1;
        }
        index += 1;
    }
    table
};

/// Appends the zlib stream of the rows.
pub(super) fn zlib(rows: &FilteredRows, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x78, 0x01]);
    let mut pending = Pending::default();
    blocks(rows, |data, sequences, last| pending.block(data, sequences, last, out));
    let mut checksum = simd_adler32::Adler32::new();
    checksum.write(&rows.bytes);
    out.extend_from_slice(&checksum.finish().to_be_bytes());
}

/// Symbol, extra bits and their number for a distance.
#[inline(always)]
fn distance_code(distance: u32) -> (usize, u64, u8) {
    let value = distance - 1;
    if value < 4 {
        return (value as usize, 0, 0);
    }
    let log = value.ilog2();
    let extra = log - 1;
    ((2 * log + ((value >> extra) & 1)) as usize, u64::from(value & ((1 << extra) - 1)), extra as u8)
}

/// Number of extra bits of a distance's symbol.
fn distance_extra(symbol: usize) -> u64 {
    (symbol as u64 / 2).saturating_sub(1)
}

/// Splits a match into lengths of 3 to 258.
#[inline(always)]
fn split_match(mut length: u32, mut part: impl FnMut(usize)) {
    while length > 258 {
        let taken = if length < 261 { length - 3 } else { 258 };
        part(taken as usize);
        length -= taken;
    }
    if length > 0 {
        part(length as usize);
    }
}

/// Counts the literals and lengths, and the distances, of a block.
fn frequencies(data: &[u8], sequences: &[Sequence]) -> ([u32; LITERALS], [u32; DISTANCES]) {
    // Four tables, because equal neighbours would wait for each other's increment.
    let mut literals = [[0u32; 256]; 4];
    let mut symbols = [0; LITERALS];
    let mut distances = [0; DISTANCES];
    let mut rest = data;
    for sequence in sequences {
        let (run, after) = rest.split_at(sequence.literals as usize);
        let (fours, odd) = run.as_chunks::<4>();
        for four in fours {
            for (table, &byte) in literals.iter_mut().zip(four) {
                table[usize::from(byte)] += 1;
            }
        }
        for &byte in odd {
            literals[0][usize::from(byte)] += 1;
        }
        rest = &after[sequence.length as usize..];
        if sequence.length > 0 {
            let (distance, ..) = distance_code(sequence.distance);
            split_match(sequence.length, |length| {
                symbols[END + 1 + usize::from(LENGTH_INDEX[length])] += 1;
                distances[distance] += 1;
            });
        }
    }
    for (byte, symbol) in symbols.iter_mut().take(256).enumerate() {
        *symbol = literals.iter().map(|table| table[byte]).sum();
    }
    symbols[END] = 1;
    (symbols, distances)
}

/// The codes of a block, and the header that describes them.
struct BlockHeader {
    literals: [u8; LITERALS],
    distances: [u8; DISTANCES],
    /// Bits and their number.
    bits: Vec<(u64, u8)>,
}

impl BlockHeader {
    fn new(literals: [u8; LITERALS], mut distances: [u8; DISTANCES], last: bool) -> Self {
        if distances.iter().all(|&length| length == 0) {
            // Not all decoders accept a block without any distance.
            distances[0] = 1;
        }
        let used = |lengths: &[u8]| lengths.iter().rposition(|&length| length > 0).map_or(0, |at| at + 1);
        let (literals_used, distances_used) = (used(&literals), used(&distances));
        let run_lengths = run_lengths(&[&literals[..literals_used], &distances[..distances_used]].concat());
        let mut counts = [0; 19];
        for &(symbol, ..) in &run_lengths {
            counts[usize::from(symbol)] += 1;
        }
        let description = lengths(&counts, 7);
        let description_codes = codes(&description);
        let ordered = ORDER.map(|symbol| description[symbol]);
        let ordered = &ordered[..used(&ordered).max(4)];
        let mut bits = vec![
            (u64::from(last) | 2 << 1, 3),
            (literals_used as u64 - 257, 5),
            (distances_used as u64 - 1, 5),
            (ordered.len() as u64 - 4, 4),
        ];
        bits.extend(ordered.iter().map(|&length| (u64::from(length), 3)));
        bits.extend(run_lengths.iter().map(|&(symbol, extra, extra_bits)| {
            let (code, length) = description_codes[usize::from(symbol)];
            (u64::from(code) | u64::from(extra) << length, length + extra_bits)
        }));
        Self { literals, distances, bits }
    }

    /// The length of the block in bits.
    fn total(&self, symbols: &[u32; LITERALS], distances: &[u32; DISTANCES]) -> u64 {
        let header: u64 = self.bits.iter().map(|&(_, bits)| u64::from(bits)).sum();
        let literals = symbols.iter().zip(&self.literals).map(|(&n, &length)| u64::from(n) * u64::from(length));
        let extra = symbols[END + 1..].iter().zip(LENGTH_EXTRA).map(|(&n, extra)| u64::from(n) * u64::from(extra));
        let far = distances.iter().zip(&self.distances).enumerate();
        let far = far.map(|(symbol, (&n, &length))| u64::from(n) * (u64::from(length) + distance_extra(symbol)));
        header + literals.chain(extra).chain(far).sum::<u64>()
    }
}

/// Run-length encodes code lengths: symbol, extra bits, and their number.
fn run_lengths(lengths: &[u8]) -> Vec<(u8, u8, u8)> {
    let mut run_lengths = Vec::new();
    for run in lengths.chunk_by(|a, b| a == b) {
        let value = run[0];
        let mut left = run.len();
        if value == 0 {
            while left >= 11 {
                let taken = left.min(138);
                run_lengths.push((18, (taken - 11) as u8, 7));
                left -= taken;
            }
            if left >= 3 {
                run_lengths.push((17, (left - 3) as u8, 3));
                left = 0;
            }
        } else {
            run_lengths.push((value, 0, 0));
            left -= 1;
            while left >= 3 {
                let taken = left.min(6);
                run_lengths.push((16, (taken - 3) as u8, 2));
                left -= taken;
            }
        }
        run_lengths.extend(std::iter::repeat_n((value, 0, 0), left));
    }
    run_lengths
}

/// Bits of the last block that do not fill a byte.
#[derive(Default)]
struct Pending {
    bits: u64,
    count: u32,
}

impl Pending {
    fn block(&mut self, data: &[u8], sequences: &[Sequence], last: bool, out: &mut Vec<u8>) {
        if data.is_empty() {
            return self.stored(data, last, out);
        }
        let (symbols, distances) = frequencies(data, sequences);
        let header =
            BlockHeader::new(lengths(&symbols, MAX_LITERAL_BITS), lengths(&distances, MAX_DISTANCE_BITS), last);
        let bits = header.total(&symbols, &distances);
        let stored = data.len() + 5 * data.len().div_ceil(MAX_STORED_BYTES);
        if bits >= stored as u64 * 8 {
            return self.stored(data, last, out);
        }
        let begin = out.len();
        // 7 pending bits, 7 bits to fill the last byte, and room for a store of 8 bytes at the last one.
        out.resize(begin + (bits as usize + 14) / 8 + 8, 0);
        let mut writer = DeflateWriter { out: &mut out[begin..], at: 0, bits: self.bits, count: self.count };
        for &(bits, count) in &header.bits {
            writer.put(bits, count);
        }
        writer.sequences(data, sequences, &codes(&header.literals), &codes(&header.distances));
        if last {
            writer.put(0, ((8 - writer.count % 8) % 8) as u8);
        }
        let length = writer.at;
        *self = Self { bits: writer.bits, count: writer.count };
        out.truncate(begin + length);
    }

    fn stored(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut rest = data;
        loop {
            let (part, after) = rest.split_at(rest.len().min(MAX_STORED_BYTES));
            rest = after;
            let bits = self.bits | u64::from(last && rest.is_empty()) << self.count;
            let bytes = (self.count + 3).div_ceil(8) as usize;
            *self = Self::default();
            out.extend_from_slice(&bits.to_le_bytes()[..bytes]);
            let length = part.len() as u16;
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&(!length).to_le_bytes());
            out.extend_from_slice(part);
            if rest.is_empty() {
                return;
            }
        }
    }
}

/// Writes bits into a slice that is long enough.
struct DeflateWriter<'a> {
    out: &'a mut [u8],
    at: usize,
    bits: u64,
    count: u32,
}

impl DeflateWriter<'_> {
    /// Appends at most 56 bits. One store of 8 bytes writes all whole bytes, without a branch.
    #[inline(always)]
    fn put(&mut self, bits: u64, count: u8) {
        self.bits |= bits << self.count;
        self.count += u32::from(count);
        if let Some(to) = self.out.get_mut(self.at..self.at + 8) {
            to.copy_from_slice(&self.bits.to_le_bytes());
        }
        let bytes = self.count / 8;
        self.at += bytes as usize;
        self.bits >>= bytes * 8;
        self.count %= 8;
    }

    fn sequences(
        &mut self,
        data: &[u8],
        sequences: &[Sequence],
        literals: &[HuffmanCode; LITERALS],
        distances: &[HuffmanCode; DISTANCES],
    ) {
        let code = |byte: u8| literals[usize::from(byte)];
        let mut rest = data;
        for sequence in sequences {
            let (run, after) = rest.split_at(sequence.literals as usize);
            rest = &after[sequence.length as usize..];
            let (fours, odd) = run.as_chunks::<4>();
            for &four in fours {
                let [a, b, c, d] = four.map(code);
                let (first, second) = (u64::from(a.0) | u64::from(b.0) << a.1, u64::from(c.0) | u64::from(d.0) << c.1);
                let count = a.1 + b.1;
                self.put(first | second << count, count + c.1 + d.1);
            }
            for &byte in odd {
                let (bits, count) = code(byte);
                self.put(u64::from(bits), count);
            }
            if sequence.length == 0 {
                continue;
            }
            let (symbol, extra, extra_bits) = distance_code(sequence.distance);
            let (distance, count) = distances[symbol];
            let (distance, distance_bits) = (u64::from(distance) | extra << count, count + extra_bits);
            split_match(sequence.length, |length| {
                let index = usize::from(LENGTH_INDEX[length]);
                let (symbol, count) = literals[END + 1 + index];
                let extra = length as u64 - u64::from(LENGTH_BASE[index]);
                let bits = count + LENGTH_EXTRA[index];
                self.put(u64::from(symbol) | extra << count | distance << bits, bits + distance_bits);
            });
        }
        let (bits, count) = literals[END];
        self.put(u64::from(bits), count);
    }
}
