//! Tests of REACH on whole estates; each part has tests of its own beside it.

mod addresses;
mod against_oracle;
mod aws_families;
mod balancers;
mod calico_orders;
mod calico_ports;
mod cells;
mod cilium_policies;
mod cilium_settings;
mod compare;
mod controllers;
mod docker;
mod docker_addresses;
mod docker_families;
mod edits;
mod estate;
mod families;
mod generated;
mod host_endpoints;
mod names;
mod node_ports;
mod not_understood;
mod np_guard;
mod oracle;
mod profiles;
mod targets;
mod traps;
mod unlisted;
mod unread;
mod ways_in;
mod ways_refused;

use serde_json::Value;
use viewshed_decode::files::FileSet;
use viewshed_model::{Cluster, ReachAnswer, ReachQuestion};

use super::{Cni, NetworkIndex};

/// A cluster from objects, read as any file is.
fn cluster(objects: &[Value]) -> Cluster {
    let mut set = FileSet::new("test");
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    set.add("cluster.json", list.to_string().as_bytes());
    let mut estate = set.finish();
    assert_eq!(estate.gaps, [], "the objects are read");
    estate.clusters.remove(0)
}

/// The same from YAML.
fn cluster_of_yaml(text: &str) -> Cluster {
    let mut set = FileSet::new("test");
    set.add("cluster.yaml", text.as_bytes());
    let mut estate = set.finish();
    assert_eq!(estate.gaps, [], "the objects are read");
    estate.clusters.remove(0)
}

/// A node, its labels in braces.
fn node(name: &str, labels: &str, address: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{ name: {name}, labels: {labels} }}\n\
         status: {{ addresses: [{{ type: InternalIP, address: {address} }}] }}\n---\n"
    )
}

/// A running pod: `namespace/name` on a node, labels and ports in brackets.
fn pod(place: &str, node: &str, labels: &str, (address, ports): (&str, &str)) -> String {
    let (namespace, name) = place.split_once('/').expect("a namespace and a name");
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: {namespace}, labels: {labels} }}\n\
         spec: {{ nodeName: {node}, containers: [{{ name: main, image: example, ports: {ports} }}] }}\n\
         status: {{ phase: Running, podIP: {address}, podIPs: [{{ ip: {address} }}] }}\n---\n"
    )
}

/// `FROM TO` or `FROM TO PORT[/PROTOCOL]`.
fn ask(index: &NetworkIndex<'_>, question: &str) -> ReachAnswer {
    let mut words = question.split_whitespace();
    let mut place = || words.next().expect("a place").parse().expect("a place");
    let (from, to) = (place(), place());
    let port = words.next().map(|word| {
        let (port, protocol) = word.split_once('/').unwrap_or((word, "TCP"));
        (
            port.parse::<u16>().expect("a port"),
            protocol.parse().expect("a protocol"),
        )
    });
    let question = ReachQuestion {
        from,
        to,
        port: port.map(|(port, _)| port),
        protocol: port.map(|(_, protocol)| protocol),
    };
    index.answer(&question).expect("the places are there")
}

/// `allowed`, `denied`, or `depends on ...`.
fn verdict(index: &NetworkIndex<'_>, question: &str) -> String {
    let answer = ask(index, question);
    match answer.depends_on.as_slice() {
        [] => format!("{:?}", answer.verdict).to_lowercase(),
        facts => {
            let facts: Vec<&str> = facts.iter().map(|fact| fact.fact.as_str()).collect();
            format!("depends on {}", facts.join(" and on "))
        }
    }
}

/// Questions and verdicts under one plugin; a verdict may be the start of the words.
fn check(cluster: &Cluster, cni: Option<Cni>, rows: &[(&str, &str)]) {
    let index = NetworkIndex::new(cluster, cni);
    for (question, wanted) in rows {
        let got = verdict(&index, question);
        let because = ask(&index, question).because;
        assert!(
            got.starts_with(wanted),
            "{question}: {got}, not {wanted}; {because:#?}; gaps {:#?}",
            index.gaps()
        );
    }
}
