//! Keeps the findings of one check readable in a huge estate: the worst stay, the rest is counted.

use std::collections::BTreeSet;

use viewshed_model::Finding;

use super::{count, list};
use crate::checks::{Check, worst_first};

/// The worst findings of `check`, and one that counts and names the rest.
pub(in crate::checks) fn fold(check: &Check, mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(worst_first);
    findings.dedup();
    if findings.len() <= check.findings_max {
        return findings;
    }
    let rest = findings.split_off(check.findings_max.saturating_sub(1));
    findings.extend(sum_of(check, rest));
    findings
}

/// One finding that stands for many of the same check.
fn sum_of(check: &Check, rest: Vec<Finding>) -> Option<Finding> {
    let number = rest.len();
    let exposed_count = rest.iter().map(|finding| finding.exposed_count).sum();
    let objects: Vec<String> = rest
        .iter()
        .map(|finding| match finding.namespace.as_str() {
            "" => finding.object.clone(),
            namespace => format!("{} in {namespace}", finding.object),
        })
        .collect();
    let namespaces: BTreeSet<&str> = rest.iter().map(|finding| &*finding.namespace).collect();
    let spread = match namespaces.len() {
        0 | 1 => String::new(),
        many => format!(" in {}", count(many, "namespace")),
    };
    let evidence = format!("the same was found of {}", list(&objects));
    let mut sum = rest.into_iter().next()?;
    sum.title = format!("{number} more of the same{spread}: {}", check.title);
    sum.object = format!("{number} objects");
    sum.namespace = String::new();
    sum.subjects = Vec::new();
    sum.exposed_count = exposed_count;
    sum.evidence = super::links([evidence]);
    sum.location = None;
    Some(sum)
}
