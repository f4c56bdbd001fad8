//! Falco rules for the source `k8s_audit`, read and run natively.
//!
//! What Falco's rule language means is told by its documentation (falco.org, "Rules") and by the engine of
//! falcosecurity/libs; what the fields mean by the plugins k8saudit and json of falcosecurity/plugins.
//! Rules of other sources (system calls, cloud trails) are counted and left alone.

mod compare;
mod conditions;
mod exceptions;
mod extract;
mod fields;
mod files;
mod names;
mod output;
mod parse;
mod pod;
mod words;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use viewshed_model::{Activity, Severity};

use self::conditions::{Condition, Resolver};
use self::files::{Definitions, RuleText};
use self::output::Template;
use super::matches::{EngineName, RuleIdentity, RuleMatch, techniques};
use super::outline::{RuleEngine, RuleOutline};
use super::problem::{Effect, Problems, RuleProblem};
use super::reading::Reading;

pub(crate) use self::files::is_falco;

/// The source of rules for Kubernetes audit events.
const SOURCE: &str = "k8s_audit";

/// Falco's priorities, the severest first, and ours.
const PRIORITIES: [(&str, Severity); 9] = [
    ("EMERGENCY", Severity::Critical),
    ("ALERT", Severity::Critical),
    ("CRITICAL", Severity::Critical),
    ("ERROR", Severity::High),
    ("WARNING", Severity::Medium),
    ("NOTICE", Severity::Low),
    ("INFORMATIONAL", Severity::Info),
    ("INFO", Severity::Info),
    ("DEBUG", Severity::Info),
];

/// The rules of all Falco files, later files changing earlier ones.
#[derive(Debug, Default)]
pub(super) struct FalcoRules {
    rules: Vec<FalcoRule>,
    outlines: Vec<RuleOutline>,
    unread_bodies: u64,
}

#[derive(Debug)]
struct FalcoRule {
    identity: Arc<RuleIdentity>,
    condition: Condition,
    output: Template,
}

impl FalcoRules {
    /// Reads files in their order.
    pub(super) fn load(files: &[(&str, &str)], problems: &mut Problems) -> Self {
        let mut definitions = Definitions::default();
        for (file, text) in files {
            definitions.read(file, text, problems);
        }
        let mut loaded = Self::default();
        let mut resolver = Resolver::new(&definitions);
        let mut elsewhere: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for rule in &definitions.rules {
            if rule.source != SOURCE {
                *elsewhere.entry((&rule.file, &rule.source)).or_default() += 1;
                continue;
            }
            if !rule.is_enabled {
                continue;
            }
            match compile(rule, &mut resolver, problems) {
                Ok(compiled) => {
                    loaded.outlines.push(RuleOutline {
                        identity: Arc::clone(&compiled.identity),
                        formula: compiled.condition.formula(),
                        rewrites: Vec::new(),
                    });
                    loaded.rules.push(compiled);
                }
                Err(text) => problems.add(RuleProblem {
                    file: rule.file.clone(),
                    line: rule.line,
                    rule: Some(rule.name.clone()),
                    effect: Effect::RuleSkipped,
                    text,
                }),
            }
        }
        for ((file, source), count) in elsewhere {
            problems.note(
                file,
                None,
                format!("{count} rules are about `{source}`, not about Kubernetes audit events"),
            );
        }
        loaded
    }
}

impl RuleEngine for FalcoRules {
    fn outlines(&self) -> &[RuleOutline] {
        &self.outlines
    }

    fn judge(&mut self, candidates: &[u32], activity: &Activity<'_>, found: &mut Vec<RuleMatch>) {
        let reading = Reading::new(activity);
        for at in candidates {
            let Some(rule) = usize::try_from(*at).ok().and_then(|at| self.rules.get(at)) else {
                continue;
            };
            if rule.condition.holds(&reading) {
                found.push(RuleMatch {
                    rule: Arc::clone(&rule.identity),
                    message: rule.output.render(&reading),
                });
            }
        }
        self.unread_bodies += u64::from(reading.unread_bodies());
    }

    fn unread_bodies(&self) -> u64 {
        self.unread_bodies
    }
}

fn compile(
    rule: &RuleText,
    resolver: &mut Resolver<'_>,
    problems: &mut Problems,
) -> Result<FalcoRule, String> {
    let expression = parse::parse(&rule.condition)
        .map_err(|error| format!("condition, at byte {}: {}", error.at_byte, error.text))?;
    let expression = exceptions::with_exceptions(expression, &rule.exceptions)?;
    let condition = resolver.resolve(&expression)?;
    let Some((_, severity)) = PRIORITIES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(rule.priority.trim()))
    else {
        return Err(format!("there is no priority `{}`", rule.priority));
    };
    let (output, unknown) = Template::new(&rule.output);
    for text in unknown {
        problems.add(RuleProblem {
            file: rule.file.clone(),
            line: rule.line,
            rule: Some(rule.name.clone()),
            effect: Effect::Note,
            text: format!("output: {text}; it is shown as absent"),
        });
    }
    Ok(FalcoRule {
        identity: Arc::new(RuleIdentity {
            engine: EngineName::Falco,
            title: rule.name.clone(),
            id: String::new(),
            file: rule.file.clone(),
            line: rule.line,
            severity: *severity,
            level: rule.priority.trim().to_owned(),
            techniques: techniques(&rule.tags),
            tags: rule.tags.clone(),
        }),
        condition,
        output,
    })
}

/// Reads a condition for a fuzz target.
#[doc(hidden)]
pub fn can_parse_condition(text: &str) -> bool {
    parse::parse(text).is_ok()
}
