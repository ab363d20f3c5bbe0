//! Kills, signals, injected errors, small disks, and damage to the files in `dest/.fast_pyramid`.
//!
//! By default a part of the long sweeps runs; `KILL_POINTS=all` runs all. Sudden loss of power: `tests/power_cut.py`.
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
