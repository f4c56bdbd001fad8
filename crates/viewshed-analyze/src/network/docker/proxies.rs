//! Containers that pass on what comes over TCP to the engine's socket, which they mount.
//!
//! What they let pass is a setting whose value no estate keeps; so whoever reaches one gets a part of the API
//! that is not known (tecnativa/docker-socket-proxy, README: `POST`, `CONTAINERS`).

use viewshed_model::{DockerContainer, DockerHost, Protocol, Runtime};

use super::facts::has_stopped;
use super::{End, Open};
use crate::network::ports::{PortSet, point};
use crate::see::{Opening, openings_of_container};

/// Ports of the API without and with TLS (dockerd reference, "Daemon socket option").
const USUAL: [u16; 2] = [2375, 2376];

/// Parts of the names of images that do nothing else.
const IMAGES: [&str; 4] = ["socket-proxy", "socketproxy", "docker-proxy", "socat"];

/// A container that passes requests on to the engine.
#[derive(Debug)]
pub(crate) struct SocketProxy<'e> {
    pub(crate) container: &'e DockerContainer,
    /// TCP ports on which it takes them.
    pub(crate) ports: Vec<u16>,
    /// Completes "container proxy ...".
    pub(crate) evidence: String,
}

impl SocketProxy<'_> {
    /// Completes "depends on ...".
    pub(crate) fn fact(&self) -> String {
        format!(
            "what container `{}` passes on to the Docker API",
            self.container.name
        )
    }
}

/// Every such container of a host that runs.
pub(crate) fn socket_proxies(host: &DockerHost) -> Vec<SocketProxy<'_>> {
    let running = host.containers.iter().filter(|one| !has_stopped(one));
    running
        .filter_map(|container| {
            let is_socket = |opening: &Opening| {
                matches!(
                    opening,
                    Opening::Socket(None | Some(Runtime::Docker | Runtime::Podman))
                )
            };
            let mounted = openings_of_container(host, container);
            let (_, text) = mounted
                .into_iter()
                .find(|(opening, _)| is_socket(opening))?;
            let ports = ports(container);
            let title = format!("container {} ", container.name);
            let mounts = text.strip_prefix(&title).unwrap_or(&text).to_owned();
            (!ports.is_empty()).then(|| SocketProxy {
                container,
                evidence: format!("{mounts} and listens there (image {})", container.image),
                ports,
            })
        })
        .collect()
}

/// Where it takes requests: the API's own ports, else of an image that does nothing else whichever it names.
fn ports(container: &DockerContainer) -> Vec<u16> {
    let published = container.ports.iter().filter(|port| port.protocol == "tcp");
    let published = published.map(|port| port.container_port);
    let mut told: Vec<u16> = published
        .chain(container.exposed_ports.iter().copied())
        .collect();
    told.sort_unstable();
    told.dedup();
    let of_api: Vec<u16> = told
        .iter()
        .copied()
        .filter(|port| USUAL.contains(port))
        .collect();
    if !of_api.is_empty() {
        return of_api;
    }
    let image = container.image.rsplit('/').next().unwrap_or_default();
    let is_proxy = IMAGES.iter().any(|name| image.contains(name));
    match (is_proxy, told.is_empty()) {
        (false, _) => Vec::new(),
        (true, false) => told,
        (true, true) => USUAL.into_iter().take(1).collect(),
    }
}

/// What such containers open to a source, and on what it depends.
pub(super) fn through_proxies(
    host: &DockerHost,
    from: End<'_>,
) -> Option<(PortSet, String, String)> {
    for proxy in socket_proxies(host) {
        let to = End::Container(host, proxy.container);
        if matches!(from, End::Container(_, own) if std::ptr::eq(own, proxy.container)) {
            continue;
        }
        let ports = proxy.ports.iter().map(|port| point(Protocol::Tcp, *port));
        let ports: PortSet = ports.map(|port| (port, port)).collect();
        let (set, facts, text) = match super::pair(from, to) {
            Open::Every(text) => (ports, proxy.fact(), text),
            Open::Only(set, text) => (set.intersection(&ports), proxy.fact(), text),
            Open::AtLeast(set, _, _, text) if !set.intersection(&ports).is_empty() => {
                (set.intersection(&ports), proxy.fact(), text)
            }
            Open::AtLeast(_, set, fact, text) | Open::Depends(set, fact, text) => {
                let fact = format!("{fact}, and {}", proxy.fact());
                (set.intersection(&ports), fact, text)
            }
            Open::Closed(_) => continue,
        };
        if !set.is_empty() {
            let text = format!(
                "container `{}` {}; {text}",
                proxy.container.name, proxy.evidence
            );
            return Some((set, facts, text));
        }
    }
    None
}
