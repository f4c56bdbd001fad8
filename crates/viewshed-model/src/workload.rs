//! Pods, the workloads that make them, and what they hold: tokens, mounts, host access.

use serde::{Deserialize, Serialize};

use crate::meta::{LabelSelector, Meta};
use crate::network::Port;

/// A pod that exists, with the node it runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Name, labels, owner, position.
    pub meta: Meta,
    /// What it runs.
    pub spec: PodSpec,
    /// `spec.nodeName`; empty while unscheduled.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// `status.phase`; empty in manifests.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Pod addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ips: Vec<String>,
    /// `status.hostIPs`, or `status.hostIP` alone: addresses of its node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_ips: Vec<String>,
    /// A static pod's mirror object (annotation `kubernetes.io/config.mirror`).
    #[serde(skip_serializing_if = "is_false")]
    pub is_mirror: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
/// or another kind with a pod template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Workload {
    /// Name, labels, owner, position.
    pub meta: Meta,
    /// For example `Deployment`.
    pub kind: String,
    /// API group, for example `apps`.
    pub api_group: String,
    /// Labels that its pods get.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub pod_labels: std::collections::BTreeMap<String, String>,
    /// The pods' specification.
    pub template: PodSpec,
    /// `spec.replicas`; `None` when not given or meaningless.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<u32>,
    /// `spec.selector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// The parts of a pod specification that decide what can be seen from inside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PodSpec {
    /// `spec.serviceAccountName`; empty means `default`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    /// `spec.automountServiceAccountToken`; `None` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automount_token: Option<bool>,
    /// `spec.enableServiceLinks`: whether the services of its namespace stand in its environment; `None` when
    /// not given, which means yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_links: Option<bool>,
    /// `spec.dnsPolicy`; empty when not given, which means `ClusterFirst`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dns_policy: String,
    /// Host namespaces.
    pub host: HostAccess,
    /// `hostUsers: false`: root of its containers is nobody on the node.
    #[serde(skip_serializing_if = "is_false")]
    pub has_own_users: bool,
    /// `shareProcessNamespace`: its containers see each other's processes.
    #[serde(skip_serializing_if = "is_false")]
    pub shares_processes: bool,
    /// `securityContext.fsGroup`, the group that its volumes get; `None` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs_group: Option<i64>,
    /// `securityContext.supplementalGroups`, which every process has beside its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub supplemental_groups: Vec<i64>,
    /// Volumes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<PodVolume>,
    /// Init, ordinary and ephemeral containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<Container>,
    /// `imagePullSecrets` names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub image_pull_secrets: Vec<String>,
    /// Names of the ResourceClaim objects that the pod uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_claims: Vec<String>,
    /// The port that tells metrics by the annotations `prometheus.io/scrape` and `prometheus.io/port` of the pod or
    /// the template; 0 for every port that is declared, `None` without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_port: Option<u16>,
    /// Networks beside the cluster's that the annotations of the pod or the template attach it to
    /// (`k8s.v1.cni.cncf.io/networks` and Multus' `v1.multus-cni.io/default-network`), as `namespace/name` or a
    /// name of the pod's own namespace; sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further_networks: Vec<String>,
}

impl PodSpec {
    /// The containers in which somebody can stand: those that have not ended, or all of them when all have.
    pub fn standing(&self) -> impl Iterator<Item = &Container> {
        let all_have_ended = self.containers.iter().all(|container| container.has_ended);
        let containers = self.containers.iter();
        containers.filter(move |container| all_have_ended || !container.has_ended)
    }
}

/// Host namespaces that a pod shares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostAccess {
    /// `hostNetwork`.
    #[serde(skip_serializing_if = "is_false")]
    pub network: bool,
    /// `hostPID`.
    #[serde(skip_serializing_if = "is_false")]
    pub pid: bool,
    /// `hostIPC`.
    #[serde(skip_serializing_if = "is_false")]
    pub ipc: bool,
}

/// A container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Environment variables: names, and what their values told. Values are never kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvName>,
    /// Names of config maps in `envFrom` and `valueFrom`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_config_maps: Vec<String>,
    /// Names of secrets in `envFrom` and `valueFrom`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_secrets: Vec<String>,
    /// Those of them of which all keys, or the key `token`, are in the environment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_tokens: Vec<String>,
    /// Volume name, mount path and sub path of each mount.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<crate::Mount>,
    /// Declared ports; `node_port` is the host port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<Port>,
    /// `securityContext.privileged`, or Windows' `hostProcess`.
    #[serde(skip_serializing_if = "is_false")]
    pub privileged: bool,
    /// The user id that it runs as: `securityContext.runAsUser` of the container, else of the pod;
    /// `None` when neither is given and the image decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_user: Option<i64>,
    /// Its primary group: `securityContext.runAsGroup` of the container, else of the pod; `None` when neither
    /// is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_group: Option<i64>,
    /// `securityContext.runAsNonRoot` of the container, else of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_as_non_root: Option<bool>,
    /// `securityContext.capabilities.add`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_capabilities: Vec<String>,
    /// First word of the command, when given.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub program: String,
    /// Flags of command and args: name without dashes, and the value only where the flag is on the
    /// list of known settings of control-plane programs and dashboards; else the value is dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<(String, Option<String>)>,
    /// What it is beside an ordinary container: `init`, `sidecar` (an init container that goes on running)
    /// or `ephemeral`; empty for ordinary ones.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// Id that the runtime gave it (`status.*[].containerID` without the runtime's name); empty when not told.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub runtime_id: String,
    /// Whether it has ended for good: an init container that succeeded, or an ephemeral one that ended.
    #[serde(skip_serializing_if = "is_false")]
    pub has_ended: bool,
}

/// An environment variable without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvName {
    /// Variable name.
    pub name: String,
    /// The document refers to the value (`valueFrom`) and does not hold it: then only the name told.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_reference: bool,
    /// What its value gave away, judged at collection before the value was dropped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tells: Vec<Tell>,
}

/// What the value of an environment variable tells a reader (T1613: "which services are available,
/// and what cloud provider the victim may be utilizing").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tell {
    /// A URL, host or host:port of a service.
    ServiceAddress,
    /// The cloud provider, region, account or a resource of it.
    Cloud,
    /// Looks like a password, key or token.
    Credential,
    /// Name or version of the cluster, or of its environment.
    Environment,
}

/// A volume of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodVolume {
    /// Its name in the pod.
    pub name: String,
    /// Where its content comes from. A projected volume has one entry per source.
    pub sources: Vec<VolumeSource>,
    /// Names of secrets of which `items` choose other keys than `token`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_token: Vec<String>,
    /// Names of secrets of which `items` give the key `token` a path, and that path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_paths: Vec<(String, String)>,
}

/// The volume sources that matter to discovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VolumeSource {
    /// A path of the node.
    HostPath(String),
    /// A secret, by name.
    Secret(String),
    /// A config map, by name.
    ConfigMap(String),
    /// A claim, by name.
    PersistentVolumeClaim(String),
    /// An ephemeral claim, named `POD-VOLUME`.
    Ephemeral,
    /// A projected service account token.
    Token(TokenProjection),
    /// Any other source, by its field name, such as `emptyDir` or `downwardAPI`.
    Other(String),
    /// A CSI or legacy driver that reads this secret on the node.
    DriverSecret(String),
}

/// `projected.sources[].serviceAccountToken`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenProjection {
    /// Empty means the API server's own audience.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub audience: String,
    /// File name in the volume.
    pub path: String,
    /// Lifetime asked for, in seconds; 0 when not given.
    pub expiration_seconds: u64,
}

/// A ServiceAccount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceAccount {
    /// Name, labels, position.
    pub meta: Meta,
    /// `automountServiceAccountToken`; `None` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automount_token: Option<bool>,
    /// Names of secrets in `secrets` (legacy tokens).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
}

/// A PersistentVolumeClaim and the volume it is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeClaim {
    /// Name, labels, position.
    pub meta: Meta,
    /// `spec.volumeName`.
    pub volume: String,
}

/// A PersistentVolume: its claim and the secrets its driver reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StorageVolume {
    /// Name, labels, position.
    pub meta: Meta,
    /// `spec.claimRef` as namespace and name.
    pub claim: Option<(String, String)>,
    /// `spec.hostPath.path` or `spec.local.path`: a path of the node that mounts it; empty for other volumes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host_path: String,
    /// Secrets that its driver reads on the node, as namespace and name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<(String, String)>,
}

/// A VolumeAttachment: which node a volume is attached to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeAttachment {
    /// Name.
    pub meta: Meta,
    /// `spec.nodeName`.
    pub node: String,
}
