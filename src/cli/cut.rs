//! `fast_pyramid cut IMAGE DIR`

use super::arguments::{CutArguments, GlobalArguments};
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::interrupt::Interrupt;
use super::outcome::{fail, object, seconds_since};
use super::progress::Progress;
use fast_pyramid::ops::cut_observed;
use fast_pyramid::ops::{BuildReport, CutOptions, CutReport, CutStatus, Manner, PictureSource, VersionStatus};
use fast_pyramid::store::Durability;
use fast_pyramid::text::display::display_path;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The most bytes of a list of pictures.
const MAX_LIST_BYTES: u64 = 1 << 28;

/// A picture and the folder of its pyramid.
struct Job {
    picture: PictureSource,
    folder: PathBuf,
    /// A picture before it that goes into the same folder.
    before: Option<PathBuf>,
}

impl Job {
    /// Whether reading the picture may wait for another process.
    fn is_stream(&self) -> bool {
        match &self.picture {
            PictureSource::StandardInput => true,
            PictureSource::File(path) => path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()),
        }
    }
}

/// Cuts each picture, whatever becomes of the others.
pub(crate) fn run(arguments: &CutArguments, global: &GlobalArguments, console: &Console) -> Code {
    let interrupt = Interrupt::watch();
    let jobs = match jobs(arguments) {
        Ok(jobs) => jobs,
        Err(text) => {
            console.error(&text, Some("see fast_pyramid cut --help"));
            return Code::Usage;
        }
    };
    if jobs.iter().any(|job| job.is_stream()) {
        interrupt.end_soon();
    }
    let (mut failed, mut code) = (Vec::new(), Code::Done);
    for (number, job) in jobs.iter().enumerate() {
        if let Some(signalled) = interrupt.code() {
            for job in &jobs[number..] {
                console.error(&format!("{}: not cut, because of the interrupt", job.picture), None);
            }
            return signalled;
        }
        let place = (number + 1, jobs.len());
        let outcome = match &job.before {
            Some(before) => refuse(job, before, global, console),
            None => cut_one(job, place, arguments, global, console, &interrupt),
        };
        if outcome != Code::Done {
            failed.push(job);
        }
        code = code.max(outcome);
    }
    if jobs.len() > 1 {
        let done = counted((jobs.len() - failed.len()) as u64, "picture");
        let what = if arguments.dry_run { "would be cut" } else { "done" };
        console.say(&format!("{done} {what}, {} failed", grouped(failed.len() as u64)));
        failed.iter().for_each(|job| console.say(&format!("  failed: {}", job.picture)));
    }
    code
}

/// Complains of a picture that goes where another one goes.
fn refuse(job: &Job, before: &Path, global: &GlobalArguments, console: &Console) -> Code {
    let error = format!("{}: {} goes into {}, too", job.picture, display_path(before), display_path(&job.folder));
    let hint = "cut it by itself into a folder with another name";
    if global.json {
        let picture = job.picture.to_string();
        let fields = json!({ "picture": picture, "error": error, "hint": hint, "code": Code::Usage.number() });
        console.data(&object(&job.folder, fields));
    }
    console.error(&error, Some(hint));
    Code::Usage
}

fn cut_one(
    job: &Job,
    (number, of): (usize, usize),
    arguments: &CutArguments,
    global: &GlobalArguments,
    console: &Console,
    interrupt: &Interrupt,
) -> Code {
    let started = Instant::now();
    let options = CutOptions {
        tile_size: arguments.tile_size,
        format: arguments.format.clone(),
        quality: arguments.quality,
        build: arguments.build,
        dry_run: arguments.dry_run,
        threads: global.threads,
        max_memory: arguments.max_memory.or_else(half_of_memory),
        durability: Durability::Flushed,
        locking: arguments.lock.locking(),
    };
    let folder = &job.folder;
    let name = if of > 1 { format!("{number}/{of} {}", display_path(folder)) } else { display_path(folder) };
    let progress = Progress::new(console, global.progress, &name, interrupt.clone());
    let result = progress.during(|| cut_observed(&job.picture, folder, &options, &progress));
    let seconds = seconds_since(started);
    match result {
        Ok(report) => {
            conclude(&name, folder, &report, seconds, console);
            if global.json {
                console.data(&object(folder, fields(job, &report, seconds)));
            }
            Code::Done
        }
        Err(error) => {
            let more = global.json.then(|| json!({ "picture": job.picture.to_string() }));
            fail(&error, folder, interrupt, more, console)
        }
    }
}

/// The last lines about a picture; what was cut and built has been told already.
fn conclude(name: &str, folder: &Path, report: &CutReport, seconds: f64, console: &Console) {
    if report.status == CutStatus::WouldCut {
        let what = if report.compared { "would be cut and compared with the latest version" } else { "would be cut" };
        console.say(&format!("{name}: {what}: {}", plan(report)));
        return;
    }
    let built = |built: &BuildReport| built.versions.iter().any(|version| version.status == VersionStatus::Built);
    let what = match &report.built {
        Some(report) if built(report) => format!("published {}", display_path(folder.join("dest/dzi/latest"))),
        Some(_) => "nothing to build, done".into(),
        None => "done".into(),
    };
    console.say(&format!("{name}: {what} in {seconds:.2} s"));
}

/// What is known of a picture before it is cut.
fn plan(report: &CutReport) -> String {
    format!(
        "{} pixels in {} base tiles of {} ({}, {}), {} levels, {} in the pyramid; about {} of base tiles and {} of memory",
        report.size,
        report.grid,
        report.tile_size,
        report.format,
        manner(report.manner),
        report.levels,
        counted(report.pyramid_tiles, "tile"),
        megabytes(report.estimated_bytes),
        megabytes(report.memory.total),
    )
}

/// Says of a picture, before it is cut, what it is, and that it has to be held if it has to be.
pub(crate) fn announce(name: &str, report: &CutReport, console: &Console) {
    console.detail(&format!("{name}: {}", plan(report)));
    if report.memory.held > 0 {
        let (held, why) = (megabytes(report.memory.held), report.memory.why_held);
        console.say(&format!("{name}: the picture has to be held in memory ({why}): about {held}"));
    }
}

/// Says what was cut.
pub(crate) fn line(name: &str, report: &CutReport) -> String {
    let flat = match report.one_colour.unwrap_or(0) {
        0 => String::new(),
        count => format!(", {} of one colour", grouped(count)),
    };
    let tiles = report.grid.count();
    match (report.version, report.written) {
        (Some(version), Some(_)) if !report.compared => format!(
            "{name}: {version} cut: {} of {} pixels, {}{flat}",
            counted(tiles, "tile"),
            report.size,
            manner(report.manner)
        ),
        (Some(version), Some(written)) => {
            let differ = if written == 1 { "differs" } else { "differ" };
            format!("{name}: {version} cut: {} of {} {differ}", counted(written, "tile"), grouped(tiles))
        }
        _ => format!("{name}: the picture is what the latest version shows; no new version"),
    }
}

fn manner(manner: Manner) -> &'static str {
    match manner {
        Manner::Pixels => "encoded from pixels",
        Manner::Lossless => "without loss",
        Manner::Requantised => "requantised",
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", grouped(bytes.div_ceil(1_000_000)))
}

fn fields(job: &Job, report: &CutReport, seconds: f64) -> Value {
    let mut fields = json!({
        "picture": job.picture.to_string(),
        "status": report.status,
        "version": report.version,
        "width": report.size.width,
        "height": report.size.height,
        "tile_size": report.tile_size,
        "format": report.format,
        "manner": report.manner,
        "columns": report.grid.columns,
        "rows": report.grid.rows,
        "levels": report.levels,
        "tiles": report.grid.count(),
        "pyramid_tiles": report.pyramid_tiles,
        "estimated_bytes": report.estimated_bytes,
        "memory_bytes": report.memory.total,
        "held_bytes": report.memory.held,
        "written": report.written,
        "one_colour": report.one_colour,
        "seconds": seconds,
    });
    if let Some(built) = &report.built {
        fields["versions"] = json!(built.versions);
    }
    fields
}

/// The pictures and their folders.
fn jobs(arguments: &CutArguments) -> Result<Vec<Job>, String> {
    let Some(into) = &arguments.into else {
        let [picture, folder] = arguments.paths.as_slice() else {
            let problem = "cut takes a picture and a folder";
            return Err(format!("{problem}, but {} given", counted(arguments.paths.len() as u64, "path")));
        };
        return Ok(vec![Job { picture: source(picture), folder: folder.clone(), before: None }]);
    };
    let mut pictures = arguments.paths.clone();
    if let Some(list) = &arguments.list {
        pictures.extend(listed(list).map_err(|error| format!("{}: {error}", display_path(list)))?);
        if pictures.is_empty() {
            return Err(format!("{}: it names no picture", display_path(list)));
        }
    }
    let mut jobs = Vec::new();
    let mut taken: HashMap<String, PathBuf> = HashMap::new();
    for path in pictures {
        if path.as_os_str() == "-" {
            return Err("standard input has no name; cut it with: cut - DIR".into());
        }
        let name = safe_name(&path);
        // Some file systems do not tell capitals from small letters.
        let before = match taken.entry(name.to_lowercase()) {
            Entry::Occupied(taken) => Some(taken.get().clone()),
            Entry::Vacant(free) => {
                free.insert(path.clone());
                None
            }
        };
        jobs.push(Job { picture: source(&path), folder: into.join(name), before });
    }
    Ok(jobs)
}

fn source(path: &Path) -> PictureSource {
    if path.as_os_str() == "-" { PictureSource::StandardInput } else { PictureSource::File(path.to_owned()) }
}

/// The paths in a list, one a line, in whatever bytes the file system has them; empty lines are passed over.
fn listed(list: &Path) -> std::io::Result<Vec<PathBuf>> {
    let file: Box<dyn Read> =
        if list.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(list)?) };
    let mut paths = Vec::new();
    for line in BufReader::new(file.take(MAX_LIST_BYTES)).split(b'\n') {
        let mut line = line?;
        if line.contains(&0) {
            let problem = "it is no list of paths, one a line: there is a zero byte in it";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, problem));
        }
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        if !line.trim_ascii().is_empty() {
            paths.push(PathBuf::from(OsString::from_vec(line)));
        }
    }
    Ok(paths)
}

/// A picture's name without its ending, as a folder's name that is safe in every shell, URL and file system.
fn safe_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let safe: String = stem
        .chars()
        .map(|letter| if letter.is_alphanumeric() || "._-".contains(letter) { letter } else { '_' })
        .collect();
    let safe = safe.trim_matches('.');
    match safe.chars().next() {
        None => "picture".into(),
        Some('-') => format!("_{safe}"),
        _ => safe.to_owned(),
    }
}

/// Half of the machine's memory, where the system tells.
fn half_of_memory() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let system = rustix::system::sysinfo();
        Some((system.totalram as u64).saturating_mul(u64::from(system.mem_unit)) / 2)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (path, expected) in [
            ("a/b/map 1.tif", "map_1"),
            ("Zürich.jpg", "Zürich"),
            ("x.tar.gz", "x.tar"),
            ("-rf.png", "_-rf"),
            ("..png", "picture"),
            ("/", "picture"),
            ("a$(b);c.png", "a__b__c"),
            (".hidden.jpg", "hidden"),
        ] {
            assert_eq!(safe_name(Path::new(path)), expected, "{path}");
        }
    }
}
