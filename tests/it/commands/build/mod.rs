//! `build`.

mod changed_sources;
mod dry_run;
mod several;
