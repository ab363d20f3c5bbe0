//! Finds repetitions in the rows of an image: the LZ77 half of DEFLATE, specialised for images.

use super::filter::{FilteredRows, Filtering};

/// DEFLATE's maximum distance.
const WINDOW_BYTES: usize = 32768;
const HASH_BITS: u32 = 14;
/// Bytes hashed: two pixels of RGB, one of 16-bit RGB. With four, files are no smaller and take a tenth longer.
const HASHED_BYTES: usize = 6;
/// Candidates tried per hash. With 2, drawings with alpha are 3 % larger; with 8 rather than 4, maps take a tenth
/// longer for 1 %.
const MAX_CANDIDATES: usize = 6;
/// A match of this length ends the search.
const GOOD_MATCH: usize = 64;
/// Pixels hashed at the start of a match.
const HASHED_PIXELS: usize = 8;
/// Longer matches are cut, so that lengths fit 32 bits.
const MAX_MATCH: usize = 1 << 20;
/// Shorter runs in filtered rows are cheaper as literals. This is also one word to compare.
const MIN_RUN: usize = 8;
/// Literals and matches per block; each block has its own codes.
const BLOCK_SYMBOLS: usize = 50_000;

/// Literals, then a match.
///
/// `length` is 0 at the end of a block; otherwise it is at least 3, without DEFLATE's limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sequence {
    pub(super) literals: u32,
    pub(super) length: u32,
    pub(super) distance: u32,
}

/// Finds matches.
trait Finder {
    /// Length and distance of a match for `data[at..]`, which has at least 8 bytes.
    fn find(&mut self, data: &[u8], at: usize) -> Option<(usize, usize)>;

    /// Records a match from `at` to `end`.
    fn matched(&mut self, data: &[u8], at: usize, end: usize);
}

/// Runs of one byte or one pixel: all that is worth finding in filtered rows.
struct Runs<const PIXEL: usize>;

impl<const PIXEL: usize> Finder for Runs<PIXEL> {
    #[inline(always)]
    fn find(&mut self, data: &[u8], at: usize) -> Option<(usize, usize)> {
        let around = data.get(at.checked_sub(PIXEL)?..at + MIN_RUN)?;
        let word = |from: usize| around.get(from..)?.first_chunk::<MIN_RUN>().map(|bytes| u64::from_le_bytes(*bytes));
        let here = word(PIXEL);
        let (same_pixel, same_byte) = (word(0) == here, word(PIXEL - 1) == here);
        if !same_pixel && !same_byte {
            return None;
        }
        let of_pixel = if same_pixel { common(data, at, at - PIXEL) } else { 0 };
        let of_byte = if same_byte { common(data, at, at - 1) } else { 0 };
        Some(if of_byte > of_pixel { (of_byte, 1) } else { (of_pixel, PIXEL) })
    }

    #[inline(always)]
    fn matched(&mut self, _: &[u8], _: usize, _: usize) {}
}

/// Repeated pixels: to the left, above, and by hash anywhere in the window.
struct Repeats<const PIXEL: usize> {
    stride: usize,
    /// The latest place of each hash, its low 32 bits. Candidates are compared, so a wrong one does no harm.
    latest: Vec<u32>,
    /// The previous place with the same hash, by place modulo the window.
    before: Vec<u32>,
}

impl<const PIXEL: usize> Repeats<PIXEL> {
    fn new(stride: usize) -> Self {
        Self { stride, latest: vec![0; 1 << HASH_BITS], before: vec![0; WINDOW_BYTES] }
    }

    #[inline(always)]
    fn insert(&mut self, data: &[u8], at: usize) -> Option<u32> {
        let bytes = data.get(at..)?.first_chunk::<8>()?;
        let hashed = u64::from_le_bytes(*bytes) << (64 - 8 * HASHED_BYTES);
        let slot = (hashed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - HASH_BITS)) as usize;
        let earlier = std::mem::replace(&mut self.latest[slot], at as u32);
        self.before[at % WINDOW_BYTES] = earlier;
        Some(earlier)
    }
}

impl<const PIXEL: usize> Finder for Repeats<PIXEL> {
    #[inline(always)]
    fn find(&mut self, data: &[u8], at: usize) -> Option<(usize, usize)> {
        let earlier = self.insert(data, at);
        let (mut length, mut distance) = (0, 0);
        // Short distances that recur cost few bits, so even three equal bytes are a gain.
        for near in [PIXEL, self.stride] {
            let Some(start) = at.checked_sub(near).filter(|_| near <= WINDOW_BYTES) else { continue };
            if data[start..][..3] == data[at..][..3] {
                let found = common(data, at, start);
                if found > length {
                    (length, distance) = (found, near);
                }
            }
        }
        let mut tried = 0;
        for _ in 0..MAX_CANDIDATES {
            let Some(far) = earlier.filter(|_| length < GOOD_MATCH).map(|earlier| {
                let place = if tried == 0 { earlier } else { self.before[at.wrapping_sub(tried) % WINDOW_BYTES] };
                (at as u32).wrapping_sub(place) as usize
            }) else {
                break;
            };
            // A place that is not farther than the last one is from before the window.
            if far <= tried || far > WINDOW_BYTES || far > at {
                break;
            }
            tried = far;
            let start = at - far;
            let least = length.max(HASHED_BYTES - 1);
            if data.get(at + least).is_some_and(|&byte| data[start + least] == byte) {
                let found = common(data, at, start);
                if found > least {
                    (length, distance) = (found, far);
                }
            }
        }
        (length > 0).then_some((length, distance))
    }

    #[inline(always)]
    fn matched(&mut self, data: &[u8], at: usize, end: usize) {
        for place in (at..end).step_by(PIXEL).skip(1).take(HASHED_PIXELS) {
            self.insert(data, place);
        }
    }
}

/// Number of equal bytes from `at` and from the earlier `start`.
#[inline(always)]
fn common(data: &[u8], at: usize, start: usize) -> usize {
    let later = &data[at..(at + MAX_MATCH).min(data.len())];
    let earlier = &data[start..][..later.len()];
    let mut length = 0;
    for (a, b) in later.as_chunks::<8>().0.iter().zip(earlier.as_chunks::<8>().0) {
        let different = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if different != 0 {
            return length + different.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    length + later[length..].iter().zip(&earlier[length..]).take_while(|(a, b)| a == b).count()
}

/// Splits the rows into blocks and passes each to `block`: bytes, sequences, and whether it is the last.
///
/// Matches are searched only where pixels begin.
pub(super) fn blocks(rows: &FilteredRows, block: impl FnMut(&[u8], &[Sequence], bool)) {
    use Filtering::{Differences, Pixels};
    let (data, stride) = (rows.bytes.as_slice(), rows.stride);
    match (rows.filtering, rows.pixel) {
        (Differences, 1) => find_sequences::<1>(data, stride, &mut Runs::<1>, block),
        (Differences, 2) => find_sequences::<2>(data, stride, &mut Runs::<2>, block),
        (Differences, 3) => find_sequences::<3>(data, stride, &mut Runs::<3>, block),
        (Differences, 4) => find_sequences::<4>(data, stride, &mut Runs::<4>, block),
        (Differences, 6) => find_sequences::<6>(data, stride, &mut Runs::<6>, block),
        (Differences, _) => find_sequences::<8>(data, stride, &mut Runs::<8>, block),
        (Pixels, 1) => find_sequences::<1>(data, stride, &mut Repeats::<1>::new(stride), block),
        (Pixels, 2) => find_sequences::<2>(data, stride, &mut Repeats::<2>::new(stride), block),
        (Pixels, 3) => find_sequences::<3>(data, stride, &mut Repeats::<3>::new(stride), block),
        (Pixels, 4) => find_sequences::<4>(data, stride, &mut Repeats::<4>::new(stride), block),
        (Pixels, 6) => find_sequences::<6>(data, stride, &mut Repeats::<6>::new(stride), block),
        (Pixels, _) => find_sequences::<8>(data, stride, &mut Repeats::<8>::new(stride), block),
    }
}

fn find_sequences<const PIXEL: usize>(
    data: &[u8],
    stride: usize,
    finder: &mut impl Finder,
    mut block: impl FnMut(&[u8], &[Sequence], bool),
) {
    let mut sequences = Vec::with_capacity(4096);
    // Literals start at `from`, the block at `begun`; the row's pixels end at `row_end`.
    let (mut at, mut from, mut begun, mut row_end) = (0, 0, 0, 0);
    let mut symbols = 0;
    while at + 8 <= data.len() {
        let found = finder.find(data, at);
        if let Some((length, distance)) = found {
            finder.matched(data, at, at + length);
            let literals = (at - from) as u32;
            sequences.push(Sequence { literals, length: length as u32, distance: distance as u32 });
            symbols += at - from + 1 + length / 258;
            from = at + length;
            // Advance to the next pixel.
            while row_end < from {
                row_end += stride;
            }
            at = from + (row_end - from) % PIXEL;
        } else {
            // A filter type is not part of a pixel.
            at += if at == row_end { 1 } else { PIXEL };
            if at > row_end {
                row_end += stride;
            }
        }
        if symbols + at - from >= BLOCK_SYMBOLS {
            sequences.push(Sequence { literals: (at - from) as u32, length: 0, distance: 0 });
            block(&data[begun..at], &sequences, false);
            sequences.clear();
            (begun, from, symbols) = (at, at, 0);
        }
    }
    sequences.push(Sequence { literals: (data.len() - from) as u32, length: 0, distance: 0 });
    block(&data[begun..], &sequences, true);
}
