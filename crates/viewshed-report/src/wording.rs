//! The words in which every format for people says the same thing.

pub(crate) mod incident;
mod next;
mod reach;
pub(crate) mod rehearsal;
mod sensitivity;
mod title;

pub(crate) use reach::{end_kind, ports, verdict};

use viewshed_model::{
    Action, Chain, Confidence, Decision, EstateSummary, Evidence, Gap, GapReason, GrantOrigin,
    Identity, MissingFact, MitigationSummary, PivotRank, PolicyRule, Position, Presence,
    ScanReport, Severity, SourceKind, Vantage,
};

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", thousands(number))
    }
}

/// How many workloads, and how many identities, lead to more than themselves: `3 workloads and 1 identity`.
pub(crate) fn ranked(ranks: &[PivotRank]) -> String {
    let identities = ranks.iter().filter(|rank| rank.is_identity()).count() as u64;
    let workloads = count(ranks.len() as u64 - identities, "workload", "workloads");
    match identities {
        0 => workloads,
        number => format!(
            "{workloads} and {}",
            count(number, "identity", "identities")
        ),
    }
}

/// How much a gap stands for: `3 times`, of files that are passed over `like 2 other files`; none for one thing.
pub(crate) fn times(gap: &Gap) -> Option<String> {
    match (gap.count, gap.reason) {
        (0 | 1, _) => None,
        (number, GapReason::NothingKnown) => {
            let others = count(number - 1, "other file", "other files");
            Some(format!("like {others}"))
        }
        (number, _) => Some(format!("{} times", thousands(number))),
    }
}

/// `4,100` for 4100.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Why something is allowed, as a sentence.
pub(crate) fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Grant {
            binding_namespace,
            binding,
            role,
            rule,
            subject,
        } => {
            let binding = match binding_namespace {
                Some(namespace) => format!("RoleBinding `{namespace}/{binding}`"),
                None => format!("ClusterRoleBinding `{binding}`"),
            };
            format!(
                "{binding} grants {} `{}` (rule {}) to {subject}",
                role.kind,
                role.name,
                rule + 1
            )
        }
        Evidence::SystemMasters => {
            "membership of `system:masters`, which no binding can take away".to_owned()
        }
        Evidence::NodeAuthorizer(text) => format!("the Node authorizer allows it: {text}"),
        Evidence::AlwaysAllow => "the authorizer AlwaysAllow allows every request".to_owned(),
        Evidence::Fixed(text) => text.clone(),
        Evidence::Server(text) => format!("the server says: {text}"),
    }
}

/// The same without the subject, for a place where the subject stands beside it.
pub(crate) fn through(reason: &Evidence) -> String {
    match reason {
        Evidence::Grant {
            binding_namespace,
            binding,
            role,
            rule,
            subject: _,
        } => {
            let binding = match binding_namespace {
                Some(namespace) => format!("RoleBinding {namespace}/{binding}"),
                None => format!("ClusterRoleBinding {binding}"),
            };
            format!("{binding}, {} {}, rule {}", role.kind, role.name, rule + 1)
        }
        Evidence::SystemMasters
        | Evidence::NodeAuthorizer(_)
        | Evidence::AlwaysAllow
        | Evidence::Fixed(_)
        | Evidence::Server(_) => evidence(reason),
    }
}

/// The first word of an answer, as kubectl prints it, and the reason.
pub(crate) fn decision(decision: &Decision) -> (&'static str, String) {
    match decision {
        Decision::Allowed(reason) => ("yes", evidence(reason)),
        Decision::Denied(text) if text.is_empty() => ("no", "nothing grants it".to_owned()),
        Decision::Denied(text) => ("no", text.clone()),
        Decision::DependsOn(facts) => ("unknown", format!("depends on {}", missing(facts))),
    }
}

/// The missing facts in one phrase.
pub(crate) fn missing(facts: &[MissingFact]) -> String {
    let facts: Vec<&str> = facts.iter().map(|fact| fact.fact.as_str()).collect();
    facts.join("; and on ")
}

/// A chain in one line.
pub(crate) fn chain(chain: &Chain) -> String {
    let links: Vec<&str> = chain.links.iter().map(|link| link.text.as_str()).collect();
    links.join(" -> ")
}

/// Where the intruder stands.
pub(crate) fn vantage(vantage: &Vantage) -> String {
    match vantage {
        Vantage::Anonymous => "the network, without any credential".to_owned(),
        Vantage::Identity { identity } => format!("the credential of {identity}"),
        Vantage::Pod { namespace, name } => format!("inside pod {namespace}/{name}"),
        Vantage::Node { name } => format!("node {name}, as root"),
        Vantage::Container { host, name } => format!("inside container {name} on {host}"),
        Vantage::DockerApi { host } => format!("the Docker API of {host}"),
        Vantage::Kubelet { address } => format!("the kubelet at {address}, without any credential"),
        Vantage::Here => "this place".to_owned(),
    }
}

/// A user with groups, in one phrase.
pub(crate) fn identity(identity: &Identity) -> String {
    if identity.groups.is_empty() {
        return identity.to_string();
    }
    format!("{identity} (groups {})", identity.groups.join(", "))
}

/// What was asked: ``list `pods` in namespace `shop` ``.
pub(crate) fn action(action: &Action) -> String {
    match action {
        Action::NonResource(request) => format!("{} path `{}`", request.verb, request.path),
        Action::Resource(request) => {
            let mut resource = request.combined_resource();
            if !request.api_group.is_empty() {
                resource = format!("{resource}.{}", request.api_group);
            }
            let name = if request.name.is_empty() {
                String::new()
            } else {
                format!(" named `{}`", request.name)
            };
            let place = if request.namespace.is_empty() {
                String::new()
            } else {
                format!(" in namespace `{}`", request.namespace)
            };
            format!("{} `{resource}`{name}{place}", request.verb)
        }
    }
}

/// `file:line`, or the file alone where the line is unknown.
pub(crate) fn position(position: &Position) -> String {
    if position.line == 0 {
        position.file.clone()
    } else {
        format!("{}:{}", position.file, position.line)
    }
}

/// Where a grant comes from, as a heading.
pub(crate) const fn origin(origin: GrantOrigin) -> &'static str {
    match origin {
        GrantOrigin::Human => "granted by people or their tools",
        GrantOrigin::Bootstrap => "bootstrap policy, as the server makes it",
        GrantOrigin::System => "the cluster's own parts",
    }
}

/// The three origins in the order in which reports list them.
pub(crate) const ORIGINS: [GrantOrigin; 3] = [
    GrantOrigin::Human,
    GrantOrigin::Bootstrap,
    GrantOrigin::System,
];

/// Why something is missing.
pub(crate) const fn gap_reason(reason: GapReason) -> &'static str {
    match reason {
        GapReason::Forbidden => "forbidden",
        GapReason::Unreachable => "unreachable",
        GapReason::TimedOut => "timed out",
        GapReason::Malformed => "malformed",
        GapReason::TooLarge => "too large",
        GapReason::Unsupported => "unsupported",
        GapReason::Truncated => "truncated",
        GapReason::NotCollected => "not collected",
        GapReason::NothingKnown => "passed over",
        GapReason::ToldTwice => "told twice",
    }
}

/// What a source is.
pub(crate) const fn source_kind(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Kubernetes => "Kubernetes API",
        SourceKind::Docker => "Docker API",
        SourceKind::Files => "files",
        SourceKind::Snapshot => "snapshot",
    }
}

/// How sure a finding is, as the answer to "how sure?".
pub(crate) const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "not very: it follows from a name or a default",
        Confidence::Medium => "fairly: it rests on an assumption that the evidence names",
        Confidence::High => "very: it follows from what was read",
    }
}

/// Whether a place needs the name of its cluster or host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// There is only one: its name would be noise.
    OneEstate,
    /// There are several.
    Several,
}

impl Naming {
    pub(crate) fn of(estate: &EstateSummary) -> Self {
        if estate.clusters.len() + estate.docker_hosts.len() <= 1 {
            Self::OneEstate
        } else {
            Self::Several
        }
    }

    /// A cluster, host or namespace as a place: `prod/shop`.
    pub(crate) fn place(self, estate: &str, namespace: &str) -> String {
        match self {
            _ if namespace.is_empty() => estate.to_owned(),
            Self::OneEstate => namespace.to_owned(),
            Self::Several => format!("{estate}/{namespace}"),
        }
    }
}

/// Words that sentences of checks start with, other than names.
const OPENERS: [&str; 16] = [
    "a",
    "an",
    "any",
    "anybody",
    "each",
    "environment",
    "every",
    "everybody",
    "group",
    "no",
    "pods",
    "requests",
    "service",
    "the",
    "user",
    "workloads",
];

/// A finding's title as a sentence: a capital letter in front, unless a name stands there.
pub(crate) fn title(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if OPENERS.contains(&first) {
        sentence(text)
    } else {
        text.to_owned()
    }
}

/// Our own words as a sentence: a capital letter in front, unless they start with a name.
pub(crate) fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.chars().all(|letter| letter.is_ascii_lowercase());
    let mut letters = text.chars();
    match letters.next() {
        Some(letter) if is_word => format!("{}{}", letter.to_ascii_uppercase(), letters.as_str()),
        _ => text.to_owned(),
    }
}

/// A severity as a heading.
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFO",
    }
}

/// The resources of a rule as kubectl writes them: `pods`, `deployments.apps`, `*.*`.
pub(crate) fn rule_resources(rule: &PolicyRule) -> Vec<String> {
    let mut names = Vec::new();
    for resource in &rule.resources {
        for group in &rule.api_groups {
            names.push(match (group.as_str(), resource.split_once('/')) {
                ("", _) => resource.clone(),
                (group, None) => format!("{resource}.{group}"),
                (group, Some((resource, subresource))) => {
                    format!("{resource}.{group}/{subresource}")
                }
            });
        }
    }
    names
}

/// A share in whole percent, never rounded to nothing and never up to everything.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    match percent {
        0 if part > 0 => "<1%".to_owned(),
        percent => format!("{percent}%"),
    }
}

/// Whether something that the checks need was not read: a gap says so, or a mitigation that nobody can
/// judge.
pub(crate) fn lacks_facts(report: &ScanReport) -> bool {
    let is_unknown = |summary: &MitigationSummary| {
        summary.is_incomplete
            || (summary.states.iter()).any(|state| state.presence == Presence::Unknown)
    };
    report.gaps.iter().any(Gap::withholds) || report.mitigations.iter().any(is_unknown)
}

/// `M1030 is missing`, where a mitigation is, whether or not a finding says so; `None` where none is.
pub(crate) fn missing_mitigations(report: &ScanReport) -> Option<String> {
    let missing: Vec<&str> = report
        .mitigations
        .iter()
        .filter(|summary| !summary.missing_in.is_empty())
        .map(|summary| summary.mitigation.id())
        .collect();
    let verb = if missing.len() > 1 { "are" } else { "is" };
    (!missing.is_empty()).then(|| format!("{} {verb} missing", missing.join(" and ")))
}
