//! Whether one rule allows one question: `RuleAllows` (`plugin/pkg/auth/authorizer/rbac/rbac.go`)
//! and `pkg/apis/rbac/v1/evaluation_helpers.go`.

use viewshed_model::PolicyRule;

use super::{Question, ResourceQuestion};

/// Whether this one rule allows the question. Verb, group, resource and name must all match in the
/// same rule; comparison is exact and case-sensitive.
pub fn rule_allows(rule: &PolicyRule, question: &Question<'_>) -> bool {
    match question {
        Question::Resource(asked) => {
            contains_or_star(&rule.verbs, asked.verb)
                && contains_or_star(&rule.api_groups, asked.api_group)
                && rule
                    .resources
                    .iter()
                    .any(|resource| resource_matches(resource, asked))
                && name_matches(&rule.resource_names, asked.name)
        }
        Question::NonResource { verb, path } => {
            contains_or_star(&rule.verbs, verb)
                && rule
                    .non_resource_urls
                    .iter()
                    .any(|url| url_matches(url, path))
        }
    }
}

/// The object names for which a rule allows a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names<'r> {
    /// It does not allow it.
    None,
    /// It allows it as asked.
    All,
    /// It allows it for these names only, and none was asked.
    Only(&'r [String]),
}

/// Like [`rule_allows`], but a question without a name is also answered by rules for some names.
/// `create` and `deletecollection` never carry a name (for `create`, unless there is a subresource).
pub(super) fn rule_allows_some_names<'r>(
    rule: &'r PolicyRule,
    question: &Question<'_>,
) -> Names<'r> {
    if rule_allows(rule, question) {
        return Names::All;
    }
    let (Question::Resource(asked), Some(name)) = (question, rule.resource_names.first()) else {
        return Names::None;
    };
    let carries_no_name = asked.verb == "deletecollection"
        || (asked.verb == "create" && asked.subresource.is_empty());
    if carries_no_name || !asked.name.is_empty() {
        return Names::None;
    }
    let named = Question::Resource(ResourceQuestion { name, ..*asked });
    if rule_allows(rule, &named) {
        Names::Only(&rule.resource_names)
    } else {
        Names::None
    }
}

fn contains_or_star(list: &[String], asked: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == asked)
}

/// `*`, the exact `resource/subresource`, or `*/subresource`. `pods/*` is not a pattern: it equals
/// nothing but a subresource that is literally `*`.
fn resource_matches(rule: &str, asked: &ResourceQuestion<'_>) -> bool {
    if rule == "*" {
        return true;
    }
    if asked.subresource.is_empty() {
        return rule == asked.resource;
    }
    rule.strip_suffix(asked.subresource)
        .and_then(|rest| rest.strip_suffix('/'))
        .is_some_and(|rest| rest == "*" || rest == asked.resource)
}

/// An empty list allows every name, also "no name"; the entries are literal.
fn name_matches(names: &[String], asked: &str) -> bool {
    names.is_empty() || names.iter().any(|name| name == asked)
}

/// `*`, the exact path, or a prefix before trailing stars. A star elsewhere is literal.
pub(super) fn url_matches(rule: &str, path: &str) -> bool {
    rule == path || (rule.ends_with('*') && path.starts_with(rule.trim_end_matches('*')))
}
