//! What workloads have in their own files and variables: values of Secrets, and what a folder or the process
//! table of their node tells. Whatever leads further is a step, and told as such.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, Evidence, Position, SightChange};

use super::fold;
use crate::checks::runners;
use crate::see::{Opening, openings_on, values_at_hand};

/// Namespace, kind and name of a workload.
type Key<'a> = (&'a str, &'a str, &'a str);

/// What a workload sees, each with one reason.
type Seen = BTreeMap<String, String>;

/// What workloads see on one side only.
pub(super) fn changes(old: &Cluster, new: &Cluster) -> Vec<SightChange> {
    let (old, new) = (seen(old), seen(new));
    let mut changes = gained(&old, &new);
    changes.extend(super::lost(gained(&new, &old)));
    changes
}

type Workloads<'a> = BTreeMap<Key<'a>, (Seen, Option<Position>)>;

fn gained(old: &Workloads<'_>, new: &Workloads<'_>) -> Vec<SightChange> {
    let mut changes = Vec::new();
    for (key, (seen, position)) in new {
        let (namespace, kind, name) = *key;
        let known = old.get(key).map(|(seen, _)| seen);
        let fresh = seen
            .iter()
            .filter(|(what, _)| !known.is_some_and(|known| known.contains_key(*what)));
        changes.extend(fresh.map(|(what, why)| SightChange {
            subject: fold::holder(kind, namespace, name),
            gained: true,
            what: what.clone(),
            namespace: None,
            evidence: Evidence::Fixed(why.clone()),
            position: position.clone(),
            reach: None,
        }));
    }
    changes
}

fn seen(cluster: &Cluster) -> Workloads<'_> {
    let runners = runners(cluster).into_iter();
    runners
        .map(|runner| {
            let mut seen = Seen::new();
            let (namespace, title) = (runner.namespace, runner.full_name());
            let values = values_at_hand(runner.spec, namespace, &title);
            for held in values.filter(|held| held.resource == "secrets") {
                seen.entry(format!("has values of Secret {namespace}/{}", held.name))
                    .or_insert(held.place);
            }
            let place = (cluster, namespace, "");
            for on_node in openings_on(place, runner.spec, &title, "") {
                if let Some(what) = words(on_node.opening) {
                    seen.entry(what.to_owned()).or_insert(on_node.text);
                }
            }
            let key = (namespace, runner.kind, runner.name);
            (key, (seen, runner.location))
        })
        .collect()
}

/// What an opening shows that leads no further.
const fn words(opening: Opening) -> Option<&'static str> {
    match opening {
        Opening::Logs => Some("reads the logs of every container of its node"),
        Opening::RuntimeState(_) => Some("reads the runtime's records of its node"),
        Opening::Processes => Some("sees every process of its node"),
        Opening::StaticPods => Some("reads the manifests of the static pods of its node"),
        Opening::Root
        | Opening::NodeCredentials
        | Opening::KubeletConfiguration
        | Opening::PodVolumes
        | Opening::GroupVolumes(_)
        | Opening::AdminCredentials
        | Opening::ControlPlaneUser(_)
        | Opening::EtcdData
        | Opening::Socket(_) => None,
    }
}
