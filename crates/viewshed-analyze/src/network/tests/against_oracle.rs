//! The engine against the slow evaluator on generated clusters: single decisions and the tables.

use serde_json::Value;
use viewshed_model::Protocol;

use super::cluster;
use super::generated::{OUTSIDE, PORTS, Random};
use super::oracle::{End, Objects};
use crate::network::eval::Tri;
use crate::network::ports::point;
use crate::network::{Cni, NetworkIndex};

const PODS: usize = 12;
/// Four thousand verdicts each: four millions in an optimized build, where that takes seconds
/// (`cargo test --release -p viewshed-analyze against_oracle -- --nocapture`).
const CLUSTERS: u64 = if cfg!(debug_assertions) { 50 } else { 1000 };
/// Every pair of ends on every port of every protocol.
const VERDICTS_MIN: u64 = CLUSTERS * 4000;

fn text<'v>(pod: &'v Value, path: &str) -> &'v str {
    pod.pointer(path).and_then(Value::as_str).expect("a text")
}

/// Compares one cluster; returns how many verdicts were compared.
fn compare(seed: u64) -> u64 {
    let mut random = Random(seed);
    let (namespaces, pods, policies) = (random.namespaces(), random.pods(PODS), random.policies());
    let objects: Vec<Value> = [&namespaces, &pods, &policies]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let cluster = cluster(&objects);
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    assert_eq!(index.gaps(), [], "seed {seed}");
    let oracle = Objects {
        namespaces,
        policies,
    };
    let mut ends: Vec<(End, super::super::ends::End<'_>)> = Vec::new();
    for pod in pods {
        let found = index.places.pods_named(
            text(&pod, "/metadata/namespace"),
            text(&pod, "/metadata/name"),
        );
        let end = index.pod_end(found[0]).expect("the pod");
        ends.push((End::Pod(pod), end));
    }
    for address in OUTSIDE {
        let end = index.address_end(address.parse().expect("an address"));
        ends.push((End::Outside(address.parse().expect("an address")), end));
    }
    let kernel = &index.kernels[0];
    let mut compared = 0;
    for (from, own_from) in &ends {
        for (to, own_to) in &ends {
            let is_outside = |end: &End| matches!(end, End::Outside(_));
            if own_from.which == own_to.which || (is_outside(from) && is_outside(to)) {
                continue;
            }
            let spot = |end| index.spot(kernel.family, end).expect("a spot");
            let spots = (spot(own_from), spot(own_to));
            for (protocol, name) in [
                (Protocol::Tcp, "TCP"),
                (Protocol::Udp, "UDP"),
                (Protocol::Sctp, "SCTP"),
            ] {
                for port in PORTS {
                    let wanted = Tri::from(oracle.allows(from, to, (name, port)));
                    let point = point(protocol, port);
                    let decided = index.pair(own_from, own_to, point);
                    let tabled = kernel.verdict(spots, point);
                    let what = || {
                        format!(
                            "seed {seed}: {} to {} {name} {port}: {decided:?}",
                            own_from.what, own_to.what
                        )
                    };
                    assert_eq!(decided.verdict, wanted, "{}", what());
                    assert_eq!(tabled, wanted, "tables: {}", what());
                    compared += 1;
                }
            }
        }
    }
    compared
}

#[test]
#[expect(clippy::print_stdout, reason = "it tells how many were compared")]
fn every_verdict_is_the_slow_evaluators() {
    use rayon::prelude::*;
    let compared: u64 = (0..CLUSTERS).into_par_iter().map(compare).sum();
    println!(
        "{compared} verdicts of {CLUSTERS} generated clusters, each decided alone and by the tables"
    );
    assert!(compared >= VERDICTS_MIN, "{compared}");
}
