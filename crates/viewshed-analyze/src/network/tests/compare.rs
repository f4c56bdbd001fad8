//! What a change of a cluster lets in from outside.

use viewshed_model::{EndKind, Place, ReachVerdict, Target};

use super::{ask, cluster_of_yaml, node, pod};
use crate::network::{Cni, NetworkIndex, gains, gains_from_outside};

fn estate(more: &str) -> String {
    let ports = "[{ containerPort: 8080 }]";
    [
        node("n1", "{}", "10.9.0.1"),
        node("n2", "{}", "10.9.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", ports)),
        more.to_owned(),
    ]
    .concat()
}

fn service(spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{ name: s, namespace: a }}\n\
         spec: {{ selector: {{ app: web }}, ports: [{{ port: 80, targetPort: 8080 }}], {spec} }}\n---\n"
    )
}

/// `SOURCE verb DESTINATIONS on PORTS`, what is gained and then what is lost.
fn changes(before: &str, after: &str, cni: Cni) -> [Vec<String>; 2] {
    let (before, after) = (cluster_of_yaml(before), cluster_of_yaml(after));
    let old = NetworkIndex::new(&before, Some(cni));
    let new = NetworkIndex::new(&after, Some(cni));
    [(&old, &new), (&new, &old)].map(|(old, new)| {
        let mut found = gains_from_outside(old, new);
        found.extend(gains(old, new).expect("it is small"));
        let told = found.into_iter().map(|gain| {
            let verb = if gain.is_certain {
                "reaches"
            } else {
                "may reach"
            };
            let ports: Vec<String> = gain.ports.iter().map(ToString::to_string).collect();
            let (to, ports) = (gain.to.join(", "), ports.join(", "));
            format!("{} {verb} {to} on {ports}", gain.from)
        });
        told.collect()
    })
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_load_balancer_is_a_gain_of_addresses_outside() {
    let [gained, lost] = changes(
        &estate(""),
        &estate(&service("type: LoadBalancer")),
        Cni::Calico,
    );
    assert_eq!(gained, ["outside the cluster reaches a/web on TCP 8080"]);
    assert_eq!(lost, NOTHING);
    // Also where the specification counts every pod's address as a way in.
    let [gained, _] = changes(
        &estate(""),
        &estate(&service("type: LoadBalancer")),
        Cni::Generic,
    );
    assert_eq!(gained, ["outside the cluster reaches a/web on TCP 8080"]);
}

#[test]
fn a_port_of_nodes_is_a_gain_that_hangs_on_the_network_before_them() {
    let [gained, lost] = changes(
        &estate(""),
        &estate(&service("type: NodePort")),
        Cni::Calico,
    );
    assert_eq!(gained, ["outside the cluster may reach a/web on TCP 8080"]);
    assert_eq!(lost, NOTHING);
}

#[test]
fn whom_a_load_balancer_lets_in_is_compared() {
    let ranged = "type: LoadBalancer, allocateLoadBalancerNodePorts: false, \
                  loadBalancerSourceRanges: [198.51.100.0/24]";
    let closed = estate(&service(ranged));
    let open = estate(&service("type: LoadBalancer"));
    let [gained, lost] = changes(&closed, &open, Cni::Calico);
    assert_eq!(gained, ["outside the cluster reaches a/web on TCP 8080"]);
    assert_eq!(lost, NOTHING);
    let moved = estate(&service(&ranged.replace("198.51.100", "203.0.113")));
    let [gained, lost] = changes(&closed, &moved, Cni::Calico);
    assert_eq!(gained, ["203.0.113.0/24 reaches a/web on TCP 8080"]);
    assert_eq!(lost, ["198.51.100.0/24 reaches a/web on TCP 8080"]);
}

/// What Calico does with packets to the pod's own node leaves the other nodes as they are.
#[test]
fn a_kubelet_is_reached_on_any_node() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                  metadata: { name: shut, namespace: c }\nspec: { podSelector: {} }\n---\n";
    let cluster = cluster_of_yaml(&estate(policy));
    let index = NetworkIndex::new(&cluster, Some(Cni::Calico));
    let kubelet = Place::Target(Target::Kubelet);
    let column = index.sources(&kubelet, None, None).expect("a place");
    let web = column.sources.iter().find(|one| one.name == "web");
    assert_eq!(web.expect("a source").verdict, ReachVerdict::Allowed);
    assert_eq!(ask(&index, "a/web kubelet").verdict, ReachVerdict::Allowed);
}

/// Pods of one workload that policies tell apart are rows of their own, by name.
#[test]
fn pods_that_differ_are_told_apart() {
    let of = |name: &str, labels: &str| {
        let owner = "ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: w, controller: true, uid: u }]";
        let text = pod(&format!("a/{name}"), "n1", labels, ("10.0.0.9", "[]"));
        let address = format!("10.0.0.{}", 10 + name.len());
        text.replace("10.0.0.9", &address)
            .replace("labels:", &format!("{owner}, labels:"))
    };
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                  metadata: { name: shut, namespace: a }\n\
                  spec: { podSelector: { matchLabels: { canary: yes } } }\n---\n";
    let policy = policy.replace("yes", "'1'");
    let text = [
        of("w-1", "{}"),
        of("w-10", "{}"),
        of("w-100", "{ canary: '1' }"),
        policy,
    ];
    let cluster = cluster_of_yaml(&text.concat());
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let matrix = index.matrix().expect("it is small");
    let names = matrix.ends.iter().filter(|end| end.kind == EndKind::Pods);
    let mut names: Vec<String> = names.map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["a/w (w-1 and 1 more)", "a/w (w-100)"]);
}

/// A node always reaches its own pods, so that policies that come and go change nothing for it.
#[test]
fn a_node_and_its_own_pods_are_no_change() {
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
                  metadata: { name: shut, namespace: a }\nspec: { podSelector: {} }\n---\n";
    let [gained, lost] = changes(&estate(""), &estate(policy), Cni::Generic);
    assert_eq!(gained, NOTHING);
    let all = "TCP 1-65535, UDP 1-65535, SCTP 1-65535, ICMP";
    assert_eq!(
        lost,
        [
            format!("outside the cluster reaches a/web on {all}"),
            format!("n2 reaches a/web on {all}"),
        ]
    );
}

fn policy(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
         metadata: {{ name: p, namespace: a }}\nspec: {{ podSelector: {{}}, {spec} }}\n---\n"
    )
}

/// Blocks are compared address by address, whatever other blocks the policies name. Whether addresses of pods
/// are routed outside is not in the estate, so that ways in stay uncertain.
#[test]
fn addresses_that_a_policy_adds_are_gained_and_no_others() {
    let out = |to: &str| policy(&format!("policyTypes: [Egress], egress: [{to}]"));
    let into = |from: &str| policy(&format!("policyTypes: [Ingress], ingress: [{from}]"));
    let block = |way: &str, cidr: &str, port: &str| {
        format!("{{ {way}: [{{ ipBlock: {{ cidr: '{cidr}' }} }}], ports: [{port}] }}")
    };
    let web = "{ port: 443 }";
    for (before, after, gained, lost) in [
        (
            out(&block("to", "203.0.113.0/25", web)),
            out(&block("to", "203.0.113.0/24", web)),
            vec!["a/web reaches 203.0.113.128/25 on TCP 443"],
            vec![],
        ),
        (
            out(&block("to", "203.0.113.0/24", web)),
            out(&block(
                "to",
                "203.0.113.0/24",
                "{ port: 443 }, { port: 22 }",
            )),
            vec!["a/web reaches 203.0.113.0/24 on TCP 22"],
            vec![],
        ),
        (
            into(&block("from", "203.0.113.0/25", web)),
            into(&block("from", "203.0.113.0/24", web)),
            vec!["203.0.113.128/25 may reach a/web on TCP 443"],
            vec![],
        ),
        (
            into(&block("from", "198.51.100.0/24", web)),
            into(&block("from", "203.0.113.0/24", web)),
            vec!["203.0.113.0/24 may reach a/web on TCP 443"],
            vec!["198.51.100.0/24 may reach a/web on TCP 443"],
        ),
        (
            out(&block("to", "203.0.113.0/24", web)),
            out(
                "{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 203.0.113.0/24] } }], ports: [{ port: 443 }] }, \
                 { to: [{ ipBlock: { cidr: 203.0.113.0/24 } }], ports: [{ port: 443 }] }",
            ),
            vec![
                "a/web reaches every IPv4 address outside the cluster except 10.0.0.0/8, 203.0.113.0/24 on TCP 443",
            ],
            vec![],
        ),
        // Two blocks instead of one that is both: no change.
        (
            out(&block("to", "203.0.113.0/24", web)),
            out(&[
                block("to", "203.0.113.0/25", web),
                block("to", "203.0.113.128/25", web),
            ]
            .join(", ")),
            vec![],
            vec![],
        ),
    ] {
        let found = changes(&estate(&before), &estate(&after), Cni::Calico);
        assert_eq!(found, [gained, lost], "{before} -> {after}");
    }
}

/// Every port of a target is compared by itself.
#[test]
fn a_port_that_opens_takes_no_other_away() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: { name: kubernetes, namespace: default }\n\
                   spec: { clusterIP: 10.96.0.1, ports: [{ port: 443, targetPort: 6443 }] }\n---\n\
                   apiVersion: v1\nkind: Endpoints\nmetadata: { name: kubernetes, namespace: default }\n\
                   subsets: [{ addresses: [{ ip: 10.9.0.1 }], ports: [{ port: 6443 }] }]\n---\n";
    let closed = estate(&[service, &policy("policyTypes: [Egress]")].concat());
    let open = estate(&[service, &policy("policyTypes: [Egress], egress: [{}]")].concat());
    let [gained, lost] = changes(&closed, &open, Cni::Calico);
    assert_eq!(lost, NOTHING);
    let of_server = gained.iter().find(|line| line.contains("apiserver"));
    let of_server = of_server.expect("the API server is gained");
    assert!(
        of_server.contains("443") && of_server.contains("6443"),
        "{of_server}"
    );
}
