use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use viewshed_model::GapReason;

use crate::fake_server::Reply;
use crate::kubernetes::testing::{client_of, gaps_about, limits, list, pods, read, server};
use crate::kubernetes::{Limits, collect};
use crate::progress::Quiet;

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let server = server(&["/pods/Pod"], |asked| {
        Some(match (asked.path(), asked.query("continue")) {
            ("/api/v1/pods", None) => list(
                asked,
                "Pod",
                &["a/1", "a/2"],
                &json!({"continue": "x=", "remainingItemCount": 3}),
            ),
            ("/api/v1/pods", Some("x%3d")) => {
                list(asked, "Pod", &["a/3", "a/4"], &json!({"continue": "y"}))
            }
            ("/api/v1/pods", Some("y")) => list(asked, "Pod", &["a/5"], &json!({})),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(pods(&cluster), ["a/1", "a/2", "a/3", "a/4", "a/5"]);
    assert_eq!(gaps, []);
}

#[tokio::test]
async fn an_expired_list_goes_on_with_the_token_of_the_server() {
    let server = server(&["/pods/Pod"], |asked| {
        Some(match (asked.path(), asked.query("continue")) {
            ("/api/v1/pods", None) => list(asked, "Pod", &["a/1"], &json!({"continue": "old"})),
            ("/api/v1/pods", Some("old")) => Reply::Json(
                410,
                r#"{"kind":"Status","code":410,"metadata":{"continue":"new"}}"#.to_owned(),
            ),
            ("/api/v1/pods", Some("new")) => list(asked, "Pod", &["a/2"], &json!({})),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(
        (pods(&cluster), gaps),
        (vec!["a/1".to_owned(), "a/2".to_owned()], vec![])
    );
}

#[tokio::test]
async fn an_expired_list_without_a_token_starts_once_more_and_repeats_nothing() {
    let firsts = AtomicU32::new(0);
    let server = server(&["/pods/Pod"], move |asked| {
        Some(match (asked.path(), asked.query("continue")) {
            ("/api/v1/pods", None) if firsts.fetch_add(1, Ordering::Relaxed) == 0 => {
                list(asked, "Pod", &["a/1"], &json!({"continue": "old"}))
            }
            ("/api/v1/pods", None) => list(asked, "Pod", &["a/1"], &json!({"continue": "other"})),
            ("/api/v1/pods", Some("old")) => Reply::Json(410, "{}".to_owned()),
            ("/api/v1/pods", Some("other")) => list(asked, "Pod", &["a/2"], &json!({})),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(
        (pods(&cluster), gaps),
        (vec!["a/1".to_owned(), "a/2".to_owned()], vec![])
    );
}

#[tokio::test]
async fn a_list_that_expires_for_ever_ends_with_a_gap() {
    let server = server(&["/pods/Pod"], |asked| {
        Some(match (asked.path(), asked.query("continue")) {
            ("/api/v1/pods", None) => list(asked, "Pod", &["a/1"], &json!({"continue": "old"})),
            ("/api/v1/pods", _) => Reply::Json(410, "{}".to_owned()),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(pods(&cluster), ["a/1"]);
    assert_eq!(gaps_about(&gaps, "`pods`"), [(GapReason::Truncated, 1)]);
}

#[tokio::test]
async fn a_server_that_pages_for_ever_is_left() {
    let count = AtomicU32::new(0);
    let server = server(&["/pods/Pod"], move |asked| {
        (asked.path() == "/api/v1/pods").then(|| {
            let next = count.fetch_add(1, Ordering::Relaxed).to_string();
            list(asked, "Pod", &["a/1"], &json!({"continue": next}))
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(cluster.pods.len(), 5);
    assert_eq!(gaps_about(&gaps, "`pods`"), [(GapReason::TooLarge, 1)]);
}

#[tokio::test]
async fn a_token_that_repeats_ends_the_list() {
    let server = server(&["/pods/Pod"], |asked| {
        (asked.path() == "/api/v1/pods")
            .then(|| list(asked, "Pod", &["a/1"], &json!({"continue": "same"})))
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(cluster.pods.len(), 2);
    assert_eq!(gaps_about(&gaps, "`pods`"), [(GapReason::Malformed, 1)]);
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_parts() {
    let server = server(&["/pods/Pod"], |asked| {
        Some(match (asked.path(), asked.query("limit")) {
            ("/api/v1/pods", Some("1")) => list(asked, "Pod", &["a/1"], &json!({})),
            ("/api/v1/pods", _) => Reply::Json(200, " ".repeat(100_000)),
            _ => return None,
        })
    })
    .await;
    let limits = Limits {
        answer_bytes_max: 10_000,
        ..limits()
    };
    let client = client_of(&server, limits).await;
    let (cluster, gaps) = collect(&client, &Quiet).await.unwrap();
    assert_eq!((pods(&cluster), gaps), (vec!["a/1".to_owned()], vec![]));
}

#[tokio::test]
async fn events_beyond_the_limit_are_only_counted() {
    let server = server(&["/events/Event"], |asked| {
        Some(match (asked.path(), asked.query("continue")) {
            ("/api/v1/events", None) => list(
                asked,
                "Event",
                &["a/1", "a/2"],
                &json!({"continue": "x", "remainingItemCount": 98}),
            ),
            ("/api/v1/events", Some("x")) => list(
                asked,
                "Event",
                &["a/3", "a/4"],
                &json!({"continue": "y", "remainingItemCount": 96}),
            ),
            _ => return None,
        })
    })
    .await;
    let (cluster, gaps) = read(&server).await;
    assert_eq!(cluster.others.len(), 4);
    assert_eq!(gaps_about(&gaps, "`events`"), [(GapReason::TooLarge, 96)]);
}

#[tokio::test]
async fn objects_beyond_the_limit_are_counted() {
    let server = server(&["/pods/Pod"], |asked| {
        let meta = json!({"continue": "x", "remainingItemCount": 7});
        (asked.path() == "/api/v1/pods").then(|| list(asked, "Pod", &["a/1", "a/2"], &meta))
    })
    .await;
    let limits = Limits {
        objects_max: 2,
        ..limits()
    };
    let client = client_of(&server, limits).await;
    let (cluster, gaps) = collect(&client, &Quiet).await.unwrap();
    assert_eq!(cluster.pods.len(), 2);
    assert_eq!(gaps_about(&gaps, "`pods`"), [(GapReason::TooLarge, 7)]);
}
