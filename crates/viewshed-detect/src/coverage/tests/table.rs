//! What published policies and services show, and that the proposed changes do what they say.

use viewshed_model::{AuditPolicy, CoverageReport, Daemon, Level, Visibility};

use super::super::{KnownSource, LogKind, actions, coverage, policy_file};
use super::{of_policy, read, source, visibility};

/// falcosecurity/plugins `plugins/k8saudit/configs/audit-policy.yaml`, its rules in short form.
const FALCO: &str = r#"
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: RequestResponse, resources: [{group: "", resources: [pods, deployments]}]}
- {level: RequestResponse, resources: [{group: rbac.authorization.k8s.io, resources: [clusterroles, clusterrolebindings]}]}
- {level: Metadata, resources: [{group: "", resources: [pods/log, pods/status]}]}
- {level: None, resources: [{group: "", resources: [configmaps], resourceNames: [controller-leader]}]}
- {level: None, users: ["system:kube-proxy"], verbs: [watch], resources: [{group: "", resources: [endpoints, services]}]}
- {level: None, userGroups: ["system:authenticated"], nonResourceURLs: ["/api*", /version]}
- {level: Request, resources: [{group: "", resources: [configmaps]}], namespaces: [kube-system]}
- {level: RequestResponse, resources: [{group: "", resources: [configmaps]}]}
- {level: Metadata, resources: [{group: "", resources: [secrets]}]}
- {level: Request, resources: [{group: ""}, {group: extensions}]}
- {level: Metadata, omitStages: [RequestReceived]}
"#;

const LISTS: [&str; 9] = [
    "list-pods",
    "list-nodes",
    "list-namespaces",
    "list-workloads",
    "list-services",
    "list-configmaps",
    "list-secrets",
    "list-rbac",
    "get-by-name",
];

fn check(report: &CoverageReport, expected: &[(&str, Visibility)]) {
    for (action, expected) in expected {
        let row = report.of_action(action).next().expect("it is an action");
        assert_eq!(row.visibility, *expected, "{action}: {}", row.why);
    }
}

fn of_kind(kind: LogKind) -> CoverageReport {
    coverage(&[source(kind)], Vec::new())
}

#[test]
fn without_a_policy_nothing_is_logged_at_all() {
    let report = of_policy(&AuditPolicy::default());
    assert!(
        report
            .rows
            .iter()
            .all(|row| row.visibility == Visibility::Invisible)
    );
}

#[test]
fn the_policy_of_falco_drops_discovery_and_version_of_authenticated_users() {
    use Visibility::{Partial, Visible};
    let report = of_policy(&read(FALCO));
    for action in LISTS {
        check(&report, &[(action, Visible)]);
    }
    check(
        &report,
        &[
            // Anonymous requests are recorded, so not all of it is lost.
            ("discovery-crawl", Partial),
            ("read-version", Partial),
            ("read-openapi", Visible),
            // The catch-all keeps them, at Metadata: without the question.
            ("ask-own-access", Partial),
            ("ask-own-identity", Visible),
            ("kubelet-api", Partial),
        ],
    );
    let crawl = report
        .of_action("discovery-crawl")
        .next()
        .expect("it is there");
    insta::assert_snapshot!(crawl.why, @"not recorded for a service account, for a user (`rules[5]`)");
    let services = report
        .of_action("list-services")
        .next()
        .expect("it is there");
    assert!(
        services
            .why
            .contains("except for `system:kube-proxy` (`rules[4]`)"),
        "{}",
        services.why
    );
}

#[test]
fn openshift_drops_discovery_and_version_of_everybody() {
    use Visibility::{Invisible, Partial, Visible};
    let report = of_kind(LogKind::OpenShift);
    for action in LISTS {
        check(&report, &[(action, Visible)]);
    }
    check(
        &report,
        &[
            ("discovery-crawl", Invisible),
            ("read-version", Invisible),
            ("ask-own-access", Partial),
        ],
    );
}

#[test]
fn eks_logs_discovery_but_neither_version_nor_events() {
    use Visibility::{Invisible, Partial, Visible};
    let report = of_kind(LogKind::Eks);
    for action in LISTS {
        check(&report, &[(action, Visible)]);
    }
    check(
        &report,
        &[
            ("discovery-crawl", Visible),
            ("read-version", Invisible),
            // Those of the core group; `events.k8s.io` falls to the default.
            ("list-events", Partial),
            ("ask-own-access", Visible),
        ],
    );
    let version = report
        .of_action("read-version")
        .next()
        .expect("it is there");
    assert!(version.fragment.is_empty() && version.change.contains("cannot be changed"));
}

#[test]
fn aks_admin_excludes_get_and_list() {
    use Visibility::{Invisible, Partial, Visible};
    let admin = of_kind(LogKind::AksKubeAuditAdmin);
    check(
        &admin,
        &[
            ("discovery-crawl", Invisible),
            ("read-version", Invisible),
            ("get-by-name", Invisible),
            ("read-pod-logs", Invisible),
            ("list-pods", Partial),
            ("ask-own-identity", Visible),
        ],
    );
    let list = admin.of_action("list-pods").next().expect("it is there");
    assert_eq!(list.why, "not recorded for `list`");
    let full = of_kind(LogKind::AksKubeAudit);
    for action in LISTS {
        check(&full, &[(action, Visible)]);
    }
    check(
        &full,
        &[
            ("discovery-crawl", Visible),
            ("read-version", Visible),
            ("ask-own-access", Partial),
        ],
    );
    // Levels are not documented, so none is told.
    assert!(full.rows.iter().all(|row| !row.why.contains("level")));
}

#[test]
fn gke_needs_data_access_logs_for_reads() {
    use Visibility::{Invisible, Unknown, Visible};
    let admin = of_kind(LogKind::GkeAdminActivity);
    for action in LISTS {
        check(&admin, &[(action, Invisible)]);
    }
    check(
        &admin,
        &[
            ("discovery-crawl", Invisible),
            ("read-version", Invisible),
            ("read-pod-logs", Invisible),
            ("ask-own-access", Unknown),
        ],
    );
    let data = of_kind(LogKind::GkeDataAccess);
    for action in LISTS {
        check(&data, &[(action, Visible)]);
    }
    check(&data, &[("discovery-crawl", Unknown)]);
}

#[test]
fn admission_sees_no_reads() {
    use Visibility::{Invisible, Visible};
    let report = of_kind(LogKind::AdmissionWebhook);
    for action in LISTS {
        check(&report, &[(action, Invisible)]);
    }
    check(
        &report,
        &[
            ("discovery-crawl", Invisible),
            ("read-version", Invisible),
            ("ask-own-access", Visible),
            ("exec-into-pods", Visible),
        ],
    );
}

#[test]
fn docker_events_show_no_reads() {
    use Visibility::{Invisible, Partial, Unknown};
    let report = of_kind(LogKind::DockerEvents);
    for action in [
        "docker-ps",
        "docker-inspect",
        "docker-images",
        "docker-logs",
        "docker-info",
        "docker-networks",
        "docker-stats",
    ] {
        check(&report, &[(action, Invisible)]);
    }
    check(
        &report,
        &[
            ("docker-top", Partial),
            ("docker-exec", Partial),
            ("docker-copy", Partial),
            ("list-pods", Invisible),
        ],
    );
    for (debug, expected) in [
        (Some(true), Partial),
        (Some(false), Invisible),
        (None, Unknown),
    ] {
        let daemon = Daemon {
            debug,
            ..Daemon::default()
        };
        let source = KnownSource {
            daemon: Some(&daemon),
            ..source(LogKind::DockerDaemonLog)
        };
        check(&coverage(&[source], Vec::new()), &[("docker-ps", expected)]);
    }
    check(
        &of_kind(LogKind::DockerAuthorization),
        &[("docker-ps", Partial)],
    );
    let plain = Daemon::default();
    let source = KnownSource {
        daemon: Some(&plain),
        ..source(LogKind::DockerAuthorization)
    };
    check(
        &coverage(&[source], Vec::new()),
        &[("docker-ps", Invisible)],
    );
}

/// Policies with every kind of hole.
fn holes() -> Vec<AuditPolicy> {
    let of = |rules: &str| {
        read(&format!(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n{rules}"
        ))
    };
    vec![
        AuditPolicy::default(),
        read(FALCO),
        of("- {level: None, verbs: [get, list, watch]}\n- {level: RequestResponse}\n"),
        of("- {level: None, nonResourceURLs: ['*']}\n- {level: Metadata}\n"),
        of("- {level: None, userGroups: ['system:serviceaccounts']}\n- {level: Metadata}\n"),
        of("- {level: None, namespaces: [kube-system]}\n- {level: RequestResponse}\n"),
        of("- {level: Metadata, resources: [{group: '', resources: [pods]}]}\n"),
        of("- {level: Metadata, omitStages: [ResponseComplete, ResponseStarted]}\n"),
    ]
}

#[test]
fn each_fragment_makes_its_action_visible_and_takes_nothing_away() {
    for policy in holes() {
        let before = of_policy(&policy);
        for row in before.rows.iter().filter(|row| !row.fragment.is_empty()) {
            let fragment = read(&format!(
                "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n{}",
                row.fragment
            ));
            let after = of_policy(&read(&policy_file(&fragment.rules, &policy)));
            let expected = match row.action.as_str() {
                // What other servers' caches and accounts hide, no policy brings back.
                "kubelet-api" | "metrics-endpoints" | "dashboards" => Visibility::Partial,
                _ => Visibility::Visible,
            };
            check(&after, &[(&row.action, expected)]);
            for (old, new) in before.rows.iter().zip(&after.rows) {
                if old.visibility == Visibility::Visible {
                    assert_eq!(new.visibility, Visibility::Visible, "{}", old.action);
                }
            }
        }
    }
}

#[test]
fn the_fragment_of_a_source_makes_everything_visible_that_a_policy_can() {
    for policy in holes() {
        let before = of_policy(&policy);
        let fragment = &before.sources.first().expect("one source").fragment;
        let text = format!("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n{fragment}");
        let rules = if fragment.is_empty() {
            Vec::new()
        } else {
            read(&text).rules
        };
        let after = of_policy(&read(&policy_file(&rules, &policy)));
        for row in &before.rows {
            if !row.fragment.is_empty() || row.visibility == Visibility::Visible {
                let now = visibility(&after, &row.action);
                assert!(
                    matches!(now, Visibility::Visible | Visibility::Partial),
                    "{}",
                    row.action
                );
            }
        }
        assert!(
            after
                .sources
                .first()
                .expect("one source")
                .fragment
                .is_empty(),
            "{after:#?}"
        );
    }
}

#[test]
fn a_dashboard_shows_as_its_own_account_where_lists_show() {
    use Visibility::{Invisible, Partial};
    check(&of_policy(&read(FALCO)), &[("dashboards", Partial)]);
    let none = of_policy(&AuditPolicy::default());
    check(&none, &[("dashboards", Invisible)]);
    let row = none.of_action("dashboards").next().expect("it is there");
    assert!(!row.fragment.is_empty());
}

#[test]
fn a_policy_of_many_names_is_judged_in_time() {
    let names: Vec<String> = (0..5_000).map(|number| format!("n{number}")).collect();
    let rule = viewshed_model::AuditRule {
        users: names.clone(),
        groups: names.clone(),
        namespaces: names,
        ..viewshed_model::AuditRule::default()
    };
    let policy = AuditPolicy {
        rules: vec![rule],
        ..AuditPolicy::default()
    };
    check(&of_policy(&policy), &[("list-pods", Visibility::Invisible)]);
}

#[test]
fn a_policy_that_omits_every_answer_says_which_stage() {
    let policy = read(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [ResponseComplete, ResponseStarted]\nrules:\n- level: Metadata\n",
    );
    let report = of_policy(&policy);
    let row = report
        .of_action("list-secrets")
        .next()
        .expect("it is there");
    assert_eq!(row.visibility, Visibility::Partial);
    assert_eq!(
        row.change,
        "take `ResponseComplete` out of the policy's `omitStages`"
    );
}

#[test]
fn one_fragment_reads_well() {
    let report = of_policy(&read(FALCO));
    let source = report.sources.first().expect("one source");
    insta::assert_snapshot!(source.fragment);
}

#[test]
fn every_row_says_why_and_names_are_distinct() {
    let names: std::collections::BTreeSet<&str> = actions().map(|(name, _)| name).collect();
    assert_eq!(names.len(), actions().count());
    for kind in LogKind::ALL {
        for row in &of_kind(kind).rows {
            assert!(!row.why.is_empty(), "{kind}: {}", row.action);
            let is_ours = row.why.contains("rules[") || row.why.contains("no rule");
            assert!(!is_ours, "{kind}: {}", row.why);
            let is_lost = matches!(row.visibility, Visibility::Unknown | Visibility::Partial);
            let is_cited = !row.cited.is_empty();
            assert!(!is_lost || is_cited, "{kind}: {}", row.action);
        }
    }
}

#[test]
fn the_log_corrects_the_policy() {
    use super::super::ProfileCollector;
    let mut collector = ProfileCollector::default();
    let activity = viewshed_model::Activity {
        verb: "list".into(),
        object: viewshed_model::ActivityObject {
            resource: "pods".into(),
            ..viewshed_model::ActivityObject::default()
        },
        actor: viewshed_model::Actor {
            user: "alice".into(),
            ..viewshed_model::Actor::default()
        },
        code: 200,
        level: Level::Metadata,
        ..viewshed_model::Activity::default()
    };
    for _ in 0..10_000 {
        collector.add(&activity);
    }
    let profile = collector.profile();
    let off = AuditPolicy::default();
    let source = KnownSource {
        policy: Some(&off),
        profile: Some(&profile),
        ..source(LogKind::KubernetesAudit)
    };
    let report = coverage(&[source], Vec::new());
    let row = report.of_action("list-pods").next().expect("it is there");
    assert_eq!(row.visibility, Visibility::Visible);
    assert!(
        row.why.contains("another policy is in force"),
        "{}",
        row.why
    );
    let all = read("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n");
    let source = KnownSource {
        policy: Some(&all),
        profile: Some(&profile),
        ..super::source(LogKind::KubernetesAudit)
    };
    let report = coverage(&[source], Vec::new());
    let row = report.of_action("list-nodes").next().expect("it is there");
    assert_eq!(row.visibility, Visibility::Invisible);
    assert!(
        row.why.starts_with("the policy records it, but"),
        "{}",
        row.why
    );
}
