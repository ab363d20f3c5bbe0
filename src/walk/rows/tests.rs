use super::*;
use crate::format::{Filter, FormatKind, Quality, Settings, TileFormat, TileNaming};
use crate::geometry::Size;
use crate::jpeg::{self, Colour, HuffmanTables, JpegImage, PlaneSource};
use crate::tile::Scratch;
use crate::walk::memory::{Memory, Tiles, noise};
use crate::walk::{BuildPlan, build_tree};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

type Failure = BuildFailure<String>;

/// Counts tiles, and cancels at a limit.
struct Count {
    tiles: AtomicU64,
    limit: u64,
}

impl Count {
    fn to(limit: u64) -> Self {
        Self { tiles: AtomicU64::new(0), limit }
    }
}

impl Progress for Count {
    fn advance(&self, count: u64) {
        self.tiles.fetch_add(count, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.tiles.load(Ordering::Relaxed) >= self.limit
    }
}

fn jpeg_tile(seed: u32, size: Size, quality: u8) -> Vec<u8> {
    let (luma, chroma) = jpeg::quantisation_tables(quality);
    let (pixels, factor) = ((size.width, size.height), if quality < 90 { (2, 2) } else { (1, 1) });
    let factors = [factor, (1, 1), (1, 1)];
    let planes = [0, 1, 2].map(|index| {
        let (width, height) = jpeg::component_size(pixels, factors[index], factor);
        noise(seed + index as u32, (width * height) as usize)
    });
    let sources = [0, 1, 2].map(|index| PlaneSource {
        samples: &planes[index],
        horizontal: factors[index].0,
        vertical: factors[index].1,
        quantisation: if index == 0 { &luma } else { &chroma },
    });
    let (mut image, mut bytes) = (JpegImage::default(), Vec::new());
    image.assign_planes(pixels, Colour::YCbCr, &sources).unwrap();
    jpeg::encode(&image, HuffmanTables::Standard, &mut bytes).unwrap();
    bytes
}

fn png_tile(seed: u32, size: Size) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size.width, size.height);
    let (colour, channels) =
        if seed.is_multiple_of(3) { (png::ColorType::Rgba, 4) } else { (png::ColorType::Grayscale, 1) };
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let samples = noise(seed, size.pixels() as usize * channels);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

/// A picture cut into base tiles.
struct Picture {
    geometry: Geometry,
    codec: Codec,
    base: BTreeMap<Tile, Vec<u8>>,
}

impl Picture {
    fn new(seed: u32, size: Size, tile_size: u32, kind: FormatKind, quality: u8) -> Self {
        let geometry = Geometry::new(size, tile_size, 0).unwrap();
        let format = TileFormat::new(if kind == FormatKind::Jpeg { "jpg" } else { "png" }).unwrap();
        let codec = Codec::new(&Settings {
            width: size.width,
            height: size.height,
            tile_size,
            overlap: 0,
            base_tiles: None,
            format,
            quality: Quality::new(quality),
            huffman_tables: None,
            filter: Filter::Mean,
            linear: false,
            tile_naming: TileNaming::column_row(),
        });
        let (level, grid) = (geometry.base_level(), geometry.base_grid());
        let places = (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| Tile { level, column, row }));
        let bytes = |tile: Tile| {
            let (seed, size) = (seed.wrapping_add(tile.row * 1000 + tile.column), geometry.tile_dimensions(tile));
            if kind == FormatKind::Jpeg { jpeg_tile(seed, size, quality) } else { png_tile(seed, size) }
        };
        Self { geometry, codec, base: places.map(|tile| (tile, bytes(tile))).collect() }
    }

    fn memory(&self) -> Memory {
        Memory { patched: self.base.clone(), ..Memory::default() }
    }

    /// The generated tiles as the tree walk makes them.
    fn expected(&self) -> Tiles {
        let memory = self.memory();
        build_tree(&BuildPlan::first(&self.geometry), self.codec, &memory, &memory, &Count::to(u64::MAX)).unwrap();
        let mut tiles = memory.tiles.into_inner();
        tiles.retain(|tile, _| tile.level < self.geometry.base_level());
        tiles
    }

    /// Builds by rows, and returns the number of images used. `fails` is a base tile that cannot be made.
    fn by_rows(&self, memory: &Memory, watch: &Count, fails: Option<(u32, u32)>) -> Result<usize, Failure> {
        let (mut build, level) = (RowBuild::new(&self.geometry, self.codec, memory, watch), self.geometry.base_level());
        while let Some(row) = build.next_row() {
            let made: Mutex<Vec<u32>> = Mutex::default();
            let result = build.row(|column, image| {
                made.lock().push(column);
                if fails == Some((column, row)) {
                    return Err(Failure::Store(format!("{column}_{row} cannot be made")));
                }
                let tile = Tile { level, column, row };
                let (bytes, size) = (&self.base[&tile], self.geometry.tile_dimensions(tile));
                let decoded = self.codec.decode_into(bytes, size, &mut Scratch::default(), image);
                decoded.map_err(|error| Failure::Stored { tile, error })
            });
            if let Err(failure) = result {
                assert!(matches!(build.row(|_, _| unreachable!()), Err::<(), Failure>(BuildFailure::Cancelled)));
                return Err(failure);
            }
            let mut made = made.into_inner();
            made.sort_unstable();
            assert!(made.into_iter().eq(0..self.geometry.base_grid().columns));
        }
        build.row(|_, _| unreachable!("there is no further row")).map_err(|failure: Failure| failure)?;
        let Waiting::Children(waiting) = &build.waiting else { unreachable!() };
        assert!(waiting.iter().flatten().all(|image| *image.lock() == TileImage::default()));
        Ok(build.parents.spare_count())
    }
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// A picture's size and its tiles' size: all sorts, but no more than some thousand tiles.
fn any_shape() -> impl Strategy<Value = (Size, u32)> {
    let side = |most: u32| prop_oneof![1..=most, Just(1), Just(most)];
    let of = move |most: u32, tile_sizes: std::ops::RangeInclusive<u32>| {
        (side(most), side(most), tile_sizes)
            .prop_map(|(width, height, tile_size)| (Size::new(width, height), tile_size))
    };
    prop_oneof![of(600, 32..=300), of(600, 20..=64), of(600, 64..=64), of(40, 1..=9)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn row_build_equals_tree_build(
        (size, tile_size) in any_shape(), jpeg in any::<bool>(), quality in proptest::sample::select(vec![75u8, 90]),
        seed in 0..u32::MAX / 2,
    ) {
        let kind = if jpeg { FormatKind::Jpeg } else { FormatKind::Png };
        let picture = Picture::new(seed, size, tile_size, kind, quality);
        let expected = picture.expected();
        for threads in [1, 4] {
            let (memory, watch) = (picture.memory(), Count::to(u64::MAX));
            with_threads(threads, || picture.by_rows(&memory, &watch, None)).unwrap();
            prop_assert!(*memory.tiles.lock() == expected, "tiles differ with {} threads", threads);
            prop_assert_eq!(watch.tiles.into_inner(), picture.geometry.tile_count());
        }
    }

    /// Wherever the build ends, it writes no tile that the tree walk would not.
    #[test]
    fn a_failed_build_reports_the_reason(
        (size, tile_size) in any_shape(), threads in 1..4usize, at in any::<prop::sample::Index>(), how in 0..3u8,
    ) {
        let picture = Picture::new(7, size, tile_size, FormatKind::Png, 80);
        let expected = picture.expected();
        let (mut memory, mut watch, mut fails) = (picture.memory(), Count::to(u64::MAX), None);
        let reason = match how {
            0 => {
                watch = Count::to(at.index(picture.geometry.tile_count() as usize) as u64);
                None
            }
            1 => {
                let tile = *at.get(&picture.base.keys().collect::<Vec<_>>());
                fails = Some((tile.column, tile.row));
                Some(format!("{}_{} cannot be made", tile.column, tile.row))
            }
            _ if expected.is_empty() => return Ok(()),
            _ => {
                let tile = **at.get(&expected.keys().collect::<Vec<_>>());
                memory.refused = Some(tile);
                Some(format!("{tile} is refused"))
            }
        };
        // Each thread ends the tiles that it has begun.
        let begun = (threads * (2 + usize::from(picture.geometry.base_level()))) as u64;
        match (with_threads(threads, || picture.by_rows(&memory, &watch, fails)), reason) {
            (Err(BuildFailure::Cancelled) | Ok(_), None) => prop_assert!(watch.tiles.into_inner() <= watch.limit + begun),
            (Err(BuildFailure::Store(error)), Some(reason)) => prop_assert_eq!(error, reason),
            (other, reason) => prop_assert!(false, "{other:?}, expected {reason:?}"),
        }
        for (tile, bytes) in memory.tiles.into_inner() {
            prop_assert!(expected[&tile] == bytes);
        }
    }
}

/// The number of images depends on the width and the threads, not on the height.
#[test]
fn at_most_one_row_per_level_waits() {
    for (columns, rows) in [(64, 64), (200, 9), (1, 300), (150, 31)] {
        let picture = Picture::new(1, Size::new(columns * 8, rows * 8), 8, FormatKind::Png, 80);
        for threads in [1, 4] {
            let memory = picture.memory();
            let images = with_threads(threads, || picture.by_rows(&memory, &Count::to(u64::MAX), None)).unwrap();
            let in_flight = threads * 5 * (usize::from(picture.geometry.base_level()) + 1);
            let most = 2 * columns as usize + in_flight;
            assert!(images <= most, "{columns}x{rows} tiles, {threads} threads: {images} images, {most} allowed");
        }
    }
}
