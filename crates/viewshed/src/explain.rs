//! `viewshed explain`: the page of a check or of a detection.

use viewshed_analyze::checks;
use viewshed_analyze::see::near_names;
use viewshed_model::Page;
use viewshed_report::Answer;

use crate::cli::ExplainArgs;
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::watch::detection_pages;

/// Shows one page, or lists all checks and detections.
pub(crate) fn run(arguments: &ExplainArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let mut pages = every_page();
    match &arguments.name {
        None => pages.iter_mut().for_each(leave_out_markdown),
        Some(wanted) => {
            let names: Vec<String> = pages.iter().map(|page| name(page).to_owned()).collect();
            pages.retain(|page| name(page) == wanted);
            if pages.is_empty() {
                return Err(unknown(wanted, names));
            }
        }
    }
    screen.show(&Answer::Explain(&pages), &arguments.output, Lists::Whole)?;
    Ok(Outcome::Clean)
}

fn every_page() -> Vec<Page> {
    let detections = detection_pages().map(Page::Detection);
    let checks = checks::pages().into_iter().map(Page::Check);
    checks.chain(detections).collect()
}

fn name(page: &Page) -> &str {
    match page {
        Page::Check(page) => &page.name,
        Page::Detection(page) => &page.name,
    }
}

fn leave_out_markdown(page: &mut Page) {
    match page {
        Page::Check(page) => page.markdown.clear(),
        Page::Detection(page) => page.markdown.clear(),
    }
}

fn unknown(wanted: &str, names: Vec<String>) -> Failure {
    let near = near_names(wanted, names.into_iter());
    let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    let hint = match near.as_slice() {
        [] => "`viewshed explain` lists them all".to_owned(),
        near => format!(
            "is it {}? `viewshed explain` lists them all",
            near.join(", ")
        ),
    };
    Failure::usage(format!("there is no check or detection `{wanted}`"), hint)
}
