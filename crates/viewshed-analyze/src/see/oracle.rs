//! The slow, obvious way to an identity's view: every object, every verb, one decision each.

use std::collections::BTreeMap;

use proptest::prelude::*;
use viewshed_model::{AccessRequest, Action, Decision, Identity, ResourceRequest, Vantage, View};

use super::see_knowing_names;
use crate::SightIndex;
use crate::inventory::Kind;
use crate::samples::random::{any_cluster, identities};

/// How each object shows, by kind, namespace and name.
type Shown = BTreeMap<(String, String, String), Vec<String>>;

fn allowed(index: &SightIndex<'_>, identity: &Identity, request: ResourceRequest) -> Decision {
    index.access.decide(&AccessRequest {
        identity: identity.clone(),
        action: Action::Resource(request),
    })
}

/// The words for one object, and whether a missing fact could add some.
fn ways(
    index: &SightIndex<'_>,
    identity: &Identity,
    kind: &Kind<'_>,
    object: (&str, &str),
    subresource: &str,
) -> (Vec<String>, bool) {
    let (namespace, name) = object;
    let mut words = Vec::new();
    let mut unknown = false;
    let mut ask = |verb: &str, namespace: &str, name: &str, selector: &str| {
        kind.groups().any(|group| {
            let request = ResourceRequest {
                verb: verb.to_owned(),
                api_group: group.to_owned(),
                resource: kind.resource.clone(),
                subresource: subresource.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                field_selector: selector.to_owned(),
                ..ResourceRequest::default()
            };
            let decision = allowed(index, identity, request);
            unknown |= matches!(decision, Decision::DependsOn(_));
            decision.is_allowed()
        })
    };
    // `RequestInfo`: the name of a namespace is the namespace of a `get`.
    let get_namespace = if kind.resource == "namespaces" {
        name
    } else {
        namespace
    };
    if subresource.is_empty() {
        let node = index
            .cluster
            .pods
            .iter()
            .find(|pod| {
                kind.resource == "pods" && pod.meta.full_name() == format!("{namespace}/{name}")
            })
            .map(|pod| format!("spec.nodeName={}", pod.node))
            .unwrap_or_default();
        for verb in ["list", "watch"] {
            if ask(verb, "", "", "") || ask(verb, namespace, "", "") || ask(verb, "", "", &node) {
                words.push(verb.to_owned());
            }
        }
    }
    if ask("get", get_namespace, name, "") {
        words.push("get".to_owned());
    }
    if subresource.is_empty() {
        for verb in ["list", "watch"] {
            if !words.iter().any(|word| word == verb) && ask(verb, namespace, name, "") {
                words.push(format!("{verb} by name"));
            }
        }
    }
    (words, unknown)
}

fn expected(index: &SightIndex<'_>, identity: &Identity) -> (Shown, u64) {
    let mut shown = Shown::new();
    let mut uncertain = 0;
    for kind in &index.inventory.kinds {
        let is_pods = kind.group.is_empty() && kind.resource == "pods";
        for object in &kind.objects {
            for subresource in ["", "log"] {
                if !subresource.is_empty() && !is_pods {
                    continue;
                }
                let place = (object.namespace, object.name);
                let (words, unknown) = ways(index, identity, kind, place, subresource);
                let title = if subresource.is_empty() {
                    kind.title.to_string()
                } else {
                    "pods/log".to_owned()
                };
                if words.is_empty() {
                    uncertain += u64::from(unknown);
                } else {
                    let key = (title, object.namespace.to_owned(), object.name.to_owned());
                    shown.insert(key, words);
                }
            }
        }
    }
    (shown, uncertain)
}

/// The part of a view that single decisions can tell: no consequences, no kubelets.
fn computed(view: &View<'_>, index: &SightIndex<'_>) -> Shown {
    let kinds: Vec<&str> = index
        .inventory
        .kinds
        .iter()
        .map(|kind| &*kind.title)
        .collect();
    let mut shown = Shown::new();
    for item in view.categories.iter().flat_map(|category| &category.seen) {
        if item.kind != "pods/log" && !kinds.contains(&&*item.kind) {
            continue;
        }
        let verbs: Vec<String> = item
            .verbs
            .iter()
            .filter(|verb| !matches!(&***verb, "indirect" | "kubelet"))
            .map(ToString::to_string)
            .collect();
        if !verbs.is_empty() {
            let key = (
                item.kind.to_string(),
                item.namespace.to_string(),
                item.name.to_string(),
            );
            shown.insert(key, verbs);
        }
    }
    shown
}

/// Whether some kubelet would answer, if its port is reached: one question for each of its parts.
fn asks_kubelets(index: &SightIndex<'_>, identity: &Identity) -> bool {
    let nodes = index.cluster.nodes.iter();
    let mut asked = nodes.flat_map(|node| {
        ["pods", "stats", "metrics", "log"].map(|part| ResourceRequest {
            verb: "get".to_owned(),
            resource: "nodes".to_owned(),
            subresource: part.to_owned(),
            name: node.meta.name.clone(),
            ..ResourceRequest::default()
        })
    });
    asked.any(|request| allowed(index, identity, request).is_allowed())
}

proptest! {
    #[test]
    fn views_equal_single_decisions(cluster in any_cluster()) {
        let index = SightIndex::new(&cluster);
        for identity in identities() {
            let vantage = Vantage::Identity { identity: identity.clone() };
            let view = see_knowing_names(&index, &vantage).unwrap();
            let (expected, uncertain) = expected(&index, &identity);
            prop_assert_eq!(computed(&view, &index), expected, "{}", identity);
            let counted: u64 = view.categories.iter().map(|category| category.uncertain_count).sum();
            prop_assert!(counted >= uncertain, "{identity}: {counted} < {uncertain}");
            let has_doubt = uncertain > 0 || asks_kubelets(&index, &identity);
            prop_assert!(has_doubt || counted == 0, "{identity}: {counted} for nothing");
        }
    }
}
