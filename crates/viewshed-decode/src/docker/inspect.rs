//! What `docker inspect` prints: a list of objects of any kind, told apart by the fields that only they have.

use viewshed_model::{DockerHost, Gap, GapReason, Position};

use super::answer::Answer;
use super::fields::Fields;
use super::swarm::{self, SwarmKind};
use super::{container, objects};
use crate::gaps::gap;

/// What one inspected object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inspected {
    Container,
    Image,
    Network,
    /// `podman network inspect` has names of its own for the same.
    PodmanNetwork,
    Volume,
    Plugin,
    Swarm(SwarmKind),
    Unknown,
}

/// Reads the list; `place` is where it starts, objects get the line on which they start themselves.
pub fn inspect(host: &mut DockerHost, gaps: &mut Vec<Gap>, place: &Position, body: &[u8]) {
    let mut containers = Vec::new();
    let mut unknown_lines = Vec::new();
    Answer::new(&place.file, "inspected objects", gaps).each(body, |element| {
        let fields = &element.fields;
        let line = place.line.saturating_add(element.line.saturating_sub(1));
        match kind_of(fields) {
            Inspected::Container => {
                let mut container = container::inspected(fields);
                container.position = Some(Box::new(Position {
                    file: place.file.clone(),
                    line,
                }));
                containers.push(container);
            }
            Inspected::Image => host.images.push(objects::image(fields)),
            Inspected::Network => host.networks.push(objects::network(fields)),
            Inspected::PodmanNetwork => host.networks.push(objects::podman_network(fields)),
            Inspected::Volume => host.volumes.push(objects::volume(fields)),
            Inspected::Plugin => host.plugins.push(objects::plugin(fields)),
            Inspected::Swarm(kind) => host.swarm.push(swarm::object(kind, fields)),
            Inspected::Unknown => unknown_lines.push(line),
        }
        name_of(fields)
    });
    if let Some(first) = unknown_lines.first() {
        let what = "inspected objects of an unknown kind";
        let detail = format!("the first on line {first}");
        gaps.push(Gap {
            count: u64::try_from(unknown_lines.len()).unwrap_or(u64::MAX),
            ..gap(&place.file, what, GapReason::Unsupported, &detail, "")
        });
    }
    container::add_inspected(host, containers);
}

pub(super) fn kind_of(fields: &Fields<'_>) -> Inspected {
    let spec = fields.object("Spec");
    if fields.has("HostConfig") && fields.has("Config") {
        Inspected::Container
    } else if fields.has("RootFS") || fields.has("RepoTags") {
        Inspected::Image
    } else if fields.has("IPAM") && fields.has("Scope") {
        Inspected::Network
    } else if fields.has("network_interface") && fields.has("driver") {
        Inspected::PodmanNetwork
    } else if fields.has("Mountpoint") && fields.has("Driver") {
        Inspected::Volume
    } else if fields.has("PluginReference") || (fields.has("Enabled") && fields.has("Settings")) {
        Inspected::Plugin
    } else if !fields.has("ID") || !fields.has("Spec") {
        Inspected::Unknown
    } else if fields.has("ServiceID") {
        Inspected::Swarm(SwarmKind::Task)
    } else if spec.has("TaskTemplate") {
        Inspected::Swarm(SwarmKind::Service)
    } else if spec.has("Role") && spec.has("Availability") {
        Inspected::Swarm(SwarmKind::Node)
    } else if spec.has("Data") {
        Inspected::Swarm(SwarmKind::Config)
    } else if spec.has("Name") {
        // The API never answers a secret's data.
        Inspected::Swarm(SwarmKind::Secret)
    } else {
        Inspected::Unknown
    }
}

fn name_of(fields: &Fields<'_>) -> String {
    ["Name", "Id", "ID"]
        .into_iter()
        .filter_map(|key| fields.get(key))
        .find_map(|value| value.as_str())
        .unwrap_or("object without name")
        .to_owned()
}
