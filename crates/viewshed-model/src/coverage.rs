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
    /// The smallest change that makes it visible; empty when none is needed or possible.
    pub change: String,
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
