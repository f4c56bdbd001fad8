//! What an audit policy records of a request.
//!
//! Source: kubernetes/apiserver `pkg/audit/policy/checker.go`. The policy is asked before impersonation, so
//! it judges the authenticated user (`pkg/server/config.go` `DefaultBuildHandlerChain`).

use std::collections::BTreeSet;

use viewshed_model::{AuditPolicy, AuditResources, AuditRule, Level, Stage};

/// A request as an audit policy sees it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Authenticated user; `None` when authentication failed.
    pub user: Option<&'a str>,
    /// The user's groups.
    pub groups: &'a [&'a str],
    /// Verb, or lower-case HTTP method for a path.
    pub verb: &'a str,
    /// On what.
    pub target: Target<'a>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// An API object or a list of them.
    Object {
        /// API group; empty for core.
        api_group: &'a str,
        /// Plural resource.
        resource: &'a str,
        /// Subresource; empty for the resource itself.
        subresource: &'a str,
        /// Namespace; empty for all of them and for cluster-scoped objects.
        namespace: &'a str,
        /// Name; empty for lists.
        name: &'a str,
    },
    /// A path without query.
    Path(&'a str),
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// How much is recorded; [`Level::None`] when nothing is.
    pub level: Level,
    /// Position of the rule that decides, from 0; `None` when no rule fits.
    pub rule: Option<usize>,
    /// Stages that are left out.
    pub omit_stages: BTreeSet<Stage>,
}

/// The policy's verdict: the first rule that fits decides.
pub fn recorded(policy: &AuditPolicy, asked: &Asked<'_>) -> Recorded {
    let mut rules = policy.rules.iter().enumerate();
    let mut omit_stages = policy.omit_stages.clone();
    match rules.find(|(_, rule)| fits(rule, asked)) {
        Some((index, rule)) => {
            omit_stages.extend(&rule.omit_stages);
            Recorded {
                level: rule.level,
                rule: Some(index),
                omit_stages,
            }
        }
        None => Recorded {
            level: Level::None,
            rule: None,
            omit_stages,
        },
    }
}

fn fits(rule: &AuditRule, asked: &Asked<'_>) -> bool {
    let has = |list: &[String], text: &str| list.iter().any(|entry| entry == text);
    if !rule.users.is_empty() && !asked.user.is_some_and(|user| has(&rule.users, user)) {
        return false;
    }
    if !rule.groups.is_empty() {
        let is_member = asked.groups.iter().any(|group| has(&rule.groups, group));
        if asked.user.is_none() || !is_member {
            return false;
        }
    }
    if !rule.verbs.is_empty() && !has(&rule.verbs, asked.verb) {
        return false;
    }
    // A rule for objects is never asked about paths, even should it name some.
    let is_for_objects = !rule.namespaces.is_empty() || !rule.resources.is_empty();
    match asked.target {
        Target::Object { namespace, .. } if is_for_objects => {
            (rule.namespaces.is_empty() || has(&rule.namespaces, namespace))
                && (rule.resources.is_empty()
                    || rule
                        .resources
                        .iter()
                        .any(|resources| covers(resources, asked.target)))
        }
        Target::Path(_) if is_for_objects => false,
        Target::Path(path) => {
            rule.paths.is_empty() || rule.paths.iter().any(|spec| path_fits(path, spec))
        }
        Target::Object { .. } => rule.paths.is_empty(),
    }
}

fn covers(entry: &AuditResources, target: Target<'_>) -> bool {
    let Target::Object {
        api_group,
        resource,
        subresource,
        namespace: _,
        name,
    } = target
    else {
        return false;
    };
    if entry.api_group != api_group {
        return false;
    }
    if entry.resources.is_empty() {
        return true;
    }
    if !entry.names.is_empty() && !entry.names.iter().any(|entry| entry == name) {
        return false;
    }
    entry.resources.iter().any(|pattern| {
        if pattern == "*" {
            return true;
        }
        match pattern.split_once('/') {
            None => subresource.is_empty() && pattern == resource,
            Some((of, "*")) if of == resource => true,
            Some(("*", of)) => !subresource.is_empty() && of == subresource,
            Some((of, part)) => of == resource && !subresource.is_empty() && part == subresource,
        }
    })
}

fn path_fits(path: &str, spec: &str) -> bool {
    spec == "*"
        || spec == path
        || (spec.ends_with('*') && path.starts_with(spec.trim_end_matches('*')))
}
