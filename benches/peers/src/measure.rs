//! One command's cost, as the kernel accounts it when the command ends.
//!
//! A small program of its own, because a child begins its life as a copy of its parent, and the kernel counts that in
//! the child's peak memory: measured from Python, nothing would seem to use less than Python does.

use crate::Failure;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Runs `command`. Its standard output becomes the last line's JSON, if it is any.
pub fn run(command: &[OsString]) -> Result<Value, Failure> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    // What the peers print is a line or two, so it fits the pipe's buffer unless something is wrong.
    let mut output = String::new();
    if let Some(mut pipe) = child.stdout.take() {
        io::Read::read_to_string(&mut pipe, &mut output)?;
    }
    let (status, usage) = wait(child.id())?;
    let seconds = started.elapsed().as_secs_f64();
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
        return Err(format!("{} ended with status {status:#x}", program.display()).into());
    }
    let said: Value = output.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or(Value::Null);
    Ok(json!({
        "wall": seconds,
        "user": in_seconds(usage.ru_utime),
        "system": in_seconds(usage.ru_stime),
        "peak_mb": usage.ru_maxrss as f64 / 1024.0,
        "said": said,
    }))
}

/// Waits for the child. The usage is that of the child and of all its descendants that were waited for; the peak is
/// that of the largest process among them.
fn wait(child: u32) -> io::Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: all-zero is a valid rusage, and both pointers are to live values of the right type.
    unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        if libc::wait4(child as libc::pid_t, &mut status, 0, &mut usage) < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((status, usage))
    }
}

fn in_seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}
