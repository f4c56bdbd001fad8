use viewshed_model::{ApiResource, Category, Cluster, OtherObject};

use super::{Inventory, guess_resource};
use crate::samples::{meta, pod, shop};

fn other(group: &str, resource: &str, kind: &str, name: &str) -> OtherObject {
    OtherObject {
        group: group.to_owned(),
        resource: resource.to_owned(),
        kind: kind.to_owned(),
        meta: meta(name),
    }
}

fn names(cluster: &Cluster, group: &str, resource: &str) -> Vec<String> {
    let inventory = Inventory::new(cluster);
    let kind = inventory.kind(group, resource).unwrap();
    let full = |object: &super::Object<'_>| format!("{}/{}", object.namespace, object.name);
    kind.objects.iter().map(full).collect()
}

#[test]
fn plurals_are_those_of_the_definitions() {
    for (kind, plural) in [
        ("Deployment", "deployments"),
        ("NetworkPolicy", "networkpolicies"),
        ("Ingress", "ingresses"),
        ("Gateway", "gateways"),
        ("Endpoints", "endpoints"),
        ("StorageClass", "storageclasses"),
    ] {
        assert_eq!(guess_resource(kind), plural);
    }
}

#[test]
fn objects_are_sorted_and_counted_once() {
    let mut cluster = shop();
    cluster.pods.push(pod("shop/cart", "worker-2", "again:1"));
    assert_eq!(
        names(&cluster, "", "pods"),
        ["ops/dash", "shop/cart", "shop/web"]
    );
}

#[test]
fn a_manifest_without_namespace_means_default() {
    let mut cluster = shop();
    cluster.pods.push(pod("lonely", "", "x:1"));
    assert_eq!(names(&cluster, "", "pods")[0], "default/lonely");
    assert_eq!(
        Inventory::new(&cluster).namespaces,
        ["default", "ops", "shop"]
    );
}

#[test]
fn both_groups_of_events_are_one_resource() {
    let cluster = Cluster {
        others: vec![
            other("", "events", "Event", "shop/a"),
            other("events.k8s.io", "events", "Event", "shop/a"),
            other("events.k8s.io", "events", "Event", "shop/b"),
        ],
        ..Cluster::default()
    };
    assert_eq!(names(&cluster, "", "events"), ["shop/a", "shop/b"]);
    assert!(
        Inventory::new(&cluster)
            .kind("events.k8s.io", "events")
            .is_none()
    );
}

#[test]
fn discovery_names_the_resource_of_a_kind() {
    let cluster = Cluster {
        api_resources: vec![ApiResource {
            group: "example.com".to_owned(),
            resource: "geese".to_owned(),
            kind: "Goose".to_owned(),
            namespaced: true,
            ..ApiResource::default()
        }],
        others: vec![other("example.com", "", "Goose", "shop/a")],
        ..Cluster::default()
    };
    assert_eq!(names(&cluster, "example.com", "geese"), ["shop/a"]);
}

#[test]
fn every_policy_kind_is_an_access_rule() {
    let cluster = Cluster {
        others: vec![other(
            "cilium.io",
            "ciliumnetworkpolicies",
            "CiliumNetworkPolicy",
            "a/b",
        )],
        ..Cluster::default()
    };
    let inventory = Inventory::new(&cluster);
    let kind = inventory
        .kind("cilium.io", "ciliumnetworkpolicies")
        .unwrap();
    assert_eq!(kind.category, Category::AccessRules);
}
