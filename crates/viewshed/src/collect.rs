//! `viewshed collect`: an estate into one snapshot file.

use viewshed_decode::snapshot;

use crate::cli::CollectArgs;
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::Screen;
use crate::terminal;

/// What the snapshot says of its maker.
const TOOL: &str = concat!("viewshed ", env!("CARGO_PKG_VERSION"));

/// Reads the estate and writes the snapshot; says on standard error what it holds and what is missing, unless
/// that is to be quiet: the exit code and the snapshot tell of gaps too.
pub(crate) fn run(arguments: &CollectArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let estate = input::estate(
        &arguments.estate,
        &arguments.impersonate,
        Wanted::Everything,
        screen,
    )?;
    let mut bytes = Vec::new();
    snapshot::write(&estate, TOOL, &mut bytes).map_err(|error| Failure::collect(error, ""))?;
    terminal::write_answer(&bytes, Some(&arguments.output))?;
    if !screen.is_quiet {
        terminal::say(&viewshed_report::table::collected(&estate, screen.style()));
    }
    Ok(Outcome::with_gaps(false, &estate.gaps))
}
