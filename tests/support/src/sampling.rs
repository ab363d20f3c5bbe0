//! How much of the long sweeps and property tests runs, as the environment says.
//!
//! `KILL_POINTS=most` tries nearly every system call, `KILL_POINTS=all` every one and larger pyramids; without it a sample
//! runs. `CASES_FACTOR=5` runs fifteen times as many cases of each property test as without it.

/// How much of a sweep over system calls or damages runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// `KILL_POINTS` is not set.
    Sample,
    /// `KILL_POINTS=most`.
    Most,
    /// `KILL_POINTS=all`.
    All,
}

impl Sweep {
    /// Reads the environment.
    pub fn from_environment() -> Self {
        match std::env::var("KILL_POINTS").as_deref() {
            Err(_) => Self::Sample,
            Ok("most") => Self::Most,
            Ok("all") => Self::All,
            Ok(other) => panic!("KILL_POINTS={other}: expected most or all"),
        }
    }

    /// Every how many points one is tried.
    pub fn step(self, sample: usize, most: usize) -> usize {
        match self {
            Self::Sample => sample,
            Self::Most => most,
            Self::All => 1,
        }
    }
}

/// The number of cases of a property test: a third of `count` by default, otherwise `CASES_FACTOR` times `count`.
pub fn cases(count: u32) -> u32 {
    match std::env::var("CASES_FACTOR") {
        Err(_) => count.div_ceil(3),
        Ok(text) => count * text.parse::<u32>().expect("CASES_FACTOR is no whole number"),
    }
}
