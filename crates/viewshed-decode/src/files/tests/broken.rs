//! Documents that a server would refuse: each is named with its line, and takes no other with it.

use super::*;

/// A document between two good ones, and what its gap says; `None` when nothing is wrong with it.
#[track_caller]
fn check_between(document: &str, expected: Option<(&str, &str)>) {
    let (a, b) = (namespace("a"), namespace("b"));
    let estate = read(&format!("{a}---\n{document}\n---\n{b}"));
    let cluster = &estate.clusters[0];
    let names: Vec<_> = cluster
        .namespaces
        .iter()
        .map(|one| &one.meta.name)
        .collect();
    assert_eq!(names, ["a", "b"], "{document}");
    let told: Vec<_> = estate
        .gaps
        .iter()
        .map(|gap| (gap.what.as_str(), gap.detail.as_str()))
        .collect();
    match expected {
        None => assert_eq!(told, [], "{document}"),
        Some((what, detail)) => {
            assert_eq!(told.len(), 1, "{document}: {told:?}");
            assert_eq!(told[0].0, what, "{document}");
            assert!(told[0].1.contains(detail), "{document}: {told:?}");
            let stored = (cluster.pods.len(), cluster.bindings.len());
            assert_eq!(stored, (0, 0), "{document}");
        }
    }
}

#[test]
fn what_a_server_refuses_is_named_with_its_line() {
    let what = "read a document at line 6";
    check_between(
        "apiVersion: v1\nmetadata: {name: p}\nspec: {}",
        Some((what, "no `kind`")),
    );
    check_between(
        "apiVersion: v1\nKind: Pod\nmetadata: {name: p}",
        Some((what, "`Kind` in place of `kind`")),
    );
    check_between("broken: [", Some((what, "")));
    check_between(
        "apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {containers: []}",
        Some((
            "read a nameless `Pod` at line 6",
            "neither `name` nor `generateName`",
        )),
    );
    let binding = |rest: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
             metadata: {{name: x, namespace: shop}}\n{rest}"
        )
    };
    let what = "read `RoleBinding` `shop/x` at line 6";
    check_between(
        &binding("subjects: [{kind: User, name: jane}]"),
        Some((what, "its `roleRef` names no role")),
    );
    let role = "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}";
    check_between(
        &binding(&format!("{role}\nsubjects: [{{kind: User}}]")),
        Some((what, "a subject has no `name`")),
    );
    let account = format!("{role}\nsubjects: [{{kind: ServiceAccount, name: cart}}]");
    let cluster_wide = binding(&account)
        .replace("RoleBinding", "ClusterRoleBinding")
        .replace(", namespace: shop", "");
    check_between(
        &cluster_wide,
        Some((
            "read `ClusterRoleBinding` `x` at line 6",
            "ServiceAccount `cart` has no `namespace`",
        )),
    );
    check_between(&binding(&account), None);
}

#[test]
fn documents_that_are_no_objects_are_not_broken() {
    check_between("# nothing", None);
    check_between("apiVersion: v2\nname: chart\nversion: 1.0.0", None);
    check_between(
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: p-}",
        None,
    );
    check_between(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources: []",
        None,
    );
}

/// What one file beside a manifest is told as, below a folder: nothing, passed over, or broken.
#[track_caller]
fn check_beside(path: &str, text: &str, expected: &[GapReason]) {
    let mut set = FileSet::of_folder("shop");
    set.add("shop/a.yaml", namespace("a").as_bytes());
    set.add(path, text.as_bytes());
    let gaps = set.finish().gaps;
    let told: Vec<_> = gaps.iter().map(|gap| gap.reason).collect();
    assert_eq!(told, expected, "{path}: {gaps:?}");
}

#[test]
fn files_of_other_kinds_are_passed_over_below_a_folder() {
    let broken = "apiVersion: v1\nkind: Pod\nmetadata: [\n";
    let snippet = format!("# Shop\n```yaml\n{broken}```\n");
    check_beside("shop/README.md", &snippet, &[GapReason::NothingKnown]);
    let makefile = "image: build\n\tdocker build -t shop .\nbuild:\n\tgo build\n";
    check_beside("shop/Makefile", makefile, &[GapReason::NothingKnown]);
    let script = "kind create cluster: {\nimage=shop\n";
    check_beside("shop/test.sh", script, &[GapReason::NothingKnown]);
    check_beside("shop/pod", broken, &[GapReason::Malformed]);
    check_beside("shop/pod.yaml", broken, &[GapReason::Malformed]);
    check_beside("shop/pod.yml", "kind: Pod\nx: [", &[GapReason::Malformed]);
}

#[test]
fn a_kustomization_needs_no_kind_to_be_known_by_its_name() {
    let refused = &[GapReason::Unsupported];
    let patched = "resources: [a.yaml]\nnamePrefix: x-\n";
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        check_beside(&format!("shop/{name}"), patched, refused);
    }
    check_beside("shop/values.yaml", patched, &[GapReason::NothingKnown]);
    let listing = "resources: [a.yaml, base]\n";
    check_beside(
        "shop/kustomization.yaml",
        listing,
        &[GapReason::NothingKnown],
    );
}

#[test]
fn a_kustomization_that_only_lists_its_neighbours_withholds_nothing() {
    let of = |rest: &str| {
        format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{rest}\n")
    };
    let path = "shop/kustomization.yaml";
    let passed = &[GapReason::NothingKnown];
    check_beside(path, &of("resources: [a.yaml, base, ./b.yaml]"), passed);
    let refused = &[GapReason::Unsupported];
    check_beside(path, &of("resources: [a.yaml, ../base]"), refused);
    check_beside(
        path,
        &of("resources: ['https://x.example/a.yaml']"),
        refused,
    );
    check_beside(path, &of("resources: [github.com/x/y]"), refused);
    check_beside(path, &of("resources: [a.yaml]\nnamePrefix: x-"), refused);
}

/// A dump has no policies, no Ingresses and no custom resources: that they are not there says nothing.
#[test]
fn a_dump_says_nothing_of_what_it_leaves_out() {
    let list = r#"{"kind":"ReplicationControllerList","apiVersion":"v1","items":[]}"#;
    let pods = r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"p","namespace":"a"}}]}"#;
    let policy = r#"{"kind":"NetworkPolicy","apiVersion":"networking.k8s.io/v1","metadata":{"name":"n","namespace":"a"},"spec":{}}"#;
    let missing = |files: &[(&str, &str)]| -> Vec<String> {
        let mut set = FileSet::of_folder("dump");
        for (path, text) in files {
            set.add(path, text.as_bytes());
        }
        let estate = set.finish();
        let kinds = estate.clusters[0].unread_kinds.iter();
        let kinds = kinds.map(|one| format!("{}.{}", one.kind, one.group));
        kinds.collect()
    };
    let standard = "NetworkPolicy.networking.k8s.io".to_owned();
    let dump = [
        ("a/pods.json", pods),
        ("a/replication-controllers.json", list),
    ];
    assert!(missing(&dump).contains(&standard));
    let with = [dump[0], dump[1], ("policies.json", policy)];
    assert!(!missing(&with).contains(&standard));
    assert!(missing(&with).contains(&"Ingress.networking.k8s.io".to_owned()));
    assert_eq!(missing(&[("a/pods.json", pods)]), [] as [String; 0]);
    let logs = "==== START logs for container app of pod a/p ====\nx\n==== END logs for container app of pod a/p ====\n";
    let text = format!("{pods}\n{logs}");
    assert!(missing(&[("dump.txt", &text)]).contains(&standard));
}

/// `kubectl get all` prints no policies; a list of kinds that somebody chose is taken as it is.
#[test]
fn get_all_says_nothing_of_policies() {
    let item = |kind: &str, version: &str, status: &str| {
        format!(
            r#"{{"apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"x","namespace":"a"}},"spec":{{}},"status":{status}}}"#
        )
    };
    let pod = item("Pod", "v1", r#"{"phase":"Running"}"#);
    let planned = item("Pod", "v1", "{}");
    let service = item("Service", "v1", "{}");
    let replicas = item("ReplicaSet", "apps/v1", "{}");
    let scaler = item("HorizontalPodAutoscaler", "autoscaling/v2", "{}");
    let account = item("ServiceAccount", "v1", "{}");
    let policy = item("NetworkPolicy", "networking.k8s.io/v1", "{}");
    let printed = |items: &[&String]| {
        let items: Vec<&str> = items.iter().map(|item| item.as_str()).collect();
        let items = items.join(",");
        format!(
            r#"{{"apiVersion":"v1","items":[{items}],"kind":"List","metadata":{{"resourceVersion":""}}}}"#
        )
    };
    let all = printed(&[&pod, &service, &replicas, &scaler]);
    let rows = [
        (vec![all.clone()], true),
        (vec![all.clone(), printed(&[&account])], true),
        (vec![all.clone(), printed(&[&policy])], false),
        // What `kubectl get networkpolicies -A` prints where there is none.
        (vec![all.clone(), printed(&[])], false),
        (vec![printed(&[&pod, &service, &account])], false),
        (vec![printed(&[&planned, &service])], false),
        (vec![printed(&[&pod])], false),
        (vec![all.replace("\"resourceVersion\":\"\"", "")], false),
    ];
    for (files, wanted) in rows {
        let mut set = FileSet::of_folder("get");
        for (text, number) in files.iter().zip(0..) {
            set.add(&format!("{number}.json"), text.as_bytes());
        }
        let estate = set.finish();
        let mut unread = estate.clusters[0].unread_kinds.iter();
        assert_eq!(
            unread.any(|kind| kind.kind == "NetworkPolicy"),
            wanted,
            "{files:#?}"
        );
        let told = estate
            .gaps
            .iter()
            .any(|gap| gap.detail.contains("kubectl get all"));
        assert_eq!(told, wanted, "{:#?}", estate.gaps);
    }
}
