//! Which of a place's addresses a connection goes to, and what stands behind the addresses of services.

use super::{check, cluster_of_yaml, node, pod, verdict};
use crate::network::{Cni, NetworkIndex};

/// A pod with an address in each family.
fn dual(place: &str, labels: &str, (v4, v6): (&str, &str)) -> String {
    let one = pod(place, "n1", labels, (v4, "[]"));
    one.replace(
        &format!("podIPs: [{{ ip: {v4} }}]"),
        &format!("podIPs: [{{ ip: {v4} }}, {{ ip: '{v6}' }}]"),
    )
}

fn policy(namespace: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
         metadata: {{ name: only, namespace: {namespace} }}\nspec: {{ {spec} }}\n---\n"
    )
}

fn service(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name}, namespace: a }}\n\
         spec: {{ selector: {{ app: web }}, {spec} }}\n---\n"
    )
}

/// `NetworkPolicyPeer.ipBlock` is about single addresses (kubernetes/kubernetes
/// `staging/src/k8s.io/api/networking/v1/types.go`).
#[test]
fn an_address_is_judged_in_its_own_family() {
    let text = [
        dual("a/web", "{ app: web }", ("10.0.0.1", "fd00::1")),
        dual("b/cli", "{}", ("10.0.0.2", "fd00::2")),
        policy(
            "b",
            "podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 'fd00::/64' } }] }]",
        ),
        service(
            "six",
            "clusterIP: 'fd01::5', clusterIPs: ['fd01::5'], ports: [{ port: 80 }]",
        ),
        service(
            "four",
            "clusterIP: 10.96.0.5, clusterIPs: [10.96.0.5], ports: [{ port: 80 }]",
        ),
        service(
            "both",
            "clusterIP: 10.96.0.6, clusterIPs: [10.96.0.6, 'fd01::6'], ports: [{ port: 80 }]",
        ),
    ];
    let rows = [
        ("b/cli a/web 80", "allowed"),
        ("b/cli 10.0.0.1 80", "denied"),
        // The same address, in the form of IPv6.
        ("b/cli ::ffff:10.0.0.1 80", "denied"),
        ("b/cli fd00::1 80", "allowed"),
        ("b/cli service:a/six 80", "allowed"),
        ("b/cli service:a/four 80", "denied"),
        ("b/cli service:a/both 80", "allowed"),
        ("b/cli 10.96.0.6 80", "denied"),
        ("b/cli fd01::6 80", "allowed"),
    ];
    check(&cluster_of_yaml(&text.concat()), Some(Cni::Generic), &rows);
}

/// Kubernetes gives addresses of ended pods out again.
#[test]
fn an_ended_pod_has_no_address() {
    let ended = pod("a/job", "n1", "{}", ("10.0.0.1", "[]")).replace("Running", "Succeeded");
    let text = [
        pod("a/web", "n1", "{}", ("10.0.0.1", "[]")),
        pod("b/cli", "n1", "{}", ("10.0.0.2", "[]")),
        ended,
    ];
    let cluster = cluster_of_yaml(&text.concat());
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    assert_eq!(verdict(&index, "b/cli 10.0.0.1 80"), "allowed");
    assert_eq!(index.gaps(), []);
}

#[test]
fn an_address_of_two_pods_is_a_gap_and_stands_for_both() {
    let text = [
        pod("a/web", "n1", "{}", ("10.0.0.1", "[]")),
        pod("b/clash", "n1", "{}", ("10.0.0.1", "[]")),
        pod("c/cli", "n1", "{}", ("10.0.0.2", "[]")),
        policy("a", "podSelector: {}"),
    ];
    let cluster = cluster_of_yaml(&text.concat());
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let got = verdict(&index, "c/cli 10.0.0.1 80");
    assert!(got.starts_with("depends on which pod is meant"), "{got}");
    let gaps = index.gaps();
    assert_eq!(
        gaps[0].detail,
        "`10.0.0.1` is said to be of pod `a/web` and of pod `b/clash`"
    );
}

/// <https://kubernetes.io/docs/concepts/services-networking/service/#headless-services>: no address, no
/// proxy; the name is that of the pods' addresses.
#[test]
fn a_headless_service_is_its_pods() {
    let text = [
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n1", "{}", ("10.0.0.2", "[]")),
        policy(
            "a",
            "podSelector: {}, ingress: [{ ports: [{ port: 8080 }] }]",
        ),
        service(
            "web",
            "clusterIP: None, clusterIPs: [None], ports: [{ port: 80, targetPort: 8080 }]",
        ),
    ];
    let rows = [
        ("b/cli service:a/web 80", "denied"),
        ("b/cli service:a/web 8080", "allowed"),
    ];
    check(&cluster_of_yaml(&text.concat()), Some(Cni::Generic), &rows);
}

/// A balancer's own address is not the port of a node
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer>).
#[test]
fn a_load_balancers_own_address_keeps_to_its_ranges() {
    let balancer = service(
        "lb",
        "type: LoadBalancer, clusterIP: 10.96.0.5, clusterIPs: [10.96.0.5], \
         loadBalancerSourceRanges: [198.51.100.0/24], ports: [{ port: 80, nodePort: 30080 }]",
    );
    let balancer = balancer.replace(
        "---",
        "status: { loadBalancer: { ingress: [{ ip: 203.0.113.5 }] } }\n---",
    );
    let text = [
        node("n1", "{}", "10.9.0.1"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n1", "{}", ("10.0.0.2", "[]")),
        balancer,
    ];
    let rows = [
        ("8.8.8.8 203.0.113.5 80", "denied"),
        ("198.51.100.9 203.0.113.5 80", "allowed"),
        ("8.8.8.8 node:n1 30080", "allowed"),
        // Nor is a cluster address one.
        (
            "198.51.100.9 10.96.0.5 80",
            "depends on whether the network outside routes addresses of services",
        ),
        // From inside, too (kubernetes/kubernetes `pkg/proxy/iptables/proxier.go`, `KUBE-FW`).
        ("b/cli 203.0.113.5 80", "denied"),
        ("b/cli service:a/lb 80", "allowed"),
    ];
    check(&cluster_of_yaml(&text.concat()), Some(Cni::Generic), &rows);
}

/// <https://kubernetes.io/docs/concepts/services-networking/service-traffic-policy/>
#[test]
fn a_local_service_keeps_to_the_clients_node() {
    let text = [
        node("n1", "{}", "10.9.0.1"),
        node("n2", "{}", "10.9.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/near", "n1", "{}", ("10.0.0.2", "[]")),
        pod("b/far", "n2", "{}", ("10.0.0.3", "[]")),
        service(
            "s",
            "clusterIP: 10.96.0.5, internalTrafficPolicy: Local, ports: [{ port: 80 }]",
        ),
    ];
    let rows = [
        ("b/near service:a/s 80", "allowed"),
        ("b/far service:a/s 80", "denied"),
        ("b/far 10.96.0.5 80", "denied"),
    ];
    check(&cluster_of_yaml(&text.concat()), Some(Cni::Generic), &rows);
}

/// kubernetes/kubernetes `pkg/api/v1/pod/util.go`, `FindPort`: init containers that go on running count,
/// the others do not.
#[test]
fn sidecars_have_named_ports() {
    let web = |policy: &str| {
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")).replace(
            "spec: {",
            &format!(
                "spec: {{ initContainers: [{{ name: side, image: example, {policy} \
                 ports: [{{ name: proxy, containerPort: 15000 }}] }}],"
            ),
        )
    };
    let rest = [
        pod("b/cli", "n1", "{}", ("10.0.0.2", "[]")),
        policy(
            "a",
            "podSelector: {}, ingress: [{ ports: [{ port: proxy }] }]",
        ),
        service(
            "s",
            "clusterIP: 10.96.0.5, ports: [{ port: 80, targetPort: proxy }]",
        ),
    ]
    .concat();
    let sidecar = format!("{}{rest}", web("restartPolicy: Always,"));
    let rows = [
        ("b/cli a/web 15000", "allowed"),
        ("b/cli service:a/s 80", "allowed"),
    ];
    check(&cluster_of_yaml(&sidecar), Some(Cni::Generic), &rows);
    let plain = format!("{}{rest}", web(""));
    let rows = [
        ("b/cli a/web 15000", "denied"),
        ("b/cli service:a/s 80", "denied"),
    ];
    check(&cluster_of_yaml(&plain), Some(Cni::Generic), &rows);
}

/// containernetworking/plugins `plugins/meta/portmap`: the port leads into the pod, whose policies apply;
/// Kubernetes API, `ContainerPort.hostIP`: the address that it is bound to.
#[test]
fn ports_that_containers_take_of_nodes_lead_into_them() {
    let estate = |host: &str| {
        let ports = format!("[{{ containerPort: 80, hostPort: 8888 {host} }}]");
        [
            node("n1", "{}", "10.9.0.1"),
            node("n2", "{}", "10.9.0.2"),
            pod("a/hp", "n1", "{}", ("10.0.0.1", &ports)),
            pod("b/cli", "n2", "{}", ("10.0.0.2", "[]")),
            policy(
                "a",
                "podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }]",
            ),
        ]
        .concat()
    };
    let rows = [
        ("b/cli node:n1 8888", "denied"),
        ("b/cli node:n2 8888", "allowed"),
        ("b/cli node:n1 8889", "allowed"),
    ];
    check(&cluster_of_yaml(&estate("")), Some(Cni::KubeRouter), &rows);
    let open = estate(", hostIP: 127.0.0.1").replace("from: [{ podSelector: {} }]", "");
    let rows = [(
        "world a/hp 80",
        "depends on whether addresses outside the cluster reach pod `a/hp` directly",
    )];
    check(&cluster_of_yaml(&open), Some(Cni::KubeRouter), &rows);
}

/// <https://kubernetes.io/docs/tutorials/services/source-ip/>: packets to a port of another node arrive
/// with the address of that node.
#[test]
fn ports_of_nodes_hide_the_pod_that_asks() {
    let text = [
        node("n1", "{}", "10.9.0.1"),
        node("n2", "{}", "10.9.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n2", "{}", ("10.0.0.2", "[]")),
        policy(
            "a",
            "podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }]",
        ),
        service(
            "np",
            "type: NodePort, clusterIP: 10.96.0.5, ports: [{ port: 80, nodePort: 30080 }]",
        ),
    ];
    let cluster = cluster_of_yaml(&text.concat());
    let unsure = "depends on whether endpoints of service `a/np` see the address of pod `b/cli` or of node `n1`";
    // By n2 both are strangers to the endpoint.
    let rows = [
        ("b/cli node:n1 30080", unsure),
        ("b/cli node:n2 30080", "denied"),
    ];
    check(&cluster, Some(Cni::KubeRouter), &rows);
    // Its sockets are connected to the endpoint itself.
    check(
        &cluster,
        Some(Cni::Cilium),
        &[("b/cli node:n1 30080", "denied")],
    );
}

/// RFC 4038, section 4.2: such an address stands for the IPv4 one; RFC 1122, section 3.2.1.3: the loopback
/// address "MUST NOT appear outside a host".
#[test]
fn mapped_and_loopback_addresses() {
    let closed = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { podSelector: {}, policyTypes: [Ingress, Egress], egress: [{ to: [{ ipBlock: { cidr: '::/0' } }] }] }\n---\n";
    let pods = pod("a/web", "n1", "{}", ("10.0.0.1", "[]"))
        + &pod("b/cli", "n2", "{}", ("10.0.0.2", "[]"));
    let cluster = cluster_of_yaml(&format!("{pods}{closed}"));
    let rows = [
        ("b/cli ::ffff:10.0.0.1 80", "denied"),
        ("a/web ::ffff:169.254.169.254 80", "denied"),
        ("a/web 127.0.0.1 80", "allowed"),
        ("a/web ::1 80", "allowed"),
        ("a/web 127.0.0.1", "allowed"),
    ];
    check(&cluster, Some(Cni::Generic), &rows);
}

/// An address that a policy names and that is a pod's or a service's is no row of addresses outside.
#[test]
fn rows_of_addresses_are_those_of_nobody() {
    let named = "podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.2/32 } }, \
                 { ipBlock: { cidr: 10.96.0.5/32 } }, { ipBlock: { cidr: 192.0.2.0/24 } }] }]";
    let text = [
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/cli", "n2", "{}", ("10.0.0.2", "[]")),
        policy("a", named),
        service("s", "clusterIP: 10.96.0.5, ports: [{ port: 80 }]"),
    ];
    let cluster = cluster_of_yaml(&text.concat());
    let index = NetworkIndex::new(&cluster, Some(Cni::Calico));
    let ends = index.matrix().expect("it is small").ends;
    let outside: Vec<&str> = ends
        .iter()
        .flat_map(|end| &end.addresses)
        .map(String::as_str)
        .filter(|range| range.starts_with("10.0.0.2-") || range.starts_with("10.96.0.5-"))
        .collect();
    assert_eq!(outside, [""; 0]);
    let has_block = ends.iter().any(|end| end.name == "192.0.2.0-192.0.2.255");
    assert!(has_block, "{ends:#?}");
}
