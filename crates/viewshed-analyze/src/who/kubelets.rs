//! Who learns of an object by asking a kubelet for itself, where its port is reached.

use std::collections::BTreeSet;

use viewshed_model::{Evidence, GrantOrigin, Identity, Node, Subject, SubjectKind, WhoEntry};

use crate::inventory::{Kind, Object};
use crate::rbac::{Reach, ResourceQuestion, who_can};
use crate::see::{KubeletDoor, Part, parts_of};
use crate::sight::{SightIndex, pod_objects, pod_of};

/// Whoever may ask the kubelets that know of the object: of a pod its node's, of a node its own, of a namespace those
/// of its pods.
pub(super) fn kubelet_entries(
    index: &SightIndex<'_>,
    kind: &Kind<'_>,
    object: usize,
) -> Vec<WhoEntry> {
    let Some(object) = kind.objects.get(object).filter(|_| kind.group.is_empty()) else {
        return Vec::new();
    };
    match kind.resource.as_str() {
        "pods" => {
            let node = pod_of(index.cluster, object).map_or("", |pod| pod.node.as_str());
            at(index, node, |_| true, "")
        }
        "nodes" => at(
            index,
            object.name,
            |part| part.names_node,
            "its kubelet names it",
        ),
        "namespaces" => {
            let text =
                |node: &str| format!("the kubelet of {node} names the namespaces of its pods");
            let nodes = nodes_of(index, object).into_iter();
            nodes
                .flat_map(|node| at(index, node, |_| true, &text(node)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The nodes on which pods of a namespace are.
fn nodes_of<'i>(index: &'i SightIndex<'_>, namespace: &Object<'_>) -> BTreeSet<&'i str> {
    let pods = pod_objects(&index.inventory).iter();
    pods.filter(|pod| pod.namespace == namespace.name)
        .filter_map(|pod| Some(pod_of(index.cluster, pod)?.node.as_str()))
        .collect()
}

fn at(
    index: &SightIndex<'_>,
    node: &str,
    tells: impl Fn(&Part) -> bool,
    indirect: &str,
) -> Vec<WhoEntry> {
    let mut nodes = index.cluster.nodes.iter();
    let Some(node) = nodes.find(|known| known.meta.name == node) else {
        return Vec::new();
    };
    let mut entries: Vec<WhoEntry> = Vec::new();
    // Service accounts and users are taken by different ways; how, their own views tell.
    let somebody = Identity::service_account("default", "default");
    match KubeletDoor::of(node, &somebody) {
        KubeletDoor::Shut => return entries,
        KubeletDoor::TakesAll => entries.push(everybody()),
        KubeletDoor::Asks | KubeletDoor::Unread => {}
    }
    // Whoever may use the API server's own proxy needs no way to the port, and has been told.
    let parts = parts_of(index.cluster.version.as_ref())
        .filter(|part| part.subresource != "proxy" && tells(part));
    for part in parts {
        let asked = ResourceQuestion {
            verb: "get",
            resource: "nodes",
            subresource: part.subresource,
            name: &node.meta.name,
            ..ResourceQuestion::default()
        };
        for mut entry in who_can(&index.access, asked, Reach::Exactly) {
            if entries.iter().any(|known| known.subject == entry.subject) {
                continue;
            }
            entry.condition = condition(part, node);
            entries.push(entry);
        }
    }
    for entry in &mut entries {
        indirect.clone_into(&mut entry.indirect);
        if entry.condition.is_empty() {
            entry.condition = reached(node);
        }
        // The names are those of nodes.
        entry.names.clear();
    }
    entries
}

fn reached(node: &Node) -> String {
    format!("it reaches the kubelet of {} (TCP 10250)", node.meta.name)
}

fn condition(part: &Part, node: &Node) -> String {
    let asks = match &node.kubelet {
        Some(_) => "",
        None => ", whose settings were not read,",
    };
    format!(
        "it reaches the kubelet of {} (TCP 10250){asks} and gets nodes/{} there",
        node.meta.name, part.subresource
    )
}

/// Whoever the API server knows, where a kubelet asks for no rights.
fn everybody() -> WhoEntry {
    WhoEntry {
        subject: Subject {
            kind: SubjectKind::Group,
            name: "system:authenticated".to_owned(),
            namespace: None,
        },
        namespace: None,
        names: Vec::new(),
        indirect: String::new(),
        condition: String::new(),
        evidence: Evidence::AlwaysAllow,
        origin: GrantOrigin::Human,
        known_members: None,
        pods: Vec::new(),
        pods_cut_off: Vec::new(),
    }
}
