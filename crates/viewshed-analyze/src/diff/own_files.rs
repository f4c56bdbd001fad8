//! What workloads have in their own files and variables: values of Secrets, and what a folder or the process
//! table of their node tells. Whatever leads further is a step, and told as such.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, Evidence, PodSpec, Position, SightChange, VolumeSource};

use super::fold;
use crate::checks::runners;
use crate::see::{Opening, openings_on};

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
        }));
    }
    changes
}

fn seen(cluster: &Cluster) -> Workloads<'_> {
    let runners = runners(cluster).into_iter();
    runners
        .map(|runner| {
            let mut seen = secrets(runner.namespace, runner.spec);
            let title = runner.full_name();
            let place = (cluster, runner.namespace, "");
            for on_node in openings_on(place, runner.spec, &title, "") {
                if let Some(what) = words(on_node.opening) {
                    seen.entry(what.to_owned()).or_insert(on_node.text);
                }
            }
            let key = (runner.namespace, runner.kind, runner.name);
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
        | Opening::AdminCredentials
        | Opening::EtcdData
        | Opening::Socket(_) => None,
    }
}

/// The Secrets whose values a container that has not ended can read.
fn secrets(namespace: &str, spec: &PodSpec) -> Seen {
    let mut seen = Seen::new();
    let mut add = |name: &str, why: String| {
        seen.entry(format!("has values of Secret {namespace}/{name}"))
            .or_insert(why);
    };
    for container in spec.standing() {
        for name in &container.env_secrets {
            add(
                name,
                format!("the environment of container {}", container.name),
            );
        }
        for mount in &container.mounts {
            let mut volumes = spec.volumes.iter();
            let volume = volumes.find(|volume| volume.name == mount.source);
            for source in volume.into_iter().flat_map(|volume| &volume.sources) {
                if let VolumeSource::Secret(name) = source {
                    let (container, path) = (&container.name, &mount.destination);
                    add(name, format!("{path} of container {container}"));
                }
            }
        }
    }
    seen
}
