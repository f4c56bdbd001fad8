//! Roles and bindings: the default ones, those of add-ons, those of teams.

use viewshed_model::{Cluster, PolicyRule, Role, RoleBinding, RoleReference, Subject, SubjectKind};

use super::workloads::{application, applications_per_namespace};
use super::{Size, cluster_meta, meta, namespace_name};
use crate::random::Random;

/// People; bindings name them and their groups.
const USERS: usize = 3_000;
const GROUPS: usize = 300;
const ADD_ONS: usize = 120;

pub(super) fn add(cluster: &mut Cluster, size: Size, random: &mut Random) {
    add_default_roles(cluster);
    for number in 0..ADD_ONS {
        add_add_on(cluster, number, size, random);
    }
    for number in 0..size.namespaces {
        let namespace = namespace_name(number);
        for name in ["deployer", "reader"] {
            cluster.roles.push(team_role(&namespace, name));
        }
    }
    for number in 0..size.role_bindings {
        let in_namespace = number % size.namespaces.max(1);
        let binding = role_binding(number, in_namespace, size, random);
        cluster.bindings.push(binding);
    }
}

fn words(list: &str) -> Vec<String> {
    // `core` stands for the empty group.
    let word = |word: &str| {
        if word == "core" {
            String::new()
        } else {
            word.to_owned()
        }
    };
    list.split(',').map(word).collect()
}

fn rule(verbs: &str, groups: &str, resources: &str) -> PolicyRule {
    PolicyRule {
        verbs: words(verbs),
        api_groups: words(groups),
        resources: words(resources),
        ..PolicyRule::default()
    }
}

fn paths(urls: &str) -> PolicyRule {
    PolicyRule {
        verbs: words("get"),
        non_resource_urls: words(urls),
        ..PolicyRule::default()
    }
}

fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> Role {
    Role {
        meta: cluster_meta(name),
        rules,
        aggregation: None,
    }
}

const READ: &str = "get,list,watch";
const WRITE: &str = "create,delete,deletecollection,patch,update";
const CORE: &str = "pods,services,endpoints,configmaps,persistentvolumeclaims,serviceaccounts,\
                    replicationcontrollers,replicationcontrollers/scale";
const APPS: &str = "deployments,deployments/scale,statefulsets,statefulsets/scale,daemonsets,\
                    replicasets,replicasets/scale";

/// As large as the aggregated defaults of a cluster, with their kinds of rules.
fn add_default_roles(cluster: &mut Cluster) {
    let view = vec![
        rule(READ, "core", CORE),
        rule(
            READ,
            "core",
            "pods/log,pods/status,events,limitranges,resourcequotas,namespaces",
        ),
        rule(READ, "apps", APPS),
        rule(READ, "batch", "jobs,jobs/status,cronjobs,cronjobs/status"),
        rule(
            READ,
            "autoscaling",
            "horizontalpodautoscalers,horizontalpodautoscalers/status",
        ),
        rule(
            READ,
            "networking.k8s.io",
            "ingresses,ingresses/status,networkpolicies",
        ),
        rule(
            READ,
            "policy",
            "poddisruptionbudgets,poddisruptionbudgets/status",
        ),
        rule(READ, "discovery.k8s.io", "endpointslices"),
    ];
    let mut edit = view.clone();
    edit.extend([
        rule(
            READ,
            "core",
            "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy",
        ),
        rule("impersonate", "core", "serviceaccounts"),
        rule(
            WRITE,
            "core",
            "pods,pods/attach,pods/exec,pods/portforward,pods/proxy,secrets",
        ),
        rule(WRITE, "core", CORE),
        rule("create", "core", "pods/eviction,serviceaccounts/token"),
        rule(WRITE, "apps", APPS),
        rule(WRITE, "batch", "jobs,cronjobs"),
        rule(WRITE, "networking.k8s.io", "ingresses,networkpolicies"),
    ]);
    let mut admin = edit.clone();
    admin.push(rule(
        "create",
        "authorization.k8s.io",
        "localsubjectaccessreviews",
    ));
    admin.push(rule("*", "rbac.authorization.k8s.io", "roles,rolebindings"));
    cluster.roles.extend([
        cluster_role("cluster-admin", vec![rule("*", "*", "*"), paths("*")]),
        cluster_role("view", view),
        cluster_role("edit", edit),
        cluster_role("admin", admin),
        cluster_role(
            "system:discovery",
            vec![paths("/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/")],
        ),
        cluster_role(
            "system:basic-user",
            vec![
                rule("create", "authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews"),
                rule("create", "authentication.k8s.io", "selfsubjectreviews"),
            ],
        ),
        cluster_role(
            "system:public-info-viewer",
            vec![paths("/healthz,/livez,/readyz,/version,/version/")],
        ),
    ]);
    for (role, groups) in [
        ("cluster-admin", &["system:masters"][..]),
        ("system:discovery", &["system:authenticated"]),
        ("system:basic-user", &["system:authenticated"]),
        (
            "system:public-info-viewer",
            &["system:authenticated", "system:unauthenticated"],
        ),
    ] {
        let mut meta = cluster_meta(role);
        meta.labels.insert(
            "kubernetes.io/bootstrapping".to_owned(),
            "rbac-defaults".to_owned(),
        );
        cluster.bindings.push(RoleBinding {
            meta,
            role: reference("ClusterRole", role),
            subjects: groups
                .iter()
                .map(|group| subject(SubjectKind::Group, group, None))
                .collect(),
        });
    }
}

/// An operator with a ClusterRole of its own, in a namespace of its own.
fn add_add_on(cluster: &mut Cluster, number: usize, size: Size, random: &mut Random) {
    let name = format!("{}-operator-{number}", application(number));
    let group = format!("{}.example{number}.io", application(number));
    let mut rules = vec![
        rule("*", &group, "*"),
        rule(READ, "core", "pods,nodes,namespaces,services,endpoints"),
        rule("create,patch", "core,events.k8s.io", "events"),
        rule("get,create,update", "coordination.k8s.io", "leases"),
        rule(WRITE, "apps", "deployments,statefulsets"),
    ];
    if random.chance(20) {
        rules.push(rule(READ, "core", "secrets,configmaps"));
    }
    if random.chance(5) {
        rules.push(rule("*", "*", "*"));
    }
    cluster.roles.push(cluster_role(&name, rules));
    let namespace = namespace_name(random.below(size.namespaces));
    cluster.bindings.push(RoleBinding {
        meta: cluster_meta(&name),
        role: reference("ClusterRole", &name),
        subjects: vec![subject(
            SubjectKind::ServiceAccount,
            &name,
            Some(&namespace),
        )],
    });
}

fn team_role(namespace: &str, name: &str) -> Role {
    let rules = if name == "reader" {
        let mut named = rule("get", "core", "configmaps,secrets");
        named.resource_names = words("settings,feature-flags,tls");
        vec![rule(READ, "core", "pods,pods/log,services"), named]
    } else {
        vec![
            rule(
                "get,list,watch,create,update,patch,delete",
                "apps",
                "deployments,statefulsets",
            ),
            rule(
                "get,list,watch,create,update,patch,delete",
                "core",
                "configmaps,secrets,services",
            ),
            rule("create", "core", "pods/exec"),
        ]
    };
    Role {
        meta: meta(namespace, name),
        rules,
        aggregation: None,
    }
}

fn role_binding(
    number: usize,
    in_namespace: usize,
    size: Size,
    random: &mut Random,
) -> RoleBinding {
    let namespace = namespace_name(in_namespace);
    let role = match random.below(10) {
        0..=2 => reference("Role", "deployer"),
        3..=4 => reference("Role", "reader"),
        5..=6 => reference("ClusterRole", "view"),
        7..=8 => reference("ClusterRole", "edit"),
        _ => reference("ClusterRole", "admin"),
    };
    let applications = applications_per_namespace(size);
    let count = 1 + random.below(3);
    let subjects = (0..count)
        .map(|_| match random.below(10) {
            0..=4 => {
                let name = application(in_namespace + random.below(applications));
                // Many bindings leave the namespace to the default.
                let own = random.chance(50).then_some(namespace.as_str());
                subject(SubjectKind::ServiceAccount, name, own)
            }
            5..=7 => subject(SubjectKind::Group, &group_name(random.below(GROUPS)), None),
            _ => subject(SubjectKind::User, &user_name(random.below(USERS)), None),
        })
        .collect();
    RoleBinding {
        meta: meta(&namespace, &format!("{}-{number:05}", role.name)),
        role,
        subjects,
    }
}

/// For example `user-0042@example.com`.
pub fn user_name(number: usize) -> String {
    format!("user-{number:04}@example.com")
}

/// For example `team-042`.
pub fn group_name(number: usize) -> String {
    format!("team-{number:03}")
}

fn reference(kind: &str, name: &str) -> RoleReference {
    RoleReference {
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn subject(kind: SubjectKind, name: &str, namespace: Option<&str>) -> Subject {
    Subject {
        kind,
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
    }
}
