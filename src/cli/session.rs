//! What every command has at hand: global options, console, signals; and how it reports results and errors.

use super::arguments::GlobalArguments;
use super::console::Console;
use super::exit::Code;
use super::hints::{hint, proposed_settings};
use super::interrupt::Interrupt;
use super::progress::Progress;
use fast_pyramid::Error;
use fast_pyramid::internals::ops::{Failure, failure};
use fast_pyramid::internals::text::{Fault, display_path};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// The number of the JSON output's schema: raised when a key changes its meaning or goes, not when one is added.
pub(crate) const SCHEMA: u32 = 1;

/// One run of the program.
pub(crate) struct Session<'a> {
    pub(crate) global: &'a GlobalArguments,
    pub(crate) console: &'a Console,
    pub(crate) interrupt: Interrupt,
}

impl<'a> Session<'a> {
    /// A session whose command stops at a signal.
    pub(crate) fn interruptible(global: &'a GlobalArguments, console: &'a Console) -> Self {
        Self { global, console, interrupt: Interrupt::watch() }
    }

    /// A session of a quick command, which a signal simply ends.
    pub(crate) fn quick(global: &'a GlobalArguments, console: &'a Console) -> Self {
        Self { global, console, interrupt: Interrupt::default() }
    }

    /// Progress under this name.
    pub(crate) fn progress(&self, name: &str) -> Progress<'a> {
        Progress::new(self.console, self.global.progress, name, self.interrupt.clone())
    }

    /// With `--json`, prints an object of these fields and the name of the pyramid.
    pub(crate) fn print_json(&self, folder: &Path, fields: impl Serialize) {
        if self.global.json {
            self.console.data(&object(folder, fields));
        }
    }

    /// Reports a folder that no command can work on, with its object, and returns the code.
    pub(crate) fn refuse(&self, folder: &Path, text: &str, hint: Option<&str>, code: Code) -> Code {
        self.print_json(folder, json!({ "error": text, "hint": hint, "code": code.number() }));
        self.console.error(text, hint);
        code
    }

    /// Reports an error, and returns the exit code: that of the signal if one stopped the command. `more` are additional
    /// fields of the JSON object.
    pub(crate) fn fail(&self, error: &Error, folder: &Path, more: Value) -> Code {
        self.fail_at(None, error, folder, more)
    }

    /// Like [`Session::fail`], with the place that names what failed.
    pub(crate) fn fail_at(&self, place: Option<&str>, error: &Error, folder: &Path, more: Value) -> Code {
        let code = self.interrupt.or_signal(Code::of(error.kind()));
        let text = place.map_or_else(|| error.to_string(), |place| format!("{place}: {error}"));
        let hint = hint(error);
        let mut fields = more;
        fields["error"] = json!(text);
        fields["hint"] = json!(hint);
        fields["code"] = json!(code.number());
        if let Failure::Tiles { folder: version, faults, advice } = failure(error) {
            let faulty = faults.all();
            for Fault { tile, problem } in &faulty {
                self.console.detail(&format!("{}: {problem}", display_path(version.join(tile))));
            }
            fields["wrong_tile_count"] = json!(faults.count());
            fields["wrong_tiles"] = json!(below(faulty, version.strip_prefix(folder).unwrap_or(version)));
            let proposal = advice.as_deref().map(proposed_settings).unwrap_or_default();
            if !proposal.is_empty() {
                let settings = proposal.into_iter().map(|(key, value)| (key.to_owned(), value));
                fields["proposal"] = Value::Object(settings.collect());
            }
        }
        self.print_json(folder, fields);
        self.console.error(&text, hint.as_deref());
        code
    }
}

/// The same faults, with paths that begin with this folder.
fn below(faults: Vec<Fault>, folder: &Path) -> Vec<Fault> {
    let below = |Fault { tile, problem }| Fault { tile: display_path(folder.join(tile)), problem };
    faults.into_iter().map(below).collect()
}

/// A line with an object of these fields and the name of the pyramid.
pub(crate) fn object(folder: &Path, fields: impl Serialize) -> String {
    let mut object = json!({ "pyramid": folder.to_string_lossy(), "schema": SCHEMA });
    if let (Value::Object(object), Ok(Value::Object(fields))) = (&mut object, serde_json::to_value(&fields)) {
        object.extend(fields);
    }
    format!("{object}\n")
}

/// Seconds since then, to the millisecond.
pub(crate) fn seconds_since(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
}
