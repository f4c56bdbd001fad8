//! Kinds that a manifest adds to the API.

use serde::Deserialize;
use viewshed_model::{ApiResource, Cluster};

use super::discovery::other_names;
use crate::nullable::Nullable;

/// Group and kind of what this file reads (`apiextensions.k8s.io`, v1 and v1beta1).
pub(super) fn is_definition(group: &str, kind: &str) -> bool {
    (group, kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DefinitionWire {
    spec: Nullable<SpecWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SpecWire {
    group: Nullable<String>,
    scope: Nullable<String>,
    version: Nullable<String>,
    names: Nullable<NamesWire>,
    versions: Nullable<Vec<VersionWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NamesWire {
    plural: Nullable<String>,
    singular: Nullable<String>,
    kind: Nullable<String>,
    short_names: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct VersionWire {
    name: Nullable<String>,
    served: Nullable<bool>,
}

/// What custom objects answer to (`apiextensions-apiserver`, `pkg/apiserver/customresource_discovery_controller.go`).
const VERBS: [&str; 8] = [
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];

/// Adds the resource that a definition makes, as discovery would list it. Of an unreadable one nothing is
/// added: it is still an object with a name.
pub(super) fn add_resource(cluster: &mut Cluster, body: &str) {
    let spec = match serde_json::from_str::<DefinitionWire>(body) {
        Ok(definition) => definition.spec.0,
        Err(_) => return,
    };
    let names = spec.names.0;
    let served = (spec.versions.0.into_iter())
        .find(|version| version.served.0)
        .map_or(spec.version.0, |version| version.name.0);
    let resource = ApiResource {
        group: spec.group.0,
        version: served,
        resource: names.plural.0,
        other_names: other_names(names.singular.0, names.short_names.0, &names.kind),
        kind: names.kind.0,
        namespaced: spec.scope.as_str() == "Namespaced",
        verbs: VERBS.map(str::to_owned).to_vec(),
    };
    let is_whole = [&resource.group, &resource.resource, &resource.kind]
        .iter()
        .all(|name| !name.is_empty());
    let is_known = cluster
        .api_resources
        .iter()
        .any(|known| known.group == resource.group && known.resource == resource.resource);
    if is_whole && !is_known {
        cluster.api_resources.push(resource);
    }
}
