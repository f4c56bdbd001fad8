//! What `kubectl cluster-info dump` and `kubectl get all` leave out. A dump holds nodes, and per namespace events, replication controllers,
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

/// What a command of kubectl prints, and never prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Print {
    /// `kubectl cluster-info dump`.
    Dump,
    /// `kubectl get all`.
    All,
}

/// How many objects there are that `kubectl get all` prints, and that it does not print (kubectl: those of the
/// category `all`, <https://kubernetes.io/docs/reference/using-api/api-concepts/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pods: usize,
    beside_pods: usize,
    others: usize,
}

impl Tally {
    pub(super) fn of(cluster: &Cluster) -> Self {
        let scalers = cluster.others.iter();
        let scalers = scalers.filter(|one| one.kind == "HorizontalPodAutoscaler");
        let scalers = scalers.count();
        let others = [
            cluster.others.len() - scalers,
            cluster.namespaces.len(),
            cluster.nodes.len(),
            cluster.ingresses.len(),
            cluster.gateways.len(),
            cluster.endpoints.len(),
            cluster.network_policies.len(),
            cluster.network_settings.len(),
            cluster.configs.len(),
            cluster.roles.len(),
            cluster.bindings.len(),
            cluster.service_accounts.len(),
            cluster.volume_claims.len(),
            cluster.volumes.len(),
        ];
        Self {
            pods: cluster.pods.len(),
            beside_pods: cluster.workloads.len() + cluster.services.len(),
            others: others.iter().sum(),
        }
    }

    /// Whether what came since then is what `kubectl get all` prints: running pods and what stands around them, and
    /// nothing else.
    pub(super) fn is_all(&self, now: &Cluster) -> bool {
        let after = Self::of(now);
        let mut fresh = now.pods.iter().skip(self.pods);
        after.beside_pods > self.beside_pods
            && after.others == self.others
            && fresh.any(|pod| !pod.phase.is_empty())
    }
}

/// Notes the kinds that the command does not print and no other file has.
pub(super) fn settle(cluster: &mut Cluster, gaps: &mut Vec<Gap>, print: Print) {
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
    let has_policies = is_there("networking.k8s.io", "NetworkPolicy");
    // Whoever asks for kinds one by one knows which there are.
    if print == Print::All && !policies.is_empty() {
        return;
    }
    let missing: Vec<UnreadKind> = LEFT_OUT
        .iter()
        .filter(|(group, kind)| !is_there(group, kind))
        .map(|(group, kind)| UnreadKind {
            group: (*group).to_owned(),
            kind: (*kind).to_owned(),
            read_namespaces: Vec::new(),
        })
        .collect();
    cluster.unread_kinds.extend(missing);
    if !has_policies {
        gaps.push(gap(
            &cluster.name,
            "read network policies, Ingresses and labels of namespaces",
            GapReason::NotCollected,
            match print {
                Print::Dump => "a cluster-info dump does not hold them",
                Print::All => "`kubectl get all` does not print them",
            },
            "add what `kubectl get networkpolicies,ingresses,namespaces -A -o yaml` prints, or use `viewshed collect`",
        ));
    }
}
