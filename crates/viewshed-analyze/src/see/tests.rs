mod grants;
mod here;
mod joined;
mod nodes;
mod own;
mod places;
mod pods;
mod signs;
mod users;

use viewshed_model::{Cluster, Identity, Vantage, View};

use super::see_in;
use crate::SightIndex;
use crate::samples::{binding, role, shop};

/// What a view shows, one item a line, without paths that everybody may read.
pub(super) fn shown(view: &View<'_>) -> String {
    let mut lines = Vec::new();
    for category in &view.categories {
        for item in &category.seen {
            if item.kind == "path" {
                continue;
            }
            let name = if item.namespace.is_empty() {
                item.name.to_string()
            } else {
                format!("{}/{}", item.namespace, item.name)
            };
            lines.push(format!("{} {name}: {}", item.kind, item.verbs.join(", ")));
        }
    }
    lines.join("\n")
}

pub(super) fn view<'c>(cluster: &'c Cluster, vantage: &Vantage) -> View<'c> {
    see_in(&SightIndex::new(cluster), vantage).unwrap()
}

/// Checks everything that shows, line by line in the order of categories.
pub(super) fn check(cluster: &Cluster, vantage: &Vantage, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    let expected: Vec<&str> = expected
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(shown(&view(cluster, vantage)), expected.join("\n"));
}

pub(super) fn chain_of(view: &View<'_>, kind: &str, name: &str) -> Vec<String> {
    let item = view
        .categories
        .iter()
        .flat_map(|category| &category.seen)
        .find(|item| item.kind == kind && item.name == name)
        .unwrap();
    view.chains[item.chain]
        .links
        .iter()
        .map(|link| link.text.clone())
        .collect()
}

pub(super) fn user(name: &str) -> Vantage {
    Vantage::Identity {
        identity: Identity::user(name, []),
    }
}

pub(super) fn in_pod(namespace: &str, name: &str) -> Vantage {
    Vantage::Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// The shop with one ClusterRole and one binding of it.
pub(super) fn granted(rules: &[&str], binding_name: &str, subjects: &[&str]) -> Cluster {
    let mut cluster = shop();
    cluster.roles.push(role("reader", rules));
    cluster
        .bindings
        .push(binding(binding_name, "ClusterRole/reader", subjects));
    cluster
}
