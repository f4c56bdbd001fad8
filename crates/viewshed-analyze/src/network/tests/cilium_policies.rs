//! Parts of Cilium's policies that are rare.

use super::{check, cluster_of_yaml, pod};
use crate::network::Cni;

fn estate(egress: &str, more: &str) -> String {
    let web = pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]"));
    let db = pod("a/db", "n1", "{ app: db }", ("10.0.0.2", "[]"));
    format!(
        "{web}{db}apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
         spec: {{ endpointSelector: {{ matchLabels: {{ app: web }} }}, egress: [{egress}] }}\n---\n{more}"
    )
}

fn group(name: &str, labels: &str, block: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {{ name: {name}, labels: {labels} }}\n\
         spec: {{ externalCIDRs: [{block}] }}\n---\n"
    )
}

/// cilium/cilium `pkg/policy/api/cidr.go`, `CIDRRule.CIDRGroupSelector`.
#[test]
fn groups_of_blocks_are_chosen_by_their_labels() {
    let egress = "{ toCIDRSet: [{ cidrGroupSelector: { matchLabels: { of: us } }, except: [203.0.113.128/25] }] }";
    let groups = group("own", "{ of: us }", "203.0.113.0/24")
        + &group("more", "{ of: us }", "198.51.100.0/24")
        + &group("other", "{ of: them }", "192.0.2.0/24");
    let cluster = cluster_of_yaml(&estate(egress, &groups));
    let rows = [
        ("a/web 203.0.113.7 80", "allowed"),
        ("a/web 198.51.100.7 80", "allowed"),
        ("a/web 203.0.113.200 80", "denied"),
        ("a/web 192.0.2.7 80", "denied"),
    ];
    check(&cluster, Some(Cni::Cilium), &rows);
    let without = cluster_of_yaml(&estate(egress, ""));
    let unsure = "depends on the CiliumCIDRGroups, of which none is in the estate";
    check(
        &without,
        Some(Cni::Cilium),
        &[("a/web 203.0.113.7 80", unsure)],
    );
}

/// The definition of the kind: `port` is a text, a number from 0 to 65535 or a name with a letter.
#[test]
fn ports_that_the_server_refuses_are_no_ports() {
    let egress = |port: &str| {
        format!(
            "{{ toEndpoints: [{{}}], toPorts: [{{ ports: [{{ port: {port}, protocol: TCP }}] }}] }}"
        )
    };
    for (port, wanted) in [
        ("'80'", "allowed"),
        (
            "80",
            "depends on whether CiliumNetworkPolicy `a/p` was taken although port 80 is no text",
        ),
        (
            "'99999'",
            "depends on whether CiliumNetworkPolicy `a/p` was taken although `99999` is no port",
        ),
    ] {
        let cluster = cluster_of_yaml(&estate(&egress(port), ""));
        check(&cluster, Some(Cni::Cilium), &[("a/web a/db 80", wanted)]);
    }
}

/// Pods have labels of the source `k8s` alone (cilium/cilium `Documentation/operations/performance/scalability/
/// identity-relevant-labels.rst`).
#[test]
fn labels_of_container_runtimes_are_no_labels_of_pods() {
    let policy = |key: &str| {
        format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{ name: q, namespace: a }}\n\
             spec: {{ endpointSelector: {{ matchLabels: {{ '{key}': db }} }}, ingress: [{{ fromEntities: [host] }}] }}\n---\n"
        )
    };
    for (key, wanted) in [
        ("app", "denied"),
        ("k8s:app", "denied"),
        ("any:app", "denied"),
        ("container:app", "allowed"),
    ] {
        let cluster = cluster_of_yaml(&estate("{ toEntities: [all] }", &policy(key)));
        check(&cluster, Some(Cni::Cilium), &[("a/web a/db 80", wanted)]);
    }
}
