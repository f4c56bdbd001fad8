//! Docker hosts, one row per situation of moby's own rules and tests.

use viewshed_model::{
    Daemon, DockerContainer, DockerHost, DockerNetwork, Estate, PublishedPort, ReachQuestion,
};

use crate::network::docker_answer;

fn network(name: &str, driver: &str, options: &[(&str, &str)]) -> DockerNetwork {
    DockerNetwork {
        name: name.to_owned(),
        driver: driver.to_owned(),
        options: options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..DockerNetwork::default()
    }
}

fn container(name: &str, networks: &[&str], mode: &str) -> DockerContainer {
    DockerContainer {
        id: format!("{name}-id"),
        name: name.to_owned(),
        state: "running".to_owned(),
        networks: networks
            .iter()
            .map(|network| ((*network).to_owned(), String::new()))
            .collect(),
        network_mode: mode.to_owned(),
        ..DockerContainer::default()
    }
}

fn publishing(mut container: DockerContainer, host_ip: &str, port: u16) -> DockerContainer {
    container.ports.push(PublishedPort {
        container_port: port,
        protocol: "tcp".to_owned(),
        host_ip: host_ip.to_owned(),
        host_port: 8000 + port,
    });
    container
}

pub(super) fn estate(version: &str) -> Estate {
    let mode = "com.docker.network.bridge.gateway_mode_ipv4";
    let icc = "com.docker.network.bridge.enable_icc";
    let mut internal = network("internal", "bridge", &[]);
    internal.internal = true;
    let mut isolated = network("isolated", "bridge", &[(mode, "isolated")]);
    isolated.internal = true;
    let mut gone = container("gone", &["front"], "front");
    gone.state = "exited".to_owned();
    let host = DockerHost {
        name: "build".to_owned(),
        daemon: Daemon {
            version: version.to_owned(),
            hosts: vec![
                "unix:///var/run/docker.sock".to_owned(),
                "tcp://0.0.0.0:2375".to_owned(),
            ],
            ..Daemon::default()
        },
        networks: vec![
            network("front", "bridge", &[]),
            network("back", "bridge", &[]),
            network("quiet", "bridge", &[(icc, "false")]),
            network("routed", "bridge", &[(mode, "routed")]),
            network("open", "bridge", &[(mode, "nat-unprotected")]),
            network("link", "macvlan", &[]),
            internal,
            isolated,
        ],
        containers: vec![
            container("web", &["front"], "front"),
            container("side", &[], "container:web-id"),
            container("api", &["front", "back"], "front"),
            publishing(container("db", &["back"], "back"), "0.0.0.0", 5432),
            publishing(container("local", &["back"], "back"), "127.0.0.1", 6379),
            container("plain", &["back"], "back"),
            container("q1", &["quiet"], "quiet"),
            publishing(container("q2", &["quiet"], "quiet"), "", 80),
            publishing(container("r", &["routed"], "routed"), "", 80),
            container("o", &["open"], "open"),
            container("in", &["internal"], "internal"),
            container("iso", &["isolated"], "isolated"),
            container("lan", &["link"], "link"),
            container("root", &[], "host"),
            container("none", &[], "none"),
            gone,
        ],
        ..DockerHost::default()
    };
    Estate {
        docker_hosts: vec![host],
        ..Estate::default()
    }
}

fn check(version: &str, rows: &[(&str, &str)]) {
    check_of(&estate(version), rows);
}

fn check_of(estate: &Estate, rows: &[(&str, &str)]) {
    let daemon = &estate.docker_hosts[0].daemon;
    for (question, wanted) in rows {
        let mut words = question.split_whitespace();
        let place = |words: &mut std::str::SplitWhitespace<'_>| {
            words.next().expect("a place").parse().expect("a place")
        };
        let (from, to) = (place(&mut words), place(&mut words));
        let port = words.next().map(|port| port.parse().expect("a port"));
        let question_of = ReachQuestion {
            from,
            to,
            port,
            protocol: None,
        };
        let answer = docker_answer(estate, &question_of).expect("the places are there");
        let got = format!("{:?}", answer.verdict).to_lowercase();
        assert_eq!(got, *wanted, "{daemon:?}: {question}: {answer:#?}");
    }
}

/// `integration/network/bridge/iptablesdoc/generated`, `integration/networking/*_linux_test.go`.
#[test]
fn connections_are_as_the_engine_makes_them() {
    check(
        "29.1.0",
        &[
            // One bridge; none in common; two bridges of one container.
            ("container:web container:api 80", "allowed"),
            ("container:web container:plain 80", "denied"),
            ("container:api container:plain 80", "allowed"),
            // TestAccessPublishedPortFromAnotherNetwork.
            ("container:web container:db 5432", "allowed"),
            ("container:web container:db 5433", "denied"),
            ("container:web container:local 6379", "denied"),
            ("container:plain container:local 6379", "allowed"),
            // `enable_icc` false drops on the bridge; the published port stays open.
            ("container:q1 container:q2 80", "allowed"),
            ("container:q2 container:q1 80", "denied"),
            // Gateway modes; nat-unprotected since 29.0 (TestInterNetworkDirectRouting).
            ("container:web container:r 80", "allowed"),
            ("container:web container:r 81", "denied"),
            ("container:web container:o 81", "allowed"),
            // Shared namespaces.
            ("container:side container:web 80", "allowed"),
            ("container:side container:api 80", "allowed"),
            // Internal networks lead nowhere but to the host (TestInternalNwConnectivity).
            ("container:in world 443", "denied"),
            ("container:in metadata", "denied"),
            ("container:in host:build 2375", "allowed"),
            ("container:iso host:build 2375", "denied"),
            ("container:web host:build 2375", "allowed"),
            ("container:web docker", "allowed"),
            ("container:iso docker", "denied"),
            ("container:web metadata", "allowed"),
            ("container:web 169.254.169.254 80", "allowed"),
            // The kernel keeps a macvlan from its own host.
            ("container:lan host:build 22", "denied"),
            ("host:build container:lan 22", "denied"),
            ("host:build container:plain 22", "allowed"),
            ("container:root container:plain 22", "allowed"),
            ("container:none container:web 22", "denied"),
            ("container:web container:gone 22", "denied"),
            // From the world.
            ("world container:db 5432", "allowed"),
            ("world container:local 6379", "denied"),
            ("world container:plain 80", "denied"),
            ("world container:root 22", "allowed"),
            ("8.8.8.8 container:db 5432", "allowed"),
        ],
    );
}

/// `iptablesdoc/generated/usernet-internal.md`: the internal bridge's own rules come first and drop;
/// `nftablesdoc/generated/usernet-portmap.md`: the other bridge's chain is asked first and accepts.
#[test]
fn the_firewall_decides_what_internal_networks_reach_through_the_host() {
    let published = "container:in container:db 5432";
    let other = [
        ("container:in container:db 5433", "denied"),
        ("container:in container:local 6379", "denied"),
        // Its network has no address of the host.
        ("container:iso container:db 5432", "denied"),
        // Nothing is translated to a network that is routed to.
        ("container:in container:r 80", "denied"),
    ];
    for (version, backend, wanted) in [
        ("29.1.0", "nftables", "allowed"),
        ("29.1.0", "nftables+firewalld", "allowed"),
        ("29.1.0", "iptables", "denied"),
        ("29.1.0", "iptables+firewalld", "denied"),
        ("29.1.0", "", "depends"),
        ("28.5.2", "", "denied"),
        ("", "", "depends"),
    ] {
        let mut estate = estate(version);
        backend.clone_into(&mut estate.docker_hosts[0].daemon.firewall_backend);
        check_of(&estate, &[(published, wanted)]);
        check_of(&estate, &other);
    }
}

/// Before 29.0 bridges were kept apart whatever the mode; before 28.0 the link reached loopback ports
/// (moby#45610); without a version nobody knows.
#[test]
fn the_version_of_the_engine_counts() {
    let rows = [
        ("container:web container:o 81", "denied"),
        ("world container:local 6379", "denied"),
    ];
    check("28.5.2", &rows);
    check("27.3.1", &[("world container:local 6379", "depends")]);
    check(
        "",
        &[
            ("container:web container:o 81", "depends"),
            ("world container:local 6379", "depends"),
        ],
    );
}
