//! Answers for tests: a small shop with typical weaknesses.

mod here;
mod large;
mod reach;
mod rehearsal;
mod watch;

pub(crate) use here::here_view;
pub(crate) use large::large_report;
pub(crate) use reach::{pivot_report, reach_matrix, reach_report, reach_sources};
pub(crate) use rehearsal::{rehearsal_report, unjudged_rehearsal};
pub(crate) use watch::{
    bare_incident, baseline_rows, coverage_report, incident, rules_check, watch_report,
};

use viewshed_model::{
    AccessAnswer, AccessRequest, Action, Category, CategoryView, Chain, CheckPage, ClusterSummary,
    Confidence, Decision, DetectionPage, DiffReport, DockerSummary, EstateSummary, Evidence,
    Finding, Gap, GapReason, GrantOrigin, HeldIdentity, Identity, IdentityRank, Link, MissingFact,
    MissingPlace, Mitigation, MitigationState, MitigationSummary, Page, PolicyRule, Position,
    Presence, RankReport, ResourceRequest, RoleReference, RulesReview, ScanReport, SeenItem,
    Severity, SightChange, Source, SourceKind, Subject, SubjectKind, Vantage, Verification, View,
    ViewDifference, WhoAnswer, WhoByStep, WhoEntry,
};

pub(crate) fn subject(kind: SubjectKind, name: &str) -> Subject {
    let namespace = (kind == SubjectKind::ServiceAccount).then(|| "shop".to_owned());
    Subject {
        kind,
        name: name.to_owned(),
        namespace,
    }
}

pub(crate) fn grant(binding: &str, role: &str, subject: Subject) -> Evidence {
    Evidence::Grant {
        binding_namespace: None,
        binding: binding.to_owned(),
        role: RoleReference {
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
        },
        rule: 0,
        subject,
    }
}

fn chain(texts: &[&str]) -> Chain {
    let link = |text: &&str| Link {
        text: (*text).to_owned(),
        evidence: None,
    };
    Chain {
        links: texts.iter().map(link).collect(),
    }
}

pub(crate) fn finding(check: &str, severity: Severity, title: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        severity,
        confidence: Confidence::High,
        mitigation: Mitigation::M1018,
        title: title.to_owned(),
        estate: "prod".to_owned(),
        object: "ClusterRoleBinding ops".to_owned(),
        namespace: String::new(),
        subjects: Vec::new(),
        exposed_count: 0,
        evidence: Chain::default(),
        fix: "Delete the binding.".to_owned(),
        reproduce: String::new(),
        location: None,
    }
}

fn findings() -> Vec<Finding> {
    let anonymous = Finding {
        subjects: vec![subject(SubjectKind::Group, "system:unauthenticated")],
        exposed_count: 4_127,
        object: "ClusterRoleBinding status-page".to_owned(),
        evidence: chain(&[
            "a request without a credential becomes `system:anonymous` in group `system:unauthenticated`",
            "ClusterRoleBinding `status-page` grants ClusterRole `view` to group `system:unauthenticated`",
            "rule 1 allows `get`, `list`, `watch` on `pods`, `services`, `deployments.apps` in all namespaces",
        ]),
        fix: "Delete ClusterRoleBinding `status-page`. If a status page needs it, give that page a service account of its own.".to_owned(),
        reproduce: "kubectl get pods -A --as=system:anonymous --as-group=system:unauthenticated".to_owned(),
        location: Some(Position { file: "manifests/rbac/status-page.yaml".to_owned(), line: 12 }),
        ..finding(
            "anonymous-api-access",
            Severity::Critical,
            "Anybody without a credential can list 4,127 objects of the cluster",
        )
    };
    let socket = Finding {
        mitigation: Mitigation::M1035,
        object: "Deployment image-builder".to_owned(),
        namespace: "ci".to_owned(),
        subjects: vec![subject(SubjectKind::ServiceAccount, "builder")],
        exposed_count: 61,
        evidence: chain(&[
            "container `build` mounts host path `/var/run/docker.sock`",
            "the runtime's API lists every container, image and network of the node, and starts new ones",
        ]),
        fix: "Build images without the node's runtime, for example with a rootless builder."
            .to_owned(),
        ..finding(
            "runtime-socket-mounted",
            Severity::High,
            "Pods of ci/image-builder hold the container runtime of their node",
        )
    };
    let token = |name: &str| Finding {
        confidence: Confidence::Medium,
        object: format!("Deployment {name}"),
        namespace: "shop".to_owned(),
        fix: "Set `automountServiceAccountToken: false`.".to_owned(),
        ..finding(
            "unused-token-mounted",
            Severity::Low,
            &format!("Pods of shop/{name} mount a token that they never use"),
        )
    };
    let mut all = vec![anonymous, socket];
    all.extend(["cart", "checkout", "front", "mail", "pay"].map(token));
    all
}

fn estate() -> EstateSummary {
    EstateSummary {
        collected_at: "2026-11-24T03:00:00Z".to_owned(),
        sources: vec![
            Source {
                kind: SourceKind::Kubernetes,
                name: "prod".to_owned(),
            },
            Source {
                kind: SourceKind::Docker,
                name: "build-1".to_owned(),
            },
        ],
        clusters: vec![ClusterSummary {
            name: "prod".to_owned(),
            server: "https://10.0.0.1:6443".to_owned(),
            version: "v1.37.2".to_owned(),
            is_live: true,
            namespaces: 14,
            nodes: 6,
            pods: 412,
            workloads: 120,
            roles: 96,
            bindings: 104,
        }],
        docker_hosts: vec![DockerSummary {
            name: "build-1".to_owned(),
            endpoint: "unix:///var/run/docker.sock".to_owned(),
            version: "Docker 28.2.2".to_owned(),
            is_live: true,
            containers: 7,
            images: 31,
        }],
    }
}

pub(crate) fn gap() -> Gap {
    Gap {
        source: "prod".to_owned(),
        what: "list `secrets` in all namespaces".to_owned(),
        reason: GapReason::Forbidden,
        detail: "secrets is forbidden: User \"auditor\" cannot list resource".to_owned(),
        hint: "grant `list` on `secrets`, or accept that names of secrets are missing".to_owned(),
        count: 1,
    }
}

pub(crate) fn ranks() -> Vec<IdentityRank> {
    let row = |subject: Subject, visible: u64, origin: GrantOrigin| IdentityRank {
        subject,
        visible,
        total: 4_200,
        by_resource: vec![
            ("pods".to_owned(), visible / 10),
            ("secrets".to_owned(), visible / 20),
            ("services".to_owned(), visible / 30),
        ],
        namespaces: 14,
        origin,
        bindings: vec!["ClusterRoleBinding ops".to_owned()],
        unknown_members: false,
        impersonates: Vec::new(),
        further: Vec::new(),
        chains: vec![chain(&[
            "ClusterRoleBinding `ops` grants ClusterRole `cluster-admin`",
            "rule 1 allows every verb on every resource",
        ])],
    };
    vec![
        IdentityRank {
            unknown_members: true,
            impersonates: vec!["user jane".to_owned()],
            further: vec!["it runs commands in pods".to_owned()],
            ..row(
                subject(SubjectKind::Group, "platform"),
                4_200,
                GrantOrigin::Human,
            )
        },
        row(
            subject(SubjectKind::ServiceAccount, "dashboard"),
            4_200,
            GrantOrigin::Human,
        ),
        row(
            subject(SubjectKind::User, "system:kube-scheduler"),
            1_900,
            GrantOrigin::Bootstrap,
        ),
        row(subject(SubjectKind::User, "alice"), 31, GrantOrigin::Human),
    ]
}

fn totals() -> Vec<(String, u64)> {
    vec![
        ("pods".to_owned(), 420),
        ("secrets".to_owned(), 210),
        ("services".to_owned(), 140),
    ]
}

fn checks() -> Vec<CheckPage> {
    let page = |name: &str, title: &str, mitigation, severity| CheckPage {
        name: name.to_owned(),
        title: title.to_owned(),
        mitigation,
        severity,
        markdown: PAGE.to_owned(),
    };
    vec![
        page(
            "anonymous-api-access",
            "Anybody without a credential can discover objects",
            Mitigation::M1018,
            Severity::Critical,
        ),
        page(
            "runtime-socket-mounted",
            "A pod holds the container runtime of its node",
            Mitigation::M1035,
            Severity::High,
        ),
        page(
            "unused-token-mounted",
            "Pods mount a token that they never use",
            Mitigation::M1018,
            Severity::Low,
        ),
    ]
}

/// A list of checks and detections, as `viewshed explain` gives it.
pub(crate) fn pages() -> Vec<Page> {
    let checks = checks().into_iter().map(|page| {
        Page::Check(CheckPage {
            markdown: String::new(),
            ..page
        })
    });
    let detection = Page::Detection(DetectionPage {
        name: "first-time-lister".to_owned(),
        title: "Somebody lists a kind that it never listed before".to_owned(),
        techniques: vec!["T1613".to_owned()],
        markdown: String::new(),
    });
    checks.chain([detection]).collect()
}

fn mitigations() -> Vec<MitigationSummary> {
    let summary = |mitigation, findings, worst, missing_in, presence| MitigationSummary {
        mitigation,
        findings,
        worst,
        missing_in,
        checks: Vec::new(),
        is_incomplete: presence == Presence::Unknown,
        states: vec![MitigationState {
            estate: "prod".to_owned(),
            presence,
            reasons: vec!["anonymous-api-access: 1 finding".to_owned()],
        }],
    };
    let place = |namespace: &str, worst, findings| MissingPlace {
        estate: "prod".to_owned(),
        namespace: namespace.to_owned(),
        findings,
        worst,
    };
    vec![
        summary(
            Mitigation::M1018,
            6,
            Some(Severity::Critical),
            vec![
                place("", Severity::Critical, 1),
                place("shop", Severity::Low, 5),
            ],
            Presence::Missing,
        ),
        summary(Mitigation::M1030, 0, None, Vec::new(), Presence::Unknown),
        summary(
            Mitigation::M1035,
            1,
            Some(Severity::High),
            vec![place("ci", Severity::High, 1)],
            Presence::Missing,
        ),
    ]
}

pub(crate) fn scan_report() -> ScanReport {
    ScanReport {
        generated_at: "2026-11-24T03:05:00Z".to_owned(),
        program_version: "0.1.0".to_owned(),
        estate: estate(),
        checks: checks(),
        mitigations: mitigations(),
        findings: findings(),
        ranks: ranks(),
        totals: totals(),
        pivots: vec![pivot_report()],
        reach: vec![reach::overview()],
        gaps: vec![gap()],
    }
}

pub(crate) const PAGE: &str = "# anonymous-api-access

Requests **without a credential** can read the cluster. See [the guide](https://kubernetes.io/docs/).

## What to do

* Delete the binding, or
* give the client an account of its own.

```yaml
kind: ClusterRoleBinding
```

| verb | shows |
|---|---|
| list | everything |
";

pub(crate) fn rank_report() -> RankReport {
    RankReport {
        estate: estate(),
        ranks: ranks(),
        totals: totals(),
        gaps: vec![gap()],
    }
}

pub(crate) fn view() -> View<'static> {
    let item = |kind: &str, name: &str, chain| SeenItem {
        kind: kind.to_owned().into(),
        namespace: "shop".into(),
        name: name.to_owned().into(),
        verbs: vec!["get".into(), "list".into()].into(),
        chain,
    };
    let categories = Category::ALL.map(|category| CategoryView {
        category,
        seen: match category {
            Category::Pods => ["a", "b", "c", "d", "e", "f", "g", "h"]
                .map(|name| item("Pod", &format!("cart-{name}"), 0))
                .to_vec(),
            Category::Services => vec![item("Service", "cart", 0)],
            Category::Containers => vec![item("Container", "postgres", 1)],
            Category::Images
            | Category::Workloads
            | Category::Nodes
            | Category::Namespaces
            | Category::ClusterStatus
            | Category::ConfigurationNames
            | Category::Logs
            | Category::AccessRules
            | Category::Other => Vec::new(),
        },
        hidden_count: if category == Category::Nodes { 6 } else { 0 },
        uncertain_count: if category == Category::Logs { 2 } else { 0 },
    });
    View {
        vantage: Vantage::Pod {
            namespace: "shop".to_owned(),
            name: "cart-7d".to_owned(),
        },
        estate: "prod".to_owned(),
        identities: vec![HeldIdentity {
            identity: Identity::service_account("shop", "cart"),
            how: "token mounted at /var/run/secrets/kubernetes.io/serviceaccount/token".to_owned(),
            is_accepted: true,
        }],
        chains: vec![
            chain(&[
                "the token of service account shop/cart is mounted",
                "RoleBinding `shop/cart` grants Role `reader` to service account shop/cart",
            ]),
            chain(&["`/var/run/docker.sock` is mounted"]),
        ],
        categories: categories.to_vec(),
        unnamed: vec![
            "container main of pod shop/cart-7d has values of Secret shop/db in its environment"
                .to_owned(),
        ],
        may_act_as: vec![
            "service account shop/cart may impersonate user jane; look from there: \
             `viewshed see --as jane`"
                .to_owned(),
        ],
        depends_on: vec![MissingFact {
            fact: "the authorization webhook `opa`".to_owned(),
        }],
        gaps: vec![gap()],
        paths: reach_report().answers,
        pivots: vec![reach::pivot()],
        here: None,
    }
}

pub(crate) fn verification() -> Verification {
    Verification {
        asked: 212,
        differences: vec![ViewDifference {
            question: "list `pods` in `shop`".to_owned(),
            computed: "allowed".to_owned(),
            server: "denied".to_owned(),
        }],
    }
}

pub(crate) fn who_answers() -> Vec<WhoAnswer> {
    let entry = |subject: Subject, origin| WhoEntry {
        evidence: grant("ops", "view", subject.clone()),
        subject,
        namespace: None,
        names: Vec::new(),
        indirect: String::new(),
        condition: String::new(),
        origin,
        known_members: None,
        pods: Vec::new(),
        pods_cut_off: Vec::new(),
    };
    vec![WhoAnswer {
        question: "who can list pods in all namespaces".to_owned(),
        estate: "prod".to_owned(),
        entries: vec![
            entry(subject(SubjectKind::Group, "platform"), GrantOrigin::Human),
            WhoEntry {
                namespace: Some("shop".to_owned()),
                indirect: "list pods: each names the node that it runs on".to_owned(),
                pods: vec!["shop/cart-7d".to_owned(), "shop/cart-9f".to_owned()],
                pods_cut_off: vec!["shop/cart-9f".to_owned()],
                ..entry(
                    subject(SubjectKind::ServiceAccount, "cart"),
                    GrantOrigin::Human,
                )
            },
            WhoEntry {
                evidence: Evidence::SystemMasters,
                known_members: Some(1),
                ..entry(
                    subject(SubjectKind::Group, "system:masters"),
                    GrantOrigin::Bootstrap,
                )
            },
        ],
        by_steps: vec![WhoByStep {
            subject: Subject {
                namespace: Some("shop".to_owned()),
                ..subject(SubjectKind::Other("Pod".to_owned()), "web-1")
            },
            pods: Vec::new(),
            pivot: reach::pivot(),
        }],
        holds_values: vec![
            "container main of pod shop/cart-7d reads the keys of Secret shop/db at /db".to_owned(),
        ],
        more_by_steps: 3,
        depends_on: Vec::new(),
    }]
}

pub(crate) fn diff_report() -> DiffReport {
    let change = |name: &str, gained| SightChange {
        subject: subject(SubjectKind::User, name),
        gained,
        what: "list pods".to_owned(),
        namespace: gained.then(|| "shop".to_owned()),
        evidence: grant("ops", "view", subject(SubjectKind::User, name)),
        position: gained.then(|| Position {
            file: "rbac.yaml".to_owned(),
            line: 3,
        }),
        reach: None,
    };
    DiffReport {
        before: "main".to_owned(),
        after: "pull-request".to_owned(),
        changes: vec![change("alice", true), change("bob", false)],
        gaps: Vec::new(),
    }
}

pub(crate) fn access_answer(decision: Decision) -> AccessAnswer {
    AccessAnswer {
        estate: "prod".to_owned(),
        request: AccessRequest {
            identity: Identity::user("alice", ["devs"]),
            action: Action::Resource(ResourceRequest {
                verb: "list".to_owned(),
                resource: "pods".to_owned(),
                namespace: "shop".to_owned(),
                ..ResourceRequest::default()
            }),
        },
        decision,
        gaps: Vec::new(),
    }
}

pub(crate) fn rules_review() -> RulesReview {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    RulesReview {
        estate: "prod".to_owned(),
        identity: Identity::user("alice", []),
        namespace: "shop".to_owned(),
        resource_rules: vec![PolicyRule {
            verbs: words(&["get", "list"]),
            api_groups: words(&["", "apps"]),
            resources: words(&["pods", "deployments"]),
            ..PolicyRule::default()
        }],
        non_resource_rules: vec![PolicyRule {
            verbs: words(&["get"]),
            non_resource_urls: words(&["/healthz", "/version/*"]),
            ..PolicyRule::default()
        }],
        incomplete: true,
        evaluation_error: "webhook authorizer does not support user rule resolution".to_owned(),
        is_of_server: false,
        gaps: Vec::new(),
    }
}
