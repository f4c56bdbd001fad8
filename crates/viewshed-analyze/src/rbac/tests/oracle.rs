//! RBAC written out as slowly and plainly as possible: every binding, every rule, every string.

use viewshed_model::{Action, Cluster, Identity, PolicyRule, RoleBinding, SubjectKind};

/// Whether RBAC or `system:masters` allows it.
pub(super) fn allows(cluster: &Cluster, identity: &Identity, action: &Action) -> bool {
    if identity.groups.contains(&"system:masters".to_owned()) {
        return true;
    }
    let namespace = match action {
        Action::Resource(request) => request.namespace.as_str(),
        Action::NonResource(_) => "",
    };
    for binding in &cluster.bindings {
        if let Some(own) = &binding.meta.namespace
            && (own != namespace || namespace.is_empty())
        {
            continue;
        }
        if !names(binding, identity) {
            continue;
        }
        for rule in rules_of(cluster, binding) {
            if rule_allows(rule, action) {
                return true;
            }
        }
    }
    false
}

fn names(binding: &RoleBinding, identity: &Identity) -> bool {
    for subject in &binding.subjects {
        let matches = match &subject.kind {
            SubjectKind::User => subject.name == identity.user,
            SubjectKind::Group => identity.groups.contains(&subject.name),
            SubjectKind::ServiceAccount => {
                let mut namespace = binding.meta.namespace.clone().unwrap_or_default();
                if let Some(own) = &subject.namespace
                    && !own.is_empty()
                {
                    namespace.clone_from(own);
                }
                !namespace.is_empty()
                    && identity.user
                        == format!("system:serviceaccount:{namespace}:{}", subject.name)
            }
            SubjectKind::Other(_) => false,
        };
        if matches {
            return true;
        }
    }
    false
}

/// The rules that a binding gives; none when its role does not exist.
pub(super) fn rules_of<'c>(cluster: &'c Cluster, binding: &RoleBinding) -> &'c [PolicyRule] {
    for role in &cluster.roles {
        let is_meant = match binding.role.kind.as_str() {
            "Role" => {
                role.meta.namespace.is_some() && role.meta.namespace == binding.meta.namespace
            }
            "ClusterRole" => role.meta.namespace.is_none(),
            _ => false,
        };
        if is_meant && role.meta.name == binding.role.name {
            return &role.rules;
        }
    }
    &[]
}

fn rule_allows(rule: &PolicyRule, action: &Action) -> bool {
    let listed = |list: &[String], asked: &str| {
        list.contains(&"*".to_owned()) || list.contains(&asked.to_owned())
    };
    match action {
        Action::NonResource(request) => {
            listed(&rule.verbs, &request.verb)
                && rule.non_resource_urls.iter().any(|url| {
                    let mut prefix = url.clone();
                    let has_star = prefix.ends_with('*');
                    while prefix.ends_with('*') {
                        prefix.pop();
                    }
                    url == &request.path || (has_star && request.path.starts_with(&prefix))
                })
        }
        Action::Resource(request) => {
            let combined = request.combined_resource();
            let of_any = format!("*/{}", request.subresource);
            listed(&rule.verbs, &request.verb)
                && listed(&rule.api_groups, &request.api_group)
                && (listed(&rule.resources, &combined)
                    || (!request.subresource.is_empty() && rule.resources.contains(&of_any)))
                && (rule.resource_names.is_empty() || rule.resource_names.contains(&request.name))
        }
    }
}
