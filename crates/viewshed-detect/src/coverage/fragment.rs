//! Audit policy rules as YAML, to be put first under `rules:`.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level};

/// The rules as a YAML list without indentation. Texts are written as JSON strings, which YAML reads
/// alike (YAML 1.2, section 1.3).
pub fn fragment(rules: &[AuditRule]) -> String {
    let mut out = String::new();
    for rule in rules {
        line(&mut out, &format!("- level: {:?}", rule.level));
        for (key, values) in [
            ("users", &rule.users),
            ("userGroups", &rule.groups),
            ("verbs", &rule.verbs),
            ("namespaces", &rule.namespaces),
            ("nonResourceURLs", &rule.paths),
        ] {
            if !values.is_empty() {
                line(&mut out, &format!("  {key}: {}", list(values)));
            }
        }
        if !rule.omit_stages.is_empty() {
            let stages: Vec<String> = rule
                .omit_stages
                .iter()
                .map(|stage| format!("{stage:?}"))
                .collect();
            line(&mut out, &format!("  omitStages: {}", list(&stages)));
        }
        if !rule.resources.is_empty() {
            line(&mut out, "  resources:");
        }
        for entry in &rule.resources {
            line(
                &mut out,
                &format!("  - group: {}", quoted(&entry.api_group)),
            );
            if !entry.resources.is_empty() {
                line(
                    &mut out,
                    &format!("    resources: {}", list(&entry.resources)),
                );
            }
            if !entry.names.is_empty() {
                line(
                    &mut out,
                    &format!("    resourceNames: {}", list(&entry.names)),
                );
            }
        }
    }
    out
}

/// A whole policy file: the rules first, then those of `policy`.
pub fn policy_file(rules: &[AuditRule], policy: &AuditPolicy) -> String {
    let mut out = String::from("apiVersion: audit.k8s.io/v1\nkind: Policy\n");
    if !policy.omit_stages.is_empty() {
        let stages: Vec<String> = policy
            .omit_stages
            .iter()
            .map(|stage| format!("{stage:?}"))
            .collect();
        line(&mut out, &format!("omitStages: {}", list(&stages)));
    }
    line(&mut out, "rules:");
    out.push_str(&fragment(rules));
    out.push_str(&fragment(&policy.rules));
    out
}

/// Several fragments as one, with as few rules as levels and verbs allow; higher levels stand first, so
/// that none takes away what another asked for.
pub(super) fn merged(rules: &[AuditRule]) -> Vec<AuditRule> {
    type Kinds<'a> = (BTreeMap<&'a str, BTreeSet<&'a str>>, BTreeSet<&'a str>);
    let mut by_verbs: BTreeMap<(std::cmp::Reverse<Level>, &[String]), Kinds<'_>> = BTreeMap::new();
    for rule in rules {
        let (resources, paths) = by_verbs
            .entry((std::cmp::Reverse(rule.level), &rule.verbs))
            .or_default();
        for entry in &rule.resources {
            let names = resources.entry(&entry.api_group).or_default();
            names.extend(entry.resources.iter().map(String::as_str));
        }
        paths.extend(rule.paths.iter().map(String::as_str));
    }
    let mut merged = Vec::new();
    for ((level, verbs), (resources, paths)) in by_verbs {
        let base = AuditRule {
            level: level.0,
            verbs: verbs.to_vec(),
            ..AuditRule::default()
        };
        if !resources.is_empty() {
            let resources = resources
                .into_iter()
                .map(|(api_group, names)| AuditResources {
                    api_group: api_group.to_owned(),
                    resources: names.into_iter().map(str::to_owned).collect(),
                    names: Vec::new(),
                });
            merged.push(AuditRule {
                resources: resources.collect(),
                ..base.clone()
            });
        }
        if !paths.is_empty() {
            merged.push(AuditRule {
                paths: paths.into_iter().map(str::to_owned).collect(),
                ..base
            });
        }
    }
    merged
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control.is_control() => {
                let code = format!("\\u{:04x}", u32::from(control));
                out.push_str(&code);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
