//! Progress of a command: how much is done, the rate, the time left.

use super::arguments::When;
use super::console::{Console, grouped};
use super::interrupt::Interrupt;
use fast_pyramid::{Event, Observer, Work};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the bar is drawn.
const BAR_INTERVAL: Duration = Duration::from_millis(100);

/// How often a line is printed if there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// How long work takes before progress appears, so that short work does not flicker.
const DELAY: Duration = Duration::from_millis(300);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Bar,
    Lines,
    Hidden,
}

/// Counts what is done, for a thread that shows it now and then. As an observer it also prints warnings.
pub(crate) struct Progress<'a> {
    pub(crate) console: &'a Console,
    pub(crate) name: String,
    style: Style,
    interrupt: Interrupt,
    tiles: AtomicU64,
    rows: AtomicU64,
    current: Mutex<Option<Current>>,
    ended: Mutex<bool>,
    end: Condvar,
}

/// The work in progress.
#[derive(Debug, Clone, Copy)]
struct Current {
    work: Work,
    /// Tiles, or rows of pixels.
    total: u64,
    started: Instant,
}

impl Current {
    fn counts_rows(self) -> bool {
        matches!(self.work, Work::Cut)
    }

    fn unit(self) -> &'static str {
        match self.work {
            Work::Cut => "rows",
            // Each tile counts several times.
            Work::Verify(_) | Work::Vacuum => "steps",
            _ => "tiles",
        }
    }

    fn name(self) -> String {
        match self.work {
            Work::Version(version) | Work::Verify(version) => version.to_string(),
            Work::Revert => "revert".into(),
            Work::VacuumPlan => "planning".into(),
            Work::Vacuum => "vacuum".into(),
            Work::Flush => "flushing to disk".into(),
            Work::Cut => "cut".into(),
            _ => String::new(),
        }
    }
}

impl<'a> Progress<'a> {
    pub(crate) fn new(console: &'a Console, when: When, name: &str, interrupt: Interrupt) -> Self {
        let style = match when {
            When::Never => Style::Hidden,
            _ if console.is_quiet() => Style::Hidden,
            When::Always => Style::Bar,
            When::Auto if Console::is_terminal() => Style::Bar,
            When::Auto => Style::Lines,
        };
        Self {
            console,
            name: name.to_owned(),
            style,
            interrupt,
            tiles: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            current: Mutex::new(None),
            ended: Mutex::new(false),
            end: Condvar::new(),
        }
    }

    /// Runs `work` while progress is shown.
    pub(crate) fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.style == Style::Hidden {
            return work();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| self.show());
            // Ends the thread even if `work` panics.
            let _end_when_dropped = EndWhenDropped(self);
            work()
        })
    }

    fn begin(&self, work: Work, total: u64) {
        self.tiles.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
        let current = Current { work, total, started: Instant::now() };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }

    fn show(&self) {
        let every = if self.style == Style::Bar { BAR_INTERVAL } else { LINE_INTERVAL };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            ended = self.end.wait_timeout(ended, every).unwrap_or_else(PoisonError::into_inner).0;
            if *ended {
                break;
            }
            let current = *self.current.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(current) = current.filter(|current| current.started.elapsed() > DELAY) else { continue };
            // A pyramid that is built while a picture is cut counts tiles, too.
            let count = if current.counts_rows() { &self.rows } else { &self.tiles };
            let done = count.load(Ordering::Relaxed).min(current.total);
            let text = describe(&self.name, current, done, current.started.elapsed());
            match self.style {
                Style::Bar if current.total > 0 => self.console.bar(&format!("{} {text}", bar(done, current.total))),
                Style::Bar => self.console.bar(&text),
                _ => self.console.say(&text),
            }
        }
        self.console.clear_bar();
    }
}

fn bar(done: u64, total: u64) -> String {
    const WIDTH: u64 = 20;
    let filled = (done * WIDTH / total.max(1)) as usize;
    format!("[{}{}]", "#".repeat(filled), ".".repeat(WIDTH as usize - filled))
}

fn describe(name: &str, current: Current, done: u64, elapsed: Duration) -> String {
    if current.total == 0 {
        return format!("{name} {}: {} s", current.name(), elapsed.as_secs());
    }
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = if rate > 0.0 { ((current.total - done) as f64 / rate) as u64 } else { 0 };
    let unit = current.unit();
    let counts = format!("{}/{} {unit}, {}/s", grouped(done), grouped(current.total), grouped(rate as u64));
    format!("{name} {}: {counts}, {}:{:02} left", current.name(), left / 60, left % 60)
}

impl Observer for Progress<'_> {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Warning(warning) => self.console.warning(&format!("{}: {warning}", self.name)),
            Event::Started { work, total } => self.begin(*work, *total),
            Event::TilesDone(count) => _ = self.tiles.fetch_add(*count, Ordering::Relaxed),
            Event::RowsDone(count) => _ = self.rows.fetch_add(*count, Ordering::Relaxed),
            _ => {}
        }
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.code().is_some()
    }
}

/// Ends the display of progress when dropped.
struct EndWhenDropped<'a>(&'a Progress<'a>);

impl Drop for EndWhenDropped<'_> {
    fn drop(&mut self) {
        *self.0.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.end.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fast_pyramid::Version;

    #[test]
    fn a_line_states_tiles_rate_and_time_left() {
        let current = Current { work: Work::Version(Version(3)), total: 2000, started: Instant::now() };
        let text = describe("image1", current, 500, Duration::from_secs(50));
        assert_eq!(text, "image1 v3: 500/2,000 tiles, 10/s, 2:30 left");
        assert_eq!(describe("a", current, 0, Duration::ZERO), "a v3: 0/2,000 tiles, 0/s, 0:00 left");
        let flushing = Current { work: Work::Flush, total: 0, started: Instant::now() };
        assert_eq!(describe("a", flushing, 0, Duration::from_secs(7)), "a flushing to disk: 7 s");
        assert_eq!(bar(500, 2000), "[#####...............]");
        assert_eq!(bar(2000, 2000), "[####################]");
    }
}
