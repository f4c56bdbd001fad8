//! `viewshed reach`: who may open a connection to whom, and why.

mod questions;

use viewshed_analyze::SightIndex;
use viewshed_analyze::network::{MATRIX_PAIRS_MAX, NetworkIndex};
use viewshed_analyze::pivot::PivotIndex;
use viewshed_model::{Place, ReachAnswer, ReachQuestion, ReachReport, ReachVerdict, Target};
use viewshed_report::Answer;

use crate::can_i::one_cluster;
use crate::cli::{ImpersonateArgs, ReachArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};

/// Answers one question, a file of questions, or lists sources and pairs.
pub(crate) fn run(arguments: &ReachArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let nobody = ImpersonateArgs::default();
    let estate = input::estate(&arguments.estate, &nobody, Wanted::Cluster, screen)?;
    let cluster = one_cluster(&estate)?;
    let index = NetworkIndex::new(cluster, arguments.cni);
    if let Some(path) = &arguments.questions {
        return questions::run(path, &index, &arguments.output);
    }
    let lists = Lists::whole_if(arguments.all);
    if let Some(from) = &arguments.source {
        let mut report = report(arguments, &index, from)?;
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Reach(&report), &arguments.output, lists)?;
        return Ok(outcome(arguments, &report));
    }
    if arguments.pivots {
        let sight = SightIndex::new(cluster);
        let mut report = PivotIndex::new(&sight, &index).ranks(arguments.depth);
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Pivots(&report), &arguments.output, lists)?;
        return Ok(Outcome::of(false, !report.gaps.is_empty()));
    }
    if let Some(to) = &arguments.to {
        let found = index.sources(to, arguments.port, arguments.protocol);
        let mut report = found.map_err(|error| no_answer(&error))?;
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Sources(&report), &arguments.output, lists)?;
        return Ok(Outcome::of(false, !report.gaps.is_empty()));
    }
    let Some(mut matrix) = index.matrix() else {
        return Err(Failure::usage(
            format!("the estate has more than {MATRIX_PAIRS_MAX} pairs of places"),
            "ask for one side: `viewshed reach --to PLACE` or `viewshed reach FROM`",
        ));
    };
    matrix.gaps.splice(0..0, estate.gaps.iter().cloned());
    screen.show(&Answer::Matrix(&matrix), &arguments.output, lists)?;
    Ok(Outcome::of(false, !matrix.gaps.is_empty()))
}

/// The answer to one question, or to one per target.
fn report(
    arguments: &ReachArgs,
    index: &NetworkIndex<'_>,
    from: &Place,
) -> Result<ReachReport, Failure> {
    let targets = Target::ALL.into_iter().map(Place::Target);
    let places: Vec<Place> = match &arguments.destination {
        Some(place) => vec![place.clone()],
        None => targets.collect(),
    };
    let answers: Result<Vec<ReachAnswer>, Failure> = places
        .into_iter()
        .map(|to| {
            let question = ReachQuestion {
                from: from.clone(),
                to,
                port: arguments.port,
                protocol: arguments.protocol,
            };
            index.answer(&question).map_err(|error| no_answer(&error))
        })
        .collect();
    let profile = index.profile();
    Ok(ReachReport {
        estate: index.cluster().name.clone(),
        cni: profile.cni().name().to_owned(),
        assumed: profile.evidence().map(str::to_owned).collect(),
        answers: answers?,
        gaps: index.gaps(),
    })
}

fn outcome(arguments: &ReachArgs, report: &ReachReport) -> Outcome {
    match (report.answers.as_slice(), &arguments.destination) {
        ([answer], Some(_)) => match answer.verdict {
            ReachVerdict::Allowed => Outcome::Clean,
            ReachVerdict::Denied => Outcome::Findings,
            ReachVerdict::Depends => Outcome::Partial,
        },
        _ => Outcome::of(false, !report.gaps.is_empty()),
    }
}

fn no_answer(error: &viewshed_analyze::network::NetworkError) -> Failure {
    Failure::usage(
        error.to_string(),
        "`viewshed reach` without a place lists the pods, nodes and addresses that there are",
    )
}
