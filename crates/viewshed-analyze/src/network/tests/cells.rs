//! Every cell of the matrix says what single questions say, also of nodes, of what publishes pods and of
//! addresses outside.

use std::net::IpAddr;

use serde_json::{Value, json};
use viewshed_model::{
    Cluster, EndKind, Place, PortRange, Protocol, ReachEnd, ReachQuestion, ReachSource,
    ReachVerdict, Target, UnreadKind,
};

use super::generated::{NODES, PORTS, Random, api_server, nodes};
use super::{cluster, cluster_of_yaml};
use crate::network::{Cni, NetworkIndex};

const CLUSTERS: u64 = 12;
const PODS: usize = 6;
const NODE_PORT: u16 = 30_080;
const HOST_PORT: u16 = 8888;

/// Services of every type before pods that have a label.
fn services() -> Vec<Value> {
    let service = |name: &str, spec: Value| {
        let mut service = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": name, "namespace": "a" },
            "spec": { "selector": { "app": "x" }, "ports": [{ "port": 80, "targetPort": 8080 }] },
        });
        for (key, value) in spec.as_object().expect("an object") {
            service["spec"][key] = value.clone();
        }
        service
    };
    let node_port = json!([{ "port": 81, "targetPort": 53, "nodePort": NODE_PORT }]);
    vec![
        service(
            "ranged",
            json!({ "type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/25"],
                "clusterIP": "10.96.0.1" }),
        ),
        service(
            "ported",
            json!({ "type": "NodePort", "ports": node_port, "clusterIP": "10.96.0.2" }),
        ),
        service(
            "open",
            json!({ "type": "LoadBalancer", "externalTrafficPolicy": "Local", "clusterIP": "10.96.0.3",
                "selector": { "tier": "y" } }),
        ),
    ]
}

/// Addresses of both families, a workload of two pods, and a program that serves Ingresses.
fn enrich(pods: &mut [Value], nodes: &mut [Value]) {
    for (pod, number) in pods.iter_mut().zip(1..) {
        let own = pod["status"]["podIP"].clone();
        pod["status"]["podIPs"] = json!([{ "ip": own }, { "ip": format!("fd00::{number}") }]);
    }
    for (node, number) in nodes.iter_mut().zip(1..) {
        let addresses = node["status"]["addresses"].as_array_mut();
        let second = json!({ "type": "InternalIP", "address": format!("fd99::{number}") });
        addresses.expect("it has addresses").push(second);
    }
    let labels = pods[3]["metadata"]["labels"].clone();
    let namespace = pods[3]["metadata"]["namespace"].clone();
    for pod in &mut pods[3..5] {
        let owner = json!([{ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "twice",
            "controller": true }]);
        pod["metadata"]["ownerReferences"] = owner;
        pod["metadata"]["labels"] = labels.clone();
        pod["metadata"]["namespace"] = namespace.clone();
    }
    pods[2]["metadata"]["namespace"] = "a".into();
    pods[2]["metadata"]["labels"]["role"] = "ingress".into();
    pods[2]["spec"]["containers"][0]["image"] =
        "registry.k8s.io/ingress-nginx/controller:v1".into();
}

fn ingress() -> Vec<Value> {
    let backend = json!({ "service": { "name": "ranged", "port": { "number": 80 } } });
    let rule =
        json!({ "http": { "paths": [{ "path": "/", "pathType": "Prefix", "backend": backend }] } });
    vec![
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": { "name": "nginx" }, "spec": { "controller": "k8s.io/ingress-nginx" } }),
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": { "name": "front", "namespace": "a" },
            "spec": { "ingressClassName": "nginx", "rules": [rule] } }),
        json!({ "apiVersion": "v1", "kind": "Service",
            "metadata": { "name": "ingress", "namespace": "a" },
            "spec": { "type": "LoadBalancer", "selector": { "role": "ingress" },
                "clusterIP": "10.96.0.4", "ports": [{ "port": 80, "targetPort": 8080 }] } }),
    ]
}

fn estate(seed: u64, policies: impl Fn(&mut Random) -> Vec<Value>) -> Cluster {
    let mut random = Random(seed);
    let mut objects = random.namespaces();
    let mut pods = random.pods(PODS);
    pods[0]["metadata"]["namespace"] = "a".into();
    pods[0]["metadata"]["labels"] = json!({ "app": "x", "tier": "y" });
    pods[1]["spec"]["containers"][0]["ports"] =
        json!([{ "containerPort": 80, "hostPort": HOST_PORT }]);
    let mut nodes = nodes();
    if seed % 2 == 1 {
        enrich(&mut pods, &mut nodes);
        objects.extend(ingress());
    }
    objects.extend(pods);
    objects.extend(nodes);
    objects.extend(api_server());
    objects.extend(services());
    objects.extend(policies(&mut random));
    cluster(&objects)
}

/// A place of a row; `None` where all its addresses are somebody's.
fn place(end: &ReachEnd) -> Option<Place> {
    let text = match end.kind {
        // Only some pods of a workload.
        EndKind::Pods if end.is_part => return None,
        EndKind::Pods => format!("{}/{}", end.namespace, end.name),
        EndKind::Node => format!("node:{}", end.name),
        _ => {
            let known = |text: &&str| {
                let address: IpAddr = text.parse().expect("an address");
                match address {
                    IpAddr::V4(four) => {
                        let [a, b, ..] = four.octets();
                        !(a == 10 && (b == 0 || b == 9))
                    }
                    IpAddr::V6(six) => !matches!(six.segments()[0], 0xfd00 | 0xfd99),
                }
            };
            let ranges = end.addresses.iter().flat_map(|range| range.split('-'));
            ranges.into_iter().find(known)?.to_owned()
        }
    };
    text.parse().ok()
}

fn holds(ranges: &[PortRange], protocol: Protocol, port: u16) -> bool {
    ranges
        .iter()
        .any(|range| range.protocol == protocol && range.first <= port && port <= range.last)
}

/// How many cells were compared.
fn compare(cluster: &Cluster, cni: Cni) -> usize {
    let index = NetworkIndex::new(cluster, Some(cni));
    let matrix = index.matrix().expect("it is small");
    let mut compared = 0;
    for (from, row) in matrix.ends.iter().zip(0_u32..) {
        for (to, column) in matrix.ends.iter().zip(0_u32..) {
            let is_outside = |end: &ReachEnd| end.kind == EndKind::Outside;
            let (Some(source), Some(goal)) = (place(from), place(to)) else {
                continue;
            };
            if row == column || (is_outside(from) && is_outside(to)) {
                continue;
            }
            let found = matrix
                .cells
                .iter()
                .find(|cell| (cell.from, cell.to) == (row, column));
            let (allowed, uncertain) = found
                .map(|cell| (cell.allowed.as_slice(), cell.uncertain.as_slice()))
                .unwrap_or_default();
            let question = |port| ReachQuestion {
                from: source.clone(),
                to: goal.clone(),
                port,
                protocol: port.map(|_| Protocol::Tcp),
            };
            let answer = index.answer(&question(None)).expect("an answer");
            assert_eq!(
                (answer.ports.as_slice(), answer.uncertain_ports.as_slice()),
                (allowed, uncertain),
                "{cni}: {source} to {goal}"
            );
            for port in PORTS.into_iter().chain([NODE_PORT, HOST_PORT, 10_250]) {
                let answer = index.answer(&question(Some(port))).expect("an answer");
                let wanted = if holds(allowed, Protocol::Tcp, port) {
                    ReachVerdict::Allowed
                } else if holds(uncertain, Protocol::Tcp, port) {
                    ReachVerdict::Depends
                } else {
                    ReachVerdict::Denied
                };
                assert_eq!(
                    answer.verdict, wanted,
                    "{cni}: {source} to {goal} on {port}: {:#?}",
                    answer.because
                );
            }
            compared += 1;
        }
    }
    compared
}

#[test]
fn cells_are_single_answers() {
    let mut compared = 0;
    for seed in 0..CLUSTERS {
        let estate = estate(seed, Random::policies);
        for cni in [
            Cni::Generic,
            Cni::KubeRouter,
            Cni::AwsVpcCni,
            Cni::None,
            Cni::Unknown,
        ] {
            compared += compare(&estate, cni);
        }
    }
    let pairs = PODS + NODES.len();
    assert!(compared > pairs * pairs, "{compared} cells");
}

#[test]
fn cells_are_single_answers_under_calico_and_cilium() {
    for seed in 0..CLUSTERS {
        let settled = |random: &mut Random| {
            let mut objects = random.calico_settings();
            objects.extend(random.calico_policies());
            objects
        };
        compare(&estate(seed, settled), Cni::Calico);
        // Without settings it hangs on them.
        compare(&estate(seed, Random::calico_policies), Cni::Calico);
        let settled = |random: &mut Random| {
            let mut objects = random.cilium_settings();
            objects.extend(random.cilium_policies());
            objects
        };
        compare(&estate(seed, settled), Cni::Cilium);
    }
}

/// What leaves an estate in doubt beside its policies: kinds that could not be listed, nodes that are missing,
/// networks beside the cluster's, routes that are not read.
fn doubtful(seed: u64, policies: impl Fn(&mut Random) -> Vec<Value>) -> Cluster {
    let mut cluster = estate(seed, policies);
    let unread = |kind: &str, read: &[&str]| UnreadKind {
        kind: kind.to_owned(),
        read_namespaces: read.iter().map(|&name| name.to_owned()).collect(),
        ..UnreadKind::default()
    };
    match seed % 4 {
        0 => cluster.unread_kinds.push(unread("Pod", &["a", "b"])),
        1 => cluster.unread_kinds.push(unread("Service", &[])),
        2 => cluster.nodes.clear(),
        _ => {
            let route = "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: { name: r, namespace: a }\n";
            cluster.others.extend(cluster_of_yaml(route).others);
        }
    }
    for (pod, number) in cluster.pods.iter_mut().zip(0..) {
        // Those of one workload are alike in it.
        if number % 2 == 1 && pod.meta.owner.is_none() && !seed.is_multiple_of(3) {
            pod.spec.further_networks = vec!["a/lan".to_owned()];
        }
    }
    cluster
}

fn place_of(source: &ReachSource) -> Option<Place> {
    let text = match source.kind {
        EndKind::Pods => format!("{}/{}", source.namespace, source.name),
        EndKind::Node => format!("node:{}", source.name),
        _ => return Some(Place::Target(Target::World)),
    };
    text.parse().ok()
}

/// Every row of a column says what the single question says.
fn compare_columns(cluster: &Cluster, cni: Cni) -> usize {
    let index = NetworkIndex::new(cluster, Some(cni));
    let pods = cluster.pods.iter().map(|pod| pod.meta.full_name());
    let named = ["192.0.2.7", "10.0.200.200", "service:a/ported", "node:n1"].map(str::to_owned);
    let places = pods.chain(named).filter_map(|text| text.parse().ok());
    let places = places.chain(Target::ALL.map(Place::Target));
    let mut compared = 0;
    for to in places {
        let Ok(column) = index.sources(&to, None, None) else {
            continue;
        };
        for source in &column.sources {
            let key = |one: &ReachSource| (one.kind, one.namespace.clone(), one.name.clone());
            let alike = column.sources.iter().filter(|one| key(one) == key(source));
            // Only some pods of a workload, or the place itself.
            let Some(from) = place_of(source).filter(|from| alike.count() == 1 && *from != to)
            else {
                continue;
            };
            let question = ReachQuestion {
                from,
                to: to.clone(),
                port: None,
                protocol: None,
            };
            let answer = index.answer(&question).expect("an answer");
            assert_eq!(
                (source.verdict, &source.ports, &source.uncertain_ports),
                (answer.verdict, &answer.ports, &answer.uncertain_ports),
                "{cni}: {} to {to}: {:#?}",
                question.from,
                answer.because
            );
            compared += 1;
        }
    }
    compared
}

#[test]
fn cells_and_columns_are_single_answers_where_facts_are_missing() {
    let mut compared = 0;
    for seed in 0..CLUSTERS {
        let standard = doubtful(seed, Random::policies);
        for cni in [Cni::Generic, Cni::AwsVpcCni, Cni::Unknown] {
            compared += compare(&standard, cni) + compare_columns(&standard, cni);
        }
        let cilium = doubtful(seed, Random::cilium_policies);
        compared += compare(&cilium, Cni::Cilium) + compare_columns(&cilium, Cni::Cilium);
        let calico = doubtful(seed, Random::calico_policies);
        compared += compare(&calico, Cni::Calico) + compare_columns(&calico, Cni::Calico);
    }
    assert!(compared > 5_000, "{compared} answers");
}

#[test]
fn columns_are_single_answers() {
    for seed in 0..CLUSTERS {
        let estate = estate(seed, Random::policies);
        for cni in [Cni::Generic, Cni::KubeRouter, Cni::Unknown] {
            compare_columns(&estate, cni);
        }
    }
}
