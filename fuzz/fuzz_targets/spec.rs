//! Any text as a pyramid.json: values in range, or an error that says something.

#![no_main]

use fast_pyramid::TileFormat;
use fast_pyramid::internals::format::{MAX_BASE_TILES, MAX_TILE_SIZE, NamePattern, PyramidSpec, RowOrder, Settings};
use fast_pyramid::internals::geometry::MAX_SIDE;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match PyramidSpec::parse(text) {
        Err(error) => assert!(!error.to_string().is_empty() && !error.expected.is_empty()),
        Ok(spec) => {
            check_ranges(&spec);
            let written = write(&spec);
            let again = PyramidSpec::parse(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
            assert_eq!(again, spec);
        }
    }
});

fn check_ranges(spec: &PyramidSpec) {
    let (geometry, size) = (spec.geometry, spec.geometry.size());
    assert!((1..=MAX_SIDE).contains(&size.width) && (1..=MAX_SIDE).contains(&size.height));
    assert!((1..=MAX_TILE_SIZE).contains(&geometry.tile_size()) && geometry.overlap() <= MAX_TILE_SIZE);
    assert!(geometry.base_grid().count() <= MAX_BASE_TILES);
    assert!(geometry.tile_count() >= geometry.base_grid().count());
    assert_eq!(geometry.base_grid(), geometry.grid(geometry.base_level()));
    assert_eq!(geometry.grid(0).count(), 1);
    assert!(!spec.linear || spec.filter.averages());
    let settings = Settings::new(
        spec,
        spec.format.clone().unwrap_or_else(TileFormat::jpg),
        spec.naming(NamePattern::column_row()),
    );
    assert!(settings.differences(&settings).is_empty());
}

/// The same settings as a pyramid.json.
fn write(spec: &PyramidSpec) -> String {
    let (geometry, size) = (spec.geometry, spec.geometry.size());
    let mut text = format!(
        "{{width:{},height:{},tile_size:{},overlap:{},optimize:{},filter:'{}',linear:{},",
        size.width,
        size.height,
        geometry.tile_size(),
        geometry.overlap(),
        bool::from(spec.huffman_tables),
        format!("{:?}", spec.filter).to_lowercase(),
        spec.linear
    );
    if let Some(quality) = spec.quality {
        text += &format!("quality:{},", quality.get());
    }
    if let Some(format) = &spec.format {
        text += &format!("format:'{format}',");
    }
    if let Some(pattern) = &spec.tile_naming {
        text += &format!("tile_naming:{:?},", pattern.to_string());
    }
    let row_order = if spec.row_order == RowOrder::TopDown { "top_down" } else { "bottom_up" };
    text + &format!("first_tile:{},row_order:'{row_order}'}}", spec.first_tile)
}
