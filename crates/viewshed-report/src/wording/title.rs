//! The title of an incident: who looked at what.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Incident, IncidentState, kind_in_words};

use super::incident::{detection, is_file, user};
use super::sensitivity::{is_path, sensitivity};
use super::{count, thousands};

/// Kinds named in a title.
const KINDS_MAX: usize = 3;

/// Who looked at what, in one line.
pub(crate) fn title(incident: &Incident) -> String {
    let name = match &incident.actor.pod {
        Some(pod) if incident.actor.name == "(process)" => format!("a process in pod {pod}"),
        _ => user(&incident.actor.name),
    };
    if incident.requests.is_empty() {
        match detection(incident) {
            "silent-source" => {
                let verb = match incident.state {
                    IncidentState::Open => "has fallen silent",
                    IncidentState::Closed => "fell silent",
                };
                return format!("{name} {verb}");
            }
            "identity-flood" => return "many identities that were never seen before".to_owned(),
            _ => {}
        }
    }
    let others = match incident.also_as.len() {
        0 => String::new(),
        more => format!(
            " (and under {})",
            count(more as u64, "more identity", "more identities")
        ),
    };
    format!(
        "{name}{}{others} {}{}",
        masks(incident),
        looked_at(incident),
        looked_in(incident)
    )
}

/// As whom it acted: the mask is the news.
fn masks(incident: &Incident) -> String {
    match incident.actor.acted_as.as_slice() {
        [] => String::new(),
        [one] => format!(" acting as {}", user(one)),
        [first, more @ ..] => format!(
            " acting as {} and {}",
            user(first),
            count(more.len() as u64, "other", "others")
        ),
    }
}

/// The kinds that tell most, then those that were asked for most; objects before paths.
fn looked_at(incident: &Incident) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for tally in &incident.requests {
        *counts.entry(&tally.kind).or_default() += tally.count;
    }
    let mut kinds: Vec<(&str, u64)> = counts.into_iter().collect();
    kinds.sort_by_key(|(kind, count)| (sensitivity(kind), std::cmp::Reverse(*count), *kind));
    // Who only ran programs did not look at them.
    let is_opened = kinds.iter().all(|(kind, _)| is_file(kind));
    let commands: Option<Vec<&str>> = kinds
        .iter()
        .map(|(kind, _)| kind.strip_prefix("process:").filter(|_| !is_file(kind)))
        .collect();
    let (verb, words): (&str, Vec<String>) = match commands {
        _ if is_opened && !kinds.is_empty() => {
            let words = kinds
                .iter()
                .map(|(kind, _)| kind_in_words(kind).into_owned());
            ("opened", words.collect())
        }
        Some(commands) if !commands.is_empty() => {
            ("ran", commands.into_iter().map(str::to_owned).collect())
        }
        _ => {
            let words = kinds
                .iter()
                .map(|(kind, _)| kind_in_words(kind).into_owned());
            ("looked at", words.collect())
        }
    };
    let more = words.len().saturating_sub(KINDS_MAX) as u64;
    let mut what: Vec<String> = words.into_iter().take(KINDS_MAX).collect();
    if more > 0 {
        what.push(match verb {
            "ran" => count(more, "more command", "more commands"),
            _ => count(more, "more kind", "more kinds"),
        });
    }
    match what.as_slice() {
        [] => "looked around".to_owned(),
        [one] => format!("{verb} {one}"),
        [first @ .., last] => format!("{verb} {} and {last}", first.join(", ")),
    }
}

/// The namespaces, unless it asked beyond the only one.
fn looked_in(incident: &Incident) -> String {
    let namespaces: BTreeSet<&str> = incident
        .requests
        .iter()
        .filter(|tally| !is_path(&tally.kind))
        .map(|tally| tally.namespace.as_str())
        .collect();
    let mut named = namespaces.iter().filter(|namespace| !namespace.is_empty());
    match (named.next(), namespaces.len()) {
        (None, _) => String::new(),
        (Some(one), 1) => format!(" in namespace {one}"),
        (Some(_), 2) if namespaces.contains("") => String::new(),
        (Some(_), _) => {
            let number = 1 + named.count() as u64;
            format!(" in {} namespaces", thousands(number))
        }
    }
}

#[cfg(test)]
mod tests {
    use viewshed_model::{Incident, IncidentState, Reason, RequestTally, Surface, Verdict};

    use super::title;
    use crate::sample;

    fn by(name: &str, kinds: &[(Surface, &str)]) -> Incident {
        let mut incident = sample::bare_incident();
        incident.actor.name = name.to_owned();
        incident.requests = kinds
            .iter()
            .map(|(surface, kind)| RequestTally {
                surface: *surface,
                verb: "list".to_owned(),
                kind: (*kind).to_owned(),
                namespace: String::new(),
                verdict: Verdict::Allowed,
                count: 1,
            })
            .collect();
        incident
    }

    #[test]
    fn what_tells_most_is_not_hidden_behind_the_alphabet() {
        let kinds = [
            "configmaps",
            "deployments.apps",
            "ingresses.networking.k8s.io",
            "nodes",
            "rolebindings.rbac.authorization.k8s.io",
            "secrets",
        ];
        let incident = by("jane", &kinds.map(|kind| (Surface::KubernetesApi, kind)));
        assert_eq!(
            title(&incident),
            "jane looked at secrets, rolebindings.rbac.authorization.k8s.io, configmaps and 3 more kinds"
        );
    }

    #[test]
    fn programs_are_run_and_masks_are_named() {
        let commands = ["process:cat", "process:kubectl get"];
        let incident = by("(process)", &commands.map(|kind| (Surface::Process, kind)));
        assert_eq!(
            title(&incident),
            "a process without a pod ran cat and kubectl get"
        );
        let mut incident = by("(process)", &[(Surface::Process, "process:token-file")]);
        incident.actor.pod = Some("cart-7d".to_owned());
        assert_eq!(
            title(&incident),
            "a process in pod cart-7d opened a file with a credential"
        );
        let mut incident = by("jane", &[(Surface::KubernetesApi, "secrets")]);
        incident.actor.acted_as = ["root", "bob", "eve"].map(str::to_owned).to_vec();
        assert_eq!(
            title(&incident),
            "jane acting as root and 2 others looked at secrets"
        );
    }

    #[test]
    fn a_silent_source_has_looked_at_nothing() {
        let mut incident = by("https://0.0.0.0:9443", &[]);
        incident.reasons.push(Reason {
            detection: "silent-source".to_owned(),
            text: String::new(),
            weight: 100,
            at: incident.opened_at,
            audit_id: String::new(),
        });
        assert_eq!(title(&incident), "https://0.0.0.0:9443 fell silent");
        incident.state = IncidentState::Open;
        assert_eq!(title(&incident), "https://0.0.0.0:9443 has fallen silent");
    }
}
