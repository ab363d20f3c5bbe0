//! `fast_pyramid completions SHELL`

use super::arguments::Arguments;
use super::console::Console;
use super::exit::Code;
use clap::CommandFactory;

/// Prints a completion script.
pub(crate) fn run(shell: clap_complete::Shell, console: &Console) -> Code {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "fast_pyramid", &mut script);
    console.data(&String::from_utf8_lossy(&script));
    Code::Done
}
