//! Optimal Huffman tables for one image (ITU T.81 K.2).
//!
//! Code lengths are limited to 16 bits, and the code of all ones stays unused.

use crate::jpeg::tables::HuffmanSpec;

/// Symbols, and one more that reserves the code of all ones.
const SYMBOLS: usize = 257;
/// Above the maximum depth before limiting: a code of n bits takes a sum of frequencies above the n-th Fibonacci
/// number, and 256 frequencies sum to less than 2^40.
const MAX_DEPTH: usize = 64;

/// The optimal table for symbols with these frequencies. Symbols that do not occur have no code.
///
/// Equal frequencies are ordered by symbol, so the result depends on nothing else.
pub(in crate::jpeg) fn optimal_table(frequencies: &[u32; 256]) -> HuffmanSpec {
    // The reserved symbol, 256, is as rare as any and comes first, so that it gets a longest code.
    let mut leaves = [(0u32, 0u16); SYMBOLS];
    leaves[0] = (1, 256);
    let mut count = 1;
    for (symbol, &frequency) in (0u16..).zip(frequencies) {
        if frequency > 0 {
            leaves[count] = (frequency, symbol);
            count += 1;
        }
    }
    // Rarest first, and later symbols first among equals.
    let leaves = &mut leaves[..count];
    leaves.sort_unstable_by_key(|&(frequency, symbol)| (frequency, u16::MAX - symbol));
    let depths = code_lengths(leaves);
    let mut counts = [0u16; MAX_DEPTH];
    for &depth in &depths[..count] {
        counts[usize::from(depth).min(MAX_DEPTH - 1)] += 1;
    }
    limit_lengths(&mut counts);
    leave_out_reserved(&mut counts);
    let mut spec = HuffmanSpec::EMPTY;
    for (to, &count) in spec.counts.iter_mut().zip(&counts[1..]) {
        *to = count as u8;
    }
    // Codes by length, most frequent symbols first, are codes in reverse order of the leaves.
    for (to, &(_, symbol)) in spec.symbols.iter_mut().zip(leaves[1..].iter().rev()) {
        *to = symbol as u8;
    }
    spec
}

/// The depth of each leaf in a Huffman tree over leaves sorted by weight.
///
/// Inner nodes are created in order of weight, too, so the two lightest nodes are always at the heads of two queues.
fn code_lengths(leaves: &[(u32, u16)]) -> [u8; SYMBOLS] {
    let count = leaves.len();
    let mut weights = [0u64; SYMBOLS];
    // The parent of each leaf and of each inner node.
    let mut leaf_parents = [0u16; SYMBOLS];
    let mut inner_parents = [0u16; SYMBOLS];
    let (mut leaf, mut inner) = (0, 0);
    for node in 0..count.saturating_sub(1) {
        for _ in 0..2 {
            let leaf_is_lighter = leaf < count && (inner >= node || u64::from(leaves[leaf].0) <= weights[inner]);
            let (weight, parent) = if leaf_is_lighter {
                leaf += 1;
                (u64::from(leaves[leaf - 1].0), &mut leaf_parents[leaf - 1])
            } else {
                inner += 1;
                (weights[inner - 1], &mut inner_parents[inner - 1])
            };
            *parent = node as u16;
            weights[node] += weight;
        }
    }
    let mut inner_depths = [0u8; SYMBOLS];
    for node in (0..count.saturating_sub(2)).rev() {
        inner_depths[node] = inner_depths[usize::from(inner_parents[node])] + 1;
    }
    let mut depths = [0; SYMBOLS];
    for (depth, &parent) in depths.iter_mut().zip(&leaf_parents).take(count) {
        *depth = inner_depths[usize::from(parent)] + 1;
    }
    depths
}

/// Shortens codes longer than 16 bits, as in figure K.3.
///
/// One of two siblings at the bottom takes their parent's place; the other joins a shorter code, which becomes one bit
/// longer.
fn limit_lengths(counts: &mut [u16; MAX_DEPTH]) {
    for length in (17..MAX_DEPTH).rev() {
        while counts[length] > 0 {
            let mut shorter = length - 2;
            while counts[shorter] == 0 && shorter > 0 {
                shorter -= 1;
            }
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
}

/// Removes one of the longest codes: the one of all ones.
fn leave_out_reserved(counts: &mut [u16; MAX_DEPTH]) {
    if let Some(longest) = counts.iter_mut().rev().find(|count| **count > 0) {
        *longest -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(frequencies: &[u32; 256]) -> HuffmanSpec {
        let spec = optimal_table(frequencies);
        let used = frequencies.iter().filter(|&&frequency| frequency > 0).count();
        assert_eq!(spec.total(), used);
        let space: u64 = spec.counts.iter().zip(1..).map(|(&count, length)| u64::from(count) << (16 - length)).sum();
        assert!(space < 1 << 16, "the code of all ones is left");
        let mut symbols = spec.symbols[..used].to_vec();
        symbols.sort_unstable();
        let expected: Vec<u8> = (0..=255).filter(|&symbol| frequencies[usize::from(symbol)] > 0).collect();
        assert_eq!(symbols, expected);
        spec
    }

    #[test]
    fn lengths_are_limited_to_16_bits() {
        let mut fibonacci = [0u32; 256];
        let (mut a, mut b) = (1u32, 1u32);
        for frequency in fibonacci.iter_mut().take(44) {
            *frequency = a;
            (a, b) = (b, a + b);
        }
        assert!(check(&fibonacci).counts[15] > 0);
        check(&[1; 256]);
        check(&[u32::MAX; 256]);
    }

    #[test]
    fn single_symbol_takes_one_bit() {
        assert_eq!(check(&[0; 256]).total(), 0);
        let mut one = [0; 256];
        one[7] = 5;
        assert_eq!(check(&one).counts[0], 1);
    }

    #[test]
    fn lengths_are_optimal_below_the_limit() {
        let mut frequencies = [0; 256];
        frequencies[..5].copy_from_slice(&[40, 20, 10, 5, 5]);
        let spec = check(&frequencies);
        assert_eq!((spec.counts[..5].to_vec(), spec.symbols[..3].to_vec()), (vec![1, 1, 1, 1, 1], vec![0, 1, 2]));
    }

    proptest! {
        #[test]
        fn any_frequencies_give_a_valid_table(
            list in prop::collection::vec((any::<u8>(), 0u32..28, any::<u32>()), 0..300),
        ) {
            let mut frequencies = [0; 256];
            for (symbol, shift, frequency) in list {
                frequencies[usize::from(symbol)] = (frequency & 0xFF_FFFF) >> shift;
            }
            check(&frequencies);
        }
    }
}
