//! Which resources a server has.

use serde::Deserialize;
use viewshed_model::ApiResource;

use super::meta::split_api_version;
use crate::DecodeError;
use crate::nullable::Nullable;
use crate::text::clean_short;

/// What one discovery answer told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Resources and subresources (`pods/log`), each once, in the version its group prefers.
    pub resources: Vec<ApiResource>,
    /// Group versions that still have to be asked, as `v1` or `apps/v1`, the preferred one of each
    /// group first. Empty when the answer was aggregated or a resource list.
    pub group_versions: Vec<String>,
    /// Groups whose aggregated API server did not answer the server (`freshness: Stale`).
    pub stale: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AnyWire {
    kind: Nullable<String>,
    group_version: Nullable<String>,
    resources: Nullable<Vec<ResourceWire>>,
    groups: Nullable<Vec<GroupWire>>,
    versions: Nullable<Vec<String>>,
    items: Nullable<Vec<AggregatedGroup>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceWire {
    name: Nullable<String>,
    singular_name: Nullable<String>,
    short_names: Nullable<Vec<String>>,
    kind: Nullable<String>,
    namespaced: Nullable<bool>,
    verbs: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GroupWire {
    versions: Nullable<Vec<GroupVersionWire>>,
    preferred_version: Nullable<GroupVersionWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GroupVersionWire {
    group_version: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AggregatedGroup {
    metadata: Nullable<GroupName>,
    versions: Nullable<Vec<AggregatedVersion>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GroupName {
    name: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AggregatedVersion {
    version: Nullable<String>,
    freshness: Nullable<String>,
    resources: Nullable<Vec<AggregatedResource>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AggregatedResource {
    resource: Nullable<String>,
    response_kind: Nullable<ResponseKind>,
    scope: Nullable<String>,
    singular_resource: Nullable<String>,
    short_names: Nullable<Vec<String>>,
    verbs: Nullable<Vec<String>>,
    subresources: Nullable<Vec<AggregatedSubresource>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AggregatedSubresource {
    subresource: Nullable<String>,
    response_kind: Nullable<ResponseKind>,
    verbs: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResponseKind {
    kind: Nullable<String>,
}

/// Reads any discovery answer: `APIVersions` (`/api`), `APIGroupList` (`/apis`), `APIResourceList`
/// (`/api/v1`, `/apis/GROUP/VERSION`), or the aggregated `APIGroupDiscoveryList`
/// (`apidiscovery.k8s.io/v2` and `v2beta1`), which lists versions in descending preference.
pub fn api_resources(body: &[u8]) -> Result<Discovery, DecodeError> {
    let wire: AnyWire = serde_json::from_slice(body).map_err(|error| DecodeError::Json {
        expected: "API discovery",
        detail: clean_short(&error.to_string()),
    })?;
    match wire.kind.as_str() {
        "APIResourceList" => Ok(Discovery {
            resources: of_resource_list(&wire.group_version, wire.resources.0),
            ..Discovery::default()
        }),
        "APIGroupList" => Ok(Discovery {
            group_versions: wire.groups.0.into_iter().flat_map(versions_of).collect(),
            ..Discovery::default()
        }),
        "APIVersions" => Ok(Discovery {
            group_versions: wire.versions.0,
            ..Discovery::default()
        }),
        "APIGroupDiscoveryList" => Ok(of_aggregated(wire.items.0)),
        other => Err(DecodeError::Kind {
            expected: "API discovery",
            found: clean_short(other),
        }),
    }
}

fn versions_of(group: GroupWire) -> Vec<String> {
    let mut versions = vec![group.preferred_version.0.group_version.0];
    for version in group.versions.0 {
        if !versions.contains(&version.group_version.0) {
            versions.push(version.group_version.0);
        }
    }
    versions.retain(|version| !version.is_empty());
    versions
}

/// A resource may name another group and version for its kind (`scale`); requests go to the group
/// of the list, and that is the one that rules speak of.
fn of_resource_list(group_version: &str, resources: Vec<ResourceWire>) -> Vec<ApiResource> {
    let (list_group, list_version) = split_api_version(group_version);
    resources
        .into_iter()
        .map(|resource| ApiResource {
            group: list_group.to_owned(),
            version: list_version.to_owned(),
            resource: resource.name.0,
            other_names: other_names(
                resource.singular_name.0,
                resource.short_names.0,
                &resource.kind.0,
            ),
            kind: resource.kind.0,
            namespaced: resource.namespaced.0,
            verbs: resource.verbs.0,
        })
        .collect()
}

/// The short names, and the singular where it is not the kind in small letters.
pub(super) fn other_names(
    singular: String,
    mut short_names: Vec<String>,
    kind: &str,
) -> Vec<String> {
    if !singular.is_empty() && !singular.eq_ignore_ascii_case(kind) {
        short_names.push(singular);
    }
    short_names
}

fn of_aggregated(groups: Vec<AggregatedGroup>) -> Discovery {
    let mut discovery = Discovery::default();
    for group in groups {
        let name = group.metadata.0.name.0;
        let mut known: Vec<String> = Vec::new();
        for version in group.versions.0 {
            if version.freshness.as_str() == "Stale" && !discovery.stale.contains(&name) {
                discovery.stale.push(name.clone());
            }
            let first_new = discovery.resources.len();
            for resource in version.resources.0 {
                if !known.contains(&resource.resource.0) {
                    push_resource(
                        &mut discovery.resources,
                        &name,
                        &version.version.0,
                        resource,
                    );
                }
            }
            let added = discovery.resources.iter().skip(first_new);
            known.extend(
                added
                    .filter(|one| !one.resource.contains('/'))
                    .map(|one| one.resource.clone()),
            );
        }
    }
    discovery
}

fn push_resource(
    resources: &mut Vec<ApiResource>,
    group: &str,
    version: &str,
    wire: AggregatedResource,
) {
    let namespaced = wire.scope.as_str() == "Namespaced";
    let plural = wire.resource.0;
    let entry = |resource: String, kind: String, verbs: Vec<String>| ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        resource,
        kind,
        other_names: Vec::new(),
        namespaced,
        verbs,
    };
    let subresources: Vec<ApiResource> = wire
        .subresources
        .0
        .into_iter()
        .map(|sub| {
            entry(
                format!("{plural}/{}", sub.subresource.0),
                sub.response_kind.0.kind.0,
                sub.verbs.0,
            )
        })
        .collect();
    let kind = wire.response_kind.0.kind.0;
    let names = other_names(wire.singular_resource.0, wire.short_names.0, &kind);
    resources.push(ApiResource {
        other_names: names,
        ..entry(plural, kind, wire.verbs.0)
    });
    resources.extend(subresources);
}
