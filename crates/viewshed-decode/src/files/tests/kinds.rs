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

#[test]
fn definitions_of_kinds_tell_their_names_as_discovery_does() {
    let definition = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: foos.x.example}
spec:
  group: x.example
  scope: Namespaced
  names: {plural: foos, singular: fu, kind: Foo, shortNames: [fo]}
  versions: [{name: v1alpha1, served: false}, {name: v1, served: true, storage: true}]
";
    let estate = read(&format!("{definition}---\n{definition}"));
    let resources = &estate.clusters[0].api_resources;
    assert_eq!(resources.len(), 1);
    let foos = &resources[0];
    assert_eq!(
        (
            foos.group.as_str(),
            foos.version.as_str(),
            foos.resource.as_str()
        ),
        ("x.example", "v1", "foos")
    );
    assert_eq!((foos.kind.as_str(), foos.namespaced), ("Foo", true));
    assert_eq!(foos.other_names, ["fo", "fu"]);
    let named = &estate.clusters[0].others[0];
    assert_eq!(named.meta.name, "foos.x.example");
}

#[test]
fn values_of_charts_are_no_compose_files() {
    let text = "services: {a: {image: b}}\n";
    let hosts_of = |path: &str| {
        let mut set = FileSet::of_folder("chart");
        set.add(path, text.as_bytes());
        set.finish().docker_hosts.len()
    };
    for path in ["values.yaml", "chart/values.yml", "chart/values-prod.yaml"] {
        assert_eq!(hosts_of(path), 0, "{path}");
    }
    for path in ["compose.yaml", "stack.yml", "valuestore.yaml"] {
        assert_eq!(hosts_of(path), 1, "{path}");
    }
}
