//! Cilium's endpoint selectors: label keys with a source in front (`k8s:app`, `any:app`), and labels
//! that Cilium makes from the namespace, the service account and the cluster.

use serde_json::Value;

use super::super::labels::plain_selector;
use super::super::reader::Reader;
use super::peer::entity;
use crate::network::place::NAME_LABEL;
use crate::network::vocabulary::{ExprId, Holder, Term};

/// Labels that Cilium makes (`pkg/k8s/apis/cilium.io/const.go`).
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const OF_NAMESPACE: &str = "io.cilium.k8s.namespace.labels.";
const SERVICE_ACCOUNT: &str = "io.cilium.k8s.policy.serviceaccount";
const CLUSTER: &str = "io.cilium.k8s.policy.cluster";

const SOURCES: [&str; 4] = ["k8s:", "any:", "container:", "node:"];
const RESERVED: &str = "reserved:";

/// The key without the source of the label.
pub(super) fn without_source(key: &str) -> &str {
    SOURCES
        .iter()
        .find_map(|source| key.strip_prefix(source))
        .unwrap_or(key)
}

/// The labels of an `endpointSelector`, over pods.
pub(super) fn labels(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let cluster = if mentions(value, |key| without_source(key) == CLUSTER) {
        own_cluster(reader, value)
    } else {
        reader.all()
    };
    let value = without_keys(value, |key| without_source(key) == CLUSTER);
    let found = reader.selector_with(Some(&value), |key| {
        // Labels of a container runtime, which pods have none of: theirs are of the source `k8s` (cilium/cilium
        // `pkg/labels/labels.go`, `LabelSourceContainer`).
        if key.starts_with("container:") {
            return (Holder::Pod, key.to_owned());
        }
        let key = without_source(key);
        match key {
            NAMESPACE => (Holder::Namespace, NAME_LABEL.to_owned()),
            SERVICE_ACCOUNT => (Holder::Account, NAME_LABEL.to_owned()),
            _ => match key.strip_prefix(OF_NAMESPACE) {
                Some(key) => (Holder::Namespace, key.to_owned()),
                None => (Holder::Pod, key.to_owned()),
            },
        }
    });
    reader.and([found, cluster])
}

/// Whether a selector means the cluster of the estate, as far as it names clusters.
fn own_cluster(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let Some(name) = reader.translator.profile.cilium_cluster.clone() else {
        return reader.unsure("the cluster's name in Cilium's cluster mesh");
    };
    let mut selector = plain_selector(Some(&without_keys(value, |key| {
        without_source(key) != CLUSTER
    })));
    let labels = std::mem::take(&mut selector.match_labels);
    let is_named = labels.values().all(|wanted| *wanted == name);
    for expression in &mut selector.match_expressions {
        CLUSTER.clone_into(&mut expression.key);
    }
    let own = std::iter::once((CLUSTER.to_owned(), name)).collect();
    if is_named && selector.matches(&own) {
        reader.all()
    } else {
        reader.none()
    }
}

/// The `endpointSelector` of a namespaced policy: a namespace that it names is overridden by the policy's
/// own ("`EndpointSelector` always applies in namespace of the policy resource, removing illegal namespace
/// match", `pkg/k8s/apis/cilium.io/utils`, `ParseToCiliumRule`).
pub(super) fn own_labels(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let mut value = value.clone();
    if let Some(labels) = value.get_mut("matchLabels").and_then(Value::as_object_mut) {
        labels.retain(|key, _| key.strip_prefix("k8s:") != Some(NAMESPACE));
    }
    labels(reader, &value)
}

/// A selector in `fromEndpoints` or `toEndpoints`: pods, or one of the reserved identities.
///
/// In a namespaced policy it means pods of the own namespace, even when empty, unless it names a
/// namespace or labels of namespaces itself (`getEndpointSelector`).
pub(super) fn endpoints(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let reserved: Vec<String> = keys(value)
        .filter_map(|key| key.strip_prefix(RESERVED).map(str::to_owned))
        .collect();
    if !reserved.is_empty() {
        let parts: Vec<ExprId> = reserved.iter().map(|name| entity(reader, name)).collect();
        return reader.and(parts);
    }
    let names_namespace = mentions(value, |key| {
        let key = without_source(key);
        key == NAMESPACE || key.starts_with(OF_NAMESPACE)
    });
    let pods = match reader.namespace() {
        own if own.is_empty() || names_namespace => reader.term(Term::Pod),
        _ => reader.own_pods(),
    };
    let selected = labels(reader, value);
    reader.and([pods, selected])
}

fn keys(value: &Value) -> impl Iterator<Item = &str> {
    let labels = value.get("matchLabels").and_then(Value::as_object);
    let expressions = value.get("matchExpressions").and_then(Value::as_array);
    let of_labels = labels.into_iter().flatten().map(|(key, _)| key.as_str());
    let of_expressions = expressions
        .into_iter()
        .flatten()
        .filter_map(|expression| expression.get("key")?.as_str());
    of_labels.chain(of_expressions)
}

fn mentions(value: &Value, wanted: impl Fn(&str) -> bool) -> bool {
    keys(value).any(wanted)
}

/// The selector less what it says of some keys.
fn without_keys(value: &Value, unwanted: impl Fn(&str) -> bool) -> Value {
    let mut value = value.clone();
    if let Some(labels) = value.get_mut("matchLabels").and_then(Value::as_object_mut) {
        labels.retain(|key, _| !unwanted(key));
    }
    if let Some(list) = value
        .get_mut("matchExpressions")
        .and_then(Value::as_array_mut)
    {
        list.retain(|expression| {
            let key = expression.get("key").and_then(Value::as_str);
            !key.is_some_and(&unwanted)
        });
    }
    value
}
