//! Docker APIs that containers publish: daemons in containers, and proxies in front of the host's socket.

use viewshed_model::{DockerContainer, DockerHost, PublishedPort};

use super::listeners::{Listener, Protection, listener};
use super::sockets::access_on;
use crate::see::mounted_path;

/// Ports of the API, in plain text and over TLS (moby `daemon/command/daemon.go`; IANA, `docker` and `docker-s`).
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// What answers on a published port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum Behind {
    /// A daemon of the container's own.
    OwnDaemon,
    /// The daemon of the host, whose socket the container has.
    HostDaemon,
}

/// A container's published Docker API.
#[derive(Debug)]
pub(in crate::checks) struct PublishedApi<'h> {
    pub(in crate::checks) container: &'h DockerContainer,
    pub(in crate::checks) listener: Listener,
    pub(in crate::checks) behind: Behind,
}

/// Every such port of the host's containers, in their order, each address once.
pub(in crate::checks) fn published_apis(host: &DockerHost) -> Vec<PublishedApi<'_>> {
    let containers = host.containers.iter();
    let each = containers.flat_map(|container| {
        let behind = behind(host, container);
        let ports = container.ports.iter();
        ports.filter_map(move |port| of_port(container, behind?, port))
    });
    let mut found: Vec<PublishedApi<'_>> = Vec::new();
    for one in each {
        let is_known = found.iter().any(|known| {
            known.container.name == one.container.name && known.listener == one.listener
        });
        if !is_known {
            found.push(one);
        }
    }
    found
}

fn behind(host: &DockerHost, container: &DockerContainer) -> Option<Behind> {
    let mut mounts = container.mounts.iter();
    if mounts.any(|mount| access_on(host, mounted_path(mount)).is_some()) {
        return Some(Behind::HostDaemon);
    }
    // A daemon starts no containers without privileges.
    (container.privileged || is_daemon_image(&container.image)).then_some(Behind::OwnDaemon)
}

/// Whether an image is that of Docker's own daemon (`docker:dind`, `docker:27-dind-rootless`).
fn is_daemon_image(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    let (name, tag) = name.split_once(':').unwrap_or((name, ""));
    name.contains("dind") || (name == "docker" && tag.contains("dind"))
}

fn of_port<'h>(
    container: &'h DockerContainer,
    behind: Behind,
    port: &PublishedPort,
) -> Option<PublishedApi<'h>> {
    let is_tcp = matches!(port.protocol.as_str(), "" | "tcp");
    let protection = match (port.container_port, behind) {
        (PLAIN_PORT, _) => Protection::Nothing,
        // The image's entry point asks for certificates there (docker-library/docker `dockerd-entrypoint.sh`); what a
        // proxy asks for is its own.
        (TLS_PORT, Behind::OwnDaemon) => Protection::ClientCertificate,
        _ => return None,
    };
    if !is_tcp || port.host_port == 0 {
        return None;
    }
    let address = match port.host_ip.as_str() {
        "" => format!("0.0.0.0:{}", port.host_port),
        ip if ip.contains(':') => format!("[{ip}]:{}", port.host_port),
        ip => format!("{ip}:{}", port.host_port),
    };
    let what = match behind {
        Behind::OwnDaemon => "runs a daemon",
        Behind::HostDaemon => "has the socket of the host's daemon",
    };
    let told_by = format!(
        "container `{}`, which {what}, publishes its port {} at `{address}`",
        container.name, port.container_port
    );
    Some(PublishedApi {
        container,
        listener: listener(&address, protection, told_by),
        behind,
    })
}
