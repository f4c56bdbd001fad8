//! `viewshed explain`: the page of a check or of a detection.

use std::fmt::Write as _;

use viewshed_analyze::checks;
use viewshed_detect::detections;

use crate::cli::ExplainArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::Screen;
use crate::terminal;

/// Prints one page, or lists all checks and detections.
pub(crate) fn run(arguments: &ExplainArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let text = match &arguments.name {
        None => list(screen),
        Some(name) => page(name, screen)?,
    };
    terminal::write_answer(text.as_bytes(), None)?;
    Ok(Outcome::Clean)
}

fn list(screen: &Screen) -> String {
    let mut text = viewshed_report::table::checks(&checks::pages(), screen.style());
    text.push_str("\nDetections of `viewshed watch`:\n");
    for detection in detections::ALL {
        // Writing to a string cannot fail.
        writeln!(text, "  {:<26} {}", detection.name, detection.title).ok();
    }
    text
}

fn page(name: &str, screen: &Screen) -> Result<String, Failure> {
    if let Some(page) = detections::page(name) {
        return Ok(page.to_owned());
    }
    let pages = checks::pages();
    let page = pages.iter().find(|page| page.name == name);
    let page = page.ok_or_else(|| {
        Failure::usage(
            format!("there is no check or detection `{name}`"),
            "`viewshed explain` lists them all",
        )
    })?;
    Ok(viewshed_report::table::explain(page, screen.style()))
}
