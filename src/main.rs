//! The `fast_pyramid` command: see `fast_pyramid --help`.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
