//! What a pod opens of its node: mounted folders, privileges, capabilities, the shared process table.

use std::borrow::Cow;

use viewshed_model::{
    Cluster, Container, PodSpec, PodVolume, Runtime, VolumeSource, plain_host_path,
    runtime_sockets_below,
};

use super::capabilities::added;
use super::host_paths::{Opening, openings};
use super::writes::{Machine, writes};

/// What a pod does to open a thing of its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// It looks.
    Looking,
    /// It changes the node first: a step of its own, as a container that is started by way of a runtime's socket is.
    Writing,
}

/// One thing of its node that a pod opens.
#[derive(Debug, Clone)]
pub(crate) struct OnNode {
    pub(crate) opening: Opening,
    pub(crate) by: By,
    /// The step in plain words.
    pub(crate) text: String,
    /// Completes "depends on ...".
    pub(crate) doubt: Option<String>,
    /// The same for a fact without which it would be otherwise, and which is likely.
    pub(crate) assumed: Option<String>,
}

impl OnNode {
    const fn certain(opening: Opening, text: String) -> Self {
        Self {
            opening,
            by: By::Looking,
            text,
            doubt: None,
            assumed: None,
        }
    }
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
                    is_in_roots_group: spec.fs_group == Some(0)
                        || spec.supplemental_groups.contains(&0),
                };
                mounted.open(&volume.name, node_runtime, &mut found);
            }
        }
    }
    add_privileges(spec, title, &mut found);
    if spec.host.pid {
        let text = format!("{title} shares the process table of its node");
        found.push(OnNode::certain(Opening::Processes, text));
    }
    found
}

/// Whether [`openings_on`] finds nothing, whatever the node runs and the claims of its volumes are.
pub(super) fn has_no_openings(spec: &PodSpec) -> bool {
    let mut sources = spec.volumes.iter().flat_map(|volume| &volume.sources);
    let has_folder = sources.any(|source| {
        matches!(
            source,
            VolumeSource::HostPath(_)
                | VolumeSource::PersistentVolumeClaim(_)
                | VolumeSource::Ephemeral
        )
    });
    let mut privileges = Vec::new();
    add_privileges(spec, "", &mut privileges);
    !has_folder && privileges.is_empty() && !spec.host.pid
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
    /// By a group of the whole pod.
    is_in_roots_group: bool,
}

impl Mounted<'_> {
    fn open(&self, volume: &str, node_runtime: &str, found: &mut Vec<OnNode>) {
        let mounts = self.container.mounts.iter();
        for mount in mounts.filter(|mount| mount.source == volume) {
            let path = format!("{}/{}", self.folder.path, mount.sub_path);
            let mounted = plain_host_path(&path);
            let what = format!(
                "{} mounts {mounted} of its node{} into container {}",
                self.title, self.folder.by_way_of, self.container.name
            );
            let with = |place: &str| {
                if mounted == place {
                    what.clone()
                } else {
                    format!("{what}, with {place} in it")
                }
            };
            let mut opened = openings(&path, node_runtime);
            if !mount.sub_path.is_empty() {
                // Mounted without what is mounted below it, which tokens and Secrets are (`doBindSubPath` in
                // `pkg/volume/util/subpath/subpath_linux.go`).
                opened.retain(|(opening, _)| *opening != Opening::PodVolumes);
            }
            let is_root = opened.iter().any(|(opening, _)| *opening == Opening::Root);
            let for_users = user_doubt(self.container);
            if is_root && for_users.is_some() {
                found.push(OnNode::certain(Opening::Processes, what.clone()));
            }
            let mut for_group = Vec::new();
            if for_users.is_some() {
                let place = (&opened[..], &*mounted, node_runtime);
                self.open_for_group(place, with, &mut for_group);
            }
            let settled: Vec<Opening> = for_group.iter().map(|one: &OnNode| one.opening).collect();
            found.extend(for_group);
            let open = opened.into_iter();
            let open = open.filter(|(opening, _)| !settled.contains(opening));
            found.extend(open.map(|(opening, place)| {
                // Everybody may list them.
                let is_listed = opening == Opening::Processes;
                OnNode {
                    opening,
                    by: By::Looking,
                    text: with(&place),
                    doubt: for_users.clone().filter(|_| !is_listed),
                    assumed: None,
                }
            }));
            if mount.read_only || is_root {
                continue;
            }
            found.extend(writes(&path, Machine::Node).map(|written| {
                OnNode {
                    opening: written.opening,
                    by: By::Writing,
                    text: if mounted.starts_with(written.place) {
                        format!("{what}, writable: {}", written.effect)
                    } else {
                        format!("{}, writable: {}", with(written.place), written.effect)
                    },
                    doubt: written
                        .doubt
                        .map(|doubt| format!("{doubt} the node of {}", self.title))
                        .or_else(|| for_users.clone()),
                    assumed: None,
                }
            }));
        }
    }
}

impl Mounted<'_> {
    /// What a user who is not root opens by being in root's group: volumes and logs of pods, in folders of mode 0750
    /// (`setupDataDirs` in `pkg/kubelet/kubelet.go`; containerd's logs have mode 0640), and the sockets of containerd
    /// and CRI-O, which that group may write (mode 0660; Docker's is of a group of its own). A user without
    /// `runAsGroup` whom the image does not know is in it (containerd, `pkg/oci/spec_opts.go`, `WithUserID`), and so is
    /// everybody whom `fsGroup` or `supplementalGroups` puts there.
    fn open_for_group(
        &self,
        (opened, mounted, node_runtime): (&[(Opening, Cow<'static, str>)], &str, &str),
        with: impl Fn(&str) -> String,
        found: &mut Vec<OnNode>,
    ) {
        let name = &self.container.name;
        let assumed = match (self.container.run_as_group, self.container.run_as_user) {
            _ if self.is_in_roots_group => None,
            (Some(0), _) => None,
            (Some(_), _) | (None, None) => return,
            (None, Some(user)) => Some(format!(
                "whether the image of container {name} puts user {user} into another group than root's"
            )),
        };
        let is_of_group = |runtime: Runtime| matches!(runtime, Runtime::Containerd | Runtime::CriO);
        let is_open = match node_runtime {
            "" => {
                let mut below = runtime_sockets_below(mounted).peekable();
                below.peek().is_some() && below.all(|(_, runtime)| is_of_group(runtime))
            }
            known => !known.starts_with("docker:"),
        };
        let volumes = Opening::GroupVolumes(self.container.run_as_user);
        let of_root = [volumes, Opening::Logs, Opening::Socket(None)];
        for (opening, place) in opened {
            let of_group = match opening {
                Opening::Root => &of_root[..],
                Opening::PodVolumes => std::slice::from_ref(&volumes),
                Opening::Logs => &[Opening::Logs],
                Opening::Socket(_) => std::slice::from_ref(opening),
                _ => continue,
            };
            let of_group = of_group.iter().filter(|one| match one {
                Opening::Socket(None) => is_open,
                Opening::Socket(Some(runtime)) => is_of_group(*runtime),
                _ => true,
            });
            found.extend(of_group.map(|opening| OnNode {
                opening: *opening,
                by: By::Looking,
                text: format!("{}, as a user of root's group", with(place)),
                doubt: None,
                assumed: assumed.clone(),
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
    let mut privileged: Vec<&Container> = spec
        .standing()
        .filter(|container| container.privileged)
        .collect();
    privileged.sort_by_key(|container| user_doubt(container).is_some());
    if let Some(container) = privileged.first() {
        found.push(OnNode {
            opening: Opening::Root,
            by: By::Looking,
            text: format!(
                "container {} of {title} is privileged: it is root on its node",
                container.name
            ),
            doubt: user_doubt(container),
            assumed: None,
        });
    }
    for container in spec.standing().filter(|container| !container.privileged) {
        let Some(held) = added(&container.added_capabilities, spec.host.pid) else {
            continue;
        };
        let confined = held.among_processes.then(|| {
            format!(
                "whether AppArmor or SELinux keeps container {} of {title} from them",
                container.name
            )
        });
        found.extend(held.openings.iter().map(|opening| OnNode {
            opening: *opening,
            by: By::Looking,
            text: format!(
                "container {} of {title} may {}",
                container.name,
                held.effect("node")
            ),
            doubt: user_doubt(container).or_else(|| confined.clone()),
            assumed: None,
        }));
    }
}

/// Capabilities are of no use to a user other than root (capabilities(7), "effect of user ID changes"), and files and
/// sockets that are root's admit none.
fn user_doubt(container: &Container) -> Option<String> {
    let is_other = match container.run_as_user {
        Some(user) => user != 0,
        None => container.run_as_non_root == Some(true),
    };
    is_other.then(|| {
        format!(
            "whether the user of container {}, who is not root, may do what root may",
            container.name
        )
    })
}
