//! Whole builds: `cargo bench --bench pyramid`.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use fast_pyramid::{BuildOptions, Pyramid};
use std::fs;
use std::path::Path;

/// Tiles along each side of the picture.
const SIDE: usize = 16;

/// A picture of 4096x4096 whose tiles are those of `fixtures/relief`, over and over, with a patch of one tile.
fn lay_out(folder: &Path, patched: bool) {
    fs::write(folder.join("pyramid.json"), "{ width: 4096, height: 4096, tile_size: 256, overlap: 0 }").unwrap();
    fs::create_dir(folder.join("v0")).unwrap();
    for row in 0..SIDE {
        for column in 0..SIDE {
            let source = benches::relief(&format!("{}_{}.jpg", column % 7, row % 5));
            fs::copy(source, folder.join(format!("v0/{column}_{row}.jpg"))).unwrap();
        }
    }
    if patched {
        fs::create_dir(folder.join("v1")).unwrap();
        fs::copy(benches::relief("3_3.jpg"), folder.join("v1/7_9.jpg")).unwrap();
    }
}

fn builds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build 4096x4096 from 256 tiles");
    group.sample_size(10);
    group.bench_function("first version", |bencher| {
        let setup = || {
            let folder = tempfile::tempdir().unwrap();
            lay_out(folder.path(), false);
            folder
        };
        let build = |folder: tempfile::TempDir| {
            Pyramid::open(folder.path()).unwrap().build(&BuildOptions::default()).unwrap();
            folder
        };
        bencher.iter_batched(setup, build, BatchSize::PerIteration);
    });
    group.bench_function("patch of one tile", |bencher| {
        let setup = || {
            let folder = tempfile::tempdir().unwrap();
            lay_out(folder.path(), false);
            Pyramid::open(folder.path()).unwrap().build(&BuildOptions::default()).unwrap();
            fs::create_dir(folder.path().join("v1")).unwrap();
            fs::copy(folder.path().join("v0/3_3.jpg"), folder.path().join("v1/7_9.jpg")).unwrap();
            folder
        };
        let build = |folder: tempfile::TempDir| {
            Pyramid::open(folder.path()).unwrap().build(&BuildOptions::default()).unwrap();
            folder
        };
        bencher.iter_batched(setup, build, BatchSize::PerIteration);
    });
    group.bench_function("nothing to do", |bencher| {
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path(), true);
        let pyramid = Pyramid::open(folder.path()).unwrap();
        pyramid.build(&BuildOptions::default()).unwrap();
        bencher.iter(|| pyramid.build(&BuildOptions::default()).unwrap());
    });
}

criterion_group!(benches, builds);
criterion_main!(benches);
