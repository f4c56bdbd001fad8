//! Where evaluators go wrong: one case per row, each with the sentence that settles it.

use super::{check, cluster_of_yaml, node, pod};
use crate::network::Cni;

/// Namespaces `a` (labelled) and `b`, and a pod on the network of its node.
const REST: &str = r"
apiVersion: v1
kind: Namespace
metadata: { name: a, labels: { team: red } }
---
apiVersion: v1
kind: Namespace
metadata: { name: b }
---
apiVersion: v1
kind: Pod
metadata: { name: host, namespace: b, labels: { app: api } }
spec: { nodeName: n1, hostNetwork: true, containers: [{ name: main, image: example }] }
status: { phase: Running, podIP: 10.9.0.1, podIPs: [{ ip: 10.9.0.1 }] }
---
";

/// Pods with every kind of port in namespaces `a` and `b`; `c`, which no object declares, is left to cases.
fn estate(policies: &str) -> String {
    let ports =
        "[{ name: http, containerPort: 8080 }, { name: dns, containerPort: 53, protocol: UDP }]";
    let http = "[{ name: http, containerPort: 5432 }]";
    [
        REST.to_owned(),
        node("n1", "{ zone: one }", "10.9.0.1"),
        node("n2", "{}", "10.9.0.2"),
        pod(
            "a/web",
            "n1",
            "{ app: web, tier: front }",
            ("10.0.0.1", ports),
        ),
        pod("a/db", "n2", "{ app: db }", ("10.0.0.2", http)),
        pod("b/api", "n2", "{ app: api }", ("10.0.0.3", "[]")),
        policies.to_owned(),
    ]
    .concat()
}

fn with(policies: &str, rows: &[(&str, &str)]) {
    with_cni(Cni::Generic, policies, rows);
}

fn with_cni(cni: Cni, policies: &str, rows: &[(&str, &str)]) {
    let cluster = cluster_of_yaml(&estate(policies));
    check(&cluster, Some(cni), rows);
}

/// A NetworkPolicy in namespace `a`.
fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
         metadata: {{ name: {name}, namespace: a }}\nspec: {spec}\n---\n"
    )
}

/// `types.go`, `policyTypes`: "If it is not specified, it will default based on the existence of ingress
/// or egress rules; policies that contain an egress section are assumed to affect egress"; the API
/// server's defaulting looks at the number of rules (`pkg/apis/networking/v1/defaults.go`).
#[test]
fn an_empty_egress_list_without_types_isolates_nothing() {
    let rows = [("a/web b/api 80", "allowed"), ("b/api a/web 80", "denied")];
    with(&policy("p", "{ podSelector: {}, egress: [] }"), &rows);
    let closed = "{ podSelector: {}, policyTypes: [Egress], egress: [] }";
    let rows = [("a/web b/api 80", "denied"), ("b/api a/web 80", "allowed")];
    with(&policy("p", closed), &rows);
}

/// `types.go`, `from`: "If this field is empty or missing, this rule matches all sources"; a peer with an
/// empty selector matches all pods of the namespace.
#[test]
fn no_peers_is_everybody_and_an_empty_selector_is_the_own_namespace() {
    let rows = [
        ("b/api a/web 80", "allowed"),
        ("8.8.8.8 a/web 80", "allowed"),
    ];
    with(
        &policy("p", "{ podSelector: {}, ingress: [{ from: [] }] }"),
        &rows,
    );
    with(&policy("p", "{ podSelector: {}, ingress: [{}] }"), &rows);
    let own = "{ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }";
    let rows = [
        ("a/db a/web 80", "allowed"),
        ("b/api a/web 80", "denied"),
        ("8.8.8.8 a/web 80", "denied"),
    ];
    with(&policy("p", own), &rows);
}

/// `types.go`, `podSelector`: "An empty selector matches all pods in the policy's namespace"; absent is
/// the same since the field became optional.
#[test]
fn an_absent_pod_selector_is_an_empty_one() {
    let rows = [("b/api a/web 80", "denied"), ("a/web b/api 80", "allowed")];
    with(&policy("p", "{ policyTypes: [Ingress] }"), &rows);
    with(
        &policy("p", "{ podSelector: {}, policyTypes: [Ingress] }"),
        &rows,
    );
}

/// apimachinery `labels.Requirement.Matches`: `NotIn` and `DoesNotExist` hold where the key is absent.
#[test]
fn not_in_holds_where_the_key_is_absent() {
    let spec =
        "{ podSelector: { matchExpressions: [{ key: tier, operator: NotIn, values: [front] }] } }";
    let rows = [("b/api a/db 80", "denied"), ("b/api a/web 80", "allowed")];
    with(&policy("p", spec), &rows);
}

/// `types.go`, `port`: "named port on a pod"; resolved on each destination, by name and protocol
/// (cyclonus: "named port that doesn't match its protocol"). An address has no names.
#[test]
fn names_of_ports_are_each_destinations_own() {
    let named = "{ podSelector: {}, ingress: [{ ports: [{ port: http }] }] }";
    let rows = [
        ("b/api a/web 8080", "allowed"),
        ("b/api a/web 5432", "denied"),
        ("b/api a/db 5432", "allowed"),
        ("b/api a/db 8080", "denied"),
    ];
    with(&policy("p", named), &rows);
    let other_protocol =
        "{ podSelector: {}, ingress: [{ ports: [{ port: dns, protocol: TCP }] }] }";
    let rows = [
        ("b/api a/web 53", "denied"),
        ("b/api a/web 53/UDP", "denied"),
    ];
    with(&policy("p", other_protocol), &rows);
    let on_block = "{ podSelector: {}, policyTypes: [Egress], \
        egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }], ports: [{ port: http }] }] }";
    let rows = [
        ("a/web 8.8.8.8 8080", "denied"),
        ("a/web a/db 5432", "allowed"),
    ];
    with(&policy("p", on_block), &rows);
}

/// `types.go`, `endPort`: "the range of ports from port to endPort ... should be allowed".
#[test]
fn an_end_port_makes_a_range_with_both_ends() {
    let spec = "{ podSelector: {}, ingress: [{ ports: [{ port: 8000, endPort: 8080 }] }] }";
    let rows = [
        ("b/api a/web 7999", "denied"),
        ("b/api a/web 8000", "allowed"),
        ("b/api a/web 8080", "allowed"),
        ("b/api a/web 8081", "denied"),
        ("b/api a/web 8000/UDP", "denied"),
    ];
    with(&policy("p", spec), &rows);
}

/// Policies only add up (`types.go`: "traffic ... matches at least one ingress rule across all of the
/// NetworkPolicy objects"); Kubernetes' test "IP overlapping both CIDR and Except is allowed".
#[test]
fn an_exception_of_one_policy_is_no_exception_of_another() {
    let block = "{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 192.0.2.0/24, except: [192.0.2.0/28] } }] }] }";
    let rows = [
        ("192.0.2.7 a/web 80", "denied"),
        ("192.0.2.77 a/web 80", "allowed"),
    ];
    with(&policy("p", block), &rows);
    let other = "{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 192.0.2.7/32 } }] }] }";
    let rows = [
        ("192.0.2.7 a/web 80", "allowed"),
        ("192.0.2.8 a/web 80", "denied"),
    ];
    with(
        &format!("{}{}", policy("p", block), policy("q", other)),
        &rows,
    );
}

/// Every namespace has its name as a label (`pkg/apis/core/v1/defaults.go`), also one that no manifest
/// labels or declares.
#[test]
fn a_namespace_has_its_name_as_a_label() {
    let spec = "{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: b } } }] }] }";
    with(
        &policy("p", spec),
        &[("b/api a/web 80", "allowed"), ("a/db a/web 80", "denied")],
    );
}

/// The labels of a namespace that the estate does not have are not known: the answer says so.
#[test]
fn labels_of_an_unread_namespace_are_a_missing_fact() {
    let stranger = "apiVersion: v1\nkind: Pod\nmetadata: { name: x, namespace: c }\n\
        spec: { containers: [{ name: main, image: example }] }\n---\n";
    let spec = "{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: red } } }] }] }";
    let rows = [
        ("c/x a/web 80", "depends on the labels of namespace `c`"),
        ("b/api a/web 80", "denied"),
        ("a/db a/web 80", "allowed"),
    ];
    with(&format!("{stranger}{}", policy("p", spec)), &rows);
}

/// `kind: List` is what `kubectl get -o yaml` prints.
#[test]
fn policies_in_a_list_count() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: { name: p, namespace: a }\n  spec: { podSelector: {} }\n---\n";
    with(list, &[("b/api a/web 80", "denied")]);
}

/// `kubectl apply` puts an object without a namespace into `default`.
#[test]
fn an_object_without_a_namespace_is_in_default() {
    let objects = "apiVersion: v1\nkind: Pod\nmetadata: { name: x, labels: { app: x } }\n\
        spec: { containers: [{ name: main, image: example }] }\n---\n\
        apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p }\nspec: { podSelector: {} }\n---\n";
    with(
        objects,
        &[
            ("b/api default/x 80", "denied"),
            ("default/x b/api 80", "allowed"),
        ],
    );
}

/// An SCTP-only rule isolates TCP all the same (Kubernetes' end-to-end tests).
#[test]
fn a_rule_for_one_protocol_isolates_the_others() {
    let spec = "{ podSelector: {}, ingress: [{ ports: [{ port: 80, protocol: SCTP }] }] }";
    let rows = [
        ("b/api a/web 80", "denied"),
        ("b/api a/web 80/SCTP", "allowed"),
    ];
    with(&policy("p", spec), &rows);
}

/// `types.go`: "...OR if the traffic source is the pod's local node"; a pod always reaches itself.
#[test]
fn the_own_node_and_the_pod_itself_always_pass() {
    let spec = "{ podSelector: {}, policyTypes: [Ingress, Egress] }";
    let rows = [
        ("node:n1 a/web 80", "allowed"),
        ("node:n2 a/web 80", "denied"),
        // A pod on the node's network is the node.
        ("b/host a/web 80", "allowed"),
        ("b/host a/db 80", "denied"),
        ("a/web a/web 80", "allowed"),
        // The other direction has no such exception.
        ("a/web node:n1 10250", "denied"),
    ];
    with(&policy("p", spec), &rows);
}

/// `types.go`: host-network pods are left open; the common reading: selectors do not mean them, blocks
/// with the node's address do.
#[test]
fn a_pod_on_its_nodes_network_is_matched_by_address_only() {
    let by_label = "{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: api } } }] }] }";
    let rows = [("b/api a/db 80", "allowed"), ("b/host a/db 80", "denied")];
    with(&policy("p", by_label), &rows);
    let by_block = "{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.9.0.1/32 } }] }] }";
    let rows = [("b/host a/db 80", "allowed"), ("b/api a/db 80", "denied")];
    with(&policy("p", by_block), &rows);
}

/// Workloads with pods of different labels: each pod answers for itself, and the workload's answer says
/// that it depends on which (np-guard's "labels gap").
#[test]
fn pods_of_one_workload_may_differ() {
    let pods = |name: &str, color: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: b\n  labels: {{ color: {color} }}\n  ownerReferences: [{{ apiVersion: apps/v1, kind: StatefulSet, name: set, uid: '1', controller: true }}]\n\
             spec: {{ containers: [{{ name: main, image: example }}] }}\n---\n"
        )
    };
    let spec = "{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { color: red } } }] }] }";
    let objects = format!(
        "{}{}{}",
        pods("set-0", "red"),
        pods("set-1", "blue"),
        policy("p", spec)
    );
    let rows = [
        ("b/set-0 a/web 80", "allowed"),
        ("b/set-1 a/web 80", "denied"),
        (
            "b/set a/web 80",
            "depends on which pod is meant: pod `b/set-0` to pod `a/web` is let through",
        ),
    ];
    with(&objects, &rows);
}

fn admin(kind: &str, version: &str, name: &str, spec: &str) -> String {
    format!(
        "apiVersion: policy.networking.k8s.io/{version}\nkind: {kind}\nmetadata: {{ name: {name} }}\nspec: {spec}\n---\n"
    )
}

/// network-policy-api: the Baseline tier is asked only where no NetworkPolicy selects the pod.
#[test]
fn baseline_is_not_asked_where_a_network_policy_isolates() {
    let baseline = admin(
        "ClusterNetworkPolicy",
        "v1alpha2",
        "base",
        "{ tier: Baseline, priority: 1, subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ namespaces: {} }] }] }",
    );
    with(
        &baseline,
        &[
            ("b/api a/web 80", "denied"),
            ("8.8.8.8 a/web 80", "allowed"),
        ],
    );
    let open = policy("p", "{ podSelector: {}, ingress: [{}] }");
    with(
        &format!("{baseline}{open}"),
        &[("b/api a/web 80", "allowed")],
    );
}

/// `networks`: "if you Accept or Deny 0.0.0.0/0 that ... pod-to-pod traffic as well".
#[test]
fn networks_mean_pods_too() {
    let spec = "{ tier: Admin, priority: 1, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ networks: [0.0.0.0/0] }] }] }";
    let rows = [("a/web b/api 80", "denied"), ("a/web 8.8.8.8 80", "denied")];
    with(&admin("ClusterNetworkPolicy", "v1alpha2", "p", spec), &rows);
}

/// An unknown peer fails closed: Accept matches nothing, Deny denies all.
#[test]
fn an_unknown_peer_fails_closed() {
    let accept = "{ tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ action: Accept, from: [{ constellations: {} }] }, { action: Deny, from: [{ namespaces: {} }] }] }";
    with(
        &admin("ClusterNetworkPolicy", "v1alpha2", "p", accept),
        &[("b/api a/web 80", "denied")],
    );
    let deny = "{ tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ constellations: {} }] }] }";
    let rows = [
        ("b/api a/web 80", "denied"),
        ("8.8.8.8 a/web 80", "denied"),
        ("a/web b/api 80", "denied"),
    ];
    with(&admin("ClusterNetworkPolicy", "v1alpha2", "p", deny), &rows);
}

/// Equal priorities have no order that can be relied on: the answer depends on it.
#[test]
fn equal_priorities_that_disagree_are_a_missing_fact() {
    let spec = |action: &str| {
        format!(
            "{{ tier: Admin, priority: 5, subject: {{ namespaces: {{}} }}, ingress: [{{ action: {action}, from: [{{ namespaces: {{}} }}] }}] }}"
        )
    };
    let objects = format!(
        "{}{}",
        admin("ClusterNetworkPolicy", "v1alpha2", "one", &spec("Accept")),
        admin("ClusterNetworkPolicy", "v1alpha2", "two", &spec("Deny"))
    );
    with(
        &objects,
        &[(
            "b/api a/web 80",
            "depends on which of these the network plugin applies first",
        )],
    );
}

fn calico(kind: &str, meta: &str, spec: &str) -> String {
    format!("apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {meta}\nspec: {spec}\n---\n")
}

/// Calico documentation, NetworkPolicy `types`: egress rules alone make it a policy of type Egress only,
/// unlike Kubernetes'.
#[test]
fn calico_egress_rules_alone_do_not_isolate_ingress() {
    let spec = "{ selector: all(), egress: [{ action: Deny, protocol: UDP }] }";
    let rows = [("b/api a/web 80", "allowed"), ("a/web b/api 80", "denied")];
    with_cni(
        Cni::Calico,
        &calico("NetworkPolicy", "{ name: p, namespace: a }", spec),
        &rows,
    );
}

/// Calico documentation, GlobalNetworkPolicy: no selector is every endpoint, so a policy that allows DNS
/// closes everything else; `Pass` leaves the tier; a tier ends in Deny for what it applies to.
#[test]
fn calico_global_policies_and_tiers() {
    let dns = "{ types: [Egress], egress: [{ action: Allow, protocol: UDP, destination: { ports: [53] } }] }";
    let rows = [
        ("a/web b/api 53/UDP", "allowed"),
        ("a/web b/api 80", "denied"),
        ("b/api a/web 80", "denied"),
    ];
    with_cni(
        Cni::Calico,
        &calico("GlobalNetworkPolicy", "{ name: dns }", dns),
        &rows,
    );
    let tier = calico("Tier", "{ name: first }", "{ order: 10 }");
    let pass = "{ tier: first, order: 1, selector: \"app == 'web'\", types: [Ingress], ingress: [{ action: Pass, source: { selector: \"app == 'api'\" } }] }";
    let objects = format!(
        "{tier}{}",
        calico("GlobalNetworkPolicy", "{ name: first.p }", pass)
    );
    let rows = [
        ("b/api a/web 80", "allowed"),
        ("a/db a/web 80", "denied"),
        ("b/api a/db 80", "allowed"),
    ];
    with_cni(Cni::Calico, &objects, &rows);
}

/// Calico, `notSelector` negates the packet's match, so that of a global policy includes every address
/// outside; in a namespaced policy it limits the rule to the own namespace like every selector
/// (`libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go`, `getEndpointSelector`).
#[test]
fn calico_not_selector_includes_the_outside_in_global_policies() {
    let spec = "{ selector: all(), types: [Ingress], ingress: [{ action: Allow, source: { notSelector: \"app == 'db'\" } }] }";
    let rows = [
        ("a/db a/web 80", "denied"),
        ("a/web a/db 80", "allowed"),
        ("b/api a/web 80", "allowed"),
        // The policy lets it in; whether it gets there at all is another fact.
        (
            "8.8.8.8 a/web 80",
            "depends on whether addresses outside the cluster reach",
        ),
    ];
    with_cni(
        Cni::Calico,
        &calico("GlobalNetworkPolicy", "{ name: p }", spec),
        &rows,
    );
    let rows = [
        ("a/db a/web 80", "denied"),
        ("a/web a/db 80", "allowed"),
        ("b/api a/web 80", "denied"),
        ("8.8.8.8 a/web 80", "denied"),
    ];
    with_cni(
        Cni::Calico,
        &calico("NetworkPolicy", "{ name: p, namespace: a }", spec),
        &rows,
    );
}

fn cilium(spec: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{ name: p, namespace: a }}\nspec: {spec}\n---\n"
    )
}

/// cilium/cilium `Documentation/security/policy/intro.rst`: an empty list is no section; `layer3.rst`:
/// `fromEndpoints` means the own namespace, even empty; denials beat allowances.
#[test]
fn cilium_lists_and_namespaces() {
    let rows = [("b/api a/web 80", "allowed"), ("a/web b/api 80", "allowed")];
    with_cni(
        Cni::Cilium,
        &cilium("{ endpointSelector: {}, ingress: [], egress: [] }"),
        &rows,
    );
    let own = "{ endpointSelector: {}, ingress: [{ fromEndpoints: [{}] }] }";
    let rows = [("a/db a/web 80", "allowed"), ("b/api a/web 80", "denied")];
    with_cni(Cni::Cilium, &cilium(own), &rows);
    let named = "{ endpointSelector: {}, ingress: [{ fromEndpoints: [{ matchLabels: { k8s:io.kubernetes.pod.namespace: b } }] }] }";
    let rows = [("a/db a/web 80", "denied"), ("b/api a/web 80", "allowed")];
    with_cni(Cni::Cilium, &cilium(named), &rows);
    let denied = "{ endpointSelector: {}, ingress: [{ fromEntities: [all] }], ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: db } }] }] }";
    let rows = [("a/db a/web 80", "denied"), ("b/api a/web 80", "allowed")];
    with_cni(Cni::Cilium, &cilium(denied), &rows);
    let open = "{ endpointSelector: {}, enableDefaultDeny: { ingress: false }, ingress: [{ fromEndpoints: [{}] }] }";
    with_cni(Cni::Cilium, &cilium(open), &[("b/api a/web 80", "allowed")]);
}

/// `Documentation/security/policy/layer3.rst`: blocks mean neither pods nor nodes; `host` is the own node.
#[test]
fn cilium_blocks_mean_neither_pods_nor_nodes() {
    let spec = "{ endpointSelector: {}, egress: [{ toCIDR: [0.0.0.0/0] }] }";
    let rows = [
        ("a/web 8.8.8.8 80", "allowed"),
        ("a/web b/api 80", "denied"),
        ("a/web node:n1 10250", "denied"),
        ("a/web node:n2 10250", "denied"),
    ];
    with_cni(Cni::Cilium, &cilium(spec), &rows);
    let host = "{ endpointSelector: {}, egress: [{ toEntities: [host] }] }";
    let rows = [
        ("a/web node:n1 10250", "allowed"),
        ("a/web node:n2 10250", "denied"),
    ];
    with_cni(Cni::Cilium, &cilium(host), &rows);
}

/// What is not understood is named, and what hangs on it depends.
#[test]
fn an_unknown_field_makes_the_answer_depend_on_it() {
    let spec = "{ podSelector: {}, ingress: [{ from: [{ podSelector: {}, moon: full }] }] }";
    let rows = [
        (
            "a/db a/web 80",
            "depends on what the field `moon` of a peer means",
        ),
        ("b/api a/web 80", "denied"),
    ];
    with(&policy("p", spec), &rows);
}
