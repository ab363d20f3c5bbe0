//! Requantises coefficients to other steps.

use super::image::JpegImage;
use super::transform::dct::{FORWARD_POINT, Quantiser};

/// Largest dequantised coefficient of an 8-bit image: 1024 and half a step.
const MAX_COEFFICIENT: i32 = 1151;
/// Largest coefficient that baseline can code whatever its neighbours are; DC goes down to -1024.
const MAX_CODABLE: i16 = 1023;

/// A change to other quantisation steps.
#[derive(Clone)]
pub struct Requantisation {
    steps: [[u16; 64]; 2],
    quantisers: [Quantiser; 2],
}

impl Requantisation {
    /// The change to these steps, row by row, 1 to 255: luma's (or those of all components of RGB) and chroma's.
    pub fn new(luma: &[u16; 64], chroma: &[u16; 64]) -> Self {
        Self { steps: [*luma, *chroma], quantisers: [Quantiser::new(luma), Quantiser::new(chroma)] }
    }

    /// Whether the image has other steps.
    pub fn changes(&self, image: &JpegImage) -> bool {
        let mut components = image.components.iter().enumerate();
        components.any(|(index, component)| component.quantisation != self.steps[image.colour.table_index(index)])
    }
}

impl JpegImage {
    /// Changes all coefficients to the nearest multiples of other steps.
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
                    (i32::from(block[at]) * from[at]).clamp(-MAX_COEFFICIENT, MAX_COEFFICIENT) << FORWARD_POINT
                });
                let quantised = quantiser.quantise(&exact);
                *block = quantised.map(|value| value.clamp(-MAX_CODABLE, MAX_CODABLE));
                block[0] = quantised[0].clamp(-MAX_CODABLE - 1, MAX_CODABLE);
            }
            component.quantisation = *steps;
        }
    }
}
