//! The reductions, each by its definition.

use super::{Kind, Picture, TiledBase, Tiles, grid, level_sizes, stitch};

/// How four pixels become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Their mean.
    Mean,
    /// Lanczos with three lobes; it sees twelve pixels along each axis.
    Lanczos3,
    /// The upper left one.
    Nearest,
    /// The most frequent one.
    Mode,
}

/// The tiles of every level as they must decode where tiles are stored without loss: level 0 first, the base last.
pub fn levels(base: &TiledBase, filter: Filter, linear: bool) -> Vec<Tiles> {
    let sizes = level_sizes(base.width, base.height);
    let mut levels = vec![base.tiles.clone()];
    for (width, height) in sizes.iter().rev().skip(1) {
        let finer = levels[0].clone();
        let mut tiles = Tiles::new();
        for place in grid(*width, *height, base.tile_size) {
            tiles.insert(place, parent(&finer, place, filter, linear));
        }
        levels.insert(0, tiles);
    }
    levels
}

/// The parent of up to four tiles of the next finer level.
pub fn parent(finer: &Tiles, place: (usize, usize), filter: Filter, linear: bool) -> Picture {
    let mut children = Tiles::new();
    for row in [2 * place.1, 2 * place.1 + 1] {
        for column in [2 * place.0, 2 * place.0 + 1] {
            if let Some(tile) = finer.get(&(column, row)) {
                children.insert((column, row), tile.clone());
            }
        }
    }
    halve(&stitch(&children), filter, linear)
}

/// Reduces a picture to half its size, rounded up.
pub fn halve(picture: &Picture, filter: Filter, linear: bool) -> Picture {
    assert!(!linear || filter == Filter::Mean, "only the mean is defined in linear light");
    let even = even_sized(picture);
    if filter == Filter::Lanczos3 {
        return lanczos3(&even);
    }
    let mut half = Picture::new(even.width / 2, even.height / 2, even.kind());
    for y in 0..half.height {
        for x in 0..half.width {
            let four = [
                even.pixel(2 * x, 2 * y),
                even.pixel(2 * x + 1, 2 * y),
                even.pixel(2 * x, 2 * y + 1),
                even.pixel(2 * x + 1, 2 * y + 1),
            ];
            let pixel = match filter {
                Filter::Nearest => four[0].to_vec(),
                Filter::Mode => most_frequent(four),
                _ if linear => mean_in_linear_light(four, even.kind()),
                _ => mean(four, even.kind()),
            };
            half.set_pixel(x, y, &pixel);
        }
    }
    half
}

/// Repeats the last column and the last row where their number is odd.
fn even_sized(picture: &Picture) -> Picture {
    let width = picture.width + picture.width % 2;
    let height = picture.height + picture.height % 2;
    let mut even = Picture::new(width, height, picture.kind());
    for y in 0..height {
        for x in 0..width {
            let pixel = picture.pixel(x.min(picture.width - 1), y.min(picture.height - 1));
            even.set_pixel(x, y, pixel);
        }
    }
    even
}

fn most_frequent(four: [&[u16]; 4]) -> Vec<u16> {
    let mut best = four[0];
    let mut best_number = 0;
    for candidate in four {
        let number = four.iter().filter(|pixel| **pixel == candidate).count();
        if number > best_number {
            best = candidate;
            best_number = number;
        }
    }
    best.to_vec()
}

fn mean(four: [&[u16]; 4], kind: Kind) -> Vec<u16> {
    let mut result = Vec::new();
    if !kind.alpha {
        for channel in 0..kind.colours() {
            let mut sum = 0;
            for pixel in four {
                sum += u64::from(pixel[channel]);
            }
            result.push(((sum + 2) >> 2) as u16);
        }
        return result;
    }

    let mut alphas = 0;
    for pixel in four {
        alphas += u64::from(pixel[kind.colours()]);
    }
    let alpha = (alphas + 2) >> 2;
    if alpha == 0 {
        return vec![0; kind.channels()];
    }
    for channel in 0..kind.colours() {
        let mut sum = 0;
        for pixel in four {
            sum += u64::from(pixel[channel]) * u64::from(pixel[kind.colours()]);
        }
        result.push(((sum + alphas / 2) / alphas) as u16);
    }
    result.push(alpha as u16);
    result
}

fn mean_in_linear_light(four: [&[u16]; 4], kind: Kind) -> Vec<u16> {
    let largest = f64::from(kind.largest());
    let weight = |pixel: &[u16]| {
        if kind.alpha { f64::from(pixel[kind.colours()]) } else { 1.0 }
    };
    let mut weights = 0.0;
    for pixel in four {
        weights += weight(pixel);
    }
    let alpha = (weights / 4.0 + 0.5).floor() as u16;
    if kind.alpha && alpha == 0 {
        return vec![0; kind.channels()];
    }
    let mut result = Vec::new();
    for channel in 0..kind.colours() {
        let mut sum = 0.0;
        for pixel in four {
            sum += to_light(f64::from(pixel[channel]) / largest) * weight(pixel);
        }
        result.push((from_light(sum / weights) * largest).round() as u16);
    }
    if kind.alpha {
        result.push(alpha);
    }
    result
}

/// The sRGB curve from a stored value, 0 to 1, to the amount of light.
pub fn to_light(value: f64) -> f64 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The sRGB curve from an amount of light, 0 to 1, to the stored value.
pub fn from_light(light: f64) -> f64 {
    if light <= 0.0031308 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Lanczos' kernel with three lobes, 0 from a distance of 3 on.
fn lanczos_kernel(distance: f64) -> f64 {
    let sinc = |x: f64| {
        if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
    };
    if distance.abs() < 3.0 { sinc(distance) * sinc(distance / 3.0) } else { 0.0 }
}

/// Each sample is the weighted sum of twelve: six on each side of the middle between the pair that it replaces.
fn half_of_line(line: &[f64]) -> Vec<f64> {
    let mut half = Vec::new();
    for x in 0..line.len() / 2 {
        let middle = 2.0 * x as f64 + 0.5;
        let mut sum = 0.0;
        let mut weights = 0.0;
        for position in 2 * x as i64 - 5..=2 * x as i64 + 6 {
            let weight = lanczos_kernel((position as f64 - middle) / 2.0);
            let inside = position.clamp(0, line.len() as i64 - 1) as usize;
            sum += weight * line[inside];
            weights += weight;
        }
        half.push(sum / weights);
    }
    half
}

fn lanczos3(even: &Picture) -> Picture {
    let kind = even.kind();
    let largest = f64::from(kind.largest());
    let (width, height) = (even.width / 2, even.height / 2);

    // One plane after the other, colours multiplied by alpha. Nothing is rounded or limited before the end.
    let mut planes = Vec::new();
    for channel in 0..kind.channels() {
        let mut narrow = Vec::new();
        for y in 0..even.height {
            let mut line = Vec::new();
            for x in 0..even.width {
                let pixel = even.pixel(x, y);
                let mut value = f64::from(pixel[channel]);
                if kind.alpha && channel < kind.colours() {
                    value *= f64::from(pixel[kind.colours()]) / largest;
                }
                line.push(value);
            }
            narrow.push(half_of_line(&line));
        }
        let mut plane = vec![vec![0.0; width]; height];
        for x in 0..width {
            let column: Vec<f64> = narrow.iter().map(|line| line[x]).collect();
            for (y, value) in half_of_line(&column).into_iter().enumerate() {
                plane[y][x] = value;
            }
        }
        planes.push(plane);
    }

    let limited = |value: f64| value.round().clamp(0.0, largest) as u16;
    let mut half = Picture::new(width, height, kind);
    for y in 0..height {
        for x in 0..width {
            let mut pixel = Vec::new();
            if kind.alpha {
                let alpha = planes[kind.colours()][y][x];
                if limited(alpha) == 0 {
                    continue;
                }
                for plane in &planes[..kind.colours()] {
                    pixel.push(limited(plane[y][x] / (alpha / largest)));
                }
                pixel.push(limited(alpha));
            } else {
                for plane in &planes {
                    pixel.push(limited(plane[y][x]));
                }
            }
            half.set_pixel(x, y, &pixel);
        }
    }
    half
}
