//! The namespace of objects whose manifest names none.
//!
//! `kubectl apply -n NAMESPACE` decides it at the last moment, and the file does not tell. Bindings do:
//! a subject must name the namespace of its service account, so the account that a file makes without
//! a namespace belongs where the bindings say, and so does what stands beside it. Without such a hint
//! it is `default`, as with `kubectl apply` alone.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Cluster, Meta, SubjectKind};

/// What `kubectl apply` uses when neither the file nor the user names a namespace.
const FALLBACK: &str = "default";

/// Namespaces by file, and by folder for files that do not tell.
struct Hints {
    by_file: BTreeMap<String, BTreeSet<String>>,
    by_folder: BTreeMap<String, BTreeSet<String>>,
}

/// Gives every namespaced object a namespace. Objects of kinds whose scope is not known stay as they are.
pub(super) fn settle(cluster: &mut Cluster) {
    let hints = Hints::of(cluster);
    let metas = cluster
        .pods
        .iter_mut()
        .map(|one| &mut one.meta)
        .chain(cluster.workloads.iter_mut().map(|one| &mut one.meta))
        .chain(cluster.services.iter_mut().map(|one| &mut one.meta))
        .chain(cluster.endpoints.iter_mut().map(|one| &mut one.meta))
        .chain(cluster.ingresses.iter_mut().map(|one| &mut one.meta))
        .chain(cluster.service_accounts.iter_mut().map(|one| &mut one.meta))
        .chain(cluster.configs.iter_mut().map(|one| &mut one.meta))
        .chain(cluster.volume_claims.iter_mut().map(|one| &mut one.meta));
    for meta in metas {
        hints.fill(meta);
    }
    // Of these lists, some kinds have a namespace and some do not: decoding left an empty one.
    let policies = cluster.network_policies.iter_mut().filter_map(|policy| {
        let kind = policy.kind.as_str();
        let is_namespaced = matches!(kind, "NetworkPolicy" | "CiliumNetworkPolicy");
        // The namespace may be what could not be read.
        (is_namespaced && !policy.is_unread).then_some(&mut policy.meta)
    });
    let sets = cluster.network_settings.iter_mut().filter_map(|setting| {
        matches!(
            setting.kind.as_str(),
            "NetworkSet" | "ConfigMap" | "DaemonSet" | "ReferenceGrant"
        )
        .then_some(&mut setting.meta)
    });
    let rights = (cluster.roles.iter_mut().map(|role| &mut role.meta))
        .chain(cluster.bindings.iter_mut().map(|binding| &mut binding.meta))
        .filter(|meta| meta.namespace.is_some());
    for meta in policies.chain(sets).chain(rights) {
        hints.fill(meta);
    }
    for gateway in &mut cluster.gateways {
        if gateway.kind == "GatewayClass" {
            continue;
        }
        hints.fill(&mut gateway.meta);
        let namespace = gateway.meta.namespace_or_empty();
        let names = (gateway.services.iter_mut())
            .chain(gateway.backends.iter_mut().map(|one| &mut one.service))
            .chain(gateway.gateways.iter_mut())
            .chain(gateway.sections.iter_mut().map(|one| &mut one.gateway));
        for name in names {
            if name.starts_with('/') {
                name.insert_str(0, namespace);
            }
        }
    }
}

impl Hints {
    fn of(cluster: &Cluster) -> Self {
        let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for subject in cluster
            .bindings
            .iter()
            .flat_map(|binding| &binding.subjects)
        {
            if let (SubjectKind::ServiceAccount, Some(namespace)) =
                (&subject.kind, &subject.namespace)
            {
                named.entry(&subject.name).or_default().insert(namespace);
            }
        }
        let mut hints = Self {
            by_file: BTreeMap::new(),
            by_folder: BTreeMap::new(),
        };
        for account in &cluster.service_accounts {
            let meta = &account.meta;
            let namespaces = named.get(meta.name.as_str()).filter(|_| is_unset(meta));
            for namespace in namespaces.into_iter().flatten() {
                let file = file_of(meta);
                let folder = folder_of(file);
                for (map, key) in [(&mut hints.by_file, file), (&mut hints.by_folder, folder)] {
                    let known = map.entry(key.to_owned()).or_default();
                    known.insert((*namespace).to_owned());
                }
            }
        }
        hints
    }

    fn fill(&self, meta: &mut Meta) {
        if !is_unset(meta) {
            return;
        }
        let file = file_of(meta);
        let hint =
            only(self.by_file.get(file)).or_else(|| only(self.by_folder.get(folder_of(file))));
        meta.namespace = Some(hint.unwrap_or(FALLBACK).to_owned());
    }
}

/// Several namespaces are no hint.
fn only(namespaces: Option<&BTreeSet<String>>) -> Option<&str> {
    let namespaces = namespaces?;
    namespaces
        .first()
        .filter(|_| namespaces.len() == 1)
        .map(String::as_str)
}

fn is_unset(meta: &Meta) -> bool {
    meta.namespace_or_empty().is_empty()
}

fn file_of(meta: &Meta) -> &str {
    meta.position
        .as_deref()
        .map_or("", |position| &position.file)
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}
