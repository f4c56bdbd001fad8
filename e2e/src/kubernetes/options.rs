//! What can be chosen about a control plane and a node.

use serde_json::{Map, Value};

/// What the API server writes to its audit log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Audit {
    /// No log.
    None,
    /// Who, what and when of every request.
    #[default]
    Metadata,
    /// Also the bodies of requests and responses.
    RequestResponse,
    /// An audit policy of your own, as YAML.
    Policy(String),
}

/// How the API server decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// `--authorization-mode`.
    Modes(String),
    /// An `AuthorizationConfiguration`, as YAML.
    Configuration(String),
}

impl Default for Authorization {
    fn default() -> Self {
        Self::Modes("Node,RBAC".to_owned())
    }
}

/// Whether kube-scheduler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheduler {
    /// It does not: without a node there is nothing to schedule on.
    #[default]
    Off,
    /// It does.
    On,
}

/// What can be chosen about a control plane.
#[derive(Debug, Clone, Default)]
pub struct ControlPlaneOptions {
    /// The audit log.
    pub audit: Audit,
    /// A kubeconfig, as YAML, of a webhook that receives audit events as well.
    pub audit_webhook: Option<String>,
    /// The authorizers.
    pub authorization: Authorization,
    /// An `AuthenticationConfiguration`, as YAML.
    pub authentication: Option<String>,
    /// The scheduler; a node always has one.
    pub scheduler: Scheduler,
    /// Further flags of kube-apiserver, such as `--feature-gates=...`; they win over ours.
    pub apiserver_flags: Vec<String>,
}

/// What can be chosen about a node.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Its name, also its host name.
    pub name: String,
    /// Its control plane.
    pub control_plane: ControlPlaneOptions,
    /// Keys of its `KubeletConfiguration` that replace those of the bench.
    pub kubelet_configuration: Map<String, Value>,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            name: "worker-1".to_owned(),
            control_plane: ControlPlaneOptions::default(),
            kubelet_configuration: Map::new(),
        }
    }
}
