//! Where the intruder stands: finding the place in the estate, and what it holds.

use viewshed_model::{Cluster, Estate, Identity, MissingFact, Node, Pod, Vantage, Workload};

use super::SeeError;
use super::board::{Board, link};
use super::host::{Foothold, holder};
use super::identity::Held;
use super::kubelet;
use super::pod::Inside;
use super::tokens::TokenHolder;
use crate::sight::SightIndex;

/// The first cluster in which the vantage exists.
pub(super) fn cluster_of<'e>(
    estate: &'e Estate,
    vantage: &Vantage,
) -> Result<&'e Cluster, SeeError> {
    if *vantage == Vantage::Here {
        return Err(SeeError::NotFromAnEstate);
    }
    let found = estate
        .clusters
        .iter()
        .find(|cluster| exists(cluster, vantage));
    if let Some(cluster) = found {
        return Ok(cluster);
    }
    if estate.clusters.is_empty() {
        return Err(SeeError::EmptyEstate {
            what: "Kubernetes cluster",
        });
    }
    Err(no_such(&estate.clusters, vantage))
}

fn exists(cluster: &Cluster, vantage: &Vantage) -> bool {
    match vantage {
        Vantage::Anonymous => true,
        Vantage::Identity { identity } => is_known(cluster, identity),
        Vantage::Pod { namespace, name } => {
            find_pod(cluster, namespace, name).is_some()
                || find_workload(cluster, namespace, name).is_some()
        }
        Vantage::Node { name } => has_node(cluster, name),
        Vantage::Kubelet { address } => find_node(cluster, address).is_some(),
        Vantage::Container { .. } | Vantage::DockerApi { .. } | Vantage::Here => false,
    }
}

/// Whether an identity can be meant. Users and groups live outside the cluster, so any may exist; a
/// service account must stand in the estate, unless its service accounts were not read.
fn is_known(cluster: &Cluster, identity: &Identity) -> bool {
    let Some((namespace, name)) = identity.as_service_account() else {
        return true;
    };
    cluster.service_accounts.is_empty()
        || service_accounts(cluster).any(|known| known == (namespace, name))
}

/// Service accounts that exist, that pods run as, or that bindings name.
fn service_accounts(cluster: &Cluster) -> impl Iterator<Item = (&str, &str)> {
    let own = cluster
        .service_accounts
        .iter()
        .map(|account| namespaced(&account.meta));
    let of_pods = cluster.pods.iter().map(|pod| {
        (
            namespaced(&pod.meta).0,
            account_of(&pod.spec.service_account),
        )
    });
    let of_templates = cluster.workloads.iter().map(|workload| {
        (
            namespaced(&workload.meta).0,
            account_of(&workload.template.service_account),
        )
    });
    let of_bindings = cluster.bindings.iter().flat_map(|binding| {
        binding.subjects.iter().filter_map(|subject| {
            let own = subject.namespace.as_deref().filter(|name| !name.is_empty());
            let namespace = own.or(binding.meta.namespace.as_deref())?;
            (subject.kind == viewshed_model::SubjectKind::ServiceAccount)
                .then_some((namespace, subject.name.as_str()))
        })
    });
    own.chain(of_pods).chain(of_templates).chain(of_bindings)
}

fn account_of(name: &str) -> &str {
    if name.is_empty() { "default" } else { name }
}

/// Namespace and name; a manifest without a namespace means `default`.
fn namespaced(meta: &viewshed_model::Meta) -> (&str, &str) {
    (
        meta.namespace.as_deref().unwrap_or("default"),
        meta.name.as_str(),
    )
}

fn find_pod<'c>(cluster: &'c Cluster, namespace: &str, name: &str) -> Option<&'c Pod> {
    let mut pods = cluster.pods.iter();
    pods.find(|pod| namespaced(&pod.meta) == (namespace, name))
}

/// A workload stands for the pods that it makes: in manifests there are no others.
fn find_workload<'c>(cluster: &'c Cluster, namespace: &str, name: &str) -> Option<&'c Workload> {
    let mut workloads = cluster.workloads.iter();
    workloads.find(|workload| namespaced(&workload.meta) == (namespace, name))
}

fn has_node(cluster: &Cluster, name: &str) -> bool {
    cluster.nodes.iter().any(|node| node.meta.name == name)
        || cluster.pods.iter().any(|pod| pod.node == name)
}

/// The node of a kubelet, by name or address; a scheme and a port may stand around it.
fn find_node<'c>(cluster: &'c Cluster, address: &str) -> Option<&'c Node> {
    let bare = address
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let bracketed = bare
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map(|(inner, _)| inner);
    let without_port = match bare.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') => host,
        _ => bare,
    };
    let host = bracketed.unwrap_or(without_port);
    cluster
        .nodes
        .iter()
        .find(|node| node.meta.name == host || node.addresses.iter().any(|known| known == host))
}

fn no_such(clusters: &[Cluster], vantage: &Vantage) -> SeeError {
    let (what, name, known): (String, String, Vec<String>) = match vantage {
        Vantage::Pod { namespace, name } => {
            let full = format!("{namespace}/{name}");
            let pods = clusters.iter().flat_map(|cluster| {
                let pods = cluster.pods.iter().map(|pod| pod.meta.full_name());
                let workloads = cluster.workloads.iter();
                pods.chain(workloads.map(|workload| workload.meta.full_name()))
            });
            (format!("pod `{full}`"), full, pods.collect())
        }
        Vantage::Identity { identity } => {
            let (namespace, name) = identity
                .as_service_account()
                .unwrap_or(("", &identity.user));
            let full = format!("{namespace}/{name}");
            let accounts = clusters
                .iter()
                .flat_map(service_accounts)
                .map(|(namespace, name)| format!("{namespace}/{name}"));
            (
                format!("service account `{full}`"),
                full,
                accounts.collect(),
            )
        }
        Vantage::Node { name } | Vantage::Kubelet { address: name } => {
            let nodes = clusters.iter().flat_map(|cluster| {
                let known = cluster.nodes.iter().map(|node| node.meta.name.clone());
                known.chain(cluster.pods.iter().map(|pod| pod.node.clone()))
            });
            (format!("node `{name}`"), name.clone(), nodes.collect())
        }
        Vantage::Container { name, .. } => {
            (format!("container `{name}`"), name.clone(), Vec::new())
        }
        Vantage::DockerApi { host } => (format!("Docker host `{host}`"), host.clone(), Vec::new()),
        Vantage::Anonymous | Vantage::Here => ("such place".to_owned(), String::new(), Vec::new()),
    };
    let known = known.into_iter().filter(|name| !name.is_empty());
    SeeError::no_such(what, &name, known)
}

/// Marks what the vantage sees without a credential, and gives the identities that it holds.
pub(super) fn enter(board: &mut Board<'_, '_>, vantage: &Vantage) -> Result<Vec<Held>, SeeError> {
    let cluster = board.index.cluster;
    let missing = || no_such(std::slice::from_ref(cluster), vantage);
    match vantage {
        Vantage::Anonymous => Ok(vec![as_asked(Identity::anonymous())]),
        Vantage::Identity { identity } => {
            if is_known(cluster, identity) {
                Ok(vec![as_asked(identity.clone())])
            } else {
                Err(missing())
            }
        }
        Vantage::Pod { namespace, name } => enter_pod(board, namespace, name).ok_or_else(missing),
        Vantage::Node { name } => {
            if !has_node(cluster, name) {
                return Err(missing());
            }
            let links = [link(format!("root on node {name}"))];
            let mut held = Vec::new();
            Foothold {
                node: name,
                links: &links,
                pod: None,
            }
            .mark_root(board, &mut held);
            Ok(held)
        }
        Vantage::Kubelet { address } => {
            let node = find_node(cluster, address).ok_or_else(missing)?;
            kubelet::mark_without_credentials(board, node, &[]);
            // A kubelet that certainly refuses strangers shows nothing, reached or not.
            let is_closed = node.kubelet.as_ref().is_some_and(|settings| {
                settings.anonymous == Some(false) && settings.read_only_port.unwrap_or(0) == 0
            });
            if !is_closed {
                board.depends_on.insert(MissingFact {
                    fact: format!(
                        "whether the network lets a request reach the kubelet of node `{}`",
                        node.meta.name
                    ),
                });
            }
            Ok(Vec::new())
        }
        Vantage::Container { .. } | Vantage::DockerApi { .. } => Err(missing()),
        Vantage::Here => Err(SeeError::NotFromAnEstate),
    }
}

fn as_asked(identity: Identity) -> Held {
    Held {
        identity,
        links: Vec::new(),
    }
}

/// A pod that exists.
pub(super) fn inside<'a>(
    index: &'a SightIndex<'_>,
    pod: &'a Pod,
    namespace: &'a str,
) -> Inside<'a> {
    let what = if pod.is_mirror { "static pod" } else { "pod" };
    Inside {
        title: format!("{what} {namespace}/{}", pod.meta.name),
        pod: &pod.meta.name,
        node: &pod.node,
        holder: holder(index, pod, namespace),
    }
}

fn enter_pod(board: &mut Board<'_, '_>, namespace: &str, name: &str) -> Option<Vec<Held>> {
    let index = board.index;
    let cluster = index.cluster;
    if let Some(pod) = find_pod(cluster, namespace, name) {
        return Some(inside(index, pod, namespace).mark(board));
    }
    let workload = find_workload(cluster, namespace, name)?;
    let inside = Inside {
        title: format!("a pod of {} {namespace}/{name}", workload.kind),
        pod: "",
        node: "",
        holder: TokenHolder {
            accounts: index.accounts(),
            namespace,
            spec: &workload.template,
            is_admitted: false,
            is_mirror: false,
        },
    };
    Some(inside.mark(board))
}
