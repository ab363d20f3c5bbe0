//! The tool's own state in `dest/.fast_pyramid`: lock, manifests, and notes about unfinished work.

pub(crate) mod folder;
pub(crate) mod lock;
pub(crate) mod manifest;
pub(crate) mod replaced;
