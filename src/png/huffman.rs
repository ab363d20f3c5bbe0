//! Huffman codes for DEFLATE (RFC 1951).

/// A code and its length in bits, with the first bit lowest.
pub(super) type HuffmanCode = (u16, u8);

/// Code lengths of at most `limit` for symbols with these frequencies.
///
/// Symbols that do not occur have length 0, and a single symbol has length 1.
pub(super) fn lengths<const N: usize>(frequencies: &[u32; N], limit: usize) -> [u8; N] {
    let mut lengths = [0; N];
    // Ascending, and by symbol among equals, so that the sorting algorithm does not matter.
    let mut sorted: Vec<(u32, usize)> =
        frequencies.iter().copied().enumerate().filter(|&(_, n)| n > 0).map(|(symbol, n)| (n, symbol)).collect();
    sorted.sort_unstable();
    let leaves = sorted.len();
    if leaves < 2 {
        for (_, symbol) in sorted {
            lengths[symbol] = 1;
        }
        return lengths;
    }
    let mut count = vec![0usize; limit + 1];
    for depth in depths(&sorted) {
        count[depth.min(limit)] += 1;
    }
    // Cutting at `limit` makes too many codes. Each step removes one of the longest, which becomes the sibling of a
    // shorter one.
    let promised: usize = count.iter().enumerate().map(|(length, n)| n << (limit - length)).sum();
    for _ in 1 << limit..promised {
        count[limit] -= 1;
        if let Some(length) = (1..limit).rev().find(|&length| count[length] > 0) {
            count[length] -= 1;
            count[length + 1] += 2;
        }
    }
    let descending = (1..=limit).flat_map(|length| std::iter::repeat_n(length as u8, count[length]));
    for (&(_, symbol), length) in sorted.iter().rev().zip(descending) {
        lengths[symbol] = length;
    }
    lengths
}

/// Depths of the leaves of a Huffman tree over ascending frequencies, two or more.
fn depths(sorted: &[(u32, usize)]) -> Vec<usize> {
    let leaves = sorted.len();
    let mut weights: Vec<u64> = sorted.iter().map(|&(n, _)| u64::from(n)).collect();
    let mut parents = vec![0; 2 * leaves - 1];
    // Leaves and the nodes made from them ascend: the lightest is at the front of one of two queues.
    let (mut leaf, mut node) = (0, leaves);
    for made in leaves..2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let lightest =
                if leaf < leaves && (node >= made || weights[leaf] <= weights[node]) { &mut leaf } else { &mut node };
            weight += weights[*lightest];
            parents[*lightest] = made;
            *lightest += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0; 2 * leaves - 1];
    for at in (0..2 * leaves - 2).rev() {
        depths[at] = depths[parents[at]] + 1;
    }
    depths.truncate(leaves);
    depths
}

/// The canonical code with these lengths.
pub(super) fn codes<const N: usize>(lengths: &[u8; N]) -> [HuffmanCode; N] {
    let mut count = [0u16; 16];
    for &length in lengths {
        count[usize::from(length)] += u16::from(length > 0);
    }
    let mut next = [0u16; 16];
    for length in 1..16 {
        next[length] = (next[length - 1] + count[length - 1]) << 1;
    }
    lengths.map(|length| {
        if length == 0 {
            return (0, 0);
        }
        let code = &mut next[usize::from(length)];
        *code += 1;
        ((*code - 1).reverse_bits() >> (16 - length), length)
    })
}
