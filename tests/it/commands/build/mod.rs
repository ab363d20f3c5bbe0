//! `build`.

mod broken_links;
mod changed_sources;
mod dry_run;
mod several;
mod unfilled;
