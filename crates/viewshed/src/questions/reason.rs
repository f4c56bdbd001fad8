//! The words of answers: reasons as kube-apiserver writes them, differences and the summary.

use std::error::Error;

use serde_json::json;
use viewshed_decode::questions::QuestionError;
use viewshed_model::{AuditedRequest, Evidence, MissingFact, Subject, SubjectKind};

use super::Summary;
use crate::cli::Format;

/// `status.reason` of an allowed review, as `plugin/pkg/auth/authorizer/rbac` and
/// `pkg/registry/rbac/validation/rule.go` write it. The Node authorizer and `system:masters` give none.
pub(super) fn allowed(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Grant {
            binding_namespace,
            binding,
            role,
            rule: _,
            subject,
        } => {
            let binding = match binding_namespace {
                Some(namespace) => {
                    format!("RoleBinding {}", quoted(&format!("{binding}/{namespace}")))
                }
                None => format!("ClusterRoleBinding {}", quoted(binding)),
            };
            format!(
                "RBAC: allowed by {binding} of {} {} to {}",
                role.kind,
                quoted(&role.name),
                described(subject, binding_namespace.as_deref().unwrap_or_default())
            )
        }
        Evidence::SystemMasters | Evidence::NodeAuthorizer(_) | Evidence::AlwaysAllow => {
            String::new()
        }
        Evidence::Fixed(text) | Evidence::Server(text) => text.clone(),
    }
}

fn described(subject: &Subject, binding_namespace: &str) -> String {
    match &subject.kind {
        SubjectKind::ServiceAccount => {
            let namespace = subject
                .namespace
                .as_deref()
                .filter(|namespace| !namespace.is_empty());
            let namespace = namespace.unwrap_or(binding_namespace);
            format!(
                "ServiceAccount {}",
                quoted(&format!("{}/{namespace}", subject.name))
            )
        }
        SubjectKind::User => format!("User {}", quoted(&subject.name)),
        SubjectKind::Group => format!("Group {}", quoted(&subject.name)),
        SubjectKind::Other(kind) => format!("{kind} {}", quoted(&subject.name)),
    }
}

/// Go's `%q` for the names that Kubernetes allows; JSON quotes the rest the same way.
fn quoted(text: &str) -> String {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    {
        format!("\"{text}\"")
    } else {
        json!(text).to_string()
    }
}

/// `status.evaluationError` where the estate cannot decide.
pub(super) fn depends_on(facts: &[MissingFact]) -> String {
    let facts: Vec<&str> = facts.iter().map(|fact| fact.fact.as_str()).collect();
    format!("depends on {}", facts.join(" and on "))
}

/// Why a line is no question.
pub(super) fn refusal(number: u64, error: &QuestionError) -> String {
    let cause = error
        .source()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    viewshed_report::clean(&format!("line {number}: {error}{cause}")).into_owned()
}

/// A recorded decision that comes out differently.
pub(super) struct Difference<'a> {
    pub(super) number: u64,
    pub(super) event: &'a AuditedRequest,
    pub(super) recorded: bool,
    pub(super) computed: &'a (bool, String),
}

const fn word(allowed: bool) -> &'static str {
    if allowed { "allow" } else { "forbid" }
}

impl Difference<'_> {
    pub(super) fn write(&self, format: Format, out: &mut Vec<u8>) {
        let event = self.event;
        let user = event.impersonated.as_ref().unwrap_or(&event.user);
        let (allowed, why) = self.computed;
        let text = if is_json(format) {
            json!({
                "kind": "Difference", "line": self.number, "auditID": event.audit_id, "user": user.user,
                "groups": user.groups, "verb": event.verb, "requestURI": event.request_uri,
                "recorded": word(self.recorded), "recordedReason": event.reason,
                "computed": word(*allowed), "computedReason": why,
            })
            .to_string()
        } else {
            let text = format!(
                "line {}: {} {} by {}: recorded {} ({}), computed {} ({why}), audit id {}",
                self.number,
                event.verb,
                event.request_uri,
                user.user,
                word(self.recorded),
                event.reason,
                word(*allowed),
                event.audit_id
            );
            viewshed_report::clean(&text).into_owned()
        };
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}

const fn is_json(format: Format) -> bool {
    matches!(format, Format::Json | Format::Jsonl)
}

/// The last line or lines: how many recorded decisions were decided anew, and how many came out differently.
pub(super) fn write_summary(summary: &Summary, format: Format, out: &mut Vec<u8>) {
    let text = if is_json(format) {
        json!({
            "kind": "Summary", "compared": summary.compared, "different": summary.different,
            "undecided": summary.undecided, "skipped": summary.skipped, "unreadable": summary.unreadable,
        })
        .to_string()
    } else {
        let mut lines = vec![format!(
            "{} recorded decisions decided anew: {} differ, {} depend on missing facts",
            summary.compared, summary.different, summary.undecided
        )];
        for (why, count) in &summary.skipped {
            lines.push(format!("{count} events skipped: {why}"));
        }
        if summary.unreadable > 0 {
            lines.push(format!("{} lines are no questions", summary.unreadable));
        }
        lines.join("\n")
    };
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}
