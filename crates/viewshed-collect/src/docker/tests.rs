mod endpoint;
mod faults;
mod transports;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use viewshed_model::{DockerHost, Gap};

use super::{Endpoint, Limits, collect, resolve};
use crate::environment::Environment;
use crate::error::Error;
use crate::fake_server::{Asked, FakeServer, Reply};
use crate::progress::Quiet;

/// Variables as `NAME=value`, and nothing on disk.
fn environment(variables: &[&str]) -> Environment {
    let variables: BTreeMap<String, String> = variables
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Environment {
        variables,
        root: PathBuf::from("/nonexistent"),
    }
}

fn endpoint_of(server: &FakeServer) -> Endpoint {
    resolve(
        &environment(&[]),
        Some(&format!("tcp://{}", server.address)),
    )
    .unwrap()
}

/// Short enough for tests of servers that never answer.
fn hasty() -> Limits {
    Limits {
        connect_time_max: Duration::from_millis(500),
        idle_time_max: Duration::from_millis(200),
        answer_time_max: Duration::from_millis(400),
        disk_usage_time_max: Duration::from_millis(400),
        list_bytes_max: 10_000,
        ..Limits::default()
    }
}

async fn read(server: &FakeServer) -> Result<(DockerHost, Vec<Gap>), Error> {
    collect(&endpoint_of(server), &hasty(), &Quiet).await
}

/// Gaps as `reason what`.
fn words(gaps: &[Gap]) -> Vec<String> {
    gaps.iter()
        .map(|gap| format!("{:?} {}", gap.reason, gap.what))
        .collect()
}

fn json(body: &str) -> Reply {
    Reply::Json(200, body.to_owned())
}

/// A manager of a swarm with two containers, API 1.12 to 1.41.
pub(crate) fn daemon(asked: &Asked) -> Reply {
    daemon_of("1.41", "1.12", asked)
}

fn daemon_of(newest: &str, oldest: &str, asked: &Asked) -> Reply {
    let path = asked.path();
    let rest = match path
        .strip_prefix("/v")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((version, rest)) if version.starts_with('1') => rest,
        _ => path.trim_start_matches('/'),
    };
    match rest {
        "_ping" => Reply::Headers(
            200,
            vec![("Api-Version", newest.to_owned())],
            "OK".to_owned(),
        ),
        "version" => json(&format!(
            r#"{{"Version":"20.10.24","ApiVersion":"{newest}","MinAPIVersion":"{oldest}"}}"#
        )),
        "info" => {
            json(r#"{"Name":"alpha","Swarm":{"LocalNodeState":"active","ControlAvailable":true}}"#)
        }
        "containers/json" => json(
            r#"[{"Id":"c1","Names":["/web"],"Image":"shop"},{"Id":"c2","Names":["/db"],"Image":"postgres"}]"#,
        ),
        "containers/c1/json" => json(
            r#"{"Id":"c1","Name":"/web","Config":{"Image":"shop","Env":["DB_PASSWORD=hunter2","MODE=fast"]},
                "HostConfig":{"Privileged":true},"Mounts":[]}"#,
        ),
        "containers/c2/json" => {
            json(r#"{"Id":"c2","Name":"/db","Config":{"Image":"postgres"},"HostConfig":{}}"#)
        }
        "images/json" => json(r#"[{"Id":"sha256:1","RepoTags":["shop:1"]}]"#),
        "networks" => json(r#"[{"Name":"bridge","Driver":"bridge"}]"#),
        "volumes" => json(r#"{"Volumes":[{"Name":"data","Driver":"local"}]}"#),
        "plugins" => json("[]"),
        "system/df" => json(r#"{"LayersSize":7}"#),
        "nodes" => json(r#"[{"ID":"n1","Description":{"Hostname":"alpha"}}]"#),
        "services" => json(r#"[{"ID":"s1","Spec":{"Name":"web"}}]"#),
        "tasks" => json(r#"[{"ID":"t1","Spec":{}}]"#),
        "secrets" => json(r#"[{"ID":"x1","Spec":{"Name":"password"}}]"#),
        "configs" => json(r#"[{"ID":"f1","Spec":{"Name":"nginx","Data":"aHVudGVyMg=="}}]"#),
        _ => Reply::Json(404, r#"{"message":"page not found"}"#.to_owned()),
    }
}

#[tokio::test]
async fn everything_is_read() {
    let server = FakeServer::start(daemon).await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(gaps, []);
    assert_eq!(host.name, format!("tcp://{}", server.address));
    assert!(host.is_live);
    assert_eq!(host.daemon.version, "20.10.24");
    assert_eq!(host.daemon.host_name, "alpha");
    let names: Vec<&str> = host.containers.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["db", "web"]);
    assert!(host.containers[1].privileged);
    assert_eq!(
        (host.images.len(), host.networks.len(), host.volumes.len()),
        (1, 1, 1)
    );
    let swarm: Vec<String> = host
        .swarm
        .iter()
        .map(|object| format!("{} {}", object.kind, object.name))
        .collect();
    assert_eq!(
        swarm,
        [
            "config nginx",
            "node alpha",
            "secret password",
            "service web",
            "task t1"
        ]
    );
    let kept = format!("{host:?}");
    assert!(
        kept.contains("DB_PASSWORD") && !kept.contains("hunter2"),
        "{kept}"
    );
    assert!(!kept.contains("aHVudGVyMg"), "{kept}");
}

#[tokio::test]
async fn nothing_but_get_without_body_leaves() {
    let server = FakeServer::start(daemon).await;
    read(&server).await.unwrap();
    let asked = server.asked();
    let mut targets: Vec<&str> = asked.iter().map(|asked| asked.target.as_str()).collect();
    targets.sort_unstable();
    assert_eq!(
        targets,
        [
            "/_ping",
            "/v1.41/configs",
            "/v1.41/containers/c1/json",
            "/v1.41/containers/c2/json",
            "/v1.41/containers/json?all=1",
            "/v1.41/images/json",
            "/v1.41/info",
            "/v1.41/networks",
            "/v1.41/nodes",
            "/v1.41/plugins",
            "/v1.41/secrets",
            "/v1.41/services",
            "/v1.41/system/df",
            "/v1.41/tasks",
            "/v1.41/volumes",
            "/version",
        ]
    );
    for asked in asked {
        assert_eq!(asked.method, "GET");
        assert_eq!(asked.body, "");
        assert!(asked.header("user-agent").starts_with("viewshed/"));
    }
}

#[tokio::test]
async fn an_id_that_leads_to_another_path_is_not_asked_for() {
    let server = FakeServer::start(|asked| {
        if asked.path().ends_with("/containers/json") {
            json(r#"[{"Id":"../../secrets?x=","Names":["/evil"]},{"Id":"c1","Names":["/web"]}]"#)
        } else {
            daemon(asked)
        }
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(words(&gaps), ["Truncated inspection of containers `evil`"]);
    assert_eq!(host.containers.len(), 2);
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| !asked.target.contains(".."))
    );
}

#[tokio::test]
async fn a_worker_tells_nothing_of_its_swarm_and_that_is_a_gap() {
    let server = FakeServer::start(|asked| {
        if asked.path().ends_with("/info") {
            json(r#"{"Swarm":{"LocalNodeState":"active","ControlAvailable":false}}"#)
        } else {
            daemon(asked)
        }
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(host.daemon.swarm_state, "worker");
    assert_eq!(
        words(&gaps),
        ["NotCollected swarm nodes, services, tasks, secrets and configs"]
    );
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| !asked.path().ends_with("/secrets"))
    );
}

#[tokio::test]
async fn podman_is_not_asked_for_plugins_that_it_cannot_have() {
    let server = FakeServer::start(|asked| match asked.path() {
        "/version" => json(
            r#"{"Components":[{"Name":"Podman Engine"}],"Version":"4.3.1","ApiVersion":"1.41"}"#,
        ),
        "/v1.41/info" => json("{}"),
        path if path.ends_with("/plugins") => Reply::Json(404, "not supported".to_owned()),
        _ => daemon(asked),
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(gaps, []);
    assert_eq!(
        (host.daemon.product.as_str(), host.containers.len()),
        ("Podman", 2)
    );
}
