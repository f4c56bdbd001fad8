//! `viewshed reach`: who may open a connection to whom, and why.

mod questions;

use viewshed_analyze::SightIndex;
use viewshed_analyze::bootstrap::is_about_grants;
use viewshed_analyze::network::{EstateNetwork, MATRIX_PAIRS_MAX, NetworkError, NetworkIndex};
use viewshed_analyze::pivot::{PivotIndex, docker_ranks, joined_ranks};
use viewshed_model::{
    Estate, Gap, PivotReport, Place, Protocol, ReachAnswer, ReachQuestion, ReachReport,
    ReachVerdict, Target,
};
use viewshed_report::Answer;

use crate::can_i::one_cluster;
use crate::cli::{ImpersonateArgs, ReachArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};

/// Answers one question, a file of questions, or lists sources and pairs.
pub(crate) fn run(arguments: &ReachArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let nobody = ImpersonateArgs::default();
    if arguments.port.is_some() && arguments.protocol == Some(Protocol::Icmp) {
        return Err(Failure::usage("ICMP has no ports", "leave `--port` out"));
    }
    let estate = input::estate(&arguments.estate, &nobody, wanted(arguments), screen)?;
    let network = network(&estate, arguments)?;
    let lists = Lists::whole_if(arguments.all);
    if let Some(path) = &arguments.questions {
        let unread: Vec<Gap> = network_gaps(&estate).collect();
        return questions::run(path, (&network, &unread), &arguments.output);
    }
    if let Some(from) = &arguments.source {
        let mut report = report(arguments, (&estate, &network), from)?;
        report.gaps.splice(0..0, network_gaps(&estate));
        screen.show(&Answer::Reach(&report), &arguments.output, lists)?;
        return Ok(outcome(arguments, &report));
    }
    if let Some(to) = &arguments.to {
        let (port, protocol) = (arguments.port, arguments.protocol);
        let found = network.sources(to, port, protocol);
        let mut report = found.map_err(|error| no_answer(&error))?;
        report.gaps.splice(0..0, network_gaps(&estate));
        screen.show(&Answer::Sources(&report), &arguments.output, lists)?;
        return Ok(Outcome::with_gaps(false, &report.gaps));
    }
    if arguments.pivots {
        let mut report = pivots(&estate, &network, arguments.depth);
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Pivots(&report), &arguments.output, lists)?;
        return Ok(Outcome::with_gaps(false, &report.gaps));
    }
    let Some(mut matrix) = network.matrix() else {
        return Err(Failure::usage(
            format!("the estate has more than {MATRIX_PAIRS_MAX} pairs of places"),
            "ask for one side: `viewshed reach --to PLACE` or `viewshed reach FROM`",
        ));
    };
    matrix.gaps.splice(0..0, network_gaps(&estate));
    screen.show(&Answer::Matrix(&matrix), &arguments.output, lists)?;
    Ok(Outcome::with_gaps(false, &matrix.gaps))
}

/// The network of the estate: of its one cluster, its Docker hosts, or both.
fn network<'e>(estate: &'e Estate, arguments: &ReachArgs) -> Result<EstateNetwork<'e>, Failure> {
    let is_docker_only = estate.clusters.is_empty() && !estate.docker_hosts.is_empty();
    let cluster = if is_docker_only {
        None
    } else {
        Some(NetworkIndex::new(one_cluster(estate)?, arguments.cni))
    };
    Ok(EstateNetwork::new(estate, cluster))
}

/// What is missing of an estate, but for what only concerns identities.
fn network_gaps(estate: &Estate) -> impl Iterator<Item = Gap> {
    let gaps = estate.gaps.iter();
    gaps.filter(|gap| !is_about_grants(gap)).cloned()
}

/// Which network plugin the answers about a cluster go by, in one line; nothing of Docker hosts.
fn assumed(network: &EstateNetwork<'_>) -> Option<String> {
    let profile = network.cluster()?.profile();
    let how: Vec<&str> = profile.evidence().collect();
    let how = match how.as_slice() {
        [] => String::new(),
        how => format!(": {}", how.join("; ")),
    };
    Some(format!("network plugin assumed: {}{how}", profile.cni()))
}

fn pivots(estate: &Estate, network: &EstateNetwork<'_>, depth: u32) -> PivotReport {
    let of_cluster = network.cluster().map(|index| {
        let sight = SightIndex::new(index.cluster());
        PivotIndex::new(&sight, index).ranks(depth)
    });
    match of_cluster {
        Some(ranks) if estate.docker_hosts.is_empty() => ranks,
        Some(ranks) => joined_ranks(ranks, docker_ranks(estate, depth)),
        None => docker_ranks(estate, depth),
    }
}

/// What of the live world the places need; without a place, and for those that both may have, all of it.
fn wanted(arguments: &ReachArgs) -> Wanted {
    let places = [&arguments.source, &arguments.destination, &arguments.to];
    let (mut of_cluster, mut of_docker) = (false, false);
    for place in places.into_iter().flatten() {
        match place {
            Place::Container { .. } | Place::Host { .. } => of_docker = true,
            Place::Target(Target::World | Target::Metadata | Target::Docker)
            | Place::Address(_) => {}
            Place::Pod { .. } | Place::Node { .. } | Place::Service { .. } | Place::Target(_) => {
                of_cluster = true;
            }
        }
    }
    match (of_cluster, of_docker) {
        (true, false) => Wanted::Cluster,
        (false, true) => Wanted::DockerHost,
        (true, true) | (false, false) => Wanted::Everything,
    }
}

/// The answer to one question, or to one per target.
fn report(
    arguments: &ReachArgs,
    (estate, network): (&Estate, &EstateNetwork<'_>),
    from: &Place,
) -> Result<ReachReport, Failure> {
    let targets = network.targets(from).iter().copied().map(Place::Target);
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
            network.answer(&question).map_err(|error| no_answer(&error))
        })
        .collect();
    let mut report = ReachReport {
        answers: answers?,
        gaps: network.gaps(),
        ..ReachReport::default()
    };
    if let Some(index) = network.cluster_of(from) {
        let profile = index.profile();
        index.cluster().name.clone_into(&mut report.estate);
        profile.cni().name().clone_into(&mut report.cni);
        report.assumed = profile.evidence().map(str::to_owned).collect();
    } else {
        "docker".clone_into(&mut report.cni);
        let hosts = estate.docker_hosts.iter();
        let names: Vec<&str> = hosts.map(|host| host.name.as_str()).collect();
        report.estate = names.join(", ");
    }
    Ok(report)
}

fn outcome(arguments: &ReachArgs, report: &ReachReport) -> Outcome {
    match (report.answers.as_slice(), &arguments.destination) {
        ([answer], Some(_)) => match answer.verdict {
            ReachVerdict::Allowed => Outcome::Clean,
            ReachVerdict::Denied => Outcome::Findings,
            ReachVerdict::Depends => Outcome::Partial,
        },
        _ => Outcome::with_gaps(false, &report.gaps),
    }
}

fn no_answer(error: &NetworkError) -> Failure {
    Failure::usage(
        error.to_string(),
        "`viewshed reach` without a place lists the pods, nodes, containers and addresses that there are",
    )
}
