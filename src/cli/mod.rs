//! The command line: arguments in, results out, exit codes. One small file per command.

mod arguments;
mod build;
mod changes;
mod completions;
mod console;
mod cut;
mod default_command;
mod exit;
mod folders;
mod help;
mod hints;
mod info;
mod init;
mod interrupt;
mod man;
mod progress;
mod repair;
mod revert;
mod session;
mod vacuum;
mod values;
mod verify;

use arguments::{Arguments, Command};
use clap::Parser;
use console::Console;
use default_command::{NoSuchCommand, with_default_command};
use exit::Code;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `words`, which begin with the program's name.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words = match with_default_command(words.into_iter().collect()) {
        Ok(words) => words,
        Err(wrong) => return refuse(&wrong),
    };
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed stdout or stderr is no error.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let console = Console::new(&arguments.global);
    let code = match &arguments.command {
        Command::Build(build) => build::run(build, &arguments.global, &console),
        Command::Cut(cut) => cut::run(cut, &arguments.global, &console),
        Command::Init(init) => init::run(init, &arguments.global, &console),
        Command::Info(info) => info::run(info, &arguments.global, &console),
        Command::Changes(changes) => changes::run(changes, &arguments.global, &console),
        Command::Verify(verify) => verify::run(verify, &arguments.global, &console),
        Command::Repair(repair) => repair::run(repair, &arguments.global, &console),
        Command::Revert(revert) => revert::run(revert, &arguments.global, &console),
        Command::Vacuum(vacuum) => vacuum::run(vacuum, &arguments.global, &console),
        Command::Completions { shell } => completions::run(*shell, &console),
        Command::Man { command } => man::run(command.as_deref(), &console),
    };
    ExitCode::from(console.finish(code).number())
}

/// Reports a misspelt command. It is not taken for a folder to build: the folders after it were not meant to be built, either.
fn refuse(NoSuchCommand { word, nearest }: &NoSuchCommand) -> ExitCode {
    let hint = match nearest {
        Some(nearest) => format!("did you mean {nearest}? fast_pyramid help lists all commands"),
        None => "give the folder that holds pyramid.json and v0; fast_pyramid help lists all commands".to_owned(),
    };
    Console::default().error(&format!("{word}: no such command or folder"), Some(&hint));
    ExitCode::from(Code::Usage.number())
}
