//! What the logs can show at all: the answer of `viewshed coverage`.

use serde::{Deserialize, Serialize};

use crate::{Gap, Skips, Surface};

/// Every discovery action against every source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoverageReport {
    /// The sources that were looked at.
    pub sources: Vec<CoveredSource>,
    /// One row per action and source, in the order of the actions.
    pub rows: Vec<CoverageRow>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

/// One source of events and what is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CoveredSource {
    /// Name: file, folder, listener, cluster.
    pub name: String,
    /// Format in words, for example `Kubernetes audit log`.
    pub format: String,
    /// From what the verdicts follow: the policy, the log itself, the service's documented limits.
    pub basis: String,
    /// Events read.
    pub event_count: u64,
    /// Entries that were not judged.
    pub skips: Skips,
    /// Rules (YAML) that, put first under `rules:` of its audit policy, make everything visible that a
    /// policy can; empty when nothing is missing or the policy is not the owner's to change.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fragment: String,
}

/// Whether one action shows in one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRow {
    /// Name of the action, for example `list-pods`.
    pub action: String,
    /// In words: `list pods through the API server`.
    pub title: String,
    /// What is asked.
    pub surface: Surface,
    /// Source, as in [`CoveredSource::name`].
    pub source: String,
    /// The verdict.
    pub visibility: Visibility,
    /// Why, and what is missing.
    pub why: String,
    /// The smallest change that makes it visible, in words; empty when none is needed or possible.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub change: String,
    /// That change as rules (YAML) to stand first under `rules:` of the audit policy; empty when a rule
    /// is not what is missing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fragment: String,
    /// Where the verdict can be checked: a specification, an upstream file, a service's documentation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cited: String,
}

impl CoverageReport {
    /// The rows of one action, in the order of the sources.
    pub fn of_action<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a CoverageRow> {
        self.rows.iter().filter(move |row| row.action == action)
    }
}

impl Visibility {
    /// The best of several sources: what shows in one is seen. `None` without any.
    pub fn best(verdicts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let rank = |verdict: &Self| match verdict {
            Self::Visible => 0,
            Self::Partial => 1,
            Self::Unknown => 2,
            Self::Invisible => 3,
        };
        verdicts.into_iter().min_by_key(rank)
    }
}

/// Whether an action shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// It shows, with who and what.
    Visible,
    /// It shows, but who, what or how often is missing.
    Partial,
    /// It leaves nothing in this source.
    Invisible,
    /// What was given does not tell.
    Unknown,
}
