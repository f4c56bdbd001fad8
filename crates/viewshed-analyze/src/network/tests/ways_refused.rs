//! Clients come in by addresses of their own family, and headless services may have no ports.

use super::{check, cluster_of_yaml, node, pod};
use crate::network::Cni;

/// `shop/web` on `n1`, of both families; its policy admits what `from` says.
fn estate(from: &str, more: &str) -> String {
    let both = "10.0.0.1 }, { ip: 'fd00::1'";
    let dual = pod("shop/web", "n1", "{ app: web }", ("10.0.0.1", "[]")).replace(
        "podIPs: [{ ip: 10.0.0.1",
        &format!("podIPs: [{{ ip: {both}"),
    );
    [
        node("n1", "{}", "192.168.0.1")
            .replace("address: 192.168.0.1 }", "address: 192.168.0.1 }, { type: InternalIP, address: 'fd10::1' }"),
        node("n2", "{}", "192.168.0.2"),
        dual,
        pod("shop/cli", "n2", "{ app: cli }", ("10.0.0.2", "[]")),
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: web, namespace: shop }}\n\
             spec: {{ podSelector: {{ matchLabels: {{ app: web }} }}, ingress: [{{ from: {from} }}] }}\n---\n"
        ),
        more.to_owned(),
    ]
    .concat()
}

const EVERYBODY: &str = "[{ ipBlock: { cidr: 0.0.0.0/0 } }, { ipBlock: { cidr: '::/0' } }]";

fn service(annotations: &str, spec: &str, status: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: s, namespace: shop, annotations: {{ {annotations} }} }}\n\
         spec: {{ selector: {{ app: web }}, {spec} }}\n{status}\n---\n"
    )
}

const PORTS: &str = "ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }]";

fn rows(from: &str, more: &str, rows: &[(&str, &str)]) {
    let cluster = cluster_of_yaml(&estate(from, more));
    check(&cluster, Some(Cni::KubeRouter), rows);
}

const DIRECTLY: &str =
    "depends on whether addresses outside the cluster reach pod `shop/web` directly";

/// kubernetes/kubernetes `pkg/proxy/serviceport.go`: addresses of another family are left out.
#[test]
fn clients_come_in_by_their_own_family() {
    let v4 = "[{ ipBlock: { cidr: 0.0.0.0/0 } }]";
    let ports = "ports: [{ port: 80, targetPort: 8080 }], allocateLoadBalancerNodePorts: false";
    let spec = format!(
        "type: LoadBalancer, ipFamilies: [IPv6], clusterIP: 'fd01::5', externalTrafficPolicy: Local, {ports}"
    );
    let status = "status: { loadBalancer: { ingress: [{ ip: '2001:db8::80' }] } }";
    let balancer = service("", &spec, status);
    let table = [
        ("8.8.8.8 shop/web 8080", DIRECTLY),
        ("world shop/web 8080", DIRECTLY),
        ("2001:db8:1::1 shop/web 8080", "denied"),
    ];
    rows(v4, &balancer, &table);
    rows(
        EVERYBODY,
        &balancer,
        &[("2001:db8:1::1 shop/web 8080", "allowed")],
    );
    let external = service(
        "",
        "ipFamilies: [IPv4], clusterIP: 10.96.0.5, externalIPs: ['2001:db8::99'], ports: [{ port: 80, targetPort: 8080 }]",
        "",
    );
    rows(EVERYBODY, &external, &[("8.8.8.8 shop/web 8080", DIRECTLY)]);
    let port = service(
        "",
        &format!("type: NodePort, ipFamilies: [IPv6], clusterIP: 'fd01::5', {PORTS}"),
        "",
    );
    let nobody = "[{ podSelector: { matchLabels: { app: none } } }]";
    // At the IPv4 address it is an ordinary port of the node.
    let table = [
        ("shop/cli 192.168.0.1 30080", "allowed"),
        ("203.0.113.7 shop/web 8080", "denied"),
    ];
    rows(nobody, &port, &table);
}

/// Kubernetes API, `ServiceSpec.ports`: none are needed where there is no cluster address.
#[test]
fn a_headless_service_may_have_no_ports() {
    let portless = service("", "clusterIP: None, clusterIPs: [None]", "");
    let table = [
        ("shop/cli service:shop/s 8080", "allowed"),
        ("shop/cli service:shop/s 53/UDP", "allowed"),
    ];
    rows("[{ podSelector: {} }]", &portless, &table);
    let nobody = "[{ podSelector: { matchLabels: { app: none } } }]";
    rows(
        nobody,
        &portless,
        &[("shop/cli service:shop/s 8080", "denied")],
    );
}
