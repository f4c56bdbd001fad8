//! Inside: objects that rules tell by name, and kinds of which only a known name shows something.
//!
//! A SelfSubjectRulesReview shows `resourceNames` to whoever holds the rule
//! (`staging/src/k8s.io/api/authorization/v1/types.go`, `ResourceRule`).

use std::collections::BTreeSet;

use viewshed_model::{
    Action, Cluster, ConfigKind, ConfigNames, Meta, MissingFact, OtherObject, Pod, ResourceRequest,
    Service, Sight,
};

use super::guesses::Names;
use super::{here, own};
use crate::inventory::Inventory;
use crate::sight::{SightIndex, resource_name, scope_text};

fn allowed(sight: &Sight) -> impl Iterator<Item = &ResourceRequest> {
    let answers = sight.answers.iter().filter(|answer| answer.allowed);
    answers.filter_map(|answer| match &answer.action {
        Action::Resource(request) => Some(request),
        Action::NonResource(_) => None,
    })
}

/// Adds the objects that rules name and no list showed, but for those that do not exist.
pub(super) fn add(cluster: &mut Cluster, sights: &[Sight]) {
    let told = sights
        .iter()
        .flat_map(allowed)
        .filter(|request| !request.name.is_empty() && request.subresource.is_empty());
    let inventory = Inventory::new(cluster);
    let mut done = BTreeSet::new();
    let mut missing = Vec::new();
    for request in told {
        let api = cluster.api_resources.iter().find(|api| {
            api.group == request.api_group && api.resource == request.combined_resource()
        });
        let Some(api) = api else { continue };
        // Where a rule holds everywhere, it does not tell in which namespace the object is.
        if api.namespaced && request.namespace.is_empty() {
            continue;
        }
        let namespace = api.namespaced.then_some(request.namespace.as_str());
        let found = inventory
            .kind(&api.group, &api.resource)
            .and_then(|kind| inventory.find(kind, namespace.unwrap_or_default(), &request.name));
        let is_new = done.insert((&api.group, &api.resource, namespace, &request.name));
        let is_absent = sights.iter().any(|sight| {
            let mut absent = sight.absent.iter();
            absent.any(|one| is_same(one, request)) || lists(sight, request)
        });
        if found.is_none() && is_new && !is_absent {
            let meta = own::named(namespace, &request.name);
            missing.push((request, api.kind.clone(), meta));
        }
    }
    for (request, kind, meta) in missing {
        add_one(cluster, request, (kind, meta));
    }
}

fn is_same(one: &ResourceRequest, other: &ResourceRequest) -> bool {
    let object = |request: &ResourceRequest| {
        let (group, resource) = (request.api_group.clone(), request.resource.clone());
        (
            group,
            resource,
            request.namespace.clone(),
            request.name.clone(),
        )
    };
    object(one) == object(other)
}

/// Whether a list or a watch showed every object of the kind there is.
fn lists(sight: &Sight, asked: &ResourceRequest) -> bool {
    allowed(sight).any(|request| {
        matches!(request.verb.as_str(), "list" | "watch")
            && request.name.is_empty()
            && request.subresource.is_empty()
            && request.api_group == asked.api_group
            && request.resource == asked.resource
            && (request.namespace.is_empty() || request.namespace == asked.namespace)
    })
}

fn add_one(cluster: &mut Cluster, request: &ResourceRequest, (kind, meta): (String, Meta)) {
    let config = |kind: ConfigKind, meta: Meta| ConfigNames {
        kind,
        meta,
        secret_type: String::new(),
        token_of: String::new(),
        keys: Vec::new(),
    };
    match (request.api_group.as_str(), request.resource.as_str()) {
        ("", "pods") => cluster.pods.push(Pod {
            meta,
            ..Pod::default()
        }),
        ("", "services") => cluster.services.push(Service {
            meta,
            ..Service::default()
        }),
        ("", "secrets") => cluster.configs.push(config(ConfigKind::Secret, meta)),
        ("", "configmaps") => cluster.configs.push(config(ConfigKind::ConfigMap, meta)),
        ("", "nodes") => here::add_node(cluster, &meta.name),
        ("", "namespaces") => here::add_namespace(cluster, &meta.name),
        (group, resource) => cluster.others.push(OtherObject {
            group: group.to_owned(),
            resource: resource.to_owned(),
            kind,
            meta,
        }),
    }
}

/// What `get` shows one by one, and no list tells the names of: a fact for each scope.
pub(super) fn guesses(index: &SightIndex<'_>, sight: &Sight) -> Vec<MissingFact> {
    let listed: BTreeSet<(&str, &str, &str)> = allowed(sight)
        .filter(|request| request.name.is_empty())
        .filter(|request| matches!(request.verb.as_str(), "list" | "watch"))
        .map(|request| {
            let namespace = request.namespace.as_str();
            (
                request.api_group.as_str(),
                request.resource.as_str(),
                namespace,
            )
        })
        .collect();
    let mut names = Names::default();
    for request in allowed(sight) {
        let is_guess = request.verb == "get" && request.name.is_empty();
        // The log of a pod is asked for by the pod's name.
        let is_listed = ["", &request.namespace]
            .iter()
            .any(|namespace| listed.contains(&(&request.api_group, &request.resource, *namespace)));
        let target = index.targets.all.iter().find(|target| {
            target.resource == request.resource
                && target.subresource == request.subresource
                && target.groups.contains(&request.api_group)
        });
        if let Some(target) = target.filter(|_| is_guess && !is_listed)
            && target.subresource != "proxy"
        {
            let namespace = (!request.namespace.is_empty()).then_some(request.namespace.as_str());
            names.add(&scope_text(target, namespace), &resource_name(target));
        }
    }
    names.facts()
}
