//! The command of a command line that names none: `fast_pyramid DIR...` builds.

use super::arguments::Arguments;
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::Path;

/// Options that say nothing about which command is meant. With `--json`, scripts get an object about a missing folder.
const NEUTRAL_OPTIONS: [&str; 7] = ["-j", "--threads", "-q", "--quiet", "-v", "--verbose", "--progress"];

/// How many letters may be wrong, missing, added or exchanged in a word that is taken for a command.
const MAX_TYPOS: usize = 2;

/// A word that was meant to be a command, or the folder of a pyramid, and is neither.
pub(super) struct NoSuchCommand {
    pub(super) word: String,
    /// The command that looks most like it, if one does.
    pub(super) nearest: Option<String>,
}

/// Inserts `build` into a command line that names no command.
///
/// The first word that is neither an option nor its value decides, so that global options may precede the command.
pub(super) fn with_default_command(words: Vec<OsString>) -> Result<Vec<OsString>, NoSuchCommand> {
    let program = Arguments::command();
    let Some(at) = deciding_word(&words, &program) else { return Ok(words) };
    let word = words[at].to_string_lossy();
    // clap adds `help` later.
    if program.find_subcommand(&*word).is_some() || word == "help" {
        return Ok(words);
    }
    let options = words[1..at].iter().filter(|option| option.to_string_lossy().starts_with('-'));
    let names_no_folder = is_plain_word(&word) && Path::new(&words[at]).symlink_metadata().is_err();
    if names_no_folder && options.into_iter().all(|option| is_neutral(&option.to_string_lossy())) {
        return Err(NoSuchCommand { nearest: nearest(&word, &program), word: word.into_owned() });
    }
    let mut words = words;
    words.insert(1, "build".into());
    Ok(words)
}

/// The index of the first word that is neither an option nor its value.
fn deciding_word(words: &[OsString], program: &clap::Command) -> Option<usize> {
    let valued: Vec<String> = program
        .get_subcommands()
        .chain([program])
        .flat_map(clap::Command::get_arguments)
        .filter(|argument| argument.get_action().takes_values() && !argument.is_positional())
        .flat_map(|argument| {
            let short = argument.get_short().map(|short| format!("-{short}"));
            short.into_iter().chain(argument.get_long().map(|long| format!("--{long}")))
        })
        .collect();
    let mut rest = words.iter().enumerate().skip(1);
    loop {
        let (at, word) = rest.next()?;
        match word.to_string_lossy() {
            option if valued.iter().any(|known| *known == option) => _ = rest.next(),
            option if option.len() > 1 && option.starts_with('-') && option != "--" => {}
            _ => return Some(at),
        }
    }
}

/// Whether a word has letters and hyphens only, as commands have. Paths rarely do.
fn is_plain_word(word: &str) -> bool {
    word.starts_with(char::is_alphabetic) && word.chars().all(|letter| letter.is_alphabetic() || letter == '-')
}

fn is_neutral(option: &str) -> bool {
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    NEUTRAL_OPTIONS.contains(&name) || name.strip_prefix("-j").is_some_and(|threads| threads.parse::<u32>().is_ok())
}

/// The command with the fewest typos in it.
fn nearest(word: &str, program: &clap::Command) -> Option<String> {
    let names = program.get_subcommands().map(clap::Command::get_name).chain(["help"]);
    let with_typos = names.map(|name| (strsim::damerau_levenshtein(word, name), name));
    let (typos, name) = with_typos.min()?;
    (typos <= MAX_TYPOS && typos * 2 < name.len()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_command_is_built() {
        let completed = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            let Ok(completed) = with_default_command(words.collect()) else { return "no such command".into() };
            completed.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        for (line, expected) in [
            ("fp image1", "fp build image1"),
            ("fp verfy image1", "no such command"),
            ("fp -j 2 -j4 --progress=never verfy image1", "no such command"),
            ("fp --json verfy image1", "fp build --json verfy image1"),
            ("fp -r verfy image1", "fp build -r verfy image1"),
            // This is a folder.
            ("fp src", "fp build src"),
            ("fp -j 2 --json image1 image2", "fp build -j 2 --json image1 image2"),
            ("fp --dry-run image1", "fp build --dry-run image1"),
            ("fp --rebuild-from 3 image1", "fp build --rebuild-from 3 image1"),
            ("fp -- build", "fp build -- build"),
            ("fp ./info", "fp build ./info"),
            ("fp help cut", "fp help cut"),
            ("fp --json help", "fp --json help"),
            ("fp ./help", "fp build ./help"),
            ("fp build help", "fp build help"),
            ("fp --json info image1", "fp --json info image1"),
            ("fp -j 1 --progress never info image1", "fp -j 1 --progress never info image1"),
            ("fp -j1 build image1", "fp -j1 build image1"),
            ("fp --help", "fp --help"),
            ("fp", "fp"),
        ] {
            assert_eq!(completed(line), expected);
        }
    }

    #[test]
    fn nearest_command_is_found() {
        let program = Arguments::command();
        for (word, expected) in [
            ("verfy", Some("verify")),
            ("bild", Some("build")),
            ("chnages", Some("changes")),
            ("vacum", Some("vacuum")),
            ("hepl", Some("help")),
            ("image", None),
            ("ty", None),
        ] {
            assert_eq!(nearest(word, &program).as_deref(), expected, "{word}");
        }
    }
}
