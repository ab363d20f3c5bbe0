//! One module per command.

mod build;
mod cut;
mod found_files;
mod init;
mod inspect;
mod repair;
mod revert;
mod vacuum;
mod vacuum_keep_sources;
mod vacuum_unfinished;
mod verify;
