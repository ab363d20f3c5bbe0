//! Samples to coefficients and back (ITU T.81 A.3.3, A.3.4), in integers.

pub(super) mod dct;
pub(super) mod pair;
mod planes;
mod transpose;

pub use planes::PlaneSource;
pub(super) use transpose::{Rows8x8, transpose};
