//! What a pod opens of its node: mounted folders, privileges, capabilities, the shared process table.

use viewshed_model::{Cluster, Container, PodSpec, PodVolume, VolumeSource};

use super::host_paths::{Opening, normalized, openings};
use super::writes::writes;

/// One thing of its node that a pod opens.
#[derive(Debug, Clone)]
pub(crate) struct OnNode {
    pub(crate) opening: Opening,
    /// The step in plain words.
    pub(crate) text: String,
    /// Completes "depends on ...".
    pub(crate) doubt: Option<String>,
}

/// The cluster, the namespace of a pod and its name; empty for a template.
type Where<'w> = (&'w Cluster, &'w str, &'w str);

/// Everything of its node that a pod opens: mounted folders that some container has that has not ended, also by way of
/// a claim on a volume that is a folder of the node, privileged containers, capabilities, the shared process table.
/// The runtime of a node with this `containerRuntimeVersion` is named; empty when unknown.
pub(crate) fn openings_on(
    place: Where<'_>,
    spec: &PodSpec,
    title: &str,
    node_runtime: &str,
) -> Vec<OnNode> {
    let mut found = Vec::new();
    for volume in &spec.volumes {
        for folder in folders(place, volume) {
            for container in spec.standing() {
                let mounted = Mounted {
                    folder: &folder,
                    container,
                    title,
                };
                mounted.open(&volume.name, node_runtime, &mut found);
            }
        }
    }
    add_privileges(spec, title, &mut found);
    if spec.host.pid {
        found.push(OnNode {
            opening: Opening::Processes,
            text: format!("{title} shares the process table of its node"),
            doubt: None,
        });
    }
    found
}

/// A folder of the node in a volume, with the words that say by way of what.
#[derive(Debug)]
struct Folder {
    path: String,
    /// Begins with a blank, or is empty.
    by_way_of: String,
}

fn folders((cluster, namespace, pod): Where<'_>, volume: &PodVolume) -> Vec<Folder> {
    let of_claim = |claim: &str| {
        let on_nodes = cluster.volumes.iter();
        let mut on_nodes = on_nodes.filter(|one| !one.host_path.is_empty()).peekable();
        on_nodes.peek()?;
        let mut claims = cluster.volume_claims.iter();
        let bound = claims.find(|one| {
            one.meta.name == claim
                && one.meta.namespace.as_deref().unwrap_or("default") == namespace
        });
        let bound = bound.map_or("", |one| one.volume.as_str());
        let volume = on_nodes.find(|one| match one.claim.as_ref() {
            Some((place, name)) => place == namespace && name == claim,
            None => one.meta.name == bound,
        })?;
        Some(Folder {
            path: volume.host_path.clone(),
            by_way_of: format!(" (persistent volume {})", volume.meta.name),
        })
    };
    let sources = volume.sources.iter();
    let folders = sources.filter_map(|source| match source {
        VolumeSource::HostPath(path) => Some(Folder {
            path: path.clone(),
            by_way_of: String::new(),
        }),
        VolumeSource::PersistentVolumeClaim(claim) => of_claim(claim),
        VolumeSource::Ephemeral => of_claim(&format!("{pod}-{}", volume.name)),
        VolumeSource::Secret(_)
        | VolumeSource::ConfigMap(_)
        | VolumeSource::Token(_)
        | VolumeSource::Other(_)
        | VolumeSource::DriverSecret(_) => None,
    });
    folders.collect()
}

/// A folder of the node in a container.
struct Mounted<'m> {
    folder: &'m Folder,
    container: &'m Container,
    title: &'m str,
}

impl Mounted<'_> {
    fn open(&self, volume: &str, node_runtime: &str, found: &mut Vec<OnNode>) {
        let mounts = self.container.mounts.iter();
        for mount in mounts.filter(|mount| mount.source == volume) {
            let path = format!("{}/{}", self.folder.path, mount.sub_path);
            let mounted = normalized(&path);
            let what = format!(
                "{} mounts {mounted} of its node{} into container {}",
                self.title, self.folder.by_way_of, self.container.name
            );
            let with = |place: &str| match mounted == place {
                true => what.clone(),
                false => format!("{what}, with {place} in it"),
            };
            let opened = openings(&path, node_runtime);
            let is_root = opened.iter().any(|(opening, _)| *opening == Opening::Root);
            found.extend(opened.into_iter().map(|(opening, place)| OnNode {
                opening,
                text: with(place),
                doubt: None,
            }));
            if mount.read_only || is_root {
                continue;
            }
            found.extend(writes(&path).map(|written| {
                OnNode {
                    opening: written.opening,
                    text: match mounted.starts_with(written.place) {
                        true => format!("{what}, writable: {}", written.effect),
                        false => format!("{}, writable: {}", with(written.place), written.effect),
                    },
                    doubt: written
                        .doubt
                        .map(|doubt| format!("{doubt} the node of {}", self.title)),
                }
            }));
        }
    }
}

/// Containers that are root on their node by what they may do.
fn add_privileges(spec: &PodSpec, title: &str, found: &mut Vec<OnNode>) {
    // Root of a user namespace is nobody on the node (Kubernetes documentation, "User Namespaces").
    if spec.has_own_users {
        return;
    }
    if let Some(container) = spec.standing().find(|container| container.privileged) {
        found.push(OnNode {
            opening: Opening::Root,
            text: format!(
                "container {} of {title} is privileged: it is root on its node",
                container.name
            ),
            doubt: None,
        });
        return;
    }
}
