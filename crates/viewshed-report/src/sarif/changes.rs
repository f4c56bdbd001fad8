//! Gains of sight as SARIF results, so that a pull request shows them at the line of their binding.
//!
//! What was lost is no alert and stands in no result; how much it is, a notification says.

use std::collections::BTreeMap;

use serde::Serialize;
use viewshed_model::{DiffReport, Severity, SightChange};

use super::location::Location;
use super::{
    Configuration, Help, Notification, RESULTS_MAX, ResultEntry, Rule, Text, digest, level, log,
    message, notifications, plain, properties,
};
use crate::json;
use crate::wording::{count, through};

const RULE: &str = "sight-gained";
const SEVERITY: Severity = Severity::Medium;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeProperties<'a> {
    subject: String,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    through: String,
}

/// The SARIF log of a diff.
pub(crate) fn changes(report: &DiffReport) -> String {
    let gained: Vec<&SightChange> = report
        .changes
        .iter()
        .filter(|change| change.gained)
        .collect();
    let lost = report.changes.len() - gained.len();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let results = gained.iter().take(RESULTS_MAX).map(|change| {
        let print = fingerprint(change);
        let times = seen.entry(print.clone()).or_insert(0);
        *times += 1;
        result(change, format!("{print}:{times}"))
    });
    let results = results.collect();
    let mut notifications = notifications(&report.gaps, gained.len(), "gains");
    if lost > 0 {
        notifications.push(Notification {
            level: "note",
            message: plain(&format!(
                "{} of sight between {} and {}",
                count(lost as u64, "loss", "losses"),
                report.before,
                report.after
            )),
        });
    }
    json::pretty(&log(("", ""), vec![rule()], notifications, results))
}

fn rule() -> Rule<'static> {
    let title = "An identity can discover more than before";
    Rule {
        id: RULE,
        short_description: plain(title),
        full_description: plain(title),
        help: Help {
            text: format!(
                "{title}. When that is not meant, narrow the binding or its role; `viewshed who` tells \
                 who else holds it."
            ),
            markdown: "",
        },
        default_configuration: Configuration {
            level: level(SEVERITY),
        },
        properties: properties(SEVERITY, &["T1613".to_owned()], None),
    }
}

fn result(change: &SightChange, print: String) -> ResultEntry<'_, ChangeProperties<'_>> {
    let place = change
        .namespace
        .as_ref()
        .map_or_else(|| "everywhere".to_owned(), |name| format!("in {name}"));
    let path = through(&change.evidence);
    let text = format!(
        "{} can now {} {place}, through {path}.",
        change.subject, change.what
    );
    let namespace = change.namespace.as_deref();
    let subject = change.subject.to_string();
    ResultEntry {
        rule_id: RULE,
        rule_index: 0,
        level: level(SEVERITY),
        message: Text {
            text: message(&text),
        },
        locations: [Location::at(
            change.position.as_ref(),
            ["diff", namespace.unwrap_or("cluster"), &subject],
            "resource",
        )],
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", print.clone()),
            ("viewshedChange/v1", print),
        ]),
        properties: ChangeProperties {
            subject,
            what: &change.what,
            namespace,
            through: path,
        },
    }
}

/// Who gained what where; not through which grant, so that a renamed binding is no new alert.
fn fingerprint(change: &SightChange) -> String {
    let subject = change.subject.to_string();
    let namespace = change.namespace.as_deref().unwrap_or_default();
    digest([subject.as_str(), &change.what, namespace])
}
