//! Kills, signals, injected errors, small disks, and damage to the files in `dest/.fast_pyramid`.
//!
//! By default a sample of the long sweeps runs; `KILL_POINTS=most` and `KILL_POINTS=all` run more. `tests/power_cut.py` cuts the
//! power of a disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../it/support/jpeg.rs"]
mod jpeg;

mod corrupt_state;
mod cut_interrupts;
mod cut_kills;
mod injected_errors;
mod interrupts;
mod kill_points;
mod small_disks;
