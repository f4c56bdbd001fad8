//! Names of services that stand for something else: `ExternalName`, headless services, endpoints that are not ready.

use super::{check, cluster_of_yaml, node, pod};
use crate::network::Cni;

fn places() -> String {
    [
        node("n1", "{}", "192.168.0.1"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n1", "{ app: cli }", ("10.0.0.2", "[]")),
    ]
    .concat()
}

fn service(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name}, namespace: a }}\nspec: {{ {spec} }}\n---\n"
    )
}

const WEB: &str = "clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }]";

fn named(name: &str, external: &str) -> String {
    service(
        name,
        &format!("type: ExternalName, externalName: {external}"),
    )
}

/// A DNS name is looked up, and its port is that of whatever it names (Kubernetes documentation, "Service",
/// "type: `ExternalName`").
#[test]
fn an_external_name_is_the_service_that_it_names() {
    let text = places()
        + &service("web", WEB)
        + &named("one", "web.a.svc.cluster.local")
        + &named("two", "one.a.svc.cluster.local.")
        + &named("round", "about.a.svc.cluster.local")
        + &named("about", "round.a.svc.cluster.local")
        + &named("gone", "nobody.a.svc.cluster.local")
        + &named("out", "example.com");
    let rows = [
        ("b/cli service:a/one 80", "allowed"),
        ("b/cli service:a/two 80", "allowed"),
        ("b/cli service:a/two 81", "denied"),
        ("b/cli service:a/round 80", "denied"),
        (
            "b/cli service:a/gone 80",
            "depends on which addresses service `a/gone` names",
        ),
        (
            "b/cli service:a/out 80",
            "depends on which addresses service `a/out` names",
        ),
    ];
    check(&cluster_of_yaml(&text), Some(Cni::Generic), &rows);
}

/// ingress-nginx and others resolve the name of a Service of type `ExternalName` behind an Ingress.
#[test]
fn an_ingress_may_follow_an_external_name() {
    let program = pod("ing/nginx", "n1", "{}", ("10.0.0.3", "[]")).replace(
        "image: example",
        "image: registry.k8s.io/ingress-nginx/controller:v1.12.0",
    );
    let ingress = |port: u16| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{ name: i, namespace: a }}\n\
             spec: {{ ingressClassName: nginx, rules: [{{ http: {{ paths: [{{ path: /, pathType: Prefix, backend: {{ service: {{ name: one, \
             port: {{ number: {port} }} }} }} }}] }} }}] }}\n---\n"
        )
    };
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: \
         { kubernetes.io/metadata.name: ing } } }] }] }\n---\n";
    let base = places()
        + &program
        + policy
        + &service("web", WEB)
        + &named("one", "web.a.svc.cluster.local");
    let unsure = "depends on how addresses outside the cluster reach pod `ing/nginx` and on whether the program that \
         serves Ingress `a/i` follows service `a/one` to another name";
    let cluster = cluster_of_yaml(&(base.clone() + &ingress(80)));
    let rows = [
        ("8.8.8.8 a/web 8080", unsure),
        ("8.8.8.8 a/web 8081", "denied"),
    ];
    check(&cluster, Some(Cni::Generic), &rows);
    let cluster = cluster_of_yaml(&(base + &ingress(81)));
    check(
        &cluster,
        Some(Cni::Generic),
        &[("8.8.8.8 a/web 8080", "denied")],
    );
}

/// DNS gives the pods of a headless service whatever its ports are, in the families of the service
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#headless-services>).
#[test]
fn a_headless_service_is_its_pods_in_its_families() {
    let both = |place: &str, four: &str, six: &str| {
        let text = pod(place, "n1", "{ app: web }", (four, "[]"));
        text.replace(
            &format!("podIPs: [{{ ip: {four} }}]"),
            &format!("podIPs: [{{ ip: {four} }}, {{ ip: '{six}' }}]"),
        )
    };
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: c }\n\
         spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }\n---\n";
    let text = both("a/web", "10.0.0.1", "fd00::1")
        + &both("c/cli", "10.0.0.2", "fd00::2")
        + &service(
            "nameless",
            "clusterIP: None, selector: { app: web }, ports: [{ port: 80, targetPort: nobody }]",
        )
        + &service(
            "six",
            "clusterIP: None, selector: { app: web }, ipFamilies: [IPv6], ports: [{ port: 80 }]",
        )
        + &service(
            "four",
            "clusterIP: None, selector: { app: web }, ipFamilies: [IPv4], ports: [{ port: 80 }]",
        )
        + policy;
    let rows = [
        ("c/cli service:a/nameless 8080", "allowed"),
        ("c/cli service:a/four 80", "allowed"),
        ("c/cli service:a/six 80", "denied"),
    ];
    check(&cluster_of_yaml(&text), Some(Cni::Generic), &rows);
}

/// The service proxy refuses connections to a service none of whose endpoints is ready (Kubernetes API,
/// `EndpointConditions`; not told counts as ready).
#[test]
fn endpoints_that_are_not_ready_are_no_sure_way() {
    let slice = |conditions: &str| {
        format!(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{ name: web-1, namespace: a, labels: \
             {{ kubernetes.io/service-name: web }} }}\naddressType: IPv4\nendpoints: [{{ addresses: [10.0.0.1], \
             conditions: {conditions} }}]\nports: [{{ port: 8080 }}]\n---\n"
        )
    };
    for (conditions, wanted) in [
        ("{ ready: true }", "allowed"),
        ("{}", "allowed"),
        (
            "{ ready: false }",
            "depends on whether an endpoint of service `a/web` becomes ready",
        ),
    ] {
        let text = places() + &service("web", WEB) + &slice(conditions);
        check(
            &cluster_of_yaml(&text),
            Some(Cni::Generic),
            &[("b/cli service:a/web 80", wanted)],
        );
    }
}
