//! Which rule it was, and what it says.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use viewshed_model::Severity;

/// What language a rule is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EngineName {
    /// A Falco rule for the source `k8s_audit`.
    Falco,
    /// A Sigma rule.
    Sigma,
    /// A Sigma correlation over the matches of other rules.
    SigmaCorrelation,
}

impl fmt::Display for EngineName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Falco => "Falco",
            Self::Sigma => "Sigma",
            Self::SigmaCorrelation => "Sigma correlation",
        })
    }
}

/// Everything about a rule that does not depend on an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleIdentity {
    /// Its language.
    pub engine: EngineName,
    /// Falco's rule name, Sigma's title.
    pub title: String,
    /// Sigma's id; empty for rules that have none.
    pub id: String,
    /// The file that defines it, as it was named.
    pub file: String,
    /// Line in that file, from 1, where known.
    pub line: Option<u32>,
    /// How severe a match is.
    pub severity: Severity,
    /// Falco's priority or Sigma's level, as the rule writes it.
    pub level: String,
    /// ATT&CK technique ids that its tags name.
    pub techniques: Vec<String>,
    /// Its tags as written.
    pub tags: Vec<String>,
}

/// A rule that an event satisfied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleMatch {
    /// The rule.
    #[serde(serialize_with = "identity")]
    pub rule: Arc<RuleIdentity>,
    /// Falco's rendered output; for Sigma, who did what. Quotes the event: untrusted, not cleaned, at most
    /// 8 KiB.
    pub message: String,
}

/// Longest message, in bytes: names, images and role rules are chosen by clients. The rest is cut off and an
/// ellipsis tells.
pub(crate) const MESSAGE_BYTES_MAX: usize = 8 * 1024;

/// Cuts a message that is too long.
pub(crate) fn cut(message: &mut String) {
    if message.len() <= MESSAGE_BYTES_MAX {
        return;
    }
    let end = (0..=MESSAGE_BYTES_MAX)
        .rev()
        .find(|end| message.is_char_boundary(*end));
    message.truncate(end.unwrap_or_default());
    message.push('…');
}

fn identity<S: Serializer>(rule: &Arc<RuleIdentity>, out: S) -> Result<S::Ok, S::Error> {
    rule.as_ref().serialize(out)
}

/// ATT&CK technique ids in tags: `attack.t1613`, `T1613`, `attack.t1552.007`; sorted.
pub(crate) fn techniques(tags: &[String]) -> Vec<String> {
    let mut found: Vec<String> = tags
        .iter()
        .map(|tag| tag.strip_prefix("attack.").unwrap_or(tag).to_uppercase())
        .filter(|tag| is_technique(tag))
        .collect();
    found.sort();
    found.dedup();
    found
}

/// `T1613`, `T1552.007`.
fn is_technique(tag: &str) -> bool {
    let Some(number) = tag.strip_prefix('T') else {
        return false;
    };
    let (number, sub) = number.split_once('.').unwrap_or((number, "000"));
    let is_digits = |text: &str, length| {
        text.len() == length && text.bytes().all(|digit| digit.is_ascii_digit())
    };
    is_digits(number, 4) && is_digits(sub, 3)
}
