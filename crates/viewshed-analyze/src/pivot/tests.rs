mod against_impersonation;
mod alike;
mod docker;
mod docker_hosts;
mod doors;
mod out;
mod people;
mod roles;

use viewshed_decode::files::FileSet;
use viewshed_model::{Cluster, PivotKind};

use super::PivotIndex;
use crate::network::{Cni, NetworkIndex};
use crate::sight::SightIndex;

/// Three namespaces: `shop` with an internet-facing pod, `ops` with powerful accounts, `shut` behind a
/// policy.
const ESTATE: &str = r"
apiVersion: v1
kind: Node
metadata: { name: worker }
---
apiVersion: v1
kind: Node
metadata: { name: cp, labels: { node-role.kubernetes.io/control-plane: '' } }
---
apiVersion: v1
kind: Namespace
metadata: { name: guarded, labels: { pod-security.kubernetes.io/enforce: baseline } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { nodeName: worker, serviceAccountName: web, containers: [{ name: main, image: example }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: tool, namespace: ops }
spec: { nodeName: worker, serviceAccountName: tool, containers: [{ name: main, image: example }] }
---
apiVersion: v1
kind: Pod
metadata: { name: agent, namespace: ops }
spec:
  nodeName: cp
  serviceAccountName: agent
  automountServiceAccountToken: false
  containers: [{ name: main, image: example, securityContext: { privileged: true } }]
---
apiVersion: v1
kind: Pod
metadata: { name: job, namespace: shut }
spec: { nodeName: worker, serviceAccountName: job, containers: [{ name: main, image: example }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shut, namespace: shut }
spec: { podSelector: {}, policyTypes: [Egress] }
---
apiVersion: v1
kind: Pod
metadata: { name: maker, namespace: guarded }
spec: { nodeName: worker, serviceAccountName: maker, containers: [{ name: main, image: example }] }
---
";

fn grant(name: &str, account: (&str, &str), namespace: Option<&str>, rule: &str) -> String {
    let (own, account) = account;
    let (kind, place) = match namespace {
        Some(namespace) => ("", format!(", namespace: {namespace}")),
        None => ("Cluster", String::new()),
    };
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Role\nmetadata: {{ name: {name}{place} }}\nrules: [{rule}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}RoleBinding\nmetadata: {{ name: {name}{place} }}\n\
         roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: {kind}Role, name: {name} }}\n\
         subjects: [{{ kind: ServiceAccount, name: {account}, namespace: {own} }}]\n---\n"
    )
}

fn rule(verbs: &str, group: &str, resources: &str) -> String {
    format!("{{ apiGroups: ['{group}'], resources: ['{resources}'], verbs: [{verbs}] }}")
}

fn cluster(grants: &str) -> Cluster {
    let mut set = FileSet::new("test");
    set.add("estate.yaml", format!("{ESTATE}{grants}").as_bytes());
    let mut estate = set.finish();
    assert_eq!(estate.gaps, []);
    estate.clusters.remove(0)
}

/// What a pod leads to: `kind name (steps)`, with a `?` where it depends on facts.
fn leads(cluster: &Cluster, pod: (&str, &str), depth: u32) -> Vec<String> {
    let sight = SightIndex::new(cluster);
    let network = NetworkIndex::new(cluster, Some(Cni::Generic));
    let index = PivotIndex::new(&sight, &network);
    let (pivots, more) = index.from_pod(pod.0, pod.1, depth);
    assert_eq!(more, 0);
    let shown = pivots.iter().map(|pivot| {
        let doubt = if pivot.depends_on.is_empty() { "" } else { "?" };
        let kind = format!("{:?}", pivot.kind);
        let text = format!("{kind} {} {}{doubt}", pivot.name, pivot.steps.len());
        text.replace("  ", " ")
    });
    shown.collect()
}

#[test]
fn a_token_leads_to_its_account_and_no_further_without_rights() {
    assert_eq!(
        leads(&cluster(""), ("shop", "web"), 9),
        ["ServiceAccount shop/web 1"]
    );
}

/// A workload's name means its pods: what one of them leads to.
#[test]
fn a_workload_leads_where_its_pods_lead() {
    let owned = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: front, namespace: ops }\n\
         spec: { selector: { matchLabels: { app: front } }, template: { metadata: { labels: { app: front } }, \
         spec: { serviceAccountName: tool, containers: [{ name: main, image: example }] } } }\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: { name: front-1, namespace: ops, labels: { app: front }, \
         ownerReferences: [{ apiVersion: apps/v1, kind: Deployment, name: front, uid: u, controller: true }] }\n\
         spec: { nodeName: worker, serviceAccountName: tool, containers: [{ name: main, image: example }] }\n---\n";
    let cluster = cluster(owned);
    for name in ["front", "front-1"] {
        assert_eq!(
            leads(&cluster, ("ops", name), 9),
            ["ServiceAccount ops/tool 1"],
            "{name}"
        );
    }
}

#[test]
fn a_token_is_of_no_use_behind_a_policy_that_closes_the_api_server() {
    let grants = grant("all", ("shut", "job"), None, &rule("'*'", "*", "*"));
    assert_eq!(
        leads(&cluster(&grants), ("shut", "job"), 9),
        Vec::<String>::new()
    );
}

#[test]
fn exec_leads_into_pods_and_to_their_tokens() {
    let grants = grant(
        "exec",
        ("shop", "web"),
        Some("ops"),
        &rule("create", "", "pods/exec"),
    );
    assert_eq!(
        leads(&cluster(&grants), ("shop", "web"), 9),
        [
            // The privileged pod of ops stands on the control-plane node.
            "Administrator 4",
            "Node cp 3",
            "ServiceAccount shop/web 1",
            "ServiceAccount ops/tool 3",
            "Pod ops/agent 2",
            "Pod ops/tool 2",
        ]
    );
    assert_eq!(
        leads(&cluster(&grants), ("shop", "web"), 2),
        [
            "ServiceAccount shop/web 1",
            "Pod ops/agent 2",
            "Pod ops/tool 2"
        ]
    );
}

#[test]
fn every_right_that_escalates_is_followed() {
    let rbac = "rbac.authorization.k8s.io";
    let both = |one: String, two: String| format!("{one}, {two}");
    let rows = [
        (rule("'*'", "*", "*"), "Administrator 2"),
        (
            rule("create", "", "serviceaccounts/token"),
            "ServiceAccount ops/tool 2",
        ),
        (
            rule("impersonate", "", "serviceaccounts"),
            "ServiceAccount ops/tool 2",
        ),
        (rule("impersonate", "", "users"), "AnyUser 2"),
        (
            both(
                rule("impersonate", "", "users"),
                rule("impersonate", "", "groups"),
            ),
            "Administrator 2",
        ),
        (rule("get", "", "nodes/proxy"), "Pod ops/tool 2"),
        (rule("list", "", "secrets"), "AllSecrets 2"),
        (
            both(
                rule("update", rbac, "clusterroles"),
                rule("escalate", rbac, "clusterroles"),
            ),
            "Administrator 2",
        ),
        (
            both(
                rule("create", rbac, "clusterrolebindings"),
                rule("bind", rbac, "clusterroles"),
            ),
            "Administrator 2",
        ),
        (
            rule("create", "batch", "cronjobs"),
            "ServiceAccount ops/tool 2",
        ),
        (rule("create", "", "pods"), "Node worker 2?"),
        (
            rule("patch", "", "pods/ephemeralcontainers"),
            "Pod ops/tool 2",
        ),
    ];
    for (rules, wanted) in rows {
        let found = leads(
            &cluster(&grant("g", ("shop", "web"), None, &rules)),
            ("shop", "web"),
            9,
        );
        assert!(
            found.iter().any(|one| one == wanted),
            "{rules}: {found:#?}, not {wanted}"
        );
    }
}

/// Kubernetes documentation, "RBAC Good Practices": get, list and watch all show a Secret's value; who may make
/// one of type `kubernetes.io/service-account-token` gets it filled; who changes a workload chooses what its
/// pods run and as which account.
#[test]
fn secrets_and_workloads_that_exist_lead_to_accounts() {
    let objects = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: boss, namespace: ops }\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: { name: boss-token, namespace: ops }\n\
         type: kubernetes.io/service-account-token\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: bossd, namespace: ops }\n\
         spec: { selector: { matchLabels: { app: b } }, template: { metadata: { labels: { app: b } }, \
         spec: { serviceAccountName: boss, containers: [{ name: main, image: example }] } } }\n---\n\
         apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: { name: boss-set, namespace: ops }\n\
         spec: { selector: { matchLabels: { app: c } }, template: { metadata: { labels: { app: c } }, \
         spec: { serviceAccountName: boss, containers: [{ name: main, image: example }] } } }\n---\n";
    let named = |verb: &str, group: &str, resource: &str, name: &str| {
        format!(
            "{{ apiGroups: ['{group}'], resources: ['{resource}'], verbs: [{verb}], resourceNames: ['{name}'] }}"
        )
    };
    let leads_there = [
        rule("get", "", "secrets"),
        rule("watch", "", "secrets"),
        rule("'create', 'get'", "", "secrets"),
        named("get", "", "secrets", "boss-token"),
        named("list", "", "secrets", "boss-token"),
        rule("patch", "apps", "deployments"),
        rule("update", "apps", "deployments"),
        named("patch", "apps", "deployments", "bossd"),
        rule("update", "apps", "replicasets"),
        named("update", "apps", "replicasets", "boss-set"),
    ];
    let leads_nowhere = [
        rule("create", "", "secrets"),
        named("get", "", "secrets", "other"),
        rule("patch", "apps", "daemonsets"),
        rule("patch", "extensions", "deployments"),
        rule("get", "apps", "deployments"),
        named("patch", "apps", "deployments", "other"),
    ];
    let boss = "ServiceAccount ops/boss 2".to_owned();
    let both = [(leads_there.as_slice(), true), (&leads_nowhere, false)];
    for (rules, wanted) in both {
        for rule in rules {
            for place in [Some("ops"), None] {
                let role = grant("g", ("shop", "web"), place, rule);
                let cluster = cluster(&format!("{objects}{role}"));
                let found = leads(&cluster, ("shop", "web"), 9);
                assert_eq!(
                    found.contains(&boss),
                    wanted,
                    "{rule} {place:?}: {found:#?}"
                );
            }
        }
    }
    let image = grant(
        "g",
        ("shop", "web"),
        Some("ops"),
        &rule("patch", "", "pods"),
    );
    let found = leads(&cluster(&image), ("shop", "web"), 9);
    assert!(found.contains(&"Pod ops/tool 2".to_owned()), "{found:#?}");
}

/// One of two rights that only work together, or none that leads anywhere.
#[test]
fn half_a_power_leads_nowhere() {
    let rbac = "rbac.authorization.k8s.io";
    let halves = [
        rule("impersonate", "", "groups"),
        rule("update", rbac, "clusterroles"),
        rule("create", rbac, "clusterrolebindings"),
        rule("get list watch".replace(' ', ", ").as_str(), "", "pods"),
    ];
    for rules in halves {
        let found = leads(
            &cluster(&grant("g", ("shop", "web"), None, &rules)),
            ("shop", "web"),
            9,
        );
        assert_eq!(found, ["ServiceAccount shop/web 1"], "{rules}");
    }
}

#[test]
fn workloads_are_ranked_worst_first_and_steps_have_evidence() {
    let grants = grant(
        "exec",
        ("shop", "web"),
        Some("ops"),
        &rule("create", "", "pods/exec"),
    );
    let cluster = cluster(&grants);
    let sight = SightIndex::new(&cluster);
    let network = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let report = PivotIndex::new(&sight, &network).ranks(9);
    let ranks: Vec<(&str, PivotKind, usize)> = report
        .ranks
        .iter()
        .map(|rank| (rank.from.as_str(), rank.pivot.kind, rank.pivot.steps.len()))
        .collect();
    assert_eq!(
        ranks,
        [
            ("shop/web", PivotKind::Administrator, 4),
            ("ops/agent", PivotKind::Administrator, 2),
        ]
    );
    assert_eq!(
        report.ranks[0].ways_in.len(),
        1,
        "it stands behind a load balancer"
    );
    assert!(report.ranks[0].pivot.steps[1].evidence.is_some());
    assert_eq!(report.harmless, 3);
}

/// A load balancer in front of pods that let nobody in is no way in.
#[test]
fn a_published_workload_that_policies_shut_is_not_reached_from_outside() {
    let admin = grant("all", ("edge", "door"), None, &rule("'*'", "*", "*"));
    let estate = |service: &str, ingress: &str| {
        format!(
            "{admin}apiVersion: v1\nkind: Pod\nmetadata: {{ name: door, namespace: edge, labels: {{ app: door }} }}\n\
             spec: {{ nodeName: worker, serviceAccountName: door, containers: [{{ name: main, image: example }}] }}\n---\n\
             apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: in, namespace: edge }}\n\
             spec: {{ podSelector: {{}}, policyTypes: [Ingress], ingress: [{ingress}] }}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {{ name: door, namespace: edge }}\n\
             spec: {{ type: LoadBalancer, externalTrafficPolicy: {service}, selector: {{ app: door }}, ports: [{{ port: 80 }}] }}\n---\n"
        )
    };
    let rows = [
        // The load balancer may send from the pod's own node, which always gets in.
        ("Cluster", "", 1),
        ("Local", "", 0),
        ("Local", "{}", 1),
        ("Local", "{ ports: [{ port: 80 }] }", 1),
    ];
    for (service, ingress, wanted) in rows {
        let cluster = cluster(&estate(service, ingress));
        let sight = SightIndex::new(&cluster);
        let network = NetworkIndex::new(&cluster, Some(Cni::KubeRouter));
        let report = PivotIndex::new(&sight, &network).ranks(9);
        let door = report.ranks.iter().find(|rank| rank.from == "edge/door");
        let ways = door.map(|door| door.ways_in.len());
        assert_eq!(ways, Some(wanted), "{service} {ingress}");
    }
}
