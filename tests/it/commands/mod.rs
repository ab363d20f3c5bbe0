//! One module per command.

mod build;
mod cut;
mod inspect;
mod repair;
mod vacuum;
mod vacuum_keep_sources;
mod vacuum_unfinished;
mod verify;
