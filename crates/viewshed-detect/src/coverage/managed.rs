//! What managed services and admission webhooks record, written as audit policies so that one evaluator
//! serves them all. Only what their documentation says is written here; what occurs in a log overrides it.

use std::collections::BTreeSet;

use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level, Stage, Visibility};

use super::LogKind;
use super::action::{Ask, Needs};
use super::policy::{by_policy, reviews_by_policy};
use super::verdict::Verdict;

/// The documented policy of a service, where to read about it, and what its owner can do.
struct Service {
    policy: AuditPolicy,
    basis: &'static str,
    cited: &'static str,
    /// What makes reads and discovery show.
    change: &'static str,
    /// Said of what shows: what this service leaves out of every entry.
    caveat: &'static str,
    levels: Levels,
}

/// Whether a service says how much of a request it records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Levels {
    Documented,
    NotDocumented,
}

/// From what the verdicts on a source of this kind follow; `None` where the owner's policy decides.
pub(super) fn basis(kind: LogKind) -> Option<&'static str> {
    service(kind).map(|service| service.basis)
}

/// The verdict on a source whose policy is not the owner's; `None` for any other.
pub(super) fn by_service(kind: LogKind, ask: &Ask) -> Option<Verdict> {
    let service = service(kind)?;
    let mut verdict = by_policy(&service.policy, ask);
    own(&mut verdict, &service);
    let is_undocumented = match kind {
        LogKind::GkeAdminActivity => !ask.verbs.iter().all(|verb| is_read(verb)),
        LogKind::GkeDataAccess => !ask.paths.is_empty() || ask.needs == Needs::Request,
        _ => false,
    };
    if is_undocumented {
        return Some(
            Verdict::new(
                Visibility::Unknown,
                "not documented for this service",
                service.cited,
            )
            .with_change("give a log of a day: what occurs in it is visible"),
        );
    }
    if verdict.visibility == Visibility::Visible {
        verdict.change.clear();
        if !service.caveat.is_empty() {
            verdict.why = format!("{}; {}", verdict.why, service.caveat);
        }
    } else {
        verdict.change = match (kind, ask.needs) {
            (LogKind::OpenShift, Needs::Request) => WRITE_BODIES.to_owned(),
            _ => service.change.to_owned(),
        };
    }
    Some(verdict)
}

/// The verdict on the reviews that kubelets and aggregated servers send.
pub(super) fn reviews(kind: LogKind) -> Option<Verdict> {
    let service = service(kind)?;
    let mut verdict = reviews_by_policy(&service.policy);
    own(&mut verdict, &service);
    verdict.change.clear();
    Some(verdict)
}

/// Says what the service's documentation says, and nothing that only our notation of it does.
fn own(verdict: &mut Verdict, service: &Service) {
    verdict.cited = service.cited;
    verdict.rules.clear();
    // Rules and their numbers are our notation; they mean nothing to the owner of the cluster.
    let why = [" (`rules[", " (no rule", ": `rules[", ": no rule"]
        .into_iter()
        .fold(verdict.why.as_str(), |why, mark| {
            why.split(mark).next().unwrap_or_default()
        });
    verdict.why = match (service.levels, verdict.visibility) {
        (Levels::NotDocumented, Visibility::Visible) => "recorded, as documented".to_owned(),
        (Levels::NotDocumented, Visibility::Partial) if !why.starts_with("not recorded") => {
            "recorded; whether with its body, which holds the question, is not documented"
                .to_owned()
        }
        (Levels::Documented | Levels::NotDocumented, _) => why.to_owned(),
    };
}

const WRITE_BODIES: &str =
    "set `spec.audit.profile: WriteRequestBodies` on the `APIServer` object `cluster`";

fn is_read(verb: &str) -> bool {
    matches!(verb, "get" | "list" | "watch")
}

fn service(kind: LogKind) -> Option<Service> {
    Some(match kind {
        LogKind::GkeAdminActivity | LogKind::GkeDataAccess => google(kind),
        LogKind::AksKubeAudit | LogKind::AksKubeAuditAdmin => azure(kind),
        LogKind::Eks => Service {
            policy: complete(google_reference()),
            basis: "the reference policy that EKS builds on",
            cited: "EKS best practices, Detective controls; kubernetes cluster/gce/gci/configure-helper.sh; aws/containers-roadmap issue 566",
            change: "EKS's policy cannot be changed: watch the pods that ask instead (process events, network flows)",
            caveat: "an entry over 256 KB is cut",
            levels: Levels::Documented,
        },
        LogKind::OpenShift => Service {
            policy: complete(openshift()),
            basis: "OpenShift's audit profile `Default`",
            cited: "openshift/library-go pkg/operator/apiserver/audit/manifests/base-policy.yaml",
            change: "every OpenShift profile leaves this out: watch for the lists that follow a crawl",
            caveat: "",
            levels: Levels::Documented,
        },
        LogKind::AdmissionWebhook => Service {
            policy: complete(admission()),
            basis: "what the API server sends to admission webhooks",
            cited: "kubernetes.io, Admission Controllers; aws/containers-roadmap issue 566",
            change: "admission never sees reads: use the server's audit log",
            caveat: "without what came of it",
            levels: Levels::Documented,
        },
        LogKind::KubernetesAudit
        | LogKind::DockerEvents
        | LogKind::DockerDaemonLog
        | LogKind::DockerAuthorization
        | LogKind::ProcessEvents
        | LogKind::DnsQueries => return None,
    })
}

/// All but the verbs that it leaves out.
fn everything_but(verbs: &[&str]) -> AuditPolicy {
    let mut rules = vec![rule(Level::Metadata, &[], &[])];
    if !verbs.is_empty() {
        rules.insert(0, rule(Level::None, verbs, &[]));
    }
    complete(rules)
}

fn google(kind: LogKind) -> Service {
    let is_admin = kind == LogKind::GkeAdminActivity;
    Service {
        policy: everything_but(if is_admin {
            &["get", "list", "watch"]
        } else {
            &[]
        }),
        basis: if is_admin {
            "GKE's documentation of Admin Activity logs"
        } else {
            "GKE's documentation of Data Access logs"
        },
        cited: "GKE, Kubernetes audit logging policies (ADMIN_READ, DATA_READ)",
        change: "switch on Data Access audit logs (ADMIN_READ and DATA_READ) for the service `k8s.io`",
        caveat: "without groups, the token's pod and the query",
        levels: Levels::NotDocumented,
    }
}

fn azure(kind: LogKind) -> Service {
    let is_admin = kind == LogKind::AksKubeAuditAdmin;
    Service {
        policy: everything_but(if is_admin { &["get", "list"] } else { &[] }),
        basis: if is_admin {
            "AKS's documentation of the category `kube-audit-admin`"
        } else {
            "AKS's documentation of the category `kube-audit`"
        },
        cited: "learn.microsoft.com, AKS, Monitor the API server",
        change: if is_admin {
            "send the category `kube-audit` instead of `kube-audit-admin`"
        } else {
            "give a log of a day: what occurs in it is visible"
        },
        caveat: "",
        levels: Levels::NotDocumented,
    }
}

fn complete(rules: Vec<AuditRule>) -> AuditPolicy {
    AuditPolicy {
        omit_stages: BTreeSet::from([Stage::RequestReceived]),
        rules,
    }
}

fn rule(level: Level, verbs: &[&str], resources: &[(&str, &[&str])]) -> AuditRule {
    AuditRule {
        level,
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        resources: resources
            .iter()
            .map(|(api_group, names)| AuditResources {
                api_group: (*api_group).to_owned(),
                resources: names.iter().map(|name| (*name).to_owned()).collect(),
                names: Vec::new(),
            })
            .collect(),
        ..AuditRule::default()
    }
}

fn no_paths(paths: &[&str]) -> AuditRule {
    AuditRule {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        ..rule(Level::None, &[], &[])
    }
}

/// The parts that decide about discovery; rules for single system components are left out.
fn google_reference() -> Vec<AuditRule> {
    const KNOWN: [(&str, &[&str]); 11] = [
        ("", &[]),
        ("apiextensions.k8s.io", &[]),
        ("apiregistration.k8s.io", &[]),
        ("apps", &[]),
        ("authentication.k8s.io", &[]),
        ("authorization.k8s.io", &[]),
        ("batch", &[]),
        ("metrics.k8s.io", &[]),
        ("networking.k8s.io", &[]),
        ("policy", &[]),
        ("rbac.authorization.k8s.io", &[]),
    ];
    vec![
        no_paths(&["/healthz*", "/version", "/swagger*"]),
        rule(Level::None, &[], &[("", &["events"])]),
        rule(
            Level::Metadata,
            &[],
            &[
                ("", &["secrets", "configmaps", "serviceaccounts/token"]),
                ("authentication.k8s.io", &["tokenreviews"]),
            ],
        ),
        rule(Level::Request, &["get", "list", "watch"], &KNOWN),
        rule(Level::RequestResponse, &[], &KNOWN),
        rule(Level::Metadata, &[], &[]),
    ]
}

fn openshift() -> Vec<AuditRule> {
    vec![
        rule(Level::None, &[], &[("", &["events"])]),
        no_paths(&["/api*", "/version", "/healthz", "/readyz", "/livez"]),
        rule(Level::Metadata, &[], &[]),
    ]
}

/// Writes, and the requests that are connections whatever their HTTP method.
fn admission() -> Vec<AuditRule> {
    let connections: &[&str] = &[
        "pods/exec",
        "pods/attach",
        "pods/portforward",
        "pods/proxy",
        "services/proxy",
        "nodes/proxy",
    ];
    vec![
        rule(Level::Request, &[], &[("", connections)]),
        rule(
            Level::Request,
            &["create", "update", "patch", "delete", "deletecollection"],
            &[],
        ),
    ]
}
