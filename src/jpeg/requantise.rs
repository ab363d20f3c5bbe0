//! Other quantisation steps for an image's coefficients.

use super::image::JpegImage;
use super::transform::dct::{FORWARD_POINT, Quantiser};

/// A dequantised coefficient beyond this is nothing that an 8-bit image can have given: 1024 and half a step.
const LARGEST: i32 = 1151;
/// The greatest magnitude of each coefficient that baseline codes whatever its neighbours are; DC goes to -1024.
const CODABLE: i16 = 1023;

/// Other quantisation steps for an image.
#[derive(Clone)]
pub struct Requantisation {
    steps: [[u16; 64]; 2],
    quantisers: [Quantiser; 2],
}

impl Requantisation {
    /// To these steps, row-major, 1 to 255: those of luma, of all components of RGB, and those of the colour differences.
    pub fn new(luma: &[u16; 64], chroma: &[u16; 64]) -> Self {
        Self { steps: [*luma, *chroma], quantisers: [Quantiser::new(luma), Quantiser::new(chroma)] }
    }

    /// Whether the image has other steps than these.
    pub fn changes(&self, image: &JpegImage) -> bool {
        let mut components = image.components.iter().enumerate();
        components.any(|(index, component)| component.quantisation != self.steps[image.colour.table_index(index)])
    }
}

impl JpegImage {
    /// Brings all coefficients to other steps, each to the nearest multiple.
    pub fn requantise(&mut self, to: &Requantisation) {
        let colour = self.colour;
        for (index, component) in self.components.iter_mut().enumerate() {
            let table = colour.table_index(index);
            let (steps, quantiser) = (&to.steps[table], &to.quantisers[table]);
            if component.quantisation == *steps {
                continue;
            }
            let from = component.quantisation.map(i32::from);
            for block in &mut component.coefficients {
                let exact = std::array::from_fn(|at| {
                    (i32::from(block[at]) * from[at]).clamp(-LARGEST, LARGEST) << FORWARD_POINT
                });
                let quantised = quantiser.quantise(&exact);
                *block = quantised.map(|value| value.clamp(-CODABLE, CODABLE));
                block[0] = quantised[0].clamp(-CODABLE - 1, CODABLE);
            }
            component.quantisation = *steps;
        }
    }
}
