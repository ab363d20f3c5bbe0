//! PNG's row filters: chooses one per row, or none for the whole image.

/// The rows of an image as the compressor reads them.
pub(super) struct FilteredRows {
    /// All rows: a filter type, then pixels.
    pub(super) bytes: Vec<u8>,
    /// Bytes per row.
    pub(super) stride: usize,
    /// Bytes per pixel.
    pub(super) pixel: usize,
    pub(super) filtering: Filtering,
}

/// What the bytes of rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filtering {
    /// The pixels themselves.
    Pixels,
    /// Differences from what a filter predicts.
    Differences,
}

/// Every eighth row decides whether to filter at all; measuring all of them would cost as much as filtering.
const SAMPLED: usize = 8;

/// Prepares `pixels`, in rows of `stride` bytes with `pixel` bytes per pixel.
///
/// Filters make photographs and terrain a third smaller, but they break up the repeated pixels of maps, labels and
/// drawings, which become twice as large. So an image stays unfiltered if at most three samples in five differ from
/// what a filter predicts, and these by much: that means edges, not slopes. Measured mean differences: 1 to 10 in 8-bit
/// photographs, relief and gradients; 10 to 20 in diagrams, where both ways are as good; 35 to 70 in maps and drawings.
/// In 16 bits they are 35 to 50 for all, but in photographs nine samples in ten differ. If hardly any sample differs,
/// repeated pixels are shortest: for 1 to 2 % of a map's tiles, filters made them 2 to 3 times as large. Compressing
/// four rows of every 32 in both ways predicts no better: repetitions in an image are farther apart.
pub(super) fn rows(pixels: &[u8], stride: usize, pixel: usize) -> FilteredRows {
    let mut chooser = Chooser::new(stride, pixel);
    let rows = pixels.chunks_exact(stride);
    let (mut total, mut different, mut seen) = (0u64, 0u64, 0u64);
    for (above, row) in rows.clone().zip(rows.clone().skip(1)).step_by(SAMPLED) {
        let (_, best) = chooser.best(row, above);
        total += u64::from(cost(best));
        different += best.iter().filter(|&&byte| byte != 0).count() as u64;
        seen += best.len() as u64;
    }
    let filtering = match different * 5 > seen * 3 || (total < different * 12 && different * 40 > seen) {
        true => Filtering::Differences,
        false => Filtering::Pixels,
    };
    let mut bytes = Vec::with_capacity(pixels.len() + rows.len());
    let first = vec![0; stride];
    let mut above = first.as_slice();
    for row in rows {
        let (kind, best) = match filtering {
            Filtering::Differences => chooser.best(row, above),
            Filtering::Pixels => (0, row),
        };
        bytes.push(kind);
        bytes.extend_from_slice(best);
        above = row;
    }
    FilteredRows { bytes, stride: stride + 1, pixel, filtering }
}

/// Filters one row in all ways.
struct Chooser {
    pixel: usize,
    filtered: [Vec<u8>; 4],
}

impl Chooser {
    fn new(stride: usize, pixel: usize) -> Self {
        Self { pixel, filtered: std::array::from_fn(|_| vec![0; stride]) }
    }

    /// The filter type with the least sum of absolute differences, and its result.
    fn best(&mut self, row: &[u8], above: &[u8]) -> (u8, &[u8]) {
        let [sub, up, average, paeth] = &mut self.filtered;
        apply(sub, row, above, self.pixel, |sample, left, _, _| sample.wrapping_sub(left));
        apply(up, row, above, self.pixel, |sample, _, above, _| sample.wrapping_sub(above));
        apply(average, row, above, self.pixel, |sample, left, above, _| {
            sample.wrapping_sub(((u16::from(left) + u16::from(above)) / 2) as u8)
        });
        apply(paeth, row, above, self.pixel, |sample, left, above, corner| {
            sample.wrapping_sub(predicted(left, above, corner))
        });
        let costs = self.filtered.each_ref().map(|filtered| cost(filtered));
        let least = (1..4).fold(0, |least, kind| if costs[kind] < costs[least] { kind } else { least });
        (least as u8 + 1, &self.filtered[least])
    }
}

/// Applies `filter` to every sample and its neighbours to the left, above, and above left.
///
/// The slices have one length before the loop, so that it runs without bounds checks and in vectors.
#[inline(always)]
fn apply(out: &mut [u8], row: &[u8], above: &[u8], pixel: usize, filter: impl Fn(u8, u8, u8, u8) -> u8) {
    let (first, rest) = out.split_at_mut(pixel);
    for (out, (&sample, &above)) in first.iter_mut().zip(row.iter().zip(above)) {
        *out = filter(sample, 0, above, 0);
    }
    let length = rest.len();
    let (samples, left) = (&row[pixel..][..length], &row[..length]);
    let (above, corner) = (&above[pixel..][..length], &above[..length]);
    for at in 0..length {
        rest[at] = filter(samples[at], left[at], above[at], corner[at]);
    }
}

/// Paeth's choice of the neighbour nearest to left + above - corner.
#[inline(always)]
fn predicted(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let (to_left, to_above) = (b - c, a - c);
    let (to_left, to_above, to_corner) = (to_left.abs(), to_above.abs(), (to_left + to_above).abs());
    let other = if to_above <= to_corner { above } else { corner };
    if to_left <= to_above && to_left <= to_corner { left } else { other }
}

/// The sum of absolute differences.
///
/// Parts of 256 have sums that fit 16 bits, so that vectors hold twice as many as with 32.
fn cost(row: &[u8]) -> u32 {
    let sum = |part: &[u8]| part.iter().map(|&byte| u16::from((byte as i8).unsigned_abs())).sum::<u16>();
    row.chunks(256).map(|part| u32::from(sum(part))).sum()
}
