//! Clusters and questions in a few words, so that tests are data.

use viewshed_model::{
    Action, Cluster, Identity, Meta, NonResourceRequest, PolicyRule, ResourceRequest, Role,
    RoleBinding, RoleReference, Subject, SubjectKind,
};

/// Reads lines such as
/// `role shop/reader verbs=get,list resources=pods,pods/log` (several lines add rules),
/// `role viewer urls=/metrics verbs=get` and
/// `bind shop/team ClusterRole:viewer User:jane Group:dev ServiceAccount:ns/name`.
/// A name without a namespace is a ClusterRole or ClusterRoleBinding. `groups` is core unless given.
pub(super) fn cluster(text: &str) -> Cluster {
    let mut cluster = Cluster::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let kind = words.next().unwrap();
        let meta = meta(words.next().unwrap());
        match kind {
            "role" => add_role(&mut cluster, meta, words),
            "bind" => {
                let role = words.next().unwrap().split_once(':').unwrap();
                cluster.bindings.push(RoleBinding {
                    meta,
                    role: RoleReference {
                        kind: role.0.to_owned(),
                        name: role.1.to_owned(),
                    },
                    subjects: words.map(subject).collect(),
                });
            }
            other => panic!("unknown word `{other}`"),
        }
    }
    cluster
}

fn meta(full_name: &str) -> Meta {
    let (namespace, name) = match full_name.split_once('/') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, full_name),
    };
    Meta {
        namespace,
        name: name.to_owned(),
        ..Meta::default()
    }
}

fn add_role<'t>(cluster: &mut Cluster, meta: Meta, fields: impl Iterator<Item = &'t str>) {
    let mut rule = PolicyRule::default();
    for (key, value) in fields.map(|field| field.split_once('=').unwrap()) {
        let list = value.split(',').map(str::to_owned).collect();
        match key {
            "verbs" => rule.verbs = list,
            "groups" => rule.api_groups = list,
            "resources" => rule.resources = list,
            "names" => rule.resource_names = list,
            "urls" => rule.non_resource_urls = list,
            other => panic!("unknown field `{other}`"),
        }
    }
    if rule.api_groups.is_empty() && !rule.resources.is_empty() {
        rule.api_groups = vec![String::new()];
    }
    let known = cluster.roles.iter_mut().find(|role| role.meta == meta);
    match known {
        Some(role) => role.rules.push(rule),
        None => cluster.roles.push(Role {
            meta,
            rules: vec![rule],
            aggregation: None,
        }),
    }
}

fn subject(text: &str) -> Subject {
    let (kind, name) = text.split_once(':').unwrap();
    let plain = |kind| Subject {
        kind,
        name: name.to_owned(),
        namespace: None,
    };
    match kind {
        "User" => plain(SubjectKind::User),
        "Group" => plain(SubjectKind::Group),
        "ServiceAccount" => {
            let (namespace, name) = name.split_once('/').unwrap();
            Subject {
                kind: SubjectKind::ServiceAccount,
                name: name.to_owned(),
                namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            }
        }
        other => plain(SubjectKind::Other(other.to_owned())),
    }
}

/// `jane` or `jane,group,group`: exactly these, nothing added.
pub(super) fn identity(text: &str) -> Identity {
    let mut words = text.split(',');
    Identity::exactly(words.next().unwrap(), words)
}

/// `get pods/log.apps -n shop NAME`, or `get /metrics`.
pub(super) fn action(text: &str) -> Action {
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap().to_owned();
    let what = words.next().unwrap();
    if what.starts_with('/') {
        return Action::NonResource(NonResourceRequest {
            verb,
            path: what.to_owned(),
        });
    }
    let (combined, api_group) = what.split_once('.').unwrap_or((what, ""));
    let (resource, subresource) = combined.split_once('/').unwrap_or((combined, ""));
    let mut request = ResourceRequest {
        verb,
        api_group: api_group.to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        ..ResourceRequest::default()
    };
    while let Some(word) = words.next() {
        match word {
            "-n" => request.namespace = words.next().unwrap().to_owned(),
            "--field-selector" => request.field_selector = words.next().unwrap().to_owned(),
            name => request.name = name.to_owned(),
        }
    }
    Action::Resource(request)
}
