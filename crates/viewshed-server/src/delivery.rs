//! One message about one incident.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use viewshed_model::Severity;

/// An incident as it is at one revision, ready to be carried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Stable id of the incident.
    pub id: String,
    /// Counts the updates of the incident, from 1. A newer revision replaces an older one that still waits.
    pub revision: u64,
    /// How bad: when there is no room, the least bad goes first.
    pub severity: Severity,
    /// When the incident had this form.
    pub at: Timestamp,
    /// JSON on one line.
    pub json: String,
    /// The same as CEF; empty when no target wants that.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cef: String,
}

impl Delivery {
    /// The same for every attempt to deliver this revision, and never for another.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.id, self.revision)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.id.len() + self.json.len() + self.cef.len()
    }
}
