//! A naive builder of pyramids, as the contract's sections 2.2 and 4 describe them, for tests to compare with.
//!
//! It is as simple as possible, keeps everything in memory, and is slow. Overlap other than 0 is not known here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use image::{DynamicImage, ImageBuffer, ImageFormat};

/// What the samples of a picture are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Red, green and blue rather than grey.
    pub colour: bool,
    /// A last channel that says how opaque a pixel is.
    pub alpha: bool,
    /// Samples up to 65535 rather than 255.
    pub sixteen: bool,
}

impl Kind {
    /// All eight kinds.
    pub fn all() -> Vec<Kind> {
        let mut kinds = Vec::new();
        for colour in [false, true] {
            for alpha in [false, true] {
                for sixteen in [false, true] {
                    kinds.push(Kind { colour, alpha, sixteen });
                }
            }
        }
        kinds
    }

    /// Samples in a pixel, alpha included.
    pub fn channels(self) -> usize {
        self.colours() + usize::from(self.alpha)
    }

    /// Samples in a pixel, alpha left out.
    pub fn colours(self) -> usize {
        if self.colour { 3 } else { 1 }
    }

    /// The largest sample.
    pub fn largest(self) -> u16 {
        if self.sixteen { 65535 } else { 255 }
    }

    /// The kind that can hold both.
    pub fn widest(self, other: Kind) -> Kind {
        Kind {
            colour: self.colour || other.colour,
            alpha: self.alpha || other.alpha,
            sixteen: self.sixteen || other.sixteen,
        }
    }
}

/// A picture with all its pixels.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Red, green and blue rather than grey.
    pub colour: bool,
    /// A last channel that says how opaque a pixel is.
    pub alpha: bool,
    /// Samples up to 65535 rather than 255.
    pub sixteen: bool,
    /// Line after line from the top, each pixel's 1, 2, 3 or 4 samples together.
    pub samples: Vec<u16>,
}

/// Without the samples, so that a failed comparison can be read.
impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}x{} {:?}", self.width, self.height, self.kind())
    }
}

impl Picture {
    /// A picture in which all samples are 0.
    pub fn new(width: usize, height: usize, kind: Kind) -> Picture {
        Picture {
            width,
            height,
            colour: kind.colour,
            alpha: kind.alpha,
            sixteen: kind.sixteen,
            samples: vec![0; width * height * kind.channels()],
        }
    }

    /// What its samples are.
    pub fn kind(&self) -> Kind {
        Kind { colour: self.colour, alpha: self.alpha, sixteen: self.sixteen }
    }

    /// The samples of one pixel.
    pub fn pixel(&self, x: usize, y: usize) -> &[u16] {
        assert!(x < self.width && y < self.height);
        let channels = self.kind().channels();
        let start = (y * self.width + x) * channels;
        &self.samples[start..start + channels]
    }

    /// Changes one pixel.
    pub fn set_pixel(&mut self, x: usize, y: usize, pixel: &[u16]) {
        assert!(x < self.width && y < self.height);
        let channels = self.kind().channels();
        let start = (y * self.width + x) * channels;
        self.samples[start..start + channels].copy_from_slice(pixel);
    }

    /// A part of it.
    pub fn cut(&self, left: usize, top: usize, width: usize, height: usize) -> Picture {
        let mut part = Picture::new(width, height, self.kind());
        for y in 0..height {
            for x in 0..width {
                part.set_pixel(x, y, self.pixel(left + x, top + y));
            }
        }
        part
    }

    /// Puts another picture of the same kind into it.
    pub fn paste(&mut self, part: &Picture, left: usize, top: usize) {
        assert_eq!(self.kind(), part.kind());
        for y in 0..part.height {
            for x in 0..part.width {
                self.set_pixel(left + x, top + y, part.pixel(x, y));
            }
        }
    }

    /// The same picture as another kind, which must not be a narrower one.
    ///
    /// Grey is repeated for red, green and blue; a missing alpha is opaque; 8 bit become 16 by x * 257.
    pub fn widened(&self, kind: Kind) -> Picture {
        assert_eq!(self.kind().widest(kind), kind, "{self:?} does not fit into {kind:?}");
        let factor = if kind.sixteen && !self.sixteen { 257 } else { 1 };
        let mut wide = Picture::new(self.width, self.height, kind);
        for y in 0..self.height {
            for x in 0..self.width {
                let from = self.pixel(x, y);
                let mut to = Vec::new();
                for channel in 0..kind.colours() {
                    to.push(from[if self.colour { channel } else { 0 }] * factor);
                }
                if kind.alpha {
                    to.push(if self.alpha { from[from.len() - 1] * factor } else { kind.largest() });
                }
                wide.set_pixel(x, y, &to);
            }
        }
        wide
    }
}

/// Tiles of one level by (column, row).
pub type Tiles = BTreeMap<(usize, usize), Picture>;

/// A base level. Its tiles may be of several kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiledBase {
    /// Of the whole picture.
    pub width: usize,
    /// Of the whole picture.
    pub height: usize,
    /// Largest width and height of a tile.
    pub tile_size: usize,
    /// All base tiles.
    pub tiles: Tiles,
}

impl TiledBase {
    /// Cuts a whole picture.
    pub fn cut(picture: &Picture, tile_size: usize) -> TiledBase {
        TiledBase { width: picture.width, height: picture.height, tile_size, tiles: cut_into_tiles(picture, tile_size) }
    }

    /// Reads `COLUMN_ROW.extension` from a folder, PNG or JPEG.
    pub fn read(folder: &Path, extension: &str, width: usize, height: usize, tile_size: usize) -> TiledBase {
        let mut tiles = Tiles::new();
        for (column, row) in grid(width, height, tile_size) {
            let path = folder.join(format!("{column}_{row}.{extension}"));
            tiles.insert((column, row), read_picture(&path));
        }
        TiledBase { width, height, tile_size, tiles }
    }

    /// Writes every tile as `COLUMN_ROW.png`.
    pub fn write_png(&self, folder: &Path) {
        std::fs::create_dir_all(folder).unwrap();
        for ((column, row), tile) in &self.tiles {
            write_png(&folder.join(format!("{column}_{row}.png")), tile);
        }
    }
}

/// Width and height of every level, from level 0 to the base.
pub fn level_sizes(width: usize, height: usize) -> Vec<(usize, usize)> {
    let mut sizes = vec![(width, height)];
    let (mut w, mut h) = (width, height);
    while w > 1 || h > 1 {
        w = w / 2 + w % 2;
        h = h / 2 + h % 2;
        sizes.insert(0, (w, h));
    }
    sizes
}

/// Columns for a width, or rows for a height.
pub fn count(length: usize, tile_size: usize) -> usize {
    let mut tiles = 0;
    while tiles * tile_size < length {
        tiles += 1;
    }
    tiles
}

/// All (column, row) of a level, row after row.
pub fn grid(width: usize, height: usize, tile_size: usize) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for row in 0..count(height, tile_size) {
        for column in 0..count(width, tile_size) {
            places.push((column, row));
        }
    }
    places
}

/// Cuts a level into its tiles.
pub fn cut_into_tiles(picture: &Picture, tile_size: usize) -> Tiles {
    let mut tiles = Tiles::new();
    for (column, row) in grid(picture.width, picture.height, tile_size) {
        let (left, top) = (column * tile_size, row * tile_size);
        let width = tile_size.min(picture.width - left);
        let height = tile_size.min(picture.height - top);
        tiles.insert((column, row), picture.cut(left, top, width, height));
    }
    tiles
}

/// Puts tiles together, wherever the first column and row start; the result is of their widest kind.
pub fn stitch(tiles: &Tiles) -> Picture {
    let first_column = tiles.keys().map(|place| place.0).min().unwrap();
    let first_row = tiles.keys().map(|place| place.1).min().unwrap();
    let kind = tiles.values().fold(Kind::default(), |kind, tile| kind.widest(tile.kind()));

    // The first row of tiles tells all widths, the first column all heights.
    let mut left_of = BTreeMap::new();
    let mut width = 0;
    for ((column, row), tile) in tiles {
        if *row == first_row {
            left_of.insert(*column, width);
            width += tile.width;
        }
    }
    let mut top_of = BTreeMap::new();
    let mut height = 0;
    for ((column, row), tile) in tiles {
        if *column == first_column {
            top_of.insert(*row, height);
            height += tile.height;
        }
    }

    let mut whole = Picture::new(width, height, kind);
    for ((column, row), tile) in tiles {
        whole.paste(&tile.widened(kind), left_of[column], top_of[row]);
    }
    whole
}

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

/// One tile, made from its up to four children among the tiles of the next finer level.
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

/// Fails where two pictures are not of the same size and kind, or samples are more than `tolerance` apart.
pub fn assert_close(name: &str, found: &Picture, expected: &Picture, tolerance: u16) {
    assert_same_form(name, found, expected);
    for y in 0..found.height {
        for x in 0..found.width {
            let (f, e) = (found.pixel(x, y), expected.pixel(x, y));
            let apart = f.iter().zip(e).any(|(a, b)| a.abs_diff(*b) > tolerance);
            assert!(!apart, "{name}: pixel {x},{y} of {found:?} is {f:?}, expected {e:?} within {tolerance}");
        }
    }
}

/// Like [`assert_close`], with colours multiplied by alpha before they are compared.
///
/// The less opaque a pixel, the less its colours can be seen, and the more they suffer from rounding.
pub fn assert_close_to_the_eye(name: &str, found: &Picture, expected: &Picture, tolerance: u16) {
    assert_same_form(name, found, expected);
    if !found.alpha {
        return assert_close(name, found, expected, tolerance);
    }
    let largest = f64::from(found.kind().largest());
    let seen = |pixel: &[u16], channel: usize| {
        let alpha = f64::from(pixel[pixel.len() - 1]);
        if channel == pixel.len() - 1 { alpha } else { f64::from(pixel[channel]) * alpha / largest }
    };
    for y in 0..found.height {
        for x in 0..found.width {
            let (f, e) = (found.pixel(x, y), expected.pixel(x, y));
            let apart = (0..f.len()).any(|channel| (seen(f, channel) - seen(e, channel)).abs() > f64::from(tolerance));
            assert!(!apart, "{name}: pixel {x},{y} of {found:?} is {f:?}, expected {e:?}, seen within {tolerance}");
        }
    }
}

fn assert_same_form(name: &str, found: &Picture, expected: &Picture) {
    assert_eq!(
        (found.width, found.height, found.kind()),
        (expected.width, expected.height, expected.kind()),
        "{name}: width, height and kind"
    );
}

/// Peak signal-to-noise ratio in decibels, over all channels of the wider kind; infinite where nothing differs.
pub fn psnr(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let kind = a.kind().widest(b.kind());
    let (a, b) = (a.widened(kind), b.widened(kind));
    let mut squares = 0.0;
    for (x, y) in a.samples.iter().zip(&b.samples) {
        squares += f64::from(x.abs_diff(*y)).powi(2);
    }
    let mean = squares / a.samples.len() as f64;
    10.0 * (f64::from(kind.largest()).powi(2) / mean).log10()
}

/// Reads a PNG and keeps its kind. Palettes become colours, fewer than 8 bits become 8, tRNS becomes alpha.
pub fn read_png(path: &Path) -> Picture {
    read_as(path, ImageFormat::Png)
}

/// Reads a JPEG: grey or colour.
pub fn read_jpeg(path: &Path) -> Picture {
    read_as(path, ImageFormat::Jpeg)
}

/// Reads a PNG or a JPEG, whichever its extension says.
pub fn read_picture(path: &Path) -> Picture {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("png") => read_png(path),
        Some("jpg" | "jpeg") => read_jpeg(path),
        _ => panic!("{}: neither .png nor .jpg", path.display()),
    }
}

fn read_as(path: &Path, format: ImageFormat) -> Picture {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let image = image::load_from_memory_with_format(&bytes, format)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    from_image(image)
}

fn from_image(image: DynamicImage) -> Picture {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let color = image.color();
    let kind = Kind {
        colour: color.has_color(),
        alpha: color.has_alpha(),
        sixteen: color.bytes_per_pixel() / color.channel_count() == 2,
    };
    let wide = |bytes: Vec<u8>| bytes.into_iter().map(u16::from).collect();
    let samples: Vec<u16> = match image {
        DynamicImage::ImageLuma8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageLumaA8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageRgb8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageRgba8(buffer) => wide(buffer.into_raw()),
        DynamicImage::ImageLuma16(buffer) => buffer.into_raw(),
        DynamicImage::ImageLumaA16(buffer) => buffer.into_raw(),
        DynamicImage::ImageRgb16(buffer) => buffer.into_raw(),
        DynamicImage::ImageRgba16(buffer) => buffer.into_raw(),
        other => panic!("samples of an unexpected kind: {:?}", other.color()),
    };
    Picture { width, height, colour: kind.colour, alpha: kind.alpha, sixteen: kind.sixteen, samples }
}

fn to_image(picture: &Picture) -> DynamicImage {
    let (w, h) = (picture.width as u32, picture.height as u32);
    let wide = picture.samples.clone();
    let narrow: Vec<u8> = picture.samples.iter().map(|value| *value as u8).collect();
    let image = match (picture.colour, picture.alpha, picture.sixteen) {
        (false, false, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageLuma8),
        (false, true, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageLumaA8),
        (true, false, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageRgb8),
        (true, true, false) => ImageBuffer::from_raw(w, h, narrow).map(DynamicImage::ImageRgba8),
        (false, false, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageLuma16),
        (false, true, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageLumaA16),
        (true, false, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageRgb16),
        (true, true, true) => ImageBuffer::from_raw(w, h, wide).map(DynamicImage::ImageRgba16),
    };
    image.expect("as many samples as width, height and kind say")
}

/// Writes a PNG of the picture's own kind.
pub fn write_png(path: &Path, picture: &Picture) {
    to_image(picture).save_with_format(path, ImageFormat::Png).unwrap();
}

/// Writes a baseline JPEG from a picture of 8 bit without alpha.
pub fn write_jpeg(path: &Path, picture: &Picture, quality: u8) {
    assert!(!picture.alpha && !picture.sixteen, "{picture:?} is nothing for JPEG");
    let file = BufWriter::new(File::create(path).unwrap());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(file, quality);
    to_image(picture).write_with_encoder(encoder).unwrap();
}

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
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
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
