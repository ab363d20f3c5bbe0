//! `fast_pyramid man [COMMAND]`

use super::arguments::Arguments;
use super::console::Console;
use super::exit::Code;
use clap::CommandFactory;

/// Prints the manual page of the program, or of one of its commands, as troff.
pub(crate) fn run(name: Option<&str>, console: &Console) -> Code {
    let mut program = Arguments::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone().name(format!("fast_pyramid-{name}").leak() as &str),
            None => {
                let names: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                console.error(&format!("no command {name}"), Some(&format!("commands: {}", names.join(", "))));
                return Code::Usage;
            }
        },
    };
    let mut page = Vec::new();
    if let Err(error) = clap_mangen::Man::new(command).render(&mut page) {
        console.error(&format!("cannot render the manual page: {error}"), None);
        return Code::Failed;
    }
    console.data(&String::from_utf8_lossy(&page));
    Code::Done
}
