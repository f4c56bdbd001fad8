//! Rules that somebody brought along, beside the detections.

use std::path::Path;

use viewshed_detect::rules::{RuleIncidents, RuleMatch, RuleSet};
use viewshed_model::{Activity, DetectionPage, Gap, Incident, RuleTally};

use crate::outcome::Failure;
use crate::{rules, terminal};

/// The rules of `--rules`, and what came of them.
#[derive(Debug)]
pub(crate) struct Rules {
    set: RuleSet,
    pub(crate) incidents: RuleIncidents,
    /// What could not be loaded.
    pub(crate) gaps: Vec<Gap>,
    /// Room that is used again.
    found: Vec<RuleMatch>,
}

impl Rules {
    /// Loads them, to go on where `incidents` and what correlations had `counted` stopped.
    ///
    /// # Errors
    /// When there are none.
    pub(crate) fn load(
        path: &Path,
        incidents: RuleIncidents,
        counted: &[u8],
    ) -> Result<Self, Failure> {
        let (mut set, gaps) = rules::load(path)?;
        if !set.resume(counted) {
            terminal::say("warning: what correlations had counted is unreadable; they count anew");
        }
        Ok(Self {
            set,
            incidents,
            gaps,
            found: Vec::new(),
        })
    }

    /// Judges one activity after the other.
    pub(crate) fn judge(&mut self, activities: &[Activity<'_>], grown: &mut Vec<Incident>) {
        for activity in activities {
            self.set.judge(activity, &mut self.found);
            self.incidents.take(activity, &self.found, grown);
            self.found.clear();
        }
    }

    /// What correlations have counted so far.
    pub(crate) fn counted(&self) -> Vec<u8> {
        self.set.state()
    }

    /// The rules that matched, the most severe first.
    pub(crate) fn tallies(&self) -> Vec<RuleTally> {
        let mut tallies: Vec<RuleTally> = self.incidents.tallies().cloned().collect();
        tallies.sort_by(|one, other| (other.severity, &one.name).cmp(&(one.severity, &other.name)));
        tallies
    }
}

/// What reports say of a rule whose name stands among the reasons of an incident.
pub(crate) fn page(tally: &RuleTally) -> DetectionPage {
    DetectionPage {
        name: tally.name.clone(),
        title: format!("{} rule of `{}`", tally.language, tally.file),
        techniques: tally.techniques.clone(),
        markdown: String::new(),
    }
}
