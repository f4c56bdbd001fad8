//! Policies that are broken, or newer than what is known: the answer depends on them, and a gap names them.

use viewshed_model::ReachQuestion;

use super::{ask, check, cluster_of_yaml, node, pod};
use crate::network::{Cni, NetworkIndex};

/// `a/web` and `b/api`, on one node each.
fn pods() -> String {
    let namespace = |name: &str| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {name} }}\n---\n")
    };
    [
        namespace("a"),
        namespace("b"),
        node("n1", "{ role: cp }", "192.168.0.1"),
        node("n2", "{}", "192.168.0.2"),
        pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]")),
        pod("b/api", "n2", "{ app: api }", ("10.0.0.3", "[]")),
    ]
    .concat()
}

/// A policy by its API version, kind, metadata and specification; and what `b/api` to `a/web` on TCP 80 is.
type Case = (&'static str, &'static str, &'static str, Cni, &'static str);

const WEB: &str = "{ name: p, namespace: a }";

/// Sources: the validation of each API server and the tokenizer of Calico's selectors. What a newer version
/// of an API means is not known to anybody who only knows the older one.
const CASES: &[Case] = &[
    // `===` is no operator.
    (
        "projectcalico.org/v3 NetworkPolicy",
        WEB,
        "{ selector: \"app === 'web'\", ingress: [] }",
        Cni::Calico,
        "depends on whether NetworkPolicy `a/p` was taken although its selector",
    ),
    (
        "projectcalico.org/v3 GlobalNetworkPolicy",
        "{ name: p }",
        "{ namespaceSelector: \"has(\", types: [Ingress] }",
        Cni::Calico,
        "depends on whether GlobalNetworkPolicy `p` was taken although its selector",
    ),
    (
        "projectcalico.org/v3 NetworkPolicy",
        WEB,
        "{ selector: all(), types: [ingress] }",
        Cni::Calico,
        "depends on whether NetworkPolicy `a/p` was taken although `ingress` is no type of policy",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [] }] } }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although a selector's `In`",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: Exists, values: [x] }] } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although a selector's `Exists`",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: true } } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although the value of label `team` is no text",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: { matchLabels: { app: 1 } } }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although the value of label `app` is no text",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.0.0.0/8] } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although the exception",
    ),
    (
        "networking.k8s.io/v2 NetworkPolicy",
        WEB,
        "{ podSelector: {} }",
        Cni::Generic,
        "depends on what version `v2` of `networking.k8s.io` means",
    ),
    (
        "cilium.io/v3 CiliumNetworkPolicy",
        WEB,
        "{ endpointSelector: {}, ingress: [{}] }",
        Cni::Cilium,
        "depends on what version `v3` of `cilium.io` means",
    ),
    (
        "projectcalico.org/v4 NetworkPolicy",
        WEB,
        "{ selector: all(), types: [Ingress] }",
        Cni::Calico,
        "depends on what version `v4` of `projectcalico.org` means",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: all }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although `ingress` of the specification is no list",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: { podSelector: {} } }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although `from` of a rule is no list",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, policyTypes: [ingress] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although `ingress` is no type of policy",
    ),
    (
        "cilium.io/v2 CiliumNetworkPolicy",
        WEB,
        "{ endpointSelector: {}, ingress: [{ fromGalaxies: [{}] }] }",
        Cni::Cilium,
        "depends on what the field `fromGalaxies` of a rule means",
    ),
    (
        "policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy",
        "{ name: other }",
        "{ subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ namespaces: {} }] }] }",
        Cni::Generic,
        "depends on whether BaselineAdminNetworkPolicy `other` was taken although it is not named `default`",
    ),
    (
        "policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy",
        "{ name: p }",
        "{ priority: 1, subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ namespaces: {} }], ports: [] }] }",
        Cni::Generic,
        "depends on what an empty list of ports means",
    ),
    // apimachinery `ValidateLabelSelectorRequirement`, and Go's decoder: a map of texts takes texts alone.
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: true } } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although the value of label `team` is no text",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: 1 } } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although the value of label `app` is no text",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: [app] } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although `matchLabels` of a selector is no object",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [] }] }, ingress: [] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although a selector's `In` or `NotIn` has no values",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [1] }] } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although ",
    ),
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: { matchExpressions: [{ key: app, operator: Exists, values: [x] }] }, ingress: [] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although a selector's `Exists` or `DoesNotExist` has values",
    ),
    // `ValidateIPBlock`: "must be a strict subset of `cidr`".
    (
        "networking.k8s.io/v1 NetworkPolicy",
        WEB,
        "{ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.0.0.0/8] } }] }] }",
        Cni::Generic,
        "depends on whether NetworkPolicy `a/p` was taken although the exception `10.0.0.0/8` is not inside `10.0.0.0/8`",
    ),
];

#[test]
fn what_is_not_understood_is_named_and_never_decides() {
    for (kind, meta, spec, cni, wanted) in CASES {
        let (version, kind) = kind.split_once(' ').expect("version and kind");
        let object =
            format!("apiVersion: {version}\nkind: {kind}\nmetadata: {meta}\nspec: {spec}\n---\n");
        let cluster = cluster_of_yaml(&(pods() + &object));
        check(&cluster, Some(*cni), &[("b/api a/web 80", wanted)]);
        let gaps = NetworkIndex::new(&cluster, Some(*cni)).gaps();
        assert!(!gaps.is_empty(), "{kind} {spec}: a gap names it");
    }
}

/// network-policy-api, `Priority`: "If two policies with the same priority ... it is undefined which one".
#[test]
fn equal_priorities_are_a_gap() {
    let policy = |name: &str, priority: u32| {
        format!(
            "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{ name: {name} }}\n\
             spec: {{ priority: {priority}, subject: {{ namespaces: {{}} }}, ingress: [{{ action: Deny, from: [{{ namespaces: {{}} }}] }}] }}\n---\n"
        )
    };
    let gaps = |second: u32| {
        let objects = format!("{}{}{}", pods(), policy("one", 5), policy("two", second));
        let cluster = cluster_of_yaml(&objects);
        NetworkIndex::new(&cluster, Some(Cni::Generic)).gaps()
    };
    let [gap] = gaps(5).try_into().expect("one gap");
    assert_eq!(
        gap.what,
        "the order of AdminNetworkPolicy `one`, AdminNetworkPolicy `two`"
    );
    assert_eq!(gaps(6), []);
}

fn cilium(kind: &str, meta: &str, spec: &str) -> String {
    format!("apiVersion: cilium.io/v2\nkind: {kind}\nmetadata: {meta}\nspec: {spec}\n---\n")
}

fn config(settings: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: cilium-config, namespace: kube-system }}\ndata: {settings}\n---\n"
    )
}

/// `Documentation/security/policy/layer3.rst`, "Node based": only with `enable-node-selector-labels`, whose
/// default is off; then a node's identity has its labels, the local node's too (`nodeIdentityLabels`).
#[test]
fn cilium_nodes_by_label() {
    let policy = cilium(
        "CiliumNetworkPolicy",
        "{ name: p, namespace: a }",
        "{ endpointSelector: {}, egress: [{ toNodes: [{ matchLabels: { role: cp } }] }] }",
    );
    let far = policy.replace("namespace: a", "namespace: b");
    let with = |settings: &str| cluster_of_yaml(&format!("{}{policy}{far}{settings}", pods()));
    let on = config("{ enable-node-selector-labels: 'true' }");
    let rows = [
        ("a/web node:n1 80", "allowed"),
        ("b/api node:n1 80", "allowed"),
        ("b/api node:n2 80", "denied"),
    ];
    check(&with(&on), Some(Cni::Cilium), &rows);
    let rows = [("b/api node:n1 80", "denied")];
    check(
        &with(&config("{ ipam: cluster-pool }")),
        Some(Cni::Cilium),
        &rows,
    );
    let rows = [(
        "b/api node:n1 80",
        "depends on Cilium's setting `enable-node-selector-labels`",
    )];
    check(&with(""), Some(Cni::Cilium), &rows);
}

/// `Documentation/security/host-firewall.rst`: policies for nodes are enforced with `enable-host-firewall`,
/// which is off by default; an estate without the settings does not tell.
#[test]
fn cilium_policies_for_nodes_depend_on_the_host_firewall() {
    let policy = cilium(
        "CiliumClusterwideNetworkPolicy",
        "{ name: p }",
        "{ nodeSelector: { matchLabels: { role: cp } }, ingress: [{ fromEntities: [remote-node] }] }",
    );
    for (settings, wanted) in [
        (
            String::new(),
            "depends on Cilium's setting `enable-host-firewall`",
        ),
        (config("{ enable-host-firewall: 'true' }"), "denied"),
        (config("{ ipam: cluster-pool }"), "allowed"),
    ] {
        let cluster = cluster_of_yaml(&format!("{}{policy}{settings}", pods()));
        check(&cluster, None, &[("b/api node:n1 10250", wanted)]);
    }
}

/// `ParseToCiliumRule`: "`EndpointSelector` always applies in namespace of the policy resource, removing
/// illegal namespace match".
#[test]
fn cilium_selects_in_the_policys_own_namespace() {
    let policy = cilium(
        "CiliumNetworkPolicy",
        "{ name: p, namespace: a }",
        "{ endpointSelector: { matchLabels: { k8s:app: web, k8s:io.kubernetes.pod.namespace: b } }, ingress: [{}] }",
    );
    let cluster = cluster_of_yaml(&format!("{}{policy}", pods()));
    check(&cluster, Some(Cni::Cilium), &[("b/api a/web 80", "denied")]);
}

/// Words of answers: what decides for certain stands alone, nothing is said twice.
#[test]
fn reasons_say_what_decides_once() {
    let policy = cilium(
        "CiliumNetworkPolicy",
        "{ name: p, namespace: a }",
        "{ endpointSelector: {}, ingress: [{ fromRequires: [{ matchLabels: { app: none } }], fromEndpoints: [{ matchLabels: { app: web } }] }] }",
    );
    let cluster = cluster_of_yaml(&format!("{}{policy}", pods()));
    let texts = |cni: Cni, question: &str| {
        let index = NetworkIndex::new(&cluster, Some(cni));
        let reasons = ask(&index, question).because.into_iter();
        reasons.map(|reason| reason.text).collect::<Vec<String>>()
    };
    assert_eq!(
        texts(Cni::Cilium, "b/api a/web 80"),
        ["CiliumNetworkPolicy `a/p` isolates pod `a/web`, and no rule lets this through"]
    );
    assert_eq!(
        texts(Cni::None, "b/api a/web 80"),
        ["the network plugin (`none`) enforces no policies"]
    );
    let index = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let question = ReachQuestion {
        from: "b/api".parse().expect("a place"),
        to: "10.0.1.300".parse().expect("a place"),
        port: None,
        protocol: None,
    };
    let error = index.answer(&question).expect_err("there is no such place");
    assert_eq!(
        error.to_string(),
        "`10.0.1.300` is no address, and no node has that name"
    );
}

/// `Documentation/operations/performance/scalability/identity-relevant-labels.rst`: labels that make no identity
/// select nothing, which of them there are depends on the version; with a pattern that includes, all others.
#[test]
fn cilium_selects_by_labels_of_identities() {
    let policy = |label: &str| {
        let spec =
            format!("{{ endpointSelector: {{ matchLabels: {{ {label} }} }}, ingress: [{{}}] }}");
        cilium("CiliumNetworkPolicy", "{ name: p, namespace: a }", &spec)
    };
    let labels = "app: web, statefulset.kubernetes.io/pod-name: web-0, pod-template-hash: '1', app.kubernetes.io/name: web, tier: x";
    let pods = pods().replace("labels: { app: web }", &format!("labels: {{ {labels} }}"));
    let unsure = "depends on whether Cilium's identities have the label";
    let only = config("{ labels: 'k8s:io\\.kubernetes\\.pod\\.namespace k8s:tier' }");
    let but = config("{ labels: '!tier' }");
    for (label, settings, wanted) in [
        ("app: web", "", "denied"),
        ("app.kubernetes.io/name: web", "", "denied"),
        ("statefulset.kubernetes.io/pod-name: web-0", "", unsure),
        ("pod-template-hash: '1'", "", unsure),
        ("app: web", only.as_str(), unsure),
        ("tier: x", only.as_str(), "denied"),
        ("tier: x", but.as_str(), unsure),
        ("app: web", but.as_str(), "denied"),
    ] {
        let cluster = cluster_of_yaml(&format!("{pods}{}{settings}", policy(label)));
        check(&cluster, Some(Cni::Cilium), &[("b/api a/web 80", wanted)]);
    }
    let standard = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { podSelector: { matchLabels: { pod-template-hash: '1' } } }\n---\n";
    let cluster = cluster_of_yaml(&format!("{pods}{standard}"));
    check(&cluster, Some(Cni::Cilium), &[("b/api a/web 80", unsure)]);
    check(
        &cluster,
        Some(Cni::Generic),
        &[("b/api a/web 80", "denied")],
    );
}
