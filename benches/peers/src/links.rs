//! The least that publishing a patch can cost: one hard link for each tile of the tree.

use crate::Failure;
use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

/// A level folder of the tree, its twin, and the names in it.
struct Level {
    from: OwnedFd,
    to: OwnedFd,
    names: Vec<OsString>,
}

/// Links every tile of `tree` into `copy`. Only the links are timed; then, by itself, flushing them to the disk.
pub fn run(tree: &Path, copy: &Path, threads: usize) -> Result<Value, Failure> {
    let levels = open(&tree.join("dzi_files"), copy)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let link =
        |level: &Level, name: &OsString| rustix::fs::linkat(&level.from, name, &level.to, name, AtFlags::empty());
    let started = Instant::now();
    if threads == 1 {
        levels.iter().try_for_each(|level| level.names.iter().try_for_each(|name| link(level, name)))?;
    } else {
        pool.install(|| {
            levels.par_iter().try_for_each(|level| {
                level.names.par_chunks(256).try_for_each(|names| names.iter().try_for_each(|name| link(level, name)))
            })
        })?;
    }
    let links = started.elapsed().as_secs_f64();
    let started = Instant::now();
    rustix::fs::syncfs(open_folder(copy)?)?;
    let flush = started.elapsed().as_secs_f64();
    let tiles: usize = levels.iter().map(|level| level.names.len()).sum();
    Ok(json!({ "tiles": tiles, "links": links, "flush": flush, "seconds": links + flush }))
}

fn open(tree: &Path, copy: &Path) -> Result<Vec<Level>, Failure> {
    std::fs::create_dir(copy).map_err(|error| format!("{}: {error}", copy.display()))?;
    let mut levels = Vec::new();
    for entry in std::fs::read_dir(tree).map_err(|error| format!("{}: {error}", tree.display()))? {
        let entry = entry?;
        let (from, to) = (entry.path(), copy.join(entry.file_name()));
        std::fs::create_dir(&to)?;
        let names = std::fs::read_dir(&from)?.map(|name| Ok(name?.file_name())).collect::<Result<_, Failure>>()?;
        levels.push(Level { from: open_folder(&from)?, to: open_folder(&to)?, names });
    }
    Ok(levels)
}

fn open_folder(path: &Path) -> Result<OwnedFd, Failure> {
    Ok(rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?)
}
