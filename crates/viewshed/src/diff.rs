//! `viewshed diff`: who gained or lost sight of what between two estates.

use std::path::Path;

use viewshed_analyze::diff::{DiffSettings, diff_under};
use viewshed_model::Estate;
use viewshed_report::Answer;

use crate::cli::{DiffArgs, DiffFailOn, EstateArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};

/// Compares the two sides.
pub(crate) fn run(arguments: &DiffArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let before = of_path(&arguments.before, arguments, screen)?;
    let after = match &arguments.after {
        Some(path) => of_path(path, arguments, screen)?,
        None => input::estate(
            &arguments.estate,
            &arguments.impersonate,
            Wanted::Everything,
            screen,
        )?,
    };
    let names = (name(&arguments.before), after_name(arguments, &after));
    let names = (names.0.as_str(), names.1.as_str());
    let settings = DiffSettings {
        cni: arguments.pivots.cni,
        depth: if arguments.pivots.no_pivots {
            0
        } else {
            arguments.pivots.depth
        },
    };
    let report = diff_under(&before, &after, names, settings);
    screen.show(
        &Answer::Diff(&report),
        &arguments.output,
        Lists::whole_if(arguments.all),
    )?;
    let fails = match arguments.fail_on {
        DiffFailOn::Gained => report.changes.iter().any(|change| change.gained),
        DiffFailOn::Changed => !report.changes.is_empty(),
        DiffFailOn::Never => false,
    };
    Ok(Outcome::with_gaps(fails, &report.gaps))
}

fn of_path(path: &Path, arguments: &DiffArgs, screen: &Screen) -> Result<Estate, Failure> {
    let estate = EstateArgs {
        from: vec![path.to_owned()],
        estate: arguments.estate.estate.clone(),
        ..EstateArgs::default()
    };
    input::estate(&estate, &arguments.impersonate, Wanted::Everything, screen)
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn after_name(arguments: &DiffArgs, after: &Estate) -> String {
    match &arguments.after {
        Some(path) => name(path),
        None => {
            let sources: Vec<&str> = after.sources.iter().map(|source| &*source.name).collect();
            sources.join(", ")
        }
    }
}
