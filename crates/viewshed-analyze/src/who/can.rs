//! Who can do one thing.

use viewshed_model::{Action, MissingFact, WhoAnswer, WhoEntry};

use super::describe::Describer;
use crate::rbac::{self, Reach};
use crate::see::{FromPod, from_pods};
use crate::sight::SightIndex;

/// Everybody who can do `action`: with [`Reach::Exactly`] in its namespace (over the whole cluster
/// when it names none), with [`Reach::AnyNamespace`] also those who can in some namespaces only.
///
/// Grants made by people come first. Groups are named as they are; who is in them stands in the
/// estate only for the groups that Kubernetes itself fills.
pub fn who_can(index: &SightIndex<'_>, action: &Action, reach: Reach) -> WhoAnswer {
    let entries = rbac::who_can(&index.access, action, reach);
    let pods = from_pods(index, None, None);
    answer(index, can(action), (entries, &pods))
}

/// The question in the words of `kubectl auth can-i`: "list pods in all namespaces".
pub fn can(action: &Action) -> String {
    match action {
        Action::NonResource(path) => format!("{} {}", path.verb, path.path),
        Action::Resource(asked) => {
            let mut text = format!("{} {}", asked.verb, asked.combined_resource());
            if !asked.api_group.is_empty() {
                text = format!("{text}.{}", asked.api_group);
            }
            if !asked.name.is_empty() {
                text = format!("{text} {}", asked.name);
            }
            if asked.namespace.is_empty() {
                text
            } else {
                format!("{text} in {}", asked.namespace)
            }
        }
    }
}

/// Completes and sorts entries.
pub(super) fn answer(
    index: &SightIndex<'_>,
    question: String,
    (mut entries, pods): (Vec<WhoEntry>, &[FromPod<'_>]),
) -> WhoAnswer {
    let describer = Describer::new(index, pods);
    for entry in &mut entries {
        describer.complete(entry);
    }
    entries.sort_by(|a, b| {
        let by_subject = || a.subject.cmp(&b.subject);
        let by_place = || (&a.namespace, &a.names).cmp(&(&b.namespace, &b.names));
        let by_origin = a.origin.cmp(&b.origin);
        by_origin.then_with(by_subject).then_with(by_place)
    });
    WhoAnswer {
        question,
        estate: index.cluster.name.clone(),
        entries,
        holds_values: Vec::new(),
        by_steps: Vec::new(),
        more_by_steps: 0,
        depends_on: unknown(index),
    }
}

fn unknown(index: &SightIndex<'_>) -> Vec<MissingFact> {
    index.access.undecided_by()
}
