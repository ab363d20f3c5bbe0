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

use arguments::{Arguments, Command, GlobalArguments};
use clap::Parser;
use console::Console;
use default_command::{NoSuchCommand, misspelt, with_default_command};
use exit::Code;
use fast_pyramid::internals::text::display_path;
use session::Session;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command line `words`, which begin with the program's name.
pub(crate) fn run(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let (words, names_no_command) = with_default_command(words.into_iter().collect());
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
        Command::Build(build) => match misspelt(&build.folders.folders).filter(|_| names_no_command) {
            Some(wrong) => refuse(&wrong, &arguments.global, &console),
            None => build::run(build, &arguments.global, &console),
        },
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

/// Reports a misspelt command.
fn refuse(NoSuchCommand { word, nearest }: &NoSuchCommand<'_>, global: &GlobalArguments, console: &Console) -> Code {
    let suggestion = match nearest {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "give the folder that holds pyramid.json and v0;".to_owned(),
    };
    let hint = format!("{suggestion} fast_pyramid help lists all commands");
    let text = format!("{}: no such command or folder", display_path(word));
    Session::quick(global, console).refuse(word, &text, Some(&hint), Code::Usage)
}
