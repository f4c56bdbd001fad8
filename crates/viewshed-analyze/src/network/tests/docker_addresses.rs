//! Addresses of containers and of the host in Docker's networks. The verdicts are those of real connections to an
//! engine 29.

use viewshed_decode::files::FileSet;
use viewshed_model::{Estate, ReachQuestion};

use crate::network::docker_answer;

/// What `docker inspect` says of a container: its networks with its address there, and its ports.
fn container(name: &str, networks: &[(&str, &str)], ports: &str) -> String {
    let networks: Vec<String> = networks
        .iter()
        .map(|(network, address)| format!("\"{network}\": {{ \"IPAddress\": \"{address}\" }}"))
        .collect();
    format!(
        "{{ \"Id\": \"{name}-id\", \"Name\": \"/{name}\", \"State\": {{ \"Status\": \"running\" }}, \"Config\": {{}}, \
         \"HostConfig\": {{ \"NetworkMode\": \"x\" }}, \"Mounts\": [], \"NetworkSettings\": {{ \"Networks\": {{ {} }}, \
         \"Ports\": {{ {ports} }} }} }}",
        networks.join(", ")
    )
}

/// A bridge with a gateway, which old answers and files leave out.
fn network(name: &str, third: u8, (internal, options): (bool, &str)) -> String {
    let gateway = match name {
        "n2" => String::new(),
        _ => format!(", \"Gateway\": \"10.71.{third}.1\""),
    };
    format!(
        "{{ \"Name\": \"{name}\", \"Id\": \"{name}-id\", \"Scope\": \"local\", \"Driver\": \"bridge\", \
         \"Internal\": {internal}, \"IPAM\": {{ \"Config\": [{{ \"Subnet\": \"10.71.{third}.0/24\"{gateway} }}] }}, \
         \"Options\": {{ {options} }} }}"
    )
}

fn estate() -> Estate {
    let routed = "\"com.docker.network.bridge.gateway_mode_ipv4\": \"routed\"";
    let at = |address: &str, port: &str| {
        format!("\"8000/tcp\": [{{ \"HostIp\": \"{address}\", \"HostPort\": \"{port}\" }}]")
    };
    let both = "\"8000/tcp\": [{ \"HostIp\": \"0.0.0.0\", \"HostPort\": \"\" }, { \"HostIp\": \"::\", \"HostPort\": \"18056\" }]";
    let containers = [
        container("a1", &[("n1", "10.71.1.2")], &at("0.0.0.0", "18000")),
        container("a2", &[("n1", "10.71.1.3")], ""),
        container("b1", &[("n2", "10.71.2.2")], &at("127.0.0.1", "18001")),
        container("i1", &[("nint", "10.71.3.2")], ""),
        container("m1", &[("n1", "10.71.1.4"), ("nint", "10.71.3.4")], ""),
        container("r3", &[("nrouted", "10.71.5.2")], &at("0.0.0.0", "")),
        container("r6", &[("nrouted", "10.71.5.3")], both),
    ];
    let networks = [
        network("n1", 1, (false, "")),
        network("n2", 2, (false, "")),
        network("nint", 3, (true, "")),
        network("nrouted", 5, (false, routed)),
    ];
    let version = "{ \"Client\": {}, \"Server\": { \"Version\": \"29.1.0\", \"ApiVersion\": \"1.52\", \"Os\": \"linux\" } }";
    let mut set = FileSet::new("test");
    set.add(
        "host/containers.json",
        format!("[{}]", containers.join(", ")).as_bytes(),
    );
    set.add(
        "host/networks.json",
        format!("[{}]", networks.join(", ")).as_bytes(),
    );
    set.add("host/version.json", version.as_bytes());
    let estate = set.finish();
    assert_eq!(estate.docker_hosts.len(), 1, "{:#?}", estate.gaps);
    estate
}

fn check(rows: &[(&str, &str)]) {
    let estate = estate();
    for (question, wanted) in rows {
        let question = question.replace("HOST", &format!("host:{}", estate.docker_hosts[0].name));
        let words: Vec<&str> = question.split_whitespace().collect();
        let question_of = ReachQuestion {
            from: words[0].parse().expect("a place"),
            to: words[1].parse().expect("a place"),
            port: words.get(2).map(|port| port.parse().expect("a port")),
            protocol: None,
        };
        let answer = docker_answer(&estate, &question_of).expect("the places are there");
        let got = format!("{:?}", answer.verdict).to_lowercase();
        assert_eq!(got, *wanted, "{question}: {:#?}", answer.because);
    }
}

/// A network's gateway is the host: of an internal network for its own containers too (`TestInternalNwConnectivity`).
#[test]
fn the_address_of_a_gateway_is_the_host() {
    check(&[
        ("container:i1 10.71.3.1 9000", "allowed"),
        ("container:i1 10.71.1.1 9000", "denied"),
        ("container:a2 10.71.2.1 9000", "allowed"),
        ("container:m1 10.71.2.1 9000", "allowed"),
        // What is published on the loopback address alone is not at others.
        ("container:a2 10.71.2.1 18001", "denied"),
        ("container:a2 10.71.2.1 18000", "allowed"),
    ]);
}

/// `iptablesdoc/generated/usernet-portmap.md`, "DROP DIRECT ACCESS".
#[test]
fn the_address_of_a_container_is_open_to_its_own_network() {
    check(&[
        ("container:a2 10.71.1.2 8000", "allowed"),
        ("container:b1 10.71.1.2 8000", "denied"),
        ("container:b1 container:a1 8000", "allowed"),
        ("container:i1 10.71.1.4 8000", "denied"),
        ("container:i1 10.71.3.4 8000", "allowed"),
        ("container:m1 10.71.3.4 8000", "allowed"),
        ("HOST 10.71.1.2 8000", "allowed"),
        ("world 10.71.1.2 8000", "denied"),
    ]);
}

/// `docker run --network container:NAME` of a container of another project: it is where that one is.
#[test]
fn a_network_of_a_container_elsewhere_is_not_known() {
    let mut set = FileSet::new("test");
    let text = "services:\n  a: { image: i, network_mode: 'container:other' }\n  \
                b: { image: i, network_mode: 'container:other' }\n  c: { image: i }\n";
    set.add("compose.yaml", text.as_bytes());
    let estate = set.finish();
    for (from, to, wanted) in [
        ("container:a", "container:c", "Depends"),
        ("container:c", "container:a", "Depends"),
        ("container:a", "world", "Depends"),
        ("container:a", "container:b", "Allowed"),
    ] {
        let question = ReachQuestion {
            from: from.parse().expect("a place"),
            to: to.parse().expect("a place"),
            port: Some(80),
            protocol: None,
        };
        let answer = docker_answer(&estate, &question).expect("the places are there");
        assert_eq!(format!("{:?}", answer.verdict), wanted, "{from} {to}");
    }
}

/// `iptablesdoc/generated/usernet-portmap-routed.md`: no address of the host leads there.
#[test]
fn ports_of_routed_networks_are_at_the_containers_own_address() {
    check(&[
        ("world container:r3 8000", "depends"),
        ("world 10.71.5.2 8000", "depends"),
        ("container:a1 container:r3 8000", "allowed"),
        // The mode is that of IPv4.
        ("world container:r6 8000", "allowed"),
    ]);
}
