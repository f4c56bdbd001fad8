//! What parameters of a request say about it.

use proptest::prelude::*;

use crate::engine::path::{has_query, is_narrowed, is_short_watch};

#[test]
fn a_selector_narrows_when_something_has_to_be_equal() {
    let cases = [
        ("spec.nodeName%3Dworker-1", true),
        ("spec.nodeName=worker-1", true),
        ("metadata.name%3dweb", true),
        ("name%3Dstore%2Cowner%3Dhelm", true),
        ("owner=helm,status!=superseded", true),
        ("status.phase!=Failed", false),
        ("a%21%3Db", false),
        ("a%21%3Db%2Cc!=d", false),
        ("app", false),
        ("app+notin+%28web%29", false),
        ("", false),
    ];
    for (selector, is_narrow) in cases {
        let uri = format!("/api/v1/pods?limit=500&fieldSelector={selector}&watch=true");
        assert_eq!(is_narrowed(&uri, "fieldSelector"), is_narrow, "{selector}");
        assert!(!is_narrowed(&uri, "labelSelector"), "{selector}");
    }
    assert!(!is_narrowed("/api/v1/pods", "fieldSelector"));
}

#[test]
fn a_watch_of_a_moment_follows_nothing() {
    let cases = [
        ("?watch=true&timeoutSeconds=1", true),
        ("?timeoutSeconds=59&watch=true", true),
        ("?timeoutSeconds=60", false),
        ("?timeoutSeconds=417&watch=true", false),
        // The server chooses.
        ("?timeoutSeconds=0", false),
        ("?timeoutSeconds=soon", false),
        ("?watch=true", false),
        ("", false),
    ];
    for (query, is_short) in cases {
        assert_eq!(
            is_short_watch(&format!("/api/v1/pods{query}")),
            is_short,
            "{query}"
        );
    }
}

/// What a query has, by taking all of it apart first.
fn slow_has_query(uri: &str, name: &str, value: &str) -> bool {
    let Some((_, query)) = uri.split_once('?') else {
        return false;
    };
    query.split('&').any(|pair| {
        let (found, given) = pair.split_once('=').unwrap_or((pair, ""));
        found == name && (value.is_empty() || given == value)
    })
}

proptest! {
    #[test]
    fn a_parameter_is_found_where_it_is(
        uri in "(/a)?[?]?((watch|watchX|w|limit)?=?(true|1|=)?&?){0,5}",
        value in "(true|1|=|)",
    ) {
        for name in ["watch", "w", "limit"] {
            prop_assert_eq!(
                has_query(&uri, name, &value),
                slow_has_query(&uri, name, &value)
            );
        }
    }
}
