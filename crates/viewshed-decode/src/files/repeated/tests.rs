use crate::files::FileSet;
use viewshed_model::{Estate, GapReason};

fn read(files: &[(&str, &str)]) -> Estate {
    let mut set = FileSet::new("estate");
    for (path, text) in files {
        set.add(path, text.as_bytes());
    }
    set.finish()
}

fn pod(namespace: &str, name: &str, account: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: {namespace}, name: {name}}}\n\
         spec: {{serviceAccountName: {account}, containers: [{{name: a, image: b:1}}]}}\n---\n"
    )
}

fn accounts(estate: &Estate) -> Vec<(String, &str)> {
    let pods = estate.clusters[0].pods.iter();
    pods.map(|pod| (pod.meta.full_name(), pod.spec.service_account.as_str()))
        .collect()
}

#[test]
fn an_object_that_two_files_tell_alike_is_one() {
    let (a, b) = (pod("shop", "a", "x"), pod("shop", "b", "cart"));
    let estate = read(&[("one.yaml", &(a.clone() + &b)), ("two.yaml", &(b + &a))]);
    let expected = [("shop/a".to_owned(), "x"), ("shop/b".to_owned(), "cart")];
    assert_eq!(accounts(&estate), expected);
    assert_eq!(estate.gaps, []);
}

#[test]
fn of_objects_that_differ_the_last_one_told_stays_and_each_other_is_a_gap() {
    let text = [pod("shop", "a", "x"), pod("shop", "b", "cart")].concat();
    let later = [pod("shop", "a", "w"), pod("ops", "a", "v")].concat();
    let last = pod("shop", "a", "z");
    let estate = read(&[("1.yaml", &text), ("2.yaml", &later), ("3.yaml", &last)]);
    let expected = [
        ("shop/a".to_owned(), "z"),
        ("shop/b".to_owned(), "cart"),
        ("ops/a".to_owned(), "v"),
    ];
    assert_eq!(accounts(&estate), expected);
    let is_told_twice = |gap: &viewshed_model::Gap| gap.reason == GapReason::ToldTwice;
    assert!(estate.gaps.iter().all(is_told_twice));
    let gaps: Vec<_> = estate
        .gaps
        .iter()
        .map(|gap| (gap.source.as_str(), gap.what.as_str(), gap.detail.as_str()))
        .collect();
    assert_eq!(
        gaps,
        [
            (
                "1.yaml",
                "`Pod` `shop/a` at `1.yaml` line 1",
                "`2.yaml` line 1 says something else, and is taken"
            ),
            (
                "2.yaml",
                "`Pod` `shop/a` at `2.yaml` line 1",
                "`3.yaml` line 1 says something else, and is taken"
            ),
        ]
    );
}

#[test]
fn objects_that_the_server_names_are_each_their_own() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, generateName: job-}\n\
                spec: {containers: [{name: a, image: b:1}]}\n---\n";
    let estate = read(&[("one.yaml", &text.repeat(2))]);
    assert_eq!(estate.gaps, []);
    assert_eq!(estate.clusters[0].pods.len(), 2);
}

#[test]
fn a_role_and_a_cluster_role_of_one_name_are_two() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n---\n\
                apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: shop}\n";
    let estate = read(&[("one.yaml", text)]);
    assert_eq!(estate.clusters[0].roles.len(), 2);
}
