//! Ports of nodes: kube-proxy translates them where the address is local (kubernetes/kubernetes
//! `pkg/proxy/iptables/proxier.go`, `KUBE-NODEPORTS` behind `-m addrtype --dst-type LOCAL`), and egress policies are
//! enforced where the pod is that asks.

use super::{check, cluster_of_yaml, node, pod};
use crate::network::Cni;

/// A pod on each node that only `egress` lets out, and a service that is published on every node.
fn estate(egress: &str, more: &str) -> String {
    [
        node("n1", "{}", "192.168.0.1"),
        node("n2", "{}", "192.168.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.1.1", "[]")),
        pod("b/near", "n1", "{}", ("10.0.1.2", "[]")),
        pod("b/far", "n2", "{}", ("10.0.2.1", "[]")),
        "apiVersion: v1\nkind: Service\nmetadata: { name: s, namespace: a }\n\
         spec: { type: NodePort, clusterIP: 10.96.0.9, selector: { app: web }, \
         ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }\n---\n"
            .to_owned(),
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: b }}\n\
             spec: {{ podSelector: {{}}, policyTypes: [Egress], egress: [{egress}] }}\n---\n"
        ),
        more.to_owned(),
    ]
    .concat()
}

/// To the pod behind the service, as its namespace is.
const TO_POD: &str = "{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: a } } }], ports: [{ port: 8080 }] }";
/// To the nodes, on the port.
const TO_NODE: &str = "{ to: [{ ipBlock: { cidr: 192.168.0.0/24 } }], ports: [{ port: 30080 }] }";

const UNSURE: &str = "depends on whether egress policies of pod `b/far` see the port of node `n1` or what it leads to";

#[test]
fn another_nodes_port_is_what_egress_policies_see() {
    let (by_pod, by_node) = (
        cluster_of_yaml(&estate(TO_POD, "")),
        cluster_of_yaml(&estate(TO_NODE, "")),
    );
    for cni in [
        Cni::Calico,
        Cni::KubeRouter,
        Cni::KubeNetworkPolicies,
        Cni::AzureNpm,
    ] {
        check(&by_pod, Some(cni), &[("b/far node:n1 30080", "denied")]);
        check(&by_node, Some(cni), &[("b/far node:n1 30080", "allowed")]);
    }
    for cni in [Cni::Generic, Cni::Antrea, Cni::OvnKubernetes] {
        check(&by_pod, Some(cni), &[("b/far node:n1 30080", UNSURE)]);
        check(&by_node, Some(cni), &[("b/far node:n1 30080", UNSURE)]);
    }
}

#[test]
fn the_own_nodes_port_is_translated_first() {
    let (by_pod, by_node) = (
        cluster_of_yaml(&estate(TO_POD, "")),
        cluster_of_yaml(&estate(TO_NODE, "")),
    );
    for cni in [Cni::Calico, Cni::Generic, Cni::KubeNetworkPolicies] {
        check(&by_pod, Some(cni), &[("b/near node:n1 30080", "allowed")]);
        check(&by_node, Some(cni), &[("b/near node:n1 30080", "denied")]);
    }
}

/// cilium/cilium `Documentation/network/kubernetes/kubeproxy-free.rst`; blocks mean no nodes.
#[test]
fn cilium_translates_where_it_replaces_kube_proxy() {
    let config = |state: &str| {
        let more = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: cilium-config, namespace: kube-system }}\n\
             data: {{ kube-proxy-replacement: '{state}', policy-cidr-match-mode: nodes }}\n---\n"
        );
        (
            cluster_of_yaml(&estate(TO_POD, &more)),
            cluster_of_yaml(&estate(TO_NODE, &more)),
        )
    };
    let (by_pod, by_node) = config("true");
    check(
        &by_pod,
        Some(Cni::Cilium),
        &[("b/far node:n1 30080", "allowed")],
    );
    check(
        &by_node,
        Some(Cni::Cilium),
        &[("b/far node:n1 30080", "denied")],
    );
    let (by_pod, by_node) = config("false");
    check(
        &by_pod,
        Some(Cni::Cilium),
        &[("b/far node:n1 30080", "denied")],
    );
    check(
        &by_node,
        Some(Cni::Cilium),
        &[("b/far node:n1 30080", "allowed")],
    );
}
