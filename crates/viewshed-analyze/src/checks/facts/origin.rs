//! Which roles and bindings the server makes itself.

use viewshed_model::{GrantOrigin, Meta, RoleBinding};

/// Who made a binding.
pub(super) fn origin_of(binding: &RoleBinding) -> GrantOrigin {
    if is_bootstrap_role(&binding.meta) {
        GrantOrigin::Bootstrap
    } else if binding.meta.name.starts_with("system:") {
        GrantOrigin::System
    } else {
        GrantOrigin::Human
    }
}

/// Whether the server made the role.
pub(super) fn is_bootstrap_role(meta: &Meta) -> bool {
    meta.labels
        .get("kubernetes.io/bootstrapping")
        .is_some_and(|value| value == "rbac-defaults")
}
