//! The answer to one request: allowed with evidence, denied, or depending on facts that are missing.

use serde::{Deserialize, Serialize};

use crate::{AccessRequest, Gap, Identity, PolicyRule, RoleReference, Subject};

/// What the authorizer chain answers. Kubernetes' own "deny" and "no opinion" both end in 403.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Allowed, and why.
    Allowed(Evidence),
    /// Not allowed; the text is empty when there is nothing to say beyond "nothing grants it".
    Denied(String),
    /// Not decidable from the estate; never empty.
    DependsOn(Vec<MissingFact>),
}

impl Decision {
    /// Whether the answer is a definite yes.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Why a request is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// An RBAC binding grants it.
    Grant {
        /// Namespace of the RoleBinding; `None` for a ClusterRoleBinding.
        binding_namespace: Option<String>,
        /// Name of the binding.
        binding: String,
        /// The role it refers to.
        role: RoleReference,
        /// Position of the granting rule in the role, counted from 0.
        rule: usize,
        /// The entry of the binding that matched the identity.
        subject: Subject,
    },
    /// Membership of `system:masters`, which no binding can take away.
    SystemMasters,
    /// The Node authorizer; the text says by which object of its graph or which fixed rule.
    NodeAuthorizer(String),
    /// `AlwaysAllow` stands in the authorizer chain.
    AlwaysAllow,
    /// The path is served before authorization, or a fixed rule of the server allows it.
    Fixed(String),
    /// The live server said so.
    Server(String),
}

/// A fact without which there is no certain answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingFact {
    /// Completes the sentence "depends on ...", for example "the authorization webhook `opa`".
    pub fact: String,
}

/// One question of `viewshed can-i` and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessAnswer {
    /// Cluster that was asked.
    pub estate: String,
    /// The question.
    pub request: AccessRequest,
    /// The answer.
    pub decision: Decision,
    /// What could not be read of the cluster.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// Everything an identity may do in one namespace: the answer of `viewshed can-i --list`
/// (`authorization.k8s.io/v1` `SubjectRulesReviewStatus`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesReview {
    /// Cluster that was asked.
    pub estate: String,
    /// Who.
    pub identity: Identity,
    /// Namespace that was asked about.
    pub namespace: String,
    /// Rules on resources, in the server's order.
    pub resource_rules: Vec<PolicyRule>,
    /// Rules on paths, in the server's order.
    pub non_resource_rules: Vec<PolicyRule>,
    /// Whether an authorizer cannot list its rules, so that more may be allowed.
    pub incomplete: bool,
    /// The server's words on what is missing; empty when nothing is.
    pub evaluation_error: String,
    /// The server itself listed them, where the bindings could not be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_of_server: bool,
    /// What could not be read of the cluster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}
