//! The documents of `viewshed watch` (as a whole), `viewshed coverage` and `viewshed baseline show`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use viewshed_model::{
    BaselineHolder, BaselineRow, CoverageReport, CoverageRow, CoveredSource, Gap, NearMiss,
    RuleTally, Severity, SkipReason, Skips, Surface, Visibility, WatchReport,
};

use super::IncidentDocument;

/// The whole report of a watch.
#[derive(Debug, Serialize)]
pub(crate) struct WatchDocument<'a> {
    #[serde(flatten)]
    summary: WatchSummary<'a>,
    incidents: Vec<IncidentDocument<'a>>,
}

/// Everything in it but the incidents.
#[derive(Debug, Serialize)]
pub(crate) struct WatchSummary<'a> {
    generated_at: &'a str,
    program_version: &'a str,
    event_count: u64,
    /// Incidents per severity, and together as `total`.
    counts: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<NearMissDocument<'a>>,
    /// Identities of the allow list, with how many of their events would have counted.
    let_through: &'a BTreeMap<String, u64>,
    rules: Vec<RuleTallyDocument<'a>>,
    skipped: SkipsDocument<'a>,
    coverage: CoverageDocument<'a>,
    gaps: &'a [Gap],
}

/// What came nearest to an incident and is none.
#[derive(Debug, Serialize)]
struct NearMissDocument<'a> {
    actor: &'a str,
    points: u32,
    threshold: u32,
    detection: &'a str,
    reason: &'a str,
}

impl<'a> NearMissDocument<'a> {
    fn of(source: &'a NearMiss) -> Self {
        Self {
            actor: &source.actor,
            points: source.points,
            threshold: source.threshold,
            detection: &source.detection,
            reason: &source.reason,
        }
    }
}

/// A rule of the user that matched.
#[derive(Debug, Serialize)]
struct RuleTallyDocument<'a> {
    name: &'a str,
    language: &'a str,
    title: &'a str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    severity: Severity,
    techniques: &'a [String],
    count: u64,
}

impl<'a> WatchDocument<'a> {
    pub(crate) fn of(report: &'a WatchReport) -> Self {
        Self {
            summary: WatchSummary::of(report),
            incidents: report.incidents.iter().map(IncidentDocument::of).collect(),
        }
    }
}

impl<'a> WatchSummary<'a> {
    pub(crate) fn of(report: &'a WatchReport) -> Self {
        let mut counts: BTreeMap<String, u64> = Severity::ALL
            .into_iter()
            .map(|severity| (severity.to_string(), 0))
            .collect();
        for incident in &report.incidents {
            *counts.entry(incident.severity.to_string()).or_default() += 1;
        }
        counts.insert("total".to_owned(), report.incidents.len() as u64);
        Self {
            generated_at: &report.generated_at,
            program_version: &report.program_version,
            event_count: report.event_count,
            counts,
            nearest: report.nearest.as_ref().map(NearMissDocument::of),
            let_through: &report.let_through,
            rules: report.rules.iter().map(RuleTallyDocument::of).collect(),
            skipped: SkipsDocument::of(&report.skips),
            coverage: CoverageDocument::of(&report.coverage),
            gaps: &report.gaps,
        }
    }
}

impl<'a> RuleTallyDocument<'a> {
    fn of(tally: &'a RuleTally) -> Self {
        Self {
            name: &tally.name,
            language: &tally.language,
            title: &tally.title,
            file: &tally.file,
            line: tally.line,
            severity: tally.severity,
            techniques: &tally.techniques,
            count: tally.count,
        }
    }
}

/// Entries that were not judged.
#[derive(Debug, Serialize)]
struct SkipsDocument<'a> {
    total: u64,
    by_reason: &'a BTreeMap<SkipReason, u64>,
    first: &'a BTreeMap<SkipReason, String>,
}

impl<'a> SkipsDocument<'a> {
    fn of(skips: &'a Skips) -> Self {
        Self {
            total: skips.total(),
            by_reason: &skips.counts,
            first: &skips.first,
        }
    }
}

/// What the sources can show.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageDocument<'a> {
    sources: Vec<SourceDocument<'a>>,
    rows: Vec<CoverageRowDocument<'a>>,
    gaps: &'a [Gap],
}

#[derive(Debug, Serialize)]
struct SourceDocument<'a> {
    name: &'a str,
    format: &'a str,
    basis: &'a str,
    event_count: u64,
    skipped: SkipsDocument<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    fragment: &'a str,
}

/// One action in one source.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageRowDocument<'a> {
    action: &'a str,
    title: &'a str,
    surface: Surface,
    source: &'a str,
    visibility: Visibility,
    why: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    change: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    fragment: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cited: &'a str,
}

impl<'a> CoverageDocument<'a> {
    pub(crate) fn of(report: &'a CoverageReport) -> Self {
        Self {
            sources: report.sources.iter().map(SourceDocument::of).collect(),
            rows: report.rows.iter().map(CoverageRowDocument::of).collect(),
            gaps: &report.gaps,
        }
    }
}

impl<'a> SourceDocument<'a> {
    fn of(source: &'a CoveredSource) -> Self {
        Self {
            name: &source.name,
            format: &source.format,
            basis: &source.basis,
            event_count: source.event_count,
            skipped: SkipsDocument::of(&source.skips),
            fragment: &source.fragment,
        }
    }
}

impl<'a> CoverageRowDocument<'a> {
    pub(crate) fn of(row: &'a CoverageRow) -> Self {
        Self {
            action: &row.action,
            title: &row.title,
            surface: row.surface,
            source: &row.source,
            visibility: row.visibility,
            why: &row.why,
            change: &row.change,
            fragment: &row.fragment,
            cited: &row.cited,
        }
    }
}

/// What is usual.
#[derive(Debug, Serialize)]
pub(crate) struct BaselineDocument<'a> {
    rows: Vec<BaselineRowDocument<'a>>,
}

/// One habit.
#[derive(Debug, Serialize)]
pub(crate) struct BaselineRowDocument<'a> {
    holder: BaselineHolder,
    #[serde(skip_serializing_if = "str::is_empty")]
    cluster: &'a str,
    actor: &'a str,
    verb: &'a str,
    asked: &'a str,
    namespace: &'a str,
    outcome: &'a str,
    first_seen: Timestamp,
    last_seen: Timestamp,
    count: u64,
    days: u32,
    members: u32,
    is_suspect: bool,
}

impl<'a> BaselineDocument<'a> {
    pub(crate) fn of(rows: &'a [BaselineRow]) -> Self {
        Self {
            rows: rows.iter().map(BaselineRowDocument::of).collect(),
        }
    }
}

impl<'a> BaselineRowDocument<'a> {
    pub(crate) fn of(row: &'a BaselineRow) -> Self {
        Self {
            holder: row.holder,
            cluster: &row.cluster,
            actor: &row.actor,
            verb: &row.verb,
            asked: &row.kind,
            namespace: &row.namespace,
            outcome: &row.outcome,
            first_seen: row.first_seen,
            last_seen: row.last_seen,
            count: row.count,
            days: row.days,
            members: row.members,
            is_suspect: row.is_suspect,
        }
    }
}
