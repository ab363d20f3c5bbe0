//! Samples of 8 and 16 bits.

/// One stored sample: 8 or 16 bits, unsigned.
pub trait Sample: Copy + Default + Ord + Into<u32> + Send + Sync + std::fmt::Debug + 'static {
    /// The largest sample, which is white or opaque.
    const LARGEST: u32;

    /// The sample of this value, at most [`Sample::LARGEST`].
    fn clamped(value: u32) -> Self;

    /// The rounded mean of four.
    ///
    /// It uses the narrowest type for the sum, because twice as many fit a vector.
    fn mean(samples: [Self; 4]) -> Self;
}

impl Sample for u8 {
    const LARGEST: u32 = 255;

    #[inline]
    fn clamped(value: u32) -> Self {
        value.min(Self::LARGEST) as Self
    }

    #[inline]
    fn mean(samples: [Self; 4]) -> Self {
        let [a, b, c, d] = samples.map(u16::from);
        ((a + b + c + d + 2) >> 2) as Self
    }
}

impl Sample for u16 {
    const LARGEST: u32 = 65535;

    #[inline]
    fn clamped(value: u32) -> Self {
        value.min(Self::LARGEST) as Self
    }

    #[inline]
    fn mean(samples: [Self; 4]) -> Self {
        let [a, b, c, d] = samples.map(u32::from);
        ((a + b + c + d + 2) >> 2) as Self
    }
}
