//! `viewshed explain`: the page of a check.

use viewshed_analyze::checks;

use crate::cli::ExplainArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::Screen;
use crate::terminal;

/// Prints one page, or lists all checks.
pub(crate) fn run(arguments: &ExplainArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let pages = checks::pages();
    let text = match &arguments.name {
        None => viewshed_report::table::checks(&pages, screen.style()),
        Some(name) => {
            let page = pages
                .iter()
                .find(|page| page.name == *name)
                .ok_or_else(|| {
                    Failure::usage(
                        format!("there is no check `{name}`"),
                        "`viewshed explain` lists them all",
                    )
                })?;
            viewshed_report::table::explain(page, screen.style())
        }
    };
    terminal::write_answer(text.as_bytes(), None)?;
    Ok(Outcome::Clean)
}
