//! Why an image cannot be written as a baseline JPEG file.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

/// Why an image cannot be written as a baseline JPEG file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// Width or height outside 1..=65535.
    Dimension {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The number of components does not match the colour: 1 for grey, otherwise 3.
    Components {
        /// Number of components.
        count: usize,
    },
    /// Sampling factors outside 1..=4, or more than ten blocks in an MCU.
    Sampling,
    /// A component with the wrong number of samples or blocks for its size and sampling.
    SampleCount {
        /// Index of the component.
        component: usize,
        /// Samples or blocks needed.
        expected: usize,
        /// Samples or blocks found.
        found: usize,
    },
    /// A quantisation step outside 1..=255.
    QuantisationStep {
        /// The step.
        step: u16,
    },
    /// A coefficient beyond baseline (F.1.2): DC differences reach 2047, AC coefficients 1023.
    Coefficient {
        /// Index of the component.
        component: usize,
    },
    /// An ICC profile that is empty or too long for 255 segments of 65519 bytes.
    IccLength {
        /// Its length in bytes.
        length: usize,
    },
}

impl Display for EncodeError {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension { width, height } => {
                write!(out, "a JPEG cannot have {width}x{height} pixels (allowed: 1 to 65535 per side)")
            }
            Self::Components { count } => {
                write!(out, "{count} components do not match the colour")
            }
            Self::Sampling => write!(out, "sampling factors that baseline JPEG cannot interleave"),
            Self::SampleCount { component, expected, found } => {
                write!(out, "component {component} has {found} samples or blocks, expected {expected}")
            }
            Self::QuantisationStep { step } => {
                write!(out, "quantisation step {step} (allowed: 1 to 255)")
            }
            Self::Coefficient { component } => {
                write!(out, "a coefficient of component {component} is too large for baseline JPEG")
            }
            Self::IccLength { length } => {
                write!(out, "an ICC profile of {length} bytes does not fit")
            }
        }
    }
}

impl Error for EncodeError {}
