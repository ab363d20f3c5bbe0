//! Published trees: read through their owners, staged, and published.

pub(crate) mod owners;
pub(crate) mod publish;
pub(crate) mod resume;
pub(crate) mod staging;
#[allow(clippy::module_inception)]
pub(crate) mod tree;
