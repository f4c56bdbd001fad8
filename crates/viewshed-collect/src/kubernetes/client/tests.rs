use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::error::Error;
use crate::fake_server::{FakeServer, Reply};
use crate::kubernetes::testing::client_of;
use crate::kubernetes::{Document, Failure, Limits, Path, Request};

fn version() -> Request {
    Request::Document(Document::Path(Path::version()))
}

fn short() -> Limits {
    Limits {
        answer_time_max: Duration::from_millis(300),
        retry_after_max: Duration::from_millis(1),
        answer_bytes_max: 1000,
        ..Limits::default()
    }
}

/// Answers the first request with `first` and all others with an empty object.
async fn check_tries(first: Reply, expected: &Result<Vec<u8>, Failure>, tries: usize) {
    let count = AtomicU32::new(0);
    let server = FakeServer::start(move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == 0 {
            first.clone()
        } else {
            Reply::Json(200, "{}".to_owned())
        }
    })
    .await;
    let client = client_of(&server, short()).await;
    assert_eq!(&client.get(&version()).await, expected);
    assert_eq!(server.asked().len(), tries);
}

fn busy(status: u16) -> Reply {
    Reply::Headers(
        status,
        vec![("retry-after", "3600".to_owned())],
        String::new(),
    )
}

#[tokio::test]
async fn a_busy_server_is_asked_again_within_the_limit() {
    check_tries(busy(429), &Ok(b"{}".to_vec()), 2).await;
    check_tries(busy(503), &Ok(b"{}".to_vec()), 2).await;
}

#[tokio::test]
async fn a_broken_connection_is_tried_once_more() {
    check_tries(Reply::Raw(Vec::new()), &Ok(b"{}".to_vec()), 2).await;
}

#[tokio::test]
async fn a_refusal_is_final() {
    let reply = Reply::Json(403, r#"{"message":"no"}"#.to_owned());
    let refusal = crate::kubernetes::Refusal {
        code: 403,
        message: "no".to_owned(),
        continue_token: String::new(),
    };
    check_tries(reply, &Err(Failure::Status(refusal)), 1).await;
}

#[tokio::test]
async fn a_server_that_stays_busy_ends_the_tries() {
    let server = FakeServer::start(|_| busy(429)).await;
    let patient = Limits {
        answer_time_max: Duration::from_secs(20),
        ..short()
    };
    let client = client_of(&server, patient).await;
    let failure = client.get(&version()).await.unwrap_err();
    assert_eq!(failure.code(), Some(429));
    assert_eq!(server.asked().len(), 6);
    let error = failure.into_error("https://here");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
}

#[tokio::test]
async fn a_busy_server_is_not_waited_for_longer_than_for_an_answer() {
    let server = FakeServer::start(|_| busy(429)).await;
    let limits = Limits {
        answer_time_max: Duration::from_secs(20),
        retry_after_max: Duration::from_secs(30),
        ..Limits::default()
    };
    let client = client_of(&server, limits).await;
    let failure = client.get(&version()).await.unwrap_err();
    assert_eq!(failure.code(), Some(429));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_cut_off() {
    check_tries(
        Reply::Json(200, "x".repeat(1001)),
        &Err(Failure::TooLarge(1000)),
        1,
    )
    .await;
    check_tries(Reply::Json(200, "x".repeat(1000)), &Ok(vec![b'x'; 1000]), 1).await;
}

#[tokio::test]
async fn the_other_connection_carries_no_credential() {
    let server = FakeServer::start(|_| Reply::Json(403, String::new())).await;
    let client = client_of(&server, short()).await;
    assert_eq!(client.status_for_anonymous(&version()).await, Ok(403));
    client.send(&version()).await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].path(), asked[0].query("x")), ("/version", None));
    assert_eq!(asked[0].header("authorization"), "");
    assert_eq!(asked[0].header("impersonate-user"), "");
    assert_eq!(asked[1].header("authorization"), "Bearer abc");
    assert_eq!(asked[1].header("impersonate-user"), "bob");
}
