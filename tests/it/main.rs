//! Integration tests by area: each command, each promise of the contract, and histories of many commands.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod contract;
mod histories;
mod support;
