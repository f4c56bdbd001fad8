//! An API server that answers as a test wishes, and a client of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kube::config::Kubeconfig;
use serde_json::{Value, json};
use viewshed_model::{Cluster, Gap, GapReason};

use super::client::Client;
use super::collect::collect;
use super::connect::{Impersonation, Options, open};
use super::limits::Limits;
use crate::environment::Environment;
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::progress::Quiet;

/// A client with the token `abc` that acts as `bob`; nothing has been sent.
pub(crate) async fn client_of(server: &FakeServer, limits: Limits) -> Client {
    let environment = Environment {
        variables: BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    };
    let options = Options {
        limits,
        impersonation: Impersonation {
            user: Some("bob".to_owned()),
            ..Impersonation::default()
        },
        ..Options::new(environment, "viewshed/test")
    };
    let text = format!(
        "current-context: here\n\
         contexts: [{{name: here, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{}'}}}}]\n\
         users: [{{name: u, user: {{token: abc}}}}]\n",
        server.url()
    );
    let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
    open(kubeconfig, &options).await.unwrap()
}

pub(crate) fn limits() -> Limits {
    Limits {
        answer_time_max: Duration::from_millis(500),
        retry_after_max: Duration::from_millis(1),
        page_objects: 2,
        pages_max: 5,
        events_max: 4,
        ..Limits::default()
    }
}

/// Answers discovery with these kinds (`group/resource/Kind`, `!` before cluster-scoped ones) and
/// everything else with `answer`, or 404 where it gives nothing.
pub(crate) async fn server(
    kinds: &'static [&'static str],
    answer: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
) -> FakeServer {
    FakeServer::start(move |asked| {
        if let Some(reply) = answer(asked) {
            return reply;
        }
        match asked.path() {
            "/api" => ok(&aggregated(kinds, true)),
            "/apis" => ok(&aggregated(kinds, false)),
            "/version" => ok(&json!({"gitVersion": "v1.37.2", "major": "1", "minor": "37"})),
            "/livez" | "/readyz" => Reply::Headers(200, Vec::new(), "[+]ping ok\n".to_owned()),
            _ => Reply::Json(404, r#"{"message":"not here"}"#.to_owned()),
        }
    })
    .await
}

pub(crate) fn aggregated(kinds: &[&str], is_core: bool) -> Value {
    let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for kind in kinds {
        let name = kind.trim_start_matches('!');
        let [group, resource, kind_name] = name.split('/').collect::<Vec<_>>()[..] else {
            panic!("{kind}");
        };
        if group.is_empty() == is_core {
            groups.entry(group).or_default().push(json!({
                "resource": resource,
                "responseKind": {"kind": kind_name},
                "scope": if kind.starts_with('!') { "Cluster" } else { "Namespaced" },
                "verbs": ["get", "list", "watch"],
            }));
        }
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, resources)| {
            json!({
                "metadata": {"name": group},
                "versions": [{"version": "v1", "freshness": "Current", "resources": resources}],
            })
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
}

pub(crate) fn ok(value: &Value) -> Reply {
    Reply::Json(200, value.to_string())
}

pub(crate) fn forbidden() -> Reply {
    Reply::Json(
        403,
        r#"{"kind":"Status","code":403,"message":"no such permission"}"#.to_owned(),
    )
}

/// A typed list, or the metadata form when that is asked for.
pub(crate) fn list(asked: &Asked, kind: &str, names: &[&str], meta: &Value) -> Reply {
    let list_kind = if asked.header("accept").contains("PartialObjectMetadataList") {
        "PartialObjectMetadataList".to_owned()
    } else {
        format!("{kind}List")
    };
    let items: Vec<Value> = names
        .iter()
        .map(|name| match name.split_once('/') {
            Some((namespace, name)) => json!({"metadata": {"namespace": namespace, "name": name}}),
            None => json!({"metadata": {"name": name}}),
        })
        .collect();
    ok(&json!({"kind": list_kind, "apiVersion": "v1", "metadata": meta, "items": items}))
}

pub(crate) async fn read(server: &FakeServer) -> (Cluster, Vec<Gap>) {
    let client: Client = client_of(server, limits()).await;
    collect(&client, &Quiet).await.unwrap()
}

pub(crate) fn pods(cluster: &Cluster) -> Vec<String> {
    cluster
        .pods
        .iter()
        .map(|pod| pod.meta.full_name())
        .collect()
}

/// The gaps about one thing, as reason and count.
pub(crate) fn gaps_about(gaps: &[Gap], words: &str) -> Vec<(GapReason, u64)> {
    gaps.iter()
        .filter(|gap| gap.what.contains(words))
        .map(|gap| (gap.reason, gap.count))
        .collect()
}
