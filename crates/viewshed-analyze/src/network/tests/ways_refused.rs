//! What looks like a way in from outside and is none, or none for everybody: balancers that are not there, that
//! are inside, or of another family; nodes without an endpoint; routes that no listener takes.

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

const OF_NODES: &str = "depends on whether addresses outside the cluster reach ports of its nodes";
const DIRECTLY: &str =
    "depends on whether addresses outside the cluster reach pod `shop/web` directly";

/// `ServiceStatus.loadBalancer`: the server fills it as soon as there is one.
#[test]
fn a_balancer_that_nobody_gave_is_no_certain_way_in() {
    let pending = service(
        "",
        &format!("type: LoadBalancer, {PORTS}"),
        "status: { loadBalancer: {} }",
    );
    let fact = "depends on whether service `shop/s` gets a load balancer";
    rows(EVERYBODY, &pending, &[("world shop/web 8080", fact)]);
    // A manifest says nothing of that.
    let written = service("", &format!("type: LoadBalancer, {PORTS}"), "");
    rows(EVERYBODY, &written, &[("world shop/web 8080", "allowed")]);
}

/// <https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer>
#[test]
fn internal_balancers_are_no_certain_way_in() {
    let fact = "depends on whether addresses outside reach internal load balancers of the cloud";
    for (annotation, wanted) in [
        (
            "service.beta.kubernetes.io/aws-load-balancer-internal: 'true'",
            fact,
        ),
        (
            "service.beta.kubernetes.io/aws-load-balancer-internal: 'false'",
            "allowed",
        ),
        (
            "service.beta.kubernetes.io/aws-load-balancer-scheme: internal",
            fact,
        ),
        (
            "service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing",
            "allowed",
        ),
        ("networking.gke.io/load-balancer-type: Internal", fact),
        (
            "service.beta.kubernetes.io/azure-load-balancer-internal: 'true'",
            fact,
        ),
        (
            "service.beta.kubernetes.io/oci-load-balancer-internal: 'true'",
            fact,
        ),
        ("example.org/internal: 'true'", "allowed"),
    ] {
        let status = "status: { loadBalancer: { ingress: [{ hostname: lb.example.com }] } }";
        let ports = "ports: [{ port: 80, targetPort: 8080 }], allocateLoadBalancerNodePorts: false";
        let object = service(annotation, &format!("type: LoadBalancer, {ports}"), status);
        rows(EVERYBODY, &object, &[("world shop/web 8080", wanted)]);
    }
}

/// `k8s.io/cloud-provider/service/helpers`, `GetLoadBalancerSourceRanges`: values may be padded; the annotation
/// is for the cloud alone.
#[test]
fn source_ranges_are_padded_or_annotated() {
    let status = "status: { loadBalancer: { ingress: [{ ip: 192.0.2.10 }] } }";
    let padded = service(
        "",
        &format!(
            "type: LoadBalancer, {PORTS}, loadBalancerSourceRanges: ['203.0.113.0/24', ' 198.51.100.0/24 ']"
        ),
        status,
    );
    let table = [
        ("198.51.100.9 192.0.2.10 80", "allowed"),
        ("8.8.8.8 192.0.2.10 80", "denied"),
    ];
    rows(EVERYBODY, &padded, &table);
    let annotated = service(
        "service.beta.kubernetes.io/load-balancer-source-ranges: '203.0.113.0/24, 198.51.100.0/24'",
        &format!("type: LoadBalancer, {PORTS}"),
        status,
    );
    let table = [
        ("198.51.100.9 192.0.2.10 80", "allowed"),
        (
            "8.8.8.8 192.0.2.10 80",
            "depends on whether the cloud keeps to the annotated ranges of service `shop/s`",
        ),
    ];
    rows(EVERYBODY, &annotated, &table);
}

/// <https://kubernetes.io/docs/reference/networking/virtual-ips/#external-traffic-policy>
#[test]
fn a_node_without_an_endpoint_drops_what_is_for_local_endpoints() {
    let local = service(
        "",
        &format!("type: NodePort, externalTrafficPolicy: Local, {PORTS}"),
        "",
    );
    let table = [
        ("203.0.113.7 192.168.0.1 30080", OF_NODES),
        ("203.0.113.7 192.168.0.2 30080", "denied"),
        ("203.0.113.7 node:n2 30080", "denied"),
    ];
    rows(EVERYBODY, &local, &table);
    let cluster = service("", &format!("type: NodePort, {PORTS}"), "");
    rows(
        EVERYBODY,
        &cluster,
        &[("203.0.113.7 192.168.0.2 30080", OF_NODES)],
    );
}

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

fn controller() -> String {
    let image = "registry.k8s.io/ingress-nginx/controller:v1.12.0";
    let pod = pod(
        "shop/controller",
        "n1",
        "{ app: controller }",
        ("10.0.0.9", "[]"),
    );
    pod.replace("image: example", &format!("image: '{image}'"))
        + "apiVersion: v1\nkind: Service\nmetadata: { name: controller, namespace: shop }\n\
           spec: { type: LoadBalancer, selector: { app: controller }, ports: [{ port: 443 }] }\n---\n"
}

/// Gateway API: `ParentReference.sectionName` and `port`, `Listener.hostname` and `protocol`,
/// `AllowedRoutes.kinds`, `BackendRef.weight`.
#[test]
fn routes_that_no_listener_takes_lead_nowhere() {
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: { name: g, namespace: shop }\n\
         spec: { gatewayClassName: c, listeners: [{ name: l, port: 80, LISTENER }] }\n---\n";
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: r, namespace: shop }\n\
         spec: { parentRefs: [{ PARENT }], HOSTS rules: [{ backendRefs: [{ name: s, port: 80 WEIGHT }] }] }\n---\n";
    let backend = service(
        "",
        "clusterIP: 10.96.0.5, ports: [{ port: 80, targetPort: 8080 }]",
        "",
    );
    let case = |listener: &str, parent: &str, hosts: &str, weight: &str| {
        let gateway = gateway.replace("LISTENER", listener);
        let route = route.replace("PARENT", parent).replace("HOSTS", hosts);
        format!(
            "{backend}{gateway}{}{}",
            route.replace("WEIGHT", weight),
            controller()
        )
    };
    let http = "protocol: HTTP";
    let unknown = "depends on whether a Gateway takes HTTPRoute `shop/r`";
    for (listener, parent, hosts, weight, wanted) in [
        (http, "name: g", "", "", "allowed"),
        (http, "name: other", "", "", DIRECTLY),
        (http, "name: g, sectionName: l", "", "", "allowed"),
        (http, "name: g, sectionName: m", "", "", DIRECTLY),
        (http, "name: g, port: 80", "", "", "allowed"),
        (http, "name: g, port: 81", "", "", DIRECTLY),
        ("protocol: TCP", "name: g", "", "", DIRECTLY),
        ("protocol: example.org/own", "name: g", "", "", unknown),
        (
            "protocol: HTTP, allowedRoutes: { kinds: [{ kind: GRPCRoute }] }",
            "name: g",
            "",
            "",
            DIRECTLY,
        ),
        (
            "protocol: HTTP, hostname: a.example",
            "name: g",
            "hostnames: [b.example],",
            "",
            DIRECTLY,
        ),
        (
            "protocol: HTTP, hostname: a.example",
            "name: g",
            "hostnames: [A.example],",
            "",
            "allowed",
        ),
        (
            "protocol: HTTP, hostname: a.example",
            "name: g",
            "",
            "",
            "allowed",
        ),
        (
            "protocol: HTTP, hostname: '*.example'",
            "name: g",
            "hostnames: [x.b.example],",
            "",
            "allowed",
        ),
        (
            "protocol: HTTP, hostname: '*.example'",
            "name: g",
            "hostnames: [example],",
            "",
            DIRECTLY,
        ),
        (
            "protocol: HTTP, hostname: x.b.example",
            "name: g",
            "hostnames: ['*.b.example'],",
            "",
            "allowed",
        ),
        (http, "name: g", "", ", weight: 0", DIRECTLY),
        (http, "name: g", "", ", weight: 1", "allowed"),
    ] {
        let objects = case(listener, parent, hosts, weight);
        rows(EVERYBODY, &objects, &[("world shop/web 8080", wanted)]);
    }
    // Without any Gateway in the files, it may be elsewhere.
    let alone = route
        .replace("PARENT", "name: g")
        .replace("HOSTS", "")
        .replace("WEIGHT", "");
    let objects = format!("{backend}{alone}{}", controller());
    rows(EVERYBODY, &objects, &[("world shop/web 8080", unknown)]);
}
