//! Which of the technique's three mitigations is missing where, and where that cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{
    CheckPage, Cluster, DockerHost, Estate, Finding, MissingPlace, Mitigation, MitigationState,
    MitigationSummary, Presence, Severity,
};

use super::facts::list;
use super::{ALL, runners};

/// One entry per mitigation, in the order of [`Mitigation::ALL`], from what `scan` found in `estate`; `ran`
/// holds the checks that were not left out.
///
/// A mitigation is missing where a check found a hole of at least low severity, and segmentation also in
/// each namespace with pods and without any policy. It counts as present only where the facts that its checks
/// judge were read; otherwise the state is unknown and says why. Where there is no cluster, segmentation has no
/// states: it does not apply.
pub fn summary(estate: &Estate, findings: &[Finding], ran: &[CheckPage]) -> Vec<MitigationSummary> {
    Mitigation::ALL
        .into_iter()
        .map(|mitigation| {
            let holes: Vec<&Finding> = findings
                .iter()
                .filter(|finding| finding.mitigation == mitigation)
                .collect();
            let is_left_out = ALL
                .iter()
                .filter(|check| check.mitigation == mitigation)
                .any(|check| ran.iter().all(|page| page.name != check.name));
            let left_out = is_left_out.then_some("some of its checks were left out");
            let open = match (mitigation, left_out) {
                (Mitigation::M1030, None) => without_policy(estate),
                _ => BTreeMap::new(),
            };
            let states = states(estate, mitigation, (&holes, &open), left_out);
            MitigationSummary {
                mitigation,
                findings: holes.len() as u64,
                worst: holes.iter().map(|finding| finding.severity).max(),
                missing_in: missing_in(&holes, &open),
                checks: ALL
                    .iter()
                    .filter(|check| check.mitigation == mitigation)
                    .map(|check| check.name.to_owned())
                    .collect(),
                is_incomplete: states
                    .iter()
                    .any(|state| state.presence == Presence::Unknown),
                states,
            }
        })
        .collect()
}

/// Namespaces with pods that a policy could limit, and without any policy, by cluster. Where a policy covers the
/// whole cluster, or policies could not be read, there may be none.
fn without_policy(estate: &Estate) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut open: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for cluster in &estate.clusters {
        let spaces: BTreeSet<Option<&str>> = cluster
            .network_policies
            .iter()
            .map(|policy| policy.meta.namespace.as_deref())
            .collect();
        let is_hidden = hidden_by_gaps(estate, &cluster.name, Mitigation::M1030).is_some();
        if is_hidden || spaces.contains(&None) {
            continue;
        }
        let runners = runners(cluster).into_iter();
        let bare: BTreeSet<&str> = runners
            .filter(|runner| !runner.spec.host.network)
            .map(|runner| runner.namespace)
            .filter(|namespace| !spaces.contains(&Some(namespace)))
            .collect();
        if !bare.is_empty() {
            open.insert(&cluster.name, bare);
        }
    }
    open
}

/// Places with a hole of at least low severity, worst first, and namespaces that no finding names.
fn missing_in(holes: &[&Finding], open: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<MissingPlace> {
    let mut by_place: BTreeMap<(&str, &str), (u64, Severity)> = BTreeMap::new();
    for hole in holes.iter().filter(|hole| hole.severity > Severity::Info) {
        let place = by_place
            .entry((&hole.estate, &hole.namespace))
            .or_insert((0, hole.severity));
        place.0 += 1;
        place.1 = place.1.max(hole.severity);
    }
    for (estate, namespaces) in open {
        for namespace in namespaces {
            by_place
                .entry((estate, namespace))
                .or_insert((0, Severity::Info));
        }
    }
    let mut places: Vec<MissingPlace> = by_place
        .into_iter()
        .map(|((estate, namespace), (findings, worst))| MissingPlace {
            estate: estate.to_owned(),
            namespace: namespace.to_owned(),
            findings,
            worst,
        })
        .collect();
    places.sort_by(|a, b| {
        (b.worst, b.findings)
            .cmp(&(a.worst, a.findings))
            .then_with(|| (&a.estate, &a.namespace).cmp(&(&b.estate, &b.namespace)))
    });
    places
}

fn states(
    estate: &Estate,
    mitigation: Mitigation,
    (holes, open): (&[&Finding], &BTreeMap<&str, BTreeSet<&str>>),
    left_out: Option<&str>,
) -> Vec<MitigationState> {
    let clusters = estate.clusters.iter().map(|cluster| {
        let unknown = left_out.or_else(|| unread_of_cluster(cluster, mitigation));
        let bare = open.get(cluster.name.as_str());
        state(estate, &cluster.name, mitigation, (holes, bare), unknown)
    });
    // What a policy between pods is to a cluster, the host's firewall is to Docker: not in the estate.
    let hosts = estate
        .docker_hosts
        .iter()
        .filter(|_| mitigation != Mitigation::M1030)
        .map(|host| {
            let unknown = left_out.or_else(|| unread_of_host(host, mitigation));
            state(estate, &host.name, mitigation, (holes, None), unknown)
        });
    clusters.chain(hosts).collect()
}

fn state(
    estate: &Estate,
    name: &str,
    mitigation: Mitigation,
    (holes, bare): (&[&Finding], Option<&BTreeSet<&str>>),
    unread: Option<&str>,
) -> MitigationState {
    let mut by_check: BTreeMap<&str, (u64, Severity)> = BTreeMap::new();
    for hole in holes.iter().filter(|hole| hole.estate == name) {
        let check = by_check.entry(&hole.check).or_insert((0, hole.severity));
        check.0 += 1;
        check.1 = check.1.max(hole.severity);
    }
    let is_missing = bare.is_some() || by_check.values().any(|(_, worst)| *worst > Severity::Info);
    let mut reasons: Vec<String> = by_check
        .iter()
        .map(|(check, (number, worst))| match number {
            1 => format!("{check}: 1 finding, {worst}"),
            number => format!("{check}: {number} findings, the worst {worst}"),
        })
        .collect();
    reasons.extend(bare.map(|namespaces| {
        let names: Vec<&str> = namespaces.iter().copied().collect();
        format!(
            "no network policy stands in {}, so nothing limits the connections of the pods there",
            list(&names)
        )
    }));
    let hidden = hidden_by_gaps(estate, name, mitigation);
    let unread = unread.filter(|_| bare.is_none());
    let presence = match (is_missing, unread, &hidden) {
        (true, _, _) => Presence::Missing,
        (false, None, None) => Presence::Present,
        (false, Some(_), _) | (false, None, Some(_)) => Presence::Unknown,
    };
    reasons.extend(unread.map(str::to_owned));
    reasons.extend(hidden);
    if reasons.is_empty() {
        reasons.push("the facts were read and no check found a hole".to_owned());
    }
    MitigationState {
        estate: name.to_owned(),
        presence,
        reasons,
    }
}

/// Why a cluster's facts do not suffice to call the mitigation present.
fn unread_of_cluster(cluster: &Cluster, mitigation: Mitigation) -> Option<&'static str> {
    match mitigation {
        Mitigation::M1018 => {
            let is_whole = cluster.unread_grants.is_none();
            let has_read = cluster
                .bindings
                .iter()
                .any(|binding| !binding.meta.is_assumed);
            match (has_read, is_whole) {
                (false, _) => Some("no bindings were read"),
                (true, false) => Some("not all roles and bindings were read"),
                (true, true) => None,
            }
        }
        Mitigation::M1030 if cluster.pods.is_empty() && cluster.workloads.is_empty() => {
            Some("no pods or workloads were read")
        }
        Mitigation::M1030 if cluster.network_policies.is_empty() => {
            Some("the pods share the network of their nodes, which no policy limits")
        }
        Mitigation::M1030 => cluster
            .network_policies
            .iter()
            .any(|policy| policy.pod_selector.is_none() && policy.meta.namespace.is_none())
            .then_some("what a policy of the whole cluster closes is not judged"),
        Mitigation::M1035 => {
            let has_kubelets = cluster.nodes.iter().any(|node| node.kubelet.is_some());
            let is_known = has_kubelets && !cluster.anonymous.is_empty();
            (!is_known).then_some(
                "the settings of the kubelets, or what the API server answers without credentials, \
                 were not read",
            )
        }
    }
}

/// Why a Docker host's facts do not suffice to call the mitigation present.
fn unread_of_host(host: &DockerHost, mitigation: Mitigation) -> Option<&'static str> {
    match mitigation {
        Mitigation::M1018 => Some("who may use the socket (group `docker`) is not in the estate"),
        Mitigation::M1030 => Some("the host's firewall is not in the estate"),
        Mitigation::M1035 => (!host.is_live && host.daemon.hosts.is_empty())
            .then_some("neither the daemon's answers nor its daemon.json were read"),
    }
}

/// The first gap of this place that hides facts which the mitigation's checks judge.
fn hidden_by_gaps(estate: &Estate, name: &str, mitigation: Mitigation) -> Option<String> {
    let words: &[&str] = match mitigation {
        Mitigation::M1018 => &["role", "serviceaccount", "pods"],
        Mitigation::M1030 => &["networkpolic", "pods", "namespaces"],
        Mitigation::M1035 => &["configz", "anonymous", "kubelet", "info", "daemon"],
    };
    let mut gaps = estate.gaps.iter().filter(|gap| {
        let what = gap.what.to_lowercase();
        gap.source == name && words.iter().any(|word| what.contains(word))
    });
    let first = gaps.next()?;
    Some(match gaps.count() {
        0 => format!("not read: {}", first.what),
        more => format!("not read: {}, and {more} more gaps", first.what),
    })
}
