//! An audit policy file, YAML or JSON, as kube-apiserver reads it.
//!
//! Source: kubernetes/apiserver `pkg/audit/policy/reader.go` and `pkg/apis/audit/validation/validation.go`.
//! What the server would refuse is named, and the rest is read all the same: a policy that is being written
//! deserves an answer too.

use std::collections::BTreeSet;

use serde::Deserialize;
use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level, Stage};

use crate::DecodeError;
use crate::nullable::Nullable;
use crate::text::clean_short;
use crate::yaml::one_document;

#[cfg(test)]
mod tests;

/// Problems named; further ones say nothing new, and are dropped. A policy has some thirty rules.
const PROBLEMS_MAX: usize = 50;

/// A policy and what is wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPolicyFile {
    /// The rules that could be read.
    pub policy: AuditPolicy,
    /// Why kube-apiserver would not start with this file, or which field it would ignore; control
    /// characters already removed.
    pub problems: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PolicyWire {
    api_version: Nullable<String>,
    kind: Nullable<String>,
    omit_stages: Nullable<Vec<String>>,
    rules: Nullable<Vec<RuleWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RuleWire {
    level: Nullable<String>,
    users: Nullable<Vec<String>>,
    user_groups: Nullable<Vec<String>>,
    verbs: Nullable<Vec<String>>,
    resources: Nullable<Vec<ResourcesWire>>,
    namespaces: Nullable<Vec<String>>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Nullable<Vec<String>>,
    omit_stages: Nullable<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourcesWire {
    group: Nullable<String>,
    resources: Nullable<Vec<String>>,
    resource_names: Nullable<Vec<String>>,
}

/// Reads a `Policy` of `audit.k8s.io`; the server knows only `v1`, older versions are read and named.
///
/// # Errors
/// When the bytes are not YAML or JSON, or hold another kind.
pub fn audit_policy(body: &[u8]) -> Result<AuditPolicyFile, DecodeError> {
    const EXPECTED: &str = "an audit policy (`audit.k8s.io/v1` `Policy`)";
    let json = one_document(body)?;
    let wire: PolicyWire = serde_json::from_str(&json).map_err(|error| DecodeError::Json {
        expected: EXPECTED,
        detail: clean_short(&error.to_string()),
    })?;
    let (api_version, kind) = (wire.api_version.0, wire.kind.0);
    let version = api_version.strip_prefix("audit.k8s.io/");
    let (Some(version), "Policy") = (version, kind.as_str()) else {
        return Err(DecodeError::Kind {
            expected: EXPECTED,
            found: clean_short(&format!("{api_version} {kind}")),
        });
    };
    let mut problems = Problems::default();
    if version != "v1" {
        problems.add(&format!(
            "kube-apiserver reads `audit.k8s.io/v1` only, and refuses `{version}`"
        ));
    }
    if wire.rules.0.is_empty() {
        problems.add("kube-apiserver refuses a policy without rules");
    }
    let omit_stages = stages(&wire.omit_stages.0, "omitStages", &mut problems);
    let rules = wire.rules.0.into_iter().enumerate();
    let rules = rules
        .filter_map(|(index, rule)| rule.into_rule(index, &mut problems))
        .collect();
    Ok(AuditPolicyFile {
        policy: AuditPolicy { omit_stages, rules },
        problems: problems.0,
    })
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, text: &str) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(clean_short(text));
        }
    }
}

impl RuleWire {
    fn into_rule(self, index: usize, problems: &mut Problems) -> Option<AuditRule> {
        let place = format!("rules[{index}]");
        let level = match self.level.0.as_str() {
            "None" => Level::None,
            "Metadata" => Level::Metadata,
            "Request" => Level::Request,
            "RequestResponse" => Level::RequestResponse,
            other => {
                problems.add(&format!("{place}: no level is named `{other}`"));
                return None;
            }
        };
        let paths = self.non_resource_urls.0;
        for path in paths.iter().filter(|path| *path != "*") {
            let without_last = path.char_indices().next_back();
            let before = without_last.and_then(|(end, _)| path.get(..end));
            if !path.starts_with('/') {
                problems.add(&format!("{place}: the path `{path}` must start with `/`"));
            } else if before.is_some_and(|before| before.contains('*')) {
                problems.add(&format!(
                    "{place}: `*` must be the end of the path `{path}`"
                ));
            }
        }
        let resources: Vec<AuditResources> = self
            .resources
            .0
            .into_iter()
            .map(|wire| wire.into_resources(&place, problems))
            .collect();
        let is_for_objects = !resources.is_empty() || !self.namespaces.0.is_empty();
        if !paths.is_empty() && is_for_objects {
            problems.add(&format!(
                "{place}: a rule is for resources or for paths, not for both"
            ));
        }
        Some(AuditRule {
            level,
            users: self.users.0,
            groups: self.user_groups.0,
            verbs: self.verbs.0,
            resources,
            namespaces: self.namespaces.0,
            paths,
            omit_stages: stages(&self.omit_stages.0, &place, problems),
        })
    }
}

impl ResourcesWire {
    fn into_resources(self, place: &str, problems: &mut Problems) -> AuditResources {
        let group = self.group.0;
        let is_name = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "-.".contains(character)
        };
        if !group.chars().all(is_name) {
            problems.add(&format!(
                "{place}: `{group}` is not an API group: a group has no version and no wildcard"
            ));
        }
        if self.resources.0.is_empty() && !self.resource_names.0.is_empty() {
            problems.add(&format!(
                "{place}: `resourceNames` without `resources` is refused"
            ));
        }
        AuditResources {
            api_group: group,
            resources: self.resources.0,
            names: self.resource_names.0,
        }
    }
}

fn stages(names: &[String], place: &str, problems: &mut Problems) -> BTreeSet<Stage> {
    let mut stages = BTreeSet::new();
    for name in names {
        let stage = match name.as_str() {
            "RequestReceived" => Stage::RequestReceived,
            "ResponseStarted" => Stage::ResponseStarted,
            "ResponseComplete" => Stage::ResponseComplete,
            "Panic" => Stage::Panic,
            other => {
                problems.add(&format!("{place}: no stage is named `{other}`"));
                continue;
            }
        };
        stages.insert(stage);
    }
    stages
}
