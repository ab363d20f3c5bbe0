//! `cut`.

mod batch;
mod build;
mod damaged_pictures;
mod dry_run;
mod folders;
mod origins;
mod pictures;
mod profiles;
mod refusals;
mod standard_input;
mod tolerance;
mod versions;
