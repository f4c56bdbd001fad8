//! `viewshed can-i`: is a request allowed, and why.

mod own;

use std::mem::ManuallyDrop;

use viewshed_analyze::rbac::{AccessIndex, self_subject_rules};
use viewshed_model::{
    AccessAnswer, AccessRequest, Action, Cluster, Decision, Estate, Gap, Identity,
};
use viewshed_report::Answer;

use crate::cli::{CanIArgs, ImpersonateArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::question::{self, Words};
use crate::{questions, terminal};

/// Answers one question, lists everything, or answers a file of questions.
///
/// Of oneself, the live server is asked where the bindings could not be read.
///
/// The exit code of a single question is 0 for yes, 1 for no, and 4 where the answer depends on facts that
/// are not in the estate.
pub(crate) fn run(arguments: &CanIArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let nobody = ImpersonateArgs::default();
    // The program ends with its answer: taking an estate apart piece by piece only costs time.
    let estate = input::estate(&arguments.estate, &nobody, Wanted::Cluster, screen)?;
    let estate = ManuallyDrop::new(estate);
    let cluster = one_cluster(&estate)?;
    let index = AccessIndex::new(cluster);
    if let Some(path) = &arguments.questions {
        return questions::run(path, &index, &arguments.output);
    }
    let identity = match &arguments.user {
        Some(user) => Identity {
            uid: arguments.uid.clone(),
            extra: question::extra(&arguments.extra)?,
            ..question::identity(user, &arguments.groups)
        },
        None => own::identity(&arguments.estate)?,
    };
    let gaps = concerning(&estate.gaps, &identity);
    let (Some(verb), Some(resource)) = (&arguments.verb, &arguments.resource) else {
        return list(arguments, (&index, &identity), gaps, screen);
    };
    let words = Words {
        verb,
        resource,
        name: arguments.name.as_deref(),
    };
    let scope = input::scope(&arguments.scope, &arguments.estate)?;
    let mut action = question::action(cluster, words, &scope)?;
    if let (Some(subresource), Action::Resource(asked)) = (&arguments.subresource, &mut action) {
        asked.subresource.clone_from(subresource);
    }
    for warning in question::warnings(cluster, words) {
        terminal::say(&warning);
    }
    let request = AccessRequest { identity, action };
    let mut answer = AccessAnswer {
        estate: cluster.name.clone(),
        decision: index.decide(&request),
        request,
        gaps,
    };
    if arguments.user.is_none() && matches!(answer.decision, Decision::DependsOn(_)) {
        own::decide(&arguments.estate, &mut answer)?;
    }
    screen.show(&Answer::CanI(&answer), &arguments.output, Lists::Short)?;
    Ok(match answer.decision {
        Decision::Allowed(_) => Outcome::Clean,
        Decision::Denied(_) => Outcome::Findings,
        Decision::DependsOn(_) => Outcome::Partial,
    })
}

/// Everything that is allowed in one namespace.
fn list(
    arguments: &CanIArgs,
    (index, identity): (&AccessIndex<'_>, &Identity),
    gaps: Vec<Gap>,
    screen: &Screen,
) -> Result<Outcome, Failure> {
    // `kubectl auth can-i` refuses it too (`Validate` in `pkg/cmd/auth/cani.go` of kubectl).
    if arguments.scope.all_namespaces {
        return Err(Failure::usage(
            "--list is of one namespace: RoleBindings differ from one to the next",
            "name it with --namespace; `viewshed see --as USER` shows all of them together",
        ));
    }
    let scope = input::scope(&arguments.scope, &arguments.estate)?;
    let namespace = scope.namespace.unwrap_or_default();
    let mut review = self_subject_rules(index, identity, &namespace);
    review.gaps = gaps;
    if arguments.user.is_none() && !index.undecided_by().is_empty() {
        own::list(&arguments.estate, &mut review)?;
    }
    screen.show(&Answer::Rules(&review), &arguments.output, Lists::Short)?;
    Ok(Outcome::of(
        false,
        review.incomplete || !review.gaps.is_empty(),
    ))
}

/// The gaps that an answer about access depends on, those of the access rules first. Lists of other kinds are
/// not looked at, except for nodes, which may read what their pods use.
fn concerning(gaps: &[Gap], identity: &Identity) -> Vec<Gap> {
    const RULES: &str = "rbac.authorization.k8s.io";
    let is_node = identity.user.starts_with("system:node:");
    let (rules, others): (Vec<Gap>, Vec<Gap>) = gaps
        .iter()
        .cloned()
        .partition(|gap| gap.what.contains(RULES));
    let others = others
        .into_iter()
        .filter(|gap| is_node || !gap.what.starts_with("list `"));
    rules.into_iter().chain(others).collect()
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
