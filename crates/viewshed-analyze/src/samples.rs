//! Small clusters for tests, written as one line per object.

pub(crate) mod inhabited;
pub(crate) mod random;

use viewshed_model::{
    Cluster, ConfigKind, ConfigNames, Container, Meta, Mount, Namespace, Node, Pod, PodSpec,
    PodVolume, PolicyRule, Role, RoleBinding, RoleReference, Service, ServiceAccount, Subject,
    SubjectKind, VolumeSource, Workload,
};

/// Metadata of `name` or `namespace/name`.
pub(crate) fn meta(full_name: &str) -> Meta {
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

fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| if word == "core" { "" } else { word }.to_owned())
        .collect()
}

/// `"get list | core apps | pods deployments | name"`; the last part may be left out. A rule on
/// paths is `"get | /metrics"`.
pub(crate) fn rule(text: &str) -> PolicyRule {
    let parts: Vec<&str> = text.split('|').collect();
    if let [verbs, urls] = parts.as_slice() {
        return PolicyRule {
            verbs: words(verbs),
            non_resource_urls: words(urls),
            ..PolicyRule::default()
        };
    }
    PolicyRule {
        verbs: words(parts[0]),
        api_groups: words(parts[1]),
        resources: words(parts[2]),
        resource_names: parts.get(3).map(|names| words(names)).unwrap_or_default(),
        ..PolicyRule::default()
    }
}

/// A ClusterRole `name` or a Role `namespace/name`.
pub(crate) fn role(full_name: &str, rules: &[&str]) -> Role {
    Role {
        meta: meta(full_name),
        rules: rules.iter().map(|text| rule(text)).collect(),
        aggregation: None,
    }
}

/// `user:NAME`, `group:NAME` or `sa:NAMESPACE/NAME`.
pub(crate) fn subject(text: &str) -> Subject {
    let (kind, name) = text.split_once(':').unwrap();
    let plain = |kind| Subject {
        kind,
        name: name.to_owned(),
        namespace: None,
    };
    match kind {
        "user" => plain(SubjectKind::User),
        "group" => plain(SubjectKind::Group),
        "sa" => {
            let (namespace, name) = name.split_once('/').unwrap();
            Subject {
                kind: SubjectKind::ServiceAccount,
                name: name.to_owned(),
                namespace: Some(namespace.to_owned()),
            }
        }
        other => plain(SubjectKind::Other(other.to_owned())),
    }
}

/// A binding to `ClusterRole/NAME` or `Role/NAME`.
pub(crate) fn binding(full_name: &str, role: &str, subjects: &[&str]) -> RoleBinding {
    let (kind, name) = role.split_once('/').unwrap();
    RoleBinding {
        meta: meta(full_name),
        role: RoleReference {
            kind: kind.to_owned(),
            name: name.to_owned(),
        },
        subjects: subjects.iter().map(|text| subject(text)).collect(),
    }
}

/// A running pod with one container `main`.
pub(crate) fn pod(full_name: &str, node: &str, image: &str) -> Pod {
    Pod {
        meta: meta(full_name),
        spec: PodSpec {
            containers: vec![container("main", image)],
            ..PodSpec::default()
        },
        node: node.to_owned(),
        phase: "Running".to_owned(),
        ..Pod::default()
    }
}

pub(crate) fn container(name: &str, image: &str) -> Container {
    Container {
        name: name.to_owned(),
        image: image.to_owned(),
        ..Container::default()
    }
}

/// Adds a volume and mounts it into the first container.
pub(crate) fn mount(spec: &mut PodSpec, source: VolumeSource, path: &str) {
    let name = format!("volume-{}", spec.volumes.len());
    spec.volumes.push(PodVolume {
        name: name.clone(),
        sources: vec![source],
        ..PodVolume::default()
    });
    spec.containers[0].mounts.push(Mount {
        source: name,
        destination: path.to_owned(),
        ..Mount::default()
    });
}

/// The volume that admission adds to a pod.
pub(crate) fn api_token() -> VolumeSource {
    VolumeSource::Token(viewshed_model::TokenProjection {
        path: "token".to_owned(),
        ..viewshed_model::TokenProjection::default()
    })
}

pub(crate) fn deployment(full_name: &str, image: &str) -> Workload {
    Workload {
        meta: meta(full_name),
        kind: "Deployment".to_owned(),
        api_group: "apps".to_owned(),
        template: PodSpec {
            containers: vec![container("main", image)],
            ..PodSpec::default()
        },
        ..Workload::default()
    }
}

pub(crate) fn secret(full_name: &str, secret_type: &str) -> ConfigNames {
    ConfigNames {
        kind: ConfigKind::Secret,
        meta: meta(full_name),
        secret_type: secret_type.to_owned(),
        token_of: String::new(),
        keys: Vec::new(),
    }
}

pub(crate) fn config_map(full_name: &str) -> ConfigNames {
    ConfigNames {
        kind: ConfigKind::ConfigMap,
        meta: meta(full_name),
        secret_type: String::new(),
        token_of: String::new(),
        keys: Vec::new(),
    }
}

pub(crate) fn node(name: &str) -> Node {
    Node {
        meta: meta(name),
        runtime: "containerd://1.7.0".to_owned(),
        ..Node::default()
    }
}

pub(crate) fn service_account(full_name: &str) -> ServiceAccount {
    ServiceAccount {
        meta: meta(full_name),
        ..ServiceAccount::default()
    }
}

/// A shop: two namespaces, two nodes, three pods, some configuration, and no grants.
pub(crate) fn shop() -> Cluster {
    let mut cart = pod("shop/cart", "worker-1", "cart:1");
    cart.spec.service_account = "cart".to_owned();
    mount(
        &mut cart.spec,
        api_token(),
        "/var/run/secrets/kubernetes.io/serviceaccount",
    );
    mount(
        &mut cart.spec,
        VolumeSource::Secret("db".to_owned()),
        "/etc/db",
    );
    Cluster {
        name: "test".to_owned(),
        is_live: true,
        namespaces: ["ops", "shop"]
            .map(|name| Namespace { meta: meta(name) })
            .to_vec(),
        nodes: vec![node("worker-1"), node("worker-2")],
        pods: vec![
            cart,
            pod("shop/web", "worker-2", "web:1"),
            pod("ops/dash", "worker-1", "dash:1"),
        ],
        workloads: vec![deployment("shop/web", "web:1")],
        services: vec![Service {
            meta: meta("shop/web"),
            ..Service::default()
        }],
        configs: vec![
            secret("shop/db", "Opaque"),
            secret("ops/admin", "Opaque"),
            config_map("shop/settings"),
        ],
        service_accounts: ["shop/cart", "shop/default", "ops/default"]
            .map(service_account)
            .to_vec(),
        ..Cluster::default()
    }
}
