use viewshed_model::{Authorizer, AuthorizerKind, Cluster};

use super::{Coverage, SightIndex, Trust};
use crate::samples::{rule, shop};

/// What one rule shows: `resource verbs` for whole resources, `resource=name verbs` for names.
fn check(text: &str, expected: &[&str]) {
    let cluster = shop();
    let index = SightIndex::new(&cluster);
    let rules = [rule(text)];
    let coverage = Coverage::of(&rules, &index.targets);
    let title = |target: usize| index.targets.all[target].combined();
    let verbs = |verbs: super::Verbs| verbs.names().collect::<Vec<_>>().join(",");
    let mut shown: Vec<String> = coverage
        .whole
        .iter()
        .map(|shown| format!("{} {}", title(shown.target), verbs(shown.verbs)))
        .chain(coverage.named.iter().map(|named| {
            let shown = named.shown;
            format!(
                "{}={} {}",
                title(shown.target),
                named.name,
                verbs(shown.verbs)
            )
        }))
        .collect();
    shown.sort();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn a_rule_shows_what_it_names() {
    check("get list | core | pods", &["pods list,get"]);
    check(
        "* | core | pods secrets",
        &["pods list,watch,get", "secrets list,watch,get"],
    );
    check("get list | core | pods/log", &["pods/log get"]);
    check("get | * | */log", &["pods/log get"]);
    check("get | core | nodes/proxy", &["nodes/proxy get"]);
    check("list | events.k8s.io | events", &["events list"]);
    check("get list | core | secrets | db", &["secrets=db list,get"]);
}

#[test]
fn a_rule_shows_nothing_beyond_its_words() {
    check("create delete | core | pods", &[]);
    check("get | apps | pods", &[]);
    check("get | core | pods/*", &[]);
    check("get | core | Pods", &[]);
    check("List | core | pods", &[]);
    check("get | /metrics", &[]);
}

#[test]
fn grants_count_only_where_nothing_before_them_can_deny() {
    use AuthorizerKind::{Abac, AlwaysDeny, Node, Rbac, Webhook};
    for (chain, grants_count, rest_is_unknown) in [
        (None, true, false),
        (Some(vec![Node, Rbac]), true, false),
        (Some(vec![Rbac, Webhook]), true, true),
        (Some(vec![Webhook, Rbac]), false, true),
        (Some(vec![Abac, Rbac]), true, true),
        (Some(vec![AlwaysDeny, Rbac]), true, false),
        (Some(vec![Node]), false, false),
    ] {
        let cluster = Cluster {
            authorizers: chain.clone().map(|kinds| {
                let authorizer = |kind| Authorizer {
                    kind,
                    name: String::new(),
                    match_conditions: Vec::new(),
                    failure_policy: String::new(),
                };
                kinds.into_iter().map(authorizer).collect()
            }),
            ..Cluster::default()
        };
        let expected = Trust {
            grants_count,
            rest_is_unknown,
        };
        assert_eq!(Trust::of(&cluster), expected, "{chain:?}");
    }
}
