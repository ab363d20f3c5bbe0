use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn geometry(width: u32, height: u32, tile_size: u32, overlap: u32) -> Geometry {
    Geometry::new(Size::new(width, height), tile_size, overlap).unwrap()
}

#[test]
fn sizes_and_grids_of_a_small_pyramid() {
    let example = geometry(750, 500, 250, 0);
    assert_eq!(example.base_level(), 10);
    assert_eq!(example.base_grid(), Grid { columns: 3, rows: 2 });
    assert_eq!(example.level_size(9), Size::new(375, 250));
    assert_eq!(example.level_size(0), Size::new(1, 1));
    assert_eq!(example.tile_count(), 6 + 2 + 9);
}

#[test]
fn sizes_at_the_limits_do_not_overflow() {
    let largest = geometry(MAX_SIDE, MAX_SIDE, 1, 0);
    assert_eq!(largest.base_level(), 31);
    assert_eq!(largest.base_grid().count(), 1 << 62);
    let corner = Tile { level: 31, column: MAX_SIDE - 1, row: MAX_SIDE - 1 };
    assert_eq!(largest.tile_rect(corner).unwrap(), Rect { x: MAX_SIDE - 1, y: MAX_SIDE - 1, size: Size::new(1, 1) });
    let widest = geometry(MAX_SIDE, 1, u32::MAX, u32::MAX / 2);
    assert_eq!(widest.tile_rect(Tile { column: 0, row: 0, ..corner }).unwrap().size.width, MAX_SIDE);
    assert_eq!(geometry(MAX_SIDE, 1, 1, 0).level_size(0), Size::new(1, 1));
    assert_eq!(geometry(MAX_SIDE - 1, 1, 1, 0).base_level(), 31);
    assert_eq!(geometry((1 << 29) + 1, 1, 256, 0).base_level(), 30);
    assert_eq!(geometry(1 << 29, 1, 256, 0).base_level(), 29);
    assert_eq!(geometry(1, 1, 1, 0).base_level(), 0);
    assert!(Geometry::new(Size::new(MAX_SIDE + 1, 1), 1, 0).is_none());
    assert!(Geometry::new(Size::new(0, 1), 1, 0).is_none());
    assert!(Geometry::new(Size::new(1, 1), 0, 0).is_none());
    assert!(Geometry::new(Size::new(9, 9), 7, 3).is_some());
    assert!(Geometry::new(Size::new(9, 9), 7, 4).is_none());
}

/// As in libvips: at width 255, tile size 254 and overlap 1, both tiles exist, 255 and 2 pixels wide.
#[test]
fn overlap_widens_tiles_without_changing_their_number() {
    let shape = geometry(255, 10, 254, 1);
    assert_eq!(shape.base_grid().columns, 2);
    let widths: Vec<u32> = (0..2)
        .map(|column| shape.tile_rect(Tile { level: shape.base_level(), column, row: 0 }).unwrap().size.width)
        .collect();
    assert_eq!(widths, [255, 2]);
}

fn any_geometry() -> impl Strategy<Value = Geometry> {
    (1..2000u32, 1..2000u32, 1..300u32, 0..3u32).prop_map(|(width, height, tile, overlap)| {
        let tile = tile.max(width.max(height) / 60 + 1);
        geometry(width, height, tile, overlap.min(tile / 2))
    })
}

fn any_geometry_with_overlap() -> impl Strategy<Value = Geometry> {
    (1..200u32, 1..200u32, 2..60u32, 0..=64u32, any::<bool>()).prop_map(|(width, height, tile, overlap, plain)| {
        let base_tiles = if plain { BaseTiles::Plain } else { BaseTiles::Overlapping };
        geometry(width, height, tile, overlap % (tile / 2 + 1)).with_base_tiles(base_tiles)
    })
}

proptest! {
    #[test]
    fn each_level_is_half_the_finer_one_rounded_up(width in 1..=MAX_SIDE, height in 1..=MAX_SIDE, tile in 1..=u32::MAX) {
        let shape = geometry(width, height, tile, 0);
        let mut size = Size::new(width, height);
        for level in shape.levels().rev() {
            prop_assert_eq!(shape.level_size(level), size);
            let grid = shape.grid(level);
            prop_assert!(u64::from(grid.columns) * u64::from(tile) >= u64::from(size.width));
            prop_assert!((u64::from(grid.columns) - 1) * u64::from(tile) < u64::from(size.width));
            if level > 0 {
                prop_assert!(size != Size::new(1, 1), "level 0 is the first of one pixel");
                let coarser = shape.grid(level - 1);
                prop_assert_eq!(coarser.columns, grid.columns.div_ceil(2));
                prop_assert_eq!(coarser.rows, grid.rows.div_ceil(2));
            }
            size = size.halved();
        }
        prop_assert_eq!(size, Size::new(1, 1));
    }

    #[test]
    fn tiles_partition_each_level(width in 1..200u32, height in 1..200u32, tile_size in 1..90u32) {
        let shape = geometry(width, height, tile_size, 0);
        for level in shape.levels() {
            let size = shape.level_size(level);
            let mut covered = vec![0u8; size.pixels() as usize];
            let grid = shape.grid(level);
            for row in 0..grid.rows {
                for column in 0..grid.columns {
                    let rect = shape.tile_rect(Tile { level, column, row }).unwrap();
                    for y in rect.y..rect.y + rect.size.height {
                        for x in rect.x..rect.x + rect.size.width {
                            covered[(y * size.width + x) as usize] += 1;
                        }
                    }
                }
            }
            prop_assert!(covered.iter().all(|&times| times == 1));
        }
    }

    #[test]
    fn parent_and_children_are_inverse(shape in any_geometry()) {
        for tile in all_tiles(&shape) {
            if tile.level < shape.base_level() {
                let children: Vec<Tile> = shape.children(tile).into_iter().flatten().collect();
                prop_assert!(!children.is_empty());
                for child in children {
                    prop_assert_eq!(child.parent(), Some(tile));
                }
            }
            match tile.parent() {
                None => prop_assert_eq!(tile, shape.top()),
                Some(parent) => prop_assert!(shape.children(parent).contains(&Some(tile))),
            }
        }
        prop_assert_eq!(all_tiles(&shape).len() as u64, shape.tile_count());
    }

    /// The model uses only pixel coordinates: a tile is made from those whose cores contain pixels under it.
    #[test]
    fn inputs_are_the_tiles_whose_cores_lie_under_a_tile(shape in any_geometry_with_overlap()) {
        for tile in all_tiles(&shape) {
            let rect = shape.tile_rect(tile).unwrap();
            let scale = if tile.level < shape.base_level() { 2 } else { 1 };
            let under = |start: u32, length: u32, input: u32, size: u32| {
                input < (start + length) * scale && start * scale < input + size
            };
            let inputs = shape.inputs(tile);
            if tile.level == shape.source_level() {
                prop_assert_eq!(inputs.iter().count(), 0);
                continue;
            }
            let expected: Vec<Tile> = tiles_of(&shape, tile.level + 1)
                .filter(|&input| {
                    let core = shape.core_rect(input).unwrap();
                    under(rect.x, rect.size.width, core.x, core.size.width)
                        && under(rect.y, rect.size.height, core.y, core.size.height)
                })
                .collect();
            prop_assert_eq!(inputs.iter().collect::<Vec<_>>(), expected.clone());
            for input in tiles_of(&shape, tile.level + 1) {
                prop_assert_eq!(inputs.contains(input), expected.contains(&input));
                prop_assert_eq!(shape.dependents(input).contains(tile), expected.contains(&input));
            }
        }
    }

    /// Every pixel under a tile comes from exactly one place, which is the core that contains it.
    #[test]
    fn pieces_cover_a_mosaic_with_the_pixels_under_the_tile(shape in any_geometry_with_overlap()) {
        for tile in all_tiles(&shape) {
            let Some(mosaic) = shape.mosaic(tile) else {
                prop_assert_eq!(tile.level, shape.source_level());
                continue;
            };
            let rect = shape.tile_rect(tile).unwrap();
            let scale = if tile.level < shape.base_level() { 2 } else { 1 };
            prop_assert_eq!(mosaic.scale == Scale::Half, scale == 2);
            prop_assert_eq!(if scale == 2 { mosaic.size.halved() } else { mosaic.size }, rect.size);
            let mut covered = vec![0; mosaic.size.pixels() as usize];
            for Piece { tile: input, from, x, y } in mosaic.pieces {
                let (whole, core) = (shape.tile_rect(input).unwrap(), shape.tile_shape(input).core);
                prop_assert_eq!((whole.x + from.x, whole.y + from.y), (rect.x * scale + x, rect.y * scale + y));
                prop_assert!(from.x >= core.x && from.x + from.size.width <= core.x + core.size.width);
                prop_assert!(from.y >= core.y && from.y + from.size.height <= core.y + core.size.height);
                for y in y..y + from.size.height {
                    for x in x..x + from.size.width {
                        covered[(y * mosaic.size.width + x) as usize] += 1;
                    }
                }
            }
            prop_assert!(covered.iter().all(|&times| times == 1));
        }
    }

    /// One changed tile affects at most 3 x 3 tiles of each level.
    #[test]
    fn a_patch_of_one_tile_affects_few_tiles(shape in any_geometry_with_overlap(), pick in any::<u32>()) {
        let grid = shape.base_grid();
        let mut patched = GridSet::new(grid);
        patched.insert(pick % grid.columns, pick / grid.columns % grid.rows);
        let affected = TileSet::affected(&shape, patched);
        for level in shape.levels() {
            prop_assert!((1..=9).contains(&affected.level(level).unwrap().count()));
        }
    }

    /// The model uses only pixel coordinates, never tile numbers.
    ///
    /// A tile is affected if a patched base pixel lies under it.
    #[test]
    fn ancestors_are_the_tiles_over_a_patched_pixel(
        width in 1..300u32, height in 1..300u32, tile_size in 7..90u32,
        picks in proptest::collection::vec((any::<u32>(), any::<u32>()), 0..6),
    ) {
        let shape = geometry(width, height, tile_size, 0);
        let grid = shape.base_grid();
        let mut base = GridSet::new(grid);
        for (x, y) in picks {
            base.insert(x % grid.columns, y % grid.rows);
        }
        let affected = TileSet::affected(&shape, base.clone());
        let expected: BTreeSet<Tile> = all_tiles(&shape).into_iter().filter(|&tile| covers_patch(&shape, tile, &base)).collect();
        prop_assert_eq!(affected.iter().collect::<BTreeSet<_>>(), expected.clone());
        prop_assert_eq!(affected.count(), expected.len() as u64);
        prop_assert!(all_tiles(&shape).into_iter().all(|tile| affected.contains(tile) == expected.contains(&tile)));
    }

    #[test]
    fn grid_set_behaves_like_a_set(columns in 1..40u32, rows in 1..40u32, picks in proptest::collection::vec((0..50u32, 0..50u32), 0..80)) {
        let grid = Grid { columns, rows };
        let mut set = GridSet::new(grid);
        let mut model = BTreeSet::new();
        for (column, row) in picks {
            let inside = column < columns && row < rows;
            prop_assert_eq!(set.insert(column, row), inside && model.insert((row, column)));
        }
        prop_assert_eq!(set.count(), model.len() as u64);
        let listed: Vec<_> = set.iter().map(|(column, row)| (row, column)).collect();
        prop_assert_eq!(listed, model.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(set.missing().count() as u64, grid.count() - set.count());
        prop_assert!(set.missing().all(|(column, row)| !set.contains(column, row)));
        let full = GridSet::full(grid);
        prop_assert_eq!(full.iter().count() as u64, grid.count());
        prop_assert_eq!(full.missing().count(), 0);
    }
}

fn all_tiles(shape: &Geometry) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for level in 0..=shape.source_level() {
        tiles.extend(tiles_of(shape, level));
    }
    tiles
}

fn tiles_of(shape: &Geometry, level: u8) -> impl Iterator<Item = Tile> + use<> {
    let Grid { columns, rows } = shape.grid(level);
    (0..rows).flat_map(move |row| (0..columns).map(move |column| Tile { level, column, row }))
}

fn covers_patch(shape: &Geometry, tile: Tile, base: &GridSet) -> bool {
    let shrink = 1u64 << (shape.base_level() - tile.level);
    let rect = shape.tile_rect(tile).unwrap();
    let inside = |start: u32, length: u32, pixel: u32| {
        let (start, end) = (u64::from(start) * shrink, u64::from(start + length) * shrink);
        (start..end).contains(&u64::from(pixel))
    };
    base.iter().any(|(column, row)| {
        let patch = shape.tile_rect(Tile { level: shape.base_level(), column, row }).unwrap();
        inside(rect.x, rect.size.width, patch.x) && inside(rect.y, rect.size.height, patch.y)
    })
}
