//! Source versions: the user's base tiles, and new versions of them.

pub(crate) mod freshness;
pub(crate) mod latest;
pub(crate) mod new_pyramid;
pub(crate) mod new_source;
pub(crate) mod sources;
