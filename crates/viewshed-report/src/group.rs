//! Findings put together for reading: worst severity first, and within it by check.

use viewshed_model::{Finding, Severity};

/// Findings of one severity and one check, in the order of the report's list.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) severity: Severity,
    pub(crate) check: &'a str,
    /// Never empty.
    pub(crate) findings: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    /// The groups of a list of findings; within a severity, in order of first appearance.
    pub(crate) fn all(findings: &'a [Finding]) -> Vec<Self> {
        let mut sorted: Vec<&Finding> = findings.iter().collect();
        sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let mut groups: Vec<Self> = Vec::new();
        for finding in sorted {
            let same = groups
                .iter_mut()
                .find(|group| group.severity == finding.severity && group.check == finding.check);
            match same {
                Some(group) => group.findings.push(finding),
                None => groups.push(Self {
                    severity: finding.severity,
                    check: &finding.check,
                    findings: vec![finding],
                }),
            }
        }
        groups
    }

    /// The fix, when several findings all have the same one.
    pub(crate) fn shared_fix(&self) -> Option<&'a str> {
        let first = self.findings.first()?;
        let is_shared =
            self.findings.len() > 1 && self.findings.iter().all(|finding| finding.fix == first.fix);
        (is_shared && !first.fix.is_empty()).then_some(first.fix.as_str())
    }
}
