//! `build`.

mod broken_links;
mod changed_settings;
mod changed_sources;
mod dry_run;
mod several;
mod touched_sources;
mod unfilled;
