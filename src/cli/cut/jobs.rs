//! The pictures to cut and their folders, and which of these clash.

use super::names::{Folders, folder_of, unchanged_folder};
use crate::cli::arguments::CutArguments;
use crate::cli::console::counted;
use fast_pyramid::PictureSource;
use fast_pyramid::internals::text::display_path;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Limit for the length of a list of pictures.
const MAX_LIST_BYTES: u64 = 1 << 28;

const LIST_HINT: &str = "give a text file with one path per line";

/// Editors on Windows put it before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A picture and the folder of its pyramid.
pub(super) struct Job {
    pub(super) picture: PictureSource,
    pub(super) folder: PathBuf,
    /// The name that the picture has, if its folder has another one.
    pub(super) renamed_from: Option<PathBuf>,
    /// The list and the line that name it.
    pub(super) listed_at: Option<String>,
}

impl Job {
    /// Whether reading the picture may wait for another process.
    pub(super) fn is_stream(&self) -> bool {
        match &self.picture {
            PictureSource::StandardInput => true,
            PictureSource::File(path) => path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()),
        }
    }

    /// The picture's path; `-` is standard input.
    pub(super) fn path(&self) -> &Path {
        match &self.picture {
            PictureSource::File(path) => path,
            PictureSource::StandardInput => Path::new("-"),
        }
    }

    /// Whether both pictures are different files in one folder, so that keeping folders does not keep them apart.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        match (self.path().canonicalize(), other.path().canonicalize()) {
            (Ok(one), Ok(other)) => one != other && one.parent() == other.parent(),
            _ => false,
        }
    }
}

/// A picture that cannot go into its folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clash {
    /// Its index.
    pub(super) job: usize,
    pub(super) kind: ClashKind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClashKind {
    /// The job with this index goes into the same folder.
    Same(usize),
    /// The pyramid of the job with this index would contain this one.
    Inside(usize),
    /// This pyramid would contain it.
    InsidePyramid(PathBuf),
    /// It would contain this pyramid.
    AroundPyramid(PathBuf),
}

/// Arguments that name no pictures, or not where to put them.
pub(super) struct Misuse {
    pub(super) problem: String,
    pub(super) hint: &'static str,
}

/// The pictures and their folders.
pub(super) fn jobs(arguments: &CutArguments) -> Result<Vec<Job>, Misuse> {
    let Some(into) = &arguments.into else {
        let [picture, folder] = arguments.paths.as_slice() else { return Err(wrong_count(arguments.paths.len())) };
        return Ok(vec![Job { picture: source(picture), folder: folder.clone(), renamed_from: None, listed_at: None }]);
    };
    let given = arguments.paths.iter().map(|path| (path.clone(), None));
    let mut pictures: Vec<(PathBuf, Option<String>)> = given.collect();
    if let Some(list) = &arguments.list {
        pictures.extend(listed(list)?.into_iter().map(|(path, place)| (path, Some(place))));
        if pictures.is_empty() {
            let problem = format!("{}: names no picture", display_path(list));
            return Err(Misuse { problem, hint: LIST_HINT });
        }
    }
    let folders = if arguments.keep_folders { Folders::Keep } else { Folders::Drop };
    let job = |(path, listed_at): (PathBuf, Option<String>)| {
        if path.as_os_str() == "-" {
            let place = listed_at.map_or_else(String::new, |place| format!("{place}: "));
            let problem = format!("{place}standard input has no name that a folder could get");
            return Err(Misuse { problem, hint: "name the folder: fast_pyramid cut - DIR" });
        }
        let (name, unchanged) = (folder_of(&path, folders), unchanged_folder(&path, folders));
        let renamed_from = (name != unchanged).then_some(unchanged);
        Ok(Job { picture: source(&path), folder: into.join(name), renamed_from, listed_at })
    };
    pictures.into_iter().map(job).collect()
}

/// What to say about a number of paths other than two.
fn wrong_count(paths: usize) -> Misuse {
    let given =
        if paths == 1 { "1 path was given".into() } else { format!("{} were given", counted(paths as u64, "path")) };
    let hint = match paths {
        1 => "add the folder to create after the picture, or use --into DIR",
        _ => "for several pictures use --into DIR",
    };
    Misuse { problem: format!("cut takes a picture and a folder, but {given}"), hint }
}

/// All pictures that cannot go into their folders, because of others in the list.
pub(super) fn clashes(jobs: &[Job]) -> Vec<Clash> {
    // Some file systems ignore case.
    let folders: Vec<PathBuf> = jobs.iter().map(|job| job.folder.to_string_lossy().to_lowercase().into()).collect();
    let mut owners: HashMap<&Path, usize> = HashMap::new();
    for (index, folder) in folders.iter().enumerate() {
        owners.entry(folder).or_insert(index);
    }
    let clash = |(job, folder): (usize, &PathBuf)| match owners.get(folder.as_path()) {
        Some(&with) if with != job => Some(Clash { job, kind: ClashKind::Same(with) }),
        _ => {
            let around = folder.ancestors().skip(1).find_map(|around| owners.get(around));
            around.map(|&with| Clash { job, kind: ClashKind::Inside(with) })
        }
    };
    folders.iter().enumerate().filter_map(clash).collect()
}

fn source(path: &Path) -> PictureSource {
    if path.as_os_str() == "-" { PictureSource::StandardInput } else { PictureSource::File(path.to_owned()) }
}

/// The paths in a list, one per line, as raw bytes, each with its place. Empty lines are skipped.
fn listed(list: &Path) -> Result<Vec<(PathBuf, String)>, Misuse> {
    let name = if list.as_os_str() == "-" { "standard input".into() } else { display_path(list) };
    let misuse = |problem: String| Misuse { problem: format!("{name}: {problem}"), hint: LIST_HINT };
    let file: Box<dyn Read> = if list.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(list).map_err(|error| misuse(error.to_string()))?)
    };
    let mut paths = Vec::new();
    for (index, line) in BufReader::new(file.take(MAX_LIST_BYTES)).split(b'\n').enumerate() {
        let mut line = line.map_err(|error| misuse(error.to_string()))?;
        if line.contains(&0) {
            return Err(misuse("not a list of paths, one per line: it contains a zero byte".into()));
        }
        if index == 0 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        if !line.trim_ascii().is_empty() {
            paths.push((PathBuf::from(OsString::from_vec(line)), format!("{name}, line {}", index + 1)));
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folders: &[&str]) -> Vec<(usize, ClashKind)> {
        let job = |folder: &&str| Job {
            picture: source(Path::new(folder)),
            folder: folder.into(),
            renamed_from: None,
            listed_at: None,
        };
        let jobs: Vec<Job> = folders.iter().map(job).collect();
        clashes(&jobs).into_iter().map(|clash| (clash.job, clash.kind)).collect()
    }

    #[test]
    fn equal_and_nested_folders_clash_in_any_order() {
        use ClashKind::{Inside, Same};
        assert_eq!(found(&["p/a", "p/b", "p/ab"]), []);
        assert_eq!(found(&["p/a", "p/b", "p/A", "p/a"]), [(2, Same(0)), (3, Same(0))]);
        assert_eq!(found(&["p/a/b/c", "p/x", "p/a", "p/A/v0"]), [(0, Inside(2)), (3, Inside(2))]);
    }
}
