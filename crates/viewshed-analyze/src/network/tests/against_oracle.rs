//! The engine against the slow evaluator on generated clusters: each side decided alone, and the tables.

use serde_json::Value;
use viewshed_model::Protocol;

use super::cluster;
use super::generated::{OUTSIDE, PORTS, Random, api_server, nodes};
use super::oracle::{End, Objects, Plugin};
use crate::network::address::Family;
use crate::network::eval::Tri;
use crate::network::policy::Direction;
use crate::network::ports::point;
use crate::network::{Cni, NetworkIndex};

const PODS: usize = 12;
/// More than four thousand verdicts each: millions per plugin in an optimized build, where that takes seconds
/// (`cargo test --release -p viewshed-analyze against_oracle -- --nocapture`).
const fn clusters(plugin: Plugin) -> u64 {
    match (cfg!(debug_assertions), plugin) {
        (false, _) => 1000,
        (true, Plugin::Standard) => 50,
        // Of their selectors most are parsed again for every verdict.
        (true, Plugin::Calico | Plugin::Cilium) => 10,
    }
}

const PROTOCOLS: [(Protocol, &str); 3] = [
    (Protocol::Tcp, "TCP"),
    (Protocol::Udp, "UDP"),
    (Protocol::Sctp, "SCTP"),
];

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).expect("a text")
}

/// The objects of one cluster, and its pods.
fn generate(seed: u64, plugin: Plugin) -> (Objects, Vec<Value>) {
    let mut random = Random(seed);
    let (namespaces, pods) = (random.namespaces(), random.pods(PODS));
    let (accounts, settings, policies) = match plugin {
        Plugin::Standard => (Vec::new(), Vec::new(), random.policies()),
        Plugin::Calico => (
            random.accounts(),
            random.calico_settings(),
            random.calico_policies(),
        ),
        Plugin::Cilium => (
            Vec::new(),
            random.cilium_settings(),
            random.cilium_policies(),
        ),
    };
    let objects = Objects {
        plugin,
        namespaces,
        accounts,
        settings,
        policies,
    };
    (objects, pods)
}

/// One end as the slow evaluator and as the engine see it.
struct Both<'c> {
    slow: End,
    own: super::super::ends::End<'c>,
}

fn ends<'c>(index: &NetworkIndex<'c>, pods: Vec<Value>, plugin: Plugin) -> Vec<Both<'c>> {
    let mut ends: Vec<Both<'c>> = Vec::new();
    for pod in pods {
        let found = index.places.pods_named(
            text(&pod, "/metadata/namespace"),
            text(&pod, "/metadata/name"),
        );
        let own = index.pod_end(found[0]).expect("the pod");
        ends.push(Both {
            slow: End::Pod(pod),
            own,
        });
    }
    if plugin != Plugin::Standard {
        for node in nodes() {
            let found = index.places.node_named(text(&node, "/metadata/name"));
            ends.push(Both {
                slow: End::Node(node),
                own: index.node_end(found.expect("the node")),
            });
        }
    }
    for address in OUTSIDE {
        ends.push(Both {
            slow: End::Outside(address.parse().expect("an address")),
            own: index.address_end(address.parse().expect("an address")),
        });
    }
    ends
}

/// Compares one cluster; returns how many verdicts were compared.
fn compare(seed: u64, plugin: Plugin) -> u64 {
    let (oracle, pods) = generate(seed, plugin);
    let mut objects: Vec<Value> = [
        &oracle.namespaces,
        &oracle.accounts,
        &oracle.settings,
        &pods,
        &oracle.policies,
    ]
    .into_iter()
    .flatten()
    .cloned()
    .collect();
    let cni = match plugin {
        Plugin::Standard => Cni::Generic,
        Plugin::Calico => Cni::Calico,
        Plugin::Cilium => Cni::Cilium,
    };
    if plugin != Plugin::Standard {
        objects.extend(nodes());
        objects.extend(api_server());
    }
    let cluster = cluster(&objects);
    let index = NetworkIndex::new(&cluster, Some(cni));
    assert_eq!(index.gaps(), [], "seed {seed}");
    let ends = ends(&index, pods, plugin);
    let mut compared = 0;
    for from in &ends {
        for to in &ends {
            let is_pod = |end: &Both<'_>| matches!(end.slow, End::Pod(_));
            if from.own.which == to.own.which
                || !(is_pod(from) || is_pod(to)) && plugin == Plugin::Standard
            {
                continue;
            }
            compared += compare_pair(&index, &oracle, (from, to), seed);
        }
    }
    compared
}

fn compare_pair(
    index: &NetworkIndex<'_>,
    oracle: &Objects,
    (from, to): (&Both<'_>, &Both<'_>),
    seed: u64,
) -> u64 {
    let kernel = &index.kernels[0];
    let spot = |end: &Both<'_>| index.spot(kernel.family, &end.own).expect("a spot");
    let spots = (spot(from), spot(to));
    // The tables stand for pods on many nodes, of which they do not tell the own one.
    let has_node = |end: &Both<'_>| matches!(end.slow, End::Node(_));
    let is_open = oracle.plugin == Plugin::Cilium && (has_node(from) || has_node(to));
    let mut compared = 0;
    for (protocol, name) in PROTOCOLS {
        for port in PORTS {
            let point = point(protocol, port);
            let decide = |direction, own, peer| {
                let decision = index.side(direction, (Family::V4, own, peer), point);
                (decision.verdict, decision)
            };
            let asked = (name, port);
            let (out, because_out) = decide(Direction::Egress, &from.own, &to.own);
            let (into, because_in) = decide(Direction::Ingress, &to.own, &from.own);
            let (wanted_out, wanted_in) = (
                oracle.lets_out(&from.slow, &to.slow, asked),
                oracle.lets_in(&from.slow, &to.slow, asked),
            );
            let what = || {
                format!(
                    "seed {seed}: {} to {} {name} {port}: {:#?} {because_out:#?} {because_in:#?}",
                    from.own.what, to.own.what, oracle
                )
            };
            assert_eq!(out, Tri::from(wanted_out), "egress: {}", what());
            assert_eq!(into, Tri::from(wanted_in), "ingress: {}", what());
            let tabled = kernel.verdict(spots, point);
            let is_unsure = is_open && tabled == Tri::Maybe;
            let wanted = Tri::from(wanted_out && wanted_in);
            assert!(
                is_unsure || tabled == wanted,
                "tables: {tabled:?}, {}",
                what()
            );
            if oracle.plugin == Plugin::Standard {
                let decided = index.pair(&from.own, &to.own, point);
                assert_eq!(decided.verdict, wanted, "{}", what());
            }
            compared += 1;
        }
    }
    compared
}

#[expect(clippy::print_stdout, reason = "it tells how many were compared")]
fn check(plugin: Plugin) {
    use rayon::prelude::*;
    let count = clusters(plugin);
    let compared: u64 = (0..count)
        .into_par_iter()
        .map(|seed| compare(seed, plugin))
        .sum();
    println!(
        "{plugin:?}: {compared} verdicts of {count} generated clusters, each side decided alone and by the tables: 0 differ"
    );
    // Every pair of ends on every port of every protocol.
    assert!(compared >= count * 4000, "{compared}");
}

#[test]
fn every_verdict_is_the_slow_evaluators() {
    check(Plugin::Standard);
}

#[test]
fn calicos_verdicts_are_the_slow_evaluators() {
    check(Plugin::Calico);
}

#[test]
fn ciliums_verdicts_are_the_slow_evaluators() {
    check(Plugin::Cilium);
}
