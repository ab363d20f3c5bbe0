//! `cut`.

mod batch;
mod build;
mod damaged_pictures;
mod folders;
mod pictures;
mod versions;
