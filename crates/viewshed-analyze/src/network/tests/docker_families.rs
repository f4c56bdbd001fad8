//! Both families of addresses, several networks and what nobody described. The verdicts about engines 29 and 20.10 are
//! those of real connections to them.

use viewshed_decode::files::FileSet;
use viewshed_model::{
    Daemon, DockerContainer, DockerHost, DockerNetwork, Estate, PublishedPort, ReachQuestion,
};

use crate::network::docker_answer;

const MODE: &str = "com.docker.network.bridge.gateway_mode_ipv4";
const ICC: &str = "com.docker.network.bridge.enable_icc";
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
const TRUSTED: &str = "com.docker.network.bridge.trusted_host_interfaces";

/// `words`: the third part of its subnets, `4` and `6` for the families, `internal`, and options.
fn network(name: &str, third: u8, words: &str, options: &[(&str, &str)]) -> DockerNetwork {
    let blocks = [
        (
            '4',
            format!("10.82.{third}.0/24"),
            format!("10.82.{third}.1"),
        ),
        (
            '6',
            format!("fd82:{third}::/64"),
            format!("fd82:{third}::1"),
        ),
    ];
    let blocks = blocks
        .into_iter()
        .filter(|(family, ..)| words.contains(*family));
    let (subnets, gateways) = blocks.map(|(_, subnet, gateway)| (subnet, gateway)).unzip();
    DockerNetwork {
        name: name.to_owned(),
        driver: "bridge".to_owned(),
        internal: words.contains("internal"),
        has_ipv6: Some(words.contains('6')),
        subnets,
        gateways,
        options: options
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..DockerNetwork::default()
    }
}

/// `networks`: the name of each, the third part of its addresses, and the families there. `ports` are published
/// at the host as ten thousand more.
fn container(
    name: &str,
    networks: &[(&str, u8, &str)],
    last: u8,
    ports: &[&str],
) -> DockerContainer {
    let mut own = DockerContainer {
        id: format!("{name}-id"),
        name: name.to_owned(),
        state: "running".to_owned(),
        ..DockerContainer::default()
    };
    for (network, third, families) in networks {
        let v4 = families.contains('4');
        let address = if v4 {
            format!("10.82.{third}.{last}")
        } else {
            String::new()
        };
        own.networks.push(((*network).to_owned(), address));
        if families.contains('6') {
            let address = format!("fd82:{third}::{last}");
            own.ipv6_addresses.push(((*network).to_owned(), address));
        }
    }
    for address in ports {
        own.ports.push(PublishedPort {
            container_port: 8000,
            protocol: "tcp".to_owned(),
            host_ip: (*address).to_owned(),
            host_port: 18000 + u16::from(last),
        });
    }
    own
}

fn estate(version: &str) -> Estate {
    let networks = vec![
        network("a", 1, "46", &[]),
        network("b", 2, "46", &[]),
        network("int", 3, "46 internal", &[]),
        network("int2", 8, "4 internal", &[]),
        network("rt", 5, "46", &[(MODE, "routed")]),
        network("unp", 6, "46", &[(MODE, "nat-unprotected")]),
        network("four", 7, "4", &[]),
        network("six", 16, "6", &[]),
        network("rti", 9, "4", &[(MODE, "routed"), (ICC, "false")]),
        network("upi", 10, "4", &[(MODE, "nat-unprotected"), (ICC, "false")]),
        network("plain", 14, "4", &[(MASQUERADE, "false")]),
        network("trust", 15, "4", &[(TRUSTED, "ext0")]),
    ];
    let both = ["0.0.0.0", "::"];
    let host = DockerHost {
        name: "h".to_owned(),
        daemon: Daemon {
            version: version.to_owned(),
            firewall_backend: "iptables".to_owned(),
            ..Daemon::default()
        },
        networks,
        containers: vec![
            container("a1", &[("a", 1, "46")], 2, &both),
            container("b1", &[("b", 2, "46")], 3, &["198.18.0.1"]),
            container("i1", &[("int", 3, "46")], 4, &[]),
            container("i2", &[("int", 3, "46")], 5, &[]),
            container("ii", &[("int2", 8, "4")], 6, &[]),
            container("mul", &[("a", 1, "46"), ("int", 3, "46")], 7, &[]),
            container("f1", &[("four", 7, "4")], 8, &both),
            container("f2", &[("four", 7, "4")], 9, &[]),
            container("v1", &[("six", 16, "6")], 10, &["::"]),
            container("v2", &[("six", 16, "6")], 11, &[]),
            container("two", &[("rt", 5, "46"), ("unp", 6, "46")], 12, &[]),
            container("r1", &[("rti", 9, "4")], 13, &both),
            container("r2", &[("rti", 9, "4")], 14, &[]),
            container("u1", &[("upi", 10, "4")], 15, &[]),
            container("u2", &[("upi", 10, "4")], 16, &[]),
            container("p1", &[("plain", 14, "4")], 17, &both),
            container("t1", &[("trust", 15, "4")], 18, &both),
        ],
        ..DockerHost::default()
    };
    Estate {
        docker_hosts: vec![host],
        ..Estate::default()
    }
}

/// Lines of `from to port verdict`, where `from` and `to` are names of containers, addresses or `world`.
fn check(estate: &Estate, rows: &str) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let words: Vec<&str> = row.split_whitespace().collect();
        let place = |word: &str| {
            let is_name = word != "world" && !word.contains(['.', ':']);
            let text = if is_name {
                format!("container:{word}")
            } else {
                word.to_owned()
            };
            text.parse().expect("a place")
        };
        let question = ReachQuestion {
            from: place(words[0]),
            to: place(words[1]),
            port: Some(words[2].parse().expect("a port")),
            protocol: None,
        };
        let answer = docker_answer(estate, &question).expect("the places are there");
        let got = format!("{:?}", answer.verdict).to_lowercase();
        let facts: Vec<&str> = answer.depends_on.iter().map(|fact| &*fact.fact).collect();
        assert_eq!(got, words[3], "{row}: {facts:?} {:#?}", answer.because);
    }
}

#[test]
fn an_ipv6_address_is_as_open_as_its_network() {
    let rows = "
        i1 fd82:3::5 8000 allowed
        a1 fd82:2::3 8000 denied
        f2 fd82:1::2 8000 denied
        i1 fd82:1::2 8000 denied
        mul fd82:1::2 8001 allowed
        world fd82:1::2 8000 denied";
    check(&estate("29.1.0"), rows);
}

#[test]
fn a_connection_needs_a_family_that_both_ends_have() {
    let rows = "
        f2 v1 8000 denied
        v1 b1 8000 denied
        v2 10.82.1.2 8000 denied
        v2 10.82.1.1 18002 denied
        v2 fd82:1::1 18002 allowed
        f2 fd98::1 18002 denied
        v2 198.18.0.1 18000 denied
        v2 a1 8000 allowed
        a1 v1 8000 allowed";
    check(&estate("29.1.0"), rows);
}

/// docker.docs "Port publishing": docker-proxy takes in what comes over IPv6 for a container without it; what is
/// translated comes from an internal network no further.
#[test]
fn a_proxy_on_the_host_answers_internal_networks() {
    let rows = "
        i1 f1 8000 allowed
        i1 a1 8000 denied
        i1 fd82:3::1 18008 allowed
        i1 fd82:3::1 18002 denied
        i1 10.82.3.1 18008 denied
        i1 10.82.3.1 9000 allowed
        mul 10.82.3.1 18002 denied
        mul 10.82.2.1 18002 allowed";
    check(&estate("29.1.0"), rows);
}

/// `iptablesdoc/generated`: `-i br -o br DROP` comes first; gateway modes let other bridges in.
#[test]
fn any_of_several_networks_opens_and_icc_closes_whatever_the_mode() {
    let rows = "
        f2 two 8001 allowed
        f2 10.82.5.12 8001 denied
        r2 r1 8000 denied
        r2 10.82.9.13 8000 denied
        f2 10.82.9.13 8000 allowed
        u2 u1 8001 denied
        f2 u1 8001 allowed";
    check(&estate("29.1.0"), rows);
}

#[test]
fn who_keeps_his_address_gets_no_answer_from_other_bridges() {
    let rows = "
        p1 a1 8000 denied
        p1 two 8001 denied
        p1 10.82.1.1 18002 denied
        p1 10.82.1.1 18017 allowed
        p1 10.82.1.1 9000 allowed
        p1 8.8.8.8 443 depends";
    check(&estate("29.1.0"), rows);
}

/// docker.docs "Bridge network driver": the option opens published ports.
#[test]
fn interfaces_that_a_network_trusts_are_not_known_of_a_client() {
    let rows = "
        world 10.82.15.18 8000 depends
        world 10.82.15.18 8001 denied
        world t1 8000 allowed";
    check(&estate("29.1.0"), rows);
}

/// 20.10 filters no IPv6 unless `ip6tables` is set, and gives internal networks a default route.
#[test]
fn old_engines_leave_internal_networks_open_over_ipv6() {
    let rows = "
        b1 i1 8000 depends
        i1 a1 8001 depends
        world i1 8000 depends
        i1 ii 8000 denied
        ii a1 8000 denied
        ii 10.82.1.1 9000 allowed
        ii 10.82.1.1 18002 denied
        ii 198.18.0.1 9000 depends
        ii world 443 denied
        i1 fd82:3::1 18002 depends";
    check(&estate("20.10.24"), rows);
    check(&estate("25.0.0"), "ii 10.82.1.1 9000 depends");
}

/// `docker inspect` of a container names its networks and describes none.
#[test]
fn a_network_that_nobody_described_is_not_known() {
    let mut estate = estate("29.1.0");
    let networks = &mut estate.docker_hosts[0].networks;
    networks.retain(|network| network.name != "four" && network.name != "int2");
    networks.push(DockerNetwork {
        driver: "weave".to_owned(),
        ..network("int2", 8, "4", &[])
    });
    let rows = "
        f2 8.8.8.8 443 depends
        f2 a1 8000 depends
        f2 f1 8001 depends
        a1 f1 8000 allowed
        a1 f1 8001 depends
        world f1 8000 allowed
        world f2 8000 depends
        ii 8.8.8.8 443 depends
        ii 10.82.1.1 9000 depends
        a1 b1 8001 denied";
    check(&estate, rows);
}

/// docker.docs "Legacy container links": a container is let in to the ports that the one exposes which it is linked to,
/// on the default network; elsewhere a link is a name.
#[test]
fn a_link_opens_exposed_ports_of_a_closed_default_network() {
    let mut estate = estate("29.1.0");
    let host = &mut estate.docker_hosts[0];
    let number = |name: &str| {
        let mut all = host.containers.iter();
        all.position(|one| one.name == name).expect("it is there")
    };
    let (one, two) = (number("u1"), number("u2"));
    host.containers[two].links = vec!["u1".to_owned()];
    host.containers[one].exposed_ports = vec![8001];
    check(&estate, "u2 u1 8001 denied");
    let host = &mut estate.docker_hosts[0];
    let closed = host.containers[one].networks[0].0.clone();
    for network in &mut host.networks {
        if network.name == closed {
            network.name = "bridge".to_owned();
        }
    }
    for container in &mut host.containers {
        for (name, _) in container
            .networks
            .iter_mut()
            .chain(&mut container.ipv6_addresses)
        {
            if *name == closed {
                *name = "bridge".to_owned();
            }
        }
    }
    let rows = "
        u2 u1 8001 allowed
        u2 u1 8002 denied
        u1 u2 8001 denied";
    check(&estate, rows);
    // Of a compose file that does not say what its image exposes, nothing is known.
    let host = &mut estate.docker_hosts[0];
    host.containers[one].exposed_ports.clear();
    host.containers[one].id = String::new();
    check(&estate, "u2 u1 8001 depends");
}

/// The gateway of a network on the link is another machine, which an address there may be, too; the host's own the
/// kernel keeps its containers from (docker.docs "Macvlan network driver"). A published port tells one of the host's.
#[test]
fn addresses_on_the_link_may_be_the_hosts() {
    let mut estate = estate("29.1.0");
    let host = &mut estate.docker_hosts[0];
    let mut link = network("lan", 20, "4", &[]);
    link.driver = "macvlan".to_owned();
    host.networks.push(link);
    host.containers
        .push(container("l1", &[("lan", 20, "4")], 20, &[]));
    host.containers
        .push(container("nic", &[("a", 1, "4")], 21, &["10.82.20.200"]));
    let rows = "
        l1 10.82.20.1 80 allowed
        l1 10.82.20.9 80 depends
        l1 10.82.20.200 80 denied
        l1 8.8.8.8 80 allowed
        a1 10.82.20.1 80 allowed
        i1 10.82.20.1 80 denied";
    check(&estate, rows);
}

/// containers/podman: bridges are apart only with `isolate`, which an estate does not tell.
#[test]
fn bridges_of_podman_are_not_known_to_be_apart() {
    let mut estate = estate("5.2.1");
    estate.docker_hosts[0].daemon.product = "Podman".to_owned();
    let rows = "
        f2 b1 8001 depends
        f2 f1 8001 allowed
        world f1 8000 allowed";
    check(&estate, rows);
}

#[test]
fn networks_of_compose_files_may_be_described_elsewhere() {
    let mut set = FileSet::new("test");
    let text = "services:\n  a: { image: i, networks: [outer] }\n  b: { image: i, networks: [q] }\n  \
                c: { image: i, networks: [r] }\n  d: { image: i, network_mode: bridge }\n\
                networks:\n  outer: { external: true, name: other }\n  q: { internal: '${INT:-true}' }\n  \
                r: { internal: '${UNSET}' }\n";
    set.add("compose.yaml", text.as_bytes());
    let estate = set.finish();
    let gaps: Vec<&str> = estate.gaps.iter().map(|gap| &*gap.what).collect();
    assert_eq!(
        gaps,
        [
            "variables `UNSET` of `compose.yaml`",
            "what networks `other`, `r` are"
        ]
    );
    let rows = "
        a 8.8.8.8 443 depends
        b 8.8.8.8 443 denied
        b 2001:db8::1 443 denied
        c 8.8.8.8 443 depends
        d 8.8.8.8 443 allowed
        d 2001:db8::1 443 depends";
    check(&estate, rows);
}

/// The first four are connections to an engine that was started with `--iptables=false --ip6tables=false`; what of the
/// outside depends on routes is that of dockerd's reference.
#[test]
fn an_engine_without_rules_passes_packets_on() {
    let mut estate = estate("29.1.0");
    estate.docker_hosts[0].daemon.iptables = Some(false);
    let rows = "
        f2 a1 9000 allowed
        r2 r1 9000 allowed
        f2 ii 9000 denied
        ii f2 9000 denied
        f2 10.82.1.2 9000 allowed
        world f1 8000 allowed
        world f2 9000 depends
        f2 198.18.9.9 443 depends";
    check(&estate, rows);
    estate.docker_hosts[0].daemon.userland_proxy = Some(false);
    check(&estate, "world f1 8000 depends");
}

#[test]
fn direct_routing_opens_published_ports_at_addresses_of_containers() {
    let mut estate = estate("29.1.0");
    check(&estate, "world 10.82.7.8 8000 denied");
    estate.docker_hosts[0].daemon.direct_routing = Some(true);
    check(
        &estate,
        "
        world 10.82.7.9 8000 denied
        world 10.82.7.8 9000 denied
        world 10.82.7.8 8000 depends",
    );
}

#[test]
fn ipv6_without_rules_depends_on_what_the_host_does() {
    let mut estate = estate("29.1.0");
    check(&estate, "v2 fd82:2::3 8001 denied");
    estate.docker_hosts[0].daemon.ip6tables = Some(false);
    check(&estate, "v2 fd82:2::3 8001 depends");
}
