//! A watch that found two incidents, and what its logs can show.

use std::collections::BTreeMap;

use jiff::Timestamp;
use viewshed_model::{
    BaselineHolder, BaselineRow, Confidence, CoverageReport, CoverageRow, CoveredSource,
    DetectionPage, Disclosure, EventReference, Explored, Guessed, Incident, IncidentActor,
    IncidentState, NearMiss, Position, Reason, RequestTally, RuleTally, RuleVerdict, RulesCheck,
    Severity, SkipReason, Skips, Surface, Timeline, Verdict, Visibility, WatchReport,
};

use super::gap;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_764_050_400 + seconds).expect("a time of our days")
}

fn request(
    verb: &str,
    kind: &str,
    namespace: &str,
    (verdict, count): (Verdict, u64),
) -> RequestTally {
    RequestTally {
        surface: Surface::KubernetesApi,
        verb: verb.to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        verdict,
        count,
    }
}

fn reason(detection: &str, text: &str, weight: u32, seconds: i64) -> Reason {
    Reason {
        detection: detection.to_owned(),
        text: text.to_owned(),
        weight,
        at: time(seconds),
        audit_id: format!("audit-{seconds}"),
    }
}

/// A shop's service account that walks the cluster.
pub(crate) fn incident() -> Incident {
    let event = |seconds: i64| EventReference {
        time: time(seconds),
        audit_id: format!("audit-{seconds}"),
    };
    Incident {
        id: "vs-7d1f04c2b9a83e55".to_owned(),
        revision: 1,
        state: IncidentState::Open,
        cluster: "prod".to_owned(),
        actor: IncidentActor {
            name: "system:serviceaccount:shop:cart".to_owned(),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                "system:authenticated".to_owned(),
            ],
            acted_as: vec!["admin".to_owned()],
            impersonated_by: None,
            pod: Some("cart-7d".to_owned()),
            node: Some("node-2".to_owned()),
            user_agents: vec!["curl/8.5.0".to_owned()],
        },
        also_as: vec![IncidentActor {
            name: "system:serviceaccount:shop:web".to_owned(),
            ..IncidentActor::default()
        }],
        source_addresses: vec!["10.0.3.17".to_owned()],
        opened_at: time(180),
        first_event: event(0),
        last_event: event(540),
        event_count: 41,
        audit_ids: vec!["audit-0".to_owned(), "audit-12".to_owned()],
        requests: vec![
            request("list", "pods", "", (Verdict::Allowed, 12)),
            request("list", "secrets", "shop", (Verdict::Refused, 9)),
            request("get", "/apis", "", (Verdict::Allowed, 14)),
            request("get", "pods/log", "shop", (Verdict::Allowed, 4)),
        ],
        further_requests: 2,
        disclosed: disclosed(),
        guessed: vec![Guessed {
            kind: "secrets".to_owned(),
            namespace: "shop".to_owned(),
            names: vec!["db-pass".to_owned()],
            further: 2,
        }],
        severity: Severity::High,
        confidence: Confidence::High,
        reasons: vec![
            reason(
                "first-time-lister",
                "first time in 34 days that shop/cart lists pods",
                40,
                60,
            ),
            reason("refused-breadth", "9 kinds refused in 4 minutes", 25, 180),
        ],
        techniques: vec!["T1613".to_owned(), "T1552.007".to_owned()],
        allowed_by: BTreeMap::from([(
            "RBAC: allowed by ClusterRoleBinding \"view\" of ClusterRole \"view\"".to_owned(),
            30,
        )]),
        explored: Some(Explored {
            visible: 4_100,
            asked: 312,
            new_kinds: vec!["pods".to_owned()],
        }),
    }
}

fn disclosed() -> Vec<Disclosure> {
    vec![
        Disclosure {
            kind: "pods".to_owned(),
            namespace: String::new(),
            answers: 12,
            objects: Some(312),
            names: Vec::new(),
        },
        Disclosure {
            kind: "pods/log".to_owned(),
            namespace: "shop".to_owned(),
            answers: 4,
            objects: None,
            names: vec!["web-5c".to_owned()],
        },
    ]
}

/// One with nothing but what must be.
pub(crate) fn bare_incident() -> Incident {
    let event = EventReference {
        time: time(1_000),
        audit_id: String::new(),
    };
    Incident {
        id: "vs-0".to_owned(),
        revision: 3,
        state: IncidentState::Closed,
        cluster: String::new(),
        actor: IncidentActor {
            name: "(invalid credential)".to_owned(),
            ..IncidentActor::default()
        },
        also_as: Vec::new(),
        source_addresses: Vec::new(),
        opened_at: time(1_000),
        first_event: event.clone(),
        last_event: event,
        event_count: 1,
        audit_ids: Vec::new(),
        requests: Vec::new(),
        further_requests: 0,
        disclosed: Vec::new(),
        guessed: Vec::new(),
        severity: Severity::Low,
        confidence: Confidence::Medium,
        reasons: Vec::new(),
        techniques: Vec::new(),
        allowed_by: BTreeMap::new(),
        explored: None,
    }
}

fn skips() -> Skips {
    let mut skips = Skips::default();
    for reason in [
        SkipReason::Malformed,
        SkipReason::Duplicate,
        SkipReason::Duplicate,
    ] {
        skips.add(reason, || "line 12".to_owned());
    }
    skips
}

fn row(action: &str, title: &str, source: &str, visibility: Visibility) -> CoverageRow {
    let is_lost = matches!(visibility, Visibility::Invisible | Visibility::Partial);
    CoverageRow {
        action: action.to_owned(),
        title: title.to_owned(),
        surface: Surface::KubernetesApi,
        source: source.to_owned(),
        visibility,
        why: format!("`rules[3]` decides about {title}"),
        change: if is_lost {
            "put these rules first in the audit policy".to_owned()
        } else {
            String::new()
        },
        fragment: if is_lost {
            "- level: Metadata\n  verbs: [\"get\"]\n  nonResourceURLs: [\"/version\"]\n".to_owned()
        } else {
            String::new()
        },
        cited: "kubernetes/apiserver pkg/audit/policy/checker.go".to_owned(),
    }
}

pub(crate) fn coverage_report() -> CoverageReport {
    let source = |name: &str, format: &str, fragment: &str| CoveredSource {
        name: name.to_owned(),
        format: format.to_owned(),
        basis: "the audit policy and 1000 entries of the log".to_owned(),
        event_count: 1_000,
        skips: skips(),
        fragment: fragment.to_owned(),
    };
    CoverageReport {
        sources: vec![
            source(
                "audit/kube-apiserver.log",
                "Kubernetes audit log",
                "- level: Metadata\n  verbs: [\"get\"]\n  nonResourceURLs: [\"/version\"]\n",
            ),
            source("docker events", "Docker events", ""),
        ],
        rows: vec![
            row(
                "list-pods",
                "list or watch pods",
                "audit/kube-apiserver.log",
                Visibility::Visible,
            ),
            row(
                "list-pods",
                "list or watch pods",
                "docker events",
                Visibility::Invisible,
            ),
            row(
                "read-version",
                "read `/version`",
                "audit/kube-apiserver.log",
                Visibility::Invisible,
            ),
            row(
                "read-version",
                "read `/version`",
                "docker events",
                Visibility::Invisible,
            ),
            row(
                "kubelet-api",
                "ask a kubelet",
                "audit/kube-apiserver.log",
                Visibility::Partial,
            ),
            row(
                "kubelet-api",
                "ask a kubelet",
                "docker events",
                Visibility::Unknown,
            ),
        ],
        gaps: vec![gap()],
    }
}

pub(crate) fn watch_report() -> WatchReport {
    let incident = incident();
    let mut timeline = Timeline::default();
    for (count, seconds) in [(5, 60), (12, 180), (41, 540)] {
        let mut revision = incident.clone();
        revision.event_count = count;
        revision.last_event.time = time(seconds);
        timeline.add(&revision);
    }
    WatchReport {
        generated_at: "2026-11-25T06:20:00Z".to_owned(),
        program_version: "0.1.0".to_owned(),
        event_count: 12_345,
        positions: BTreeMap::from([(
            incident.id.clone(),
            Position {
                file: "audit/kube-apiserver.log".to_owned(),
                line: 812,
            },
        )]),
        timelines: BTreeMap::from([(incident.id.clone(), timeline)]),
        incidents: vec![bare_incident(), incident],
        nearest: Some(NearMiss {
            actor: "shop/cart".to_owned(),
            points: 64,
            threshold: 100,
            detection: "first-time-behaviour".to_owned(),
            reason: "first time in 34 days that shop/cart lists nodes".to_owned(),
        }),
        let_through: BTreeMap::from([("ops/scanner".to_owned(), 12)]),
        rules: vec![RuleTally {
            name: "falco: K8s Secret Get Successfully".to_owned(),
            language: "Falco".to_owned(),
            title: "K8s Secret Get Successfully".to_owned(),
            file: "k8s_audit_rules.yaml".to_owned(),
            line: Some(120),
            severity: Severity::Low,
            techniques: vec!["T1552.007".to_owned()],
            count: 3,
        }],
        detections: vec![DetectionPage {
            name: "first-time-lister".to_owned(),
            title: "an identity lists what it never listed".to_owned(),
            techniques: vec!["T1613".to_owned()],
            markdown: "# First-time lister\n".to_owned(),
        }],
        skips: skips(),
        coverage: coverage_report(),
        gaps: vec![gap()],
    }
}

pub(crate) fn baseline_rows() -> Vec<BaselineRow> {
    let row = |holder, actor: &str, verb: &str, count| BaselineRow {
        holder,
        cluster: "prod".to_owned(),
        actor: actor.to_owned(),
        verb: verb.to_owned(),
        kind: "pods".to_owned(),
        namespace: "shop".to_owned(),
        outcome: "allowed".to_owned(),
        first_seen: time(-3_000_000),
        last_seen: time(0),
        count,
        days: 34,
        members: 0,
        is_suspect: false,
    };
    vec![
        row(
            BaselineHolder::Identity,
            "system:serviceaccount:shop:cart",
            "get",
            12_000,
        ),
        row(
            BaselineHolder::PeerGroup,
            "deployment controllers",
            "watch",
            3,
        ),
    ]
}

pub(crate) fn rules_check() -> RulesCheck {
    let rule = RuleVerdict {
        rule: "K8s Secret Get Successfully".to_owned(),
        language: "Falco".to_owned(),
        file: "k8s_audit_rules.yaml".to_owned(),
        line: Some(120),
        can_fire: true,
        ..RuleVerdict::default()
    };
    let texts = |text: &str| vec![text.to_owned()];
    RulesCheck {
        basis: "the audit policy".to_owned(),
        rules: vec![
            rule.clone(),
            RuleVerdict {
                rule: "Privileged Pod Created".to_owned(),
                language: "Sigma".to_owned(),
                file: "privileged.yml".to_owned(),
                line: None,
                can_fire: false,
                reasons: texts("the level must be Request or RequestResponse; recorded: Metadata"),
                remarks: texts("`privileged` is not a field of its own"),
                read_as: vec![(
                    "capabilities".to_owned(),
                    "the capabilities of all containers".to_owned(),
                )],
            },
            RuleVerdict {
                remarks: texts("there is no user `anonymous`; it is `system:anonymous`"),
                ..rule
            },
            RuleVerdict {
                rule: "Broken".to_owned(),
                file: "broken.yml".to_owned(),
                reasons: texts("it cannot be loaded: there is no macro `x`"),
                ..RuleVerdict::default()
            },
        ],
        gaps: vec![gap()],
    }
}
