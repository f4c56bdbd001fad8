//! Everything on Docker hosts at once: who reaches a place, and all pairs.

use viewshed_model::{
    EndKind, Estate, Place, Protocol, ReachAnswer, ReachCell, ReachEnd, ReachMatrix, ReachQuestion,
    ReachSource, ReachSources, Target,
};

use super::facts::has_stopped;
use super::proxies::socket_proxies;
use super::{End, docker_answer, end, pair};
use crate::checks::listeners;
use crate::network::ends::NetworkError;
use crate::network::matrix::MATRIX_PAIRS_MAX;
use crate::network::ports::shown;
use crate::network::sources::sort;

/// Whether each container of the estate reaches a place, and the world where the place is one of the estate;
/// `port` and `protocol` as in a question.
///
/// # Errors
/// When the estate has no such container or host, or the place is none of Docker's.
pub(in crate::network) fn docker_sources(
    estate: &Estate,
    to: &Place,
    port: Option<u16>,
    protocol: Option<Protocol>,
) -> Result<ReachSources, NetworkError> {
    let mut sources = Vec::new();
    let ask = |from: Place| {
        docker_answer(
            estate,
            &ReachQuestion {
                from,
                to: to.clone(),
                port,
                protocol,
            },
        )
    };
    let itself = match to {
        Place::Target(_) => None,
        to => Some(end(estate, to)?),
    };
    for host in &estate.docker_hosts {
        for container in &host.containers {
            let is_itself =
                matches!(itself, Some(End::Container(_, own)) if std::ptr::eq(own, container));
            if is_itself {
                continue;
            }
            let answer = ask(Place::Container {
                host: host.name.clone(),
                name: container.name.clone(),
            })?;
            sources.push(ReachSource {
                namespace: host.name.clone(),
                ..source(EndKind::Container, &container.name, answer)
            });
        }
    }
    if !matches!(to, Place::Target(Target::World | Target::Metadata)) {
        let world = ask(Place::Target(Target::World))?;
        sources.push(source(EndKind::Outside, "world", world));
    }
    sort(&mut sources);
    Ok(ReachSources {
        estate: names(estate),
        cni: "docker".to_owned(),
        to: to.clone(),
        points: points(estate, to),
        sources,
        gaps: Vec::new(),
    })
}

/// What the place stands for: of the engines' API the addresses that they listen on.
fn points(estate: &Estate, to: &Place) -> Vec<String> {
    let mut found = Vec::new();
    if *to == Place::Target(Target::Docker) {
        for host in &estate.docker_hosts {
            let addresses = listeners(host).into_iter().map(|one| one.address);
            found.extend(
                addresses.map(|address| format!("Docker's API of host `{}`: {address}", host.name)),
            );
            for proxy in socket_proxies(host) {
                let ports: Vec<String> = proxy.ports.iter().map(u16::to_string).collect();
                let (name, ports) = (&proxy.container.name, ports.join(", "));
                found.push(format!(
                    "container `{name}` of host `{}`: TCP {ports}",
                    host.name
                ));
            }
        }
    }
    if found.is_empty() {
        found.push(to.to_string());
    }
    found
}

fn names(estate: &Estate) -> String {
    let hosts: Vec<&str> = estate.docker_hosts.iter().map(|host| &*host.name).collect();
    hosts.join(", ")
}

fn source(kind: EndKind, name: &str, answer: ReachAnswer) -> ReachSource {
    ReachSource {
        verdict: answer.verdict,
        kind,
        namespace: String::new(),
        name: name.to_owned(),
        workload_kind: String::new(),
        pods: 0,
        example: String::new(),
        ports: answer.ports,
        uncertain_ports: answer.uncertain_ports,
        depends_on: answer.depends_on,
        because: answer.because,
    }
}

/// All pairs of running containers, their hosts and the world; `None` when that would be more than
/// [`MATRIX_PAIRS_MAX`] pairs.
pub(in crate::network) fn docker_matrix(estate: &Estate) -> Option<ReachMatrix> {
    let ends: Vec<(ReachEnd, End<'_>)> = ends(estate);
    if ends.len().saturating_mul(ends.len()) > MATRIX_PAIRS_MAX {
        return None;
    }
    let mut cells = Vec::new();
    for ((_, from), row) in ends.iter().zip(0_u32..) {
        for ((_, to), column) in ends.iter().zip(0_u32..) {
            // Between other machines nothing is of the estate.
            let is_outside = !matches!(
                (from, to),
                (End::Container(..), _) | (_, End::Container(..))
            );
            if row == column || is_outside {
                continue;
            }
            let (sure, possible) = pair(*from, *to).bounds();
            let (allowed, uncertain) = (shown(&sure), shown(&possible.minus(&sure)));
            if !allowed.is_empty() || !uncertain.is_empty() {
                cells.push(ReachCell {
                    from: row,
                    to: column,
                    allowed,
                    uncertain,
                });
            }
        }
    }
    Some(ReachMatrix {
        estate: names(estate),
        cni: "docker".to_owned(),
        ends: ends.into_iter().map(|(end, _)| end).collect(),
        cells,
        gaps: Vec::new(),
    })
}

fn ends(estate: &Estate) -> Vec<(ReachEnd, End<'_>)> {
    let named = |kind, namespace: &str, name: &str| ReachEnd {
        kind,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..ReachEnd::default()
    };
    let mut ends = Vec::new();
    for host in &estate.docker_hosts {
        for container in host.containers.iter().filter(|one| !has_stopped(one)) {
            let end = named(EndKind::Container, &host.name, &container.name);
            ends.push((end, End::Container(host, container)));
        }
    }
    for host in &estate.docker_hosts {
        ends.push((named(EndKind::Host, "", &host.name), End::Host(host)));
    }
    ends.push((named(EndKind::Outside, "", "world"), End::World));
    ends
}
