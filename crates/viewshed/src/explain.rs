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
    let pages = checks::pages();
    let text = match &arguments.name {
        None => {
            let mut text = viewshed_report::table::checks(&pages, screen.style());
            text.push_str("\nDetections of `viewshed watch`:\n");
            for detection in detections::ALL {
                // Writing to a string cannot fail.
                writeln!(text, "  {:<26} {}", detection.name, detection.title).ok();
            }
            text
        }
        Some(name) if detections::find(name).is_some() => {
            detections::page(name).unwrap_or_default().to_owned()
        }
        Some(name) => {
            let page = pages
                .iter()
                .find(|page| page.name == *name)
                .ok_or_else(|| {
                    Failure::usage(
                        format!("there is no check or detection `{name}`"),
                        "`viewshed explain` lists them all",
                    )
                })?;
            viewshed_report::table::explain(page, screen.style())
        }
    };
    terminal::write_answer(text.as_bytes(), None)?;
    Ok(Outcome::Clean)
}
