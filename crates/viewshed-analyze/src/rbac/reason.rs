//! The server's own words for an answer.

use viewshed_model::{Decision, Evidence, RoleReference, Subject, SubjectKind};

/// `status.reason` of an access review, and `authorization.k8s.io/reason` of an audit event, as the
/// server writes them for this answer (`pkg/registry/rbac/validation/rule.go`). Empty where the
/// server gives none, or where the answer is not certain.
pub fn server_reason(decision: &Decision) -> String {
    match decision {
        Decision::Allowed(Evidence::Grant {
            binding_namespace,
            binding,
            role,
            rule: _,
            subject,
        }) => {
            let namespace = binding_namespace.as_deref();
            grant_reason((namespace, binding), role, subject)
        }
        Decision::Allowed(
            Evidence::SystemMasters
            | Evidence::NodeAuthorizer(_)
            | Evidence::AlwaysAllow
            | Evidence::Fixed(_)
            | Evidence::Server(_),
        )
        | Decision::DependsOn(_) => String::new(),
        Decision::Denied(reason) => reason.clone(),
    }
}

fn grant_reason(binding: (Option<&str>, &str), role: &RoleReference, subject: &Subject) -> String {
    let (namespace, name) = binding;
    let binding = match namespace {
        // The name comes first, unlike everywhere else.
        Some(namespace) => format!("RoleBinding \"{name}/{namespace}\""),
        None => format!("ClusterRoleBinding \"{name}\""),
    };
    let (kind, subject_name) = match &subject.kind {
        SubjectKind::User => ("User", subject.name.clone()),
        SubjectKind::Group => ("Group", subject.name.clone()),
        SubjectKind::ServiceAccount => {
            let own = subject.namespace.as_deref().filter(|own| !own.is_empty());
            let own = own.or(namespace).unwrap_or_default();
            ("ServiceAccount", format!("{}/{own}", subject.name))
        }
        SubjectKind::Other(kind) => (kind.as_str(), subject.name.clone()),
    };
    format!(
        "RBAC: allowed by {binding} of {} \"{}\" to {kind} \"{subject_name}\"",
        role.kind, role.name
    )
}
