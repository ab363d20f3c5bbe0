//! What holds for every command, and for the repository itself.

mod docs;
mod folders;
mod help;
mod layering;
mod locks;
mod module_files;
mod naming_schemes;
mod readme;
mod regressions;
mod spec;
mod streams;
mod tile_contents;
mod tile_names;
