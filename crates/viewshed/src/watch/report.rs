//! What `watch` and `coverage` have to say at their end.

use std::path::Path;

use viewshed_decode::logs::LogFormat;
use viewshed_decode::policy::audit_policy;
use viewshed_detect::coverage::{KnownSource, LogKind, coverage};
use viewshed_detect::detections;
use viewshed_model::{
    AuditPolicy, DetectionPage, Gap, GapReason, LogProfile, RuleTally, SkipReason, Skips,
    WatchReport,
};

use super::rules::page;
use super::{Found, Reading, read_file};
use crate::outcome::Failure;
use crate::terminal;

/// The audit policy in a file.
///
/// # Errors
/// When it cannot be read or is no policy.
pub(crate) fn policy(path: Option<&Path>) -> Result<Option<AuditPolicy>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let file = audit_policy(&read_file(path)?).map_err(|error| {
        Failure::usage(
            format!("`{}` is no audit policy: {error}", path.display()),
            "give the file of kube-apiserver's --audit-policy-file",
        )
    })?;
    for problem in &file.problems {
        terminal::say(&format!("warning: `{}`: {problem}", path.display()));
    }
    Ok(Some(file.policy))
}

/// A source with its kind and what its log was seen to hold.
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) kind: LogKind,
    pub(crate) profile: LogProfile,
    pub(crate) skips: Skips,
}

/// The sources as coverage judges them.
pub(crate) fn known_sources<'a>(
    described: &'a [Described],
    policy: Option<&'a AuditPolicy>,
) -> Vec<KnownSource<'a>> {
    described
        .iter()
        .map(|source| KnownSource {
            name: &source.name,
            // The owner's word counts more than what the log looks like.
            kind: match (policy, source.kind) {
                (Some(_), LogKind::KubernetesAudit) => source.kind,
                (_, kind) => kind.told_by(&source.profile),
            },
            policy,
            profile: Some(&source.profile),
            daemon: None,
            skips: source.skips.clone(),
        })
        .collect()
}

/// Every source whose format is known.
pub(crate) fn described(reading: &Reading) -> Vec<Described> {
    reading
        .sources
        .iter()
        .filter_map(|(name, source)| {
            Some(Described {
                name: name.clone(),
                kind: kind(source.format?),
                profile: source.profile.profile(),
                skips: source.skips.clone(),
            })
        })
        .collect()
}

/// As far as the format tells; which of a service's logs it is shows in what it holds.
fn kind(format: LogFormat) -> LogKind {
    match format {
        LogFormat::KubernetesAudit | LogFormat::KubernetesEventList => LogKind::KubernetesAudit,
        LogFormat::Eks => LogKind::Eks,
        LogFormat::Gke => LogKind::GkeDataAccess,
        LogFormat::Aks => LogKind::AksKubeAudit,
        LogFormat::DockerEvents => LogKind::DockerEvents,
        LogFormat::DockerDaemon => LogKind::DockerDaemonLog,
        LogFormat::DockerAuthorization => LogKind::DockerAuthorization,
        LogFormat::Falco | LogFormat::Tetragon | LogFormat::Auditd => LogKind::ProcessEvents,
        LogFormat::CoreDns => LogKind::DnsQueries,
    }
}

pub(super) fn report(
    found: Found,
    reading: &Reading,
    policy: Option<&AuditPolicy>,
    rules: Vec<RuleTally>,
    mut gaps: Vec<Gap>,
) -> WatchReport {
    gaps.extend(unknown(reading));
    gaps.extend(found.gap());
    let described = described(reading);
    let mut incidents: Vec<_> = found.incidents.into_values().collect();
    incidents.sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
    WatchReport {
        generated_at: jiff::Timestamp::now()
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        event_count: reading.event_count,
        incidents,
        timelines: found.timelines,
        detections: detection_pages().chain(rules.iter().map(page)).collect(),
        rules,
        skips: reading.skips(),
        coverage: coverage(&known_sources(&described, policy), Vec::new()),
        gaps,
        ..WatchReport::default()
    }
}

/// Sources in which nothing was recognised.
pub(crate) fn unknown(reading: &Reading) -> impl Iterator<Item = Gap> {
    let unknown = reading
        .sources
        .iter()
        .filter(|(_, source)| source.format.is_none());
    unknown.map(|(name, _)| Gap {
        source: name.clone(),
        what: "recognise the format of this log".to_owned(),
        reason: GapReason::Unsupported,
        detail: String::new(),
        hint: "name it with --format".to_owned(),
        count: 1,
    })
}

/// Whether an answer made of logs is incomplete: the one meaning of exit code 4 for `watch`, `baseline`, `coverage`
/// and `rules check`. It is when something could not be read, nothing was recognised in a source, or entries of
/// the log's own kind were lost. Entries of another kind (health texts, control messages) and those that were
/// read before are counted and told, but nothing is missing without them.
pub(crate) fn is_partial(skips: &Skips, gaps: &[Gap]) -> bool {
    let lost = skips.counts.keys().any(|reason| match reason {
        SkipReason::Malformed
        | SkipReason::Truncated
        | SkipReason::TooLong
        | SkipReason::BadTime => true,
        SkipReason::OtherKind | SkipReason::Duplicate => false,
    });
    lost || !gaps.is_empty()
}

/// The pages of the built-in detections.
pub(crate) fn detection_pages() -> impl Iterator<Item = DetectionPage> {
    detections::ALL.iter().map(|detection| DetectionPage {
        name: detection.name.to_owned(),
        title: detection.title.to_owned(),
        techniques: detection
            .techniques
            .iter()
            .map(|id| (*id).to_owned())
            .collect(),
        markdown: detection.page.to_owned(),
    })
}
