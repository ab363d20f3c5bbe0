//! Files and folders as such: reading, writing, linking and flushing, with errors that carry their paths.

pub(crate) mod early_flush;
pub(crate) mod files;
