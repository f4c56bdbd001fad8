//! Subjects, evidence and chains as documents.

use serde::Serialize;
use viewshed_model::{Chain, Evidence, Link, MissingFact, Subject, SubjectKind};

use crate::wording;

/// A subject as a binding names it.
#[derive(Debug, Serialize)]
pub(crate) struct SubjectDocument<'a> {
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

impl<'a> SubjectDocument<'a> {
    pub(crate) fn of(subject: &'a Subject) -> Self {
        Self {
            kind: kind_of(subject),
            name: &subject.name,
            namespace: subject.namespace.as_deref(),
        }
    }
}

/// `User`, `Group`, `ServiceAccount`, or whatever else stands in the binding.
pub(crate) fn kind_of(subject: &Subject) -> &str {
    match &subject.kind {
        SubjectKind::User => "User",
        SubjectKind::Group => "Group",
        SubjectKind::ServiceAccount => "ServiceAccount",
        SubjectKind::Other(kind) => kind,
    }
}

/// Why something is allowed.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum EvidenceDocument<'a> {
    Grant {
        binding_kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        binding_namespace: Option<&'a str>,
        binding: &'a str,
        role_kind: &'a str,
        role: &'a str,
        /// Counted from 0, as in the role.
        rule: usize,
        subject: SubjectDocument<'a>,
        text: String,
    },
    SystemMasters {
        text: String,
    },
    NodeAuthorizer {
        text: String,
    },
    AlwaysAllow {
        text: String,
    },
    Fixed {
        text: String,
    },
    Server {
        text: String,
    },
}

impl<'a> EvidenceDocument<'a> {
    pub(crate) fn of(evidence: &'a Evidence) -> Self {
        let text = wording::evidence(evidence);
        match evidence {
            Evidence::Grant {
                binding_namespace,
                binding,
                role,
                rule,
                subject,
            } => Self::Grant {
                binding_kind: if binding_namespace.is_some() {
                    "RoleBinding"
                } else {
                    "ClusterRoleBinding"
                },
                binding_namespace: binding_namespace.as_deref(),
                binding,
                role_kind: &role.kind,
                role: &role.name,
                rule: *rule,
                subject: SubjectDocument::of(subject),
                text,
            },
            Evidence::SystemMasters => Self::SystemMasters { text },
            Evidence::NodeAuthorizer(_) => Self::NodeAuthorizer { text },
            Evidence::AlwaysAllow => Self::AlwaysAllow { text },
            Evidence::Fixed(_) => Self::Fixed { text },
            Evidence::Server(_) => Self::Server { text },
        }
    }
}

/// The steps that open a view.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ChainDocument<'a>(Vec<LinkDocument<'a>>);

/// One step.
#[derive(Debug, Serialize)]
pub(crate) struct LinkDocument<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceDocument<'a>>,
}

impl<'a> ChainDocument<'a> {
    pub(crate) fn of(chain: &'a Chain) -> Self {
        Self(chain.links.iter().map(LinkDocument::of).collect())
    }
}

impl<'a> LinkDocument<'a> {
    pub(crate) fn of(link: &'a Link) -> Self {
        Self {
            text: &link.text,
            evidence: link.evidence.as_ref().map(EvidenceDocument::of),
        }
    }
}

/// The missing facts as plain texts.
pub(crate) fn facts(missing: &[MissingFact]) -> Vec<&str> {
    missing.iter().map(|fact| fact.fact.as_str()).collect()
}
