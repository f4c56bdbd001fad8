//! Which rules can ever fire: the answer of `viewshed rules check`.

use serde::{Deserialize, Serialize};

use crate::Gap;

/// Every rule with its verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RulesCheck {
    /// From what the verdicts follow: the audit policy, 4711 entries of the log, what any log can hold.
    pub basis: String,
    /// Every rule, those that could not be loaded included.
    pub rules: Vec<RuleVerdict>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// Whether one rule can ever fire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleVerdict {
    /// Falco's rule name, Sigma's title.
    pub rule: String,
    /// `Falco`, `Sigma`, `Sigma correlation`; empty for a rule that could not be loaded.
    pub language: String,
    /// The file that defines it.
    pub file: String,
    /// Line in that file, from 1, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether some event can satisfy it.
    pub can_fire: bool,
    /// Why it never fires; empty if it can.
    pub reasons: Vec<String>,
    /// Parts of it that are without effect, or do something else than they seem to.
    pub remarks: Vec<String>,
    /// Names and values that no native event has, and what they are read as.
    pub read_as: Vec<(String, String)>,
}
