//! `fast_pyramid cut IMAGE DIR`

use super::arguments::{CutArguments, GlobalArguments};
use super::build;
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::progress::Progress;
use super::session::{Session, seconds_since};
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{
    BuildReport, CutMode, CutOptions, CutReport, CutStatus, Event, Observer, PictureSource, VersionStatus, cut,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Limit for the length of a list of pictures.
const MAX_LIST_BYTES: u64 = 1 << 28;

/// A picture and the folder of its pyramid.
struct Job {
    picture: PictureSource,
    folder: PathBuf,
    /// An earlier picture of the same command that goes into the same folder.
    clash: Option<PathBuf>,
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
    let session = Session::interruptible(global, console);
    let jobs = match jobs(arguments) {
        Ok(jobs) => jobs,
        Err(text) => {
            console.error(&text, Some("see fast_pyramid cut --help"));
            return Code::Usage;
        }
    };
    if jobs.iter().any(Job::is_stream) {
        session.interrupt.end_soon();
    }
    let (mut failed, mut code) = (Vec::new(), Code::Done);
    for (index, job) in jobs.iter().enumerate() {
        if let Some(signalled) = session.interrupt.code() {
            for job in &jobs[index..] {
                console.error(&format!("{}: skipped (interrupted)", job.picture), None);
            }
            return signalled;
        }
        let folder = display_path(&job.folder);
        let name = if jobs.len() > 1 { format!("{}/{} {folder}", index + 1, jobs.len()) } else { folder };
        let outcome = match &job.clash {
            Some(earlier) => refuse(job, earlier, &session),
            None => cut_one(job, &name, arguments, &session),
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

/// Reports a picture that would go into the folder of an earlier one.
fn refuse(job: &Job, earlier: &Path, session: &Session<'_>) -> Code {
    let folder = display_path(&job.folder);
    let error = format!("{}: {} goes into {folder}, too", job.picture, display_path(earlier));
    let hint = "cut it on its own into a folder with another name";
    let picture = job.picture.to_string();
    let fields = json!({ "picture": picture, "error": error, "hint": hint, "code": Code::Usage.number() });
    session.print_json(&job.folder, fields);
    session.console.error(&error, Some(hint));
    Code::Usage
}

/// Prints what will be cut, what was cut, and what was built.
struct CutObserver<'a>(Progress<'a>);

impl Observer for CutObserver<'_> {
    fn event(&self, event: &Event<'_>) {
        let Progress { console, name, .. } = &self.0;
        match event {
            Event::CutPlanned(report) => announce(name, report, console),
            Event::PictureCut(report) => console.say(&line(name, report)),
            Event::VersionPublished(report) => console.say(&build::line(name, report)),
            event => self.0.event(event),
        }
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

fn cut_one(job: &Job, name: &str, arguments: &CutArguments, session: &Session<'_>) -> Code {
    let started = Instant::now();
    let observer = CutObserver(session.progress(name));
    let options = CutOptions::default()
        .tile_size(arguments.tile_size)
        .format(arguments.format.clone())
        .quality(arguments.quality)
        .build(arguments.build)
        .dry_run(arguments.dry_run)
        .threads(session.global.threads)
        .max_memory(arguments.max_memory.or_else(half_of_memory))
        .locking(arguments.lock.locking())
        .observer(&observer);
    let folder = &job.folder;
    let result = observer.0.during(|| cut(&job.picture, folder, &options));
    let seconds = seconds_since(started);
    match result {
        Ok(report) => {
            conclude(name, folder, &report, seconds, session.console);
            session.print_json(folder, fields(job, &report, seconds));
            Code::Done
        }
        Err(error) => session.fail(&error, folder, json!({ "picture": job.picture.to_string() })),
    }
}

/// The last line about a picture. What was cut and built has had lines of its own.
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

/// What will be cut, and what it needs.
fn plan(report: &CutReport) -> String {
    format!(
        "{} pixels in {} base tiles of {} ({}, {}), {} levels, {} in the pyramid; about {} of base tiles and {} of memory",
        report.size,
        report.grid,
        report.tile_size,
        report.format,
        mode(report.mode),
        report.levels,
        counted(report.pyramid_tiles, "tile"),
        megabytes(report.estimated_bytes),
        megabytes(report.memory.total),
    )
}

/// Prints the plan with `--verbose`, and in any case if the picture must be buffered.
fn announce(name: &str, report: &CutReport, console: &Console) {
    console.detail(&format!("{name}: {}", plan(report)));
    if report.memory.buffered > 0 {
        let (bytes, why) = (megabytes(report.memory.buffered), report.memory.reason);
        console.say(&format!("{name}: the picture must be buffered in memory ({why}): about {bytes}"));
    }
}

/// One line about what was cut.
fn line(name: &str, report: &CutReport) -> String {
    let uniform = match report.uniform.unwrap_or(0) {
        0 => String::new(),
        count => format!(", {} uniform", grouped(count)),
    };
    let tiles = report.grid.count();
    match (report.version, report.written) {
        (Some(version), Some(_)) if !report.compared => format!(
            "{name}: {version} cut: {} of {} pixels, {}{uniform}",
            counted(tiles, "tile"),
            report.size,
            mode(report.mode)
        ),
        (Some(version), Some(written)) => {
            let differ = if written == 1 { "differs" } else { "differ" };
            format!("{name}: {version} cut: {} of {} {differ}", counted(written, "tile"), grouped(tiles))
        }
        _ => format!("{name}: unchanged; no new version"),
    }
}

fn mode(mode: CutMode) -> &'static str {
    match mode {
        CutMode::Lossless => "lossless",
        CutMode::Requantised => "requantised",
        _ => "encoded from pixels",
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
        "mode": report.mode,
        "columns": report.grid.columns,
        "rows": report.grid.rows,
        "levels": report.levels,
        "base_tiles": report.grid.count(),
        "tiles": report.pyramid_tiles,
        "estimated_bytes": report.estimated_bytes,
        "memory_bytes": report.memory.total,
        "buffered_bytes": report.memory.buffered,
        "written": report.written,
        "uniform": report.uniform,
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
        return Ok(vec![Job { picture: source(picture), folder: folder.clone(), clash: None }]);
    };
    let mut pictures = arguments.paths.clone();
    if let Some(list) = &arguments.list {
        pictures.extend(listed(list).map_err(|error| format!("{}: {error}", display_path(list)))?);
        if pictures.is_empty() {
            return Err(format!("{}: names no picture", display_path(list)));
        }
    }
    let mut jobs = Vec::new();
    let mut taken: HashMap<String, PathBuf> = HashMap::new();
    for path in pictures {
        if path.as_os_str() == "-" {
            return Err("standard input has no name; use cut - DIR".into());
        }
        let name = safe_name(&path);
        // Some file systems ignore case.
        let clash = match taken.entry(name.to_lowercase()) {
            Entry::Occupied(taken) => Some(taken.get().clone()),
            Entry::Vacant(free) => {
                free.insert(path.clone());
                None
            }
        };
        jobs.push(Job { picture: source(&path), folder: into.join(name), clash });
    }
    Ok(jobs)
}

fn source(path: &Path) -> PictureSource {
    if path.as_os_str() == "-" { PictureSource::StandardInput } else { PictureSource::File(path.to_owned()) }
}

/// The paths in a list, one per line, as raw bytes. Empty lines are skipped.
fn listed(list: &Path) -> std::io::Result<Vec<PathBuf>> {
    let file: Box<dyn Read> =
        if list.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(list)?) };
    let mut paths = Vec::new();
    for line in BufReader::new(file.take(MAX_LIST_BYTES)).split(b'\n') {
        let mut line = line?;
        if line.contains(&0) {
            let problem = "not a list of paths, one per line: it contains a zero byte";
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

/// The name of a picture without extension, made safe for every shell, URL and file system.
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

/// Half of the machine's memory, if the system reports it.
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
    fn folder_names_are_safe() {
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
