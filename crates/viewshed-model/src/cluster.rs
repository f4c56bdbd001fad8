//! One Kubernetes cluster, as far as it could be read.

use serde::{Deserialize, Serialize};

use crate::meta::Meta;
use crate::network::{Endpoints, Gateway, Ingress, NetworkPolicy, NetworkSetting, Service};
use crate::permission::{Role, RoleBinding};
use crate::unread_kinds::UnreadKind;
use crate::workload::{
    Pod, ServiceAccount, StorageVolume, VolumeAttachment, VolumeClaim, Workload,
};

/// One Kubernetes cluster. Lists are in the order read; `normalize` of the estate sorts them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Context name, folder or file that it came from; unique in the estate.
    pub name: String,
    /// API server address; empty for manifests.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// True when the objects were read from a running server (roles are then already aggregated).
    pub is_live: bool,
    /// What `/version` said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<ServerVersion>,
    /// The authorizer chain in order; `None` when unknown (then Node and RBAC are assumed and said so).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorizers: Option<Vec<Authorizer>>,
    /// RBAC objects that exist, or may, and were not read: what they grant is not known.
    #[serde(skip_serializing_if = "UnreadGrants::is_none")]
    pub unread_grants: UnreadGrants,
    /// Kinds that the server did not give, policies among them; without them nobody knows what is let through.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread_kinds: Vec<UnreadKind>,
    /// Whether the API server takes requests without a credential, as its settings say; `None` when they were not
    /// read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anonymous_access: Option<AnonymousAccess>,
    /// What anonymous requests got, by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anonymous: Vec<AnonymousAnswer>,
    /// `/livez` and `/readyz`, check by check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub health: Vec<HealthCheck>,
    /// The API resources that discovery listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_resources: Vec<ApiResource>,
    /// Namespaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<Namespace>,
    /// Nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Node>,
    /// Pods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<Pod>,
    /// Deployments and all other kinds with a pod template.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workloads: Vec<Workload>,
    /// Services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Endpoint slices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<Endpoints>,
    /// Ingresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingresses: Vec<Ingress>,
    /// Gateways and routes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<Gateway>,
    /// Roles and ClusterRoles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// RoleBindings and ClusterRoleBindings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<RoleBinding>,
    /// Service accounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service_accounts: Vec<ServiceAccount>,
    /// Network policies of every kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network_policies: Vec<NetworkPolicy>,
    /// What those policies refer to, and settings of the network plugin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub network_settings: Vec<NetworkSetting>,
    /// Config maps and secrets: names and key names only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub configs: Vec<ConfigNames>,
    /// Claims.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_claims: Vec<VolumeClaim>,
    /// Volumes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<StorageVolume>,
    /// Attachments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volume_attachments: Vec<VolumeAttachment>,
    /// KubeletConfiguration files that do not say which node they are for; each holds for the nodes
    /// that run with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kubelet_files: Vec<KubeletSettings>,
    /// Every other object, by kind and name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherObject>,
}

/// The kinds of `rbac.authorization.k8s.io` of which objects are missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each of the four kinds is read or not, by itself"
)]
pub struct UnreadGrants {
    /// ClusterRoleBindings.
    pub cluster_role_bindings: bool,
    /// RoleBindings, of all namespaces or of some.
    pub role_bindings: bool,
    /// ClusterRoles.
    pub cluster_roles: bool,
    /// Roles, of all namespaces or of some.
    pub roles: bool,
}

impl UnreadGrants {
    /// Whether everything was read.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Notes that objects of this resource are missing; other resources grant nothing.
    pub fn note(&mut self, group: &str, resource: &str) {
        match (group, resource) {
            ("rbac.authorization.k8s.io", "clusterrolebindings") => {
                self.cluster_role_bindings = true;
            }
            ("rbac.authorization.k8s.io", "rolebindings") => self.role_bindings = true,
            ("rbac.authorization.k8s.io", "clusterroles") => self.cluster_roles = true,
            ("rbac.authorization.k8s.io", "roles") => self.roles = true,
            _ => {}
        }
    }

    /// What is missing from either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            cluster_role_bindings: self.cluster_role_bindings || other.cluster_role_bindings,
            role_bindings: self.role_bindings || other.role_bindings,
            cluster_roles: self.cluster_roles || other.cluster_roles,
            roles: self.roles || other.roles,
        }
    }
}

/// `/version` of the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerVersion {
    /// For example `v1.37.2`.
    pub git_version: String,
    /// For example `1`.
    pub major: String,
    /// For example `37`; some distributions append `+`.
    pub minor: String,
    /// For example `linux/amd64`.
    pub platform: String,
}

impl ServerVersion {
    /// The minor version as a number, also from distributions that write `37+`; `None` when neither
    /// field tells it.
    pub fn minor_number(&self) -> Option<u32> {
        let digits: String = self
            .minor
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        if let Ok(minor) = digits.parse() {
            return Some(minor);
        }
        let mut parts = self.git_version.trim_start_matches('v').split('.');
        parts.next()?;
        parts.next()?.parse().ok()
    }
}

/// One entry of the authorizer chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorizer {
    /// Its kind.
    pub kind: AuthorizerKind,
    /// Name in the AuthorizationConfiguration; the kind's name for `--authorization-mode`.
    pub name: String,
    /// CEL expressions of a webhook's `matchConditions`; empty means every request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_conditions: Vec<String>,
    /// Webhook `failurePolicy`: `NoOpinion` or `Deny`; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub failure_policy: String,
}

/// The authorizers that kube-apiserver has (`pkg/kubeapiserver/authorizer/modes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorizerKind {
    /// Node.
    Node,
    /// RBAC.
    Rbac,
    /// ABAC: its policy file is not in the estate.
    Abac,
    /// A webhook: its answer is not in the estate.
    Webhook,
    /// AlwaysAllow.
    AlwaysAllow,
    /// AlwaysDeny.
    AlwaysDeny,
    /// A kind that this version does not know.
    Unknown,
}

/// Whether requests without a credential reach the authorizers (`--anonymous-auth` of kube-apiserver, `anonymous`
/// of its `AuthenticationConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnonymousAccess {
    /// They are refused.
    Refused,
    /// They are taken, on every path.
    Taken,
    /// They are taken on these paths alone.
    OnPaths(Vec<String>),
}

/// What an unauthenticated GET got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnonymousAnswer {
    /// Path asked.
    pub path: String,
    /// HTTP status.
    pub status: u16,
}

/// One line of `/livez?verbose` or `/readyz?verbose`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheck {
    /// `livez` or `readyz`.
    pub endpoint: String,
    /// Check name, for example `etcd`.
    pub check: String,
    /// Whether it passed.
    pub ok: bool,
}

/// One API resource (`metav1.APIResource`), subresources included as `pods/log`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiResource {
    /// `""` is the core group.
    pub group: String,
    /// Preferred version.
    pub version: String,
    /// Plural name.
    pub resource: String,
    /// Kind.
    pub kind: String,
    /// Names that kubectl takes for it beside the plural: the singular (which need not be the kind) and
    /// the short names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Verbs it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
}

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// Name and labels.
    pub meta: Meta,
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
    /// Name and labels.
    pub meta: Meta,
    /// Addresses of all types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// `status.nodeInfo.kubeletVersion`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubelet_version: String,
    /// `status.nodeInfo.containerRuntimeVersion`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub runtime: String,
    /// `status.nodeInfo.osImage`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub os_image: String,
    /// `spec.providerID`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub provider_id: String,
    /// `spec.podCIDRs`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pod_cidrs: Vec<String>,
    /// Kubelet port (`status.daemonEndpoints`); 0 when unknown.
    pub kubelet_port: u16,
    /// Image names in `status.images`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// From live `configz` or a KubeletConfiguration file; `None` when not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubelet: Option<KubeletSettings>,
    /// Whether a server of k3s that runs there was started without the enforcement of network policies
    /// (annotation `k3s.io/node-args`); `None` where it does not tell, and for agents, which follow a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disables_network_policies: Option<bool>,
}

/// The kubelet settings that decide who may ask it (`kubelet.config.k8s.io/v1beta1`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KubeletSettings {
    /// `authentication.anonymous.enabled`; `None` when not given (the file default is false).
    pub anonymous: Option<bool>,
    /// `authentication.webhook.enabled`.
    pub webhook_authentication: Option<bool>,
    /// `authentication.x509.clientCAFile` is set.
    pub client_ca: Option<bool>,
    /// `authorization.mode`; empty when not given.
    pub authorization_mode: String,
    /// `readOnlyPort`; `None` when not given (the file default is 0).
    pub read_only_port: Option<u16>,
    /// `enableDebuggingHandlers`; `None` when not given (default true).
    pub debugging_handlers: Option<bool>,
    /// Where the settings stand, when in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Box<crate::Position>>,
}

/// A config map or secret: its name and the names of its keys, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigNames {
    /// Which of the two.
    pub kind: ConfigKind,
    /// Name and labels.
    pub meta: Meta,
    /// Secret type; empty for config maps and where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub secret_type: String,
    /// The service account of which a secret keeps a token, where files say so
    /// (`kubernetes.io/service-account.name`); empty otherwise. Servers are not asked for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_of: String,
    /// Key names where they are known without reading values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

/// Config map or secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConfigKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

/// Any object that has no type of its own here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OtherObject {
    /// API group.
    pub group: String,
    /// Plural resource name; empty when only the kind is known (manifests).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// Kind.
    pub kind: String,
    /// Name, namespace, labels.
    pub meta: Meta,
}
