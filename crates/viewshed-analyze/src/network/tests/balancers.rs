//! Load balancers that are not there, or not for everybody; nodes without endpoints; listeners of Gateways.

use super::{check, cluster_of_yaml, node, pod};
use crate::network::Cni;

/// `shop/web` on n1, let in by everybody on 8080; n2 has no pod.
fn rows(text: &str, rows: &[(&str, &str)]) {
    let estate = [
        node("n1", "{}", "10.9.0.1"),
        node("n2", "{}", "10.9.0.2"),
        pod("shop/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: web, namespace: shop }\n\
         spec: { podSelector: {}, ingress: [{ ports: [{ port: 8080 }] }] }\n---\n"
            .to_owned(),
        text.to_owned(),
    ];
    check(
        &cluster_of_yaml(&estate.concat()),
        Some(Cni::KubeRouter),
        rows,
    );
}

fn service(annotations: &str, spec: &str, status: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: web, namespace: shop, annotations: {{ {annotations} }} }}\n\
         spec: {{ selector: {{ app: web }}, ports: [{{ port: 80, targetPort: 8080, nodePort: 30080 }}], {spec} }}\n{status}\n---\n"
    )
}

const BALANCED: &str = "type: LoadBalancer";

/// Kubernetes documentation, "Service", type LoadBalancer: the address is in `status.loadBalancer`.
#[test]
fn a_balancer_that_was_never_given_is_no_certain_way() {
    let pending = service("", BALANCED, "status: { loadBalancer: {} }");
    rows(&pending, &[("world shop/web 8080", "depends on ")]);
    // Manifests have no status.
    rows(
        &service("", BALANCED, ""),
        &[("world shop/web 8080", "allowed")],
    );
    let given = "status: { loadBalancer: { ingress: [{ ip: 192.0.2.10 }] } }";
    rows(
        &service("", BALANCED, given),
        &[("world shop/web 8080", "allowed")],
    );
}

/// Kubernetes documentation, "Service", internal load balancer.
#[test]
fn an_internal_balancer_is_no_certain_way_in_from_outside() {
    let named = "status: { loadBalancer: { ingress: [{ hostname: lb.example.com }] } }";
    let internal = [
        "service.beta.kubernetes.io/aws-load-balancer-internal: 'true'",
        "service.beta.kubernetes.io/aws-load-balancer-internal: 0.0.0.0/0",
        "service.beta.kubernetes.io/aws-load-balancer-scheme: internal",
        "networking.gke.io/load-balancer-type: Internal",
        "service.beta.kubernetes.io/azure-load-balancer-internal: 'true'",
        "service.beta.kubernetes.io/oci-load-balancer-internal: 'true'",
    ];
    for annotation in internal {
        let found = service(annotation, BALANCED, named);
        rows(&found, &[("world shop/web 8080", "depends on ")]);
    }
    let open = [
        "",
        "service.beta.kubernetes.io/aws-load-balancer-internal: 'false'",
        "service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing",
        "example.com/load-balancer: internal",
    ];
    for annotation in open {
        let found = service(annotation, BALANCED, named);
        rows(&found, &[("world shop/web 8080", "allowed")]);
    }
}

/// `pkg/apis/core/validation`: ranges may be padded with blanks; Kubernetes documentation, "Well-Known Labels,
/// Annotations and Taints": some clouds read them from an annotation.
#[test]
fn ranges_count_with_blanks_and_as_annotation() {
    let given = "status: { loadBalancer: { ingress: [{ ip: 192.0.2.10 }] } }";
    let spec =
        "type: LoadBalancer, loadBalancerSourceRanges: ['203.0.113.0/24', ' 198.51.100.0/24 ']";
    let padded = service("", spec, given);
    rows(
        &padded,
        &[
            ("198.51.100.9 192.0.2.10 80", "allowed"),
            ("8.8.8.8 192.0.2.10 80", "denied"),
        ],
    );
    let annotation = "service.beta.kubernetes.io/load-balancer-source-ranges: 203.0.113.0/24";
    rows(
        &service(annotation, BALANCED, given),
        &[(
            "8.8.8.8 192.0.2.10 80",
            "depends on whether the cloud keeps",
        )],
    );
    // The field comes first.
    rows(
        &service(annotation, spec, given),
        &[("198.51.100.9 192.0.2.10 80", "allowed")],
    );
}

/// Kubernetes documentation, "Service Internal Traffic Policy" and "External traffic policy".
#[test]
fn a_node_without_an_endpoint_drops_what_comes_from_outside() {
    let local = service("", "type: NodePort, externalTrafficPolicy: Local", "");
    rows(
        &local,
        &[
            ("203.0.113.7 node:n1 30080", "depends on "),
            ("203.0.113.7 node:n2 30080", "denied"),
        ],
    );
    let cluster = service("", "type: NodePort", "");
    rows(&cluster, &[("203.0.113.7 node:n2 30080", "depends on ")]);
}

/// A client comes in by a balancer of its own family.
#[test]
fn a_service_of_one_family_lets_in_that_family() {
    let given = "status: { loadBalancer: { ingress: [{ ip: '2001:db8::80' }] } }";
    let spec = "type: LoadBalancer, ipFamilies: [IPv6], clusterIP: 'fd01::5', externalTrafficPolicy: Local";
    let text = service("", spec, given);
    rows(
        &text,
        &[(
            "8.8.8.8 shop/web 8080",
            "depends on whether addresses outside",
        )],
    );
}

/// A Gateway of one listener, the program that serves it behind a load balancer, and a service.
fn gateway(listener: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{ name: g, namespace: shop }}\n\
         spec: {{ gatewayClassName: c, listeners: [{{ name: l, port: 80, {listener} }}] }}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{ name: controller, namespace: ingress, labels: {{ app: c }} }}\n\
         spec: {{ nodeName: n1, containers: [{{ name: c, image: registry.k8s.io/ingress-nginx/controller:v1 }}] }}\n\
         status: {{ phase: Running, podIP: 10.0.0.9 }}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{ name: front, namespace: ingress }}\n\
         spec: {{ type: LoadBalancer, selector: {{ app: c }}, ports: [{{ port: 80 }}] }}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{ name: web, namespace: shop }}\n\
         spec: {{ selector: {{ app: web }}, ports: [{{ port: 80, targetPort: 8080 }}] }}\n---\n"
    )
}

/// gateway-api `Listener` (name, port, protocol, hostname), `ParentReference` and `BackendRef.weight`.
#[test]
fn a_route_needs_a_listener_that_takes_it() {
    let route = |kind: &str, parent: &str, hosts: &str, backend: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{ name: r, namespace: shop }}\n\
             spec: {{ parentRefs: [{{ {parent} }}], hostnames: [{hosts}], rules: [{{ backendRefs: \
             [{{ name: web, port: 80, {backend} }}] }}] }}\n---\n"
        )
    };
    let http = "protocol: HTTP";
    let hosted = "protocol: HTTPS, hostname: '*.example.com'";
    let none = "depends on whether addresses outside the cluster reach pod `shop/web` directly";
    let table = [
        (http, route("HTTPRoute", "name: g", "", ""), "allowed"),
        (
            http,
            route("HTTPRoute", "name: g, sectionName: l, port: 80", "", ""),
            "allowed",
        ),
        (
            http,
            route("HTTPRoute", "name: g, sectionName: other", "", ""),
            none,
        ),
        (http, route("HTTPRoute", "name: g, port: 81", "", ""), none),
        (
            http,
            route("HTTPRoute", "name: other", "", ""),
            "depends on whether a Gateway takes",
        ),
        (http, route("HTTPRoute", "name: g", "", "weight: 0"), none),
        (
            http,
            route("HTTPRoute", "name: g", "", "weight: 1"),
            "allowed",
        ),
        ("protocol: TCP", route("HTTPRoute", "name: g", "", ""), none),
        (
            "protocol: TCP",
            route("TCPRoute", "name: g", "", ""),
            "allowed",
        ),
        (
            hosted,
            route("HTTPRoute", "name: g", "a.example.com", ""),
            "allowed",
        ),
        (
            hosted,
            route("HTTPRoute", "name: g", "a.example.org", ""),
            none,
        ),
        (
            hosted,
            route("HTTPRoute", "name: g", "'*.com'", ""),
            "allowed",
        ),
    ];
    for (listener, route, wanted) in table {
        let text = format!("{}{route}", gateway(listener));
        rows(&text, &[("world shop/web 8080", wanted)]);
    }
}
