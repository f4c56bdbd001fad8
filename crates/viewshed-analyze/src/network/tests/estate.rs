//! Whole estates: everything on a Docker host at once, and a cluster beside one.

use viewshed_model::{Estate, ReachQuestion, ReachSources};

use super::docker::estate;
use super::{cluster_of_yaml, node, pod};
use crate::network::{Cni, EstateNetwork, NetworkIndex};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: shop }\n\
     spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }\n---\n";

/// Lets pods of `shop` out to one port.
fn out_to(port: u16) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: out, namespace: shop }}\n\
         spec: {{ podSelector: {{}}, policyTypes: [Egress], egress: [{{ ports: [{{ port: {port} }}] }}] }}\n---\n"
    )
}

/// A Docker host, and a cluster with further objects.
fn both(objects: &str) -> Estate {
    let texts = [
        node("n1", "{}", "10.9.0.1").as_str(),
        pod("shop/web", "n1", "{ app: web }", ("10.0.0.1", "[]")).as_str(),
        SERVICE,
        objects,
    ]
    .concat();
    Estate {
        clusters: vec![cluster_of_yaml(&texts)],
        ..estate("29.1.0")
    }
}

fn network(estate: &Estate) -> EstateNetwork<'_> {
    let cluster = estate.clusters.first();
    let index = cluster.map(|cluster| NetworkIndex::new(cluster, Some(Cni::KubeRouter)));
    EstateNetwork::new(estate, index)
}

/// Questions as `FROM TO [PORT]` and verdicts.
fn check(estate: &Estate, rows: &[(&str, &str)]) {
    let network = network(estate);
    for (question, wanted) in rows {
        let mut words = question.split_whitespace();
        let mut place = || words.next().expect("a place").parse().expect("a place");
        let (from, to) = (place(), place());
        let port = words.next().map(|port| port.parse().expect("a port"));
        let answer = network
            .answer(&ReachQuestion {
                from,
                to,
                port,
                protocol: None,
            })
            .expect("the places are there");
        let got = format!("{:?}", answer.verdict).to_lowercase();
        assert_eq!(got, *wanted, "{question}: {answer:#?}");
    }
}

/// `FROM > TO: open ports / ports that may be open`, of the pairs that begin with these words.
fn pairs(estate: &Estate, from: &str) -> Vec<String> {
    let matrix = network(estate).matrix().expect("it is small");
    let name = |at: u32| matrix.ends[at as usize].to_string();
    let texts = |ranges: &[viewshed_model::PortRange]| {
        let whole = ranges.len() == 4 && ranges.iter().all(|range| range.first <= 1);
        let texts: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        if whole {
            "all".to_owned()
        } else {
            texts.join(", ")
        }
    };
    let cells = matrix.cells.iter().filter(|cell| name(cell.from) == from);
    let told = cells.map(|cell| {
        let (sure, may) = (texts(&cell.allowed), texts(&cell.uncertain));
        let may = if may.is_empty() {
            may
        } else {
            format!(" / {may}")
        };
        format!("{}: {sure}{may}", name(cell.to))
    });
    told.collect()
}

/// The same situations as the single questions of [`super::docker`], told at once.
#[test]
fn all_pairs_of_a_docker_host_are_what_single_questions_say() {
    let estate = estate("29.1.0");
    let web = [
        "container:build/side: all",
        "container:build/api: all",
        "container:build/db: TCP 5432",
        "container:build/q2: TCP 80",
        "container:build/r: TCP 80",
        "container:build/o: all",
        "container:build/root: all",
        "host:build: all",
        "world: all",
    ];
    assert_eq!(pairs(&estate, "container:build/web"), web);
    // A network that nothing leads out of, but for the host's own address.
    let isolated: [&str; 0] = [];
    assert_eq!(pairs(&estate, "container:build/iso"), isolated);
    assert_eq!(pairs(&estate, "container:build/none"), isolated);
    let world = [
        "container:build/db: TCP 5432",
        "container:build/q2: TCP 80",
        "container:build/r: TCP 80",
        // Its network is `nat-unprotected`: every port, if anybody routes to it.
        "container:build/o:  / all",
        "container:build/lan:  / all",
        "container:build/root: all",
    ];
    assert_eq!(pairs(&estate, "world"), world);
    // What does not run is no end.
    let matrix = network(&estate).matrix().expect("it is small");
    assert!(matrix.ends.iter().all(|end| end.name != "gone"));
}

/// Every pair of the table agrees with the single question about it.
#[test]
fn tables_and_single_questions_agree() {
    for version in ["20.10.24", "27.3.1", "28.5.2", "29.1.0", ""] {
        let estate = estate(version);
        let network = network(&estate);
        let matrix = network.matrix().expect("it is small");
        for (from, row) in matrix.ends.iter().zip(0_u32..) {
            for (to, column) in matrix.ends.iter().zip(0_u32..) {
                let machines = |end: &str| end.starts_with("host:") || end == "world";
                let (source, goal) = (from.to_string(), to.to_string());
                if row == column || (machines(&source) && machines(&goal)) {
                    continue;
                }
                let answer = network
                    .answer(&ReachQuestion {
                        from: source.parse().expect("a place"),
                        to: goal.parse().expect("a place"),
                        port: None,
                        protocol: None,
                    })
                    .expect("the places are there");
                let mut cells = matrix.cells.iter();
                let cell = cells.find(|cell| (cell.from, cell.to) == (row, column));
                let (allowed, uncertain) = cell
                    .map(|cell| (cell.allowed.clone(), cell.uncertain.clone()))
                    .unwrap_or_default();
                let told = (answer.ports, answer.uncertain_ports);
                assert_eq!(told, (allowed, uncertain), "{version}: {source} to {goal}");
            }
        }
    }
}

fn verdicts(sources: &ReachSources) -> Vec<String> {
    let one = |source: &viewshed_model::ReachSource| {
        format!("{:?} {}", source.verdict, source.name).to_lowercase()
    };
    sources.sources.iter().map(one).collect()
}

fn to_docker(hosts: &[&str]) -> Vec<String> {
    let mut estate = estate("29.1.0");
    let host = &mut estate.docker_hosts[0];
    host.daemon.hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    let subnets = [("internal", "172.30.0.0/16"), ("front", "172.31.0.0/16")];
    for (name, subnet) in subnets {
        let mut networks = host.networks.iter_mut();
        let network = networks.find(|one| one.name == name).expect("it is there");
        network.subnets.push(subnet.to_owned());
    }
    let to = "docker".parse().expect("a place");
    let sources = network(&estate).sources(&to, None, None);
    verdicts(&sources.expect("it is a target"))
}

/// dockerd reference, "Daemon socket option"; a mounted socket is no network. An internal network reaches
/// the address on its own bridge and no other (`TestInternalNwConnectivity`).
#[test]
fn who_reaches_the_docker_api_hangs_on_where_it_listens() {
    let has = |found: &[String], wanted: &[&str]| {
        for line in wanted {
            assert!(found.iter().any(|one| one == line), "{line}: {found:#?}");
        }
    };
    has(
        &to_docker(&["tcp://0.0.0.0:2375"]),
        &[
            "allowed web",
            "allowed in",
            "allowed root",
            "denied iso",
            "denied lan",
            "denied none",
            "denied gone",
            "depends world",
        ],
    );
    has(
        &to_docker(&["tcp://10.0.0.5:2375"]),
        &["allowed web", "denied in", "allowed root", "depends world"],
    );
    has(
        &to_docker(&["tcp://172.30.0.1:2375"]),
        &["allowed web", "allowed in"],
    );
    has(
        &to_docker(&["tcp://127.0.0.1:2375"]),
        &["denied web", "allowed root", "denied world"],
    );
    has(
        &to_docker(&["unix:///var/run/docker.sock"]),
        &["denied web", "denied root", "denied world"],
    );
}

/// A connection across must be let out at the port of the host that is published, and taken in from outside;
/// whether the networks meet is in no estate.
#[test]
fn between_a_cluster_and_a_docker_host_both_sides_count() {
    check(
        &both(""),
        &[
            ("shop/web container:db 5432", "depends"),
            ("shop/web container:db 5433", "denied"),
            ("shop/web container:plain 80", "denied"),
            ("shop/web host:build 22", "depends"),
            ("container:web shop/web 8080", "depends"),
            ("container:in shop/web 8080", "denied"),
            // Within either part nothing changes.
            ("container:web container:db 5432", "allowed"),
            ("shop/web world 443", "allowed"),
            ("container:web world 443", "allowed"),
        ],
    );
    // Published as port 13432 of the host.
    check(
        &both(&out_to(13432)),
        &[("shop/web container:db 5432", "depends")],
    );
    check(
        &both(&out_to(5432)),
        &[("shop/web container:db 5432", "denied")],
    );
}

#[test]
fn every_form_tells_of_both_parts() {
    let estate = both(&out_to(13432));
    let network = network(&estate);
    let sources = |to: &str| {
        let to = to.parse().expect("a place");
        verdicts(&network.sources(&to, None, None).expect("it is there"))
    };
    for (to, wanted) in [
        ("docker", ["allowed root", "denied web", "depends world"]),
        (
            "container:db",
            ["allowed api", "depends web", "allowed world"],
        ),
        ("shop/web", ["depends api", "denied in", "allowed world"]),
    ] {
        let found = sources(to);
        for line in wanted {
            assert!(
                found.iter().any(|one| one == line),
                "{to}: {line}: {found:#?}"
            );
        }
    }
    let across = pairs(&estate, "shop/web");
    assert!(
        across.contains(&"container:build/db:  / TCP 5432".to_owned()),
        "{across:#?}"
    );
    assert!(
        !across
            .iter()
            .any(|one| one.starts_with("container:build/q2")),
        "{across:#?}"
    );
    // No policy stops what comes in, and the pod's own address may be routed.
    let back = pairs(&estate, "container:build/web");
    assert!(back.contains(&"shop/web:  / all".to_owned()), "{back:#?}");
}
