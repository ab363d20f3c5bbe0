//! The command of a command line that names none: `fast_pyramid DIR...` builds.

use super::arguments::Arguments;
use clap::CommandFactory;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How many letters may be wrong, missing, added or exchanged in a word that is taken for a command.
const MAX_TYPOS: usize = 2;

/// The first folder of a command line without a command, if it was meant to be one.
pub(super) struct NoSuchCommand<'a> {
    pub(super) word: &'a Path,
    /// The command that looks most like it, if one does.
    pub(super) nearest: Option<String>,
}

/// Inserts `build` into a command line that names no command, and says whether it did.
///
/// The first word that is neither an option nor its value decides, so that global options may precede the command.
pub(super) fn with_default_command(mut words: Vec<OsString>) -> (Vec<OsString>, bool) {
    let program = Arguments::command();
    let Some(at) = deciding_word(&words, &program) else { return (words, false) };
    let word = words[at].to_string_lossy();
    // clap adds `help` later.
    let is_command = program.find_subcommand(&*word).is_some() || word == "help";
    if !is_command {
        words.insert(1, "build".into());
    }
    (words, !is_command)
}

/// Whether the first of the folders that follow no command is a misspelt one: it does not exist, has only letters and hyphens,
/// as paths rarely do, and looks like a command, or others follow it.
///
/// Those would be built otherwise, which nobody asked for.
pub(super) fn misspelt(folders: &[PathBuf]) -> Option<NoSuchCommand<'_>> {
    let (word, others) = folders.split_first()?;
    let name = word.to_str().filter(|name| is_plain_word(name) && word.symlink_metadata().is_err())?;
    let nearest = nearest(name, &Arguments::command());
    (nearest.is_some() || !others.is_empty()).then_some(NoSuchCommand { word, nearest })
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

fn is_plain_word(word: &str) -> bool {
    word.starts_with(char::is_alphabetic) && word.chars().all(|letter| letter.is_alphabetic() || letter == '-')
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
            let (completed, is_inserted) = with_default_command(words.collect());
            assert_eq!(is_inserted, completed.len() > line.split(' ').count());
            completed.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        for (line, expected) in [
            ("fp image1", "fp build image1"),
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
    fn misspelt_commands_are_told_from_folders() {
        for (line, expected) in [
            ("verfy", true),
            ("verfy image1", true),
            ("pictures image1", true),
            ("pictures", false),
            ("image1 verfy", false),
            ("./verfy image1", false),
            // This is a folder.
            ("src image1", false),
        ] {
            let folders: Vec<PathBuf> = line.split(' ').map(PathBuf::from).collect();
            assert_eq!(misspelt(&folders).is_some(), expected, "{line}");
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
