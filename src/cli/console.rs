//! Standard output for data, standard error for people. Either may be closed or full at any moment, which never causes a
//! panic.

use super::arguments::GlobalArguments;
use super::exit::Code;
use fast_pyramid::internals::sync::Mutex;
use std::io::{self, IsTerminal, Write};

/// Where a command writes.
#[derive(Debug)]
pub(crate) struct Console {
    quiet: bool,
    verbose: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// A progress bar is on the last line of standard error.
    bar: bool,
    /// Data was lost on the way to standard output, although somebody reads it.
    lost: bool,
}

impl Console {
    pub(crate) fn new(global: &GlobalArguments) -> Self {
        Self { quiet: global.quiet, verbose: global.verbose, state: Mutex::default() }
    }

    /// Writes to standard output. False once it is closed, so that the rest can be skipped.
    pub(crate) fn data(&self, text: &str) -> bool {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => true,
            Err(error) => {
                if error.kind() != io::ErrorKind::BrokenPipe {
                    self.lock().lost = true;
                }
                false
            }
        }
    }

    /// The final exit code: success becomes failure if data was lost.
    pub(crate) fn finish(&self, code: Code) -> Code {
        if self.lock().lost { code.max(Code::Failed) } else { code }
    }

    /// A line for people, unless `--quiet` is set.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// A line for people, if `--verbose` is set.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.line(text);
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        self.line(&format!("warning: {text}"));
    }

    /// What failed, then what to do about it. Lines after the first are indented.
    pub(crate) fn error(&self, text: &str, hint: Option<&str>) {
        let mut lines = text.replace('\n', "\n  ");
        if let Some(hint) = hint {
            lines += "\n  ";
            lines += hint;
        }
        self.line(&format!("error: {lines}"));
    }

    /// Draws or replaces the progress bar, cut to the width of the terminal.
    pub(crate) fn bar(&self, text: &str) {
        let mut state = self.lock();
        let width = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        let text: String = text.chars().take(if width > 1 { width - 1 } else { 120 }).collect();
        let _ = write!(io::stderr().lock(), "\r{text}\x1b[K");
        state.bar = true;
    }

    /// Removes the progress bar.
    pub(crate) fn clear_bar(&self) {
        let mut state = self.lock();
        clear(&mut state);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn is_terminal() -> bool {
        io::stderr().is_terminal()
    }

    fn line(&self, text: &str) {
        let mut state = self.lock();
        clear(&mut state);
        // A single write, so that lines of several processes do not mix.
        let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock()
    }
}

fn clear(state: &mut State) {
    if std::mem::take(&mut state.bar) {
        let _ = io::stderr().lock().write_all(b"\r\x1b[K");
    }
}

/// A number with grouped thousands: 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 tile`, `2 tiles`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let numbers = [0, 12, 123, 1234, 123_456, 1_234_567];
        assert_eq!(numbers.map(grouped).join(" "), "0 12 123 1,234 123,456 1,234,567");
        assert_eq!((counted(1, "tile"), counted(1000, "tile")), ("1 tile".into(), "1,000 tiles".into()));
    }
}
