//! The plain words of chains.

use viewshed_model::{Evidence, Subject};

use super::targets::Target;
use crate::rbac::Grant;

/// `pods`, `deployments.apps`, `pods/log`: the form that `kubectl` reads.
pub(crate) fn resource_name(target: &Target) -> String {
    match target.groups.first().map(String::as_str) {
        None | Some("") => target.combined(),
        Some(group) => format!("{}.{group}", target.combined()),
    }
}

/// ` in all namespaces`, ` in shop`, or nothing for cluster-scoped resources.
pub(crate) fn scope_text(target: &Target, namespace: Option<&str>) -> String {
    match namespace {
        _ if !target.namespaced => String::new(),
        Some(namespace) => format!(" in {namespace}"),
        None => " in all namespaces".to_owned(),
    }
}

/// "ClusterRoleBinding ops grants ClusterRole view to group devs".
pub(crate) fn grant_text(grant: &Grant<'_>) -> String {
    let binding_kind = match grant.namespace() {
        Some(_) => "RoleBinding",
        None => "ClusterRoleBinding",
    };
    format!(
        "{binding_kind} {} grants {} {} to {}",
        grant.binding.meta.full_name(),
        grant.binding.role.kind,
        grant.binding.role.name,
        subject_text(grant.subject, grant.namespace()),
    )
}

/// The subject with the namespace that an empty one means.
pub(crate) fn subject_text(subject: &Subject, binding_namespace: Option<&str>) -> String {
    let mut subject = subject.clone();
    if matches!(subject.namespace.as_deref(), None | Some("")) {
        subject.namespace = binding_namespace.map(str::to_owned);
    }
    subject.to_string()
}

/// Evidence in plain words.
pub(crate) fn sentence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Grant {
            binding_namespace,
            binding,
            role,
            subject,
            ..
        } => {
            let (kind, name) = match binding_namespace {
                Some(namespace) => ("RoleBinding", format!("{namespace}/{binding}")),
                None => ("ClusterRoleBinding", binding.clone()),
            };
            format!(
                "{kind} {name} grants {} {} to {}",
                role.kind,
                role.name,
                subject_text(subject, binding_namespace.as_deref())
            )
        }
        Evidence::SystemMasters => {
            "group system:masters may do everything, whatever the bindings say".to_owned()
        }
        Evidence::NodeAuthorizer(why) => format!("the Node authorizer allows it: {why}"),
        Evidence::AlwaysAllow => "the authorizer AlwaysAllow allows everything".to_owned(),
        Evidence::Fixed(why) | Evidence::Server(why) => why.clone(),
    }
}
