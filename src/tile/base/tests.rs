use super::planes::{PlaneSplitter, eight_of_sixteen, flattened, split_planes};
use super::*;
use crate::format::{Filter, Quality, Settings, TileFormat, TileNaming};
use crate::jpeg::quantisation_tables;
use crate::raster::vector::{Vectorised, widest};
use crate::raster::{PixelKind, Raster, Sample};
use proptest::prelude::*;
use std::sync::Arc;

fn codec(format: &str, quality: u8) -> Codec {
    let format = TileFormat::new(format).unwrap();
    Codec::new(&Settings {
        width: 1,
        height: 1,
        tile_size: 64,
        overlap: 0,
        base_tiles: None,
        format,
        quality: Quality::new(quality),
        huffman_tables: None,
        filter: Filter::Mean,
        linear: false,
        tile_naming: TileNaming::column_row(),
    })
}

/// A picture with slopes and edges in these channels; the last may be alpha.
fn picture<S: Sample>(width: usize, height: usize, channels: usize) -> Raster<S> {
    let mut raster = Raster::new(width, height, channels);
    for (at, sample) in raster.samples_mut().iter_mut().enumerate() {
        let (channel, x, y) = (at % channels, at / channels % width, at / channels / width);
        let value = (x * (3 + channel) + y * 2 + if (x / 9 + y / 7) % 4 == 0 { 90 } else { 0 }) as u32 % 512;
        let triangle = if value > 255 { 511 - value } else { value };
        *sample = S::clamped(triangle * (S::LARGEST / 255));
    }
    raster
}

fn height_of(band: &Samples) -> u32 {
    match band {
        Samples::Eight(band) => band.height() as u32,
        Samples::Sixteen(band) => band.height() as u32,
    }
}

/// Generates a base tile, and checks that it equals the tile decoded from its file.
fn base_tile(codec: Codec, band: &Samples, columns: Columns) -> Vec<u8> {
    let (mut scratch, mut image, mut out) = (Scratch::default(), TileImage::default(), Vec::new());
    let style = BaseStyle { encoding: codec.encoding(), icc: Some(Arc::from([1u8, 2, 3].as_slice())) };
    codec
        .base_from_pixels(band, BandTile::plain(columns, height_of(band)), &style, &mut scratch, &mut image, &mut out)
        .unwrap();
    let size = Size::new(columns.width as u32, height_of(band));
    assert_eq!(codec.decode(&out, size, &mut scratch).unwrap(), image);
    out
}

#[test]
fn sixteen_bits_are_reduced_to_the_nearest_eight() {
    for sample in 0..=u16::MAX {
        let exact = (u64::from(sample) * 255 * 2 + 65535) / (2 * 65535);
        assert_eq!(u64::from(eight_of_sixteen(sample)), exact, "{sample}");
    }
}

#[test]
fn alpha_is_flattened_onto_white() {
    let pixels = Raster::from_samples(4, 1, 2, vec![100u8, 255, 100, 0, 100, 51, 0, 128]).unwrap();
    assert_eq!(flattened(pixels).samples(), [100, 255, 224, 127]);
    let pixels = Raster::from_samples(1, 1, 4, vec![0u16, 65535, 1000, 32768]).unwrap();
    assert_eq!(flattened(pixels).samples(), [32767, 65535, 33267]);
}

#[test]
fn jpeg_tiles_from_pixels_are_close_to_them() {
    for quality in [85, 95] {
        for channels in 1..=4 {
            let eight = picture::<u8>(100, 37, channels);
            let columns = Columns { left: 33, width: 67 };
            let expected = flattened(eight.columns(columns.left, columns.width)).widened(PixelKind::RGB);
            let sixteen = Samples::Sixteen(eight.map(|sample| u16::from(sample) * 257));
            let bytes = base_tile(codec("jpg", quality), &Samples::Eight(eight), columns);
            assert_eq!(bytes, base_tile(codec("jpg", quality), &sixteen, columns));
            let found = image::load_from_memory(&bytes).unwrap();
            assert_eq!(found.color().has_color(), channels > 2);
            let found = found.to_rgb8();
            assert_eq!((found.width(), found.height()), (67, 37));
            let error: f64 = found.iter().zip(expected.samples()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
            let psnr = 10.0 * (255.0 * 255.0 * expected.samples().len() as f64 / error).log10();
            // Halved chroma loses much at these hard edges.
            let least = if quality == 95 || channels < 3 { 34.0 } else { 20.0 };
            assert!(psnr > least, "quality {quality}, {channels} channels: {psnr:.1} dB");
        }
    }
}

#[test]
fn widest_vectors_give_the_same_planes() {
    let pixels = picture::<u8>(101, 37, 3);
    for step in [1, 2] {
        let columns = Columns { left: 3, width: 97 };
        let splitter = || PlaneSplitter { pixels: &pixels, columns, step };
        assert!(widest(splitter()) == splitter().run());
    }
}

#[test]
fn uniform_colours_survive_within_four() {
    for colour in [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [12, 99, 201]] {
        let raster = Raster::from_samples(19, 17, 3, colour.repeat(19 * 17)).unwrap();
        let bytes = base_tile(codec("jpg", 80), &Samples::Eight(raster), Columns { left: 0, width: 19 });
        for pixel in image::load_from_memory(&bytes).unwrap().to_rgb8().pixels() {
            assert!(pixel.0.iter().zip(colour).all(|(found, expected)| found.abs_diff(expected) <= 4), "{pixel:?}");
        }
    }
}

#[test]
fn png_tiles_from_pixels_are_lossless() {
    for channels in 1..=4 {
        let columns = Columns { left: 5, width: 40 };
        let eight = picture::<u8>(45, 21, channels);
        let sixteen = picture::<u16>(45, 21, channels);
        let bytes = base_tile(codec("png", 80), &Samples::Eight(eight.clone()), columns);
        let found = image::load_from_memory(&bytes).unwrap();
        assert_eq!(found.as_bytes(), eight.columns(5, 40).samples());
        let bytes = base_tile(codec("png", 80), &Samples::Sixteen(sixteen.clone()), columns);
        let found = image::load_from_memory(&bytes).unwrap();
        let native: Vec<u8> = sixteen.columns(5, 40).samples().iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        assert_eq!(found.as_bytes(), native);
    }
}

/// A JPEG of a picture, with this sampling of luma.
fn jpeg_picture(width: u32, height: u32, colour: Colour, luma: (u8, u8)) -> JpegImage {
    let count = colour.component_count();
    let planes: Vec<Raster<u8>> = (0..count)
        .map(|index| {
            let factors = if index == 0 { luma } else { (1, 1) };
            let (width, height) = jpeg::component_size((width, height), factors, luma);
            picture::<u8>(width as usize, height as usize, 1 + index).columns(0, width as usize)
        })
        .map(|plane| {
            let channels = plane.channels();
            let samples = plane.samples().iter().step_by(channels).copied().collect();
            Raster::from_samples(plane.width(), plane.height(), 1, samples).unwrap()
        })
        .collect();
    let steps = quantisation_tables(72).0;
    let sources: Vec<jpeg::PlaneSource<'_>> = planes
        .iter()
        .enumerate()
        .map(|(index, plane)| {
            let (horizontal, vertical) = if index == 0 { luma } else { (1, 1) };
            jpeg::PlaneSource { samples: plane.samples(), horizontal, vertical, quantisation: &steps }
        })
        .collect();
    let mut image = JpegImage::default();
    image.assign_planes((width, height), colour, &sources).unwrap();
    image
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tiles_from_coefficients_are_lossless(
        width in 1u32..150, height in 1u32..70,
        kind in prop::sample::select(vec![
            (Colour::Grey, (1, 1)), (Colour::YCbCr, (2, 2)), (Colour::YCbCr, (1, 1)), (Colour::YCbCr, (2, 1)),
            (Colour::YCbCr, (1, 2)), (Colour::Rgb, (1, 1)), (Colour::YCbCr, (4, 1)),
        ]),
        tile in 1u32..4, quality in prop::sample::select(vec![80u8, 92]),
    ) {
        let (colour, luma) = kind;
        let whole = jpeg_picture(width, height, colour, luma);
        let tile = tile * 8 * u32::from(luma.0);
        let codec = codec("jpg", quality);
        let (mut scratch, mut image, mut out) = (Scratch::default(), TileImage::default(), Vec::new());
        for left in (0..width).step_by(tile as usize) {
            let columns = Columns { left: left as usize, width: tile.min(width - left) as usize };
            out.clear();
            codec.base_from_coefficients(&whole, BandTile::plain(columns, whole.height), None, &mut scratch, &mut image, &mut out).unwrap();
            let size = Size::new(columns.width as u32, height);
            prop_assert_eq!(&codec.decode(&out, size, &mut scratch).unwrap(), &image);
            let (mut copy, mut bytes) = (JpegImage::default(), [Vec::new(), Vec::new()]);
            copy.assign_part(whole.part(columns.left as u32, columns.width as u32));
            jpeg::encode(&copy, codec.settings.huffman, &mut bytes[0]).unwrap();
            let (codec_alone, out_alone) = (codec.without_parents(), &mut bytes[1]);
            codec_alone.base_from_coefficients(&whole, BandTile::plain(columns, whole.height), None, &mut scratch, &mut image, out_alone).unwrap();
            prop_assert!(bytes.iter().all(|bytes| *bytes == out));
            let stored = jpeg::decode(&out, None, &mut jpeg::DecodeScratch::default()).unwrap();
            prop_assert_eq!(stored.colour, colour);
            for index in 0..stored.components.len() {
                let (mut found, mut expected) = (Vec::new(), Vec::new());
                stored.plane(index, &mut found);
                whole.plane(index, &mut expected);
                let (wide, whole_wide) = (stored.component_size(index).0 as usize, whole.component_size(index).0 as usize);
                let first = columns.left * usize::from(whole.components[index].horizontal) / usize::from(luma.0);
                for (row, whole_row) in found.chunks(wide).zip(expected.chunks(whole_wide)) {
                    prop_assert_eq!(row, &whole_row[first..first + wide]);
                }
            }
        }
    }

    #[test]
    fn requantised_coefficients_are_the_nearest_multiples(width in 1u32..60, height in 1u32..60, quality in 1u8..=100) {
        let whole = jpeg_picture(width, height, Colour::YCbCr, (2, 2));
        let (luma, chroma) = quantisation_tables(quality);
        let mut changed = whole.clone();
        changed.requantise(&Requantisation::new(&luma, &chroma));
        for (index, (before, after)) in whole.components.iter().zip(&changed.components).enumerate() {
            prop_assert_eq!(after.quantisation, if index == 0 { luma } else { chroma });
            for (before_block, after_block) in before.coefficients.iter().zip(&after.coefficients) {
                for at in 0..64 {
                    let exact = i32::from(before_block[at]) * i32::from(before.quantisation[at]);
                    let found = i32::from(after_block[at]) * i32::from(after.quantisation[at]);
                    prop_assert!((exact - found).abs() * 2 <= i32::from(after.quantisation[at]));
                }
            }
        }
    }
}

#[test]
fn uniform_columns_are_detected() {
    let mut image = jpeg_picture(72, 40, Colour::YCbCr, (2, 2));
    assert_eq!(image.uniform_dc(0, 72), None);
    for component in &mut image.components {
        component.coefficients.fill(std::array::from_fn(|at| if at == 0 { 7 } else { 0 }));
    }
    assert_eq!(image.uniform_dc(0, 72), Some([7; 3]));
    image.components[2].coefficients[3][0] = 8;
    assert_eq!(image.uniform_dc(0, 48), Some([7; 3]));
    assert_eq!(image.uniform_dc(32, 32), None);
    assert_eq!(image.uniform_dc(64, 8), Some([7; 3]));
    image.components[0].coefficients[9][5] = 1;
    assert_eq!(image.uniform_dc(64, 8), None);
}

/// White and black blocks with steps that do not divide them: the nearest multiples exceed what baseline can code.
#[test]
fn requantised_tiles_can_always_be_encoded() {
    let samples: Vec<u8> = (0..64 * 64).map(|at| if (at / 8 + at / 512) % 2 == 0 { 255 } else { 0 }).collect();
    let stripes: Vec<u8> = (0..64 * 64).map(|at| if at % 64 / 2 % 2 == 0 { 255 } else { 0 }).collect();
    for (samples, from) in [(&samples, 50), (&samples, 25), (&samples, 10), (&stripes, 50), (&stripes, 60)] {
        let steps = quantisation_tables(from).0;
        let plane = jpeg::PlaneSource { samples, horizontal: 1, vertical: 1, quantisation: &steps };
        let mut whole = JpegImage::default();
        whole.assign_planes((64, 64), Colour::Grey, &[plane]).unwrap();
        for quality in [96, 98, 100] {
            let codec = codec("jpg", quality);
            let (mut scratch, mut image, mut out) = (Scratch::default(), TileImage::default(), Vec::new());
            let (columns, to) = (Columns { left: 0, width: 64 }, codec.encoding().requantisation());
            codec
                .base_from_coefficients(
                    &whole,
                    BandTile::plain(columns, whole.height),
                    Some(&to),
                    &mut scratch,
                    &mut image,
                    &mut out,
                )
                .unwrap();
        }
    }
}

#[test]
fn chroma_is_the_mean_of_boxes_of_any_shape() {
    let pixels = picture::<u8>(37, 21, 3);
    let columns = Columns { left: 3, width: 30 };
    let whole = split_planes(&pixels, columns, (1, 1));
    for (wide, high) in [(2, 1), (1, 2), (4, 1), (4, 2), (3, 2)] {
        let planes = split_planes(&pixels, columns, (wide as u8, high as u8));
        assert_eq!(planes[0], whole[0]);
        for (plane, whole) in planes[1..].iter().zip(&whole[1..]) {
            assert_eq!((plane.width(), plane.height()), (30_usize.div_ceil(wide), 21_usize.div_ceil(high)));
            for (x, y) in (0..plane.height()).flat_map(|y| (0..plane.width()).map(move |x| (x, y))) {
                let places = (y * high..21.min(y * high + high))
                    .flat_map(|y| (x * wide..30.min(x * wide + wide)).map(move |x| (x, y)));
                let samples: Vec<f64> = places.map(|(x, y)| whole.row(y)[x].into()).collect();
                let mean = samples.iter().sum::<f64>() / samples.len() as f64;
                assert!((f64::from(plane.row(y)[x]) - mean).abs() <= 0.5);
            }
        }
    }
}

/// What tiles are encoded with can be read from them again.
#[test]
fn style_of_a_stored_tile_is_that_it_was_encoded_with() {
    let codec = codec("jpg", 92);
    for (quality, chroma_step) in [(92, (1, 1)), (75, (2, 2)), (40, (2, 1)), (60, (1, 2)), (85, (4, 1))] {
        let of_quality = JpegEncoding::of_quality(Quality::new(quality).unwrap(), 1);
        let style = BaseStyle { encoding: JpegEncoding { chroma_step, ..of_quality }, icc: Some([1u8, 2, 3].into()) };
        let (mut scratch, mut image, mut out) = (Scratch::default(), TileImage::default(), Vec::new());
        for channels in [3, 1] {
            out.clear();
            let band = Samples::Eight(picture::<u8>(50, 40, channels));
            let columns = Columns { left: 0, width: 50 };
            codec
                .base_from_pixels(&band, BandTile::plain(columns, 40), &style, &mut scratch, &mut image, &mut out)
                .unwrap();
            let expected = match channels {
                3 => StoredEncoding::Colour(style.encoding),
                _ => StoredEncoding::Grey(*style.encoding.luma()),
            };
            assert_eq!(stored_style(&out), Some((expected, style.icc.clone())));
        }
    }
    assert_eq!(
        codec.encoding_for_grey(&quantisation_tables(75).0),
        JpegEncoding::of_quality(Quality::new(75).unwrap(), 2)
    );
    assert_eq!(stored_style(b"neither"), None);
}
