//! A stream that fails when it turns out to be too long to buffer.

use std::io::{Error, ErrorKind, Read, Result};
use std::sync::{Arc, OnceLock};

/// How much of a stream may be buffered.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamBound {
    /// The most bytes that may be buffered.
    pub(super) max_bytes: u64,
    /// How far to count a longer stream, to report how long it is. A stream may have no end.
    pub(super) max_counted: u64,
}

/// The error of a stream that exceeds its bound.
#[derive(Debug, thiserror::Error)]
#[error("at least {0} bytes")]
pub(super) struct TooLong(pub(super) u64);

impl TooLong {
    /// The bytes counted, if `error` is a `TooLong`.
    pub(super) fn bytes(error: &Error) -> Option<u64> {
        error.get_ref()?.downcast_ref().map(|Self(bytes)| *bytes)
    }
}

/// A stream with a bound that can be set later.
pub(super) struct BoundedStream<R> {
    stream: R,
    bound: Arc<OnceLock<StreamBound>>,
    bytes_read: u64,
}

impl<R: Read> BoundedStream<R> {
    pub(super) fn new(stream: R, bound: Arc<OnceLock<StreamBound>>) -> Self {
        Self { stream, bound, bytes_read: 0 }
    }
}

impl<R: Read> Read for BoundedStream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut count = self.stream.read(buffer)?;
        self.bytes_read += count as u64;
        let Some(&bound) = self.bound.get().filter(|bound| self.bytes_read > bound.max_bytes) else {
            return Ok(count);
        };
        while count > 0 && self.bytes_read < bound.max_counted {
            count = match self.stream.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                count => count?,
            };
            self.bytes_read += count as u64;
        }
        Err(Error::new(ErrorKind::FileTooLarge, TooLong(self.bytes_read)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_over_its_bound_is_counted_up_to_a_limit() {
        let read = |length: u64, bound: Option<StreamBound>| {
            let set = Arc::new(OnceLock::new());
            let mut bounded = BoundedStream::new(std::io::repeat(7).take(length), Arc::clone(&set));
            let mut first = [0; 10];
            bounded.read_exact(&mut first).unwrap();
            bound.iter().for_each(|&bound| set.set(bound).unwrap());
            let mut rest = Vec::new();
            bounded.read_to_end(&mut rest).map(|count| count + 10).map_err(|error| TooLong::bytes(&error))
        };
        let bound = |max_bytes: u64, max_counted: u64| Some(StreamBound { max_bytes, max_counted });
        assert_eq!(read(5000, None), Ok(5000));
        assert_eq!(read(5000, bound(5000, 9000)), Ok(5000));
        assert_eq!(read(5000, bound(4999, 9000)), Err(Some(5000)));
        assert_eq!(read(5000, bound(3, 9000)), Err(Some(5000)));
        assert!(matches!(read(u64::MAX, bound(3, 1 << 20)), Err(Some(bytes)) if bytes < 1 << 22));
        assert_eq!(TooLong::bytes(&ErrorKind::NotFound.into()), None);
    }
}
