use std::time::Instant;

use super::{daemon, daemon_of, endpoint_of, hasty, json, read, words};
use crate::docker::collect;
use crate::error::Error;
use crate::fake_server::{FakeServer, Reply};
use crate::progress::Quiet;

/// One path misbehaves; its gap is `expected`, and everything else is read.
async fn check_fault(path: &'static str, reply: Reply, expected: &str) {
    let server = FakeServer::start(move |asked| {
        if asked.path().ends_with(path) {
            reply.clone()
        } else {
            daemon(asked)
        }
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(words(&gaps), [expected], "{path}");
    let found = [
        ("/containers/json", host.containers.len()),
        ("/images/json", host.images.len()),
        ("/networks", host.networks.len()),
        ("/volumes", host.volumes.len()),
        (
            "/secrets",
            host.swarm
                .iter()
                .filter(|each| each.kind == "secret")
                .count(),
        ),
        ("/system/df", host.daemon.disk_usage.len()),
    ];
    for (name, count) in found {
        assert_eq!(count > 0, name != path, "{name} while {path} misbehaves");
    }
}

#[tokio::test]
async fn one_misbehaving_answer_costs_only_itself() {
    let long = format!("[{}{{}}]", "{},".repeat(10_000));
    let raw = |text: &str| Reply::Raw(text.as_bytes().to_vec());
    check_fault("/images/json", Reply::Hang, "TimedOut images").await;
    check_fault("/networks", Reply::Drip, "TimedOut networks").await;
    check_fault(
        "/volumes",
        raw("\0\u{1}garbage\r\n\r\n"),
        "Truncated volumes",
    )
    .await;
    check_fault(
        "/images/json",
        raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{\"Id\":"),
        "Truncated images",
    )
    .await;
    check_fault("/networks", raw(""), "Truncated networks").await;
    check_fault("/images/json", json("<html>"), "Malformed images").await;
    check_fault("/images/json", json(&long), "TooLarge images").await;
    check_fault(
        "/secrets",
        Reply::Json(403, r#"{"message":"denied by policy"}"#.to_owned()),
        "Forbidden swarm secrets",
    )
    .await;
    check_fault(
        "/system/df",
        Reply::Json(500, r#"{"message":"no such layer"}"#.to_owned()),
        "Unreachable disk usage",
    )
    .await;
    check_fault(
        "/containers/json",
        Reply::Json(500, "boom".to_owned()),
        "Unreachable containers",
    )
    .await;
}

#[tokio::test]
async fn a_container_that_went_away_stays_as_the_list_showed_it() {
    let server = FakeServer::start(|asked| {
        if asked.path().ends_with("/c2/json") {
            Reply::Json(404, r#"{"message":"No such container: c2"}"#.to_owned())
        } else {
            daemon(asked)
        }
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(words(&gaps), ["NotCollected inspection of containers `db`"]);
    assert_eq!(host.containers[0].image, "postgres");
    assert!(host.containers[1].privileged);
}

#[tokio::test]
async fn many_failed_inspections_are_one_gap_with_a_count() {
    let server = FakeServer::start(|asked| {
        if asked.path().ends_with("/containers/json") {
            let ids: Vec<String> = (0..50)
                .map(|n| format!(r#"{{"Id":"x{n:02}","Names":["/x{n:02}"]}}"#))
                .collect();
            json(&format!("[{}]", ids.join(",")))
        } else {
            daemon(asked)
        }
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(
        words(&gaps),
        ["NotCollected inspection of containers `x00`, `x01`, `x02`, ..."]
    );
    assert_eq!(gaps[0].count, 50);
    assert_eq!(host.containers.len(), 50);
}

#[tokio::test]
async fn a_daemon_that_hangs_is_given_up() {
    let server = FakeServer::start(|asked| match asked.path() {
        "/_ping" | "/version" => daemon(asked),
        _ => Reply::Hang,
    })
    .await;
    let start = Instant::now();
    let (_, gaps) = read(&server).await.unwrap();
    // Three answers are waited for, 0.4 s each.
    assert!(start.elapsed().as_secs() < 3);
    assert_eq!(gaps.len(), 7, "{gaps:?}");
    assert!(
        gaps.iter()
            .all(|gap| gap.reason == viewshed_model::GapReason::TimedOut)
    );
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn containers_beyond_the_limit_are_counted() {
    let server = FakeServer::start(daemon).await;
    let limits = crate::docker::Limits {
        containers_max: 1,
        ..hasty()
    };
    let (host, gaps) = collect(&endpoint_of(&server), &limits, &Quiet)
        .await
        .unwrap();
    assert_eq!(words(&gaps), ["TooLarge inspection of further containers"]);
    assert_eq!(host.containers.len(), 2);
}

/// The daemon's newest and oldest version; the version in the paths, and a part of the gap's detail.
async fn check_version(newest: &'static str, oldest: &'static str, spoken: &str, trouble: &str) {
    let server = FakeServer::start(move |asked| daemon_of(newest, oldest, asked)).await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(host.containers.len(), 2);
    assert!(
        server
            .asked()
            .iter()
            .any(|asked| asked.path() == format!("/v{spoken}/info"))
    );
    if trouble.is_empty() {
        assert_eq!(gaps, []);
    } else {
        assert_eq!(gaps.len(), 1);
        assert!(gaps[0].detail.contains(trouble), "{gaps:?}");
    }
}

#[tokio::test]
async fn daemons_of_every_age_are_asked_in_a_version_that_they_know() {
    check_version("1.40", "1.12", "1.40", "").await;
    check_version("1.56", "1.44", "1.56", "").await;
    check_version("1.99", "1.44", "1.56", "").await;
    check_version("1.39", "1.12", "1.39", "too old").await;
    check_version("1.99", "1.77", "1.77", "too new").await;
}

#[tokio::test]
async fn a_forbidden_ping_does_not_end_the_collection() {
    let server = FakeServer::start(|asked| match asked.path() {
        "/_ping" => Reply::Json(403, r#"{"message":"denied"}"#.to_owned()),
        _ => daemon(asked),
    })
    .await;
    let (host, gaps) = read(&server).await.unwrap();
    assert_eq!(words(&gaps), ["Forbidden ping"]);
    assert_eq!(host.containers.len(), 2);
}

#[tokio::test]
async fn what_is_no_daemon_is_an_error() {
    let page = FakeServer::start(|_| json("<html>hello</html>")).await;
    let error = read(&page).await.unwrap_err();
    assert!(matches!(error, Error::NotTheApi { .. }), "{error}");

    let garbage = FakeServer::start(|_| Reply::Raw(b"220 mail ready\r\n".to_vec())).await;
    let error = read(&garbage).await.unwrap_err();
    assert!(matches!(error, Error::NotTheApi { .. }), "{error}");

    let tls_only = FakeServer::start(|_| {
        Reply::Json(
            400,
            "Client sent an HTTP request to an HTTPS server.\n".to_owned(),
        )
    })
    .await;
    let error = read(&tls_only).await.unwrap_err();
    assert!(error.to_string().contains("HTTPS server"), "{error}");

    let silent = FakeServer::start(|_| Reply::Hang).await;
    let error = read(&silent).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error}");
}
