//! `viewshed can-i`: is a request allowed, and why.

use viewshed_analyze::rbac::{AccessIndex, self_subject_rules};
use viewshed_collect::kubernetes::verify::who_am_i;
use viewshed_model::{AccessAnswer, AccessRequest, Cluster, Decision, Estate, Identity};
use viewshed_report::Answer;

use crate::cli::{CanIArgs, EstateArgs, ImpersonateArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::question::{self, Words};
use crate::{questions, terminal};

/// Answers one question, lists everything, or answers a file of questions.
///
/// The exit code of a single question is 0 for yes, 1 for no, and 4 where the answer depends on facts that
/// are not in the estate.
pub(crate) fn run(arguments: &CanIArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let nobody = ImpersonateArgs::default();
    let estate = input::estate(&arguments.estate, &nobody, Wanted::Cluster, screen)?;
    let cluster = one_cluster(&estate)?;
    let index = AccessIndex::new(cluster);
    if let Some(path) = &arguments.questions {
        return questions::run(path, &index, &arguments.output);
    }
    let identity = match &arguments.user {
        Some(user) => question::identity(user, &arguments.groups),
        None => own_identity(&arguments.estate)?,
    };
    let gaps = estate.gaps.clone();
    let (Some(verb), Some(resource)) = (&arguments.verb, &arguments.resource) else {
        let namespace = arguments.scope.namespace.as_deref().unwrap_or("default");
        let mut review = self_subject_rules(&index, &identity, namespace);
        review.gaps = gaps;
        screen.show(&Answer::Rules(&review), &arguments.output, Lists::Short)?;
        return Ok(Outcome::of(
            false,
            review.incomplete || !review.gaps.is_empty(),
        ));
    };
    let words = Words {
        verb,
        resource,
        name: arguments.name.as_deref(),
    };
    let action = question::action(cluster, words, &arguments.scope)?;
    for warning in question::warnings(cluster, words) {
        terminal::say(&warning);
    }
    let request = AccessRequest { identity, action };
    let decision = index.decide(&request);
    let answer = AccessAnswer {
        estate: cluster.name.clone(),
        request,
        decision,
        gaps,
    };
    screen.show(&Answer::CanI(&answer), &arguments.output, Lists::Short)?;
    Ok(match answer.decision {
        Decision::Allowed(_) => Outcome::Clean,
        Decision::Denied(_) => Outcome::Findings,
        Decision::DependsOn(_) => Outcome::Partial,
    })
}

/// The cluster that a question about access is for.
///
/// # Errors
/// When there is none, or several and none was named.
pub(crate) fn one_cluster(estate: &Estate) -> Result<&Cluster, Failure> {
    match estate.clusters.as_slice() {
        [cluster] => Ok(cluster),
        [] => Err(Failure::usage(
            "the estate has no Kubernetes cluster",
            "access questions are about a cluster: name one with --context or --from",
        )),
        several => {
            let names: Vec<&str> = several
                .iter()
                .map(|cluster| cluster.name.as_str())
                .collect();
            Err(Failure::usage(
                "the estate has several clusters",
                format!("choose one with --estate: {}", names.join(", ")),
            ))
        }
    }
}

fn own_identity(arguments: &EstateArgs) -> Result<Identity, Failure> {
    if arguments.demo || !arguments.from.is_empty() {
        return Err(Failure::usage(
            "whose access? files do not tell who you are",
            "name an identity with --as USER [--as-group GROUP]",
        ));
    }
    let context = arguments.context.first().map(String::as_str);
    input::block_on(async {
        let client = input::connect(arguments, context, &ImpersonateArgs::default()).await?;
        if let Some(identity) = client.identity() {
            return Ok(identity.clone());
        }
        who_am_i(&client)
            .await
            .map_err(|failure| failure.into_error(client.server()))
    })?
    .map_err(input::collect_failure)
}
