//! ENTERS: what a watch tells of what exists: without a resource version it begins with every object
//! (Kubernetes documentation, "Resource versions", "Get State and Start at Any").

use serde::Deserialize;
use serde_json::{Value, json};
use viewshed_decode::kubernetes::add_list;
use viewshed_model::ApiResource;

use super::client::Client;
use super::failure::Failure;
use super::lists::{Part, fresh_part};
use super::request::{List, Request, Scope, Watch};
use super::secrets::add_names;

/// Reads the objects with which a watch of one kind begins, in the same form as a list would bring them.
///
/// # Errors
/// When the watch is refused or its answer is none.
pub(crate) async fn read_watch(
    client: &Client,
    api: &ApiResource,
    scope: Scope,
) -> Result<Part, Failure> {
    let list = List::new(api, scope.clone(), 1)
        .ok_or_else(|| Failure::Malformed("a name that is not allowed".to_owned()))?;
    let body = client.get(&Request::Watch(Watch::as_listed(list))).await?;
    let objects = objects_in(&body)?;
    let mut part = fresh_part(api);
    let Part { cluster, gaps } = &mut part;
    if objects.is_empty() {
        return Ok(part);
    }
    let is_of_names = api.resource == "secrets";
    if is_of_names && api.group.is_empty() {
        let namespace = match &scope {
            Scope::Everywhere => None,
            Scope::Namespace(namespace) => Some(namespace.as_str()),
        };
        // A name is missing where the server breaks its own form: nothing is lost that could be named.
        add_names(cluster, namespace, &table_of(&objects)?, |_| {})?;
        return Ok(part);
    }
    let list = if is_of_names {
        table_of(&objects)?
    } else {
        list_of(api, &objects)?
    };
    add_list(
        cluster,
        gaps,
        client.name(),
        &api.group,
        &api.resource,
        &list,
    )
    .map_err(|error| Failure::Malformed(error.to_string()))?;
    Ok(part)
}

/// Objects of a watch's events, one JSON document each (`metav1.WatchEvent`).
fn objects_in(body: &[u8]) -> Result<Vec<Value>, Failure> {
    #[derive(Deserialize)]
    struct Event {
        r#type: String,
        object: Value,
    }
    let mut objects = Vec::new();
    for event in serde_json::Deserializer::from_slice(body).into_iter::<Event>() {
        let Ok(event) = event else {
            // The server may end in the middle of an event.
            break;
        };
        match event.r#type.as_str() {
            "ADDED" | "MODIFIED" => objects.push(event.object),
            "ERROR" => {
                return Err(Failure::Malformed(
                    "the watch ended with an error".to_owned(),
                ));
            }
            _ => {}
        }
    }
    Ok(objects)
}

/// The objects as a list of their form.
fn list_of(api: &ApiResource, objects: &[Value]) -> Result<Vec<u8>, Failure> {
    let form = objects.first().and_then(|object| object.get("kind"));
    let is_metadata = form.and_then(Value::as_str) == Some("PartialObjectMetadata");
    let (kind, version) = if is_metadata {
        let kind = "PartialObjectMetadataList".to_owned();
        (kind, "meta.k8s.io/v1".to_owned())
    } else {
        let version = match api.group.as_str() {
            "" => api.version.clone(),
            group => format!("{group}/{}", api.version),
        };
        (format!("{}List", api.kind), version)
    };
    let list = json!({"kind": kind, "apiVersion": version, "metadata": {}, "items": objects});
    serde_json::to_vec(&list).map_err(|_| Failure::Malformed("the answer is no watch".to_owned()))
}

/// The rows of all events in one table: only the first names the columns.
fn table_of(objects: &[Value]) -> Result<Vec<u8>, Failure> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Table {
        kind: String,
        column_definitions: Option<Vec<Value>>,
        rows: Option<Vec<Value>>,
    }
    let malformed = |_| Failure::Malformed("the answer is not a table".to_owned());
    let (mut kind, mut columns, mut rows) = (String::new(), Vec::new(), Vec::new());
    for object in objects {
        let table = Table::deserialize(object).map_err(malformed)?;
        if kind.is_empty() {
            columns = table.column_definitions.unwrap_or_default();
            kind = table.kind;
        }
        rows.extend(table.rows.unwrap_or_default());
    }
    let table = json!({"kind": kind, "columnDefinitions": columns, "rows": rows});
    serde_json::to_vec(&table).map_err(malformed)
}

#[cfg(test)]
mod tests;
