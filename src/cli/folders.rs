//! Commands on any number of pyramids: those given, or those found below them.

use super::arguments::FolderArguments;
use super::console::{counted, grouped};
use super::exit::Code;
use super::session::Session;
use fast_pyramid::internals::text::display_path;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// The file that makes a folder a pyramid.
const SPEC: &str = "pyramid.json";

/// How deep a folder is searched for a hint, and how many entries at most.
const HINT_DEPTH: usize = 3;
const HINT_ENTRIES: usize = 10_000;

/// Runs `one` for each pyramid, whatever becomes of the others, and sums up if there are several. Returns the highest code.
pub(super) fn each(arguments: &FolderArguments, session: &Session<'_>, mut one: impl FnMut(&Path) -> Code) -> Code {
    let console = session.console;
    let (pyramids, mut code) = if arguments.recursive {
        find_all(&arguments.folders, session)
    } else {
        (arguments.folders.clone(), Code::Done)
    };
    let pyramids = distinct(pyramids);
    let mut failed = Vec::new();
    for folder in &pyramids {
        if let Some(signalled) = session.interrupt.code() {
            console.error(&format!("{}: skipped (interrupted)", display_path(folder)), None);
            return signalled;
        }
        let outcome = one(folder);
        if outcome != Code::Done {
            failed.push(folder);
        }
        code = code.max(outcome);
    }
    if pyramids.len() > 1 || (arguments.recursive && !pyramids.is_empty()) {
        let count = counted(pyramids.len() as u64, "pyramid");
        let done = grouped((pyramids.len() - failed.len()) as u64);
        console.say(&format!("{count}: {done} done, {} failed", grouped(failed.len() as u64)));
        failed.iter().for_each(|folder| console.say(&format!("  failed: {}", display_path(folder))));
    }
    code
}

/// Each folder once, as it is spelled first.
pub(super) fn distinct(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    let is_new = |folder: &PathBuf| seen.insert(folder.canonicalize().unwrap_or_else(|_| folder.clone()));
    folders.into_iter().filter(is_new).collect()
}

/// The pyramids in these folders, and the exit code for folders without any.
fn find_all(folders: &[PathBuf], session: &Session<'_>) -> (Vec<PathBuf>, Code) {
    let (mut pyramids, mut code) = (Vec::new(), Code::Done);
    for folder in folders {
        let (found, unreadable): (Vec<_>, Vec<_>) = pyramids_in(folder).partition(Result::is_ok);
        for error in unreadable.iter().filter_map(|error| error.as_ref().err()) {
            let path = error.path().unwrap_or(folder);
            let (text, outcome) = match error.io_error() {
                Some(error) if error.kind() == ErrorKind::NotFound => {
                    (format!("{}: no such folder", display_path(path)), Code::Input)
                }
                Some(error) => (format!("cannot search {}: {error}", display_path(path)), Code::Failed),
                None => (error.to_string(), Code::Failed),
            };
            code = code.max(session.refuse(path, &text, None, outcome));
        }
        if found.is_empty() && unreadable.is_empty() {
            let text = format!("{}: no pyramid in it", display_path(folder));
            let hint = "a pyramid is a folder with pyramid.json";
            code = code.max(session.refuse(folder, &text, Some(hint), Code::Input));
        }
        pyramids.extend(found.into_iter().flatten());
    }
    (pyramids, code)
}

/// The pyramids in a folder, in the order of names, and what cannot be searched. Pyramids are not searched for further ones, and
/// links are not followed.
fn pyramids_in(folder: &Path) -> impl Iterator<Item = walkdir::Result<PathBuf>> + use<> {
    let mut entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    std::iter::from_fn(move || {
        loop {
            match entries.next()? {
                Ok(entry) if entry.file_type().is_dir() && is_pyramid(entry.path()) => {
                    entries.skip_current_dir();
                    return Some(Ok(entry.into_path()));
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    })
}

pub(super) fn is_pyramid(folder: &Path) -> bool {
    folder.join(SPEC).is_file()
}

/// The first pyramid in a folder, in the order of names.
pub(super) fn first_pyramid_in(folder: &Path) -> Option<PathBuf> {
    pyramids_in(folder).flatten().next()
}

/// Whether a folder that is no pyramid holds some. It is not searched far.
pub(super) fn holds_pyramids(folder: &Path) -> bool {
    let entries = WalkDir::new(folder).min_depth(1).max_depth(HINT_DEPTH).into_iter().take(HINT_ENTRIES).flatten();
    entries.into_iter().any(|entry| entry.file_type().is_file() && entry.file_name() == SPEC)
}
