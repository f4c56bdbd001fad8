//! What the containers of Docker hosts lead to: root on a host, and with it every container there.
//!
//! Sources: docker.docs "Docker daemon attack surface" (whoever speaks to the daemon mounts the host's file
//! system into a container of theirs), "Rootless mode", "Isolate containers with a user namespace".

use std::collections::BTreeMap;

use viewshed_model::{
    DockerContainer, DockerHost, Estate, Link, MissingFact, Pivot, PivotKind, PivotRank,
    PivotReport, PivotStop, Place, Protocol, ReachQuestion, ReachVerdict, Runtime, Target,
};

use crate::checks::{Protection, Reach, listeners};
use crate::network::{docker_answer, has_stopped, socket_proxies};
use crate::see::{Opening, Privilege, kept_from, openings_of_container, privileges_of_container};

/// A way from a container to root on a host.
struct Way<'e> {
    host: &'e DockerHost,
    steps: Vec<String>,
    facts: Vec<String>,
}

/// Every container with the most powerful thing that it leads to in at most `depth` steps, the worst first.
pub fn docker_ranks(estate: &Estate, depth: u32) -> PivotReport {
    let mut report = PivotReport {
        cni: "docker".to_owned(),
        ..PivotReport::default()
    };
    let names: Vec<&str> = estate.docker_hosts.iter().map(|host| &*host.name).collect();
    report.estate = names.join(", ");
    for host in &estate.docker_hosts {
        for container in host.containers.iter().filter(|one| !has_stopped(one)) {
            let ways = ways(estate, host, container).into_iter();
            let best = ways
                .filter(|way| way.steps.len() as u64 <= u64::from(depth))
                .min_by_key(|way| (!way.facts.is_empty(), way.steps.len()));
            match best {
                Some(way) => report.ranks.push(rank(estate, (host, container), way)),
                None => report.harmless += 1,
            }
        }
    }
    sort_ranks(&mut report.ranks);
    report
}

/// What a container leads to in at most `depth` steps: root on each host that it gets to, by its best way.
pub(crate) fn from_container(
    estate: &Estate,
    (host, container): (&DockerHost, &DockerContainer),
    depth: u32,
) -> Vec<Pivot> {
    let mut best: BTreeMap<String, Pivot> = BTreeMap::new();
    let ways = ways(estate, host, container).into_iter();
    for way in ways.filter(|way| way.steps.len() as u64 <= u64::from(depth)) {
        let pivot = pivot(way);
        let order = |pivot: &Pivot| (!pivot.depends_on.is_empty(), pivot.steps.len());
        match best.get_mut(&pivot.name) {
            Some(known) if order(&pivot) < order(known) => *known = pivot,
            Some(_) => {}
            None => {
                best.insert(pivot.name.clone(), pivot);
            }
        }
    }
    best.into_values().collect()
}

/// What whoever reaches the API of a host leads to: root on it.
pub(crate) fn from_api(host: &DockerHost) -> Pivot {
    let address = match host.endpoint.as_str() {
        "" => &host.name,
        endpoint => endpoint,
    };
    let mut facts = confined(host);
    facts.extend(authorized(host));
    let step = format!(
        "whoever speaks to the Docker API at {address} starts a container that has the whole host"
    );
    pivot(Way {
        host,
        steps: vec![step],
        facts,
    })
}

/// The ranks of a cluster and of Docker hosts as one list.
pub fn joined_ranks(mut cluster: PivotReport, docker: PivotReport) -> PivotReport {
    cluster.estate = format!("{}, {}", cluster.estate, docker.estate);
    cluster.cni = format!("{}, {}", cluster.cni, docker.cni);
    cluster.ranks.extend(docker.ranks);
    sort_ranks(&mut cluster.ranks);
    cluster.harmless += docker.harmless;
    cluster.depends_on.extend(docker.depends_on);
    cluster.gaps.extend(docker.gaps);
    cluster
}

/// The worst first: what it leads to, whether it is reached from outside, in how many steps.
pub(super) fn sort_ranks(ranks: &mut [PivotRank]) {
    ranks.sort_by(|a, b| {
        let of = |rank: &PivotRank| {
            let pivot = &rank.pivot;
            (pivot.kind, rank.ways_in.is_empty(), pivot.steps.len())
        };
        of(a).cmp(&of(b)).then_with(|| a.from.cmp(&b.from))
    });
}

fn ways<'e>(estate: &'e Estate, host: &'e DockerHost, container: &DockerContainer) -> Vec<Way<'e>> {
    let mut found = Vec::new();
    for (opening, text) in openings_of_container(host, container) {
        let mut facts = confined(host);
        let step = match opening {
            Opening::Root => {
                facts.extend(kept_from(container, "read and write what is root's there"));
                text
            }
            Opening::Socket(runtime) => {
                facts.extend(kept_from(container, "open the socket"));
                if runtime != Some(Runtime::Containerd) {
                    facts.extend(authorized(host));
                }
                format!("{text}: whoever speaks to it starts a container that has the whole host")
            }
            Opening::NodeCredentials
            | Opening::KubeletConfiguration
            | Opening::PodVolumes
            | Opening::GroupVolumes(_)
            | Opening::AdminCredentials
            | Opening::ControlPlaneUser(_)
            | Opening::EtcdData
            | Opening::StaticPods
            | Opening::Logs
            | Opening::RuntimeState(_)
            | Opening::Processes => continue,
        };
        found.push(Way {
            host,
            steps: vec![step],
            facts,
        });
    }
    for Privilege { text, doubt } in privileges_of_container(host, container) {
        let mut facts = match container.user_namespace_mode.as_str() {
            "host" => rootless(host).into_iter().collect(),
            _ => confined(host),
        };
        facts.extend(doubt);
        found.push(Way {
            host,
            steps: vec![text],
            facts,
        });
    }
    for other in &estate.docker_hosts {
        found.extend(over_proxies(estate, (host, container), other));
        found.extend(over_network(estate, (host, container), other));
    }
    found
}

/// Through an API that asks nobody for a certificate.
fn over_network<'e>(
    estate: &Estate,
    (host, container): (&DockerHost, &DockerContainer),
    other: &'e DockerHost,
) -> Vec<Way<'e>> {
    let is_own = std::ptr::eq(host, other);
    let open = listeners(other)
        .into_iter()
        .filter(|one| one.protection != Protection::ClientCertificate)
        .filter(|one| is_own || one.reach != Reach::Loopback);
    let ways = open.filter_map(|listener| {
        let port = listener.address.rsplit_once(':')?.1.parse().ok()?;
        let to = if is_own {
            Place::Target(Target::Docker)
        } else {
            Place::Host {
                name: other.name.clone(),
            }
        };
        let question = ReachQuestion {
            from: place(host, container),
            to,
            port: Some(port),
            protocol: Some(Protocol::Tcp),
        };
        let answer = docker_answer(estate, &question).ok()?;
        if answer.verdict == ReachVerdict::Denied {
            return None;
        }
        let mut facts: Vec<String> = answer.depends_on.into_iter().map(|one| one.fact).collect();
        if !is_own && facts.is_empty() {
            facts.push(format!("the network between hosts `{}` and `{}`", host.name, other.name));
        }
        facts.extend(confined(other));
        facts.extend(authorized(other));
        let step = format!(
            "container {} reaches the Docker API of host {} on {}, which asks for no client certificate: whoever \
             speaks to it starts a container that has the whole host",
            container.name, other.name, listener.address
        );
        Some(Way {
            host: other,
            steps: vec![step],
            facts,
        })
    });
    ways.collect()
}

/// Through another container that passes on what it is told to the engine's socket.
fn over_proxies<'e>(
    estate: &Estate,
    (host, container): (&DockerHost, &DockerContainer),
    other: &'e DockerHost,
) -> Vec<Way<'e>> {
    let mut found = Vec::new();
    for proxy in socket_proxies(other) {
        if std::ptr::eq(proxy.container, container) {
            continue;
        }
        for port in &proxy.ports {
            let question = ReachQuestion {
                from: place(host, container),
                to: place(other, proxy.container),
                port: Some(*port),
                protocol: Some(Protocol::Tcp),
            };
            let Ok(answer) = docker_answer(estate, &question) else {
                continue;
            };
            if answer.verdict == ReachVerdict::Denied {
                continue;
            }
            let facts = answer.depends_on.into_iter().map(|one| one.fact);
            let mut facts: Vec<String> = facts.chain([proxy.fact()]).collect();
            facts.extend(confined(other));
            facts.extend(authorized(other));
            found.push(Way {
                host: other,
                steps: vec![
                    format!(
                        "container {} reaches TCP {port} of container {}, which {}",
                        container.name, proxy.container.name, proxy.evidence
                    ),
                    format!(
                        "container {} passes on what the Docker API of host {} is asked: whoever speaks to that \
                         starts a container that has the whole host",
                        proxy.container.name, other.name
                    ),
                ],
                facts,
            });
        }
    }
    found
}

/// Where root of a container is not root of the host.
fn confined(host: &DockerHost) -> Vec<String> {
    let is_mapped = has_option(host, "name=userns");
    let mapped = is_mapped.then(|| {
        format!(
            "whether a container of theirs may leave the engine's user namespace on host `{}`",
            host.name
        )
    });
    rootless(host).into_iter().chain(mapped).collect()
}

fn rootless(host: &DockerHost) -> Option<String> {
    has_option(host, "name=rootless").then(|| {
        format!(
            "what the user may do whom the rootless engine runs as on host `{}`",
            host.name
        )
    })
}

fn has_option(host: &DockerHost, wanted: &str) -> bool {
    let mut options = host.daemon.security_options.iter();
    options.any(|option| option == wanted)
}

fn authorized(host: &DockerHost) -> Option<String> {
    let plugins = &host.daemon.authorization_plugins;
    (!plugins.is_empty()).then(|| {
        format!(
            "what the authorization plugins of host `{}` let pass ({})",
            host.name,
            plugins.join(", ")
        )
    })
}

fn place(host: &DockerHost, container: &DockerContainer) -> Place {
    Place::Container {
        host: host.name.clone(),
        name: container.name.clone(),
    }
}

fn rank(
    estate: &Estate,
    (host, container): (&DockerHost, &DockerContainer),
    way: Way<'_>,
) -> PivotRank {
    let from_outside = ReachQuestion {
        from: Place::Target(Target::World),
        to: place(host, container),
        port: None,
        protocol: None,
    };
    let ways_in = match docker_answer(estate, &from_outside) {
        Ok(answer) if answer.verdict == ReachVerdict::Allowed => {
            answer.because.into_iter().map(|one| one.text).collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    PivotRank {
        from: format!("{}/{}", host.name, container.name),
        workload_kind: "Container".to_owned(),
        pod: String::new(),
        ways_in,
        pivot: pivot(way),
    }
}

fn pivot(way: Way<'_>) -> Pivot {
    let link = |text: String| Link {
        text,
        evidence: None,
    };
    let facts = way.facts.into_iter();
    Pivot {
        kind: PivotKind::Host,
        name: way.host.name.clone(),
        steps: way.steps.into_iter().map(link).collect(),
        stops: vec![PivotStop {
            kind: PivotKind::Host,
            name: way.host.name.clone(),
        }],
        depends_on: facts.map(|fact| MissingFact { fact }).collect(),
    }
}
