//! The same code compiled a second time, for processors with AVX2.
//!
//! What is built for every x86-64 processor has vectors of 16 bytes and no multiplication of 32-bit lanes. Where pixels
//! become JPEG tiles, that costs a third of the time: cutting a TIFF of 16384x16384 took 1.60 s of processor time, and 1.05
//! with all of the program compiled for AVX2. There is no second version to be kept in step: it is the same source, in
//! integers, so that results are the same on every processor, and `tests` compare both.

#![allow(unsafe_code)]

/// Work to be done with the widest vectors that the processor has.
pub(crate) trait Vectorised {
    /// What comes of it.
    type Output;

    /// Does it. To be marked `#[inline(always)]`, like all that it calls and that is worth it: only what is inlined is
    /// compiled anew.
    fn run(self) -> Self::Output;
}

/// Does the work.
pub(crate) fn widest<W: Vectorised>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn run<W: Vectorised>(work: W) -> W::Output {
            work.run()
        }
        // SAFETY: all that is asked of a caller is that the processor has AVX2, and that was just detected.
        return unsafe { run(work) };
    }
    work.run()
}
