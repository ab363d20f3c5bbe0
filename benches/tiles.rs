//! One parent from four children, whole and stage by stage: `cargo bench --bench tiles`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fast_pyramid::internals::format::{Filter, PyramidSpec, Settings, TileNaming};
use fast_pyramid::internals::geometry::Geometry;
use fast_pyramid::internals::jpeg::{self, FoldSampling, FoldedImage, HuffmanTables, JpegImage, JpegTile, ParentSteps};
use fast_pyramid::internals::raster::Raster;
use fast_pyramid::internals::raster::reduce::Reduction;
use fast_pyramid::internals::tile::{Codec, Scratch, TileImage};
use fast_pyramid::{Size, TileFormat};
use std::hint::black_box;

const TILE: Size = Size::new(256, 256);

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(benches::relief(name)).unwrap()
}

/// Four real tiles as `encode` makes them.
fn children(encode: impl Fn(&image::RgbImage) -> Vec<u8>) -> Vec<Vec<u8>> {
    let names = ["2_1.jpg", "3_1.jpg", "2_2.jpg", "3_2.jpg"];
    names.map(|name| encode(&image::load_from_memory(&fixture(name)).unwrap().to_rgb8())).to_vec()
}

/// JPEG of this quality with colour differences whole (step 1) or halved (step 2).
fn jpeg_bytes(picture: &image::RgbImage, quality: u8, step: u32) -> Vec<u8> {
    let transform = |pixel: &image::Rgb<u8>, weights: [f64; 4]| {
        let [red, green, blue] = pixel.0.map(f64::from);
        (weights[0] * red + weights[1] * green + weights[2] * blue + weights[3]).round().clamp(0.0, 255.0) as u8
    };
    let plane = |weights, step: u32| -> Vec<u8> {
        let rows = (0..picture.height()).step_by(step as usize);
        rows.flat_map(|y| (0..picture.width()).step_by(step as usize).map(move |x| (x, y)))
            .map(|(x, y)| transform(picture.get_pixel(x, y), weights))
            .collect()
    };
    let planes = [
        plane([0.299, 0.587, 0.114, 0.0], 1),
        plane([-0.1687, -0.3313, 0.5, 128.0], step),
        plane([0.5, -0.4187, -0.0813, 128.0], step),
    ];
    let (luma, chroma) = jpeg::quantisation_tables(quality);
    let sources: Vec<_> = planes
        .iter()
        .enumerate()
        .map(|(index, samples)| jpeg::PlaneSource {
            samples,
            horizontal: if index == 0 { step as u8 } else { 1 },
            vertical: if index == 0 { step as u8 } else { 1 },
            quantisation: if index == 0 { &luma } else { &chroma },
        })
        .collect();
    let mut image = JpegImage::default();
    image.assign_planes((TILE.width, TILE.height), jpeg::Colour::YCbCr, &sources).unwrap();
    let mut bytes = Vec::new();
    jpeg::encode(&image, HuffmanTables::Standard, &mut bytes).unwrap();
    bytes
}

fn png_bytes(picture: &image::RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn codec(extension: &str, quality: u8) -> Codec {
    let text = format!("{{ width: 512, height: 512, tile_size: 256, overlap: 0, quality: {quality} }}");
    let spec = PyramidSpec::parse(&text).unwrap();
    Codec::new(&Settings::new(&spec, TileFormat::new(extension).unwrap(), TileNaming::column_row()))
}

/// Decoding four children and making their parent: what a first build does at the finest generated level.
fn whole_parent(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parent from four stored children");
    let sets = [
        ("jpeg q75 4:2:0", codec("jpg", 75), children(|tile| jpeg_bytes(tile, 75, 2))),
        ("jpeg q75 4:2:0 from q90", codec("jpg", 75), children(|tile| jpeg_bytes(tile, 90, 2))),
        ("jpeg q90 4:4:4", codec("jpg", 90), children(|tile| jpeg_bytes(tile, 90, 1))),
        ("jpeg q75 4:2:0 from 4:4:4, by samples", codec("jpg", 75), children(|tile| jpeg_bytes(tile, 75, 1))),
        ("png rgb", codec("png", 80), children(png_bytes)),
    ];
    for (name, codec, stored) in sets {
        let (mut scratch, mut out) = (Scratch::default(), Vec::new());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let tiles: Vec<TileImage> =
                    stored.iter().map(|bytes| codec.decode(bytes, TILE, &mut scratch).unwrap()).collect();
                out.clear();
                let children: [Option<&TileImage>; 4] = std::array::from_fn(|index| tiles.get(index));
                black_box(codec.parent(children, TILE, &mut scratch, &mut out).unwrap());
            });
        });
    }
}

/// The stages of the path of coefficients.
fn jpeg_stages(criterion: &mut Criterion) {
    for (name, quality, step) in
        [("q75 4:2:0", 75, 2), ("q90 4:2:0", 90, 2), ("q75 4:4:4", 75, 1), ("q90 4:4:4", 90, 1)]
    {
        let mut group = criterion.benchmark_group(format!("jpeg stages, {name}"));
        let stored = children(|tile| jpeg_bytes(tile, quality, step));
        group.throughput(Throughput::Bytes(stored.iter().map(|bytes| bytes.len() as u64).sum()));
        let mut scratch = jpeg::DecodeScratch::default();
        let sampling = Some(FoldSampling { chroma_step: step as u8, tile_size: 256, overlap: 0, core: None });
        let mut tiles: Vec<JpegTile> = stored.iter().map(|_| JpegTile::default()).collect();
        group.bench_function("decode and fold four", |bencher| {
            bencher.iter(|| {
                for (bytes, tile) in stored.iter().zip(&mut tiles) {
                    tile.decode(bytes, Some((256, 256)), sampling, &mut scratch).unwrap();
                }
            });
        });
        let (luma, chroma) = jpeg::quantisation_tables(75);
        let steps = ParentSteps::new(&luma, &chroma);
        let mut parent = JpegImage::default();
        let children: [Option<&FoldedImage>; 4] = std::array::from_fn(|index| tiles[index].folded());
        group.bench_function("merge and quantise", |bencher| {
            bencher.iter(|| assert!(jpeg::merge(children, &steps, &mut parent)));
        });
        for (tables, name) in [(HuffmanTables::Standard, "encode"), (HuffmanTables::Optimised, "encode, own tables")] {
            let mut out = Vec::new();
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    out.clear();
                    jpeg::encode(&parent, tables, &mut out).unwrap();
                });
            });
        }
    }
}

fn filters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("halve 512x512 samples");
    for channels in [1usize, 3, 4] {
        let samples = (0..512 * 512 * channels).map(|index| ((index * 7919) >> 5) as u8).collect();
        let source = Raster::from_samples(512, 512, channels, samples).unwrap();
        for filter in [Filter::Mean, Filter::Lanczos3, Filter::Nearest, Filter::Mode] {
            let reduction = Reduction { filter, linear: false };
            group.bench_function(format!("{filter:?}, {channels} channels"), |bencher| {
                bencher.iter(|| black_box(reduction.halve(&source)));
            });
        }
        let linear = Reduction { filter: Filter::Mean, linear: true };
        group.bench_function(format!("Mean in linear light, {channels} channels"), |bencher| {
            bencher.iter(|| black_box(linear.halve(&source)));
        });
    }
}

fn arithmetic(criterion: &mut Criterion) {
    let geometry = Geometry::new(Size::new(262_144, 262_144), 256, 0).unwrap();
    criterion.bench_function("ancestors of a patch of 1000 tiles in 1024x1024", |bencher| {
        bencher.iter(|| {
            let mut patched = fast_pyramid::internals::geometry::GridSet::new(geometry.base_grid());
            for index in 0..1000u32 {
                patched.insert(index * 7919 % 1024, index * 104_729 % 1024);
            }
            black_box(fast_pyramid::internals::walk::BuildPlan::patch(&geometry, patched).counts())
        });
    });
}

criterion_group!(benches, whole_parent, jpeg_stages, filters, arithmetic);
criterion_main!(benches);
