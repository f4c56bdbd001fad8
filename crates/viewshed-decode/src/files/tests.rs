mod broken;
mod compose;
mod kinds;

use viewshed_model::{Estate, Gap, GapReason, Meta};

use super::yaml::{LINE_BYTES_MAX, documents};
use super::{FileSet, add_file};
use crate::snapshot;

fn read(text: &str) -> Estate {
    read_bytes(text.as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Estate {
    let mut set = FileSet::new("shop");
    set.add("shop.yaml", bytes);
    set.finish()
}

/// Names of namespaces with their lines, and what the gaps say.
fn check(text: &str, names: &[(&str, u32)], gaps: &[&str]) {
    let estate = read(text);
    let found: Vec<_> = estate
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.namespaces)
        .map(|namespace| place_of(&namespace.meta))
        .collect();
    assert_eq!(found, names, "{text}");
    let whats: Vec<_> = estate.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(whats, gaps, "{:?}", estate.gaps);
}

fn place_of(meta: &Meta) -> (&str, u32) {
    (&meta.name, meta.position.as_ref().unwrap().line)
}

fn namespace(name: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n")
}

#[test]
fn documents_are_read_one_by_one_with_their_lines() {
    let (a, b) = (namespace("a"), namespace("b"));
    check(&format!("{a}---\n{b}"), &[("a", 1), ("b", 6)], &[]);
    check(
        &format!("---\n# Source: shop/templates/ns.yaml\n{a}--- # next\n\n{b}...\n"),
        &[("a", 3), ("b", 9)],
        &[],
    );
    check(&a.replace('\n', "\r\n"), &[("a", 1)], &[]);
    check(&format!("\u{feff}{a}"), &[("a", 1)], &[]);
}

#[test]
fn a_broken_document_takes_no_other_with_it() {
    let (a, b) = (namespace("a"), namespace("b"));
    check(
        &format!("{a}---\nkind: Pod\nx: \"never closed\n---\n{b}"),
        &[("a", 1), ("b", 9)],
        &["read a document at line 7"],
    );
    check(
        &format!("kind: Pod\nmetadata: [\n---\n{b}"),
        &[("b", 4)],
        &["read a document at line 2"],
    );
}

#[test]
fn items_of_lists_have_the_lines_of_their_own() {
    check(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n-\n  apiVersion: v1\n  kind: Namespace\n  metadata: {name: b}\n",
        &[("a", 4), ("b", 8)],
        &[],
    );
    check(
        "\n---\nkind: NamespaceList\napiVersion: v1\nitems:\n- metadata:\n    name: a\n",
        &[("a", 6)],
        &[],
    );
    check(
        "{\"apiVersion\":\"v1\",\n\"items\":[\n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"}},\n\n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"b\"}}],\n\"kind\":\"List\"}",
        &[("a", 3), ("b", 5)],
        &[],
    );
}

#[test]
fn a_key_that_stands_twice_is_named_with_its_line() {
    check(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n",
        &[("b", 1)],
        &["be sure of a document at line 5"],
    );
    check(
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\n\"metadata\":{\"name\":\"a\",\n\"name\":\"b\"}}",
        &[("b", 1)],
        &["be sure of `Namespace` `b` at line 3"],
    );
}

#[test]
fn truncated_json_keeps_its_complete_items() {
    check(
        "{\"apiVersion\":\"v1\",\"kind\":\"NamespaceList\",\"items\":[\n{\"metadata\":{\"name\":\"a\"}},\n{\"metadata\":{\"na",
        &[("a", 2)],
        &["read the rest of a list at line 3"],
    );
    check(
        "{\"apiVersion\":\"v1\"",
        &[],
        &["read a JSON value at line 1"],
    );
}

#[test]
fn the_dump_of_a_cluster_is_read_between_its_logs() {
    let list = |name: &str| {
        format!(
            "{{\n\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\",\"items\":[\n{{\"metadata\":{{\"name\":\"{name}\"}}}}]\n}}\n"
        )
    };
    let text = format!(
        "{}{}==== START logs for container app of pod shop/cart ====\n{{\"level\":\"info\",\"kind\":\"Pod\"}}\n==== END logs for container other of pod shop/x ====\n{}==== END logs for container app of pod shop/cart ====\n{}",
        list("a"),
        list("b"),
        list("from-the-log"),
        list("c")
    );
    let left_out = "read network policies, Ingresses and labels of namespaces";
    check(&text, &[("a", 3), ("b", 7), ("c", 19)], &[left_out]);
}

#[test]
fn templates_say_how_to_render_them() {
    let estate = read(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}-x\n{{- if .Values.y }}\n  labels: {}\n{{- end }}\n",
    );
    assert_eq!(estate.gaps.len(), 1);
    assert!(
        estate.gaps[0].hint.contains("helm template"),
        "{:?}",
        estate.gaps
    );
    let quoted = read("apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"{{ .Release.Name }}\"\n");
    assert!(quoted.gaps[0].hint.contains("helm template"));
    assert_eq!(quoted.clusters, []);
}

fn gap_of(bytes: &[u8]) -> Gap {
    let mut estate = read_bytes(bytes);
    assert_eq!(estate.gaps.len(), 1, "{:?}", estate.gaps);
    estate.gaps.remove(0)
}

#[test]
fn encodings_and_tabs_are_explained() {
    let utf16: Vec<u8> = "kind: Pod"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(gap_of(&utf16).detail, "the text is UTF-16");
    assert!(gap_of(b"\x1f\x8b\x08").hint.contains("gunzip"));
    assert!(gap_of(b"kind: Pod\nspec:\n\tx: 1\n").hint.contains("tabs"));
    let mut latin = namespace("a").into_bytes();
    latin.extend(b"# caf\xe9\n");
    let estate = read_bytes(&latin);
    assert_eq!(estate.clusters[0].namespaces.len(), 1);
    assert!(
        estate.gaps[0].what.ends_with("from line 5"),
        "{:?}",
        estate.gaps
    );
}

#[test]
fn a_line_of_many_megabytes_is_refused_and_the_rest_is_read() {
    let text = format!(
        "kind: Pod\nx: {}\n---\n{}",
        "y".repeat(LINE_BYTES_MAX + 1),
        namespace("a")
    );
    let estate = read(&text);
    assert_eq!(estate.gaps[0].reason, GapReason::TooLarge);
    assert_eq!(estate.clusters[0].namespaces.len(), 1);
}

#[test]
fn other_texts_are_counted_together() {
    let mut set = FileSet::new("folder");
    set.add("README.md", b"# Shop\n\nHow to deploy: see below.\n");
    set.add("logs.txt", b"2026-11-24 INFO started\n{\"a\":1}\n");
    set.add("values.yaml", b"replicas: 3\n");
    set.add("logo.png", b"\x89PNG\r\n\x1a\n\0\0");
    let estate = set.finish();
    assert_eq!((estate.clusters, estate.docker_hosts), (vec![], vec![]));
    assert_eq!(estate.gaps.len(), 1);
    assert_eq!(estate.gaps[0].count, 4);
    assert!(estate.gaps[0].what.contains("README.md"));
}

#[test]
fn credentials_and_logs_are_refused_with_a_hint() {
    assert!(
        gap_of(b"apiVersion: v1\nkind: Config\nusers: []\n")
            .hint
            .contains("--kubeconfig")
    );
    let event = br#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#;
    assert!(gap_of(event).hint.contains("--questions"));
}

#[test]
fn settings_of_kubelet_and_api_server_are_recognised() {
    let estate = read(
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n---\napiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n- {type: RBAC, name: rbac}\n",
    );
    let cluster = &estate.clusters[0];
    assert_eq!(cluster.kubelet_files[0].read_only_port, Some(10255));
    assert_eq!(cluster.authorizers.as_ref().unwrap().len(), 1);
    let live = read(r#"{"kubeletconfig":{"readOnlyPort":0}}"#);
    assert_eq!(live.clusters[0].kubelet_files[0].read_only_port, Some(0));
}

#[test]
fn docker_files_give_a_host() {
    let compose = read("services:\n  db:\n    image: postgres\n");
    assert_eq!(compose.docker_hosts[0].containers.len(), 1);
    assert_eq!(compose.clusters, []);
    let inspect = read(
        r#"[{"Id":"abc","Name":"/db","Config":{"Image":"postgres"},"HostConfig":{},"State":{}}]"#,
    );
    assert_eq!(inspect.docker_hosts[0].containers[0].name, "db");
}

/// `docker info` and `docker version` as the command line prints them.
#[test]
fn a_docker_host_of_files_has_its_own_name_and_version() {
    let info = br#"{"ID":"x","Containers":1,"Driver":"overlay2","ServerVersion":"29.0.0","Name":"build-7"}"#;
    let version = br#"{"Client":{"Version":"28.0.0","ApiVersion":"1.48","Os":"linux"},
        "Server":{"Version":"28.1.1","ApiVersion":"1.49","MinAPIVersion":"1.24","Os":"linux","Components":[]}}"#;
    let inspected =
        br#"[{"Id":"abc","Name":"/db","Config":{"Image":"postgres"},"HostConfig":{},"State":{}}]"#;
    let host = |documents: &[&[u8]]| {
        let mut set = FileSet::new("folder");
        for (document, number) in documents.iter().zip(0..) {
            set.add(&format!("{number}.json"), document);
        }
        let estate = set.finish();
        assert_eq!(estate.gaps, []);
        let [host] = estate.docker_hosts.as_slice() else {
            panic!("one host, not {:?}", estate.docker_hosts);
        };
        (host.name.clone(), host.daemon.version.clone())
    };
    let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    assert_eq!(host(&[inspected]), pair("folder", ""));
    assert_eq!(host(&[inspected, info]), pair("build-7", "29.0.0"));
    assert_eq!(host(&[version, inspected]), pair("folder", "28.1.1"));
}

#[test]
fn several_files_are_one_cluster_and_a_snapshot_is_its_own() {
    let mut bytes = Vec::new();
    let mut former = Estate::default();
    add_file(&mut former, "old.yaml", namespace("old").as_bytes());
    snapshot::write(&former, "t", &mut bytes).unwrap();
    let mut set = FileSet::new("folder");
    set.add("a.yaml", namespace("a").as_bytes());
    set.add("former.vshed", &bytes);
    set.add(
        "b.json",
        br#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}"#,
    );
    let estate = set.finish();
    let names: Vec<_> = estate
        .clusters
        .iter()
        .map(|one| (one.name.as_str(), one.namespaces.len()))
        .collect();
    assert_eq!(names, [("old.yaml", 1), ("folder", 2)]);
    assert_eq!(estate.gaps, []);
}

#[test]
fn a_list_that_json_tools_made_is_read() {
    let estate = read(r#"[{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}}]"#);
    assert_eq!(estate.clusters[0].namespaces.len(), 1);
}

#[test]
fn markers_end_documents_only_at_the_start_of_a_line() {
    let parts = documents("a: |\n  ---\n  x\n----\n---x\n---\tb\n...\nc");
    let lines: Vec<_> = parts
        .iter()
        .map(|part| (part.line, part.text.len()))
        .collect();
    assert_eq!(lines, [(1, 25), (6, 6), (8, 1)]);
}

/// A service account, its role and a workload without a namespace, as projects publish them.
const WITHOUT_NAMESPACE: &str = "
apiVersion: v1
kind: ServiceAccount
metadata: {name: server}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: server}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: server}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: server}
roleRef: {kind: Role, name: server}
subjects: [{kind: ServiceAccount, name: server}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec: {template: {spec: {serviceAccountName: server}}}
";

fn namespaces(files: &[(&str, &str)]) -> Vec<String> {
    let mut set = FileSet::new("folder");
    for (path, text) in files {
        set.add(path, text.as_bytes());
    }
    let estate = set.finish();
    assert_eq!(estate.gaps, []);
    let cluster = &estate.clusters[0];
    let named = |what: &str, meta: &Meta| format!("{what} {}", meta.full_name());
    (cluster
        .service_accounts
        .iter()
        .map(|one| named("account", &one.meta)))
    .chain(cluster.roles.iter().map(|one| named("role", &one.meta)))
    .chain(
        cluster
            .bindings
            .iter()
            .map(|one| named("binding", &one.meta)),
    )
    .chain(
        cluster
            .workloads
            .iter()
            .map(|one| named("workload", &one.meta)),
    )
    .collect()
}

#[test]
fn objects_without_a_namespace_are_in_the_default_one() {
    assert_eq!(
        namespaces(&[("app.yaml", WITHOUT_NAMESPACE)]),
        [
            "account default/server",
            "role default/server",
            "role server",
            "binding default/server",
            "workload default/server",
        ]
    );
}

#[test]
fn a_binding_that_names_the_account_tells_the_namespace_of_its_neighbours() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: server}
roleRef: {kind: ClusterRole, name: server}
subjects: [{kind: ServiceAccount, name: server, namespace: cd}]
";
    assert_eq!(
        namespaces(&[
            ("cd/app.yaml", WITHOUT_NAMESPACE),
            ("cd/binding.yaml", binding),
            (
                "other/app.yaml",
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
            ),
        ]),
        [
            "account cd/server",
            "role cd/server",
            "role server",
            "binding cd/server",
            "binding server",
            "workload cd/server",
            "workload default/web",
        ]
    );
}

#[test]
fn a_namespace_on_a_cluster_role_is_ignored_as_on_a_server() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: agent, namespace: kube-system}
";
    assert_eq!(namespaces(&[("role.yaml", role)]), ["role agent"]);
}
