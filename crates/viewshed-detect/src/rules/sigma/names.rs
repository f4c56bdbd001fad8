//! Under which names Sigma rules may ask for the parts of an audit event.
//!
//! Native names are those of `audit.k8s.io/v1` (kubernetes/apiserver, pkg/apis/audit/v1/types.go). Public
//! rules also use names of the Elastic pipeline (pySigma-backend-elasticsearch, `kubernetes.py`) and of ECS,
//! which no native event has: they are read as what they stand for there, and `rules check` tells so.

use rsigma_parser::{CorrelationCondition, CorrelationRule, Detection, DetectionItem, SigmaRule};
use rsigma_parser::{SigmaString, SigmaValue};

use super::super::outline::Rewrite;

/// What the annotation of the authorizer's decision is called.
pub(super) const DECISION: &str = "annotations.authorization.k8s.io/decision";

/// Foreign names and what they are read as. The four without a dot on the right are facts of a pod's spec
/// that stand in several lists: all containers, all volumes.
const ALIASES: [(&str, &str); 31] = [
    ("apiGroup", "objectRef.apiGroup"),
    ("resource", "objectRef.resource"),
    ("subresource", "objectRef.subresource"),
    ("namespace", "objectRef.namespace"),
    ("name", "objectRef.name"),
    ("username", "user.username"),
    ("user.name", "user.username"),
    ("user.id", "user.uid"),
    ("groups", "user.groups"),
    ("hostPath", "hostPath"),
    ("capabilities", "capabilities"),
    ("privileged", "privileged"),
    ("image", "image"),
    ("container.image.name", "image"),
    ("hostNetwork", "requestObject.spec.hostNetwork"),
    ("hostPID", "requestObject.spec.hostPID"),
    ("hostIPC", "requestObject.spec.hostIPC"),
    (
        "serviceAccountName",
        "requestObject.spec.serviceAccountName",
    ),
    ("sourceIP", "sourceIPs"),
    ("sourceIp", "sourceIPs"),
    ("sourceIPAddress", "sourceIPs"),
    ("src_ip", "sourceIPs"),
    ("source.ip", "sourceIPs"),
    ("client.ip", "sourceIPs"),
    ("user_agent", "userAgent"),
    ("user_agent.original", "userAgent"),
    ("event.action", "verb"),
    ("requestUri", "requestURI"),
    ("auditId", "auditID"),
    ("annotations.authorization_k8s_io/decision", DECISION),
    ("decision", DECISION),
];

/// What Elastic's integration puts before every field of the event.
const PREFIX: &str = "kubernetes.audit.";

/// Reads foreign names and values of a rule as native ones; tells which.
pub(super) fn nativize_rule(rule: &mut SigmaRule) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    #[expect(
        clippy::iter_over_hash_type,
        reason = "each is changed alone, and what was changed is sorted"
    )]
    for detection in rule.detection.named.values_mut() {
        nativize(detection, &mut rewrites);
    }
    rewrites.sort();
    rewrites.dedup();
    rewrites
}

/// The same for what a correlation groups by and counts.
pub(super) fn nativize_correlation(rule: &mut CorrelationRule) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    let is_alias = |name: &str| rule.aliases.iter().any(|alias| alias.alias == name);
    for field in &mut rule.group_by {
        if !is_alias(field) {
            rename(field, &mut rewrites);
        }
    }
    for alias in &mut rule.aliases {
        #[expect(
            clippy::iter_over_hash_type,
            reason = "each is changed alone, and what was changed is sorted"
        )]
        for field in alias.mapping.values_mut() {
            rename(field, &mut rewrites);
        }
    }
    if let CorrelationCondition::Threshold {
        field: Some(fields),
        ..
    } = &mut rule.condition
    {
        for field in fields {
            rename(field, &mut rewrites);
        }
    }
    rewrites.sort();
    rewrites.dedup();
    rewrites
}

pub(super) fn nativize(detection: &mut Detection, rewrites: &mut Vec<Rewrite>) {
    match detection {
        Detection::AllOf(items) => {
            for item in items {
                nativize_item(item, rewrites);
            }
        }
        Detection::AnyOf(parts) | Detection::And(parts) => {
            for part in parts {
                nativize(part, rewrites);
            }
        }
        // Inside, fields are those of an array's members.
        Detection::ArrayMatch { field, .. } => rename(field, rewrites),
        Detection::Keywords(_) | Detection::Conditional { .. } => {}
    }
}

fn nativize_item(item: &mut DetectionItem, rewrites: &mut Vec<Rewrite>) {
    let Some(field) = &mut item.field.name else {
        return;
    };
    rename(field, rewrites);
    if field != "responseStatus.code" {
        return;
    }
    // Some managed services call the decision a status; the native status is a number.
    let decisions: Option<Vec<SigmaValue>> = item.values.iter().map(decision).collect();
    if let Some(decisions) = decisions.filter(|decisions| !decisions.is_empty()) {
        for (from, to) in item.values.iter().zip(&decisions) {
            rewrites.push(Rewrite {
                from: format!("responseStatus.code: '{from}'"),
                to: format!("{DECISION}: '{to}'"),
            });
        }
        DECISION.clone_into(field);
        item.values = decisions;
    }
}

/// The authorizer's word for an `ALLOW` or `DENY`.
fn decision(value: &SigmaValue) -> Option<SigmaValue> {
    let SigmaValue::String(text) = value else {
        return None;
    };
    let word = match text.original.to_ascii_lowercase().as_str() {
        "allow" | "allowed" => "allow",
        "deny" | "denied" | "forbid" | "forbidden" => "forbid",
        _ => return None,
    };
    Some(SigmaValue::String(SigmaString::new(word)))
}

fn rename(field: &mut String, rewrites: &mut Vec<Rewrite>) {
    let inside = field.strip_prefix(PREFIX).unwrap_or(field);
    let native = ALIASES
        .iter()
        .find(|(alias, _)| *alias == inside)
        .map_or(inside, |(_, native)| native);
    if native != field || !native.contains('.') && is_derived(native) {
        rewrites.push(Rewrite {
            from: field.clone(),
            to: described(native).to_owned(),
        });
        *field = native.to_owned();
    }
}

/// Whether a name stands for a fact of several lists of a pod.
fn is_derived(name: &str) -> bool {
    matches!(name, "hostPath" | "capabilities" | "privileged" | "image")
}

/// Where a derived fact comes from.
fn described(name: &str) -> &str {
    match name {
        "hostPath" => "requestObject.spec.volumes[].hostPath.path",
        "capabilities" => {
            "requestObject.spec.containers[].securityContext.capabilities.add (`ALL` if privileged)"
        }
        "privileged" => "requestObject.spec.containers[].securityContext.privileged",
        "image" => "requestObject.spec.containers[].image",
        other => other,
    }
}
