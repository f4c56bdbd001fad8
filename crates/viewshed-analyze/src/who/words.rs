//! The words that people use for resources: plurals, singulars, kinds and kubectl's short names.

use crate::sight::SightIndex;

/// Short names of built-in resources (`kubectl api-resources`).
const SHORT_NAMES: [(&str, &str); 27] = [
    ("cj", "cronjobs"),
    ("cm", "configmaps"),
    ("crd", "customresourcedefinitions"),
    ("crds", "customresourcedefinitions"),
    ("cs", "componentstatuses"),
    ("csr", "certificatesigningrequests"),
    ("deploy", "deployments"),
    ("ds", "daemonsets"),
    ("ep", "endpoints"),
    ("ev", "events"),
    ("hpa", "horizontalpodautoscalers"),
    ("ing", "ingresses"),
    ("limits", "limitranges"),
    ("netpol", "networkpolicies"),
    ("no", "nodes"),
    ("ns", "namespaces"),
    ("pc", "priorityclasses"),
    ("pdb", "poddisruptionbudgets"),
    ("po", "pods"),
    ("pv", "persistentvolumes"),
    ("pvc", "persistentvolumeclaims"),
    ("quota", "resourcequotas"),
    ("rc", "replicationcontrollers"),
    ("rs", "replicasets"),
    ("sa", "serviceaccounts"),
    ("sts", "statefulsets"),
    ("svc", "services"),
];

/// A resource by its plural (also `deployments.apps`), singular, kind or short name, whatever the
/// case; `None` when the cluster has none of that name. The core group wins, then the first group
/// by name.
///
/// A subresource after a slash is kept: `pods/log` gives group `""`, resource `pods`, subresource
/// `log`.
pub fn resolve_resource(index: &SightIndex<'_>, text: &str) -> Option<(String, String, String)> {
    let (text, subresource) = text.split_once('/').unwrap_or((text, ""));
    let lower = text.to_lowercase();
    let (word, group) = lower
        .split_once('.')
        .map_or((lower.as_str(), None), |(word, group)| (word, Some(group)));
    let word = SHORT_NAMES
        .iter()
        .find(|(short, _)| *short == word)
        .map_or(word, |(_, resource)| *resource);
    let is_named = |resource: &str, title: &str| resource == word || title.to_lowercase() == word;
    let mut kinds = index.inventory.kinds.iter();
    let is_direct = kinds.any(|kind| is_named(&kind.resource, &kind.title));
    // A resource that has this name comes before one that may be called so for short, as in kubectl.
    let by_other_name = index.cluster.api_resources.iter().find(|api| {
        let mut names = api.other_names.iter();
        group.is_none_or(|group| api.group == group)
            && names.any(|name| name.to_lowercase() == word)
    });
    let word = match by_other_name {
        Some(api) if !is_direct => api.resource.as_str(),
        _ => word,
    };
    let group = group.or(by_other_name
        .filter(|_| !is_direct)
        .map(|api| api.group.as_str()));
    index
        .inventory
        .kinds
        .iter()
        .filter(|kind| group.is_none_or(|group| kind.groups().any(|known| known == group)))
        .find(|kind| kind.resource == word || kind.title.to_lowercase() == word)
        .map(|kind| {
            // A group that was asked for by name stays, also where two groups show the same objects.
            let group = group.unwrap_or(&kind.group);
            (
                group.to_owned(),
                kind.resource.clone(),
                subresource.to_owned(),
            )
        })
}
