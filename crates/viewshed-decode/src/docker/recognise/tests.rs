use super::DocumentKind::{self, Compose, DaemonConfig, Info, Inspect, Version};
use super::recognise;

/// `document` is JSON; the path is used only to tell daemon.json.
fn check_kind(path: &str, document: &str, expected: Option<DocumentKind>) {
    let value = serde_json::from_str(document).unwrap();
    assert_eq!(recognise(path, &value), expected, "{path} {document}");
}

#[test]
fn documents_are_recognised_by_content() {
    for (path, document, kind) in [
        ("a", r#"{"services":{"web":{"image":"x"}}}"#, Some(Compose)),
        (
            "a",
            r#"{"web":{"image":"x"},"db":{"build":"."}}"#,
            Some(Compose),
        ),
        ("a", r#"{"services":{"web":{"port":1}}}"#, None),
        ("a", r#"{"services":["web"]}"#, None),
        (
            "a",
            r#"{"apiVersion":"v1","kind":"List","services":{"web":{"image":"x"}}}"#,
            None,
        ),
        (
            "a",
            r#"[{"Id":"1","Config":{},"HostConfig":{}}]"#,
            Some(Inspect),
        ),
        ("a", r#"[{"RepoTags":[],"Id":"x"}]"#, Some(Inspect)),
        ("a", r#"[{"name":"x"}]"#, None),
        ("a", "[]", None),
        ("a", "{}", None),
        ("a", "3", None),
        (
            "a",
            r#"{"hosts":["tcp://0.0.0.0:2375"]}"#,
            Some(DaemonConfig),
        ),
        ("a", r#"{"hosts":["example.org"]}"#, None),
        ("a", r#"{"debug":true}"#, None),
        (
            "etc/docker/daemon.json",
            r#"{"debug":true}"#,
            Some(DaemonConfig),
        ),
        ("daemon.json", r#"{"debug":true,"colour":"red"}"#, None),
        (
            "a",
            r#"{"data-root":"/d","debug":true}"#,
            Some(DaemonConfig),
        ),
        (
            "a",
            r#"{"ServerVersion":"29","Containers":0,"Driver":"overlay2"}"#,
            Some(Info),
        ),
        (
            "a",
            r#"{"ApiVersion":"1.41","Version":"20.10","Os":"linux"}"#,
            Some(Version),
        ),
    ] {
        check_kind(path, document, kind);
    }
}
