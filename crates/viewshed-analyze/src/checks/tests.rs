//! What the pages' cases cannot show: live facts, huge estates, hostile names, order. What each check
//! finds in manifests is told, and tested, by its page.

mod live;
mod segmentation;

use viewshed_model::{
    Cluster, Daemon, DockerHost, EnvName, Estate, Finding, Gap, GapReason, HostAccess, Meta,
    Mitigation, Namespace, NetworkPolicy, Owner, Pod, PodSpec, PolicyRule, Presence, Role,
    RoleBinding, RoleReference, Severity, Subject, SubjectKind, Tell, Workload,
};

use super::{ALL, scan, summary};

#[test]
fn checks_are_sorted_by_name_and_each_name_is_used_once() {
    let names: Vec<&str> = ALL.iter().map(|check| check.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
}

fn meta(namespace: &str, name: &str) -> Meta {
    Meta {
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.to_owned(),
        ..Meta::default()
    }
}

fn live(change: impl FnOnce(&mut Cluster)) -> Estate {
    let mut cluster = Cluster {
        name: "prod".to_owned(),
        server: "https://10.0.0.1:6443".to_owned(),
        is_live: true,
        ..Cluster::default()
    };
    change(&mut cluster);
    Estate {
        clusters: vec![cluster],
        ..Estate::default()
    }
}

fn docker(change: impl FnOnce(&mut DockerHost)) -> Estate {
    let mut host = DockerHost {
        name: "build-1".to_owned(),
        is_live: true,
        ..DockerHost::default()
    };
    change(&mut host);
    Estate {
        docker_hosts: vec![host],
        ..Estate::default()
    }
}

/// `severity object: title` of each finding of one check.
fn found(estate: &Estate, check: &str) -> Vec<String> {
    scan(estate)
        .iter()
        .filter(|finding| finding.check == check)
        .map(|finding| format!("{} {}: {}", finding.severity, finding.object, finding.title))
        .collect()
}

fn pod(namespace: &str, name: &str, owner: Option<(&str, &str)>) -> Pod {
    let mut meta = meta(namespace, name);
    meta.owner = owner.map(|(kind, name)| Owner {
        kind: kind.to_owned(),
        name: name.to_owned(),
    });
    Pod {
        meta,
        phase: "Running".to_owned(),
        ..Pod::default()
    }
}

fn workload(kind: &str, namespace: &str, name: &str, owner: Option<(&str, &str)>) -> Workload {
    Workload {
        meta: pod(namespace, name, owner).meta,
        kind: kind.to_owned(),
        api_group: "apps".to_owned(),
        ..Workload::default()
    }
}

#[test]
fn pods_are_gathered_under_the_topmost_workload_that_made_them() {
    let with_env = |mut pod: Pod| {
        pod.spec.containers = vec![viewshed_model::Container {
            name: "main".to_owned(),
            env: vec![EnvName {
                name: "TOKEN".to_owned(),
                tells: vec![Tell::Credential],
                ..EnvName::default()
            }],
            ..viewshed_model::Container::default()
        }];
        pod
    };
    let mut gone = with_env(pod("shop", "old", None));
    gone.phase = "Succeeded".to_owned();
    let estate = live(|cluster| {
        cluster.workloads = vec![
            workload("Deployment", "shop", "web", None),
            workload("ReplicaSet", "shop", "web-7d", Some(("Deployment", "web"))),
        ];
        cluster.pods = vec![
            with_env(pod("shop", "web-7d-b", Some(("ReplicaSet", "web-7d")))),
            with_env(pod("shop", "web-7d-a", Some(("ReplicaSet", "web-7d")))),
            with_env(pod("shop", "db-0", Some(("Database", "db")))),
            gone,
        ];
    });
    let objects: Vec<String> = scan(&estate)
        .into_iter()
        .filter(|finding| finding.check == "revealing-environment")
        .map(|finding| finding.object)
        .collect();
    assert_eq!(objects, ["Database db", "Deployment web"]);
}

fn many_namespaces(number: usize) -> Estate {
    live(|cluster| {
        for at in 0..number {
            let namespace = format!("team-{at:04}");
            cluster.namespaces.push(Namespace {
                meta: meta("", &namespace),
            });
            cluster.pods.push(pod(&namespace, "web", None));
        }
    })
}

#[test]
fn a_hole_in_thousands_of_namespaces_stays_readable_and_nothing_is_lost() {
    let findings: Vec<Finding> = scan(&many_namespaces(2500))
        .into_iter()
        .filter(|finding| finding.check == "unrestricted-path-to-control-plane")
        .collect();
    assert_eq!(findings.len(), 10);
    let named = findings
        .iter()
        .filter(|finding| finding.object.starts_with("Namespace"));
    assert_eq!(named.count(), 9);
    let rest = findings
        .iter()
        .find(|finding| finding.object == "2491 objects")
        .unwrap();
    assert_eq!(
        rest.title,
        "2491 more of the same in 2491 namespaces: no policy stands between the pods and the control plane"
    );
    let total: u64 = findings.iter().map(|finding| finding.exposed_count).sum();
    assert_eq!(total, 2500);
}

#[test]
fn the_same_estate_in_another_order_gives_the_same_findings() {
    let mut estate = many_namespaces(40);
    let before = scan(&estate);
    for cluster in &mut estate.clusters {
        cluster.pods.reverse();
        cluster.namespaces.reverse();
    }
    assert_eq!(before, scan(&estate));
    assert!(!before.is_empty());
}

#[test]
fn policies_of_other_kinds_are_not_judged() {
    let policy = |namespace: &str| NetworkPolicy {
        meta: meta(namespace, "guard"),
        api_group: "cilium.io".to_owned(),
        kind: "CiliumNetworkPolicy".to_owned(),
        isolates_egress: true,
        ..NetworkPolicy::default()
    };
    let with = |policy: NetworkPolicy| {
        live(|cluster| {
            cluster.pods = vec![pod("shop", "web", None)];
            cluster.network_policies = vec![policy];
        })
    };
    let name = "unrestricted-path-to-control-plane";
    assert!(found(&with(policy("shop")), name).is_empty());
    assert_eq!(found(&with(policy("other")), name).len(), 1);
    let cluster_wide = found(&with(policy("")), name);
    assert!(cluster_wide[0].starts_with("info "), "{cluster_wide:?}");
}

#[test]
fn pods_in_the_hosts_network_are_not_bound_by_policies() {
    let estate = live(|cluster| {
        let mut pod = pod("network", "cni", None);
        pod.spec = PodSpec {
            host: HostAccess {
                network: true,
                ..HostAccess::default()
            },
            ..PodSpec::default()
        };
        cluster.pods = vec![pod];
    });
    assert!(found(&estate, "unrestricted-path-to-control-plane").is_empty());
}

fn star_role(name: &str) -> Role {
    Role {
        meta: meta("", name),
        rules: vec![PolicyRule {
            verbs: vec!["*".to_owned()],
            api_groups: vec!["*".to_owned()],
            resources: vec!["*".to_owned()],
            ..PolicyRule::default()
        }],
        ..Role::default()
    }
}

fn bound(role: &str, user: &str) -> RoleBinding {
    RoleBinding {
        meta: meta("", &format!("{role}-{user}")),
        role: RoleReference {
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
        },
        subjects: vec![Subject {
            kind: SubjectKind::User,
            name: user.to_owned(),
            namespace: None,
        }],
    }
}

#[test]
fn names_that_a_shell_would_run_are_quoted_in_commands() {
    let estate = live(|cluster| {
        cluster.roles = vec![star_role("ops")];
        cluster.bindings = vec![bound("ops", "eve; rm -rf ~ '$(id)'")];
    });
    let finding = &scan(&estate)[0];
    assert_eq!(
        finding.reproduce,
        r"kubectl auth can-i '*' '*' -A '--as=eve; rm -rf ~ '\''$(id)'\'''"
    );
}

#[test]
fn a_subresource_is_asked_for_as_kubectl_wants_it() {
    let estate = live(|cluster| {
        let mut role = star_role("scraper");
        role.rules = vec![PolicyRule {
            verbs: vec!["get".to_owned()],
            api_groups: vec![String::new()],
            resources: vec!["nodes/proxy".to_owned()],
            ..PolicyRule::default()
        }];
        cluster.roles = vec![role];
        cluster.bindings = vec![bound("scraper", "eve")];
    });
    assert_eq!(
        scan(&estate)[0].reproduce,
        "kubectl auth can-i get nodes --subresource=proxy -A --as=eve"
    );
}

#[test]
fn what_is_shown_counts_objects_that_exist() {
    let estate = live(|cluster| {
        cluster.roles = vec![star_role("ops")];
        cluster.bindings = vec![bound("ops", "eve")];
        cluster.pods = vec![pod("shop", "a", None), pod("shop", "b", None)];
    });
    // Two pods, the role and the binding.
    let finding = scan(&estate)
        .into_iter()
        .find(|finding| finding.check == "wildcard-verbs");
    assert_eq!(finding.unwrap().exposed_count, 4);
}

fn presence(estate: &Estate, mitigation: Mitigation) -> Presence {
    let findings = scan(estate);
    let summaries = summary(estate, &findings, &super::pages());
    let summary = summaries
        .iter()
        .find(|summary| summary.mitigation == mitigation)
        .unwrap();
    summary.states[0].presence
}

#[test]
fn a_mitigation_is_present_only_where_its_facts_were_read() {
    let nothing = live(|_| {});
    for mitigation in Mitigation::ALL {
        assert_eq!(
            presence(&nothing, mitigation),
            Presence::Unknown,
            "{mitigation:?}"
        );
    }
    let missing = live(|cluster| {
        cluster.roles = vec![star_role("ops")];
        cluster.bindings = vec![bound("ops", "eve")];
    });
    assert_eq!(presence(&missing, Mitigation::M1018), Presence::Missing);
    let present = live(|cluster| {
        cluster.roles = vec![Role {
            meta: meta("", "nothing"),
            ..Role::default()
        }];
        cluster.bindings = vec![bound("nothing", "eve")];
    });
    assert_eq!(presence(&present, Mitigation::M1018), Presence::Present);
}

#[test]
fn checks_that_were_left_out_prove_nothing() {
    let estate = live(|cluster| {
        cluster.roles = vec![star_role("nothing")];
        cluster.bindings = vec![bound("ops", "eve")];
    });
    let ran: Vec<_> = super::pages()
        .into_iter()
        .filter(|page| page.name != "wildcard-verbs")
        .collect();
    let summaries = summary(&estate, &[], &ran);
    let state = &summaries
        .iter()
        .find(|one| one.mitigation == Mitigation::M1018)
        .unwrap()
        .states[0];
    assert_eq!(state.presence, Presence::Unknown);
    assert_eq!(state.reasons, ["some of its checks were left out"]);
}

#[test]
fn a_gap_that_hides_the_facts_makes_a_mitigation_unknown() {
    let mut estate = live(|cluster| cluster.bindings = vec![bound("nothing", "eve")]);
    estate.gaps = vec![Gap {
        source: "prod".to_owned(),
        what: "list `clusterroles`".to_owned(),
        reason: GapReason::Forbidden,
        detail: String::new(),
        hint: String::new(),
        count: 1,
    }];
    assert_eq!(presence(&estate, Mitigation::M1018), Presence::Unknown);
}

#[test]
fn findings_are_worst_first() {
    let estate = live(|cluster| {
        cluster.roles = vec![star_role("ops")];
        cluster.bindings = vec![bound("ops", "system:anonymous")];
        cluster.pods = vec![pod("shop", "web", None)];
    });
    let severities: Vec<Severity> = scan(&estate)
        .iter()
        .map(|finding| finding.severity)
        .collect();
    assert!(severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    assert_eq!(severities[0], Severity::Critical);
}

#[test]
fn nothing_is_found_in_an_empty_estate() {
    let estate = Estate {
        clusters: vec![Cluster::default()],
        docker_hosts: vec![DockerHost {
            daemon: Daemon::default(),
            ..DockerHost::default()
        }],
        ..Estate::default()
    };
    assert_eq!(scan(&estate), []);
}
