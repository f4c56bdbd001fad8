//! What holds in one address family and not in the other.

use super::{check, cluster_of_yaml, pod};
use crate::network::Cni;

/// A node with an address in each family.
fn node(name: &str, addresses: [&str; 2]) -> String {
    let [v4, v6] = addresses;
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{ name: {name} }}\nstatus: {{ addresses: [\
         {{ type: InternalIP, address: {v4} }}, {{ type: InternalIP, address: '{v6}' }}] }}\n---\n"
    )
}

fn estate(more: &str) -> String {
    [
        node("k1", ["192.168.7.1", "fd99::1"]),
        node("k3", ["192.168.7.9", "fd99::9"]),
        "apiVersion: v1\nkind: Pod\nmetadata: { name: web, namespace: a, labels: { app: web } }\n\
         spec: { nodeName: k1, containers: [{ name: c, image: i }] }\n\
         status: { phase: Running, podIP: 10.1.1.1, podIPs: [{ ip: 10.1.1.1 }, { ip: 'fd00::1' }] }\n---\n"
            .to_owned(),
        pod("b/old", "k1", "{ app: old }", ("10.1.1.2", "[]")),
        more.to_owned(),
    ]
    .concat()
}

/// `pkg/k8s/watchers/endpointsynchronizer.go` gives `reserved:kube-apiserver` to the addresses of the Endpoints of
/// `default/kubernetes`; the other address of that node stays `remote-node`.
#[test]
fn the_api_server_is_where_its_endpoints_are() {
    let cluster = cluster_of_yaml(&estate(
        "apiVersion: v1\nkind: Service\nmetadata: { name: kubernetes, namespace: default }\n\
         spec: { clusterIP: 10.96.0.1, ports: [{ name: https, port: 443, targetPort: 6443 }] }\n---\n\
         apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
         metadata: { name: kubernetes, namespace: default, labels: { kubernetes.io/service-name: kubernetes } }\n\
         addressType: IPv4\nports: [{ name: https, port: 6443, protocol: TCP }]\n\
         endpoints: [{ addresses: [192.168.7.9], conditions: { ready: true } }]\n---\n\
         apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { endpointSelector: {}, egress: [{ toEntities: [kube-apiserver] }] }\n---\n",
    ));
    let rows = [
        ("a/web 192.168.7.9 6443", "allowed"),
        ("a/web fd99::9 6443", "denied"),
        ("a/web apiserver", "allowed"),
    ];
    check(&cluster, Some(Cni::Cilium), &rows);
}

/// The own node always passes, but nothing passes between addresses of two families.
#[test]
fn a_rule_of_the_own_node_needs_a_family() {
    let cluster = cluster_of_yaml(&estate(""));
    for cni in [Cni::AwsVpcCni, Cni::Generic, Cni::KubeRouter] {
        let rows = [
            ("b/old fd99::1 80", "denied"),
            ("b/old 192.168.7.1 80", "allowed"),
            ("a/web fd99::1 80", "allowed"),
            ("fd99::1 b/old 80", "denied"),
        ];
        check(&cluster, Some(cni), &rows);
    }
}
