//! Building one version: first a plan, which is a plain value, then a walk that carries it out. A first version whose base
//! tiles are only being made is built from row to row instead ([`RowBuild`]).
//!
//! It sees tiles, never paths: stored tiles come from a [`TileSource`], new ones go to a [`TileSink`].

pub mod cut;
mod plan;
mod rows;
mod spare_images;
mod tree;

pub use plan::{BuildPlan, PlanCounts};
pub use rows::RowBuild;
pub use tree::{BuildFailure, Finished, TileSink, TileSource, Watch, run};
