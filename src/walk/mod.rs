//! Walks over a pyramid: which tiles a version needs, and making them.
//!
//! [`BuildPlan`] is a plain value. [`build_tree`] carries it out, depth first, from stored tiles. [`RowBuild`] builds a first
//! version from rows of base tiles while they are being made, and [`cut`] makes those rows from a picture. Tiles are read
//! from a [`TileSource`] and stored in a [`TileSink`]; no walk sees a path.

pub mod cut;
#[cfg(test)]
mod memory;
mod overlap;
mod parent;
mod plan;
mod rows;
mod tiles;
mod tree;

pub use overlap::{Decision, Maker, Slot, find_stale_neighbours, make_levels};
pub use parent::{Buffers, Parents, visit_children};
pub use plan::{BuildPlan, PlanCounts};
pub use rows::RowBuild;
pub use tiles::{BuildFailure, Resumed, TileSink, TileSource, VersionSink};
pub use tree::build_tree;
