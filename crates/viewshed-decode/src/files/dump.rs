//! What `kubectl cluster-info dump` leaves out: it holds nodes, and per namespace events, replication controllers,
//! services, daemon sets, deployments, replica sets, pods and their logs (kubectl `pkg/cmd/clusterinfo`,
//! `ClusterInfoDumpOptions.Run`).

use viewshed_model::{Cluster, Gap, GapReason, UnreadKind};

use crate::gaps::gap;

/// Kinds on which connections hang and that no dump holds.
const LEFT_OUT: [(&str, &str); 14] = [
    ("networking.k8s.io", "NetworkPolicy"),
    ("networking.k8s.io", "Ingress"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkSet"),
    ("crd.projectcalico.org", "HostEndpoint"),
    ("crd.projectcalico.org", "NetworkSet"),
    ("cilium.io", "CiliumNetworkPolicy"),
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("crd.antrea.io", "ClusterNetworkPolicy"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
];

/// Whether a file is one that a dump into a folder writes; nothing else names a list so.
pub(super) fn is_part(path: &str) -> bool {
    path.rsplit(['/', '\\']).next() == Some("replication-controllers.json")
}

/// Notes the kinds that the dump lacks and no other file has.
pub(super) fn settle(cluster: &mut Cluster, gaps: &mut Vec<Gap>) {
    let policies = &cluster.network_policies;
    let settings = &cluster.network_settings;
    let is_there = |group: &str, kind: &str| match kind {
        "Ingress" => !cluster.ingresses.is_empty(),
        "HTTPRoute" => cluster.gateways.iter().any(|one| one.kind == kind),
        _ => {
            policies
                .iter()
                .any(|one| one.kind == kind && one.api_group == group)
                || settings.iter().any(|one| one.kind == kind)
        }
    };
    let missing: Vec<UnreadKind> = LEFT_OUT
        .iter()
        .filter(|(group, kind)| !is_there(group, kind))
        .map(|(group, kind)| UnreadKind {
            group: (*group).to_owned(),
            kind: (*kind).to_owned(),
            read_namespaces: Vec::new(),
        })
        .collect();
    let has_policies = is_there("networking.k8s.io", "NetworkPolicy");
    cluster.unread_kinds.extend(missing);
    if !has_policies {
        gaps.push(gap(
            &cluster.name,
            "read network policies, Ingresses and labels of namespaces",
            GapReason::NotCollected,
            "a cluster-info dump does not hold them",
            "add what `kubectl get networkpolicies,ingresses,namespaces -A -o yaml` prints, or use `viewshed collect`",
        ));
    }
}
