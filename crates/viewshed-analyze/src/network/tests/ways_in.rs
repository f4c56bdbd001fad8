//! Who gets in from outside, by what publishes a pod.

use super::{ask, check, cluster_of_yaml, node, pod};
use crate::network::{Cni, NetworkIndex};

/// What `web` and `api` of `shop` take.
const POLICIES: &str = r"
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, ingress: [{ ports: [{ port: 8080 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec: { podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ podSelector: {} }] }] }
---
";

/// Pods of `shop` that are published in every way. `web` lets in everybody on 8080, `api` only pods of its
/// namespace.
fn estate(more: &str) -> String {
    let hosted = "[{ containerPort: 53, hostPort: 5353, protocol: UDP }]";
    [
        node("n1", "{}", "10.9.0.1"),
        pod("shop/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("shop/api", "n1", "{ app: api }", ("10.0.0.2", "[]")),
        pod("shop/hosted", "n1", "{ app: hosted }", ("10.0.0.3", hosted)),
        POLICIES.to_owned(),
        more.to_owned(),
    ]
    .concat()
}

fn service(name: &str, app: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name}, namespace: shop }}\n\
         spec: {{ selector: {{ app: {app} }}, ports: [{{ port: 80, targetPort: 8080 }}], {spec} }}\n---\n"
    )
}

/// `kube-router` enforces the policies and keeps to the service proxy's addresses.
fn rows(text: &str, rows: &[(&str, &str)]) {
    check(&cluster_of_yaml(&estate(text)), Some(Cni::KubeRouter), rows);
}

const DIRECTLY: &str =
    "depends on whether addresses outside the cluster reach pod `shop/web` directly";

#[test]
fn a_pod_that_nothing_publishes_is_reached_only_where_its_address_is_routed() {
    rows(
        &service("web", "web", "type: ClusterIP"),
        &[
            ("world shop/web 8080", DIRECTLY),
            ("world shop/web 81", "denied"),
        ],
    );
}

#[test]
fn a_load_balancer_lets_in_whom_its_ranges_and_the_policies_let_in() {
    let open = service("web", "web", "type: LoadBalancer");
    rows(
        &open,
        &[
            ("world shop/web 8080", "allowed"),
            // The pod's port counts, not the service's.
            ("world shop/web 80", "denied"),
            ("198.51.100.7 shop/web 8080", "allowed"),
        ],
    );
    let ranged = service(
        "web",
        "web",
        "type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], allocateLoadBalancerNodePorts: false",
    );
    rows(
        &ranged,
        &[
            ("198.51.100.7 shop/web 8080", "allowed"),
            ("8.8.8.8 shop/web 8080", DIRECTLY),
            ("world shop/web 8080", "depends on the client's address"),
        ],
    );
}

/// With `externalTrafficPolicy: Cluster` the policies see a node, with `Local` the client; neither is a pod
/// of the namespace. A pod's own node always gets in, and any node may be the own one.
#[test]
fn policies_see_the_node_or_the_client() {
    let local = service(
        "api",
        "api",
        "type: LoadBalancer, externalTrafficPolicy: Local",
    );
    rows(&local, &[("world shop/api 8080", "denied")]);
    let cluster = service("api", "api", "type: LoadBalancer");
    rows(
        &cluster,
        &[(
            "world shop/api 8080",
            "depends on whether clients come in by node `n1`, which pod `shop/api` runs on",
        )],
    );
}

#[test]
fn ports_of_nodes_depend_on_what_stands_before_them() {
    let fact = "depends on whether addresses outside the cluster reach ports of its nodes";
    rows(
        &service("web", "web", "type: NodePort"),
        &[("world shop/web 8080", fact)],
    );
    rows("", &[("world shop/hosted 53/UDP", fact)]);
}

#[test]
fn external_addresses_are_public_or_depend_on_routes() {
    rows(
        &service("web", "web", "externalIPs: [203.0.113.9]"),
        &[("world shop/web 8080", "allowed")],
    );
    rows(
        &service("web", "web", "externalIPs: [10.77.0.9]"),
        &[(
            "world shop/web 8080",
            "depends on whether the network outside routes 10.77.0.9",
        )],
    );
}

const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: front, namespace: shop }\n\
     spec: { ingressClassName: nginx, rules: [{ host: shop.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: \
     { service: { name: web, port: { number: 80 } } } }] } }] }\n---\n";

const CONTROLLER: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: controller, namespace: ingress, labels: { app: controller } }\n\
     spec: { nodeName: n1, containers: [{ name: main, image: 'registry.k8s.io/ingress-nginx/controller:v1.12.0' }] }\n\
     status: { phase: Running, podIP: 10.0.0.9, podIPs: [{ ip: 10.0.0.9 }] }\n---\n\
     apiVersion: v1\nkind: Service\nmetadata: { name: controller, namespace: ingress }\n\
     spec: { type: LoadBalancer, selector: { app: controller }, ports: [{ port: 443 }] }\n---\n";

#[test]
fn an_ingress_lets_in_through_its_controller() {
    let web = service("web", "web", "type: ClusterIP");
    rows(
        &format!("{web}{INGRESS}"),
        &[(
            "world shop/web 8080",
            "depends on where the program runs that serves Ingress `shop/front`",
        )],
    );
    rows(
        &format!("{web}{INGRESS}{CONTROLLER}"),
        &[("world shop/web 8080", "allowed")],
    );
    // `api` takes connections from its own namespace only, so the controller is kept out.
    let api = service("web", "api", "type: ClusterIP");
    rows(
        &format!("{api}{INGRESS}{CONTROLLER}"),
        &[("world shop/api 8080", "denied")],
    );
}

const CLASSES: [(&str, &str); 3] = [
    ("nginx", "k8s.io/ingress-nginx"),
    ("haproxy", "haproxy.org/ingress-controller/haproxy"),
    ("cloud", "ingress.k8s.aws/alb"),
];

fn class(name: &str, annotation: &str) -> String {
    let controller = CLASSES.iter().find(|(known, _)| *known == name);
    let controller = controller.map_or("", |(_, controller)| *controller);
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\n\
         metadata: {{ name: {name}, annotations: {{ {annotation} }} }}\nspec: {{ controller: {controller} }}\n---\n"
    )
}

/// <https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class>, ingress-nginx user guide
/// "Multiple Ingress controllers".
#[test]
fn an_ingress_of_another_class_or_port_is_no_certain_way_in() {
    let web = service("web", "web", "type: ClusterIP");
    let of = |name: &str| INGRESS.replace("ingressClassName: nginx,", name);
    let default = "ingressclass.kubernetes.io/is-default-class: 'true'";
    let (nginx, haproxy) = (class("nginx", ""), class("haproxy", ""));
    let serves = "depends on whether pod `ingress/controller` serves Ingress `shop/front`";
    let runs = "depends on where the program runs that serves Ingress `shop/front`";
    let unnamed = CONTROLLER.replace("registry.k8s.io/ingress-nginx/controller", "skipper");
    let watching = CONTROLLER.replace(
        "controller:v1.12.0'",
        "controller:v1.12.0', args: [--watch-ingress-without-class=true]",
    );
    let told = CONTROLLER.replace(
        "controller:v1.12.0'",
        "controller:v1.12.0', args: [--controller-class=example.com/front]",
    );
    let annotated = INGRESS.replace("ingressClassName: nginx,", "").replace(
        "name: front,",
        "name: front, annotations: { kubernetes.io/ingress.class: nginx },",
    );
    let table = [
        // No class is in the files: they may be elsewhere.
        (
            of("ingressClassName: haproxy,"),
            CONTROLLER.to_owned(),
            serves,
        ),
        (annotated, CONTROLLER.to_owned(), "allowed"),
        // ingress-nginx leaves those without a class alone; of others it is not known.
        (of(""), CONTROLLER.to_owned(), DIRECTLY),
        (of(""), unnamed, serves),
        (of(""), watching, "allowed"),
        // The classes are there.
        (
            format!("{nginx}{INGRESS}"),
            CONTROLLER.to_owned(),
            "allowed",
        ),
        (
            format!("{nginx}{}", of("ingressClassName: haproxy,")),
            CONTROLLER.to_owned(),
            DIRECTLY,
        ),
        (
            format!("{nginx}{haproxy}{}", of("ingressClassName: haproxy,")),
            CONTROLLER.to_owned(),
            runs,
        ),
        (
            format!("{}{}", class("cloud", ""), of("ingressClassName: cloud,")),
            CONTROLLER.to_owned(),
            runs,
        ),
        (format!("{nginx}{INGRESS}"), told, runs),
        // Without a class, the default one is given when the manifest is applied.
        (
            format!("{}{}", class("nginx", default), of("")),
            CONTROLLER.to_owned(),
            "allowed",
        ),
    ];
    for (ingress, controller, wanted) in table {
        let text = format!("{web}{ingress}{controller}");
        rows(&text, &[("world shop/web 8080", wanted)]);
    }
    let elsewhere = INGRESS.replace("number: 80", "number: 81");
    rows(
        &format!("{web}{elsewhere}{CONTROLLER}"),
        &[("world shop/web 8080", DIRECTLY)],
    );
}

/// gateway-api `apis/v1/gateway_types.go`, `AllowedRoutes`, and `apis/v1beta1/referencegrant_types.go`.
#[test]
fn a_gateway_takes_routes_that_it_says_it_takes() {
    let gateway = |place: &str, from: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n\
             metadata: {{ name: g, namespace: {place} }}\n\
             spec: {{ gatewayClassName: c, listeners: [{{ name: l, port: 443, protocol: HTTPS, {from} }}] }}\n---\n"
        )
    };
    let route = |place: &str, parent: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n\
             metadata: {{ name: r, namespace: {place} }}\n\
             spec: {{ parentRefs: [{{ name: g, namespace: {parent} }}], rules: [{{ backendRefs: \
             [{{ name: web, namespace: shop, port: 80 }}] }}] }}\n---\n"
        )
    };
    let web = service("web", "web", "type: ClusterIP");
    let all = "allowedRoutes: { namespaces: { from: All } }";
    let selected = "allowedRoutes: { namespaces: { from: Selector } }";
    let grant = |to: &str, from: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\n\
             metadata: {{ name: grant, namespace: {to} }}\n\
             spec: {{ from: [{{ group: gateway.networking.k8s.io, {from}, namespace: other }}], \
             to: [{{ group: '', kind: Service }}] }}\n---\n"
        )
    };
    let named =
        grant("shop", "kind: HTTPRoute").replace("kind: Service", "kind: Service, name: api");
    let foreign = format!("{}{}", gateway("other", ""), route("other", "other"));
    let only = |kind: &str| format!("allowedRoutes: {{ kinds: [{{ kind: {kind} }}] }}");
    let of_mesh =
        route("shop", "shop").replace("{ name: g,", "{ group: '', kind: Service, name: web,");
    let of_set = of_mesh.replace("group: '', kind: Service", "kind: ListenerSet");
    let udp = route("shop", "shop").replace("HTTPRoute", "UDPRoute");
    let table = [
        (gateway("shop", ""), route("shop", "shop"), "allowed"),
        (
            gateway("shop", &only("HTTPRoute")),
            route("shop", "shop"),
            "allowed",
        ),
        (
            gateway("shop", &only("GRPCRoute")),
            route("shop", "shop"),
            DIRECTLY,
        ),
        // A route of a mesh is no way in, and one for UDP leads to no port of TCP.
        (gateway("shop", ""), of_mesh, DIRECTLY),
        (
            gateway("shop", ""),
            of_set,
            "depends on whether a Gateway takes HTTPRoute `shop/r`",
        ),
        (gateway("shop", "").replace("HTTPS", "UDP"), udp, DIRECTLY),
        (gateway("front", ""), route("shop", "front"), DIRECTLY),
        (gateway("front", all), route("shop", "front"), "allowed"),
        (
            gateway("front", selected),
            route("shop", "front"),
            "depends on whether a Gateway takes HTTPRoute `shop/r`",
        ),
        // Into another namespace, only where a grant of that namespace says so.
        (foreign.clone(), String::new(), DIRECTLY),
        (foreign.clone(), grant("shop", "kind: HTTPRoute"), "allowed"),
        (foreign.clone(), grant("shop", "kind: GRPCRoute"), DIRECTLY),
        (foreign.clone(), grant("other", "kind: HTTPRoute"), DIRECTLY),
        (foreign, named, DIRECTLY),
    ];
    for (gateway, route, wanted) in table {
        let text = format!("{web}{gateway}{route}{CONTROLLER}");
        rows(&text, &[("world shop/web 8080", wanted)]);
    }
}

/// gateway-api `HTTPRequestMirrorFilter`: mirrored requests are sent; `GatewaySpec.gatewayClassName`: of a class that
/// is missing among those of the estate nobody knows who serves it.
#[test]
fn mirrored_requests_come_in_and_classes_are_served() {
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: { name: g, namespace: shop }\n\
         spec: { gatewayClassName: c, listeners: [{ name: l, port: 80, protocol: HTTP }] }\n---\n";
    let route = |rule: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{ name: r, namespace: shop }}\n\
             spec: {{ parentRefs: [{{ name: g }}], rules: [{{ {rule} }}] }}\n---\n"
        )
    };
    let class = |name: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {{ name: {name} }}\n\
             spec: {{ controllerName: example.com/c }}\n---\n"
        )
    };
    let direct = "backendRefs: [{ name: web, port: 80 }]";
    let mirror = "filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: web, port: 80 } } }]";
    let of_backend = format!("backendRefs: [{{ name: none, port: 80, {mirror} }}]");
    let perhaps = "depends on whether a Gateway takes HTTPRoute `shop/r`";
    for (rule, class, wanted) in [
        (direct, String::new(), "allowed"),
        (direct, class("c"), "allowed"),
        (direct, class("d"), perhaps),
        (mirror, class("c"), "allowed"),
        (of_backend.as_str(), class("c"), "allowed"),
        (
            "backendRefs: [{ name: none, port: 80 }]",
            class("c"),
            DIRECTLY,
        ),
    ] {
        let web = service("web", "web", "type: ClusterIP");
        let text = format!("{web}{gateway}{class}{}{CONTROLLER}", route(rule));
        rows(&text, &[("world shop/web 8080", wanted)]);
    }
}

/// `kubectl apply` puts what names no namespace into one: the default, and the names in it refer to that.
#[test]
fn a_route_without_a_namespace_leads_to_its_neighbours() {
    let bare = |text: String| text.replace(", namespace: shop", "");
    let text = [
        node("n1", "{}", "10.9.0.1"),
        pod("default/web", "n1", "{ app: web }", ("10.0.0.1", "[]")).replace(", namespace: default", ""),
        bare(service("web", "web", "type: ClusterIP")),
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: { name: g }\n\
         spec: { gatewayClassName: c, listeners: [{ name: l, port: 80, protocol: HTTP }] }\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: r }\n\
         spec: { parentRefs: [{ name: g }], rules: [{ backendRefs: [{ name: web, port: 80 }] }] }\n---\n"
            .to_owned(),
        CONTROLLER.to_owned(),
    ];
    let cluster = cluster_of_yaml(&text.concat());
    check(
        &cluster,
        Some(Cni::KubeRouter),
        &[("world default/web 8080", "allowed")],
    );
}

/// The answer says what opens the way, and the policy that lets it through.
#[test]
fn the_way_that_opens_is_told() {
    let text = format!(
        "{}{}{INGRESS}{CONTROLLER}",
        service("web", "web", "type: LoadBalancer"),
        service("other", "web", "externalIPs: [203.0.113.9]")
    );
    let cluster = cluster_of_yaml(&estate(&text));
    let index = NetworkIndex::new(&cluster, Some(Cni::KubeRouter));
    let answer = ask(&index, "world shop/web");
    let ports: Vec<String> = answer.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["TCP 8080"]);
    let because: Vec<&str> = answer
        .because
        .iter()
        .map(|reason| reason.text.as_str())
        .collect();
    for wanted in [
        "service `shop/other` has the external addresses 203.0.113.9",
        "service `shop/web` of type LoadBalancer takes connections to TCP 80 from everywhere",
        "Ingress `shop/front` leads to it through pod `ingress/controller`",
    ] {
        assert!(because.contains(&wanted), "{because:#?}, not {wanted}");
    }
    assert!(
        answer.because.iter().any(|reason| reason
            .policy
            .as_ref()
            .is_some_and(|policy| policy.name == "web")),
        "{because:#?}"
    );
}
