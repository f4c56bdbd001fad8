//! `viewshed who`: who can discover what.

use viewshed_analyze::SightIndex;
use viewshed_analyze::rbac::Reach;
use viewshed_analyze::who::{rank, who_can, who_sees};
use viewshed_model::{EstateSummary, RankReport, WhoAnswer};
use viewshed_report::Answer;

use crate::can_i::one_cluster;
use crate::cli::{ScopeArgs, WhoArgs, WhoQuestion, WhoSharedArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::question::{self, Words};
use crate::terminal;

/// Answers one question, or ranks all identities.
pub(crate) fn run(arguments: &WhoArgs, screen: &Screen) -> Result<Outcome, Failure> {
    match &arguments.question {
        None => ranking(&arguments.shared, screen),
        Some(WhoQuestion::Can {
            verb,
            resource,
            name,
            scope,
            shared,
        }) => {
            let words = Words {
                verb,
                resource,
                name: name.as_deref(),
            };
            can(words, scope, shared, screen)
        }
        Some(WhoQuestion::Sees { target, shared }) => sees(target, shared, screen),
    }
}

fn ranking(shared: &WhoSharedArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let estate = input::estate(&shared.estate, &shared.impersonate, Wanted::Cluster, screen)?;
    let ranking = rank(&estate);
    let mut gaps = estate.gaps.clone();
    gaps.extend(ranking.gaps);
    gaps.sort();
    gaps.dedup();
    let report = RankReport {
        estate: EstateSummary::of(&estate),
        ranks: ranking.ranks,
        totals: ranking.totals,
        gaps,
    };
    screen.show(
        &Answer::Rank(&report),
        &shared.output,
        Lists::whole_if(shared.all),
    )?;
    Ok(Outcome::with_gaps(false, &report.gaps))
}

fn can(
    words: Words<'_>,
    scope: &ScopeArgs,
    shared: &WhoSharedArgs,
    screen: &Screen,
) -> Result<Outcome, Failure> {
    let estate = input::estate(&shared.estate, &shared.impersonate, Wanted::Cluster, screen)?;
    let cluster = one_cluster(&estate)?;
    let index = SightIndex::new(cluster);
    let action = question::action(cluster, words, scope)?;
    for warning in question::warnings(cluster, words) {
        terminal::say(&warning);
    }
    // "In all namespaces" is also a question about who can in any of them.
    let reach = if scope.all_namespaces {
        Reach::AnyNamespace
    } else {
        Reach::Exactly
    };
    show(
        who_can(&index, &action, reach),
        &estate.gaps,
        shared,
        screen,
    )
}

fn sees(target: &str, shared: &WhoSharedArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let estate = input::estate(&shared.estate, &shared.impersonate, Wanted::Cluster, screen)?;
    let index = SightIndex::new(one_cluster(&estate)?);
    let answer = who_sees(&index, target).map_err(|error| {
        Failure::usage(
            error.to_string(),
            "for example: viewshed who sees pod/shop/cart-7d",
        )
    })?;
    show(answer, &estate.gaps, shared, screen)
}

fn show(
    answer: WhoAnswer,
    gaps: &[viewshed_model::Gap],
    shared: &WhoSharedArgs,
    screen: &Screen,
) -> Result<Outcome, Failure> {
    let answers = [answer];
    screen.show(
        &Answer::Who(&answers, gaps),
        &shared.output,
        Lists::whole_if(shared.all),
    )?;
    Ok(Outcome::with_gaps(false, &gaps))
}
