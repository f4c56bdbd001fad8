//! Which rules can ever fire on a log, and why the others cannot.
//!
//! A rule can fire if some event that the log can hold satisfies its condition, as far as the condition is
//! analysed: what is not analysed counts as satisfiable, so "never" is certain and "can" is not a promise.

mod policy;
mod profile;
mod reasons;
mod worlds;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use viewshed_model::AuditPolicy;

use self::worlds::{Relaxed, is_possible};
use super::formula::Formula;
use super::matches::EngineName;
use super::outline::RuleOutline;
use super::{RuleProblem, RuleSet};

pub use self::profile::{Recordable, Recorded, RequestShape, StatusCodes};

/// What is to be said of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCheck {
    /// Falco's rule name, Sigma's title.
    pub rule: String,
    /// Its language; `None` for a rule that could not be loaded.
    pub engine: Option<EngineName>,
    /// The file that defines it.
    pub file: String,
    /// Line in that file, from 1, where known.
    pub line: Option<u32>,
    /// Whether some event of this log can satisfy it.
    pub can_fire: bool,
    /// Why it never fires; empty if it can.
    pub reasons: Vec<String>,
    /// Parts of it that are without effect, or do something else than they seem to.
    pub remarks: Vec<String>,
    /// Names and values that no native event has, and what they are read as.
    pub read_as: Vec<(String, String)>,
}

impl RuleSet {
    /// Says of every rule, broken ones included, whether it can fire on a log that records this.
    pub fn check(&self, profile: &Recordable) -> Vec<RuleCheck> {
        self.check_each(|_| Cow::Borrowed(profile))
    }

    /// The same for a log that this policy makes; `seen` is what occurs in it whatever the policy says.
    pub fn check_policy(&self, policy: &AuditPolicy, seen: &Recordable) -> Vec<RuleCheck> {
        self.check_each(|formula| {
            let mut recordable = policy::recordable(policy, formula);
            recordable.merge(seen);
            Cow::Owned(recordable)
        })
    }

    fn check_each<'r>(
        &self,
        recordable: impl Fn(&Formula) -> Cow<'r, Recordable>,
    ) -> Vec<RuleCheck> {
        let same = twins(self.outlines());
        let loaded = self.outlines().map(|outline| {
            let mut check = judged(outline, &recordable(&outline.formula));
            if let Some(other) = same.get(outline.identity.title.as_str()) {
                check
                    .remarks
                    .push(format!("its condition is that of `{other}`"));
            }
            check
        });
        loaded.chain(self.broken.iter().map(not_loaded)).collect()
    }
}

fn judged(outline: &RuleOutline, profile: &Recordable) -> RuleCheck {
    let formula = &outline.formula;
    let can_fire = is_possible(formula, profile, Relaxed::default());
    RuleCheck {
        rule: outline.identity.title.clone(),
        engine: Some(outline.identity.engine),
        file: outline.identity.file.clone(),
        line: outline.identity.line,
        can_fire,
        reasons: if can_fire {
            Vec::new()
        } else {
            reasons::why_never(formula, profile)
        },
        remarks: reasons::remarks(formula, profile.codes),
        read_as: outline
            .rewrites
            .iter()
            .map(|rewrite| (rewrite.from.clone(), rewrite.to.clone()))
            .collect(),
    }
}

fn not_loaded(problem: &RuleProblem) -> RuleCheck {
    RuleCheck {
        rule: problem.rule.clone().unwrap_or_default(),
        engine: None,
        file: problem.file.clone(),
        line: problem.line,
        can_fire: false,
        reasons: vec![format!("it cannot be loaded: {}", problem.text)],
        remarks: Vec::new(),
        read_as: Vec::new(),
    }
}

/// Rules whose conditions are the same as an earlier rule's, with that rule's title. Only conditions that
/// are analysed to the last comparison are compared.
fn twins<'a>(outlines: impl Iterator<Item = &'a RuleOutline>) -> BTreeMap<&'a str, &'a str> {
    let mut first: BTreeMap<&Formula, &str> = BTreeMap::new();
    let mut same = BTreeMap::new();
    for outline in outlines.filter(|outline| outline.formula.is_exact()) {
        let title = outline.identity.title.as_str();
        match first.get(&outline.formula) {
            Some(other) => {
                same.insert(title, *other);
            }
            None => {
                first.insert(&outline.formula, title);
            }
        }
    }
    same
}
