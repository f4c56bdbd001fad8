//! Objects that several of the files tell, such as a dump beside `kubectl get -o yaml` of the same cluster.
//!
//! A cluster holds one object of each kind, namespace and name. The last one told stays, as with
//! `kubectl apply` of the same files in the same order; where an earlier one says something else, a gap
//! names both.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use viewshed_model::{Cluster, ConfigKind, Gap, GapReason, Meta, Position};

use crate::gaps::{GapList, gap};

/// Leaves one of each object. Those whose name the server is to make are each their own.
pub(super) fn settle(cluster: &mut Cluster, gaps: &mut Vec<Gap>) {
    let mut differing = GapList::new(gaps);
    let mut differs = |kind: &str, earlier: &Meta, later: &Meta| {
        let what = format!("`{kind}` `{}` at {}", earlier.full_name(), place(earlier));
        let detail = format!("{} says something else, and is taken", place(later));
        let hint = "give only the files that hold at the same time";
        let source = earlier.position.as_deref().map_or("", file_of);
        differing.push(gap(source, &what, GapReason::ToldTwice, &detail, hint));
    };
    macro_rules! settle {
        ($list:ident, $one:ident => $group:expr, $kind:expr) => {
            one_of_each(
                &mut cluster.$list,
                |$one| ($group, $kind),
                (|one| &one.meta, |one| &mut one.meta),
                &mut differs,
            );
        };
    }
    settle!(namespaces, _one => "", "Namespace");
    settle!(nodes, _one => "", "Node");
    settle!(pods, _one => "", "Pod");
    settle!(workloads, one => &one.api_group, &one.kind);
    settle!(services, _one => "", "Service");
    settle!(ingresses, _one => "", "Ingress");
    settle!(gateways, one => "", &one.kind);
    settle!(roles, one => "", scoped(&one.meta, ["ClusterRole", "Role"]));
    settle!(bindings, one => "", scoped(&one.meta, ["ClusterRoleBinding", "RoleBinding"]));
    settle!(service_accounts, _one => "", "ServiceAccount");
    settle!(network_policies, one => &one.api_group, &one.kind);
    settle!(network_settings, one => &one.api_group, &one.kind);
    settle!(configs, one => "", match one.kind {
        ConfigKind::ConfigMap => "ConfigMap",
        ConfigKind::Secret => "Secret",
    });
    settle!(volume_claims, _one => "", "PersistentVolumeClaim");
    settle!(volumes, _one => "", "PersistentVolume");
    settle!(volume_attachments, _one => "", "VolumeAttachment");
    settle!(others, one => &one.group, &one.kind);
}

/// The name of the kind without and with a namespace.
fn scoped(meta: &Meta, [wide, narrow]: [&'static str; 2]) -> &'static str {
    match meta.namespace {
        None => wide,
        Some(_) => narrow,
    }
}

type MetaOf<T> = (fn(&T) -> &Meta, fn(&mut T) -> &mut Meta);

fn one_of_each<T: Clone + PartialEq>(
    list: &mut Vec<T>,
    kind: fn(&T) -> (&str, &str),
    (meta, meta_mut): MetaOf<T>,
    differs: &mut dyn FnMut(&str, &Meta, &Meta),
) {
    let mut latest: BTreeMap<_, usize> = BTreeMap::new();
    // In the place of the first one stands the last one.
    let mut replaced = Vec::new();
    for (index, one) in list.iter().enumerate() {
        let Meta {
            namespace, name, ..
        } = meta(one);
        if is_made_by_the_server(name) {
            continue;
        }
        match latest.entry((kind(one), namespace.as_deref(), name)) {
            Entry::Vacant(entry) => {
                entry.insert(index);
            }
            Entry::Occupied(first) => replaced.push((*first.get(), index)),
        }
    }
    drop(latest);
    for &(first, later) in &replaced {
        // Where it stands in the files is no part of what an object says.
        let said = |index: usize| {
            let mut one = list.get(index).cloned()?;
            meta_mut(&mut one).position = None;
            Some(one)
        };
        if let (Some(before), Some(after)) = (list.get(first), list.get(later))
            && said(first) != said(later)
        {
            differs(kind(before).1, meta(before), meta(after));
        }
        if first < later && later < list.len() {
            list.swap(first, later);
        }
    }
    let mut gone = replaced.iter().map(|&(_, later)| later).peekable();
    let mut index = 0;
    list.retain(|_| {
        let is_gone = gone.next_if_eq(&index).is_some();
        index += 1;
        !is_gone
    });
}

/// Decoding leaves `generateName` as the name; a whole name never ends in a dash (apimachinery
/// `pkg/util/validation`, DNS-1123).
fn is_made_by_the_server(name: &str) -> bool {
    name.is_empty() || name.ends_with('-')
}

fn file_of(position: &Position) -> &str {
    &position.file
}

fn place(meta: &Meta) -> String {
    meta.position.as_deref().map_or_else(
        || "an unknown place".to_owned(),
        |position| format!("`{}` line {}", position.file, position.line),
    )
}

#[cfg(test)]
mod tests;
