//! Requests to stop: Ctrl-C, or a system that shuts down.

use super::exit::Code;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often to look for a signal, and how long the command may take to stop after one.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const GRACE_PERIOD: Duration = Duration::from_secs(3);

/// Whether the process was asked to stop, and by which signal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on. The first signal asks the command to stop, the second ends the process.
    pub(crate) fn watch() -> Self {
        let interrupt = Self::default();
        for (signal, flag) in [(SIGINT, &interrupt.interrupted), (SIGTERM, &interrupt.terminated)] {
            let _ = signal_hook::flag::register_conditional_default(signal, Arc::clone(flag));
            let _ = signal_hook::flag::register(signal, Arc::clone(flag));
        }
        interrupt
    }

    /// Ends the process if the command does not stop soon after a signal, because it waits for input that does not come.
    /// Anything written by then is out of sight, and the next command deletes it.
    pub(crate) fn end_soon(&self) {
        let interrupt = self.clone();
        std::thread::spawn(move || {
            while interrupt.code().is_none() {
                std::thread::sleep(POLL_INTERVAL);
            }
            std::thread::sleep(GRACE_PERIOD);
            let terminated = interrupt.terminated.load(Ordering::Relaxed);
            let _ = signal_hook::low_level::emulate_default_handler(if terminated { SIGTERM } else { SIGINT });
        });
    }

    /// The exit code, if the process was asked to stop.
    pub(crate) fn code(&self) -> Option<Code> {
        if self.terminated.load(Ordering::Relaxed) {
            return Some(Code::Terminated);
        }
        self.interrupted.load(Ordering::Relaxed).then_some(Code::Interrupted)
    }

    /// `code`, or that of the signal if `code` means that work, or waiting for a lock, was stopped.
    pub(crate) fn or_signal(&self, code: Code) -> Code {
        match code {
            Code::Interrupted | Code::Locked => self.code().unwrap_or(code),
            _ => code,
        }
    }
}
