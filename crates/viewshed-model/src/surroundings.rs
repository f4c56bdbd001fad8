//! What is around a program that runs inside a pod or container, and what its credentials answer.

use serde::{Deserialize, Serialize};

use crate::{
    Action, Cluster, DockerHost, EnvName, Gap, HostAccess, Identity, Pod, ResourceRequest,
};

/// Everything that can be told from inside without asking anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Surroundings {
    /// Environment variables, sorted by name: names, and what their values told. Values are never kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<EnvName>,
    /// Service account tokens that are mounted, sorted by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<MountedToken>,
    /// Sockets of container runtimes, sorted by path; one path per socket.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<String>,
    /// Mounts that come from outside the container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<ForeignMount>,
    /// What the place tells of its pod besides tokens.
    pub own: OwnNames,
    /// Signs that namespaces of the host are shared. `ipc` is never set: it leaves no sign.
    pub host: HostAccess,
    /// Id of the container, where Docker or Podman made it; empty elsewhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub container_id: String,
    /// Ids of other containers whose processes show here, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// Pods whose folders of logs are mounted here, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logged_pods: Vec<LoggedPod>,
    /// Folders in which config maps are mounted, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub configured: Vec<String>,
    /// Effective capabilities, such as `CAP_SYS_ADMIN`, in the kernel's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Kubeconfig files on the usual paths. Named, never used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kubeconfigs: Vec<String>,
    /// What the machine's firmware says of the cloud it runs in; empty when it says nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub machine_vendor: String,
    /// Addresses at which clouds tell a machine about itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metadata_addresses: Vec<MetadataAddress>,
    /// What could not be looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// A pod of which a folder of logs tells: `NAMESPACE_POD_UID/CONTAINER/` (`BuildPodLogsDirectory` in
/// `pkg/kubelet/kuberuntime/helpers.go`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct LoggedPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The folder.
    pub folder: String,
    /// Names of its containers, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<String>,
    /// Whether one of its logs may be read.
    pub is_readable: bool,
}

/// What a place tells of the pod that it is in, besides tokens; each is empty when nothing tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnNames {
    /// The host name: the pod's name, or the node's where the network is shared.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host_name: String,
    /// The pod's namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// What tells the namespace, in plain words: "the search list of /etc/resolv.conf".
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace_from: String,
    /// The container, where the kubelet made it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub container: String,
}

/// Variables in which pods are usually given their own namespace (`fieldRef: metadata.namespace`).
pub const NAMESPACE_VARIABLES: [&str; 3] =
    ["POD_NAMESPACE", "MY_POD_NAMESPACE", "KUBERNETES_NAMESPACE"];

/// A service account token in a file or a variable. The claims are read without verifying; the token is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MountedToken {
    /// The file; empty where a variable holds it.
    pub path: String,
    /// The environment variable that holds it; empty for a file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub variable: String,
    /// `iss`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// `sub`, for example `system:serviceaccount:shop:cart`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// `aud`; empty for legacy tokens, which are for the API server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Pod that the token is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod: String,
    /// Node that the token is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// `exp`, in seconds since 1970; `None` for tokens that do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at_seconds: Option<u64>,
}

impl MountedToken {
    /// Where it lies: the path, or the variable as shells write it.
    pub fn place(&self) -> String {
        if self.variable.is_empty() {
            self.path.clone()
        } else {
            format!("${}", self.variable)
        }
    }
}

/// A mount that comes from outside the container (`/proc/self/mountinfo`, proc(5)).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ForeignMount {
    /// Where it is mounted.
    pub path: String,
    /// The path inside its filesystem: for a bind mount the host's path below that filesystem's root.
    pub root: String,
    /// Filesystem type.
    pub filesystem: String,
    /// Whether it is mounted read-only. A socket is not protected by that.
    pub is_read_only: bool,
}

/// An address at which a cloud tells a machine about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataAddress {
    /// Host and port.
    pub address: String,
    /// Whose it is.
    pub cloud: String,
    /// Whether it was asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_asked: bool,
    /// HTTP status that `/` gave; `None` when it was not asked or did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// What one credential is answered by the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sight {
    /// How the credential was come by: the path or variable of the token; empty for requests without one.
    pub credential: String,
    /// Who the server takes it for.
    pub identity: Identity,
    /// The server does not take it; the identity is what the credential says of itself.
    pub is_refused: bool,
    /// Nothing there vouches for the server, whose certificate was not checked, as the user wished.
    pub is_unverified: bool,
    /// Everything that lists and watches really showed.
    pub cluster: Cluster,
    /// What the server said of `list`, `watch` and `get`, kind by kind. Without a credential nobody may
    /// ask for reviews: there, each answer is that of a real `list` or GET.
    pub answers: Vec<OwnAnswer>,
    /// Objects that rules name and that do not exist.
    pub absent: Vec<ResourceRequest>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// What one daemon answered through a socket or an address that is at hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DaemonSight {
    /// How it was reached, in plain words: "the socket /var/run/docker.sock is here".
    pub way: String,
    /// Everything that it told.
    pub host: DockerHost,
    /// What it did not tell.
    pub gaps: Vec<Gap>,
}

/// What one kubelet answered, with one credential or without any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubeletSight {
    /// Where it was asked: address and port.
    pub address: String,
    /// What told the address, in plain words: "the gateway of the network".
    pub address_from: String,
    /// The path or variable of the token; empty for requests without one.
    pub credential: String,
    /// Whose the token is, by its own words; empty without one.
    pub subject: String,
    /// Nothing there vouches for the kubelet, whose certificate was not checked.
    pub is_unverified: bool,
    /// Its node, where an answer names it.
    pub node: String,
    /// The paths that were answered.
    pub paths: Vec<String>,
    /// Every pod that was told, with the containers and images that were.
    pub pods: Vec<Pod>,
    /// Namespaces and names of the pods whose logs it gives.
    pub logged: Vec<(String, String)>,
}

/// The server's answer to "may I".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnAnswer {
    /// The question.
    pub action: Action,
    /// The answer.
    pub allowed: bool,
    /// Why, in the server's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}
