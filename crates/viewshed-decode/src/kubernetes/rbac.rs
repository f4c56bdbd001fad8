//! Roles, bindings and service accounts.

use serde::Deserialize;
use viewshed_model::{
    PolicyRule, Position, Role, RoleBinding, RoleReference, ServiceAccount, Subject, SubjectKind,
};

use super::meta::{MetaWire, NameWire, SelectorWire};
use crate::nullable::Nullable;
use crate::text::clean_short;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RoleWire {
    metadata: Nullable<MetaWire>,
    rules: Nullable<Vec<RuleWire>>,
    aggregation_rule: Option<AggregationWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RuleWire {
    verbs: Nullable<Vec<String>>,
    api_groups: Nullable<Vec<String>>,
    resources: Nullable<Vec<String>>,
    resource_names: Nullable<Vec<String>>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AggregationWire {
    cluster_role_selectors: Nullable<Vec<SelectorWire>>,
}

impl RoleWire {
    pub(super) fn into_role(self, position: Option<Box<Position>>) -> Role {
        Role {
            meta: self.metadata.0.into_meta(position),
            rules: self
                .rules
                .0
                .into_iter()
                .map(|rule| PolicyRule {
                    verbs: rule.verbs.0,
                    api_groups: rule.api_groups.0,
                    resources: rule.resources.0,
                    resource_names: rule.resource_names.0,
                    non_resource_urls: rule.non_resource_urls.0,
                })
                .collect(),
            aggregation: self.aggregation_rule.map(|rule| {
                rule.cluster_role_selectors
                    .0
                    .into_iter()
                    .map(Into::into)
                    .collect()
            }),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BindingWire {
    metadata: Nullable<MetaWire>,
    subjects: Nullable<Vec<SubjectWire>>,
    role_ref: Nullable<RoleReferenceWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SubjectWire {
    kind: Nullable<String>,
    name: Nullable<String>,
    namespace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RoleReferenceWire {
    kind: Nullable<String>,
    name: Nullable<String>,
}

impl BindingWire {
    /// What the API server refuses in a binding that is otherwise well formed (`ValidateRoleBinding` and
    /// `ValidateRoleBindingSubject` in `pkg/apis/rbac/validation`). In a RoleBinding, a service account without a
    /// namespace is one of the binding's own.
    pub(super) fn fault(&self, is_cluster_wide: bool) -> Option<String> {
        let role = &self.role_ref.0;
        if role.name.is_empty() || role.kind.is_empty() {
            return Some("its `roleRef` names no role".to_owned());
        }
        self.subjects.0.iter().find_map(|subject| {
            if subject.name.is_empty() {
                return Some("a subject has no `name`".to_owned());
            }
            let has_namespace = subject
                .namespace
                .as_ref()
                .is_some_and(|one| !one.is_empty());
            let needs_one = is_cluster_wide && subject.kind.as_str() == "ServiceAccount";
            (needs_one && !has_namespace).then(|| {
                let name = clean_short(&subject.name);
                format!("its subject ServiceAccount `{name}` has no `namespace`")
            })
        })
    }

    pub(super) fn into_binding(self, position: Option<Box<Position>>) -> RoleBinding {
        RoleBinding {
            meta: self.metadata.0.into_meta(position),
            role: RoleReference {
                kind: self.role_ref.0.kind.0,
                name: self.role_ref.0.name.0,
            },
            subjects: self
                .subjects
                .0
                .into_iter()
                .map(SubjectWire::into_subject)
                .collect(),
        }
    }
}

impl SubjectWire {
    fn into_subject(self) -> Subject {
        let kind = match self.kind.as_str() {
            "User" => SubjectKind::User,
            "Group" => SubjectKind::Group,
            "ServiceAccount" => SubjectKind::ServiceAccount,
            _ => SubjectKind::Other(self.kind.0),
        };
        Subject {
            namespace: self
                .namespace
                .filter(|namespace| kind == SubjectKind::ServiceAccount && !namespace.is_empty()),
            kind,
            name: self.name.0,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceAccountWire {
    metadata: Nullable<MetaWire>,
    automount_service_account_token: Option<bool>,
    secrets: Nullable<Vec<NameWire>>,
}

impl ServiceAccountWire {
    pub(super) fn into_account(self, position: Option<Box<Position>>) -> ServiceAccount {
        ServiceAccount {
            meta: self.metadata.0.into_meta(position),
            automount_token: self.automount_service_account_token,
            secrets: self
                .secrets
                .0
                .into_iter()
                .map(|secret| secret.name.0)
                .filter(|name| !name.is_empty())
                .collect(),
        }
    }
}
