//! Generated identities, questions and HTTP requests.

use viewshed_benchmarks::random::Random;
use viewshed_model::{Action, Identity, NonResourceRequest, ResourceRequest};

use crate::node_objects::{OBJECTS, POD_NAMESPACES};
use crate::objects::{
    ACCOUNTS, GROUPS, NAMES, NAMESPACES, NODES, USERS, VERBS, group, namespace, node, user,
};

/// An identity as a review names it: groups may be missing.
pub(crate) fn identity(random: &mut Random) -> Identity {
    let account = format!("sa-{}", random.below(ACCOUNTS));
    match random.below(20) {
        0..=10 => {
            let groups: Vec<String> = (0..random.below(3))
                .map(|_| group(random.below(GROUPS)))
                .collect();
            let groups = groups.iter().map(String::as_str);
            let name = user(random.below(USERS));
            if random.chance(80) {
                Identity::user(&name, groups)
            } else {
                Identity::exactly(&name, groups)
            }
        }
        11..=15 => Identity::service_account(&namespace(random.below(NAMESPACES)), &account),
        16 => {
            let name = format!(
                "system:serviceaccount:{}:{account}",
                namespace(random.below(NAMESPACES))
            );
            Identity::exactly(&name, ["system:authenticated"])
        }
        17 => Identity::anonymous(),
        18 => Identity::exactly("", [group(random.below(GROUPS)).as_str()]),
        _ if random.chance(10) => Identity::user("root", ["system:masters"]),
        _ => Identity::user("stranger", []),
    }
}

const RESOURCES: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "pods"),
    ("", "secrets"),
    ("", "configmaps"),
    ("apps", "deployments"),
    ("batch", "jobs"),
    ("", "nodes"),
    ("", "namespaces"),
    ("", "services"),
    ("example.com", "widgets"),
    ("", "*"),
    ("*", "pods"),
    ("apps", "pods"),
    ("", "pods/log"),
    ("", "Pods"),
    ("", "serviceaccounts"),
    ("rbac.authorization.k8s.io", "roles"),
    ("", "pod"),
    ("", ""),
    ("", "*/log"),
];
const SUBRESOURCES: &[&str] = &[
    "", "", "", "", "log", "exec", "scale", "proxy", "status", "*", "a", "token", "log/x",
];
const PATHS: &[&str] = &[
    "/probe",
    "/probe/",
    "/probe/a",
    "/probe/ab",
    "/probe/a/b",
    "/pr*be/x",
    "/prxbe/x",
    "/healthz",
    "/healthz/etcd",
    "/livez",
    "/Probe",
    "/probes",
    "probe",
    "",
    "/",
    "/logs",
    "/logs/x",
    "/version",
    "/probe/a**",
    "/api",
    "*",
];

/// A question as a review asks it.
pub(crate) fn action(random: &mut Random) -> Action {
    if random.chance(15) {
        return Action::NonResource(NonResourceRequest {
            verb: (*random.pick(&["get", "get", "get", "post", "head", "list", "GET", "*", ""]))
                .to_owned(),
            path: (*random.pick(PATHS)).to_owned(),
        });
    }
    let (api_group, resource) = *random.pick(RESOURCES);
    let verb = if random.chance(8) {
        *random.pick(&["*", "GET", "use", "impersonate", "", "bind"])
    } else {
        *random.pick(VERBS)
    };
    Action::Resource(ResourceRequest {
        verb: verb.to_owned(),
        api_group: api_group.to_owned(),
        api_version: (*random.pick(&["", "v1", "*", "v2"])).to_owned(),
        resource: resource.to_owned(),
        subresource: (*random.pick(SUBRESOURCES)).to_owned(),
        namespace: if random.chance(20) {
            String::new()
        } else {
            namespace(random.below(NAMESPACES + 1))
        },
        name: if random.chance(50) {
            (*random.pick(NAMES)).to_owned()
        } else {
            String::new()
        },
        field_selector: if random.chance(5) {
            "metadata.name=a".to_owned()
        } else {
            String::new()
        },
        ..ResourceRequest::default()
    })
}

/// A node's identity: mostly a real node, sometimes without the group or without a name.
pub(crate) fn node_identity(random: &mut Random) -> Identity {
    let name = node(random.below(NODES + 1));
    match random.below(20) {
        0 => Identity::exactly(&format!("system:node:{name}"), ["system:authenticated"]),
        1 => Identity::exactly("system:node:", ["system:nodes"]),
        2 => Identity::exactly(&name, ["system:nodes", "system:authenticated"]),
        _ => Identity::node(&name),
    }
}

const NODE_RESOURCES: &[(&str, &str, &str)] = &[
    ("", "secrets", "secret"),
    ("", "secrets", "secret"),
    ("", "secrets", "secret"),
    ("", "configmaps", "config"),
    ("", "configmaps", "config"),
    ("", "persistentvolumeclaims", "claim"),
    ("", "persistentvolumes", "pv"),
    ("", "pods", "pod"),
    ("", "pods", "pod"),
    ("", "nodes", "node"),
    ("", "serviceaccounts", "sa"),
    ("", "serviceaccounts", "sa"),
    ("storage.k8s.io", "volumeattachments", "va"),
    ("resource.k8s.io", "resourceclaims", "resource-claim"),
    ("coordination.k8s.io", "leases", "node"),
    ("storage.k8s.io", "csinodes", "node"),
    ("resource.k8s.io", "resourceslices", "slice"),
    ("certificates.k8s.io", "podcertificaterequests", "pcr"),
    ("", "services", "web"),
    ("", "events", "e"),
    ("events.k8s.io", "events", "e"),
    ("", "endpoints", "e"),
    ("certificates.k8s.io", "certificatesigningrequests", "csr"),
    ("certificates.k8s.io", "clustertrustbundles", "ctb"),
    ("node.k8s.io", "runtimeclasses", "rc"),
    ("storage.k8s.io", "csidrivers", "d"),
    ("authorization.k8s.io", "subjectaccessreviews", ""),
    ("authentication.k8s.io", "tokenreviews", ""),
    ("", "namespaces", "n"),
];

/// A question that the Node authorizer has something to say about.
pub(crate) fn node_action(random: &mut Random) -> Action {
    let (api_group, resource, kind) = *random.pick(NODE_RESOURCES);
    let verb = if random.chance(50) {
        "get"
    } else {
        *random.pick(VERBS)
    };
    let is_own_kind = resource == "pods";
    let subresource = match random.below(10) {
        0 => *random.pick(&["status", "token", "eviction", "log", "proxy", "approval"]),
        1..=5 if resource == "serviceaccounts" => "token",
        _ => "",
    };
    let verb = if subresource == "token" && random.chance(80) {
        "create"
    } else {
        verb
    };
    let namespace = match (resource, random.below(10)) {
        (_, 0) => String::new(),
        ("persistentvolumes" | "nodes" | "volumeattachments" | "csinodes", 1..=9) => String::new(),
        ("leases", 1..=8) => "kube-node-lease".to_owned(),
        _ => namespace(random.below(POD_NAMESPACES)),
    };
    let most = match kind {
        "pod" => NODES * 8,
        "node" => NODES + 1,
        "sa" => ACCOUNTS,
        _ => OBJECTS,
    };
    let name = match random.below(10) {
        0 => String::new(),
        1 if kind == "config" => "kube-root-ca.crt".to_owned(),
        1 if kind == "sa" => "default".to_owned(),
        2 if kind == "claim" => format!("pod-{}-v{}", random.below(NODES * 8), random.below(3)),
        _ => format!("{kind}-{}", random.below(most)),
    };
    let field_selector = if is_own_kind || random.chance(10) {
        let node = node(random.below(NODES));
        let selector = *random.pick(&[
            "",
            "spec.nodeName=NODE",
            "spec.nodeName==NODE",
            "spec.nodeName!=NODE",
            "status.phase=Running,spec.nodeName=NODE",
            "spec.nodeName=NODE,bad",
            "metadata.name=NODE",
        ]);
        selector.replace("NODE", &node)
    } else {
        String::new()
    };
    Action::Resource(ResourceRequest {
        verb: verb.to_owned(),
        api_group: api_group.to_owned(),
        api_version: "v1".to_owned(),
        resource: resource.to_owned(),
        subresource: subresource.to_owned(),
        namespace,
        name,
        field_selector,
        ..ResourceRequest::default()
    })
}
