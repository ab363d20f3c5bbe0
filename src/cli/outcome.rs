//! How a command tells what became of a pyramid: one JSON object in a line, and errors.

use super::console::Console;
use super::exit::Code;
use super::interrupt::Interrupt;
use fast_pyramid::ops::Error;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// A line with an object of these fields and the pyramid's name.
pub(crate) fn object(folder: &Path, fields: impl Serialize) -> String {
    let mut object = json!({ "pyramid": folder.to_string_lossy() });
    if let (Value::Object(object), Ok(Value::Object(fields))) = (&mut object, serde_json::to_value(&fields)) {
        object.extend(fields);
    }
    format!("{object}\n")
}

/// Tells of an error, and returns the code to end with: the signal's, where one stopped the command. `more` are fields of
/// the JSON object, which is only printed if they are given.
pub(crate) fn fail(
    error: &Error,
    folder: &Path,
    interrupt: &Interrupt,
    more: Option<Value>,
    console: &Console,
) -> Code {
    let code = interrupt.or_signal(Code::of(error.category()));
    if let Some(mut fields) = more {
        fields["error"] = json!(error.to_string());
        fields["hint"] = json!(error.hint());
        fields["code"] = json!(code.number());
        console.data(&object(folder, fields));
    }
    console.error(&error.to_string(), error.hint().as_deref());
    code
}

/// Seconds since then, to the millisecond.
pub(crate) fn seconds_since(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
}
