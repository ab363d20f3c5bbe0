//! A writer of every kind of TIFF that `cut` reads, and of impossible ones.

use weezl::BitOrder;

/// A TIFF to write. Samples are given as stored: inverted greys, indices, multiplied colours.
#[derive(Debug, Clone)]
pub struct Spec {
    pub width: u32,
    pub height: u32,
    /// Width and height of tiles; `None` for strips.
    pub tile: Option<(u32, u32)>,
    pub rows_per_strip: u32,
    pub big_endian: bool,
    pub big: bool,
    pub planar: bool,
    pub bits: u32,
    pub samples: u32,
    pub photometric: u16,
    pub extra: Vec<u16>,
    pub compression: u16,
    pub predictor: bool,
    pub reversed_bits: bool,
    /// Tags that replace others or are added: number, type, values.
    pub tags: Vec<(u16, u16, Vec<u64>)>,
    /// Tags that are left out.
    pub without: Vec<u16>,
}

impl Spec {
    /// An uncompressed RGB picture in strips of 5 rows.
    pub fn rgb(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            tile: None,
            rows_per_strip: 5,
            big_endian: false,
            big: false,
            planar: false,
            bits: 8,
            samples: 3,
            photometric: 2,
            extra: Vec::new(),
            compression: 1,
            predictor: false,
            reversed_bits: false,
            tags: Vec::new(),
            without: Vec::new(),
        }
    }

    /// Its samples, pixel by pixel: smooth with some noise, so that runs, strings and literals all occur.
    pub fn noise(&self, seed: u32) -> Vec<u16> {
        let mask = ((1u32 << self.bits) - 1) as u16;
        let mut state = seed | 1;
        let count = self.width * self.height * self.samples;
        let samples = (0..count).map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (index / self.samples % self.width, index / self.samples / self.width);
            let smooth = if self.bits == 16 { x * 300 + y * 700 } else { x / 9 + y / 5 + index % self.samples * 3 };
            (if state >> 28 < 5 { state >> 8 } else { smooth }) as u16 & mask
        });
        samples.collect()
    }

    fn chunk(&self) -> (u32, u32) {
        self.tile.unwrap_or((self.width, self.rows_per_strip))
    }

    fn number(&self, value: u64, size: usize) -> Vec<u8> {
        let bytes = value.to_le_bytes();
        let mut bytes = bytes[..size].to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// The file with this picture.
    pub fn file(&self, samples: &[u16]) -> Vec<u8> {
        self.file_of(&self.chunks(samples))
    }

    /// The file of these chunks, as they are stored.
    pub fn file_of(&self, chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut file = self.header();
        let mut offsets = Vec::new();
        for chunk in chunks {
            offsets.push(file.len() as u64);
            file.extend(chunk);
        }
        let counts = chunks.iter().map(|chunk| chunk.len() as u64).collect();
        let first = self.directory(&mut file, offsets, counts);
        self.set_offset(&mut file, if self.big { 8 } else { 4 }, first);
        file
    }

    /// A header without the first directory's offset.
    pub fn header(&self) -> Vec<u8> {
        let mut file = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        if self.big {
            [43, 8, 0].iter().for_each(|value| file.extend(self.number(*value, 2)));
            file.extend([0; 8]);
        } else {
            file.extend(self.number(42, 2));
            file.extend([0; 4]);
        }
        file
    }

    pub fn set_offset(&self, file: &mut [u8], at: usize, offset: u64) {
        let bytes = self.number(offset, if self.big { 8 } else { 4 });
        file[at..at + bytes.len()].copy_from_slice(&bytes);
    }

    /// Appends the directory, which ends with the next one's offset, 0; returns its own.
    pub fn directory(&self, file: &mut Vec<u8>, offsets: Vec<u64>, counts: Vec<u64>) -> u64 {
        let long = if self.big { 16 } else { 4 };
        let mut tags = vec![
            (256, 4, vec![u64::from(self.width)]),
            (257, 4, vec![u64::from(self.height)]),
            (258, 3, vec![u64::from(self.bits); self.samples as usize]),
            (259, 3, vec![u64::from(self.compression)]),
            (262, 3, vec![u64::from(self.photometric)]),
            (266, 3, vec![1 + u64::from(self.reversed_bits)]),
            (277, 3, vec![u64::from(self.samples)]),
            (284, 3, vec![1 + u64::from(self.planar)]),
            (317, 3, vec![1 + u64::from(self.predictor)]),
        ];
        if let Some((width, height)) = self.tile {
            tags.push((322, 3, vec![u64::from(width)]));
            tags.push((323, 3, vec![u64::from(height)]));
            tags.push((324, long, offsets));
            tags.push((325, 4, counts));
        } else {
            tags.push((273, long, offsets));
            tags.push((278, 4, vec![u64::from(self.rows_per_strip)]));
            tags.push((279, 4, counts));
        }
        if !self.extra.is_empty() {
            tags.push((338, 3, self.extra.iter().map(|kind| u64::from(*kind)).collect()));
        }
        for own in &self.tags {
            tags.retain(|tag| tag.0 != own.0);
            tags.push(own.clone());
        }
        tags.retain(|tag| !self.without.contains(&tag.0));
        tags.sort_by_key(|tag| tag.0);
        self.entries(file, &tags)
    }

    fn entries(&self, file: &mut Vec<u8>, tags: &[(u16, u16, Vec<u64>)]) -> u64 {
        let word = if self.big { 8 } else { 4 };
        let mut entries = self.number(tags.len() as u64, if self.big { 8 } else { 2 });
        for (tag, kind, values) in tags {
            let size = match kind {
                3 => 2,
                4 | 13 => 4,
                16 => 8,
                _ => 1,
            };
            let mut bytes: Vec<u8> = values.iter().flat_map(|value| self.number(*value, size)).collect();
            if bytes.len() > word {
                let offset = file.len() as u64;
                file.append(&mut bytes);
                bytes = self.number(offset, word);
            }
            bytes.resize(word, 0);
            entries.extend(self.number(u64::from(*tag), 2));
            entries.extend(self.number(u64::from(*kind), 2));
            entries.extend(self.number(values.len() as u64, word));
            entries.extend(bytes);
        }
        let offset = file.len() as u64;
        file.extend(entries);
        file.extend(vec![0; word]);
        offset
    }

    /// The chunks as stored, plane by plane, row by row.
    pub fn chunks(&self, samples: &[u16]) -> Vec<Vec<u8>> {
        let (planes, own) = if self.planar { (self.samples, 1) } else { (1, self.samples) };
        let (wide, high) = self.chunk();
        let mut chunks = Vec::new();
        for plane in 0..planes {
            for top in (0..self.height).step_by(high as usize) {
                for left in (0..self.width).step_by(wide as usize) {
                    let rows = if self.tile.is_some() { high } else { high.min(self.height - top) };
                    let mut bytes = Vec::new();
                    for y in top..top + rows {
                        // Beyond the edge stands anything.
                        let sample = |x: u32, index: u32| {
                            let inside = x < self.width && y < self.height;
                            let at = ((y * self.width + x) * self.samples + plane + index) as usize;
                            if inside { samples[at] } else { (x ^ y) as u16 & ((1u32 << self.bits) - 1) as u16 }
                        };
                        let row: Vec<u16> =
                            (left..left + wide).flat_map(|x| (0..own).map(move |index| sample(x, index))).collect();
                        bytes.extend(self.packed(&self.differences(row, own as usize)));
                    }
                    let mut stored = self.compressed(&bytes);
                    if self.reversed_bits {
                        stored.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
                    }
                    chunks.push(stored);
                }
            }
        }
        chunks
    }

    fn differences(&self, mut row: Vec<u16>, samples: usize) -> Vec<u16> {
        if self.predictor {
            for index in (samples..row.len()).rev() {
                row[index] = row[index].wrapping_sub(row[index - samples]);
            }
        }
        row
    }

    fn packed(&self, row: &[u16]) -> Vec<u8> {
        match self.bits {
            16 => row.iter().flat_map(|sample| self.number(u64::from(*sample), 2)).collect(),
            8 => row.iter().map(|sample| *sample as u8).collect(),
            bits => row
                .chunks(8 / bits as usize)
                .map(|samples| {
                    let bits_of = |(index, sample): (usize, &u16)| *sample << (8 - bits as usize * (index + 1));
                    samples.iter().enumerate().map(bits_of).sum::<u16>() as u8
                })
                .collect(),
        }
    }

    pub fn compressed(&self, bytes: &[u8]) -> Vec<u8> {
        match self.compression {
            5 => weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(bytes).unwrap(),
            8 | 32946 => fdeflate::compress_to_vec(bytes),
            32773 => pack_bits(bytes),
            _ => bytes.to_vec(),
        }
    }
}

/// Runs of three or more as runs, the rest literally, with a useless byte here and there.
fn pack_bits(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut literal: Vec<u8> = Vec::new();
    let flush = |literal: &mut Vec<u8>, out: &mut Vec<u8>| {
        for part in literal.chunks(128) {
            out.push(part.len() as u8 - 1);
            out.extend(part);
        }
        literal.clear();
    };
    let mut rest = bytes;
    while let [first, ..] = rest {
        let run = rest.iter().take(128).take_while(|byte| *byte == first).count();
        if run < 3 {
            literal.push(*first);
            rest = &rest[1..];
            continue;
        }
        flush(&mut literal, &mut out);
        out.extend([128, (257 - run) as u8, *first]);
        rest = &rest[run..];
    }
    flush(&mut literal, &mut out);
    out
}
