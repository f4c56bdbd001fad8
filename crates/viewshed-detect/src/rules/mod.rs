//! Rules that people already have, Sigma and Falco, run on activities.
//!
//! A [`RuleSet`] takes the texts of any number of rule files, tells the languages apart by their content,
//! and judges one activity at a time. Which rules can ever fire on a log is told by [`check`].

pub mod check;
mod falco;
mod formula;
mod incidents;
mod matches;
mod outline;
mod prefilter;
mod problem;
mod reading;
#[cfg(feature = "sigma")]
mod sigma;
mod texts;

#[cfg(test)]
mod tests;

use viewshed_model::{Activity, Surface};

use self::falco::FalcoRules;
use self::outline::{RuleEngine, RuleOutline};
use self::prefilter::Prefilter;
use self::problem::Problems;
#[cfg(feature = "sigma")]
use self::sigma::SigmaRules;

pub use self::falco::can_parse_condition;
pub use self::incidents::{RuleIncidents, reason_name};
pub use self::matches::{EngineName, RuleIdentity, RuleMatch};
pub use self::problem::{Effect, RuleProblem};

/// Largest rule file, in bytes. The largest public one, Falco's, has 170 KB; Sigma rules have 3 KB each.
/// A larger file is refused by name.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Loaded rules of all languages.
///
/// Judging changes state: Sigma's correlations count, and combinations of verb, resource and stage are
/// remembered. Both are bounded.
#[derive(Debug)]
pub struct RuleSet {
    engines: Vec<Box<dyn RuleEngine>>,
    prefilter: Prefilter,
    /// Rules that could not be loaded.
    broken: Vec<RuleProblem>,
}

impl RuleSet {
    /// Loads files, given as name and text, in their order: later Falco files change earlier ones.
    ///
    /// Never fails: what cannot be used is in the problems, sorted by file and line, and the rest works.
    pub fn load(files: &[(&str, &str)]) -> (Self, Vec<RuleProblem>) {
        let mut problems = Problems::default();
        let mut falco = Vec::new();
        let mut sigma = Vec::new();
        for (name, text) in files {
            let text = text.trim_start_matches('\u{feff}');
            if text.len() > FILE_BYTES_MAX {
                problems.file(
                    name,
                    format!("the file is larger than {FILE_BYTES_MAX} bytes"),
                );
            } else if falco::is_falco(text) {
                falco.push((*name, text));
            } else if is_sigma(text) {
                sigma.push((*name, text));
            } else {
                problems.file(name, "neither Sigma nor Falco rules".to_owned());
            }
        }
        let mut engines: Vec<Box<dyn RuleEngine>> = Vec::new();
        if !falco.is_empty() {
            engines.push(Box::new(FalcoRules::load(&falco, &mut problems)));
        }
        #[cfg(feature = "sigma")]
        if !sigma.is_empty() {
            engines.push(Box::new(SigmaRules::load(&sigma, &mut problems)));
        }
        #[cfg(not(feature = "sigma"))]
        for (name, _) in sigma {
            problems.file(name, "this build has no Sigma engine".to_owned());
        }
        let mut problems = problems.into_vec();
        problems.sort();
        let broken = problems
            .iter()
            .filter(|problem| problem.effect == Effect::RuleSkipped)
            .cloned()
            .collect();
        let rules = Self {
            prefilter: Prefilter::new(&engines),
            engines,
            broken,
        };
        (rules, problems)
    }

    /// Judges one activity and adds the rules that it satisfies.
    ///
    /// Only requests to the Kubernetes API are judged: no rule of these languages is about anything else
    /// that becomes an activity.
    pub fn judge(&mut self, activity: &Activity<'_>, found: &mut Vec<RuleMatch>) {
        if activity.surface != Surface::KubernetesApi {
            return;
        }
        let Self {
            engines, prefilter, ..
        } = self;
        prefilter.judge(engines, activity, found);
    }

    /// What correlations have counted so far, as bytes for [`resume`](Self::resume); empty without correlations.
    pub fn state(&self) -> Vec<u8> {
        let states = self.engines.iter().map(|engine| engine.state());
        states.flatten().collect()
    }

    /// Goes on counting where [`state`](Self::state) was: of each correlation that has the same id and title.
    /// False when the bytes are damaged or of another version; then all count anew.
    pub fn resume(&mut self, state: &[u8]) -> bool {
        // One language has correlations, so all bytes are its own.
        state.is_empty() || self.engines.iter_mut().any(|engine| engine.resume(state))
    }

    /// The rules that are loaded, in the order in which they are asked.
    pub fn rules(&self) -> impl Iterator<Item = &RuleIdentity> {
        self.outlines().map(|outline| &*outline.identity)
    }

    /// How many request or response bodies no rule could look into: longer than 4 MiB, or no JSON.
    pub fn unread_bodies(&self) -> u64 {
        self.engines
            .iter()
            .map(|engine| engine.unread_bodies())
            .sum()
    }

    fn outlines(&self) -> impl Iterator<Item = &RuleOutline> {
        self.engines.iter().flat_map(|engine| engine.outlines())
    }
}

/// Whether a text looks like Sigma: a map with `title`, and `detection`, `correlation`, `filter` or a
/// collection's `action`.
fn is_sigma(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    (has("title:") && (has("detection:") || has("correlation:") || has("filter:")))
        || has("action:")
}
