//! `fast_pyramid man [COMMAND]`

use super::arguments::Arguments;
use super::console::Console;
use super::exit::Code;
use clap::{ArgAction, Command, CommandFactory};
use clap_mangen::Man;
use std::io::Write;

/// Prints the manual page of the program, or of one of its commands, as troff.
pub(crate) fn run(name: Option<&str>, console: &Console) -> Code {
    let mut program = Arguments::command();
    program.build();
    let command = match name {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
                console.error(&format!("no command {name}"), Some(&format!("commands: {}", names.join(", "))));
                return Code::Usage;
            }
        },
    };
    match page(command, name) {
        Ok(page) => {
            console.data(&String::from_utf8_lossy(&page));
            Code::Done
        }
        Err(error) => {
            console.error(&format!("cannot render the manual page: {error}"), None);
            Code::Failed
        }
    }
}

fn page(mut command: Command, name: Option<&str>) -> std::io::Result<Vec<u8>> {
    let (synopsis, after) = (synopsis(&mut command), command.get_after_help().map(ToString::to_string));
    let is_program = name.is_none();
    if let Some(name) = name {
        command = command.name(format!("fast_pyramid-{name}").leak() as &str);
    }
    let (man, mut page) = (Man::new(command), Vec::new());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    page.write_all(synopsis.as_bytes())?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if is_program {
        man.render_subcommands_section(&mut page)?;
    }
    page.write_all(sections(&after.unwrap_or_default()).as_bytes())?;
    if is_program {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// The usage with all options and their values, which clap abbreviates.
fn synopsis(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut text = ".SH SYNOPSIS\n".to_owned();
    for (index, line) in usage.lines().enumerate() {
        let options: Vec<String> = command
            .get_arguments()
            .filter(|argument| !argument.is_positional() && !argument.is_hide_set())
            .filter(|argument| {
                !matches!(
                    argument.get_action(),
                    ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
                )
            })
            .filter(|argument| argument.get_long().is_none_or(|long| !line.contains(&format!("--{long}"))))
            .map(|argument| {
                let long = argument.get_long().map(|long| format!("--{long}")).unwrap_or_default();
                let values = argument.get_value_names().filter(|_| argument.get_action().takes_values());
                let values: String = values.unwrap_or_default().iter().map(|value| format!(" {value}")).collect();
                format!("[{long}{values}]")
            })
            .collect();
        if index > 0 {
            text += ".br\n";
        }
        text += &escaped(line.trim().replace("[OPTIONS]", &options.join(" ")).as_str());
        text.push('\n');
    }
    text
}

/// What follows the options in the help, as sections: examples as they are, the rest as text.
fn sections(after: &str) -> String {
    let (mut examples, mut notes, mut status) = (String::new(), String::new(), String::new());
    for paragraph in after.split("\n\n") {
        if let Some(lines) = paragraph.strip_prefix("Examples:\n") {
            let lines: Vec<String> =
                lines.lines().map(|line| escaped(line.strip_prefix("  ").unwrap_or(line))).collect();
            examples = format!(".SH EXAMPLES\n.nf\n{}\n.fi\n", lines.join("\n"));
        } else if let Some(codes) = paragraph.strip_prefix("Exit codes: ") {
            status = format!(".SH \"EXIT STATUS\"\n{}\n", escaped(codes));
        } else if !paragraph.trim().is_empty() {
            notes += if notes.is_empty() { ".SH NOTES\n" } else { ".PP\n" };
            notes += &escaped(paragraph);
            notes.push('\n');
        }
    }
    examples + &status + &notes
}

/// Text that troff prints as it is.
fn escaped(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_exit_codes_are_sections() {
        let text = sections("Examples:\n  a --b   c\n  .d\n\nA note.\n\nExit codes: 0 done");
        let expected =
            ".SH EXAMPLES\n.nf\na \\-\\-b   c\n\\&.d\n.fi\n.SH \"EXIT STATUS\"\n0 done\n.SH NOTES\nA note.\n";
        assert_eq!(text, expected);
    }
}
