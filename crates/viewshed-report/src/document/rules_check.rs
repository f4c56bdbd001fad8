//! The document of `viewshed rules check`.

use serde::Serialize;
use viewshed_model::{Gap, RuleVerdict, RulesCheck};

/// Every rule with its verdict.
#[derive(Debug, Serialize)]
pub(crate) struct RulesCheckDocument<'a> {
    basis: &'a str,
    /// Rules that can never fire.
    never: u64,
    rules: Vec<RuleVerdictDocument<'a>>,
    gaps: &'a [Gap],
}

/// One rule.
#[derive(Debug, Serialize)]
pub(crate) struct RuleVerdictDocument<'a> {
    rule: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'a str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    can_fire: bool,
    reasons: &'a [String],
    remarks: &'a [String],
    read_as: Vec<ReadAsDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct ReadAsDocument<'a> {
    written: &'a str,
    read_as: &'a str,
}

impl<'a> RulesCheckDocument<'a> {
    pub(crate) fn of(report: &'a RulesCheck) -> Self {
        Self {
            basis: &report.basis,
            never: report.rules.iter().filter(|rule| !rule.can_fire).count() as u64,
            rules: report.rules.iter().map(RuleVerdictDocument::of).collect(),
            gaps: &report.gaps,
        }
    }
}

impl<'a> RuleVerdictDocument<'a> {
    pub(crate) fn of(verdict: &'a RuleVerdict) -> Self {
        let read_as = verdict.read_as.iter();
        Self {
            rule: &verdict.rule,
            language: &verdict.language,
            file: &verdict.file,
            line: verdict.line,
            can_fire: verdict.can_fire,
            reasons: &verdict.reasons,
            remarks: &verdict.remarks,
            read_as: read_as
                .map(|(written, read_as)| ReadAsDocument { written, read_as })
                .collect(),
        }
    }
}
