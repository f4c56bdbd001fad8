//! Policies that could not be read, and objects of kinds that nobody here reads.

use viewshed_decode::files::FileSet;
use viewshed_model::UnreadKind;

use super::{check, cluster_of_yaml, pod};
use crate::network::{Cni, NetworkIndex};

fn pods() -> String {
    let web = pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]"));
    web + &pod("b/api", "n2", "{ app: api }", ("10.0.0.2", "[]"))
}

/// A name that YAML takes for something else, and a template: the object is there, the API server would say
/// no to it as it stands, and what was meant nobody knows.
#[test]
fn a_policy_that_cannot_be_read_is_one_all_the_same() {
    let spec = "spec: { podSelector: {}, ingress: [] }";
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
    for (metadata, to_a, to_b) in [
        (
            "metadata: { name: true, namespace: a }",
            "depends on what NetworkPolicy `a/",
            "allowed",
        ),
        (
            "metadata: { name: p, namespace: true }",
            "depends on what NetworkPolicy `p` says, which could not be read",
            "depends on what NetworkPolicy `p`",
        ),
        (
            "metadata:\n  name: {{ .Values.x }}\n  namespace: a",
            "depends on what NetworkPolicy `a/",
            "allowed",
        ),
    ] {
        let mut set = FileSet::new("test");
        set.add("pods.yaml", pods().as_bytes());
        set.add("p.yaml", format!("{head}{metadata}\n{spec}\n").as_bytes());
        let estate = set.finish();
        assert_eq!(estate.gaps.len(), 1, "{metadata}: the file is a gap");
        let cluster = estate.clusters.first().expect("a cluster");
        let rows = [("b/api a/web 80", to_a), ("b/api b/api 80", "allowed")];
        check(cluster, Some(Cni::Generic), &rows);
        // Policies of other namespaces are none of b's.
        let outside = [("203.0.113.7 b/api 80", to_b)];
        check(cluster, Some(Cni::Generic), &outside);
        check(cluster, Some(Cni::None), &[("b/api a/web 80", "allowed")]);
    }
}

/// What a server refuses to list may be there: of the namespaces that it gave, everything is known.
#[test]
fn policies_that_could_not_be_listed_are_what_answers_depend_on() {
    let unread = |group: &str, kind: &str, read_namespaces: &[&str]| {
        let mut cluster = cluster_of_yaml(&pods());
        cluster.unread_kinds.push(UnreadKind {
            group: group.to_owned(),
            kind: kind.to_owned(),
            read_namespaces: read_namespaces
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
        });
        cluster
    };
    let unsure = "depends on what objects of kind `NetworkPolicy` say, which could not be listed";
    let cluster = unread("networking.k8s.io", "NetworkPolicy", &["b"]);
    for cni in [Cni::Generic, Cni::Calico] {
        let rows = [("b/api a/web 80", unsure), ("a/web b/api 80", unsure)];
        check(&cluster, Some(cni), &rows);
    }
    check(
        &cluster,
        Some(Cni::Generic),
        &[("203.0.113.7 b/api 80", "allowed")],
    );
    check(&cluster, Some(Cni::None), &[("b/api a/web 80", "allowed")]);
    let gaps = NetworkIndex::new(&cluster, Some(Cni::Generic)).gaps();
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    // Of a kind that the plugin does not enforce nothing hangs.
    let cluster = unread("policy.networking.k8s.io", "AdminNetworkPolicy", &[]);
    check(
        &cluster,
        Some(Cni::AwsVpcCni),
        &[("b/api a/web 80", "allowed")],
    );
    let admin = "depends on what objects of kind `AdminNetworkPolicy` say";
    check(
        &cluster,
        Some(Cni::OvnKubernetes),
        &[("b/api a/web 80", admin)],
    );
}

const OWN: &str = "depends on what a policy of kind `";

/// API version, kind, plugin, `b/api` to `a/web`, and whether a gap names the kind.
type Kind = (&'static str, &'static str, Cni, &'static str, bool);

const KINDS: &[Kind] = &[
    (
        "networking.k8s.io/v1",
        "networkpolicy",
        Cni::Generic,
        "allowed",
        true,
    ),
    (
        "networking.k8s.io/v1",
        "NetPol",
        Cni::Generic,
        "allowed",
        true,
    ),
    (
        "networking/v1",
        "NetworkPolicy",
        Cni::Generic,
        "allowed",
        true,
    ),
    ("v1", "NetworkPolicy", Cni::Generic, "allowed", true),
    (
        "projectcalico.org/v3",
        "networkpolicy",
        Cni::Calico,
        "allowed",
        true,
    ),
    (
        "cilium.io/v2",
        "CiliumClusterwideNetworkPolicies",
        Cni::Cilium,
        "allowed",
        true,
    ),
    (
        "policy.networking.k8s.io/v1alpha3",
        "FooPolicy",
        Cni::Generic,
        OWN,
        true,
    ),
    (
        "projectcalico.org/v3",
        "FancyPolicy",
        Cni::Calico,
        OWN,
        true,
    ),
    (
        "projectcalico.org/v3",
        "FancyPolicy",
        Cni::Cilium,
        "allowed",
        true,
    ),
    (
        "projectcalico.org/v3",
        "StagedNetworkPolicy",
        Cni::Calico,
        "allowed",
        false,
    ),
    (
        "projectcalico.org/v3",
        "IPPool",
        Cni::Calico,
        "allowed",
        false,
    ),
    (
        "cilium.io/v2",
        "CiliumLocalRedirectPolicy",
        Cni::Cilium,
        "allowed",
        true,
    ),
    (
        "k8s.ovn.org/v1",
        "EgressFirewall",
        Cni::OvnKubernetes,
        OWN,
        true,
    ),
    (
        "k8s.ovn.org/v1",
        "EgressFirewall",
        Cni::Calico,
        "allowed",
        true,
    ),
    (
        "networking.gke.io/v1alpha1",
        "FQDNNetworkPolicy",
        Cni::GkeDataplaneV2,
        OWN,
        true,
    ),
    // Where nobody knows the plugin, it may be the one that such an object is written for.
    (
        "networking.gke.io/v1alpha1",
        "FQDNNetworkPolicy",
        Cni::Unknown,
        OWN,
        true,
    ),
    (
        "network.openshift.io/v1",
        "EgressNetworkPolicy",
        Cni::Unknown,
        OWN,
        true,
    ),
    (
        "security.istio.io/v1",
        "AuthorizationPolicy",
        Cni::Unknown,
        "allowed",
        true,
    ),
    (
        "security.istio.io/v1",
        "AuthorizationPolicy",
        Cni::Generic,
        "allowed",
        true,
    ),
    ("kubeovn.io/v1", "SecurityGroup", Cni::KubeOvn, OWN, true),
    (
        "example.org/v1",
        "BackupPolicy",
        Cni::Generic,
        "allowed",
        false,
    ),
];

/// One object of a kind, the plugin, what the answer is and whether a gap names the kind. Sources: the API
/// references of the projects; a server takes no object of a kind that it does not have.
#[test]
fn kinds_that_are_not_read_are_named() {
    for (version, kind, cni, wanted, is_named) in KINDS.iter().copied() {
        let object = format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{ name: p, namespace: b }}\nspec: {{ a: b }}\n"
        );
        let cluster = cluster_of_yaml(&format!("{}{object}", pods()));
        check(&cluster, Some(cni), &[("b/api a/web 80", wanted)]);
        let gaps = NetworkIndex::new(&cluster, Some(cni)).gaps();
        let names = gaps.iter().any(|gap| gap.what.contains(kind));
        assert_eq!(names, is_named, "{version} {kind}: {gaps:#?}");
    }
    // It speaks of what leaves.
    let object =
        "apiVersion: k8s.ovn.org/v1\nkind: EgressFirewall\nmetadata: { name: p, namespace: a }\n";
    let cluster = cluster_of_yaml(&format!("{}{object}", pods()));
    check(
        &cluster,
        Some(Cni::OvnKubernetes),
        &[("b/api a/web 80", "allowed")],
    );
}

/// What a template with an empty value makes of `policyTypes`: the API server refuses it.
#[test]
fn a_type_that_is_no_text_may_mean_either() {
    for types in ["[null]", "[{}]"] {
        let policy = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
             spec: {{ podSelector: {{}}, policyTypes: {types} }}\n---\n"
        );
        let cluster = cluster_of_yaml(&(pods() + &policy));
        let unsure = "depends on whether NetworkPolicy `a/p` was taken although";
        let rows = [("b/api a/web 80", unsure), ("a/web b/api 80", unsure)];
        check(&cluster, Some(Cni::Generic), &rows);
    }
}
