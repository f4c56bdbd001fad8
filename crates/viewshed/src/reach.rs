//! `viewshed reach`: who may open a connection to whom, and why.

mod questions;

use viewshed_analyze::SightIndex;
use viewshed_analyze::network::{
    MATRIX_PAIRS_MAX, NetworkError, NetworkIndex, docker_answer, docker_sources,
};
use viewshed_analyze::pivot::PivotIndex;
use viewshed_model::{
    Estate, Place, ReachAnswer, ReachQuestion, ReachReport, ReachVerdict, Target,
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
    let places = [&arguments.source, &arguments.destination, &arguments.to];
    let wanted = if places.into_iter().flatten().any(is_of_docker) {
        Wanted::DockerHost
    } else {
        Wanted::Cluster
    };
    let estate = input::estate(&arguments.estate, &nobody, wanted, screen)?;
    let network = Network::new(&estate, arguments)?;
    let lists = Lists::whole_if(arguments.all);
    if let Some(path) = &arguments.questions {
        return questions::run(path, &network, &arguments.output);
    }
    if let Some(from) = &arguments.source {
        let mut report = report(arguments, &network, from)?;
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Reach(&report), &arguments.output, lists)?;
        return Ok(outcome(arguments, &report));
    }
    if let Some(to) = &arguments.to {
        let (port, protocol) = (arguments.port, arguments.protocol);
        let found = match network.cluster_for([to]) {
            Some(index) => index.sources(to, port, protocol),
            None => docker_sources(&estate, to, port, protocol),
        };
        let mut report = found.map_err(|error| no_answer(&error))?;
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Sources(&report), &arguments.output, lists)?;
        return Ok(Outcome::with_gaps(false, &report.gaps));
    }
    let Some(index) = &network.index else {
        return Err(Failure::usage(
            "of Docker hosts only single questions and single places are answered",
            "for example: `viewshed reach container:web world` or `viewshed reach --to container:db`",
        ));
    };
    if arguments.pivots {
        let sight = SightIndex::new(index.cluster());
        let mut report = PivotIndex::new(&sight, index).ranks(arguments.depth);
        report.gaps.splice(0..0, estate.gaps.iter().cloned());
        screen.show(&Answer::Pivots(&report), &arguments.output, lists)?;
        return Ok(Outcome::with_gaps(false, &report.gaps));
    }
    let Some(mut matrix) = index.matrix() else {
        return Err(Failure::usage(
            format!("the estate has more than {MATRIX_PAIRS_MAX} pairs of places"),
            "ask for one side: `viewshed reach --to PLACE` or `viewshed reach FROM`",
        ));
    };
    matrix.gaps.splice(0..0, estate.gaps.iter().cloned());
    screen.show(&Answer::Matrix(&matrix), &arguments.output, lists)?;
    Ok(Outcome::with_gaps(false, &matrix.gaps))
}

/// What answers questions: the cluster's index, and the Docker hosts.
struct Network<'e> {
    estate: &'e Estate,
    /// `None` when the estate has no cluster.
    index: Option<NetworkIndex<'e>>,
}

impl<'e> Network<'e> {
    fn new(estate: &'e Estate, arguments: &ReachArgs) -> Result<Self, Failure> {
        let index = if estate.clusters.is_empty() && !estate.docker_hosts.is_empty() {
            None
        } else {
            Some(NetworkIndex::new(one_cluster(estate)?, arguments.cni))
        };
        Ok(Self { estate, index })
    }

    /// The cluster, unless one of the places is Docker's.
    fn cluster_for<'p>(
        &self,
        places: impl IntoIterator<Item = &'p Place>,
    ) -> Option<&NetworkIndex<'e>> {
        let is_docker = places.into_iter().any(is_of_docker);
        self.index.as_ref().filter(|_| !is_docker)
    }

    fn answer(&self, question: &ReachQuestion) -> Result<ReachAnswer, NetworkError> {
        match self.cluster_for([&question.from, &question.to]) {
            Some(index) => index.answer(question),
            None => docker_answer(self.estate, question),
        }
    }

    fn gaps(&self) -> Vec<viewshed_model::Gap> {
        let index = self.index.as_ref();
        index.map(NetworkIndex::gaps).unwrap_or_default()
    }
}

const fn is_of_docker(place: &Place) -> bool {
    matches!(place, Place::Container { .. } | Place::Host { .. })
}

/// The answer to one question, or to one per target.
fn report(
    arguments: &ReachArgs,
    network: &Network<'_>,
    from: &Place,
) -> Result<ReachReport, Failure> {
    let targets: &[Target] = match network.cluster_for([from]) {
        Some(_) => &Target::ALL,
        None => &[Target::Docker, Target::Metadata, Target::World],
    };
    let targets = targets.iter().copied().map(Place::Target);
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
    if let Some(index) = network.cluster_for([from]) {
        let profile = index.profile();
        index.cluster().name.clone_into(&mut report.estate);
        profile.cni().name().clone_into(&mut report.cni);
        report.assumed = profile.evidence().map(str::to_owned).collect();
    } else {
        "docker".clone_into(&mut report.cni);
        let hosts = network.estate.docker_hosts.iter();
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
        "`viewshed reach` without a place lists the pods, nodes and addresses that there are",
    )
}
