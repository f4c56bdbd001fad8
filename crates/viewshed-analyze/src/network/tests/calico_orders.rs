//! Calico's policies of one order: felix sorts them by name (projectcalico/calico `felix/calc/policy_sorter.go`,
//! `PolKVLess`), with the namespace and the tier in front of it until 3.30.

use super::{check, cluster_of_yaml, pod};
use crate::network::Cni;

fn policy(place: &str, spec: &str) -> String {
    let (kind, metadata) = match place.split_once('/') {
        Some((namespace, name)) => (
            "NetworkPolicy",
            format!("name: {name}, namespace: {namespace}"),
        ),
        None => ("GlobalNetworkPolicy", format!("name: {place}")),
    };
    format!(
        "apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{ {metadata} }}\n\
         spec: {{ selector: app == 'web', types: [Ingress], {spec} }}\n---\n"
    )
}

const ALLOW: &str = "ingress: [{ action: Allow }]";
const DENY: &str = "ingress: [{ action: Deny }]";

fn verdict(policies: &[String], wanted: &str) {
    let web = pod("a/web", "n1", "{ app: web }", ("10.0.0.1", "[]"));
    let cli = pod("a/cli", "n2", "{ app: cli }", ("10.0.0.2", "[]"));
    let cluster = cluster_of_yaml(&format!("{web}{cli}{}", policies.concat()));
    check(&cluster, Some(Cni::Calico), &[("a/cli a/web 80", wanted)]);
}

#[test]
fn policies_of_one_order_are_asked_by_name() {
    for order in ["", "order: 10, "] {
        let of = |place: &str, rules: &str| policy(place, &format!("{order}{rules}"));
        verdict(&[of("a/p", ALLOW), of("a/q", DENY)], "allowed");
        verdict(&[of("a/q", ALLOW), of("a/p", DENY)], "denied");
        verdict(&[of("p", ALLOW), of("default.q", DENY)], "allowed");
        verdict(&[of("q", ALLOW), of("default.p", DENY)], "denied");
        // By the whole name the namespace `a` is before `default.`, by the last part `b` before `q`.
        verdict(&[of("a/b", ALLOW), of("q", DENY)], "allowed");
        // Releases differ.
        verdict(&[of("a/q", ALLOW), of("b", DENY)], "depends on ");
    }
}

/// A rule that limits its own end is a part of its own, which stays in its policy.
#[test]
fn parts_of_a_policy_stay_together() {
    let own =
        "ingress: [{ action: Deny, destination: { selector: app == 'other' } }, { action: Allow }]";
    verdict(&[policy("a/p", own), policy("a/q", DENY)], "allowed");
    verdict(&[policy("a/q", own), policy("a/p", DENY)], "denied");
}
