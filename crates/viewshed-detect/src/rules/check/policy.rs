//! Which requests an audit policy records, as far as one rule tells them apart.
//!
//! A policy names users, groups and namespaces that a rule may say nothing of: whatever it records for any of
//! them can be in the log. Source: kubernetes/apiserver `pkg/audit/policy/checker.go`; the very verdict for one
//! request is [`recorded`](crate::coverage::recorded)'s matter.

use std::collections::BTreeSet;

use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level, Stage};

use super::super::formula::{Fact, Formula, Pattern};
use super::profile::{Recordable, Recorded, RequestShape};
use super::worlds::VERBS;

/// Stands for every group, resource or subresource that the rule does not name. No server has such a name.
const ANOTHER: &str = "(another)";

/// Resources whose group everybody knows, with the groups that serve them.
const GROUPS: [(&str, &[&str]); 24] = [
    ("clusterrolebindings", &["rbac.authorization.k8s.io"]),
    ("clusterroles", &["rbac.authorization.k8s.io"]),
    ("configmaps", &[""]),
    ("cronjobs", &["batch"]),
    ("daemonsets", &["apps"]),
    ("deployments", &["apps"]),
    ("endpoints", &[""]),
    ("ingresses", &["networking.k8s.io"]),
    ("jobs", &["batch"]),
    (
        "mutatingwebhookconfigurations",
        &["admissionregistration.k8s.io"],
    ),
    ("namespaces", &[""]),
    ("networkpolicies", &["networking.k8s.io"]),
    ("nodes", &["", "metrics.k8s.io"]),
    ("persistentvolumeclaims", &[""]),
    ("pods", &["", "metrics.k8s.io"]),
    ("replicasets", &["apps"]),
    ("rolebindings", &["rbac.authorization.k8s.io"]),
    ("roles", &["rbac.authorization.k8s.io"]),
    ("secrets", &[""]),
    ("selfsubjectaccessreviews", &["authorization.k8s.io"]),
    ("selfsubjectrulesreviews", &["authorization.k8s.io"]),
    ("serviceaccounts", &[""]),
    ("services", &[""]),
    (
        "validatingwebhookconfigurations",
        &["admissionregistration.k8s.io"],
    ),
];

/// Of these, the ones that have no subresource.
const WHOLE: [&str; 11] = [
    "clusterrolebindings",
    "clusterroles",
    "configmaps",
    "endpoints",
    "mutatingwebhookconfigurations",
    "rolebindings",
    "roles",
    "secrets",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "validatingwebhookconfigurations",
];

/// Whether a rule of the policy decides about requests of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Never,
    /// About some of them: those of certain users, namespaces, names or paths.
    Some,
    All,
}

/// What the policy lets a log hold of the requests that this condition tells apart.
pub(super) fn recordable(policy: &AuditPolicy, formula: &Formula) -> Recordable {
    let mut result = Recordable::default();
    let Some(named) = Named::of(formula) else {
        // Patterns may fit any name: every request that is recorded at all counts.
        let mut all = Recorded::default();
        for rule in policy.rules.iter().filter(|rule| rule.level != Level::None) {
            all.add(&recorded_by(policy, rule));
        }
        result.others = (!all.levels.is_empty()).then_some(all);
        return result;
    };
    for shape in named.shapes() {
        let recorded = of_shape(policy, &shape);
        if !recorded.levels.is_empty() {
            result.requests.insert(shape, recorded);
        }
    }
    result
}

fn of_shape(policy: &AuditPolicy, shape: &RequestShape) -> Recorded {
    let mut recorded = Recorded::default();
    for rule in &policy.rules {
        let fit = fit(rule, shape);
        if fit != Fit::Never && rule.level != Level::None {
            recorded.add(&recorded_by(policy, rule));
        }
        if fit == Fit::All {
            break;
        }
    }
    recorded
}

fn recorded_by(policy: &AuditPolicy, rule: &AuditRule) -> Recorded {
    let is_omitted =
        |stage: &Stage| policy.omit_stages.contains(stage) || rule.omit_stages.contains(stage);
    let mut recorded = Recorded::at(rule.level);
    recorded.stages.retain(|stage| !is_omitted(stage));
    recorded
}

fn fit(rule: &AuditRule, shape: &RequestShape) -> Fit {
    if !rule.verbs.is_empty() && !rule.verbs.contains(&shape.verb) {
        return Fit::Never;
    }
    let is_for_some =
        !rule.users.is_empty() || !rule.groups.is_empty() || !rule.namespaces.is_empty();
    let most = if is_for_some { Fit::Some } else { Fit::All };
    let is_for_objects = !rule.namespaces.is_empty() || !rule.resources.is_empty();
    let of_target = if shape.resource.is_empty() {
        match () {
            () if is_for_objects => Fit::Never,
            () if rule.paths.is_empty() || rule.paths.iter().any(|path| path == "*") => Fit::All,
            () => Fit::Some,
        }
    } else if rule.resources.is_empty() {
        if is_for_objects || rule.paths.is_empty() {
            Fit::All
        } else {
            Fit::Never
        }
    } else {
        let entries = rule.resources.iter().map(|entry| covers(entry, shape));
        entries.max().unwrap_or(Fit::Never)
    };
    of_target.min(most)
}

fn covers(entry: &AuditResources, shape: &RequestShape) -> Fit {
    let of_group = match shape.api_group.as_str() {
        ANOTHER => Fit::Some,
        group if group == entry.api_group => Fit::All,
        _ => return Fit::Never,
    };
    if entry.resources.is_empty() {
        return of_group;
    }
    let patterns = entry.resources.iter();
    let of_resource = patterns.map(|pattern| names(pattern, shape)).max();
    let of_names = if entry.names.is_empty() {
        Fit::All
    } else {
        Fit::Some
    };
    of_resource
        .unwrap_or(Fit::Never)
        .min(of_group)
        .min(of_names)
}

fn names(pattern: &str, shape: &RequestShape) -> Fit {
    let (resource, subresource) = pattern.split_once('/').unwrap_or((pattern, ""));
    if pattern == "*" {
        return Fit::All;
    }
    let same = |wanted: &str, is: &str| match is {
        _ if wanted == "*" => Fit::All,
        ANOTHER => Fit::Some,
        is if is == wanted => Fit::All,
        _ => Fit::Never,
    };
    let of_subresource = if subresource == "*" && shape.subresource.is_empty() && resource == "*" {
        Fit::Never
    } else {
        same(subresource, &shape.subresource)
    };
    same(resource, &shape.resource).min(of_subresource)
}

/// The verbs and names that a condition compares with.
#[derive(Debug)]
struct Named {
    verbs: BTreeSet<String>,
    groups: BTreeSet<String>,
    resources: BTreeSet<String>,
    subresources: BTreeSet<String>,
}

impl Named {
    /// `None` when it compares otherwise than by equality.
    fn of(formula: &Formula) -> Option<Self> {
        let another = || BTreeSet::from([String::new(), ANOTHER.to_owned()]);
        let mut named = Self {
            verbs: VERBS.map(str::to_owned).into(),
            groups: BTreeSet::new(),
            resources: another(),
            subresources: another(),
        };
        for check in formula.checks() {
            let set = match check.fact {
                Fact::Verb => &mut named.verbs,
                Fact::ApiGroup => &mut named.groups,
                Fact::Resource => &mut named.resources,
                Fact::Subresource => &mut named.subresources,
                Fact::Stage
                | Fact::Level
                | Fact::Code
                | Fact::Decision
                | Fact::User
                | Fact::Group
                | Fact::UserAgent
                | Fact::Uri
                | Fact::RequestBody
                | Fact::ResponseBody
                | Fact::Other
                | Fact::Unknown => continue,
            };
            for pattern in &check.patterns {
                match pattern {
                    Pattern::Equals(text) | Pattern::Differs(text) => {
                        // Sigma compares without regard to case, a policy does not.
                        set.extend([text.clone(), text.to_lowercase()]);
                    }
                    Pattern::Present | Pattern::Absent => {}
                    Pattern::Prefix(_)
                    | Pattern::Suffix(_)
                    | Pattern::Contains(_)
                    | Pattern::Opaque => return None,
                }
            }
        }
        Some(named)
    }

    fn shapes(&self) -> Vec<RequestShape> {
        let mut shapes = Vec::new();
        for resource in &self.resources {
            let subresources = self.subresources.iter().filter(|subresource| {
                let is_whole = resource.is_empty() || WHOLE.contains(&resource.as_str());
                !is_whole || subresource.is_empty()
            });
            let groups = self.groups_of(resource);
            for subresource in subresources {
                for group in &groups {
                    shapes.extend(self.verbs.iter().map(|verb| RequestShape {
                        verb: verb.clone(),
                        api_group: group.clone(),
                        resource: resource.clone(),
                        subresource: subresource.clone(),
                    }));
                }
            }
        }
        shapes
    }

    fn groups_of(&self, resource: &str) -> BTreeSet<String> {
        if resource.is_empty() {
            return BTreeSet::from([String::new()]);
        }
        let known = GROUPS.iter().find(|(name, _)| *name == resource);
        if let Some((_, groups)) = known {
            return groups.iter().map(|group| (*group).to_owned()).collect();
        }
        let mut groups = self.groups.clone();
        groups.insert(String::new());
        groups.insert(ANOTHER.to_owned());
        groups
    }
}

#[cfg(test)]
mod tests;
