//! What verify and repair need from the disk: whether everything is there and as recorded.

#[allow(clippy::module_inception)]
pub(crate) mod check;
pub(crate) mod entries;
pub(crate) mod mend;
pub(crate) mod problem;
