//! A writer of PNG of every colour type and depth, which knows the pixels it writes.

use super::pictures::noise;

/// A PNG to write.
#[derive(Debug, Clone)]
pub struct Spec {
    pub width: usize,
    pub height: usize,
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    pub colour: u8,
    /// 1, 2, 4, 8, 16.
    pub depth: u8,
    pub interlaced: bool,
    /// With a chunk `tRNS`.
    pub transparent: bool,
    pub seed: u64,
}

/// All pairs of colour type and depth.
pub const KINDS: [(u8, u8); 15] = [
    (0, 1),
    (0, 2),
    (0, 4),
    (0, 8),
    (0, 16),
    (2, 8),
    (2, 16),
    (3, 1),
    (3, 2),
    (3, 4),
    (3, 8),
    (4, 8),
    (4, 16),
    (6, 8),
    (6, 16),
];

impl Spec {
    fn stored_channels(&self) -> usize {
        match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    /// Stored samples; only some values, so that some of them are the transparent one.
    fn samples(&self) -> Vec<u16> {
        let mut next = noise(self.seed);
        let mask = ((1u32 << self.depth) - 1) as u16;
        let shift = u32::from(self.depth.saturating_sub(2));
        let many = self.width * self.height * self.stored_channels();
        (0..many)
            .map(|_| if self.transparent { ((next() % 4) << shift) as u16 & mask } else { next() as u16 & mask })
            .collect()
    }

    fn palette(&self) -> Vec<[u8; 3]> {
        let mut next = noise(self.seed + 1);
        (0..1 << self.depth).map(|_| [next() as u8, next() as u8, next() as u8]).collect()
    }

    /// Alpha of the palette's first colours.
    fn alphas(&self) -> Vec<u8> {
        (0..1usize << (self.depth - 1)).map(|at| (at * 37) as u8).collect()
    }

    /// The transparent colour, which is that of the first pixel.
    fn key(&self) -> Vec<u16> {
        self.samples()[..self.stored_channels()].to_vec()
    }

    /// The number of channels and the samples that a reader must return.
    pub fn expected(&self) -> (usize, Vec<u16>) {
        let (palette, alphas, key) = (self.palette(), self.alphas(), self.key());
        let largest_stored = (1u32 << self.depth) - 1;
        let largest = if self.depth == 16 { 65535 } else { 255 };
        let mut samples = Vec::new();
        for pixel in self.samples().chunks_exact(self.stored_channels()) {
            if self.colour == 3 {
                let at = usize::from(pixel[0]);
                samples.extend(palette[at].map(u16::from));
                if self.transparent {
                    samples.push(alphas.get(at).map_or(255, |&alpha| alpha.into()));
                }
            } else {
                samples.extend(pixel.iter().map(|&sample| (u32::from(sample) * largest / largest_stored) as u16));
                if self.transparent {
                    samples.push(if pixel == key { 0 } else { largest as u16 });
                }
            }
        }
        let channels = if self.colour == 3 { 3 } else { self.stored_channels() };
        (channels + usize::from(self.transparent), samples)
    }

    /// The file, with these chunks before and after the pixels.
    pub fn file(&self, before: &[(&[u8; 4], &[u8])], after: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = [(self.width as u32).to_be_bytes(), (self.height as u32).to_be_bytes()].concat();
        header.extend([self.depth, self.colour, 0, 0, self.interlaced.into()]);
        file.extend(chunk(b"IHDR", &header));
        before.iter().for_each(|(name, data)| file.extend(chunk(name, data)));
        if self.colour == 3 {
            file.extend(chunk(b"PLTE", &self.palette().concat()));
        }
        if self.transparent {
            let key: Vec<u8> = self.key().iter().flat_map(|sample| sample.to_be_bytes()).collect();
            file.extend(chunk(b"tRNS", if self.colour == 3 { self.alphas() } else { key }.as_slice()));
        }
        let pixels = zlib(&self.filtered());
        for part in pixels.chunks(pixels.len().div_ceil(3)) {
            file.extend(chunk(b"IDAT", part));
        }
        after.iter().for_each(|(name, data)| file.extend(chunk(name, data)));
        file.extend(chunk(b"IEND", b""));
        file
    }

    /// The rows of all passes, filtered in all ways.
    fn filtered(&self) -> Vec<u8> {
        let (samples, channels) = (self.samples(), self.stored_channels());
        let passes: &[(usize, usize, usize, usize)] = if self.interlaced {
            &[(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        } else {
            &[(0, 0, 1, 1)]
        };
        let pixel = (channels * usize::from(self.depth)).div_ceil(8);
        let mut next = noise(self.seed + 2);
        let mut all = Vec::new();
        for &(left, top, across, down) in passes.iter().filter(|pass| pass.0 < self.width) {
            let mut above = Vec::new();
            for y in (top..self.height).step_by(down) {
                let columns = (left..self.width).step_by(across);
                let of_row = columns.flat_map(|x| &samples[(y * self.width + x) * channels..][..channels]);
                let row = packed(of_row.copied(), self.depth);
                above.resize(row.len(), 0);
                let kind = next() as u8 % 5;
                all.push(kind);
                all.extend((0..row.len()).map(|at| {
                    let [left, corner] = if at < pixel { [0, 0] } else { [row[at - pixel], above[at - pixel]] };
                    row[at].wrapping_sub(predicted(kind, left, above[at], corner))
                }));
                above = row;
            }
        }
        all
    }
}

/// Samples of a row, of 1 to 16 bits each.
pub fn packed(samples: impl Iterator<Item = u16>, depth: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut bits = 0;
    for sample in samples {
        if depth == 16 {
            bytes.extend(sample.to_be_bytes());
            continue;
        }
        if bits % 8 == 0 {
            bytes.push(0);
        }
        *bytes.last_mut().unwrap() |= (sample as u8) << (8 - depth - bits % 8);
        bits = (bits + depth) % 8;
    }
    bytes
}

fn predicted(kind: u8, left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i32::from);
    match kind {
        0 => 0,
        1 => left,
        2 => above,
        3 => ((a + b) / 2) as u8,
        _ => {
            let near = |value: i32| (a + b - c - value).abs();
            if near(a) <= near(b) && near(a) <= near(c) {
                left
            } else if near(b) <= near(c) {
                above
            } else {
                corner
            }
        }
    }
}

/// A zlib stream of stored blocks.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 1];
    let mut blocks = bytes.chunks(999).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(blocks.peek().is_none().into());
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(block);
    }
    stream.extend(simd_adler32::adler32(&bytes).to_be_bytes());
    stream
}

pub fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = !0u32;
    for byte in name.iter().chain(data) {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    [&(data.len() as u32).to_be_bytes(), name.as_slice(), data, &(!crc).to_be_bytes()].concat()
}
