//! What a folder of a node opens when it is mounted into a container.
//!
//! Paths are those of kubelet, kubeadm, containerd, CRI-O, Docker, Podman and k3s as shipped. The sockets of
//! runtimes are those of the model's one list.

use std::borrow::Cow;

use viewshed_model::{
    RUNTIME_SOCKETS, Runtime, plain_host_path, runtime_of_socket, runtime_sockets_below,
};

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
    /// The same as far as the group of root may read them, and the user of this number where it is known.
    GroupVolumes(Option<i64>),
    /// Administrator credentials of a control-plane node, or the key that signs them.
    AdminCredentials,
    /// The credential of a control-plane program, by its user.
    ControlPlaneUser(&'static str),
    /// etcd's data: every object of the cluster.
    EtcdData,
    /// Manifests that the kubelet runs as static pods; whoever may write there is root, which `writes` tells.
    StaticPods,
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

/// Whether kubelets run pods with it. Podman's containers are its own, and those of `BuildKit` last for a build.
pub(crate) const fn is_of_pods(runtime: Runtime) -> bool {
    !matches!(runtime, Runtime::Podman | Runtime::BuildKit)
}

/// Whether it is the runtime that a node names in `containerRuntimeVersion`.
fn is(runtime: Runtime, node_runtime: &str) -> bool {
    let product = node_runtime.split_once("://").map(|(product, _)| product);
    let own = match runtime {
        Runtime::Docker => "docker",
        Runtime::Containerd => "containerd",
        Runtime::CriO => "cri-o",
        // Kubelets do not run pods with these.
        Runtime::Podman | Runtime::BuildKit => return false,
    };
    product == Some(own)
}

/// Whether pods of a node with this `containerRuntimeVersion` show through it; `None` when the
/// node does not tell. Docker keeps its containers in containerd, so both show them.
pub(crate) fn serves(runtime: Runtime, node_runtime: &str) -> Option<bool> {
    let (product, _) = node_runtime.split_once("://")?;
    Some(match runtime {
        Runtime::Docker => product == "docker",
        Runtime::Containerd => matches!(product, "containerd" | "docker"),
        Runtime::CriO => product == "cri-o",
        Runtime::Podman | Runtime::BuildKit => false,
    })
}

/// Files and folders of a node, and what each opens. A mount of a parent opens it too.
const PLACES: [(&str, Opening); 35] = [
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
    // Whoever signs tokens is any service account; whoever signs for etcd reads all of it.
    ("/etc/kubernetes/pki/sa.key", Opening::AdminCredentials),
    ("/etc/kubernetes/pki/etcd/ca.key", Opening::EtcdData),
    // minikube `pkg/minikube/vmpath`; kubectl's own settings of whoever administers from there.
    ("/var/lib/minikube/certs/ca.key", Opening::AdminCredentials),
    ("/root/.kube/config", Opening::AdminCredentials),
    ("/etc/rancher/k3s/k3s.yaml", Opening::AdminCredentials),
    ("/etc/rancher/rke2/rke2.yaml", Opening::AdminCredentials),
    // k3s `pkg/daemons/control/deps`: kubeconfigs and keys of authorities; RKE2 keeps them alike.
    (
        "/var/lib/rancher/k3s/server/cred",
        Opening::AdminCredentials,
    ),
    ("/var/lib/rancher/k3s/server/tls", Opening::AdminCredentials),
    (
        "/var/lib/rancher/rke2/server/cred",
        Opening::AdminCredentials,
    ),
    (
        "/var/lib/rancher/rke2/server/tls",
        Opening::AdminCredentials,
    ),
    // k0s documentation, "Certificate authority"; MicroK8s `microk8s-resources/default-hooks`.
    ("/var/lib/k0s/pki/ca.key", Opening::AdminCredentials),
    (
        "/var/snap/microk8s/current/credentials",
        Opening::AdminCredentials,
    ),
    // kubeadm `cmd/kubeadm/app/phases/kubeconfig`.
    (
        "/etc/kubernetes/controller-manager.conf",
        Opening::ControlPlaneUser("system:kube-controller-manager"),
    ),
    (
        "/etc/kubernetes/scheduler.conf",
        Opening::ControlPlaneUser("system:kube-scheduler"),
    ),
    ("/var/lib/etcd", Opening::EtcdData),
    // `staticPodPath` of kubeadm's KubeletConfiguration, and of k3s and RKE2.
    ("/etc/kubernetes/manifests", Opening::StaticPods),
    (
        "/var/lib/rancher/k3s/agent/pod-manifests",
        Opening::StaticPods,
    ),
    (
        "/var/lib/rancher/rke2/agent/pod-manifests",
        Opening::StaticPods,
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

/// Every known place and what it opens; the sockets of runtimes first.
fn places() -> impl Iterator<Item = (&'static str, Opening)> {
    RUNTIME_SOCKETS
        .into_iter()
        .map(|(place, runtime)| (place, Opening::Socket(Some(runtime))))
        .chain(PLACES)
}

/// What a mount of `path` opens on a node with this `containerRuntimeVersion` (empty when unknown), each
/// once, with the place on the node that does it. The root of the file system is everything, so nothing else
/// is named beside it. A relative path begins at a place that is not known; only its last name tells.
pub(super) fn openings(path: &str, node_runtime: &str) -> Vec<(Opening, Cow<'static, str>)> {
    let mounted = plain_host_path(path);
    if let Some(runtime) = runtime_of_socket(path) {
        return vec![(Opening::Socket(Some(runtime)), Cow::Owned(mounted))];
    }
    if !path.starts_with('/') {
        return Vec::new();
    }
    if mounted == "/" {
        return vec![(Opening::Root, Cow::Borrowed("/"))];
    }
    let mut found: Vec<(Opening, Cow<'static, str>)> = Vec::new();
    for (place, opening) in places() {
        if !opens(&mounted, place, opening) {
            continue;
        }
        let (opening, place) = match opening {
            Opening::Socket(_) | Opening::RuntimeState(_) if mounted != place => {
                of_its_runtime(&mounted, opening, node_runtime)
            }
            exact => (exact, place),
        };
        if !found.iter().any(|(known, _)| *known == opening) {
            found.push((opening, Cow::Borrowed(place)));
        }
    }
    found
}

fn opens(mounted: &str, place: &str, opening: Opening) -> bool {
    match opening {
        Opening::Socket(_) => runtime_sockets_below(mounted).any(|(socket, _)| socket == place),
        // A single file below a folder of credentials is as good as the folder.
        Opening::NodeCredentials => covers(mounted, place) || covers(place, mounted),
        _ => covers(mounted, place),
    }
}

/// The socket, or the records, of the node's own runtime below a folder. Where the node has another runtime
/// than those that keep theirs there, the first of those.
fn of_its_runtime(mounted: &str, opening: Opening, node_runtime: &str) -> (Opening, &'static str) {
    let below = || {
        places().filter(|(place, other)| {
            std::mem::discriminant(other) == std::mem::discriminant(&opening)
                && opens(mounted, place, *other)
        })
    };
    // k3s and RKE2 keep their containerd apart, and say so in its version.
    let is_rancher = ["k3s", "rke2"]
        .iter()
        .any(|name| node_runtime.contains(name));
    let serving = below().filter(|(_, other)| {
        other
            .runtime()
            .is_some_and(|runtime| is(runtime, node_runtime))
    });
    let (mut first, mut fitting) = (None, None);
    for (place, _) in serving {
        first = first.or(Some(place));
        let fits = is_rancher == (place.contains("k3s") || place.contains("rancher"));
        fitting = fitting.or(fits.then_some(place));
    }
    let unnamed = |place| match opening {
        Opening::RuntimeState(_) => (Opening::RuntimeState(None), place),
        _ => (Opening::Socket(None), place),
    };
    match (fitting.or(first), below().next()) {
        (Some(place), _) => unnamed(place),
        (None, Some((place, other))) if !node_runtime.is_empty() => (other, place),
        _ => unnamed(match opening {
            Opening::RuntimeState(_) => "the records of its container runtime",
            _ => "the socket of its container runtime",
        }),
    }
}

/// Whether `inner` is `outer` or lies below it.
fn covers(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
