//! Which pods get a token of the API server, and which programs never use one.

use viewshed_model::{Cluster, Container, PodSpec, ServiceAccount, VolumeSource};

use super::Runner;

/// How a token comes into a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenMount {
    /// A running pod has it.
    InPod,
    /// The template asks for it as a projected volume.
    Explicit,
    /// The server adds it, because neither pod nor account says otherwise.
    Automatic,
}

impl TokenMount {
    /// For evidence.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::InPod => "pods have a token for the API server in a volume",
            Self::Explicit => "the template asks for a token for the API server",
            Self::Automatic => {
                "the server will mount a token, since `automountServiceAccountToken` is not false"
            }
        }
    }
}

/// Programs whose official images never call the API server. `RabbitMQ` is not here: its clusters may find
/// their peers through the API.
const OFFICIAL_IMAGES: [&str; 17] = [
    "busybox",
    "caddy",
    "elasticsearch",
    "haproxy",
    "httpd",
    "influxdb",
    "mariadb",
    "memcached",
    "mongo",
    "mysql",
    "nats",
    "nginx",
    "postgres",
    "redis",
    "registry",
    "valkey",
    "wordpress",
];

/// How the pods of `runner` get a token for the API server; `None` when they do not
/// (`plugin/pkg/admission/serviceaccount/admission.go`, `shouldAutomount`).
pub(crate) fn token_mount(
    cluster: &Cluster,
    runner: &Runner<'_>,
    account: Option<&ServiceAccount>,
) -> Option<TokenMount> {
    let is_mounted = mounts_projected_token(runner.spec);
    // A pod that a server admitted shows what it got.
    let is_admitted = runner
        .pods
        .iter()
        .any(|pod| !pod.phase.is_empty() || cluster.is_live);
    if is_admitted {
        return is_mounted.then_some(TokenMount::InPod);
    }
    if is_mounted {
        return Some(TokenMount::Explicit);
    }
    runner
        .spec
        .automount_token
        .or(account.and_then(|account| account.automount_token))
        .unwrap_or(true)
        .then_some(TokenMount::Automatic)
}

/// A token with another audience is of no use at the API server.
fn mounts_projected_token(spec: &PodSpec) -> bool {
    spec.volumes.iter().any(|volume| {
        volume
            .sources
            .iter()
            .any(|source| matches!(source, VolumeSource::Token(token) if token.audience.is_empty()))
            && spec
                .containers
                .iter()
                .any(|container| container.mounts.iter().any(|m| m.source == volume.name))
    })
}

/// Whether every container runs a program that is known not to call the API server.
pub(crate) fn is_in_no_need_of_api(runner: &Runner<'_>) -> bool {
    let mut containers = runner
        .spec
        .containers
        .iter()
        .filter(|container| container.role.is_empty())
        .peekable();
    containers.peek().is_some() && containers.all(is_official)
}

fn is_official(container: &Container) -> bool {
    let name = repository(&container.image);
    let bare = name.strip_prefix("docker.io/").unwrap_or(name);
    let bare = bare.strip_prefix("library/").unwrap_or(bare);
    // A command of its own may do anything.
    container.program.is_empty() && OFFICIAL_IMAGES.contains(&bare)
}

/// The repository of an image reference, without tag and digest.
pub(crate) fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        // A colon before a slash belongs to the registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}
