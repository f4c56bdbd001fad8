//! Estates of any size, with the shapes and names of real ones: teams, applications, environments.

pub mod network;
mod roles;
mod workloads;
pub mod yaml;

pub use roles::{group_name, user_name};
use viewshed_model::{Cluster, Estate, Meta, Namespace, Node, ServerVersion};

use crate::random::Random;

/// How large an estate is to be.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Namespaces.
    pub namespaces: usize,
    /// Pods, spread over the namespaces.
    pub pods: usize,
    /// RoleBindings, spread over the namespaces.
    pub role_bindings: usize,
    /// Nodes that the pods run on.
    pub nodes: usize,
}

impl Size {
    /// The estate that the published figures are about.
    pub const LARGE: Self = Self {
        namespaces: 2_500,
        pods: 25_000,
        role_bindings: 25_000,
        nodes: 500,
    };

    /// A hundredth of it, for tests.
    pub const SMALL: Self = Self {
        namespaces: 25,
        pods: 250,
        role_bindings: 250,
        nodes: 5,
    };
}

/// An estate with one cluster of this size. The same size and seed give the same estate.
pub fn estate(size: Size, seed: u64) -> Estate {
    Estate {
        collected_at: "2026-01-01T00:00:00Z".to_owned(),
        clusters: vec![cluster(size, seed)],
        ..Estate::default()
    }
}

/// One cluster of this size.
pub fn cluster(size: Size, seed: u64) -> Cluster {
    let mut random = Random::new(seed);
    let mut cluster = Cluster {
        name: "generated".to_owned(),
        server: "https://192.0.2.1:6443".to_owned(),
        is_live: true,
        version: Some(ServerVersion {
            git_version: "v1.37.2".to_owned(),
            major: "1".to_owned(),
            minor: "37".to_owned(),
            platform: "linux/amd64".to_owned(),
        }),
        namespaces: (0..size.namespaces).map(namespace).collect(),
        nodes: (0..size.nodes).map(node).collect(),
        ..Cluster::default()
    };
    workloads::add(&mut cluster, size, &mut random);
    roles::add(&mut cluster, size, &mut random);
    cluster
}

const TEAMS: &[&str] = &[
    "shop",
    "billing",
    "search",
    "identity",
    "payments",
    "logistics",
    "media",
    "data",
    "platform",
    "mobile",
    "growth",
    "support",
    "risk",
    "partners",
    "research",
    "security",
];
const ENVIRONMENTS: &[&str] = &["prod", "staging", "dev", "test"];

/// For example `billing-prod-0107`.
fn namespace_name(number: usize) -> String {
    let team = TEAMS.get(number % TEAMS.len()).copied().unwrap_or_default();
    let environment = ENVIRONMENTS
        .get(number / TEAMS.len() % ENVIRONMENTS.len())
        .copied()
        .unwrap_or_default();
    format!("{team}-{environment}-{number:04}")
}

fn namespace(number: usize) -> Namespace {
    let name = namespace_name(number);
    let mut meta = cluster_meta(&name);
    meta.labels
        .insert("kubernetes.io/metadata.name".to_owned(), name);
    Namespace { meta }
}

fn node(number: usize) -> Node {
    Node {
        meta: cluster_meta(&node_name(number)),
        addresses: vec![format!("10.{}.{}.10", number / 250, number % 250)],
        kubelet_version: "v1.37.2".to_owned(),
        runtime: "containerd://2.1.4".to_owned(),
        os_image: "Debian GNU/Linux 12 (bookworm)".to_owned(),
        kubelet_port: 10_250,
        ..Node::default()
    }
}

fn node_name(number: usize) -> String {
    format!(
        "ip-10-{}-{}-10.eu-central-1.compute.internal",
        number / 250,
        number % 250
    )
}

fn cluster_meta(name: &str) -> Meta {
    Meta {
        name: name.to_owned(),
        ..Meta::default()
    }
}

fn meta(namespace: &str, name: &str) -> Meta {
    Meta {
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
        ..Meta::default()
    }
}
