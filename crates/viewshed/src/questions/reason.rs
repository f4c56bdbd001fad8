//! The words of answers: reasons as kube-apiserver writes them, differences and the summary.

use std::error::Error;

use serde_json::json;
use viewshed_analyze::rbac::Grant;
use viewshed_decode::questions::QuestionError;
use viewshed_model::{AuditedRequest, Evidence, MissingFact, RoleReference, Subject, SubjectKind};
use viewshed_report::SCHEMA_VERSION;

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
            let mut text = String::new();
            let binding = (binding_namespace.as_deref(), binding.as_str());
            push_reason(&mut text, binding, role, subject);
            text
        }
        Evidence::SystemMasters | Evidence::NodeAuthorizer(_) | Evidence::AlwaysAllow => {
            String::new()
        }
        Evidence::Fixed(text) | Evidence::Server(text) => text.clone(),
    }
}

/// The same for a grant.
pub(super) fn granted(grant: &Grant<'_>) -> String {
    let mut text = String::new();
    let binding = (grant.namespace(), grant.binding.meta.name.as_str());
    push_reason(&mut text, binding, &grant.binding.role, grant.subject);
    text
}

fn push_reason(
    text: &mut String,
    (namespace, binding): (Option<&str>, &str),
    role: &RoleReference,
    subject: &Subject,
) {
    text.push_str("RBAC: allowed by ");
    match namespace {
        Some(namespace) => {
            text.push_str("RoleBinding ");
            push_quoted(text, &[binding, "/", namespace]);
        }
        None => {
            text.push_str("ClusterRoleBinding ");
            push_quoted(text, &[binding]);
        }
    }
    text.push_str(" of ");
    text.push_str(&role.kind);
    text.push(' ');
    push_quoted(text, &[&role.name]);
    text.push_str(" to ");
    push_subject(text, subject, namespace);
}

fn push_subject(text: &mut String, subject: &Subject, binding_namespace: Option<&str>) {
    let kind = match &subject.kind {
        SubjectKind::ServiceAccount => "ServiceAccount",
        SubjectKind::User => "User",
        SubjectKind::Group => "Group",
        SubjectKind::Other(kind) => kind,
    };
    text.push_str(kind);
    text.push(' ');
    if subject.kind == SubjectKind::ServiceAccount {
        let own = subject.namespace.as_deref().filter(|own| !own.is_empty());
        let namespace = own.or(binding_namespace).unwrap_or_default();
        push_quoted(text, &[&subject.name, "/", namespace]);
    } else {
        push_quoted(text, &[&subject.name]);
    }
}

/// Go's `%q` for the names that Kubernetes allows; JSON quotes the rest the same way.
fn push_quoted(text: &mut String, parts: &[&str]) {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if parts.iter().all(|part| part.bytes().all(is_plain)) {
        text.push('"');
        for part in parts {
            text.push_str(part);
        }
        text.push('"');
    } else {
        text.push_str(&json!(parts.concat()).to_string());
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
                "schema_version": SCHEMA_VERSION, "kind": "Difference", "line": self.number, "auditID": event.audit_id, "user": user.user,
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
            "schema_version": SCHEMA_VERSION, "kind": "Summary", "compared": summary.compared, "different": summary.different,
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
