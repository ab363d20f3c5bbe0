//! Compiles code a second time, for processors with AVX2.
//!
//! Code for every x86-64 processor has vectors of 16 bytes and no multiplication of 32-bit lanes. That costs a third of
//! the time when pixels become JPEG tiles: cutting a TIFF of 16384x16384 took 1.60 s of processor time, and 1.05 s with
//! the whole program compiled for AVX2. There is no second version to maintain: the source is the same, and it uses
//! integers, so results are the same on every processor. Tests of both users compare the two.

#![allow(unsafe_code)]

/// Work for the widest vectors of the processor.
pub(crate) trait Vectorised {
    /// Its result.
    type Output;

    /// Does the work.
    ///
    /// Implementations must be `#[inline(always)]`, and so must the hot functions they call: only inlined code is
    /// compiled for AVX2.
    fn run(self) -> Self::Output;
}

/// Runs work with the widest vectors.
pub(crate) fn widest<W: Vectorised>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn run<W: Vectorised>(work: W) -> W::Output {
            work.run()
        }
        // SAFETY: `run` requires only that the processor has AVX2, which was just detected.
        return unsafe { run(work) };
    }
    work.run()
}
