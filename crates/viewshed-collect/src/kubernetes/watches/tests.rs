use serde_json::{Value, json};
use viewshed_model::{ApiResource, Cluster};

use super::read_watch;
use crate::fake_server::Reply;
use crate::kubernetes::Scope;
use crate::kubernetes::testing::{client_of, limits, server};

fn api(resource: &str, kind: &str) -> ApiResource {
    ApiResource {
        version: "v1".to_owned(),
        resource: resource.to_owned(),
        kind: kind.to_owned(),
        namespaced: true,
        verbs: vec!["list".to_owned(), "watch".to_owned()],
        ..ApiResource::default()
    }
}

fn event(object: &Value) -> String {
    format!("{}\n", json!({"type": "ADDED", "object": object}))
}

/// What a watch in namespace `shop` brings, and what was asked.
async fn watched(api: ApiResource, body: String) -> (Cluster, String) {
    let resource = api.resource.clone();
    let path = format!("/api/v1/namespaces/shop/{resource}");
    let server = server(&[], move |asked| {
        let is_watch = asked.path() == path && asked.query("watch") == Some("true");
        is_watch.then(|| Reply::Json(200, body.clone()))
    })
    .await;
    let client = client_of(&server, limits()).await;
    let part = read_watch(&client, &api, Scope::Namespace("shop".to_owned())).await;
    let asked = server.asked();
    let asked = asked.iter().find(|asked| asked.query("watch").is_some());
    (part.unwrap().cluster, asked.unwrap().target.clone())
}

#[tokio::test]
async fn a_watch_begins_with_every_object_as_a_list_has_it() {
    let pod = json!({
        "kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": "shop", "name": "cart"},
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "web:1"}]},
    });
    let bookmark = json!({"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {}}});
    // The server ends it when its time is over, which may be in the middle of an event.
    let body = format!("{}{bookmark}\n{{\"type\":\"ADDED\",\"obj", event(&pod));
    let (cluster, asked) = watched(api("pods", "Pod"), body).await;
    let [found] = &cluster.pods[..] else {
        panic!("{cluster:?}");
    };
    assert_eq!(
        (found.meta.name.as_str(), found.node.as_str()),
        ("cart", "n1")
    );
    assert_eq!(found.spec.containers[0].image, "web:1");
    assert!(asked.contains("timeoutSeconds="), "{asked}");
}

#[tokio::test]
async fn of_config_maps_metadata_alone_comes() {
    let map = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"namespace": "shop", "name": "settings"},
    });
    let (cluster, _) = watched(api("configmaps", "ConfigMap"), event(&map)).await;
    assert_eq!(cluster.configs[0].meta.name, "settings");
}

#[tokio::test]
async fn of_secrets_rows_without_objects_come() {
    let columns = json!([{"name": "Name"}, {"name": "Type"}]);
    // Only the first event of a watch names the columns.
    let first = json!({"kind": "Table", "columnDefinitions": columns, "rows": [{"cells": ["db", "Opaque"]}]});
    let second = json!({"kind": "Table", "columnDefinitions": null, "rows": [{"cells": ["tls", "kubernetes.io/tls"]}]});
    let body = format!("{}{}", event(&first), event(&second));
    let (cluster, asked) = watched(api("secrets", "Secret"), body).await;
    let names: Vec<&str> = cluster
        .configs
        .iter()
        .map(|one| one.meta.name.as_str())
        .collect();
    assert_eq!(names, ["db", "tls"]);
    assert!(asked.contains("includeObject=None"), "{asked}");
}
