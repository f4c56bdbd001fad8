//! Swarm objects by name: a secret's or config's `Data` is never looked at.

use viewshed_model::{DockerHost, Gap, SwarmObject};

use super::answer::Answer;
use super::fields::Fields;

/// The kinds of swarm objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwarmKind {
    /// `GET /nodes`.
    Node,
    /// `GET /services`.
    Service,
    /// `GET /tasks`.
    Task,
    /// `GET /secrets`.
    Secret,
    /// `GET /configs`.
    Config,
}

impl SwarmKind {
    /// All kinds, in the order in which they are read.
    pub const ALL: [Self; 5] = [
        Self::Node,
        Self::Service,
        Self::Task,
        Self::Secret,
        Self::Config,
    ];

    /// The kind as the model calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Service => "service",
            Self::Task => "task",
            Self::Secret => "secret",
            Self::Config => "config",
        }
    }

    fn answer(self) -> &'static str {
        match self {
            Self::Node => "swarm nodes",
            Self::Service => "swarm services",
            Self::Task => "swarm tasks",
            Self::Secret => "swarm secrets",
            Self::Config => "swarm configs",
        }
    }
}

/// Reads one list of swarm objects.
pub fn swarm(host: &mut DockerHost, gaps: &mut Vec<Gap>, kind: SwarmKind, body: &[u8]) {
    let list = &mut host.swarm;
    Answer::new(&host.name, kind.answer(), gaps).each(body, |element| {
        let object = object(kind, &element.fields);
        let name = object.name.clone();
        list.push(object);
        name
    });
}

pub(super) fn object(kind: SwarmKind, fields: &Fields<'_>) -> SwarmObject {
    let spec = fields.object("Spec");
    let (name, image) = match kind {
        SwarmKind::Node => (fields.object("Description").text("Hostname"), String::new()),
        SwarmKind::Service => (
            spec.text("Name"),
            spec.object("TaskTemplate")
                .object("ContainerSpec")
                .text("Image"),
        ),
        // A task has no name of its own; the command line builds one from the service's.
        SwarmKind::Task => (String::new(), spec.object("ContainerSpec").text("Image")),
        SwarmKind::Secret | SwarmKind::Config => (spec.text("Name"), String::new()),
    };
    SwarmObject {
        kind: kind.name().to_owned(),
        name: if name.is_empty() {
            fields.text("ID")
        } else {
            name
        },
        image,
    }
}
