//! LEAVES: SARIF 2.1.0 of a scan, a diff or a watch, for code scanning services and editors.
//!
//! Own structs: about a dozen of the standard's several hundred properties are used, and the crates that
//! model all of them bring a builder and a code generator along. What the standard (OASIS SARIF 2.1.0,
//! sections named below) and GitHub's "SARIF support for code scanning" demand is held by tests.

mod changes;
mod incidents;
mod location;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};
use viewshed_model::{CheckPage, Finding, Gap, Mitigation, ScanReport, Severity};

use crate::clean::clean;
use crate::json;
use crate::lines::put;
use crate::wording::{gap_reason, thousands, times};
pub(crate) use changes::changes;
pub use incidents::incidents;
use location::Location;

/// Results in one run; GitHub refuses a file with more. The rest is counted in a notification.
const RESULTS_MAX: usize = 25_000;
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a, P> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a, P>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a, P> {
    tool: Tool<'a>,
    column_kind: &'static str,
    invocations: [Invocation<'a>; 1],
    results: Vec<ResultEntry<'a, P>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    semantic_version: &'a str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Text,
    full_description: Text,
    help: Help<'a>,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help<'a> {
    text: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    markdown: &'a str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    /// GitHub reads a number in a string: over 9.0 is critical, 7.0 high, 4.0 medium, less low.
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
    precision: &'static str,
    tags: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    end_time_utc: &'a str,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultEntry<'a, P> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    properties: P,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultProperties<'a> {
    severity: Severity,
    confidence: viewshed_model::Confidence,
    mitigation: Mitigation,
    exposed_count: u64,
    evidence: Vec<&'a str>,
    fix: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reproduce: &'a str,
}

/// The SARIF log of a scan: one run, one result per finding, one rule per check, gaps as notifications.
pub fn sarif(report: &ScanReport) -> String {
    let rules = rules(report);
    let index: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.id, index))
        .collect();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let results = report.findings.iter().take(RESULTS_MAX).map(|finding| {
        let print = fingerprint(finding);
        let times = seen.entry(print.clone()).or_insert(0);
        *times += 1;
        let rule_index = index
            .get(finding.check.as_str())
            .copied()
            .unwrap_or_default();
        result(finding, rule_index, format!("{print}:{times}"))
    });
    let results = results.collect();
    let notifications = notifications(&report.gaps, report.findings.len(), "findings");
    let made = (
        report.program_version.as_str(),
        report.generated_at.as_str(),
    );
    json::pretty(&log(made, rules, notifications, results))
}

/// The frame that every run has; `made` is the program's version and the time of the report.
fn log<'a, P>(
    (version, generated_at): (&'a str, &'a str),
    rules: Vec<Rule<'a>>,
    notifications: Vec<Notification>,
    results: Vec<ResultEntry<'a, P>>,
) -> Log<'a, P> {
    Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "Viewshed",
                    semantic_version: version,
                    rules,
                },
            },
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: true,
                end_time_utc: generated_at,
                tool_execution_notifications: notifications,
            }],
            results,
        }],
    }
}

/// The rules: every check that ran, and, should a finding name another, that one too.
fn rules(report: &ScanReport) -> Vec<Rule<'_>> {
    let mut rules: BTreeMap<&str, Rule<'_>> = report
        .checks
        .iter()
        .map(|page| (page.name.as_str(), rule(page)))
        .collect();
    for finding in &report.findings {
        rules.entry(&finding.check).or_insert_with(|| Rule {
            id: &finding.check,
            short_description: plain(&finding.check),
            full_description: plain(&finding.check),
            help: Help {
                text: message(&finding.fix),
                markdown: "",
            },
            default_configuration: Configuration {
                level: level(finding.severity),
            },
            properties: mitigated(finding.severity, finding.mitigation),
        });
    }
    rules.into_values().collect()
}

fn rule(page: &CheckPage) -> Rule<'_> {
    Rule {
        id: &page.name,
        short_description: plain(&page.title),
        full_description: plain(&page.title),
        help: Help {
            text: format!(
                "{}. Closed by mitigation {} {}.",
                message(&page.title),
                page.mitigation.id(),
                page.mitigation.title()
            ),
            markdown: &page.markdown,
        },
        default_configuration: Configuration {
            level: level(page.severity),
        },
        properties: mitigated(page.severity, page.mitigation),
    }
}

fn mitigated(severity: Severity, mitigation: Mitigation) -> RuleProperties {
    let mitigation = format!("mitigation.{}", mitigation.id().to_lowercase());
    properties(severity, &["T1613".to_owned()], Some(mitigation))
}

fn properties(
    severity: Severity,
    techniques: &[String],
    mitigation: Option<String>,
) -> RuleProperties {
    let mut tags = vec!["security".to_owned()];
    tags.extend(
        techniques
            .iter()
            .map(|technique| format!("attack.{}", technique.to_lowercase())),
    );
    tags.extend(mitigation);
    RuleProperties {
        security_severity: match severity {
            Severity::Critical => "9.5",
            Severity::High => "8.0",
            Severity::Medium => "5.5",
            Severity::Low => "3.0",
            Severity::Info => "1.0",
        },
        precision: "high",
        tags,
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn result(
    finding: &Finding,
    rule_index: usize,
    print: String,
) -> ResultEntry<'_, ResultProperties<'_>> {
    let mut text = format!("{}.", message(finding.title.trim_end_matches('.')));
    if !finding.fix.is_empty() {
        text = format!("{text} Fix: {}", message(&finding.fix));
    }
    ResultEntry {
        rule_id: &finding.check,
        rule_index,
        level: level(finding.severity),
        message: Text { text },
        locations: [Location::of(finding)],
        // GitHub compares this one; "hash:occurrence" is the form its own action writes.
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", print.clone()),
            ("viewshedFinding/v1", print),
        ]),
        properties: ResultProperties {
            severity: finding.severity,
            confidence: finding.confidence,
            mitigation: finding.mitigation,
            exposed_count: finding.exposed_count,
            evidence: finding
                .evidence
                .links
                .iter()
                .map(|link| link.text.as_str())
                .collect(),
            fix: &finding.fix,
            reproduce: &finding.reproduce,
        },
    }
}

/// Gaps, and how many of all results were left out.
fn notifications(gaps: &[Gap], all: usize, of_what: &str) -> Vec<Notification> {
    let mut notifications: Vec<Notification> = gaps.iter().map(notification).collect();
    if let Some(cut) = all.checked_sub(RESULTS_MAX).filter(|cut| *cut > 0) {
        notifications.push(Notification {
            level: "error",
            message: Text {
                text: format!(
                    "{} more {of_what} are left out: a code scanning service takes {} at most",
                    thousands(cut as u64),
                    thousands(RESULTS_MAX as u64)
                ),
            },
        });
    }
    notifications
}

fn notification(gap: &Gap) -> Notification {
    let mut text = format!("{}: {}: {}", gap.source, gap.what, gap_reason(gap.reason));
    if !gap.detail.is_empty() {
        text = format!("{text}: {}", gap.detail);
    }
    if !gap.hint.is_empty() {
        text = format!("{text}. Next: {}", gap.hint);
    }
    if let Some(times) = times(gap) {
        text = format!("{text} ({times})");
    }
    Notification {
        level: "warning",
        message: plain(&text),
    }
}

fn plain(text: &str) -> Text {
    Text {
        text: message(text),
    }
}

/// Text from the estate in a message: a name cannot become a link (section 3.11.6).
fn message(text: &str) -> String {
    clean(text).replace("](", "] (")
}

/// What stays the same about a finding from run to run, as 32 hexadecimal digits: check, object and
/// subjects, and the file or else the estate; not the line, counts or wording.
pub(crate) fn fingerprint(finding: &Finding) -> String {
    let place = match &finding.location {
        Some(location) => &location.file,
        None => &finding.estate,
    };
    let subjects: Vec<String> = finding.subjects.iter().map(ToString::to_string).collect();
    let object = [
        finding.check.as_str(),
        &finding.namespace,
        &finding.object,
        place,
    ];
    digest(
        object
            .into_iter()
            .chain(subjects.iter().map(String::as_str)),
    )
}

/// The parts, each with its length before it, as 32 hexadecimal digits.
fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            put(&mut text, &format!("{byte:02x}"));
            text
        })
}
