//! One module per command.

mod build;
mod cut;
mod folders;
mod found_files;
mod init;
mod inspect;
mod overlap;
mod read_only;
mod repair;
mod revert;
mod vacuum;
mod vacuum_cron;
mod vacuum_keep_sources;
mod vacuum_unfinished;
mod verify;
