//! The document of `viewshed scan`.

use std::collections::BTreeMap;

use serde::Serialize;
use viewshed_model::{
    Confidence, EstateSummary, Finding, Gap, MissingPlace, Mitigation, MitigationState, Position,
    ScanReport, Severity,
};

use super::{ChainDocument, PivotsDocument, RankRowDocument, SubjectDocument};
use crate::sarif::fingerprint;

/// The whole scan.
#[derive(Debug, Serialize)]
pub(crate) struct ScanDocument<'a> {
    generated_at: &'a str,
    program_version: &'a str,
    estate: &'a EstateSummary,
    /// Findings per severity, and together as `total`.
    counts: BTreeMap<String, u64>,
    checks: Vec<CheckDocument<'a>>,
    mitigations: Vec<MitigationDocument<'a>>,
    findings: Vec<FindingDocument<'a>>,
    ranks: Vec<RankRowDocument<'a>>,
    totals: BTreeMap<&'a str, u64>,
    /// What the workloads lead to; left out where it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pivots: Vec<PivotsDocument<'a>>,
    gaps: &'a [Gap],
}

#[derive(Debug, Serialize)]
struct CheckDocument<'a> {
    name: &'a str,
    title: &'a str,
    mitigation: Mitigation,
    severity: Severity,
}

#[derive(Debug, Serialize)]
struct MitigationDocument<'a> {
    mitigation: Mitigation,
    title: &'static str,
    findings: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst: Option<Severity>,
    missing_in: &'a [MissingPlace],
    checks: &'a [String],
    is_incomplete: bool,
    states: &'a [MitigationState],
}

/// One finding.
#[derive(Debug, Serialize)]
pub(crate) struct FindingDocument<'a> {
    check: &'a str,
    fingerprint: String,
    severity: Severity,
    confidence: Confidence,
    mitigation: Mitigation,
    title: &'a str,
    estate: &'a str,
    object: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    subjects: Vec<SubjectDocument<'a>>,
    exposed_count: u64,
    evidence: ChainDocument<'a>,
    fix: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reproduce: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a Position>,
}

impl<'a> FindingDocument<'a> {
    pub(crate) fn of(finding: &'a Finding) -> Self {
        Self {
            check: &finding.check,
            fingerprint: fingerprint(finding),
            severity: finding.severity,
            confidence: finding.confidence,
            mitigation: finding.mitigation,
            title: &finding.title,
            estate: &finding.estate,
            object: &finding.object,
            namespace: &finding.namespace,
            subjects: finding.subjects.iter().map(SubjectDocument::of).collect(),
            exposed_count: finding.exposed_count,
            evidence: ChainDocument::of(&finding.evidence),
            fix: &finding.fix,
            reproduce: &finding.reproduce,
            location: finding.location.as_ref(),
        }
    }
}

impl<'a> ScanDocument<'a> {
    pub(crate) fn of(report: &'a ScanReport) -> Self {
        let mut counts = BTreeMap::from([("total".to_owned(), report.findings.len() as u64)]);
        for severity in Severity::ALL {
            let matching = report
                .findings
                .iter()
                .filter(|finding| finding.severity == severity);
            counts.insert(severity.to_string(), matching.count() as u64);
        }
        let checks = report.checks.iter().map(|page| CheckDocument {
            name: &page.name,
            title: &page.title,
            mitigation: page.mitigation,
            severity: page.severity,
        });
        let mitigations = report.mitigations.iter().map(|summary| MitigationDocument {
            mitigation: summary.mitigation,
            title: summary.mitigation.title(),
            findings: summary.findings,
            worst: summary.worst,
            missing_in: &summary.missing_in,
            checks: &summary.checks,
            is_incomplete: summary.is_incomplete,
            states: &summary.states,
        });
        Self {
            generated_at: &report.generated_at,
            program_version: &report.program_version,
            estate: &report.estate,
            counts,
            checks: checks.collect(),
            mitigations: mitigations.collect(),
            findings: report.findings.iter().map(FindingDocument::of).collect(),
            ranks: report.ranks.iter().map(RankRowDocument::of).collect(),
            totals: report
                .totals
                .iter()
                .map(|(name, total)| (name.as_str(), *total))
                .collect(),
            pivots: report.pivots.iter().map(PivotsDocument::of).collect(),
            gaps: &report.gaps,
        }
    }
}
