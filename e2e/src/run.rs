//! Running a command to its end and keeping what it said.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a command to its end and returns its standard output.
///
/// Fails with the command line and its standard error when it does not end with status 0.
pub fn run(command: &mut Command) -> Result<String> {
    let output = output(command, None)?;
    succeeded(command, &output)
}

/// Like [`run`], with `input` on standard input.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Result<String> {
    let output = output(command, Some(input))?;
    succeeded(command, &output)
}

/// Runs a command to its end, whatever its status.
pub(crate) fn output(command: &mut Command, input: Option<&str>) -> Result<Output> {
    command.stdin(if input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    let writer = child
        .stdin
        .take()
        .zip(input.map(str::to_owned))
        .map(|(mut pipe, input)| {
            // A command may end without reading its input: that is judged by its status.
            std::thread::spawn(move || pipe.write_all(input.as_bytes()).is_ok())
        });
    let output = child
        .wait_with_output()
        .with_context(|| format!("cannot wait for `{}`", line(command)))?;
    if let Some(writer) = writer {
        drop(writer.join());
    }
    Ok(output)
}

fn succeeded(command: &Command, output: &Output) -> Result<String> {
    if !output.status.success() {
        bail!(
            "`{}` ended with {}: {}",
            line(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
