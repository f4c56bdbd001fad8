//! ENTERS: version, health, kubelet settings, and what requests without a credential get.

use futures_util::{StreamExt, stream};
use viewshed_decode::kubernetes::{configz, health, version};
use viewshed_model::{
    Action, AnonymousAnswer, Cluster, Gap, GapReason, HealthCheck, KubeletSettings,
    ResourceRequest, ServerVersion,
};

use super::client::Client;
use super::failure::Failure;
use super::request::{Document, NodeName, Path, Request};
use super::verify::review_own;
use crate::progress::{Progress, Quiet};

/// `/version`.
pub(crate) async fn read_version(client: &Client) -> Result<ServerVersion, Failure> {
    let body = client
        .get(&Request::Document(Document::Path(Path::version())))
        .await?;
    version(&body).map_err(|error| Failure::Malformed(error.to_string()))
}

/// `/livez?verbose` and `/readyz?verbose`. A server that is not healthy answers 500 with the same lines.
pub(crate) async fn read_health(client: &Client) -> (Vec<HealthCheck>, Vec<Gap>) {
    let (mut checks, mut gaps) = (Vec::new(), Vec::new());
    for (endpoint, path) in [("livez", Path::livez()), ("readyz", Path::readyz())] {
        let result = client.send(&Request::Document(Document::Path(path))).await;
        let result = result.and_then(|answer| match answer.status {
            500 => Ok(answer.body),
            _ => answer.success(),
        });
        match result {
            Ok(body) => checks.extend(health(endpoint, &body)),
            Err(failure) => {
                gaps.push(failure.gap(client.name(), format!("get `/{endpoint}?verbose`")));
            }
        }
    }
    (checks, gaps)
}

/// Paths that tell a stranger something; rows of the table that was measured on a default cluster,
/// with the two places that distributions open to everybody.
const ANONYMOUS_PATHS: [&str; 15] = [
    "/",
    "/.well-known/openid-configuration",
    "/api",
    "/apis",
    "/debug/pprof/",
    "/healthz",
    "/livez",
    "/logs/",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/openid/v1/jwks",
    "/readyz",
    "/swagger.json",
    "/version",
];

/// What a request without any credential gets on each path; bodies are not read.
pub(crate) async fn ask_as_stranger(client: &Client) -> (Vec<AnonymousAnswer>, Vec<Gap>) {
    let paths = ANONYMOUS_PATHS
        .iter()
        .filter_map(|path| Path::new(path))
        .chain([Path::cluster_info(), Path::namespaces()]);
    let mut answers: Vec<(String, Result<u16, Failure>)> = stream::iter(paths)
        .map(|path| async move {
            let name = path.path_and_query().to_owned();
            let request = Request::Document(Document::Path(path));
            (name, client.status_for_anonymous(&request).await)
        })
        .buffer_unordered(client.limits().requests_at_once.max(1))
        .collect()
        .await;
    answers.sort_by(|one, other| one.0.cmp(&other.0));
    let (mut statuses, mut gaps) = (Vec::new(), Vec::new());
    for (path, answer) in answers {
        match answer {
            Ok(status) => statuses.push(AnonymousAnswer { path, status }),
            Err(failure) => {
                let what = format!("get `{path}` without a credential");
                gaps.push(failure.gap(client.name(), what));
            }
        }
    }
    (statuses, gaps)
}

/// Adds the settings of every kubelet, when the credential may read them through the server.
pub(crate) async fn read_kubelets(
    client: &Client,
    cluster: &mut Cluster,
    gaps: &mut Vec<Gap>,
    progress: &dyn Progress,
) {
    const WHAT: &str = "kubelet settings";
    let total = u64::try_from(cluster.nodes.len()).unwrap_or(u64::MAX);
    if total == 0 {
        return;
    }
    if let Some(gap) = may_not_read(client, total).await {
        gaps.push(gap);
        return;
    }
    progress.started(WHAT, Some(total));
    let names: Vec<(usize, String)> = cluster
        .nodes
        .iter()
        .map(|node| node.meta.name.clone())
        .enumerate()
        .collect();
    let mut answers: Vec<(usize, Result<KubeletSettings, Failure>)> = stream::iter(names)
        .map(|(index, name)| async move {
            let answer = read_kubelet(client, &name).await;
            progress.advanced(WHAT, 1);
            (index, answer)
        })
        .buffer_unordered(client.limits().requests_at_once.max(1))
        .collect()
        .await;
    progress.finished(WHAT);
    answers.sort_by_key(|(index, _)| *index);
    let mut failed: Vec<(String, Failure)> = Vec::new();
    for (index, answer) in answers {
        let Some(node) = cluster.nodes.get_mut(index) else {
            continue;
        };
        match answer {
            Ok(settings) => node.kubelet = Some(settings),
            Err(failure) => failed.push((node.meta.name.clone(), failure)),
        }
    }
    gaps.extend(kubelets_gap(client.name(), &failed));
}

async fn read_kubelet(client: &Client, name: &str) -> Result<KubeletSettings, Failure> {
    let node = NodeName::new(name)
        .ok_or_else(|| Failure::Malformed("a name that is not allowed".to_owned()))?;
    let body = client
        .get(&Request::Document(Document::KubeletSettings(node)))
        .await?;
    configz(&body).map_err(|error| Failure::Malformed(error.to_string()))
}

async fn may_not_read(client: &Client, nodes: u64) -> Option<Gap> {
    let question = Action::Resource(ResourceRequest {
        verb: "get".to_owned(),
        api_version: "v1".to_owned(),
        resource: "nodes".to_owned(),
        subresource: "proxy".to_owned(),
        ..ResourceRequest::default()
    });
    let verdict = review_own(client, &[question], &Quiet).await.pop()?.ok()?;
    (!verdict.allowed).then(|| Gap {
        source: client.name().to_owned(),
        what: "get the settings of the kubelets (`nodes/proxy`)".to_owned(),
        reason: GapReason::Forbidden,
        detail: verdict.reason,
        hint: "give the KubeletConfiguration files as input instead: `nodes/proxy` is a strong \
               permission"
            .to_owned(),
        count: nodes,
    })
}

// One entry for all nodes: a cluster may have thousands that are switched off.
const NODES_NAMED_MAX: usize = 5;

fn kubelets_gap(source: &str, failed: &[(String, Failure)]) -> Option<Gap> {
    let (_, first) = failed.first()?;
    let mut names: Vec<String> = failed
        .iter()
        .take(NODES_NAMED_MAX)
        .map(|(name, _)| format!("`{}`", crate::text::one_line(name)))
        .collect();
    if failed.len() > NODES_NAMED_MAX {
        names.push("...".to_owned());
    }
    let mut gap = first.gap(
        source,
        format!("get the kubelet's settings of {}", names.join(", ")),
    );
    gap.count = u64::try_from(failed.len()).unwrap_or(u64::MAX);
    Some(gap)
}
