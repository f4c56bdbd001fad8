//! Reaches a kubelet, a service or a pod through the API server.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::path::without_query;
use crate::engine::who::Class;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "proxied-read",
    title: "reaches kubelets or services through the API server",
    techniques: &["T1613", "T1046"],
    cap: 120,
    page: include_str!("../../../../docs/detections/proxied-read.md"),
    judge,
};

/// The parts of the kubelet's API that show or run pods.
///
/// Source: kubernetes `pkg/kubelet/server/server.go`.
const REVEALING: [&str; 9] = [
    "/pods",
    "/runningpods",
    "/run/",
    "/exec/",
    "/attach/",
    "/containerlogs/",
    "/logs",
    "/configz",
    "/portforward/",
];

/// So many points has a kind of the core API, and no word of another program's.
const KNOWN_KIND_MIN: f64 = 12.0;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.op == Op::Exec && look.activity.surface == Surface::KubernetesApi {
        return commands(look);
    }
    if look.behaviour.op != Op::Proxy
        || look.activity.surface != Surface::KubernetesApi
        || look.is_usual
    {
        return None;
    }
    let path = without_query(&look.activity.uri).to_ascii_lowercase();
    let beyond = path
        .split_once("/proxy")
        .map_or("", |(_, beyond)| beyond)
        .trim_end_matches('/');
    let object = &look.activity.object;
    let is_node = object.resource == "nodes";
    let first = beyond.split('/').nth(1).unwrap_or_default();
    let is_metrics = is_node && matches!(first, "metrics" | "stats" | "healthz");
    if is_metrics && (first == "healthz" || scrapes(look)) {
        return None;
    }
    let is_revealing = if is_node {
        REVEALING
            .iter()
            .any(|part| format!("{beyond}/").starts_with(part))
    } else {
        // In the metrics of a cluster stand the names of all that is in it.
        is_of_api(beyond) || beyond.ends_with("/metrics") || beyond.ends_with("/federate")
    };
    let target = format!("{}/{}", object.resource, object.name);
    // What is asked for: of a kubelet the first part of the path tells, of a service the whole.
    let part = if is_node { first } else { beyond };
    let is_first = look.facts.count(Sort::Proxied) == 0;
    let is_new_target = look.facts.nth(Sort::Proxied, [&target, ""]).is_some();
    let is_new_part = look.facts.nth(Sort::Proxied, [&target, part]).is_some();
    let base = match (is_node, is_revealing) {
        (true, true) if is_first => 75.0,
        (true, false) if is_first => 45.0,
        (false, true) if is_first && is_visitor(look) => 140.0,
        (false, true) if is_first => 70.0,
        (false, false) if is_first => 30.0,
        (true, _) if is_new_target => 30.0,
        (false, _) if is_new_target => 22.0,
        (true, _) if is_new_part => 15.0,
        // A dashboard behind `kubectl proxy` asks for many paths.
        (false, _) if is_new_part && look.share() < 1.0 => 18.0 * look.strangeness,
        (false, _) if is_new_part => 18.0,
        _ => return None,
    };
    // A dashboard behind `kubectl proxy` is a person's daily work, a kubelet is not.
    let share = if look.class == Class::Node {
        // Kubelets are asked, and ask no other one.
        1.0
    } else if look.share() < 1.0 && is_node {
        (0.5 + 0.6 * look.strangeness).min(1.0)
    } else {
        look.share_away()
    };
    let what = if is_metrics { "metrics of " } else { "" };
    let text = format!(
        "{} reaches {what}{} {} through the API server",
        look.who, object.resource, object.name
    );
    // The first scrape of what was just installed is no habit yet, and people have tools that show how full disks are.
    let known = match look.share() {
        _ if !is_metrics => 1.0,
        share if share < 1.0 => 0.5 * look.log_acquaintance,
        _ => look.log_acquaintance,
    };
    Some(Sign::new(base * share * known, text))
}

/// Whether the API itself is asked, which stands behind a service as well: whoever asks there may be somebody else.
fn is_of_api(beyond: &str) -> bool {
    let kinds = beyond.strip_prefix("/api/v1/");
    let kind = kinds.and_then(|rest| rest.split('/').next());
    beyond.starts_with("/apis/") || kind.is_some_and(|kind| kinds::points(kind) >= KNOWN_KIND_MIN)
}

/// Commands in one pod after the other: programs run some in the pods that they make, and people where they work.
fn commands(look: &mut Look<'_>) -> Option<Sign> {
    let is_person = look.class == Class::Person;
    if look.is_usual || (is_person && look.is_at_home) || look.works_here {
        return None;
    }
    let (namespace, pod) = (look.behaviour.namespace, &*look.activity.object.name);
    let nth = look.facts.nth(Sort::Proxied, [namespace, pod])?;
    let base = match nth {
        1 => 20.0,
        2 => 30.0,
        _ => 35.0,
    };
    let weight = base
        * if is_person {
            look.strangeness
        } else {
            look.share()
        };
    let pods = if nth == 1 { "pod" } else { "pods" };
    let text = format!(
        "{} {nth} {pods}",
        look.together("runs commands in", "run commands in")
    );
    Some(Sign::quiet(weight, text))
}

/// Whether metrics of kubelets are what somebody is there to read: scrapers find the nodes by following or listing
/// them, or begin on each of them, and reach them this way in many set-ups. In these metrics stand the names of all
/// pods, containers and volumes.
fn scrapes(look: &Look<'_>) -> bool {
    let lists = !look.facts.listed("nodes") && look.baseline.lists(look.index, "nodes");
    let node = &*look.activity.actor.node;
    lists
        || look.baseline.watches(look.index, "nodes")
        || look.baseline.touches(look.index, "nodes/metrics")
        || (!look.is_midway && !node.is_empty() && node == look.activity.object.name)
}

/// Whether a person who has long been working elsewhere reads it.
fn is_visitor(look: &Look<'_>) -> bool {
    look.class == Class::Person && look.acquaintance > 0.5 && !look.is_at_home && !look.sees_all
}
