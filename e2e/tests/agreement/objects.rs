//! Generated roles and bindings, biased to the traps, and the objects that nodes can reach.

use serde_json::{Value, json};
use viewshed_benchmarks::random::Random;

use crate::api::Request;

pub(crate) const NAMESPACES: usize = 40;
pub(crate) const USERS: usize = 150;
pub(crate) const GROUPS: usize = 25;
pub(crate) const ACCOUNTS: usize = 3;
pub(crate) const NODES: usize = 6;
pub(crate) const IMPERSONATORS: usize = 40;

pub(crate) fn namespace(number: usize) -> String {
    format!("n-{number}")
}

pub(crate) fn user(number: usize) -> String {
    format!("u-{number}")
}

pub(crate) fn group(number: usize) -> String {
    format!("g-{number}")
}

pub(crate) fn node(number: usize) -> String {
    format!("node-{number}")
}

pub(crate) fn impersonator(number: usize) -> String {
    format!("imp-{number}")
}

/// A request that creates one object.
fn create(path: &str, object: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        target: path.to_owned(),
        body: object.to_string(),
        ..Request::default()
    }
}

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

pub(crate) fn namespaces() -> Vec<Request> {
    (0..NAMESPACES)
        .map(|number| {
            let object = json!({"metadata": {"name": namespace(number)}});
            create("/api/v1/namespaces", &object)
        })
        .collect()
}

/// Service accounts, roles and bindings of every namespace, and cluster-wide ones. The last four
/// are the marks by which [`crate::world`] sees that the server has read them all.
pub(crate) fn grants(random: &mut Random) -> Vec<Request> {
    let mut objects = Vec::new();
    for number in 0..NAMESPACES {
        let namespace = namespace(number);
        for account in 0..ACCOUNTS {
            objects.push(create(
                &format!("/api/v1/namespaces/{namespace}/serviceaccounts"),
                &json!({"metadata": {"name": format!("sa-{account}")}}),
            ));
        }
    }
    for number in 0..700 {
        objects.push(role(&format!("cr-{number}"), None, random));
    }
    for number in 0..NAMESPACES * 20 {
        let namespace = namespace(number % NAMESPACES);
        objects.push(role(
            &format!("r-{}", number / NAMESPACES),
            Some(&namespace),
            random,
        ));
    }
    for number in 0..IMPERSONATORS * 3 {
        objects.push(impersonation_role(number, random));
        objects.push(impersonation_binding(number, random));
    }
    for number in 0..160 {
        objects.push(binding(&format!("crb-{number}"), None, random));
    }
    for number in 0..NAMESPACES * 60 {
        let namespace = namespace(number % NAMESPACES);
        objects.push(binding(
            &format!("rb-{}", number / NAMESPACES),
            Some(&namespace),
            random,
        ));
    }
    objects
}

pub(crate) fn marks() -> Vec<Request> {
    let rules = json!([{"verbs": ["use"], "apiGroups": ["mark.example"], "resources": ["marks"]}]);
    let user = json!([{"kind": "User", "name": "mark", "apiGroup": "rbac.authorization.k8s.io"}]);
    let reference =
        |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "mark"});
    let meta = json!({"name": "mark"});
    let local = format!("{RBAC}/namespaces/n-0");
    vec![
        create(
            &format!("{RBAC}/clusterroles"),
            &json!({"metadata": meta, "rules": rules}),
        ),
        create(
            &format!("{local}/roles"),
            &json!({"metadata": meta, "rules": rules}),
        ),
        create(
            &format!("{RBAC}/clusterrolebindings"),
            &json!({"metadata": meta, "roleRef": reference("ClusterRole"), "subjects": [
                {"kind": "User", "name": "mark-cluster", "apiGroup": "rbac.authorization.k8s.io"}]}),
        ),
        create(
            &format!("{local}/rolebindings"),
            &json!({"metadata": meta, "roleRef": reference("Role"), "subjects": user}),
        ),
    ]
}

fn some(random: &mut Random, words: &[&str], most: usize) -> Vec<String> {
    let count = 1 + random.below(most);
    (0..count)
        .map(|_| (*random.pick(words)).to_owned())
        .collect()
}

pub(crate) const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "proxy",
];
const RULE_VERBS: &[&str] = &[
    "get",
    "get",
    "list",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "*",
    "GET",
    "use",
    "impersonate",
    "proxy",
];
const RULE_GROUPS: &[&str] = &["", "", "", "apps", "batch", "*", "example.com", "core"];
const RULE_RESOURCES: &[&str] = &[
    "pods",
    "pods",
    "pods/log",
    "pods/exec",
    "pods/*",
    "*/log",
    "*/scale",
    "*/*",
    "secrets",
    "configmaps",
    "deployments",
    "deployments/scale",
    "jobs",
    "nodes",
    "nodes/proxy",
    "namespaces",
    "namespaces/status",
    "services",
    "services/proxy",
    "widgets",
    "widgets/a",
    "Pods",
    "pods/",
    "*/",
    "/log",
    "pod",
    "serviceaccounts/token",
];
pub(crate) const NAMES: &[&str] = &["a", "b", "web", "x.y", "*", "n-0", "n-1", "n-2", "A", "we"];
const RULE_URLS: &[&str] = &[
    "/probe",
    "/probe*",
    "/probe/*",
    "/probe/a**",
    "/pr*be/x",
    "probe",
    "/healthz/*",
    "/livez",
    "/probe/a/",
    "/Probe",
    "/probe/a*b",
    "/logs",
    "/probe/**",
];

fn rule(random: &mut Random, may_have_urls: bool) -> Value {
    if may_have_urls && random.chance(25) {
        let urls = if random.chance(2) {
            vec!["*".to_owned()]
        } else {
            some(random, RULE_URLS, 3)
        };
        let mut verbs = some(
            random,
            &["get", "post", "head", "*", "put", "list", "GET"],
            2,
        );
        verbs.push("get".to_owned());
        return json!({"verbs": verbs, "nonResourceURLs": urls});
    }
    let mut resources = some(random, RULE_RESOURCES, 3);
    if random.chance(2) {
        resources.push("*".to_owned());
    }
    let mut rule = json!({
        "verbs": some(random, RULE_VERBS, 3),
        "apiGroups": some(random, RULE_GROUPS, 2),
        "resources": resources,
    });
    if random.chance(30) {
        rule["resourceNames"] = json!(some(random, NAMES, 2));
    }
    rule
}

fn role(name: &str, namespace: Option<&str>, random: &mut Random) -> Request {
    let count = random.below(4);
    let rules: Vec<Value> = (0..count)
        .map(|_| rule(random, namespace.is_none()))
        .collect();
    // No rules at all is written as null, as old manifests do.
    let rules = if rules.is_empty() {
        Value::Null
    } else {
        json!(rules)
    };
    let path = match namespace {
        Some(namespace) => format!("{RBAC}/namespaces/{namespace}/roles"),
        None => format!("{RBAC}/clusterroles"),
    };
    create(&path, &json!({"metadata": {"name": name}, "rules": rules}))
}

fn binding(name: &str, namespace: Option<&str>, random: &mut Random) -> Request {
    let reference = match (namespace, random.below(20)) {
        (_, 0) => ("ClusterRole", "missing".to_owned()),
        (Some(_), 1) => ("Role", "missing".to_owned()),
        (Some(_), 2..=9) => ("Role", format!("r-{}", random.below(20))),
        _ => ("ClusterRole", format!("cr-{}", random.below(700))),
    };
    let count = random.below(4);
    let mut subjects: Vec<Value> = (0..count).map(|_| subject(namespace, random)).collect();
    if random.chance(5)
        && let Some(first) = subjects.first().cloned()
    {
        subjects.push(first);
    }
    let path = match namespace {
        Some(namespace) => format!("{RBAC}/namespaces/{namespace}/rolebindings"),
        None => format!("{RBAC}/clusterrolebindings"),
    };
    create(
        &path,
        &json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": reference.0, "name": reference.1},
            "subjects": subjects,
        }),
    )
}

fn subject(namespace: Option<&str>, random: &mut Random) -> Value {
    let plain = |kind: &str, name: &str| json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"});
    let account = format!("sa-{}", random.below(ACCOUNTS));
    let other = format!("n-{}", random.below(NAMESPACES));
    match random.below(20) {
        0..=7 => plain("User", &user(random.below(USERS))),
        8..=11 => plain("Group", &group(random.below(GROUPS))),
        12 => plain("User", &format!("system:serviceaccount:{other}:{account}")),
        13 => plain("Group", &format!("system:serviceaccounts:{other}")),
        14 => plain("User", &group(random.below(GROUPS))),
        15 if random.chance(10) => plain("User", "system:anonymous"),
        16 => plain(
            "User",
            &format!("system:node:{}", node(random.below(NODES))),
        ),
        17 | 18 if namespace.is_some() => json!({"kind": "ServiceAccount", "name": account}),
        _ => json!({"kind": "ServiceAccount", "name": account, "namespace": other}),
    }
}

const MODES: &[&str] = &[
    "associated-node",
    "arbitrary-node",
    "serviceaccount",
    "user-info",
];

/// One rule for one of the two halves of a mode, or for legacy impersonation.
fn impersonation_role(number: usize, random: &mut Random) -> Request {
    let mode = *random.pick(MODES);
    let names = match random.below(5) {
        0 => json!(["*"]),
        1 => json!([
            user(random.below(5)),
            group(random.below(5)),
            node(random.below(NODES))
        ]),
        2 => json!(["sa-0", "red"]),
        _ => Value::Null,
    };
    let kinds = json!([
        "users",
        "groups",
        "serviceaccounts",
        "nodes",
        "uids",
        "userextras/example.com/team",
        "userextras/*"
    ]);
    let on = |mode: &str, random: &mut Random| {
        let verb = if random.chance(10) {
            "*"
        } else {
            *random.pick(VERBS)
        };
        let verb = if verb == "*" {
            verb.to_owned()
        } else {
            format!("impersonate-on:{mode}:{verb}")
        };
        json!({
            "verbs": [verb, format!("impersonate-on:{mode}:list"), format!("impersonate-on:{mode}:get")],
            "apiGroups": [random.pick(&["", "", "apps", "*"])],
            "resources": some(random, &["pods", "secrets", "pods/log", "deployments", "nodes", "configmaps"], 3),
        })
    };
    let rules = match random.below(10) {
        0..=2 => json!([on(mode, random)]),
        3..=4 => json!([
            on(mode, random),
            {"verbs": [format!("impersonate:{mode}")], "apiGroups": ["authentication.k8s.io"],
             "resources": kinds, "resourceNames": names},
        ]),
        5..=7 => json!([
            {"verbs": [format!("impersonate:{mode}")], "apiGroups": ["authentication.k8s.io"],
             "resources": some(random, &["users", "groups", "serviceaccounts", "nodes", "uids", "userextras/example.com/team"], 4),
             "resourceNames": names},
        ]),
        8 => json!([
            {"verbs": ["impersonate"], "apiGroups": [""],
             "resources": some(random, &["users", "groups", "serviceaccounts"], 3), "resourceNames": names},
        ]),
        _ => json!([
            {"verbs": ["impersonate"], "apiGroups": ["authentication.k8s.io", ""],
             "resources": kinds, "resourceNames": names},
        ]),
    };
    let object = json!({"metadata": {"name": format!("imp-{number}")}, "rules": rules});
    create(&format!("{RBAC}/clusterroles"), &object)
}

fn impersonation_binding(number: usize, random: &mut Random) -> Request {
    let subject = if random.chance(25) {
        json!({"kind": "ServiceAccount", "name": "sa-0", "namespace": namespace(random.below(3))})
    } else {
        json!({"kind": "User", "name": impersonator(random.below(IMPERSONATORS)), "apiGroup": "rbac.authorization.k8s.io"})
    };
    let object = json!({
        "metadata": {"name": format!("imp-{number}")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("imp-{number}")},
        "subjects": [subject],
    });
    if random.chance(20) {
        let namespace = namespace(random.below(3));
        return create(
            &format!("{RBAC}/namespaces/{namespace}/rolebindings"),
            &object,
        );
    }
    create(&format!("{RBAC}/clusterrolebindings"), &object)
}
