//! What is wrong with rule files.

use serde::Serialize;

/// Most problems that are kept; a folder of files that are no rules would give one each. The rest is
/// counted in the last one.
const PROBLEMS_MAX: usize = 10_000;

/// Something in a rule file that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleProblem {
    /// The file, as it was named.
    pub file: String,
    /// Line in the file, from 1, where known.
    pub line: Option<u32>,
    /// The rule, macro or list.
    pub rule: Option<String>,
    /// What follows from it.
    pub effect: Effect,
    /// What is wrong, in words; may quote the file, which is not cleaned.
    pub text: String,
}

/// What follows from a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Nothing is lost.
    Note,
    /// The rule does not run.
    RuleSkipped,
    /// Nothing of the file is used.
    FileSkipped,
}

impl std::fmt::Display for RuleProblem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        if let Some(rule) = &self.rule {
            write!(out, ": `{rule}`")?;
        }
        write!(out, ": {}", self.text)
    }
}

/// Problems as they are found, bounded.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<RuleProblem>,
    further: usize,
}

impl Problems {
    pub(crate) fn add(&mut self, problem: RuleProblem) {
        if self.found.len() < PROBLEMS_MAX {
            self.found.push(problem);
        } else {
            self.further = self.further.saturating_add(1);
        }
    }

    pub(crate) fn file(&mut self, file: &str, text: String) {
        self.add(RuleProblem {
            file: file.to_owned(),
            line: None,
            rule: None,
            effect: Effect::FileSkipped,
            text,
        });
    }

    pub(crate) fn note(&mut self, file: &str, line: Option<u32>, text: String) {
        self.add(RuleProblem {
            file: file.to_owned(),
            line,
            rule: None,
            effect: Effect::Note,
            text,
        });
    }

    pub(crate) fn into_vec(mut self) -> Vec<RuleProblem> {
        if self.further > 0 {
            self.found.push(RuleProblem {
                file: String::new(),
                line: None,
                rule: None,
                effect: Effect::Note,
                text: format!("{} further problems", self.further),
            });
        }
        self.found
    }
}
