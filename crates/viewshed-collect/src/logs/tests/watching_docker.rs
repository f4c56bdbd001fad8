use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{PATIENCE, chunk};
use crate::docker::{Address, Endpoint};
use crate::fake_server::{FakeServer, Reply};
use crate::logs::sources::{Follow, Next, SourceSettings, Sources};

fn event(time_ns: u64, action: &str) -> String {
    let time = time_ns / 1_000_000_000;
    format!(
        "{{\"Type\":\"container\",\"Action\":\"{action}\",\"time\":{time},\"timeNano\":{time_ns}}}\n"
    )
}

/// A daemon that answers each question for events with the next of these texts, then with the last again.
async fn daemon(answers: Vec<String>) -> (FakeServer, SourceSettings) {
    let turn = AtomicUsize::new(0);
    let server = FakeServer::start(move |asked| {
        if asked.path() == "/_ping" {
            return Reply::Headers(
                200,
                vec![("api-version", "1.47".to_owned())],
                "OK".to_owned(),
            );
        }
        assert_eq!(asked.path(), "/v1.47/events");
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        Reply::Json(200, answers[turn.min(answers.len() - 1)].clone())
    })
    .await;
    let endpoint = Endpoint {
        name: "test".to_owned(),
        address: Address::Tcp {
            host: "127.0.0.1".to_owned(),
            port: Some(server.address.port()),
        },
        tls: None,
        ssh_program: PathBuf::from("ssh"),
        user_agent: "viewshed/test".to_owned(),
    };
    let settings = SourceSettings {
        docker: vec![endpoint],
        follow: Follow::Yes,
        ..SourceSettings::default()
    };
    (server, settings)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn events_come_once_though_the_daemon_repeats_them_after_a_break() {
    let first = event(1_000_000_001, "start") + &event(1_000_000_001, "exec_create: /bin/sh");
    let second =
        first.clone() + &event(1_000_000_001, "exec_start: /bin/sh") + &event(2_000_000_000, "die");
    let expected = second.clone();
    let (server, settings) = daemon(vec![first, second]).await;
    let (read, gaps, positions) = blocking(move || {
        let mut sources = Sources::open(&settings, b"").unwrap();
        let mut read = String::new();
        while read.len() < expected.len() {
            let chunk = chunk(&mut sources);
            read.push_str(std::str::from_utf8(&chunk.bytes).unwrap());
            sources.done(chunk);
        }
        assert_eq!(read, expected);
        let positions = sources.positions();
        (read, sources.gaps(), positions)
    })
    .await;
    assert!(!read.is_empty());
    assert_eq!(gaps, []);
    let since: Vec<String> = server
        .asked()
        .iter()
        .filter_map(|asked| asked.query("since").map(str::to_owned))
        .collect();
    assert_eq!(since[..2], ["0.000000000", "1.000000001"]);
    // Another run goes on behind what was done, and says what may be missing.
    let later = event(9_000_000_000, "pull");
    let (server, mut settings) = daemon(vec![later.clone()]).await;
    let address = server.address;
    settings.follow = Follow::No;
    let old = String::from_utf8(positions).unwrap();
    let kept = old
        .split("tcp://")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let positions = old.replace(&kept, &address.to_string());
    blocking(move || {
        let mut sources = Sources::open(&settings, positions.as_bytes()).unwrap();
        assert_eq!(chunk(&mut sources).bytes, later.as_bytes());
        assert!(matches!(sources.next_chunk(PATIENCE), Next::End));
        assert!(sources.gaps()[0].detail.contains("does not remember"));
    })
    .await;
    let asked = server.asked();
    let query = asked.last().unwrap();
    assert_eq!(query.query("since"), Some("2.000000000"));
    assert!(query.query("until").is_some());
}

#[tokio::test]
async fn a_daemon_that_is_gone_is_a_gap() {
    let (server, mut settings) = daemon(vec![String::new()]).await;
    settings.follow = Follow::No;
    if let Some(Address::Tcp { port, .. }) = settings.docker.first_mut().map(|one| &mut one.address)
    {
        *port = Some(1);
    }
    drop(server);
    blocking(move || {
        let mut sources = Sources::open(&settings, b"").unwrap();
        assert!(matches!(sources.next_chunk(PATIENCE), Next::End));
        assert_eq!(sources.gaps().len(), 1);
    })
    .await;
}
