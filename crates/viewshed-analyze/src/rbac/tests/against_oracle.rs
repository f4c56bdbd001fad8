//! The evaluator equals the oracle on generated RBAC that is full of traps.

use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, proptest};
use proptest::prop_oneof;
use viewshed_model::{
    Action, Cluster, Identity, Meta, NonResourceRequest, PolicyRule, ResourceRequest, Role,
    RoleBinding, RoleReference, Subject, SubjectKind,
};

use super::oracle;
use crate::rbac::{AccessIndex, Reach, Verdict, who_can};

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(words).prop_map(str::to_owned)
}

fn some_of(words: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> + Clone {
    prop::collection::vec(one_of(words), 0..3)
}

const VERBS: &[&str] = &["get", "list", "create", "*", "impersonate", "GET"];
const GROUPS: &[&str] = &["", "apps", "*"];
const RULE_RESOURCES: &[&str] = &[
    "pods", "pods/log", "pods/*", "*/log", "*", "*/*", "secrets", "log", "*/", "pods/", "/log",
];
const RESOURCES: &[&str] = &["pods", "secrets", "*", "pods/log", "*/log", ""];
const SUBRESOURCES: &[&str] = &["", "", "log", "*", "log/x"];
const NAMES: &[&str] = &["a", "b", "*", ""];
const RULE_URLS: &[&str] = &[
    "*", "/a", "/a*", "/a**", "/a/*", "/*a", "a", "/a*b", "**", "/",
];
const PATHS: &[&str] = &["/a", "/ab", "/a/b", "/", "a", "/*a", "/a**", "", "/b"];
const NAMESPACES: &[&str] = &["n1", "n2"];
const ROLE_NAMES: &[&str] = &["r1", "r2", "r3", "missing"];
const USERS: &[&str] = &[
    "jane",
    "system:serviceaccount:n1:app",
    "system:serviceaccount:n2:app",
    "system:serviceaccount::app",
];
const GROUP_NAMES: &[&str] = &["dev", "system:authenticated", "system:masters", "ops"];

fn rule() -> impl Strategy<Value = PolicyRule> {
    let lists = (
        some_of(VERBS),
        some_of(GROUPS),
        some_of(RULE_RESOURCES),
        prop_oneof![2 => Just(Vec::new()), 1 => some_of(NAMES)],
        prop_oneof![2 => Just(Vec::new()), 1 => some_of(RULE_URLS)],
    );
    lists.prop_map(
        |(verbs, api_groups, resources, resource_names, non_resource_urls)| PolicyRule {
            verbs,
            api_groups,
            resources,
            resource_names,
            non_resource_urls,
        },
    )
}

fn namespace() -> impl Strategy<Value = Option<String>> {
    prop_oneof![1 => Just(None), 2 => one_of(NAMESPACES).prop_map(Some)]
}

fn subject() -> impl Strategy<Value = Subject> {
    let plain = |kind: SubjectKind, name: String| Subject {
        kind,
        name,
        namespace: None,
    };
    prop_oneof![
        one_of(USERS).prop_map(move |name| plain(SubjectKind::User, name)),
        one_of(GROUP_NAMES).prop_map(move |name| plain(SubjectKind::Group, name)),
        one_of(&["jane"]).prop_map(move |name| plain(SubjectKind::Other("user".to_owned()), name)),
        prop_oneof![
            Just(None),
            Just(Some(String::new())),
            Just(Some("n1".to_owned()))
        ]
        .prop_map(|namespace| Subject {
            kind: SubjectKind::ServiceAccount,
            name: "app".to_owned(),
            namespace,
        }),
    ]
}

fn binding(number: usize) -> impl Strategy<Value = RoleBinding> {
    let parts = (
        namespace(),
        one_of(&["Role", "ClusterRole", "role"]),
        one_of(ROLE_NAMES),
        prop::collection::vec(subject(), 0..4),
    );
    parts.prop_map(move |(namespace, kind, name, subjects)| RoleBinding {
        meta: Meta {
            namespace,
            name: format!("b{number}"),
            ..Meta::default()
        },
        role: RoleReference { kind, name },
        subjects,
    })
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let scopes: Vec<(Option<&str>, &str)> = [None, Some("n1"), Some("n2")]
        .into_iter()
        .flat_map(|scope| ["r1", "r2", "r3"].map(|name| (scope, name)))
        .collect();
    let count = scopes.len();
    let roles = prop::collection::vec(prop::collection::vec(rule(), 0..4), count);
    let bindings: Vec<_> = (0..6).map(binding).collect();
    (roles, bindings).prop_map(move |(rules, bindings)| Cluster {
        roles: scopes
            .iter()
            .zip(rules)
            .map(|((namespace, name), rules)| Role {
                meta: Meta {
                    namespace: namespace.map(str::to_owned),
                    name: (*name).to_owned(),
                    ..Meta::default()
                },
                rules,
                aggregation: None,
            })
            .collect(),
        bindings,
        ..Cluster::default()
    })
}

fn identity() -> impl Strategy<Value = Identity> {
    (
        one_of(USERS),
        prop::collection::vec(one_of(GROUP_NAMES), 0..2),
    )
        .prop_map(|(user, groups)| Identity {
            user,
            groups,
            ..Identity::default()
        })
}

fn action() -> impl Strategy<Value = Action> {
    let resource = (
        one_of(VERBS),
        one_of(GROUPS),
        one_of(RESOURCES),
        one_of(SUBRESOURCES),
        one_of(&["", "n1", "n2", "n3"]),
        one_of(NAMES),
    );
    prop_oneof![
        3 => resource.prop_map(|(verb, api_group, resource, subresource, namespace, name)| {
            Action::Resource(ResourceRequest {
                verb, api_group, resource, subresource, namespace, name,
                ..ResourceRequest::default()
            })
        }),
        1 => (one_of(VERBS), one_of(PATHS))
            .prop_map(|(verb, path)| Action::NonResource(NonResourceRequest { verb, path })),
    ]
}

proptest! {
    #[test]
    fn every_answer_is_the_oracles(
        cluster in cluster(),
        identities in prop::collection::vec(identity(), 4),
        actions in prop::collection::vec(action(), 16),
    ) {
        let index = AccessIndex::new(&cluster);
        for identity in &identities {
            let session = index.session(identity);
            for action in &actions {
                let expected = oracle::allows(&cluster, identity, action);
                prop_assert_eq!(session.decide(action).is_allowed(), expected, "{:?}", action);
                let verdict = if expected { Verdict::Yes } else { Verdict::No };
                prop_assert_eq!(session.verdict(action), verdict, "{:?}", action);
            }
        }
    }

    #[test]
    fn adding_a_binding_never_removes_access(
        cluster in cluster(),
        more in binding(9),
        identity in identity(),
        actions in prop::collection::vec(action(), 16),
    ) {
        let mut larger = cluster.clone();
        larger.bindings.push(more);
        let (before, after) = (AccessIndex::new(&cluster), AccessIndex::new(&larger));
        let (before, after) = (before.session(&identity), after.session(&identity));
        for action in &actions {
            if before.verdict(action) == Verdict::Yes {
                prop_assert_eq!(after.verdict(action), Verdict::Yes, "{:?}", action);
            }
        }
    }

    #[test]
    fn who_can_names_exactly_those_who_can(cluster in cluster(), action in action()) {
        let index = AccessIndex::new(&cluster);
        let entries = who_can(&index, &action, Reach::Exactly);
        let users = USERS.iter().map(|user| (SubjectKind::User, *user));
        let groups = GROUP_NAMES.iter().map(|group| (SubjectKind::Group, *group));
        for (kind, name) in users.chain(groups) {
            let identity = match kind {
                SubjectKind::Group => Identity::exactly("nobody", [name]),
                _ => Identity::exactly(name, []),
            };
            let is_listed = entries.iter().filter(|entry| entry.names.is_empty()).any(|entry| {
                let subject = &entry.subject;
                match (&subject.kind, &subject.namespace) {
                    (SubjectKind::ServiceAccount, Some(namespace)) => {
                        kind == SubjectKind::User
                            && name == format!("system:serviceaccount:{namespace}:{}", subject.name)
                    }
                    _ => subject.kind == kind && subject.name == name,
                }
            });
            prop_assert_eq!(is_listed, oracle::allows(&cluster, &identity, &action), "{}", name);
        }
    }
}
