//! Whether policies keep a workload's pods from the control plane.
//!
//! Only the question "is anything in the way" is answered here, for `networking.k8s.io` policies.
//! Policies of other kinds in the same namespace make the answer unknown.

use serde_json::Value;
use viewshed_model::NetworkPolicy;

use super::{ByNamespace, Runner};

/// API server (also behind its service), kubelet, etcd.
const CONTROL_PLANE_PORTS: [u64; 4] = [443, 6443, 10250, 2379];

/// What stands between a workload and the control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::checks) enum Egress {
    /// No policy isolates it for egress.
    Open,
    /// The named policy isolates it, and another rule of it or of its neighbours opens everything again.
    OpenDespitePolicy(String),
    /// A policy isolates it, and no rule allows the control plane's ports to every address.
    Isolated,
    /// A policy of a kind that is not judged here may stand in the way.
    Unknown,
}

/// Judges the policies that select the pods of `runner`.
pub(in crate::checks) fn egress_of(near: &ByNamespace<'_>, runner: &Runner<'_>) -> Egress {
    let policies: Vec<&NetworkPolicy> = near
        .policies(runner.namespace)
        .iter()
        .copied()
        .filter(|policy| policy.isolates_egress)
        .collect();
    let selecting: Vec<&NetworkPolicy> = policies
        .iter()
        .copied()
        .filter(|policy| {
            policy
                .pod_selector
                .as_ref()
                .is_some_and(|selector| selector.matches(runner.pod_labels))
        })
        .collect();
    if let Some(open) = selecting.iter().find(|policy| opens_everything(policy)) {
        return Egress::OpenDespitePolicy(open.meta.name.clone());
    }
    let has_other_kind = policies
        .iter()
        .any(|policy| policy.pod_selector.is_none() && policy.meta.namespace.is_some());
    match (selecting.is_empty(), has_other_kind) {
        (false, _) => Egress::Isolated,
        (true, true) => Egress::Unknown,
        (true, false) => Egress::Open,
    }
}

/// Whether a rule allows a port of the control plane to every address.
fn opens_everything(policy: &NetworkPolicy) -> bool {
    let Ok(spec) = serde_json::from_str::<Value>(&policy.spec_json) else {
        return false;
    };
    let rules = spec.get("egress").and_then(Value::as_array);
    rules.is_some_and(|rules| {
        rules
            .iter()
            .any(|rule| reaches_all(rule) && allows_a_port(rule))
    })
}

/// Missing or empty `to` is every peer; `0.0.0.0/0` without exceptions is every address.
fn reaches_all(rule: &Value) -> bool {
    let Some(peers) = rule.get("to").and_then(Value::as_array) else {
        return true;
    };
    let is_all = |peer: &Value| {
        let block = peer.get("ipBlock");
        let cidr = block
            .and_then(|block| block.get("cidr"))
            .and_then(Value::as_str);
        let has_exceptions = block
            .and_then(|block| block.get("except"))
            .and_then(Value::as_array)
            .is_some_and(|except| !except.is_empty());
        cidr == Some("0.0.0.0/0") && !has_exceptions
    };
    peers.is_empty() || peers.iter().any(is_all)
}

/// Missing or empty `ports` is every port; a port by name matches no address outside the pods.
fn allows_a_port(rule: &Value) -> bool {
    let Some(ports) = rule.get("ports").and_then(Value::as_array) else {
        return true;
    };
    ports.is_empty()
        || ports.iter().any(|port| {
            let is_tcp = matches!(
                port.get("protocol").and_then(Value::as_str),
                None | Some("TCP")
            );
            let first = match port.get("port") {
                None | Some(Value::Null) => return is_tcp,
                Some(number) => number.as_u64(),
            };
            let last = port.get("endPort").and_then(Value::as_u64).or(first);
            is_tcp
                && CONTROL_PLANE_PORTS.iter().any(|known| {
                    first.is_some_and(|first| first <= *known)
                        && last.is_some_and(|last| *known <= last)
                })
        })
}
