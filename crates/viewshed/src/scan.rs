//! `viewshed scan`: what is exposed to whom, worst first.

use viewshed_analyze::network::{NetworkIndex, docker_overview};
use viewshed_analyze::pivot::{PivotIndex, docker_ranks};
use viewshed_analyze::{SightIndex, checks, who};
use viewshed_model::{
    Estate, EstateSummary, Finding, PivotReport, ReachOverview, ScanReport, Severity,
};
use viewshed_report::Answer;

use crate::cli::{FailOn, PivotArgs, ScanArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};

/// Collects or reads the estate, runs the checks, ranks the identities.
pub(crate) fn run(arguments: &ScanArgs, screen: &Screen) -> Result<Outcome, Failure> {
    check_names(arguments.only.iter().chain(&arguments.skip))?;
    let estate = input::estate(
        &arguments.estate,
        &arguments.impersonate,
        Wanted::Everything,
        screen,
    )?;
    let is_chosen = |name: &str| {
        (arguments.only.is_empty() || arguments.only.iter().any(|only| only == name))
            && !arguments.skip.iter().any(|skip| skip == name)
    };
    let mut findings = checks::scan(&estate);
    findings.retain(|finding| is_chosen(&finding.check));
    let mut pages = checks::pages();
    pages.retain(|page| is_chosen(&page.name));
    let ranking = who::rank(&estate);
    let mut gaps = estate.gaps.clone();
    gaps.extend(ranking.gaps);
    let draws = arguments.output.output == crate::cli::Format::Html;
    let (mut pivots, reach) = network(&estate, &arguments.pivots, draws);
    for of_estate in &mut pivots {
        gaps.append(&mut of_estate.gaps);
    }
    gaps.sort();
    gaps.dedup();
    let report = ScanReport {
        generated_at: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        estate: EstateSummary::of(&estate),
        mitigations: checks::summary(&estate, &findings, &pages),
        checks: pages,
        findings,
        ranks: ranking.ranks,
        totals: ranking.totals,
        pivots,
        reach,
        gaps,
    };
    let lists = Lists::whole_if(arguments.details);
    screen.show(&Answer::Scan(&report), &arguments.output, lists)?;
    let threshold = threshold(arguments);
    let has_findings = threshold.is_some_and(|threshold| {
        report
            .findings
            .iter()
            .any(|finding: &Finding| finding.severity >= threshold)
    });
    Ok(Outcome::with_gaps(has_findings, &report.gaps))
}

/// What the workloads and identities of each cluster, and the containers of the Docker hosts together, lead to,
/// and, where it is drawn, who reaches the places that matter.
fn network(
    estate: &Estate,
    steps: &PivotArgs,
    draws: bool,
) -> (Vec<PivotReport>, Vec<ReachOverview>) {
    let (mut pivots, mut reach) = (Vec::new(), Vec::new());
    if steps.no_pivots && !draws {
        return (pivots, reach);
    }
    for cluster in &estate.clusters {
        let network = NetworkIndex::new(cluster, steps.cni);
        if !steps.no_pivots {
            let sight = SightIndex::new(cluster);
            pivots.push(PivotIndex::new(&sight, &network).ranks_with_identities(steps.depth));
        }
        if draws {
            reach.push(network.overview());
        }
    }
    if !estate.docker_hosts.is_empty() {
        if !steps.no_pivots {
            pivots.push(docker_ranks(estate, steps.depth));
        }
        if draws {
            reach.push(docker_overview(estate));
        }
    }
    (pivots, reach)
}

fn check_names<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), Failure> {
    for name in names {
        if checks::page(name).is_none() {
            return Err(Failure::usage(
                format!("there is no check `{name}`"),
                "`viewshed explain` lists them all",
            ));
        }
    }
    Ok(())
}

/// The least severity that counts; the demo is there to be looked at and never fails.
fn threshold(arguments: &ScanArgs) -> Option<Severity> {
    let unset = if arguments.estate.demo {
        FailOn::Never
    } else {
        FailOn::High
    };
    severity(arguments.fail_on.unwrap_or(unset))
}

/// The severity that a word of `--fail-on` stands for; `None` when nothing counts.
pub(crate) fn severity(word: FailOn) -> Option<Severity> {
    match word {
        FailOn::Info => Some(Severity::Info),
        FailOn::Low => Some(Severity::Low),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::High => Some(Severity::High),
        FailOn::Critical => Some(Severity::Critical),
        FailOn::Never => None,
    }
}
