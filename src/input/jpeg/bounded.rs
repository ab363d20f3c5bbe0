//! A stream of which, once that is known, no more than so many bytes may be held.

use std::io::{Error, ErrorKind, Read, Result};
use std::sync::{Arc, OnceLock};

/// How much of a stream may be held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// Bytes that may be held.
    pub(super) most: u64,
    /// Bytes that are counted where there are more, to say how many there are: a stream may have no end.
    pub(super) counted: u64,
}

/// What reading a stream ends with that is too long.
#[derive(Debug, thiserror::Error)]
#[error("it has {0} bytes or more")]
pub(super) struct TooLong(pub(super) u64);

impl TooLong {
    /// The bytes counted, if this is why reading has failed.
    pub(super) fn bytes(error: &Error) -> Option<u64> {
        error.get_ref()?.downcast_ref().map(|Self(bytes)| *bytes)
    }
}

/// A stream with a bound that can be set later.
pub(super) struct Bounded<R> {
    stream: R,
    bound: Arc<OnceLock<Bound>>,
    read: u64,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(stream: R, bound: Arc<OnceLock<Bound>>) -> Self {
        Self { stream, bound, read: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut count = self.stream.read(buffer)?;
        self.read += count as u64;
        let Some(&bound) = self.bound.get().filter(|bound| self.read > bound.most) else {
            return Ok(count);
        };
        while count > 0 && self.read < bound.counted {
            count = match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                count => count?,
            };
            self.read += count as u64;
        }
        Err(Error::new(ErrorKind::FileTooLarge, TooLong(self.read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_counted_up_to_a_limit() {
        let read = |length: u64, bound: Option<Bound>| {
            let set = Arc::new(OnceLock::new());
            let mut bounded = Bounded::new(std::io::repeat(7).take(length), Arc::clone(&set));
            let mut begin = [0; 10];
            bounded.read_exact(&mut begin).unwrap();
            bound.iter().for_each(|&bound| set.set(bound).unwrap());
            let mut rest = Vec::new();
            bounded.read_to_end(&mut rest).map(|count| count + 10).map_err(|error| TooLong::bytes(&error))
        };
        let bound = |most: u64, counted: u64| Some(Bound { most, counted });
        assert_eq!(read(5000, None), Ok(5000));
        assert_eq!(read(5000, bound(5000, 9000)), Ok(5000));
        assert_eq!(read(5000, bound(4999, 9000)), Err(Some(5000)));
        assert_eq!(read(5000, bound(3, 9000)), Err(Some(5000)));
        assert!(matches!(read(u64::MAX, bound(3, 1 << 20)), Err(Some(bytes)) if bytes < 1 << 22));
        assert_eq!(TooLong::bytes(&ErrorKind::NotFound.into()), None);
    }
}
