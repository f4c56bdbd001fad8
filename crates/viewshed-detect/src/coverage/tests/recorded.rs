//! The evaluator of policies against a slow oracle that writes out everything that a rule covers.

use std::collections::BTreeSet;

use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, proptest};
use proptest::sample::{select, subsequence};
use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level, Stage};

use super::super::recorded::{Asked, Target, recorded};
use super::read;

const GROUPS: [&str; 2] = ["", "apps"];
const RESOURCES: [&str; 3] = ["pods", "nodes", "deployments"];
const SUBRESOURCES: [&str; 3] = ["", "log", "scale"];
const NAMESPACES: [&str; 3] = ["", "shop", "kube-system"];
const NAMES: [&str; 3] = ["", "a", "b"];
const PATHS: [&str; 6] = ["/", "/api", "/api/v1", "/apis", "/version", "/healthz"];
const USERS: [&str; 2] = ["alice", "system:kube-proxy"];
const USER_GROUPS: [&str; 2] = ["dev", "system:authenticated"];
const VERBS: [&str; 3] = ["get", "list", "watch"];

/// Every `(group, resource/subresource)` that a pattern stands for, by the words of the documentation
/// (`types.go`): "pods" matches pods, "pods/log" the log, "*" all resources and their subresources,
/// "pods/*" pods and all subresources of pods, "*/scale" all scale subresources.
fn written_out(entry: &AuditResources) -> BTreeSet<(String, String)> {
    let mut covered = BTreeSet::new();
    for resource in RESOURCES {
        for subresource in SUBRESOURCES {
            let full = if subresource.is_empty() {
                resource.to_owned()
            } else {
                format!("{resource}/{subresource}")
            };
            let mut patterns = vec![full.clone(), "*".to_owned(), format!("{resource}/*")];
            if !subresource.is_empty() {
                patterns.push(format!("*/{subresource}"));
            }
            let is_named = patterns
                .iter()
                .any(|pattern| entry.resources.contains(pattern));
            if entry.resources.is_empty() || is_named {
                covered.insert((entry.api_group.clone(), full));
            }
        }
    }
    covered
}

fn oracle(policy: &AuditPolicy, asked: &Asked<'_>) -> (Level, Option<usize>) {
    for (index, rule) in policy.rules.iter().enumerate() {
        let mut conditions = Vec::new();
        if !rule.users.is_empty() {
            conditions.push(
                asked
                    .user
                    .is_some_and(|user| rule.users.contains(&user.to_owned())),
            );
        }
        if !rule.groups.is_empty() {
            let mine: BTreeSet<String> = asked
                .groups
                .iter()
                .map(|group| (*group).to_owned())
                .collect();
            let named: BTreeSet<String> = rule.groups.iter().cloned().collect();
            conditions.push(asked.user.is_some() && !mine.is_disjoint(&named));
        }
        if !rule.verbs.is_empty() {
            conditions.push(rule.verbs.contains(&asked.verb.to_owned()));
        }
        if !rule.namespaces.is_empty() || !rule.resources.is_empty() {
            conditions.push(covers_object(rule, asked.target));
        } else if !rule.paths.is_empty() {
            conditions.push(match asked.target {
                Target::Object { .. } => false,
                Target::Path(path) => rule.paths.iter().any(|spec| {
                    let mut specs = vec!["*".to_owned(), path.to_owned()];
                    specs.extend((0..=path.len()).map(|length| {
                        let start: String = path.chars().take(length).collect();
                        format!("{start}*")
                    }));
                    specs.contains(spec)
                }),
            });
        }
        if conditions.into_iter().all(|is_met| is_met) {
            return (rule.level, Some(index));
        }
    }
    (Level::None, None)
}

fn covers_object(rule: &AuditRule, target: Target<'_>) -> bool {
    let Target::Object {
        api_group,
        resource,
        subresource,
        namespace,
        name,
    } = target
    else {
        return false;
    };
    let full = if subresource.is_empty() {
        resource.to_owned()
    } else {
        format!("{resource}/{subresource}")
    };
    let is_there = rule.namespaces.is_empty() || rule.namespaces.iter().any(|one| one == namespace);
    let is_covered = rule.resources.is_empty()
        || rule.resources.iter().any(|entry| {
            written_out(entry).contains(&(api_group.to_owned(), full.clone()))
                && (entry.resources.is_empty()
                    || entry.names.is_empty()
                    || entry.names.iter().any(|one| one == name))
        });
    is_there && is_covered
}

fn texts(values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(values, 0..=1).prop_map(|list| list.into_iter().map(str::to_owned).collect())
}

fn resources() -> impl Strategy<Value = Vec<AuditResources>> {
    const PATTERNS: &[&str] = &[
        "*",
        "pods",
        "pods/*",
        "pods/log",
        "*/scale",
        "*/log",
        "deployments",
        "nodes/*",
    ];
    let entry = (
        select(&GROUPS[..]),
        subsequence(PATTERNS, 0..=2),
        texts(&NAMES[1..]),
    )
        .prop_map(|(group, patterns, names)| AuditResources {
            api_group: group.to_owned(),
            // Names without resources are refused when a policy is read.
            names: if patterns.is_empty() {
                Vec::new()
            } else {
                names
            },
            resources: patterns.into_iter().map(str::to_owned).collect(),
        });
    proptest::collection::vec(entry, 0..=2)
}

fn rule() -> impl Strategy<Value = AuditRule> {
    let level = select(&[Level::None, Level::Metadata, Level::Request][..]);
    let objects = (resources(), texts(&NAMESPACES)).prop_map(|(resources, namespaces)| AuditRule {
        resources,
        namespaces,
        ..AuditRule::default()
    });
    let paths = texts(&["*", "/", "/*", "/api*", "/api", "/version"]).prop_map(|paths| AuditRule {
        paths,
        ..AuditRule::default()
    });
    let what = proptest::prop_oneof![objects, paths];
    (
        level,
        what,
        texts(&USERS),
        texts(&USER_GROUPS),
        texts(&VERBS),
    )
        .prop_map(|(level, what, users, groups, verbs)| AuditRule {
            level,
            users,
            groups,
            verbs,
            ..what
        })
}

fn target() -> impl Strategy<Value = Target<'static>> {
    let object = (
        select(&GROUPS[..]),
        select(&RESOURCES[..]),
        select(&SUBRESOURCES[..]),
        select(&NAMESPACES[..]),
        select(&NAMES[..]),
    )
        .prop_map(
            |(api_group, resource, subresource, namespace, name)| Target::Object {
                api_group,
                resource,
                subresource,
                namespace,
                name,
            },
        );
    proptest::prop_oneof![object, select(&PATHS[..]).prop_map(Target::Path)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_evaluator_agrees_with_the_oracle(
        rules in proptest::collection::vec(rule(), 0..6),
        target in target(),
        user in proptest::prop_oneof![Just(None), select(&USERS[..]).prop_map(Some)],
        groups in subsequence(&USER_GROUPS[..], 0..=2),
        verb in select(&VERBS[..]),
    ) {
        let policy = AuditPolicy { rules, ..AuditPolicy::default() };
        let asked = Asked { user, groups: &groups, verb, target };
        let found = recorded(&policy, &asked);
        prop_assert_eq!((found.level, found.rule), oracle(&policy, &asked));
    }

    #[test]
    fn a_fragment_reads_back_as_it_was(rules in proptest::collection::vec(rule(), 1..5)) {
        let policy = AuditPolicy { rules, omit_stages: [Stage::RequestReceived].into() };
        prop_assert_eq!(read(&super::super::policy_file(&[], &policy)), policy);
    }
}

fn pods<'a>(subresource: &'a str, namespace: &'a str, name: &'a str) -> Target<'a> {
    Target::Object {
        api_group: "",
        resource: "pods",
        subresource,
        namespace,
        name,
    }
}

fn check(rule: &str, target: Target<'_>, expected: Level) {
    let text = format!(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- {{level: Request, {rule}}}\n"
    );
    let policy = read(&text);
    let asked = Asked {
        user: Some("alice"),
        groups: &["dev"],
        verb: "get",
        target,
    };
    assert_eq!(
        recorded(&policy, &asked).level,
        expected,
        "{rule}: {target:?}"
    );
}

/// From kubernetes/apiserver `pkg/audit/policy/checker_test.go` and `types.go`.
#[test]
fn matches_as_the_server_does() {
    use Level::{None, Request};
    let core = |resources: &str| format!("resources: [{{group: '', resources: [{resources}]}}]");
    check("users: [alice]", pods("", "x", "a"), Request);
    check("users: [bob]", pods("", "x", "a"), None);
    check("userGroups: [dev, ops]", pods("", "x", "a"), Request);
    check("verbs: [list]", pods("", "x", "a"), None);
    check(&core("pods"), pods("", "x", "a"), Request);
    check(&core("pods"), pods("log", "x", "a"), None);
    check(&core("pods/log"), pods("log", "x", "a"), Request);
    check(&core("'pods/*'"), pods("log", "x", "a"), Request);
    check(&core("'pods/*'"), pods("", "x", "a"), Request);
    check(&core("'*'"), pods("log", "x", "a"), Request);
    check(&core("'*/log'"), pods("log", "x", "a"), Request);
    check(&core("'*/log'"), pods("", "x", "a"), None);
    check("resources: [{group: ''}]", pods("log", "x", "a"), Request);
    check("resources: [{group: apps}]", pods("", "x", "a"), None);
    check("namespaces: ['']", pods("", "x", "a"), None);
    check("namespaces: ['']", pods("", "", ""), Request);
    check("namespaces: [x]", Target::Path("/x"), None);
    check("nonResourceURLs: ['*']", pods("", "x", "a"), None);
    check(
        "nonResourceURLs: ['/ap*']",
        Target::Path("/apis/apps"),
        Request,
    );
    check("nonResourceURLs: ['/api/*']", Target::Path("/api"), None);
    check("users: []", Target::Path("/api"), Request);
}

#[test]
fn stages_of_rule_and_policy_add_up() {
    let policy = read(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- {level: Metadata, omitStages: [Panic]}\n",
    );
    let asked = Asked {
        user: None,
        groups: &[],
        verb: "get",
        target: Target::Path("/"),
    };
    let found = recorded(&policy, &asked);
    assert_eq!(
        found.omit_stages,
        [Stage::RequestReceived, Stage::Panic].into()
    );
    let none = recorded(&AuditPolicy::default(), &asked);
    assert_eq!((none.level, none.rule), (Level::None, None));
}
