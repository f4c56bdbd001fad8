//! What changes of network reach say, and when nothing can be said of them.

use viewshed_model::UnreadKind;

use super::super::{DiffSettings, diff, diff_under};
use super::{database_policy, shop};

/// Another credential that may not list policies takes none of them away.
#[test]
fn policies_that_could_not_be_listed_are_no_change() {
    let read = shop(&database_policy("{ port: 5432 }"));
    let mut refused = read.clone();
    for cluster in &mut refused.clusters {
        cluster.network_policies.clear();
        cluster.unread_kinds.push(UnreadKind {
            group: "networking.k8s.io".to_owned(),
            kind: "NetworkPolicy".to_owned(),
            read_namespaces: Vec::new(),
        });
    }
    for (before, after) in [(&read, &refused), (&refused, &read)] {
        let report = diff(before, after, ("a", "b"));
        assert_eq!(report.changes, []);
        let mut gaps = report.gaps.iter();
        assert!(gaps.any(|gap| gap.what == "compare who reaches whom"));
    }
}

/// The sentence names some places, the data all of them.
#[test]
fn a_change_of_reach_has_every_place_and_port() {
    let report = diff(
        &shop(&database_policy("{ port: 5432 }")),
        &shop(&database_policy("{ port: 5432 }, { port: 9187 }")),
        ("a", "b"),
    );
    let change = report.changes.first().expect("a port was opened");
    let reach = change.reach.as_ref().expect("it is one of reach");
    let ports: Vec<String> = reach.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["TCP 9187"]);
    assert!(reach.is_certain);
    for place in &reach.to {
        assert!(change.what.contains(place.as_str()), "{}", change.what);
    }
}

/// Scaling is no change: between the replicas of a workload nothing was compared before.
#[test]
fn a_second_replica_gains_nothing() {
    let with = |replicas: usize| {
        let pods = (0..replicas).map(|number| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{ name: api-{number}, namespace: shop, labels: {{ app: api }}, \
                 ownerReferences: [{{ kind: StatefulSet, name: api, controller: true, apiVersion: apps/v1 }}] }}\n\
                 spec: {{ containers: [{{ name: main, image: example }}] }}\n---\n"
            )
        });
        let pods: String = pods.collect();
        shop(&format!("{pods}{}", database_policy("{ port: 5432 }")))
    };
    assert_eq!(diff(&with(1), &with(2), ("a", "b")).changes, []);
    assert_eq!(diff(&with(2), &with(1), ("a", "b")).changes, []);
    assert_eq!(diff(&with(2), &with(3), ("a", "b")).changes, []);
}

/// `--no-pivots`.
#[test]
fn steps_are_left_out_where_none_are_wanted() {
    let privileged = |is: bool| {
        shop(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: root, namespace: shop }}\n\
             spec: {{ nodeName: n1, containers: [{{ name: main, image: example, securityContext: {{ privileged: {is} }} }}] }}\n"
        ))
    };
    let changes = |depth: u32| {
        let settings = DiffSettings { cni: None, depth };
        let report = diff_under(&privileged(false), &privileged(true), ("a", "b"), settings);
        let subjects = report.changes.iter().map(|change| change.what.clone());
        subjects.filter(|what| what.contains("n1")).count()
    };
    assert!(changes(6) > 0);
    assert_eq!(changes(0), 0);
}

/// Nor do grants come and go with the credential that the estate was read with.
#[test]
fn grants_that_could_not_be_listed_are_no_change() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: { name: all }\n\
         subjects: [{ kind: ServiceAccount, name: x, namespace: shop }]\n\
         roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all }\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: all }\n\
         rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]\n---\n";
    let read = shop(binding);
    let mut refused = shop("");
    assert!(!diff(&refused, &read, ("a", "b")).changes.is_empty());
    for cluster in &mut refused.clusters {
        cluster.unread_grants.cluster_role_bindings = true;
    }
    for (before, after) in [(&read, &refused), (&refused, &read)] {
        let report = diff(before, after, ("a", "b"));
        let sights = report
            .changes
            .iter()
            .filter(|change| change.reach.is_none());
        assert_eq!(sights.count(), 0, "{:#?}", report.changes);
        let mut gaps = report.gaps.iter();
        assert!(gaps.any(|gap| gap.what == "compare who may see what"));
    }
}

/// A program has not to split sentences: each block of addresses stands alone, on whichever side it is.
#[test]
fn blocks_of_addresses_are_entries_of_their_own() {
    let policy = |direction: &str, peer: &str, blocks: &str| {
        let kind = if direction == "egress" {
            "Egress"
        } else {
            "Ingress"
        };
        shop(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: shop }}\n\
             spec: {{ podSelector: {{ matchLabels: {{ app: db }} }}, policyTypes: [{kind}], \
             {direction}: [{{ {peer}: [{blocks}], ports: [{{ port: 443 }}] }}] }}\n"
        ))
    };
    let one = "{ ipBlock: { cidr: 10.9.0.0/16 } }";
    let three = "{ ipBlock: { cidr: 10.9.0.0/16 } }, { ipBlock: { cidr: 203.0.113.0/24 } }, \
                 { ipBlock: { cidr: 198.51.100.0/24 } }";
    let blocks = ["198.51.100.0/24", "203.0.113.0/24"];
    let changes = |direction: &str, peer: &str| {
        let (before, after) = (policy(direction, peer, one), policy(direction, peer, three));
        let changes = diff(&before, &after, ("a", "b")).changes;
        let reach = changes.into_iter().filter_map(|change| change.reach);
        reach
            .map(|reach| (reach.from, reach.to))
            .collect::<Vec<_>>()
    };
    let blocks = blocks.map(str::to_owned).to_vec();
    let out = changes("egress", "to");
    assert!(out.contains(&(Vec::new(), blocks.clone())), "{out:?}");
    let into = changes("ingress", "from");
    assert!(
        into.contains(&(blocks, vec!["shop/db".to_owned()])),
        "{into:?}"
    );
}
