//! Workers reuse their memory: a further tile that is built or linked allocates almost nothing.
#![allow(clippy::unwrap_used)]

use fast_pyramid::internals::ops::unflushed_build;
use fast_pyramid::{BuildOptions, Pyramid};
use std::alloc::{GlobalAlloc, Layout, System};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what is asked for.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

#[allow(unsafe_code)]
// SAFETY: everything is the system allocator's; the counter is not memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a first build of `side` x `side` base tiles and of a patch of one tile, without those of finding and
/// checking their names.
fn allocations(side: u32) -> [u64; 2] {
    let folder = tempfile::tempdir().unwrap();
    let (tile, pixels) = (test_support::fixture("relief/v0/0_0.jpg"), side * 256);
    let spec = format!("{{ width: {pixels}, height: {pixels}, tile_size: 256, overlap: 0, quality: 75 }}");
    std::fs::write(folder.path().join("pyramid.json"), spec).unwrap();
    std::fs::create_dir(folder.path().join("v0")).unwrap();
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        std::fs::copy(&tile, folder.path().join(format!("v0/{column}_{row}.jpg"))).unwrap();
    }
    let pyramid = Pyramid::open(folder.path()).unwrap();
    let during = |dry_run: bool| {
        let threads = NonZeroUsize::new(1);
        let options = unflushed_build(BuildOptions::default().dry_run(dry_run).threads(threads));
        let before = COUNT.load(Ordering::Relaxed);
        pyramid.build(&options).unwrap();
        COUNT.load(Ordering::Relaxed) - before
    };
    let build = || {
        let survey = during(true);
        during(false) - survey
    };
    let first = build();
    std::fs::create_dir(folder.path().join("v1")).unwrap();
    std::fs::copy(test_support::fixture("relief/v0/1_1.jpg"), folder.path().join("v1/3_3.jpg")).unwrap();
    [first, build()]
}

#[test]
fn further_tiles_allocate_almost_nothing() {
    let (few, many) = (allocations(8), allocations(32));
    let tiles = (32 * 32 - 8 * 8) * 4 / 3;
    for (few, many) in few.into_iter().zip(many) {
        let each = many.saturating_sub(few) as f64 / f64::from(tiles);
        println!("{few} allocations for 8x8 base tiles, {many} for 32x32: {each:.3} for each further tile");
        assert!(each < 0.1, "{each} allocations a tile");
    }
}
