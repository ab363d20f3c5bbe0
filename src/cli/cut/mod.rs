//! `fast_pyramid cut IMAGE DIR`

mod jobs;
mod lines;
mod names;
mod nesting;

use super::arguments::{CutArguments, GlobalArguments};
use super::build;
use super::console::{Console, counted, grouped};
use super::exit::Code;
use super::hints::edited_picture;
use super::progress::Progress;
use super::session::{Session, seconds_since};
use fast_pyramid::internals::text::display_path;
use fast_pyramid::{CutOptions, Event, Observer, cut};
use jobs::{Clash, ClashKind, Job, Misuse, clashes, jobs};
use nesting::nested;
use serde_json::json;
use std::collections::HashSet;
use std::time::Instant;

/// Cuts each picture, whatever becomes of the others.
pub(crate) fn run(arguments: &CutArguments, global: &GlobalArguments, console: &Console) -> Code {
    let session = Session::interruptible(global, console);
    let jobs = match jobs(arguments) {
        Ok(jobs) => jobs,
        Err(Misuse { problem, hint }) => {
            console.error(&problem, Some(hint));
            return Code::Usage;
        }
    };
    let mut clashes = clashes(&jobs);
    let reported: HashSet<usize> = clashes.iter().map(|clash| clash.job).collect();
    let nested = arguments.into.iter().flat_map(|into| nested(&jobs, into));
    clashes.extend(nested.filter(|clash| !reported.contains(&clash.job)));
    if !clashes.is_empty() {
        return refuse(&clashes, &jobs, arguments, &session);
    }
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
        if let Some(own) = &job.renamed_from {
            console.say(&format!("{name}: the safe name for {}", display_path(own)));
        }
        let outcome = cut_one(job, &name, arguments, &session);
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

/// Reports all pictures that cannot go into their folders.
fn refuse(clashes: &[Clash], jobs: &[Job], arguments: &CutArguments, session: &Session<'_>) -> Code {
    for Clash { job, kind } in clashes {
        let job = &jobs[*job];
        let folder = display_path(&job.folder);
        let error = match kind {
            ClashKind::Same(with) => format!("{}: {} goes into {folder}, too", job.picture, jobs[*with].picture),
            ClashKind::Inside(with) => {
                let Job { folder: around, picture, .. } = &jobs[*with];
                format!("{}: {folder} would be inside {}, for {picture}", job.picture, display_path(around))
            }
            ClashKind::InsidePyramid(around) => {
                format!("{}: {folder} would be inside the pyramid {}", job.picture, display_path(around))
            }
            ClashKind::AroundPyramid(inside) => {
                format!("{}: {folder} would contain the pyramid {}", job.picture, display_path(inside))
            }
        };
        let (picture, hint) = (job.picture.to_string(), clash_hint(job, kind, jobs, arguments));
        let fields = json!({ "picture": picture, "error": error, "hint": hint, "code": Code::Usage.number() });
        session.print_json(&job.folder, fields);
        session.console.error(&error, None);
    }
    let (some, all) = (grouped(clashes.len() as u64), counted(jobs.len() as u64, "picture"));
    let hint = clashes.first().map(|Clash { job, kind }| clash_hint(&jobs[*job], kind, jobs, arguments));
    session.console.error(&format!("nothing was cut, because of {some} of {all}"), hint.as_deref());
    Code::Usage
}

/// What to do about a picture that cannot go into its folder.
fn clash_hint(job: &Job, kind: &ClashKind, jobs: &[Job], arguments: &CutArguments) -> String {
    match kind {
        ClashKind::Same(with) if job.is_beside(&jobs[*with]) => edited_picture(job.path(), &job.folder),
        ClashKind::InsidePyramid(_) | ClashKind::AroundPyramid(_) => {
            "use another --into, or rename the picture or its folder".into()
        }
        _ if arguments.keep_folders => "cut these on their own, with another --into, or rename them".into(),
        _ => "keep the folders of the pictures apart with --keep-folders, or cut these on their own".into(),
    }
}

/// Prints what will be cut, what was cut, and what was built.
struct CutObserver<'a>(Progress<'a>);

impl Observer for CutObserver<'_> {
    fn event(&self, event: &Event<'_>) {
        let Progress { console, name, .. } = &self.0;
        match event {
            Event::CutPlanned(report) => lines::announce(name, report, console),
            Event::PictureCut(report) => console.say(&lines::line(name, report)),
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
        .overlap(arguments.overlap)
        .format(arguments.format.clone())
        .quality(arguments.quality)
        .tolerance(arguments.tolerance.unwrap_or_default())
        .build(arguments.build)
        .dry_run(arguments.dry_run)
        .record_picture(arguments.into.is_some())
        .threads(session.global.threads)
        .max_memory(arguments.max_memory.or_else(half_of_memory))
        .locking(arguments.lock.locking())
        .observer(&observer);
    let folder = &job.folder;
    let result = observer.0.during(|| cut(&job.picture, folder, &options));
    let seconds = seconds_since(started);
    match result {
        Ok(report) => {
            lines::conclude(name, folder, &report, seconds, session.console);
            session.print_json(folder, lines::fields(job, &report, seconds));
            Code::Done
        }
        Err(error) => {
            let fields = json!({ "picture": job.picture.to_string() });
            session.fail_at(job.listed_at.as_deref(), &error, folder, fields)
        }
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
