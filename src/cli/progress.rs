//! Progress of a command: tiles done, rate, time left.

use super::arguments::When;
use super::console::{Console, grouped};
use super::interrupt::Interrupt;
use fast_pyramid::ops::{CutReport, Observer, VersionReport, Warning};
use fast_pyramid::store::Version;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the bar is drawn.
const REDRAW: Duration = Duration::from_millis(100);

/// How often a line is printed where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// How long a build runs before the bar appears, so that short ones do not flicker.
const PATIENCE: Duration = Duration::from_millis(300);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bar,
    Lines,
    Nothing,
}

/// Counts what a build tells, for a thread that shows it now and then.
pub(crate) struct Progress<'a> {
    console: &'a Console,
    name: String,
    style: Style,
    interrupt: Interrupt,
    done: AtomicU64,
    rows: AtomicU64,
    current: Mutex<Option<Current>>,
    published: Mutex<Vec<VersionReport>>,
    ended: Mutex<bool>,
    end: Condvar,
}

/// What is being worked on.
#[derive(Debug, Clone, Copy)]
struct Current {
    work: Work,
    /// How many tiles there are to do, or rows of pixels to cut.
    total: u64,
    started: Instant,
}

#[derive(Debug, Clone, Copy)]
enum Work {
    Version(Version),
    Vacuum,
    Cut,
}

impl Work {
    /// What is counted.
    fn unit(self) -> &'static str {
        if matches!(self, Self::Cut) { "rows" } else { "tiles" }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(out),
            Self::Vacuum => out.write_str("vacuum"),
            Self::Cut => out.write_str("cut"),
        }
    }
}

impl<'a> Progress<'a> {
    pub(crate) fn new(console: &'a Console, when: When, name: &str, interrupt: Interrupt) -> Self {
        let style = match when {
            When::Never => Style::Nothing,
            _ if console.is_quiet() => Style::Nothing,
            When::Always => Style::Bar,
            When::Auto if Console::is_terminal() => Style::Bar,
            When::Auto => Style::Lines,
        };
        Self {
            console,
            name: name.to_owned(),
            style,
            interrupt,
            done: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            current: Mutex::new(None),
            published: Mutex::default(),
            ended: Mutex::new(false),
            end: Condvar::new(),
        }
    }

    /// The versions built and published so far.
    pub(crate) fn published(&self) -> Vec<VersionReport> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs `work` while progress is shown.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.style == Style::Nothing {
            return work();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| self.show());
            // Even if `work` panics: the scope waits for the thread that shows.
            let _ending = Ending(self);
            work()
        })
    }

    fn begin(&self, work: Work, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
        let current = Current { work, total, started: Instant::now() };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }

    fn show(&self) {
        let every = if self.style == Style::Bar { REDRAW } else { LINE };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            ended = self.end.wait_timeout(ended, every).unwrap_or_else(PoisonError::into_inner).0;
            if *ended {
                break;
            }
            let current = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(current) = current.filter(|current| current.started.elapsed() > PATIENCE) else { continue };
            // A pyramid built while a picture is cut counts tiles, too.
            let count = if matches!(current.work, Work::Cut) { &self.rows } else { &self.done };
            let done = count.load(Ordering::Relaxed).min(current.total);
            let text = describe(&self.name, current, done, current.started.elapsed());
            match self.style {
                Style::Bar => self.console.bar(&format!("{} {text}", drawn(done, current.total))),
                _ => self.console.say(&text),
            }
        }
        self.console.clear_bar();
    }
}

fn drawn(done: u64, tiles: u64) -> String {
    const WIDTH: u64 = 20;
    let filled = (done * WIDTH / tiles.max(1)) as usize;
    format!("[{}{}]", "#".repeat(filled), ".".repeat(WIDTH as usize - filled))
}

fn describe(name: &str, current: Current, done: u64, elapsed: Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = if rate > 0.0 { ((current.total - done) as f64 / rate) as u64 } else { 0 };
    let unit = current.work.unit();
    let counts = format!("{}/{} {unit}, {}/s", grouped(done), grouped(current.total), grouped(rate as u64));
    format!("{name} {}: {counts}, {}:{:02} left", current.work, left / 60, left % 60)
}

impl Observer for Progress<'_> {
    fn warning(&self, warning: &Warning) {
        self.console.warning(&format!("{}: {warning}", self.name));
    }

    fn version_started(&self, version: Version, tiles: u64) {
        self.begin(Work::Version(version), tiles);
    }

    fn vacuum_started(&self, tiles: u64) {
        self.begin(Work::Vacuum, tiles);
    }

    fn cut_planned(&self, report: &CutReport) {
        super::cut::announce(&self.name, report, self.console);
    }

    fn cut_started(&self, rows: u32) {
        self.begin(Work::Cut, rows.into());
    }

    fn rows_done(&self, rows: u32) {
        self.rows.fetch_add(rows.into(), Ordering::Relaxed);
    }

    fn version_cut(&self, report: &CutReport) {
        self.console.say(&super::cut::line(&self.name, report));
    }

    fn tiles_done(&self, count: u64) {
        self.done.fetch_add(count, Ordering::Relaxed);
    }

    fn version_published(&self, report: &VersionReport) {
        self.console.say(&super::build::line(&self.name, report));
        self.published.lock().unwrap_or_else(PoisonError::into_inner).push(*report);
    }

    fn stopped(&self) -> bool {
        self.interrupt.code().is_some()
    }
}

/// Ends the showing of progress when dropped.
struct Ending<'a>(&'a Progress<'a>);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.end.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_tiles_rate_and_time_left() {
        let current = Current { work: Work::Version(Version(3)), total: 2000, started: Instant::now() };
        let text = describe("image1", current, 500, Duration::from_secs(50));
        assert_eq!(text, "image1 v3: 500/2,000 tiles, 10/s, 2:30 left");
        assert_eq!(describe("a", current, 0, Duration::ZERO), "a v3: 0/2,000 tiles, 0/s, 0:00 left");
        assert_eq!(drawn(500, 2000), "[#####...............]");
        assert_eq!(drawn(2000, 2000), "[####################]");
    }
}
