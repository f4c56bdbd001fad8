//! What policies lean on and what leads to pods, where the server did not let it be listed: nothing is firm that an
//! object of the kind could change.

use viewshed_model::{Cluster, UnreadKind};

use super::{check, cluster_of_yaml, node, pod};
use crate::network::Cni;

const CALICO: &str = "crd.projectcalico.org";

fn without(text: &str, (group, kind): (&str, &str), read_namespaces: &[&str]) -> Cluster {
    let mut cluster = cluster_of_yaml(text);
    cluster.is_live = true;
    cluster.unread_kinds.push(UnreadKind {
        group: group.to_owned(),
        kind: kind.to_owned(),
        read_namespaces: read_namespaces
            .iter()
            .map(|&name| name.to_owned())
            .collect(),
    });
    cluster
}

fn places() -> String {
    [
        node("n1", "{}", "192.168.0.1"),
        node("n2", "{}", "192.168.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n2", "{ app: cli }", ("10.0.0.2", "[]")),
    ]
    .concat()
}

fn global(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: {CALICO}/v1\nkind: GlobalNetworkPolicy\nmetadata: {{ name: {name} }}\nspec: {{ {spec} }}\n---\n"
    )
}

/// Selectors of peers also select network sets, whose addresses are anybody's.
#[test]
fn sets_that_could_not_be_listed_may_have_any_address() {
    let policy = global(
        "default.g",
        "selector: app == 'cli', types: [Egress], egress: [{ action: Deny, destination: { selector: set == 'bad' } }, \
         { action: Allow }]",
    );
    let text = places() + &policy;
    let rows = [
        ("b/cli 9.9.9.9 80", "allowed"),
        ("b/cli a/web 80", "allowed"),
    ];
    check(&cluster_of_yaml(&text), Some(Cni::Calico), &rows);
    for kind in ["GlobalNetworkSet", "NetworkSet"] {
        let cluster = without(&text, (CALICO, kind), &[]);
        let unsure = format!("depends on the addresses of objects of kind `{kind}`");
        let rows = [("b/cli 9.9.9.9 80", unsure.as_str())];
        check(&cluster, Some(Cni::Calico), &rows);
        check(
            &cluster,
            Some(Cni::Generic),
            &[("b/cli 9.9.9.9 80", "allowed")],
        );
    }
}

/// A tier by its name alone may decide before all others; what it does not speak of is as it was.
#[test]
fn policies_of_a_tier_that_could_not_be_listed_may_come_first() {
    let early = global(
        "early.z",
        "tier: early, selector: app == 'web', types: [Ingress], ingress: [{ action: Deny, protocol: TCP, \
         destination: { ports: [9191] } }, { action: Pass }]",
    );
    let late = global(
        "default.allow",
        "selector: app == 'web', types: [Ingress], ingress: [{ action: Allow, protocol: TCP, destination: { ports: [9191, 80] } }]",
    );
    let tier = |order: u32| {
        format!(
            "apiVersion: {CALICO}/v1\nkind: Tier\nmetadata: {{ name: early }}\nspec: {{ order: {order} }}\n---\n"
        )
    };
    let text = places() + &early + &late;
    let first = cluster_of_yaml(&(text.clone() + &tier(10)));
    check(&first, Some(Cni::Calico), &[("b/cli a/web 9191", "denied")]);
    let last = cluster_of_yaml(&(text.clone() + &tier(2_000_000)));
    check(&last, Some(Cni::Calico), &[("b/cli a/web 9191", "allowed")]);
    for cluster in [
        without(&text, (CALICO, "Tier"), &[]),
        cluster_of_yaml(&text),
    ] {
        let rows = [
            ("b/cli a/web 9191", "depends on what the tier `early`"),
            ("a/web b/cli 9191", "allowed"),
        ];
        check(&cluster, Some(Cni::Calico), &rows);
    }
}

/// Nodes are open only where no host endpoint guards them.
#[test]
fn host_endpoints_that_could_not_be_listed_may_guard_every_node() {
    let cluster = without(&places(), (CALICO, "HostEndpoint"), &[]);
    let rows = [
        (
            "b/cli node:n1 8083",
            "depends on what objects of kind `HostEndpoint`",
        ),
        ("b/cli a/web 80", "allowed"),
    ];
    check(&cluster, Some(Cni::Calico), &rows);
    check(
        &cluster,
        Some(Cni::Generic),
        &[("b/cli node:n1 8083", "allowed")],
    );
}

/// An address inside may be a pod's that policies speak of; so may the endpoints of a service.
#[test]
fn pods_that_could_not_be_listed_may_have_an_address_inside() {
    let service = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{ name: lb, namespace: {namespace} }}\n\
             spec: {{ clusterIP: 10.96.0.9, clusterIPs: [10.96.0.9], selector: {{ app: web }}, ports: [{{ port: 80 }}] }}\n---\n"
        )
    };
    let slice = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: lb-1, namespace: c, labels: \
                 { kubernetes.io/service-name: lb } }\naddressType: IPv4\nendpoints: [{ addresses: [10.0.0.12] }]\n\
                 ports: [{ port: 80 }]\n---\n";
    let read = ["a", "b"];
    let whose = "depends on whose address `10.0.0.12` is";
    let cluster = without(&places(), ("", "Pod"), &read);
    let rows = [
        ("b/cli 10.0.0.12 9999", whose),
        ("10.0.0.12 b/cli 9999", whose),
        ("b/cli 8.8.8.8 9999", "allowed"),
        ("b/cli a/web 80", "allowed"),
        ("b/cli 10.0.0.1 80", "allowed"),
    ];
    check(&cluster, Some(Cni::Generic), &rows);
    for slice in ["", slice] {
        let cluster = without(&(places() + &service("c") + slice), ("", "Pod"), &read);
        let rows = [(
            "b/cli service:c/lb 80",
            "depends on the endpoints of service `c/lb`",
        )];
        check(&cluster, Some(Cni::Generic), &rows);
    }
    let cluster = without(&(places() + &service("a")), ("", "Pod"), &read);
    check(
        &cluster,
        Some(Cni::Generic),
        &[("b/cli service:a/lb 80", "allowed")],
    );
}

const ISOLATED: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: in, namespace: a }\n\
     spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: \
     { kubernetes.io/metadata.name: ingress-nginx } } }], ports: [{ port: 8085 }] }, \
     { from: [{ ipBlock: { cidr: 192.168.0.0/16 } }], ports: [{ port: 8083 }] }] }\n---\n";

/// Services, Ingresses and routes lead to pods as far as policies let their programs and the nodes in.
#[test]
fn ways_in_that_could_not_be_listed_may_be_there() {
    let program = pod("ingress-nginx/nginx", "n2", "{}", ("10.0.0.3", "[]")).replace(
        "image: example",
        "image: registry.k8s.io/ingress-nginx/controller:v1.12.0",
    );
    let text = places() + ISOLATED + &program;
    let denied = [
        ("8.8.8.8 a/web 8085", "denied"),
        ("8.8.8.8 a/web 8083", "denied"),
        ("8.8.8.8 a/web 8082", "denied"),
    ];
    check(&cluster_of_yaml(&text), Some(Cni::Generic), &denied);
    let unread = |group: &str, kind: &str| without(&text, (group, kind), &["b"]);
    let rows = [
        (
            "8.8.8.8 a/web 8085",
            "depends on which objects of kind `Ingress` lead to it",
        ),
        ("8.8.8.8 a/web 8083", "denied"),
        ("8.8.8.8 a/web 8082", "denied"),
    ];
    let cluster = unread("networking.k8s.io", "Ingress");
    check(&cluster, Some(Cni::Generic), &rows);
    let rows = [
        ("8.8.8.8 a/web 8085", "depends on which services lead to it"),
        ("8.8.8.8 a/web 8083", "depends on "),
        // A port of its own node would be a way in, past every policy.
        ("8.8.8.8 a/web 8082", "depends on which services lead to it"),
        (
            "b/cli 10.96.0.7 80",
            "depends on whose address `10.96.0.7` is",
        ),
        (
            "b/cli node:n1 30080",
            "depends on which services take ports of node `n1`",
        ),
        ("b/cli node:n1 10250", "allowed"),
    ];
    check(&unread("", "Service"), Some(Cni::Generic), &rows);
    let cluster = without(&text, ("", "Service"), &["a", "b"]);
    check(&cluster, Some(Cni::Generic), &denied);
}

/// Routes of OpenShift, Traefik, Contour, Istio and others, and ingress-nginx' own ConfigMaps, are not read.
#[test]
fn routes_that_are_not_read_may_lead_in() {
    let route = |version: &str, kind: &str, namespace: &str| {
        format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{ name: r, namespace: {namespace} }}\nspec: {{}}\n---\n"
        )
    };
    let base = places() + ISOLATED;
    for (version, kind) in [
        ("route.openshift.io/v1", "Route"),
        ("traefik.io/v1alpha1", "IngressRoute"),
        ("projectcontour.io/v1", "HTTPProxy"),
        ("networking.istio.io/v1", "VirtualService"),
    ] {
        let cluster = cluster_of_yaml(&(base.clone() + &route(version, kind, "a")));
        let unsure = format!("depends on what {kind} `a/r` leads to");
        let rows = [
            ("8.8.8.8 a/web 8082", unsure.as_str()),
            ("b/cli a/web 8082", "denied"),
        ];
        check(&cluster, Some(Cni::Generic), &rows);
    }
    let cluster = cluster_of_yaml(&(base.clone() + &route("route.openshift.io/v1", "Route", "b")));
    check(
        &cluster,
        Some(Cni::Generic),
        &[("8.8.8.8 a/web 8082", "denied")],
    );
    let program = pod("ing/nginx", "n2", "{}", ("10.0.0.3", "[]")).replace(
        "image: example",
        "image: example, args: ['--tcp-services-configmap=ing/tcp-services']",
    );
    let unsure =
        "depends on what the ConfigMap of `--tcp-services-configmap` of pod `ing/nginx` leads to";
    let cluster = cluster_of_yaml(&(base + &program));
    check(
        &cluster,
        Some(Cni::Generic),
        &[("8.8.8.8 a/web 8082", unsure)],
    );
}

/// A node that only pods speak of has the address of those on its network; another address inside may be a node's
/// where that makes a difference.
#[test]
fn nodes_that_the_estate_does_not_have_have_addresses() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 192.168.0.0/24 } }] }] }\n---\n";
    let host = pod("b/hn", "n2", "{}", ("192.168.0.2", "[]"))
        .replace("nodeName: n2,", "nodeName: n2, hostNetwork: true,");
    let text = pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")) + &host + policy;
    let cluster = cluster_of_yaml(&text);
    let rows = [
        ("a/web b/hn 80", "denied"),
        ("a/web 192.168.0.2 80", "denied"),
        (
            "a/web 192.168.0.3 80",
            "depends on whether address `192.168.0.3` is a node's",
        ),
        ("a/web 8.8.8.8 80", "denied"),
    ];
    check(&cluster, Some(Cni::Cilium), &rows);
    let rows = [
        ("a/web 192.168.0.2 80", "allowed"),
        ("a/web 192.168.0.3 80", "allowed"),
    ];
    check(&cluster, Some(Cni::Generic), &rows);
}

/// `status.hostIP` tells the address of a node that nothing else tells of (Kubernetes API, `PodStatus.hostIPs`).
#[test]
fn pods_tell_the_addresses_of_their_nodes() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 192.168.0.0/24 } }] }] }\n---\n";
    for told in ["hostIP: 192.168.0.3", "hostIPs: [{ ip: 192.168.0.3 }]"] {
        let other = pod("b/cli", "n3", "{}", ("10.0.0.3", "[]"));
        let other = other.replace("phase: Running,", &format!("phase: Running, {told},"));
        let text = pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")) + &other + policy;
        // Under Cilium blocks mean no nodes; where they do, the node is let through.
        let cluster = cluster_of_yaml(&text);
        check(
            &cluster,
            Some(Cni::Cilium),
            &[("a/web 192.168.0.3 80", "denied")],
        );
        let rows = [
            ("a/web 192.168.0.3 80", "allowed"),
            ("a/web node:n3 80", "allowed"),
        ];
        check(&cluster, Some(Cni::Generic), &rows);
        let rows = [(
            "a/web 192.168.0.4 80",
            "depends on whether address `192.168.0.4`",
        )];
        check(&cluster, Some(Cni::Cilium), &rows);
    }
}

/// Without `cilium-config` of a server that has it, whether Cilium enforces, and whether it closes every pod
/// (`enable-policy: never` and `always`), nobody knows.
#[test]
fn settings_that_could_not_be_read_may_say_anything() {
    let mut cluster = cluster_of_yaml(&(places() + ISOLATED));
    cluster.is_live = true;
    let rows = [("b/cli a/web 80", "denied"), ("a/web b/cli 80", "allowed")];
    check(&cluster, Some(Cni::Cilium), &rows);
    cluster.unread_kinds.push(UnreadKind::settings());
    let rows = [
        ("b/cli a/web 80", "depends on "),
        (
            "a/web b/cli 80",
            "depends on the settings in `cilium-config`, which could not be read",
        ),
    ];
    check(&cluster, Some(Cni::Cilium), &rows);
    let rows = [("b/cli a/web 80", "denied"), ("a/web b/cli 80", "allowed")];
    check(&cluster, Some(Cni::Generic), &rows);
}

/// A further interface of a pod is none of the cluster's network, and no policy of its plugin holds there.
#[test]
fn pods_that_share_a_further_network_may_reach_each_other_there() {
    let attached = |place: &str, address: &str, annotation: &str| {
        let text = pod(place, "n1", "{ app: web }", (address, "[]"));
        text.replace(
            "metadata: { ",
            &format!("metadata: {{ annotations: {{ {annotation} }}, "),
        )
    };
    let short = "k8s.v1.cni.cncf.io/networks: 'other/lan@net1, lab'";
    let long = r#"k8s.v1.cni.cncf.io/networks: '[{"name":"lan","namespace":"other","ips":["10.1.1.7/24"]}]'"#;
    let text = places()
        + &attached("a/one", "10.0.0.11", short)
        + &attached("b/two", "10.0.0.12", long)
        + &attached("b/lab", "10.0.0.13", "k8s.v1.cni.cncf.io/networks: lab")
        + ISOLATED;
    let lan =
        "depends on what network `other/lan` lets through, where network policies do not hold";
    let lab = "depends on what network `a/lab` lets through";
    let rows = [
        ("b/two a/one 80", lan),
        // `lab` is a network of each one's own namespace.
        ("b/lab a/one 80", "denied"),
        ("b/cli a/one 80", "denied"),
        ("b/two a/web 80", "denied"),
        ("8.8.8.8 a/one 80", lab),
        ("a/one b/two 80", "allowed"),
    ];
    check(&cluster_of_yaml(&text), Some(Cni::Generic), &rows);
}

/// A security group of single pods decides in the VPC, beside whatever enforces policies.
#[test]
fn security_groups_of_pods_are_what_answers_depend_on() {
    let group = "apiVersion: vpcresources.k8s.aws/v1beta1\nkind: SecurityGroupPolicy\n\
         metadata: { name: g, namespace: a }\nspec: { podSelector: {}, securityGroups: { groupIds: [sg-1] } }\n---\n";
    let cluster = cluster_of_yaml(&(places() + group));
    let unsure = "depends on what a policy of kind `SecurityGroupPolicy`";
    for cni in [Cni::AwsVpcCni, Cni::Calico, Cni::Unknown] {
        check(
            &cluster,
            Some(cni),
            &[("b/cli a/web 80", unsure), ("a/web b/cli 80", unsure)],
        );
    }
    check(
        &cluster,
        Some(Cni::Antrea),
        &[("b/cli a/web 80", "allowed")],
    );
}
