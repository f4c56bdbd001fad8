//! What documents are, and which of them speak of one Docker host.

use viewshed_model::{DockerHost, GapReason};

use super::{gap_of, read};
use crate::files::FileSet;

/// Name and containers of each Docker host of these files of a folder.
fn hosts_of_folder(files: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let mut set = FileSet::of_folder("shop");
    for (path, text) in files {
        set.add(path, text.as_bytes());
    }
    let hosts = set.finish().docker_hosts.into_iter();
    let names = |host: &DockerHost| host.containers.iter().map(|one| one.name.clone()).collect();
    hosts
        .map(|host| (host.name.clone(), names(&host)))
        .collect()
}

#[test]
fn each_compose_project_of_a_folder_is_a_host() {
    let of = |service: &str| format!("services:\n  {service}:\n    image: x\n");
    let (web, more, batch) = (of("web"), of("more"), of("batch"));
    let inspect =
        r#"[{"Id":"abc","Name":"/db","Config":{"Image":"postgres"},"HostConfig":{},"State":{}}]"#;
    let hosts = hosts_of_folder(&[
        ("shop/a/compose.override.yml", &more),
        ("shop/a/compose.yaml", &web),
        ("shop/b/compose.yaml", &batch),
        ("shop/inspect.json", inspect),
    ]);
    let expected = [
        ("shop", vec!["db"]),
        ("shop/a/compose.yaml", vec!["more", "web"]),
        ("shop/b/compose.yaml", vec!["batch"]),
    ];
    let expected = expected.map(|(name, containers)| {
        (
            name.to_owned(),
            containers
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    });
    assert_eq!(hosts, expected);
}

#[test]
fn one_project_and_its_daemon_are_one_host() {
    let compose = "services:\n  web:\n    image: x\n";
    let daemon = r#"{"hosts": ["tcp://0.0.0.0:2375"]}"#;
    let hosts = hosts_of_folder(&[("shop/compose.yml", compose), ("shop/daemon.json", daemon)]);
    assert_eq!(hosts, [("shop".to_owned(), vec!["web".to_owned()])]);
}

#[test]
fn a_kind_alone_makes_no_object() {
    let report = r#"{"schema_version":1,"kind":"scan","findings":[]}"#;
    let gap = gap_of(report.as_bytes());
    assert_eq!(gap.reason, GapReason::Unsupported);
    assert_eq!(gap.detail, "it is an answer of viewshed, not an estate");
    let mut folder = FileSet::of_folder("shop");
    folder.add("report.jsonl", format!("{report}\n{report}\n").as_bytes());
    let estate = folder.finish();
    assert_eq!(estate.clusters, []);
    let told: Vec<_> = estate.gaps.iter().map(|gap| gap.reason).collect();
    assert_eq!(told, [GapReason::NothingKnown]);
    let refused = gap_of(b"kind: Pod\nmetadata: {name: a}\n");
    assert_eq!(refused.reason, GapReason::Malformed);
    assert!(refused.detail.contains("no `apiVersion`"), "{refused:?}");
    let other = read("kind: pipeline\nsteps: []\n");
    assert_eq!((other.clusters, other.gaps.len()), (vec![], 1));
}

#[test]
fn an_item_that_is_no_object_is_told_in_plain_words() {
    let list = r#"{"apiVersion":"v1","kind":"List","items":[null, 3]}"#;
    let estate = read(list);
    let told: Vec<_> = estate.gaps.iter().map(|gap| gap.detail.as_str()).collect();
    assert!(
        told.contains(&"it is empty (`null`), not an object"),
        "{told:?}"
    );
    assert!(told.contains(&"it is a number, not an object"), "{told:?}");
}
