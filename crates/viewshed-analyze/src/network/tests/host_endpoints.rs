//! Calico's host endpoints, by what tigera/docs say of them: "Protect hosts", "Apply policy to forwarded
//! traffic", "Apply Calico policy to Kubernetes node ports", the references of `HostEndpoint` and of Felix'
//! configuration.

use viewshed_model::ReachVerdict;

use super::{check, cluster_of_yaml, node, pod};
use crate::network::{Cni, NetworkIndex};

/// Two nodes; `a/web` and `a/own` on `n1`, `b/far` on `n2`; a service with a port of every node; what pods
/// send to their own node is accepted, as in all shipped manifests.
fn estate() -> String {
    [
        &node("n1", "{}", "192.168.0.1"),
        &node("n2", "{}", "192.168.0.2"),
        &pod("a/web", "n1", "{ app: web }", ("10.0.1.1", "[]")),
        &pod("a/own", "n1", "{}", ("10.0.1.2", "[]")),
        &pod("b/far", "n2", "{}", ("10.0.2.2", "[]")),
        SERVICE_AND_FELIX,
    ]
    .concat()
}

const SERVICE_AND_FELIX: &str = "\
apiVersion: v1
kind: Service
metadata: { name: np, namespace: a }
spec: { type: NodePort, selector: { app: web }, clusterIP: 10.96.0.9, clusterIPs: [10.96.0.9], ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: { name: default }
spec: { defaultEndpointToHostAction: Accept }
---
";

fn endpoint(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {{ name: {name}, labels: {{ host: endpoint }} }}\nspec: {spec}\n---\n"
    )
}

fn policy(spec: &str) -> String {
    format!(
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {{ name: h }}\nspec: {{ selector: \"has(host)\", {spec} }}\n---\n"
    )
}

fn with(objects: &[String], rows: &[(&str, &str)]) {
    let cluster = cluster_of_yaml(&(estate() + &objects.concat()));
    check(&cluster, Some(Cni::Calico), rows);
}

fn wildcard(node: &str, address: &str) -> String {
    endpoint(
        node,
        &format!("{{ node: {node}, interfaceName: '*', expectedIPs: [{address}] }}"),
    )
}

/// "Ingress policy on HEP eth0 affects connections 1 and 2" (to a workload, and passing through); without
/// `applyOnForward` those "are unaffected".
#[test]
fn forwarded_traffic_is_decided_by_policies_that_apply_on_forward() {
    let rules = "order: 1, types: [Ingress], ingress: [{ action: Deny, source: { nets: [10.0.2.0/24, 8.8.8.0/24] } }, { action: Allow }]";
    let node = wildcard("n1", "192.168.0.1");
    let forwarding = policy(&format!("applyOnForward: true, {rules}"));
    let rows = [
        ("b/far a/web 80", "denied"),
        ("8.8.8.8 a/web 80", "denied"),
        ("b/far node:n1 10250", "denied"),
        // Its source is another.
        ("node:n2 a/web 80", "allowed"),
        ("a/own a/web 80", "allowed"),
        ("a/web b/far 80", "allowed"),
    ];
    with(&[node.clone(), forwarding], &rows);
    let rows = [
        ("b/far a/web 80", "allowed"),
        ("b/far node:n1 10250", "denied"),
    ];
    with(&[node, policy(rules)], &rows);
}

/// "If no applyOnForward policy selects the HEP and direction, then forwarded traffic is allowed", else
/// what none of them allows is denied; the wildcard also means the interfaces of the node's pods.
#[test]
fn the_default_of_forwarded_traffic_is_by_direction() {
    let egress = policy(
        "applyOnForward: true, types: [Egress], egress: [{ action: Allow, protocol: TCP, destination: { ports: [443] } }]",
    );
    let rows = [
        ("a/web b/far 443", "allowed"),
        ("a/web b/far 80", "denied"),
        ("b/far a/web 443", "allowed"),
        // Out by the interface of the pod.
        ("b/far a/web 80", "denied"),
        ("a/own a/web 80", "denied"),
        // Nothing is passed on.
        ("a/web node:n1 10250", "allowed"),
        ("node:n1 a/web 80", "allowed"),
    ];
    with(&[wildcard("n1", "192.168.0.1"), egress.clone()], &rows);
    let named = endpoint(
        "n1",
        "{ node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1] }",
    );
    let rows = [
        ("a/own a/web 80", "allowed"),
        ("a/web b/far 443", "allowed"),
        (
            "a/web b/far 80",
            "depends on by which interface of node `n1`",
        ),
    ];
    with(&[named, egress], &rows);
}

/// "Apply Calico policy to Kubernetes node ports": `preDNAT` sees the node's port, before it becomes the
/// pod's; nothing else of the connection is touched.
#[test]
fn ports_of_nodes_are_closed_before_translation() {
    let closing = policy(
        "preDNAT: true, applyOnForward: true, order: 1, types: [Ingress], ingress: [{ action: Deny, protocol: TCP, destination: { ports: ['30000:32767'] } }]",
    );
    let nodes = [wildcard("n1", "192.168.0.1"), wildcard("n2", "192.168.0.2")];
    let mut objects = nodes.to_vec();
    objects.push(closing);
    let open = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: open }\nspec: { selector: \"has(host)\", order: 2, types: [Ingress, Egress], ingress: [{ action: Allow }], egress: [{ action: Allow }] }\n---\n";
    objects.push(open.to_owned());
    let rows = [
        ("world node:n1 30080", "denied"),
        ("8.8.8.8 192.168.0.1 30080", "denied"),
        ("b/far 192.168.0.1 30080", "denied"),
        // The interfaces of the node's own pods are guarded too.
        ("a/own node:n1 30080", "denied"),
        ("b/far service:a/np 80", "allowed"),
        ("b/far a/web 8080", "allowed"),
        ("b/far node:n1 10250", "allowed"),
    ];
    with(&objects, &rows);
}

/// `interfaceName`: "the specific interface on which to apply policy".
#[test]
fn an_endpoint_guards_its_own_interface() {
    let closed = policy("types: [Ingress]");
    let storage = endpoint(
        "n1",
        "{ node: n1, interfaceName: eth1, expectedIPs: [172.16.0.1] }",
    );
    let rows = [
        ("b/far 192.168.0.1 10250", "allowed"),
        ("b/far node:n1 10250", "allowed"),
        ("b/far 172.16.0.1 10250", "denied"),
    ];
    with(&[storage.clone(), closed.clone()], &rows);
    // "If no policy selects the HEP and direction, then local traffic is denied."
    with(&[storage], &rows);
    let somewhere = endpoint("n1", "{ node: n1, interfaceName: eth0 }");
    let rows = [
        (
            "b/far node:n1 10250",
            "depends on by which interface of node `n1`",
        ),
        // A failsafe port is open on either.
        ("b/far node:n1 22", "allowed"),
    ];
    with(&[somewhere, closed], &rows);
    // Two endpoints of one node, each with its policies.
    let two = [
        endpoint(
            "n1",
            "{ node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1], profiles: [projectcalico-default-allow] }",
        ),
        endpoint(
            "n1-storage",
            "{ node: n1, interfaceName: eth1, expectedIPs: [172.16.0.1] }",
        ),
    ];
    let rows = [
        ("b/far 192.168.0.1 10250", "allowed"),
        ("b/far 172.16.0.1 10250", "denied"),
    ];
    with(&two, &rows);
}

/// Felix' `DefaultEndpointToHostAction`: "Use ACCEPT to unconditionally accept packets from workloads after
/// processing workload endpoint egress policy".
#[test]
fn pods_reach_their_own_node_past_its_host_endpoint() {
    let closed = policy("types: [Ingress]");
    for interface in ["eth0", "'*'"] {
        let node = endpoint(
            "n1",
            &format!("{{ node: n1, interfaceName: {interface}, expectedIPs: [192.168.0.1] }}"),
        );
        let rows = [
            ("a/web node:n1 10250", "allowed"),
            ("b/far node:n1 10250", "denied"),
        ];
        with(&[node, closed.clone()], &rows);
    }
}

/// `HostEndpoint`, `profiles`: "a list of profile identifiers to apply to the endpoint", after all tiers.
#[test]
fn profiles_decide_what_no_policy_decides() {
    let profile = "apiVersion: projectcalico.org/v3\nkind: Profile\nmetadata: { name: mine }\nspec: { ingress: [{ action: Allow, protocol: TCP, destination: { ports: [10250] } }], egress: [{ action: Allow }] }\n---\n";
    let node = endpoint("n1", "{ node: n1, interfaceName: '*', profiles: [mine] }");
    let rows = [
        ("b/far node:n1 10250", "allowed"),
        ("b/far node:n1 9100", "denied"),
        ("node:n1 b/far 80", "allowed"),
    ];
    with(&[node.clone(), profile.to_owned()], &rows);
    let rows = [(
        "b/far node:n1 10250",
        "depends on the rules of the profiles `mine`, which are not in the estate",
    )];
    with(&[node], &rows);
}

/// All pairs and all sources say what single answers say: the tables alone do not know the nodes on the way.
#[test]
fn all_pairs_know_the_nodes_on_the_way() {
    let closing = policy(
        "applyOnForward: true, types: [Ingress], ingress: [{ action: Allow, source: { nets: [192.168.0.0/24] } }]",
    );
    let objects = format!("{}{}{closing}", estate(), wildcard("n1", "192.168.0.1"));
    let cluster = cluster_of_yaml(&objects);
    let index = NetworkIndex::new(&cluster, Some(Cni::Calico));
    let matrix = index.matrix().expect("it is small");
    let end = |wanted: &str| {
        let found = matrix.ends.iter().position(|end| end.name == wanted);
        u32::try_from(found.expect("the end is there")).expect("it is small")
    };
    let open = |from: &str, to: &str| {
        let (from, to) = (end(from), end(to));
        let cell = matrix
            .cells
            .iter()
            .find(|cell| (cell.from, cell.to) == (from, to));
        cell.is_some_and(|cell| !cell.allowed.is_empty())
    };
    assert!(!open("far", "web"), "it comes from no node");
    // The wildcard means the interfaces of the node's pods as well.
    assert!(!open("web", "far"));
    assert!(open("n2", "web"));
    assert!(open("n2", "far"));
    // Sums go by the policies of pods alone.
    assert!(index.pair_sums().iter().all(|sum| sum.allowed == 0));
    let sources = index.sources(&"a/web".parse().expect("a place"), Some(80), None);
    let sources = sources.expect("the place is there").sources;
    let verdict = |name: &str| {
        let source = sources.iter().find(|source| source.name == name);
        source.expect("the source is there").verdict
    };
    assert_eq!(verdict("far"), ReachVerdict::Denied);
    assert_eq!(verdict("n2"), ReachVerdict::Allowed);
}

/// tigera/docs "Felix configuration": an object `node.NAME` holds what differs for one node.
#[test]
fn settings_of_single_nodes_are_not_passed_over() {
    let own = "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: { name: node.n1 }\nspec: { defaultEndpointToHostAction: Drop }\n---\n";
    let rows = [(
        "a/web node:n1 10250",
        "depends on Calico's setting `DefaultEndpointToHostAction`",
    )];
    with(&[own.to_owned()], &rows);
}

/// tigera/docs "Felix configuration": `node.NAME` comes before `default`, a variable before both;
/// projectcalico/calico `felix/config/port_list.go`.
#[test]
fn failsafe_ports_of_single_nodes_and_of_variables() {
    let closed = policy("types: [Ingress]");
    let hosts = ["n1", "n2"].map(|node| {
        let address = if node == "n1" {
            "192.168.0.1"
        } else {
            "192.168.0.2"
        };
        endpoint(
            node,
            &format!("{{ node: {node}, interfaceName: '*', expectedIPs: [{address}] }}"),
        )
    });
    let own = "apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: { name: node.n1 }\n\
         spec: { failsafeInboundHostPorts: [{ protocol: tcp, port: 6443, net: 10.0.2.2/32 }] }\n---\n";
    let of_containers = |value: &str| {
        format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{ name: calico-node, namespace: kube-system }}\n\
             spec: {{ selector: {{}}, template: {{ metadata: {{}}, spec: {{ containers: [{{ name: calico-node, image: 'docker.io/calico/node:v3.28.0', \
             env: [{{ name: FELIX_FAILSAFEINBOUNDHOSTPORTS, value: '{value}' }}] }}] }} }} }}\n---\n"
        )
    };
    let objects = |more: &[String]| [&hosts[..], std::slice::from_ref(&closed), more].concat();
    let rows = [
        ("b/far node:n1 22", "denied"),
        ("b/far node:n1 6443", "allowed"),
        ("node:n2 node:n1 6443", "denied"),
        ("a/web node:n2 22", "allowed"),
    ];
    with(&objects(&[own.to_owned()]), &rows);
    let variable = of_containers("tcp:23,udp:0.0.0.0/0:68,tcp:10.0.0.0/8:2379,24");
    let rows = [
        ("b/far node:n1 6443", "denied"),
        ("b/far node:n1 23", "allowed"),
        ("b/far node:n1 24", "allowed"),
        ("b/far node:n1 2379", "allowed"),
        ("node:n2 node:n1 2379", "denied"),
        ("b/far node:n1 68/UDP", "allowed"),
    ];
    with(&objects(&[own.to_owned(), variable]), &rows);
    let rows = [("b/far node:n1 22", "denied")];
    with(&objects(&[of_containers("none")]), &rows);
}

/// `HostEndpoint`, `expectedIPs`: "the expected IP addresses of the interface"; addresses of another family
/// normally are on the same interface, and nothing says so.
#[test]
fn addresses_of_one_family_say_nothing_of_the_other() {
    let estate = estate().replace(
        "address: 192.168.0.1 }",
        "address: 192.168.0.1 }, { type: InternalIP, address: 'fd10::1' }",
    );
    let estate = estate.replace("{ ip: 10.0.2.2 }", "{ ip: 10.0.2.2 }, { ip: 'fd00::22' }");
    let guard = endpoint(
        "n1",
        "{ node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1] }",
    );
    let objects = format!("{estate}{guard}{}", policy("types: [Ingress]"));
    let rows = [
        ("b/far 192.168.0.1 10250", "denied"),
        (
            "b/far fd10::1 10250",
            "depends on by which interface of node `n1`",
        ),
    ];
    check(&cluster_of_yaml(&objects), Some(Cni::Calico), &rows);
}

/// What a load balancer sends arrives at a node for the balancer's address, or for the port that every node opens,
/// as the provider likes; `preDNAT` sees either before it becomes the pod's.
#[test]
fn balancers_send_to_nodes_before_translation() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: { name: lb, namespace: a }\n\
         spec: { type: LoadBalancer, externalTrafficPolicy: Local, selector: { app: web }, clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], \
         ports: [{ port: 80, targetPort: 8080, nodePort: 30081 }] }\n\
         status: { loadBalancer: { ingress: [{ ip: 203.0.113.80 }] } }\n---\n";
    let open = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: open }\n\
         spec: { selector: has(host), order: 2, types: [Ingress, Egress], ingress: [{ action: Allow }], \
         egress: [{ action: Allow }] }\n---\n";
    let rows = |ingress: &str, wanted: &str, other: &str| {
        let objects = [
            service.to_owned(),
            wildcard("n1", "192.168.0.1"),
            wildcard("n2", "192.168.0.2"),
            policy(&format!(
                "preDNAT: true, applyOnForward: true, order: 1, types: [Ingress], ingress: [{ingress}]"
            )),
            open.to_owned(),
        ];
        with(
            &objects,
            &[
                ("8.8.8.8 203.0.113.80 80", wanted),
                ("9.9.9.9 203.0.113.80 80", other),
            ],
        );
    };
    let deny = |rest: &str| format!("{{ action: Deny, {rest} }}");
    let where_to = "depends on whether connections to the load balancer of service `a/lb` come in at its own address";
    let ports = "protocol: TCP, destination: { ports: ['30000:32767'] }";
    rows(&deny(ports), where_to, where_to);
    rows(
        &deny("destination: { nets: [203.0.113.80/32] }"),
        where_to,
        where_to,
    );
    rows("{ action: Deny }", "denied", "denied");
    rows(&deny("source: { nets: [9.9.9.0/24] }"), "allowed", "denied");
}
