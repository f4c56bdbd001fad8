//! Docker's and Podman's answers and files to the model.
//!
//! One function per answer of the Engine API, the same ones for live daemons and for files. A field of an
//! unexpected type, a broken element or a cut answer gives a gap, and everything else is read.
//! Values of environment variables and data of swarm secrets and configs are dropped here.

mod answer;
pub mod compose;
mod container;
mod daemon;
mod fields;
mod inspect;
mod objects;
mod recognise;
mod swarm;
#[cfg(test)]
mod tests;

pub use container::{add_inspected, container_inspect, containers};
pub use daemon::{daemon_config, disk_usage, info, version};
pub use inspect::inspect;
pub use objects::{images, networks, plugins, volumes};
pub use recognise::{DocumentKind, add_document, recognise};
pub use swarm::{SwarmKind, swarm};

use viewshed_model::DockerHost;

/// Orders everything by name, so that the same host gives the same bytes however its daemon ordered it.
pub fn sort(host: &mut DockerHost) {
    host.containers
        .sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    for container in &mut host.containers {
        container
            .mounts
            .sort_by(|a, b| (&a.destination, &a.source).cmp(&(&b.destination, &b.source)));
        container.networks.sort();
        container.ipv6_addresses.sort();
        container.ports.sort_by(|a, b| {
            (a.container_port, &a.protocol, &a.host_ip, a.host_port).cmp(&(
                b.container_port,
                &b.protocol,
                &b.host_ip,
                b.host_port,
            ))
        });
        container.env.sort_by(|a, b| a.name.cmp(&b.name));
    }
    host.images
        .sort_by(|a, b| (&a.tags, &a.id).cmp(&(&b.tags, &b.id)));
    // What is described stands before what is only named.
    host.networks
        .sort_by(|a, b| (&a.name, a.is_external).cmp(&(&b.name, b.is_external)));
    host.volumes.sort_by(|a, b| a.name.cmp(&b.name));
    host.plugins.sort_by(|a, b| a.name.cmp(&b.name));
    host.swarm
        .sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
}
