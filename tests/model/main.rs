//! Random operations on a pyramid, compared with a small model of it: each version shows what the model says, and equals a
//! build from nothing.
//!
//! `MODEL_CASES=1000 cargo test --test model` takes longer and looks further.
#![allow(clippy::unwrap_used, clippy::panic)]

mod builds;
mod check;
mod damage;
mod operation;
mod refusals;
mod run;
mod state;
mod vacuums;

use operation::{Operation, Setup, any_operation, any_setup};
use proptest::prelude::*;
use run::Run;

/// How many sequences each test makes.
fn cases() -> u32 {
    std::env::var("MODEL_CASES").map_or(25, |text| text.parse().unwrap())
}

fn any_sequence() -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(any_operation(), 1..20)
}

fn happens(setup: &Setup, operations: &[Operation]) {
    let mut run = Run::start(setup);
    for operation in operations {
        run.step(operation);
    }
    run.end();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn png_pyramids_match_the_model(setup in any_setup(false), operations in any_sequence()) {
        happens(&setup, &operations);
    }

    #[test]
    fn jpeg_pyramids_match_the_model(setup in any_setup(true), operations in any_sequence()) {
        happens(&setup, &operations);
    }
}
