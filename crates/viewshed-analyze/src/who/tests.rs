mod ranks;
mod turned_around;

use std::collections::BTreeSet;

use proptest::prelude::*;
use viewshed_model::{
    Action, Cluster, Identity, ResourceRequest, SubjectKind, Vantage, View, VolumeSource,
    WhoAnswer, WhoEntry,
};

use super::rank::Row;
use super::{rank_in, resolve_resource, who_can, who_sees};
use crate::SightIndex;
use crate::rbac::Reach;
use crate::samples::random::{any_cluster, identities};
use crate::samples::{binding, mount, role, shop};
use crate::see::see_knowing_names;

fn answer_lines(answer: &WhoAnswer) -> Vec<String> {
    answer
        .entries
        .iter()
        .map(|entry| {
            let mut line = format!("{:?} {}", entry.origin, entry.subject);
            if let Some(namespace) = &entry.namespace {
                line = format!("{line} in {namespace}");
            }
            if !entry.names.is_empty() {
                line = format!("{line} only {}", entry.names.join(", "));
            }
            if !entry.pods.is_empty() {
                line = format!("{line} as {}", entry.pods.join(", "));
            }
            if let Some(members) = entry.known_members {
                line = format!("{line} of {members}");
            }
            line
        })
        .collect()
}

fn list(resource: &str, namespace: &str) -> Action {
    Action::Resource(ResourceRequest {
        verb: "list".to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.to_owned(),
        ..ResourceRequest::default()
    })
}

/// The shop, where developers read pods of `shop`, the cart reads everything, and one secret has a
/// reader of its own.
fn granted() -> Cluster {
    let mut cluster = shop();
    cluster.roles = vec![
        role("reader", &["get list | core | pods"]),
        role("all", &["* | * | *"]),
        role("shop/one", &["get | core | secrets | db"]),
    ];
    cluster.bindings = vec![
        binding(
            "shop/devs",
            "ClusterRole/reader",
            &["group:devs", "group:system:serviceaccounts:shop"],
        ),
        binding("cart", "ClusterRole/all", &["sa:shop/cart"]),
        binding("shop/one", "Role/one", &["user:dba"]),
    ];
    cluster
}

#[test]
fn who_can_tells_scope_pods_and_members() {
    let cluster = granted();
    let index = SightIndex::new(&cluster);
    assert_eq!(
        answer_lines(&who_can(&index, &list("pods", "shop"), Reach::Exactly)),
        [
            "Human group devs in shop",
            // Of its two members one has a pod that mounts its token.
            "Human group system:serviceaccounts:shop in shop as shop/cart of 2",
            "Human service account shop/cart as shop/cart",
            "System group system:masters",
        ]
    );
    assert_eq!(
        answer_lines(&who_can(&index, &list("pods", ""), Reach::Exactly)),
        [
            "Human service account shop/cart as shop/cart",
            "System group system:masters"
        ]
    );
}

fn seen_by(cluster: &Cluster, target: &str) -> Vec<String> {
    answer_lines(&who_sees(&SightIndex::new(cluster), None, target).unwrap())
}

#[test]
fn who_sees_names_grants_nodes_and_holders() {
    let cluster = granted();
    assert_eq!(
        seen_by(&cluster, "secret/shop/db"),
        [
            "Human user dba in shop only db",
            // It mounts the secret too, but that shows its keys only.
            "Human service account shop/cart as shop/cart",
            "System user system:node:worker-1",
            "System group system:masters",
        ]
    );
    assert_eq!(
        seen_by(&cluster, "ns/shop"),
        [
            "Human service account shop/cart as shop/cart",
            // They know where they are.
            "Human pod shop/cart",
            "Human pod shop/web",
            // They list their pods, and each names its namespace.
            "System user system:node:worker-1",
            "System user system:node:worker-2",
            "System group system:masters",
            // They list services, and each names its namespace.
            "System group system:nodes of 2"
        ]
    );
    assert_eq!(
        seen_by(&cluster, "node/worker-1"),
        [
            // A pod of their namespace runs on it.
            "Human group devs in shop",
            "Human group system:serviceaccounts:shop in shop as shop/cart of 2",
            "Human service account shop/cart as shop/cart",
            // Its token names it.
            "Human pod shop/cart",
            "System user system:node:worker-1",
            "System group system:masters",
        ]
    );
}

#[test]
fn a_pod_with_the_runtime_socket_sees_its_neighbours() {
    let mut cluster = shop();
    let socket = VolumeSource::HostPath("/run/containerd/containerd.sock".to_owned());
    mount(
        &mut cluster.pods[2].spec,
        socket,
        "/run/containerd/containerd.sock",
    );
    let pods = |target: &str| {
        let mut lines = seen_by(&cluster, target);
        lines.retain(|line| line.contains("pod"));
        lines
    };
    assert_eq!(
        pods("pod/shop/cart"),
        ["Human pod shop/cart", "Human pod ops/dash"]
    );
    assert_eq!(pods("pod/shop/web"), ["Human pod shop/web"]);
}

#[test]
fn targets_are_named_as_in_kubectl_and_checked() {
    let mut cluster = granted();
    cluster.api_resources.push(viewshed_model::ApiResource {
        group: "x.example".to_owned(),
        resource: "foos".to_owned(),
        kind: "Foo".to_owned(),
        other_names: vec!["fo".to_owned(), "po".to_owned()],
        namespaced: true,
        ..viewshed_model::ApiResource::default()
    });
    let index = SightIndex::new(&cluster);
    for (text, expected) in [
        ("fo", Some(("x.example", "foos", ""))),
        ("fo.x.example", Some(("x.example", "foos", ""))),
        ("fo.y.example", None),
        ("po", Some(("", "pods", ""))),
        ("Pod", Some(("", "pods", ""))),
        ("pods/log", Some(("", "pods", "log"))),
        ("deploy", Some(("apps", "deployments", ""))),
        ("deployments.apps", Some(("apps", "deployments", ""))),
        ("netpol", Some(("networking.k8s.io", "networkpolicies", ""))),
        (
            "clusterroles",
            Some(("rbac.authorization.k8s.io", "clusterroles", "")),
        ),
        ("gizmos", None),
    ] {
        let found = resolve_resource(&index, text);
        let found = found
            .as_ref()
            .map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str()));
        assert_eq!(found, expected, "{text}");
    }
    for (target, message) in [
        (
            "pod/shop/crat",
            "there is no `pod/shop/crat` in the estate; did you mean `pod/shop/cart` or `pod/shop/web`?",
        ),
        ("gizmo/shop/x", "there is no resource `gizmo` in the estate"),
        (
            "pod/cart",
            "`pod/cart` is not an object: write `node/NAME` or `pod/NAMESPACE/NAME`",
        ),
        (
            "worker-1",
            "`worker-1` is not an object: write `node/NAME` or `pod/NAMESPACE/NAME`",
        ),
    ] {
        assert_eq!(
            who_sees(&index, None, target).unwrap_err().to_string(),
            message
        );
    }
}

/// Objects that an identity's view shows by the API or a kubelet, by kind, namespace and name.
fn objects_seen(index: &SightIndex<'_>, identity: &Identity) -> BTreeSet<(String, String, String)> {
    let vantage = Vantage::Identity {
        identity: identity.clone(),
    };
    let view = see_knowing_names(index, &vantage).unwrap();
    objects_of(index, &view, |verb| verb != "indirect")
}

/// What the view has of the inventory by one of these verbs.
fn objects_of(
    index: &SightIndex<'_>,
    view: &View<'_>,
    counts: impl Fn(&str) -> bool,
) -> BTreeSet<(String, String, String)> {
    let is_kind = |title: &str| index.inventory.kinds.iter().any(|kind| kind.title == title);
    view.categories
        .iter()
        .flat_map(|category| &category.seen)
        .filter(|item| is_kind(&item.kind) && item.verbs.iter().any(|verb| counts(verb)))
        .map(|item| {
            (
                item.kind.to_string(),
                item.namespace.to_string(),
                item.name.to_string(),
            )
        })
        .collect()
}

/// A user with a node's name but not in its group does not exist outside tests of `see`.
fn real_identities() -> Vec<Identity> {
    let is_real = |identity: &Identity| {
        !identity.user.starts_with("system:node:")
            || identity.groups.iter().any(|group| group == "system:nodes")
    };
    identities().into_iter().filter(is_real).collect()
}

/// Whether an entry of WHO speaks of this identity.
fn is_about(entry: &WhoEntry, identity: &Identity) -> bool {
    let subject = &entry.subject;
    match subject.kind {
        SubjectKind::User => subject.name == identity.user,
        SubjectKind::Group => identity.groups.contains(&subject.name),
        SubjectKind::ServiceAccount => {
            identity.as_service_account()
                == Some((
                    subject.namespace.as_deref().unwrap_or(""),
                    subject.name.as_str(),
                ))
        }
        SubjectKind::Other(_) => false,
    }
}

#[test]
fn who_sees_a_secret_tells_which_containers_hold_its_values() {
    let cluster = shop();
    let holders = |target: &str| {
        let index = SightIndex::new(&cluster);
        who_sees(&index, None, target).unwrap().holds_values
    };
    assert_eq!(
        holders("secret/shop/db"),
        ["container main of pod shop/cart reads the keys of Secret shop/db at /etc/db"]
    );
    assert_eq!(holders("secret/ops/admin"), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn who_sees_an_object_is_who_has_it_in_view(cluster in any_cluster()) {
        let index = SightIndex::new(&cluster);
        // What a webhook may deny is named by WHO with that fact, and uncertain to SEE.
        prop_assume!(!index.trust.rest_is_unknown);
        let identities = real_identities();
        let seen: Vec<_> = identities.iter().map(|one| objects_seen(&index, one)).collect();
        for kind in &index.inventory.kinds {
            for object in &kind.objects {
                let entries = super::sees::entries_of(&index, kind, object.namespace, object.name);
                let key = (kind.title.to_string(), object.namespace.to_owned(), object.name.to_owned());
                for (identity, seen) in identities.iter().zip(&seen) {
                    let named = entries.iter().any(|entry| is_about(entry, identity));
                    prop_assert_eq!(named, seen.contains(&key), "{} {:?}", identity, key);
                }
            }
        }
    }

    #[test]
    fn who_sees_a_node_or_namespace_is_who_has_it_in_view_or_is_told_of_it(cluster in any_cluster()) {
        let index = SightIndex::new(&cluster);
        prop_assume!(!index.trust.rest_is_unknown);
        for identity in real_identities() {
            let vantage = Vantage::Identity { identity: identity.clone() };
            let view = see_knowing_names(&index, &vantage).unwrap();
            let seen = objects_of(&index, &view, |_| true);
            for kind in index.inventory.kinds.iter().filter(|kind| !kind.namespaced) {
                if !matches!(kind.resource.as_str(), "nodes" | "namespaces") {
                    continue;
                }
                for object in &kind.objects {
                    let answer = who_sees(&index, None, &format!("{}/{}", kind.resource, object.name)).unwrap();
                    let about = || answer.entries.iter().filter(|entry| is_about(entry, &identity));
                    let named = about().any(|entry| entry.condition.is_empty());
                    let key = (kind.title.to_string(), String::new(), object.name.to_owned());
                    prop_assert_eq!(named, seen.contains(&key), "{} {:?}", identity, key);
                    // What holds only where a kubelet is reached, the view has as a missing fact.
                    let is_conditional = !named && about().next().is_some();
                    let is_told = view.depends_on.iter().any(|one| one.fact.contains("TCP 10250"));
                    prop_assert!(!is_conditional || is_told, "{} {:?}", identity, key);
                }
            }
        }
    }

    #[test]
    fn ranks_equal_the_size_of_views(cluster in any_cluster()) {
        let index = SightIndex::new(&cluster);
        let ranking = rank_in(&index);
        for row in Row::all(&index) {
            let seen = objects_seen(&index, &row.identity).len() as u64;
            let ranked = ranking.ranks.iter().find(|rank| rank.subject == row.subject);
            prop_assert_eq!(ranked.map_or(0, |rank| rank.visible), seen, "{}", row.subject);
        }
    }
}
