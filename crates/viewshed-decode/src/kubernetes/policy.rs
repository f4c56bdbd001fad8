//! Network policies of every kind: who they select, what they isolate, and their whole `spec`.

use serde::Deserialize;
use serde_json::Value;
use viewshed_model::{LabelSelector, Meta, NetworkPolicy, Position, Requirement, SelectorOperator};

use super::meta::{MetaWire, ObjectKind, SelectorWire, split_api_version};
use super::place::Place;
use crate::nullable::Nullable;

/// Kinds that are network policies, by API group.
const KINDS: &[(&str, &str)] = &[
    ("cilium.io", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io", "CiliumNetworkPolicy"),
    ("crd.antrea.io", "ClusterNetworkPolicy"),
    ("crd.antrea.io", "NetworkPolicy"),
    ("crd.projectcalico.org", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy"),
    ("extensions", "NetworkPolicy"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io", "ClusterNetworkPolicy"),
    ("projectcalico.org", "GlobalNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy"),
];

pub(super) fn is_policy(group: &str, kind: &str) -> bool {
    KINDS.contains(&(group, kind))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PolicyWire {
    metadata: Nullable<MetaWire>,
    spec: Value,
    /// Cilium: several specs in one object; kept as a list.
    specs: Option<Vec<Value>>,
}

impl PolicyWire {
    pub(super) fn into_policy(
        self,
        kind: &ObjectKind<'_>,
        position: Option<Box<Position>>,
    ) -> NetworkPolicy {
        let (isolates_ingress, isolates_egress) = match kind.group {
            "networking.k8s.io" | "extensions" => kubernetes_isolation(&self.spec),
            "projectcalico.org" | "crd.projectcalico.org" => calico_isolation(&self.spec),
            "cilium.io" => {
                let specs = self.specs.as_deref().unwrap_or_default();
                let all = specs.iter().chain(std::iter::once(&self.spec));
                all.map(cilium_isolation)
                    .fold((false, false), |sum, one| (sum.0 || one.0, sum.1 || one.1))
            }
            // Admin and baseline policies decide what they match and isolate nothing beyond it
            // (network-policy-api, "no implicit isolation").
            _ => (false, false),
        };
        let pod_selector = match kind.group {
            "networking.k8s.io" | "extensions" => Some(pod_selector(&self.spec)),
            _ => None,
        };
        let spec = match (self.specs, self.spec) {
            (Some(specs), Value::Null) => Value::Array(specs),
            // Both together are one policy with all of them (Cilium, `CiliumNetworkPolicy.Parse`).
            (Some(mut specs), spec) => {
                specs.insert(0, spec);
                Value::Array(specs)
            }
            (None, spec) => spec,
        };
        NetworkPolicy {
            meta: self.metadata.0.into_meta(position),
            api_group: kind.group.to_owned(),
            version: kind.version.to_owned(),
            kind: kind.kind.to_owned(),
            pod_selector,
            isolates_ingress,
            isolates_egress,
            spec_json: match spec {
                Value::Null => String::new(),
                spec => spec.to_string(),
            },
            is_unread: false,
        }
    }
}

/// A policy of which only its kind can be relied on; `None` for what is no policy.
pub(super) fn unread(
    body: &Value,
    kind: &ObjectKind<'_>,
    place: &Place<'_>,
) -> Option<NetworkPolicy> {
    let namespace = body.pointer("/metadata/namespace").and_then(Value::as_str);
    let name = body.pointer("/metadata/name").and_then(Value::as_str);
    unread_policy(
        (kind.group, kind.version, kind.kind),
        (namespace, name),
        place,
    )
}

/// The same of a text that is no JSON and no YAML, such as a template: by the lines that tell its kind and,
/// where they hold no template, its namespace and name.
pub(crate) fn unread_text(text: &str, place: &Place<'_>) -> Option<NetworkPolicy> {
    let value_of = |start: &str| {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(start))?;
        let value = value.split(" #").next()?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.is_empty() && !value.contains('{')).then_some(value)
    };
    let (group, version) = split_api_version(value_of("apiVersion:")?);
    let kind = value_of("kind:")?;
    let named = (value_of("  namespace:"), value_of("  name:"));
    unread_policy((group, version, kind), named, place)
}

fn unread_policy(
    (group, version, kind): (&str, &str, &str),
    (namespace, name): (Option<&str>, Option<&str>),
    place: &Place<'_>,
) -> Option<NetworkPolicy> {
    let position = place.position();
    let name = match (name, &position) {
        (Some(name), _) => name.to_owned(),
        (None, Some(position)) => format!("{}:{}", position.file, position.line),
        (None, None) => String::new(),
    };
    is_policy(group, kind).then(|| NetworkPolicy {
        meta: Meta {
            name,
            namespace: namespace.map(str::to_owned),
            position,
            ..Meta::default()
        },
        api_group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        is_unread: true,
        ..NetworkPolicy::default()
    })
}

/// A missing selector is the empty one: every pod of the namespace. One that cannot be read (a label's value that is
/// no text) is none that is known; the policy is kept, so that answers depend on it.
fn pod_selector(spec: &Value) -> LabelSelector {
    let Some(selector) = spec.get("podSelector") else {
        return LabelSelector::default();
    };
    let unknown = || LabelSelector {
        match_expressions: vec![Requirement {
            key: String::new(),
            operator: SelectorOperator::Unknown,
            values: Vec::new(),
        }],
        ..LabelSelector::default()
    };
    Nullable::<SelectorWire>::deserialize(selector)
        .map_or_else(|_| unknown(), |selector| selector.0.into())
}

/// `pkg/apis/networking/v1` `SetDefaults_NetworkPolicy`: without `policyTypes` always ingress, and
/// egress when there is an egress rule.
fn kubernetes_isolation(spec: &Value) -> (bool, bool) {
    let types = list(spec, "policyTypes");
    if types.is_empty() {
        (true, !list(spec, "egress").is_empty())
    } else {
        (contains(types, "Ingress"), contains(types, "Egress"))
    }
}

/// Calico's default for `types`: the directions that have rules, ingress when none has.
fn calico_isolation(spec: &Value) -> (bool, bool) {
    let types = list(spec, "types");
    if !types.is_empty() {
        return (contains(types, "Ingress"), contains(types, "Egress"));
    }
    let egress = !list(spec, "egress").is_empty();
    (!list(spec, "ingress").is_empty() || !egress, egress)
}

/// Cilium (`api.Rule.Sanitize`): a direction with rules of either kind is denied by default unless
/// `enableDefaultDeny` says otherwise; an empty list is no rule.
fn cilium_isolation(spec: &Value) -> (bool, bool) {
    let direction = |allow: &str, deny: &str, switch: &str| {
        spec.pointer(&format!("/enableDefaultDeny/{switch}"))
            .and_then(Value::as_bool)
            .unwrap_or_else(|| !list(spec, allow).is_empty() || !list(spec, deny).is_empty())
    };
    (
        direction("ingress", "ingressDeny", "ingress"),
        direction("egress", "egressDeny", "egress"),
    )
}

fn list<'a>(spec: &'a Value, field: &str) -> &'a [Value] {
    spec.get(field)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn contains(types: &[Value], wanted: &str) -> bool {
    types.iter().any(|one| one.as_str() == Some(wanted))
}
