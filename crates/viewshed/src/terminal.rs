//! LEAVES: standard output and output files, and what kind of terminal is there.

use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use rustix::termios::tcgetwinsize;

use crate::cli::ColorChoice;
use crate::outcome::Failure;

/// Columns when the terminal does not tell.
const WIDTH_DEFAULT: u16 = 100;

/// Whether standard output gets colours.
pub(crate) fn has_colour(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        // NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM=dumb and the terminal itself.
        ColorChoice::Auto => {
            anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
        }
    }
}

/// Columns where no terminal cuts them: whoever searches a file wants each name whole.
pub(crate) const WIDTH_OF_FILES: u16 = 10_000;

/// Columns of standard output: what `COLUMNS` says where somebody exported it, else what the terminal tells.
pub(crate) fn width() -> u16 {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|columns| *columns > 0);
    if let Some(columns) = columns {
        return columns;
    }
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return WIDTH_OF_FILES;
    }
    // Terminals without a known height (`docker exec -t`, `stty columns` in a job of CI) still know this.
    tcgetwinsize(&stdout)
        .map(|size| size.ws_col)
        .ok()
        .filter(|columns| *columns > 0)
        .unwrap_or(WIDTH_DEFAULT)
}

/// Whether the locale can show box-drawing characters.
pub(crate) fn has_unicode() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|value| value.to_ascii_uppercase().contains("UTF"))
}

/// Whether progress can be drawn.
pub(crate) fn can_draw_progress() -> bool {
    std::io::stderr().is_terminal()
}

/// Writes an answer to `file`, or to standard output.
///
/// # Errors
/// [`Failure::OutputClosed`] when the reader went away, [`Failure::Collect`] on any other error.
pub(crate) fn write_answer(bytes: &[u8], file: Option<&Path>) -> Result<(), Failure> {
    match file {
        Some(path) if path != Path::new("-") => std::fs::write(path, bytes).map_err(|error| {
            let message = anyhow::anyhow!("cannot write `{}`: {error}", path.display());
            Failure::collect(message, "check that the folder exists and is writable")
        }),
        _ => {
            let mut stdout = std::io::stdout().lock();
            stdout
                .write_all(bytes)
                .and_then(|()| stdout.flush())
                .map_err(|error| {
                    if error.kind() == ErrorKind::BrokenPipe {
                        Failure::OutputClosed
                    } else {
                        Failure::collect(
                            anyhow::anyhow!("cannot write to standard output: {error}"),
                            "",
                        )
                    }
                })
        }
    }
}

/// Writes words for people to standard error; nobody is told when that fails.
pub(crate) fn say(text: &str) {
    if !text.is_empty() {
        writeln!(std::io::stderr(), "{text}").ok();
    }
}
