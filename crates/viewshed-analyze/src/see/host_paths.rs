//! What a folder of a node opens when it is mounted into a container.
//!
//! Paths are those of kubelet, kubeadm, containerd, CRI-O, Docker, Podman and k3s as shipped.

/// Something on a node that shows more than itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Opening {
    /// The whole file system of the node.
    Root,
    /// The kubelet's client certificate.
    NodeCredentials,
    /// The kubelet's kubeconfig: kubeadm's only names the certificate, others hold it.
    KubeletConfiguration,
    /// Volumes of every pod on the node: tokens, secrets, config maps.
    PodVolumes,
    /// Administrator credentials of a control-plane node, or the key that signs them.
    AdminCredentials,
    /// etcd's data: every object of the cluster.
    EtcdData,
    /// A container runtime's socket; `None` for a folder with whichever the node has.
    Socket(Option<Runtime>),
    /// Log files of every container on the node; their paths name pods and containers.
    Logs,
    /// The runtime's own records of containers and images; `None` for whichever the node has.
    RuntimeState(Option<Runtime>),
    /// The process table of the node.
    Processes,
}

impl Opening {
    const fn runtime(self) -> Option<Runtime> {
        match self {
            Self::Socket(runtime) | Self::RuntimeState(runtime) => runtime,
            _ => None,
        }
    }
}

/// Container runtimes, as far as their sockets and records differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Runtime {
    Docker,
    Containerd,
    CriO,
    Podman,
}

impl Runtime {
    /// Its name for people.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Containerd => "containerd",
            Self::CriO => "CRI-O",
            Self::Podman => "Podman",
        }
    }

    /// Whether kubelets run pods with it. Podman's containers are its own.
    pub(crate) const fn is_of_pods(self) -> bool {
        !matches!(self, Self::Podman)
    }

    /// Whether it is the runtime that a node names in `containerRuntimeVersion`.
    fn is(self, node_runtime: &str) -> bool {
        let product = node_runtime.split_once("://").map(|(product, _)| product);
        let own = match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            // Kubelets do not run pods with it.
            Self::Podman => return false,
        };
        product == Some(own)
    }

    /// Whether pods of a node with this `containerRuntimeVersion` show through it; `None` when the
    /// node does not tell. Docker keeps its containers in containerd, so both show them.
    pub(crate) fn serves(self, node_runtime: &str) -> Option<bool> {
        let (product, _) = node_runtime.split_once("://")?;
        Some(match self {
            Self::Docker => product == "docker",
            Self::Containerd => matches!(product, "containerd" | "docker"),
            Self::CriO => product == "cri-o",
            Self::Podman => false,
        })
    }
}

/// Files and folders of a node, and what each opens. A mount of a parent opens it too.
const PLACES: [(&str, Opening); 26] = [
    ("/var/lib/kubelet/pki", Opening::NodeCredentials),
    ("/var/lib/kubelet/kubeconfig", Opening::NodeCredentials),
    (
        "/var/lib/rancher/k3s/agent/client-kubelet.key",
        Opening::NodeCredentials,
    ),
    (
        "/etc/kubernetes/kubelet.conf",
        Opening::KubeletConfiguration,
    ),
    ("/var/lib/kubelet/pods", Opening::PodVolumes),
    ("/etc/kubernetes/admin.conf", Opening::AdminCredentials),
    (
        "/etc/kubernetes/super-admin.conf",
        Opening::AdminCredentials,
    ),
    ("/etc/kubernetes/pki/ca.key", Opening::AdminCredentials),
    ("/etc/rancher/k3s/k3s.yaml", Opening::AdminCredentials),
    ("/var/lib/etcd", Opening::EtcdData),
    ("/run/docker.sock", Opening::Socket(Some(Runtime::Docker))),
    (
        "/run/cri-dockerd.sock",
        Opening::Socket(Some(Runtime::Docker)),
    ),
    (
        "/run/dockershim.sock",
        Opening::Socket(Some(Runtime::Docker)),
    ),
    (
        "/run/containerd/containerd.sock",
        Opening::Socket(Some(Runtime::Containerd)),
    ),
    (
        "/run/k3s/containerd/containerd.sock",
        Opening::Socket(Some(Runtime::Containerd)),
    ),
    ("/run/crio/crio.sock", Opening::Socket(Some(Runtime::CriO))),
    (
        "/run/podman/podman.sock",
        Opening::Socket(Some(Runtime::Podman)),
    ),
    ("/var/log/pods", Opening::Logs),
    ("/var/log/containers", Opening::Logs),
    ("/var/lib/docker/containers", Opening::Logs),
    (
        "/var/lib/docker",
        Opening::RuntimeState(Some(Runtime::Docker)),
    ),
    (
        "/var/lib/containerd",
        Opening::RuntimeState(Some(Runtime::Containerd)),
    ),
    (
        "/run/containerd/io.containerd.runtime.v2.task",
        Opening::RuntimeState(Some(Runtime::Containerd)),
    ),
    (
        "/var/lib/rancher/k3s/agent/containerd",
        Opening::RuntimeState(Some(Runtime::Containerd)),
    ),
    (
        "/var/lib/containers",
        Opening::RuntimeState(Some(Runtime::CriO)),
    ),
    ("/proc", Opening::Processes),
];

/// What a mount of `path` opens on a node with this `containerRuntimeVersion` (empty when unknown), each
/// once, with the place on the node that does it. The root of the file system is everything, so nothing else
/// is named beside it.
pub(super) fn openings(path: &str, node_runtime: &str) -> Vec<(Opening, &'static str)> {
    let mounted = normalized(path);
    if mounted == "/" {
        return vec![(Opening::Root, "/")];
    }
    let mut found: Vec<(Opening, &'static str)> = Vec::new();
    for (place, opening) in PLACES {
        let is_open = covers(&mounted, place) || is_inside_credentials(&mounted, place, opening);
        if !is_open {
            continue;
        }
        let (opening, place) = match opening {
            Opening::Socket(_) | Opening::RuntimeState(_) if mounted != place => {
                of_its_runtime(&mounted, opening, node_runtime)
            }
            exact => (exact, place),
        };
        if !found.iter().any(|(known, _)| *known == opening) {
            found.push((opening, place));
        }
    }
    found
}

/// The socket, or the records, of the node's own runtime below a folder. Where the node has another runtime
/// than those that keep theirs there, the first of those.
fn of_its_runtime(mounted: &str, opening: Opening, node_runtime: &str) -> (Opening, &'static str) {
    let below = || {
        PLACES.iter().filter(|(place, other)| {
            std::mem::discriminant(other) == std::mem::discriminant(&opening)
                && covers(mounted, place)
        })
    };
    // k3s and RKE2 keep their containerd apart, and say so in its version.
    let is_rancher = ["k3s", "rke2"]
        .iter()
        .any(|name| node_runtime.contains(name));
    let serving = below().filter(|(_, other)| {
        other
            .runtime()
            .is_some_and(|runtime| runtime.is(node_runtime))
    });
    let (mut first, mut fitting) = (None, None);
    for (place, _) in serving {
        first = first.or(Some(*place));
        let fits = is_rancher == (place.contains("k3s") || place.contains("rancher"));
        fitting = fitting.or(fits.then_some(*place));
    }
    let unnamed = |place| match opening {
        Opening::RuntimeState(_) => (Opening::RuntimeState(None), place),
        _ => (Opening::Socket(None), place),
    };
    match (fitting.or(first), below().next()) {
        (Some(place), _) => unnamed(place),
        (None, Some((place, other))) if !node_runtime.is_empty() => (*other, place),
        _ => unnamed(match opening {
            Opening::RuntimeState(_) => "the records of its container runtime",
            _ => "the socket of its container runtime",
        }),
    }
}

/// A single file below a folder of credentials is as good as the folder.
fn is_inside_credentials(mounted: &str, place: &str, opening: Opening) -> bool {
    opening == Opening::NodeCredentials && covers(place, mounted)
}

/// Whether `inner` is `outer` or lies below it.
fn covers(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path without doubled, trailing and dotted parts, and with `/var/run` as the link to `/run`
/// that it is.
pub(super) fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = format!("/{}", parts.join("/"));
    match joined.strip_prefix("/var/run") {
        Some("") => "/run".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("/run{rest}"),
        _ => joined,
    }
}
