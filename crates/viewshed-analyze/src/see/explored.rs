//! How much of what an identity can see somebody has asked for.

use std::collections::BTreeMap;

use viewshed_model::{Identity, RequestTally, Surface, Vantage, Verdict};

use super::{SeeError, see_knowing_names};
use crate::sight::SightIndex;

/// How many objects an identity can discover, by resource (`pods`, `deployments.apps`) and namespace (empty for
/// none). A small extract of a view: a view of a large cluster has hundreds of thousands of entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visible {
    counts: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What an identity can discover in one cluster, counted; what it may only get by name counts too.
///
/// # Errors
/// As [`super::see_in`]; an identity that the cluster does not know sees what its groups see.
pub fn visible(index: &SightIndex<'_>, identity: &Identity) -> Result<Visible, SeeError> {
    let vantage = Vantage::Identity {
        identity: identity.clone(),
    };
    let view = see_knowing_names(index, &vantage)?;
    let resources: BTreeMap<&str, String> = index
        .inventory
        .kinds
        .iter()
        .map(|kind| {
            let resource = if kind.group.is_empty() {
                kind.resource.clone()
            } else {
                format!("{}.{}", kind.resource, kind.group)
            };
            (&*kind.title, resource)
        })
        .collect();
    let mut counts: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for item in view.categories.iter().flat_map(|category| &category.seen) {
        // Containers, images, logs and paths are no objects that are listed for themselves.
        if let Some(resource) = resources.get(&*item.kind) {
            let of_resource = counts.entry(resource.clone()).or_default();
            *of_resource.entry(item.namespace.to_string()).or_default() += 1;
        }
    }
    Ok(Visible { counts })
}

impl Visible {
    /// Adds what another identity of the same hand can discover. What both see counts once; of a namespace in
    /// which each sees some, the larger number counts.
    pub fn merge(&mut self, other: &Self) {
        for (resource, namespaces) in &other.counts {
            let of_resource = self.counts.entry(resource.clone()).or_default();
            for (namespace, count) in namespaces {
                let known = of_resource.entry(namespace.clone()).or_default();
                *known = (*known).max(*count);
            }
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.counts.values().flat_map(BTreeMap::values).sum()
    }

    /// Of them, those that requests were answered with, as far as tallies tell: all of a kind and namespace for a
    /// list, one for each single object.
    pub fn asked(&self, requests: &[RequestTally]) -> u64 {
        let mut asked = 0;
        for (resource, namespaces) in &self.counts {
            for (namespace, count) in namespaces {
                let of_here = requests.iter().filter(|request| {
                    is_answered(request)
                        && request.kind == *resource
                        && (request.namespace.is_empty() || request.namespace == *namespace)
                });
                let mut single = 0;
                let mut has_list = false;
                for request in of_here {
                    if matches!(request.verb.as_str(), "list" | "watch") {
                        has_list = true;
                    } else {
                        single += request.count;
                    }
                }
                asked += if has_list { *count } else { single.min(*count) };
            }
        }
        asked
    }

    /// Whether any object of this resource can be discovered.
    pub fn shows(&self, resource: &str) -> bool {
        self.counts.contains_key(resource)
    }
}

/// Whether a request showed something of the API.
pub fn is_answered(request: &RequestTally) -> bool {
    request.surface == Surface::KubernetesApi
        && request.verdict != Verdict::Refused
        && matches!(request.verb.as_str(), "get" | "list" | "watch")
}

#[cfg(test)]
mod tests {
    use viewshed_model::{Cluster, Identity, RequestTally, Surface, Verdict};

    use super::visible;
    use crate::samples;
    use crate::sight::SightIndex;

    fn request(verb: &str, kind: &str, namespace: &str, verdict: Verdict) -> RequestTally {
        RequestTally {
            surface: Surface::KubernetesApi,
            verb: verb.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            verdict,
            count: 1,
        }
    }

    fn shop() -> Cluster {
        let mut cluster = samples::shop();
        cluster.roles = vec![
            samples::role("reader", &["list | core apps | pods deployments"]),
            samples::role("shop/keys", &["get list | core | secrets"]),
        ];
        cluster.bindings = vec![
            samples::binding("reader", "ClusterRole/reader", &["sa:shop/cart"]),
            samples::binding("shop/keys", "Role/keys", &["sa:shop/cart"]),
        ];
        cluster
    }

    fn asked(requests: &[RequestTally]) -> u64 {
        let cluster = shop();
        let index = SightIndex::new(&cluster);
        let cart = Identity::service_account("shop", "cart");
        visible(&index, &cart).unwrap().asked(requests)
    }

    #[test]
    fn what_an_identity_can_see_is_counted_by_resource_and_namespace() {
        let cluster = shop();
        let index = SightIndex::new(&cluster);
        let cart = visible(&index, &Identity::service_account("shop", "cart")).unwrap();
        let count = |resource: &str, namespace: &str| {
            let namespaces = cart.counts.get(resource);
            namespaces.and_then(|counts| counts.get(namespace)).copied()
        };
        assert_eq!(
            (count("pods", "shop"), count("pods", "ops")),
            (Some(2), Some(1))
        );
        assert_eq!(count("deployments.apps", "shop"), Some(1));
        assert_eq!(
            (count("secrets", "shop"), count("secrets", "ops")),
            (Some(1), None)
        );
        let nobody = visible(&index, &Identity::user("nobody", [])).unwrap();
        assert!(!nobody.shows("pods"));
        let mut both = nobody;
        both.merge(&cart);
        both.merge(&cart);
        assert!(both.total() >= cart.total() && both.shows("secrets"));
    }

    #[test]
    fn what_was_asked_for_is_a_part_of_it() {
        use Verdict::{Allowed, Refused};
        let everywhere = request("list", "pods", "", Allowed);
        assert_eq!(asked(std::slice::from_ref(&everywhere)), 3);
        // Once more, or a part of it, adds nothing.
        let again = request("list", "pods", "shop", Allowed);
        assert_eq!(asked(&[everywhere.clone(), again.clone()]), 3);
        assert_eq!(asked(&[again]), 2);
        assert_eq!(asked(&[request("get", "pods", "shop", Allowed)]), 1);
        assert_eq!(
            asked(&[
                everywhere,
                request("list", "deployments.apps", "shop", Allowed)
            ]),
            4
        );
        for nothing in [
            request("list", "pods", "", Refused),
            request("create", "pods", "shop", Allowed),
            request("list", "secrets", "ops", Allowed),
            request("get", "/version", "", Allowed),
        ] {
            assert_eq!(asked(&[nothing]), 0);
        }
    }
}
