use viewshed_model::{
    Cluster, GapReason, GrantOrigin, Meta, Role, RoleBinding, RoleReference, ServerVersion,
};

use super::{GrantedTo, Origins, VERSIONS, complete, policy_of};
use crate::samples::{binding, role, rule, shop, subject};

fn version(minor: &str) -> ServerVersion {
    ServerVersion {
        git_version: format!("v1.{minor}.0"),
        major: "1".to_owned(),
        minor: minor.to_owned(),
        platform: String::new(),
    }
}

#[test]
fn every_data_file_is_read() {
    for (minor, _) in VERSIONS {
        let (policy, gap) = policy_of(Some(&version(&minor.to_string())), "test");
        assert_eq!(gap, None);
        assert!(
            policy.version.starts_with(&format!("v1.{minor}.")),
            "{minor}"
        );
        // What `pkg/registry/rbac/rest/storage_rbac.go` makes in every version.
        let admin = policy.binding("", "cluster-admin").unwrap();
        assert_eq!(admin.subjects, [subject("group:system:masters")]);
        assert!(policy.has_rule("", "cluster-admin", &rule("* | * | *")));
        assert!(policy.binding("", "system:discovery").is_some());
        assert!(
            policy
                .binding("kube-public", "system:controller:bootstrap-signer")
                .is_some()
        );
    }
}

#[test]
fn aggregated_roles_have_the_rules_of_their_parts() {
    for (minor, _) in VERSIONS {
        let (policy, _) = policy_of(Some(&version(&minor.to_string())), "test");
        let part = &policy.rules[""]["system:aggregate-to-view"];
        assert!(part.len() > 5, "{minor}");
        for name in ["view", "edit", "admin"] {
            assert!(policy.rules[""][name].is_superset(part), "{minor} {name}");
        }
    }
}

#[test]
fn an_unknown_version_is_compared_with_the_nearest_and_says_so() {
    for (asked, taken) in [("25", "v1.31."), ("37+", "v1.37."), ("99", "v1.37.")] {
        let (policy, gap) = policy_of(Some(&version(asked)), "test");
        assert!(policy.version.starts_with(taken), "{asked}");
        assert_eq!(gap.is_some(), asked != "37+");
    }
    let (policy, gap) = policy_of(None, "test");
    assert!(policy.version.starts_with("v1.37."));
    assert_eq!(gap.unwrap().reason, GapReason::NotCollected);
}

/// The origin of one grant in a cluster of version 1.37.
fn check(name: &str, reference: &str, to: &str, granted: &str, expected: GrantOrigin) {
    let mut cluster = shop();
    cluster.version = Some(version("37"));
    let binding = binding(name, reference, &[to]);
    let (_, role_name) = reference.split_once('/').unwrap();
    cluster.roles.push(role(role_name, &[granted]));
    let granted = rule(granted);
    let origin = Origins::new(&cluster).of(GrantedTo {
        namespace: binding.meta.namespace_or_empty(),
        binding: &binding.meta.name,
        role: &binding.role,
        rule: Some(&granted),
        subject: &binding.subjects[0],
    });
    assert_eq!(origin, expected, "{name} {reference} {to}");
}

#[test]
fn origins_follow_binding_role_rule_and_subject() {
    use GrantOrigin::{Bootstrap, Human, System};
    let everything = "* | * | *";
    check(
        "cluster-admin",
        "ClusterRole/cluster-admin",
        "group:system:masters",
        everything,
        Bootstrap,
    );
    // The same binding with somebody else in it, or another role, is somebody's doing.
    check(
        "cluster-admin",
        "ClusterRole/cluster-admin",
        "user:ann",
        everything,
        Human,
    );
    check(
        "cluster-admin",
        "ClusterRole/mine",
        "group:system:masters",
        everything,
        Human,
    );
    // A rule that this version does not have was added by somebody.
    check(
        "system:discovery",
        "ClusterRole/system:discovery",
        "group:system:authenticated",
        "list | core | secrets",
        Human,
    );
    check(
        "system:discovery",
        "ClusterRole/system:discovery",
        "group:system:authenticated",
        "get | /version /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version/",
        Bootstrap,
    );
    check(
        "view-all",
        "ClusterRole/view",
        "group:devs",
        "get list watch | core | pods",
        Human,
    );
    check(
        "system:cloud-thing",
        "ClusterRole/mine",
        "user:system:cloud-thing",
        everything,
        System,
    );
    check(
        "kubeadm:node-proxier",
        "ClusterRole/system:node-proxier",
        "sa:kube-system/kube-proxy",
        everything,
        System,
    );
    check(
        "system:cloud-thing",
        "ClusterRole/mine",
        "group:system:authenticated",
        everything,
        Human,
    );
    check(
        "kubeadm:cluster-admins",
        "ClusterRole/cluster-admin",
        "group:kubeadm:cluster-admins",
        everything,
        Human,
    );
}

#[test]
fn files_are_completed_with_what_each_server_makes() {
    let mut cluster = Cluster {
        roles: vec![Role {
            meta: Meta {
                name: "view".to_owned(),
                ..Meta::default()
            },
            ..Role::default()
        }],
        ..Cluster::default()
    };
    complete(&mut cluster);
    let rules = |name: &str| {
        let role = cluster.roles.iter().find(|role| role.meta.name == name);
        role.map(|role| role.rules.len())
    };
    assert_eq!(rules("cluster-admin"), Some(2));
    assert!(rules("admin").is_some_and(|rules| rules > 5), "aggregated");
    assert_eq!(rules("view"), Some(0), "the file's own stays");
    assert!(
        cluster
            .bindings
            .iter()
            .any(|binding| binding.meta.name == "system:discovery")
    );
    let once = cluster.clone();
    complete(&mut cluster);
    assert_eq!(cluster, once);
}

#[test]
fn a_live_cluster_is_left_as_it_is() {
    let mut cluster = Cluster {
        is_live: true,
        ..Cluster::default()
    };
    complete(&mut cluster);
    assert!(cluster.roles.is_empty());
}

#[test]
fn a_bound_role_that_nothing_defines_is_a_gap() {
    let bound = |kind: &str, name: &str| RoleBinding {
        meta: Meta {
            namespace: Some("shop".to_owned()),
            name: format!("{kind}-{name}"),
            ..Meta::default()
        },
        role: RoleReference {
            kind: kind.to_owned(),
            name: name.to_owned(),
        },
        subjects: Vec::new(),
    };
    let mut cluster = Cluster {
        bindings: vec![
            bound("ClusterRole", "view"),
            bound("ClusterRole", "elsewhere"),
            bound("Role", "gone"),
        ],
        ..Cluster::default()
    };
    let gaps: Vec<String> = complete(&mut cluster)
        .into_iter()
        .map(|gap| gap.what)
        .collect();
    assert_eq!(
        gaps,
        [
            "what ClusterRole elsewhere grants",
            "what Role shop/gone grants"
        ]
    );
    let unread = cluster.unread_grants;
    assert!(unread.cluster_roles && unread.roles);
    assert!(!unread.cluster_role_bindings && !unread.role_bindings);
}

#[test]
fn files_without_bindings_are_not_all_that_the_cluster_grants() {
    let mut cluster = Cluster::default();
    let gaps = complete(&mut cluster);
    let what: Vec<&str> = gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(what, ["the cluster's bindings"]);
    let unread = cluster.unread_grants;
    assert!(unread.cluster_role_bindings && unread.role_bindings);
}
