//! ICC profiles in APP2 segments (ICC.1:2022 annex B.4).
//!
//! A profile is split into pieces of at most 65519 bytes, numbered from 1. Each piece carries the number of all pieces.

use std::sync::Arc;

/// Start of the payload of a segment with a piece.
const SIGNATURE: &[u8] = b"ICC_PROFILE\0";
/// Longest piece: the 65535 bytes of a segment less length, signature, number and count.
pub(super) const MAX_PIECE_BYTES: usize = 65519;
/// Longest profile that fits 255 segments.
pub(super) const MAX_PROFILE_BYTES: usize = 255 * MAX_PIECE_BYTES;

/// The pieces found so far, in file order.
#[derive(Default)]
pub(super) struct IccPieces<'a> {
    pieces: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> IccPieces<'a> {
    /// Adds the payload of an APP2 segment if it is a piece of a profile.
    pub(super) fn add(&mut self, payload: &'a [u8]) {
        if let Some([number, count, piece @ ..]) = payload.strip_prefix(SIGNATURE) {
            self.pieces.push((*number, *count, piece));
        }
    }

    /// Joins the pieces to the profile.
    ///
    /// Returns none if there are no pieces, or if they are not exactly those numbered from 1 to their count. A profile
    /// that equals `last` is shared instead of copied; `last` becomes the profile returned.
    pub(super) fn profile(mut self, last: &mut Option<Arc<[u8]>>) -> Option<Arc<[u8]>> {
        self.pieces.sort_by_key(|&(number, ..)| number);
        let count = self.pieces.len();
        let consistent = self
            .pieces
            .iter()
            .zip(1usize..)
            .all(|(&(number, of, _), due)| usize::from(number) == due && usize::from(of) == count);
        let bytes = || self.pieces.iter().flat_map(|(.., piece)| piece.iter().copied());
        let length: usize = self.pieces.iter().map(|(.., piece)| piece.len()).sum();
        if !consistent || length == 0 {
            return None;
        }
        if let Some(known) = last.as_ref().filter(|known| known.len() == length)
            && known.iter().copied().eq(bytes())
        {
            return Some(Arc::clone(known));
        }
        let mut whole = Vec::with_capacity(length);
        self.pieces.iter().for_each(|(.., piece)| whole.extend_from_slice(piece));
        *last = Some(whole.into());
        last.clone()
    }
}

/// The payloads of the APP2 segments for `profile`.
pub(super) fn payloads(profile: &[u8]) -> impl Iterator<Item = [&[u8]; 2]> {
    profile.chunks(MAX_PIECE_BYTES).map(|piece| [SIGNATURE, piece])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(pieces: &[(u8, u8, &[u8])]) -> Option<Vec<u8>> {
        let payloads: Vec<Vec<u8>> =
            pieces.iter().map(|(number, count, piece)| [SIGNATURE, &[*number, *count], piece].concat()).collect();
        let mut gathered = IccPieces::default();
        payloads.iter().for_each(|payload| gathered.add(payload));
        gathered.profile(&mut None).map(|profile| profile.to_vec())
    }

    #[test]
    fn pieces_are_joined_by_number() {
        assert_eq!(gather(&[(2, 2, b"def"), (1, 2, b"abc")]), Some(b"abcdef".to_vec()));
        assert_eq!(gather(&[(1, 1, b"abc")]), Some(b"abc".to_vec()));
    }

    #[test]
    fn inconsistent_pieces_are_no_profile() {
        assert_eq!(gather(&[]), None);
        assert_eq!(gather(&[(1, 1, b"")]), None);
        assert_eq!(gather(&[(1, 2, b"abc")]), None);
        assert_eq!(gather(&[(1, 2, b"abc"), (1, 2, b"abc")]), None);
        assert_eq!(gather(&[(0, 2, b"abc"), (1, 2, b"abc")]), None);
        assert_eq!(gather(&[(1, 2, b"abc"), (2, 3, b"abc")]), None);
    }

    #[test]
    fn equal_profiles_are_shared() {
        let payload = [SIGNATURE, &[1, 1], b"profile"].concat();
        let mut last = None;
        let mut read = || {
            let mut pieces = IccPieces::default();
            pieces.add(&payload);
            pieces.profile(&mut last).unwrap()
        };
        assert!(Arc::ptr_eq(&read(), &read()));
    }
}
