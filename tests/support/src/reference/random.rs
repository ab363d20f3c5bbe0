//! Random pictures that are the same on every machine.

use super::{Kind, Picture};

/// Random numbers that are the same on every machine (the generator "splitmix64").
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Starts a sequence; each seed gives another one.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The next number, any of 64 bits.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }
}

/// A picture with everything that reductions can stumble over, side by side and on top of each other: flat areas,
/// gradients, noise, few colours mixed, and fine patterns of extremes; alpha that is none, full, soft, noisy or faint.
///
/// Even where it is wholly transparent there are colours.
pub fn random_picture(seed: u64, width: usize, height: usize, kind: Kind) -> Picture {
    let mut random = Random::new(seed);
    let mut picture = Picture::new(width, height, kind);
    paint(&mut picture, &mut random, (0, 0), (width, height));
    for _ in 0..12 {
        let (left, top) = (random.below(width), random.below(height));
        let size = (1 + random.below(width - left), 1 + random.below(height - top));
        paint(&mut picture, &mut random, (left, top), size);
    }
    picture
}

/// Paints a rectangle: each channel has its own two limits, and all colours share a style.
fn paint(picture: &mut Picture, random: &mut Random, origin: (usize, usize), size: (usize, usize)) {
    let kind = picture.kind();
    let largest = usize::from(kind.largest());
    let style = random.below(5);
    let alpha_style = random.below(5);
    let low: Vec<usize> = (0..kind.channels()).map(|_| random.below(largest + 1)).collect();
    let high: Vec<usize> = (0..kind.channels()).map(|_| random.below(largest + 1)).collect();
    for y in 0..size.1 {
        for x in 0..size.0 {
            let along = (x + y) as f64 / (size.0 + size.1) as f64;
            let chance = random.below(3);
            let mut pixel = Vec::new();
            for channel in 0..kind.channels() {
                let (a, b) = (low[channel], high[channel]);
                let between = (a as f64 + (b as f64 - a as f64) * along) as usize;
                let noise = random.below(largest + 1);
                let value = if kind.alpha && channel == kind.colours() {
                    match alpha_style {
                        0 => 0,
                        1 => largest,
                        2 => between,
                        3 => noise,
                        _ => noise % 4,
                    }
                } else {
                    match style {
                        0 => a,
                        1 => between,
                        2 => noise,
                        3 => [a, b, largest][chance],
                        _ => [0, largest][(x / 2 + y) % 2],
                    }
                };
                pixel.push(value as u16);
            }
            picture.set_pixel(origin.0 + x, origin.1 + y, &pixel);
        }
    }
}
