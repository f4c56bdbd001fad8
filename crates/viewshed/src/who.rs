//! `viewshed who`: who can discover what.

use std::mem::ManuallyDrop;

use viewshed_analyze::SightIndex;
use viewshed_analyze::network::NetworkIndex;
use viewshed_analyze::pivot::{PivotIndex, Sought};
use viewshed_analyze::rbac::Reach;
use viewshed_analyze::who::{join, rank, resolve_resource, who_can, who_sees};
use viewshed_model::{Action, EstateSummary, Gap, RankReport, WhoAnswer};
use viewshed_report::Answer;

use crate::can_i::one_cluster;
use crate::cli::{PivotArgs, ScopeArgs, WhoArgs, WhoQuestion, WhoSharedArgs};
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
            steps,
            shared,
        }) => {
            let words = Words {
                verb,
                resource,
                name: name.as_deref(),
            };
            can(words, scope, (steps, shared), screen)
        }
        Some(WhoQuestion::Sees {
            target,
            steps,
            shared,
        }) => sees(target, (steps, shared), screen),
    }
}

fn ranking(shared: &WhoSharedArgs, screen: &Screen) -> Result<Outcome, Failure> {
    // The program ends with its answer: taking an estate apart piece by piece only costs time.
    let estate = ManuallyDrop::new(input::estate(
        &shared.estate,
        &shared.impersonate,
        Wanted::Cluster,
        screen,
    )?);
    let ranking = rank(&estate);
    let mut gaps = estate.gaps.clone();
    gaps.extend(ranking.gaps);
    gaps.sort();
    gaps.dedup();
    let report = ManuallyDrop::new(RankReport {
        estate: EstateSummary::of(&estate),
        ranks: ranking.ranks,
        totals: ranking.totals,
        gaps,
    });
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
    (steps, shared): (&PivotArgs, &WhoSharedArgs),
    screen: &Screen,
) -> Result<Outcome, Failure> {
    let estate = input::estate(&shared.estate, &shared.impersonate, Wanted::Cluster, screen)?;
    let cluster = one_cluster(&estate)?;
    let index = SightIndex::new(cluster);
    if let Some(namespace) = scope.namespace.as_deref()
        && !index.knows_namespace(namespace)
    {
        let name = viewshed_report::clean(namespace);
        terminal::say(&format!("Warning: the estate has no namespace '{name}'"));
    }
    let scope = &input::scope(scope, &shared.estate)?;
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
    let mut answer = who_can(&index, &action, reach);
    let network = NetworkIndex::new(cluster, steps.cni);
    let reads = ["get", "list", "watch"].contains(&words.verb);
    let is_of_secrets = matches!(&action, Action::Resource(asked)
        if asked.api_group.is_empty() && asked.resource == "secrets" && reads);
    let gaps = joined(&mut answer, (&index, &network), is_of_secrets, steps);
    show(answer, &[&estate.gaps[..], &gaps].concat(), shared, screen)
}

/// Joins an answer with the network, and tells what was not understood of the policies.
fn joined<'c>(
    answer: &mut WhoAnswer,
    (index, network): (&SightIndex<'c>, &NetworkIndex<'c>),
    is_of_secrets: bool,
    steps: &PivotArgs,
) -> Vec<Gap> {
    let sought = if is_of_secrets {
        Sought::Secrets
    } else {
        Sought::Other
    };
    let pivots = (!steps.no_pivots).then(|| PivotIndex::new(index, network));
    let by_steps = pivots.as_ref().map(|pivots| (pivots, sought, steps.depth));
    join(answer, network, by_steps);
    network.gaps()
}

fn sees(
    target: &str,
    (steps, shared): (&PivotArgs, &WhoSharedArgs),
    screen: &Screen,
) -> Result<Outcome, Failure> {
    let estate = input::estate(&shared.estate, &shared.impersonate, Wanted::Cluster, screen)?;
    let index = SightIndex::new(one_cluster(&estate)?);
    let network = NetworkIndex::new(index.cluster(), steps.cni);
    let mut answer = who_sees(&index, Some(&network), target).map_err(|error| {
        Failure::usage(
            error.to_string(),
            "for example: viewshed who sees pod/shop/cart-7d",
        )
    })?;
    let word = target.split('/').next().unwrap_or_default();
    let is_of_secrets = resolve_resource(&index, word)
        .is_some_and(|(group, resource, _)| group.is_empty() && resource == "secrets");
    let gaps = joined(&mut answer, (&index, &network), is_of_secrets, steps);
    show(answer, &[&estate.gaps[..], &gaps].concat(), shared, screen)
}

fn show(
    answer: WhoAnswer,
    gaps: &[Gap],
    shared: &WhoSharedArgs,
    screen: &Screen,
) -> Result<Outcome, Failure> {
    let answers = [answer];
    screen.show(
        &Answer::Who(&answers, gaps),
        &shared.output,
        Lists::whole_if(shared.all),
    )?;
    Ok(Outcome::with_gaps(false, gaps))
}
