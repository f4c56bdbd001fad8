//! What is usual: per identity and per peer group, learned in one pass, decaying with time.

use serde::{Deserialize, Serialize};

/// What is usual.
#[derive(Debug, Clone, Default)]
pub struct Baseline {}

/// One habit, for `viewshed baseline show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineRow {
    /// Cluster or host.
    pub cluster: String,
    /// Identity, or the peer group in words.
    pub who: String,
    /// Whether `who` is a group.
    pub is_group: bool,
    /// `list`, `watch`, `get`, `write`, ...
    pub action: String,
    /// Kind, as in incidents; a path for requests without object.
    pub kind: String,
    /// Namespace; empty for all of them.
    pub namespace: String,
    /// `allowed`, `refused`, `not found`.
    pub outcome: String,
    /// Seconds since 1970 of the first and last time.
    pub first_s: u64,
    /// See `first_s`.
    pub last_s: u64,
    /// How often, decayed, rounded.
    pub strength: u64,
    /// Distinct members that do it, for groups.
    pub members: u32,
}

/// Why saved state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not written by `to_bytes` or `checkpoint`.
    #[error("not a state file of Viewshed")]
    Foreign,
    /// Written by a version with another layout.
    #[error(
        "state of layout {found}, this program reads layout {known}; learn it again from the logs"
    )]
    Version {
        /// Layout of the file.
        found: u32,
        /// Layout of this program.
        known: u32,
    },
    /// Cut off or changed.
    #[error("the state is damaged; learn it again from the logs")]
    Damaged,
}

impl Baseline {
    /// Compact bytes for [`from_bytes`](Self::from_bytes).
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// When the bytes are damaged or of another version.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, StateError> {
        Ok(Self::default())
    }

    /// Every habit in words, identities first, sorted by name.
    pub fn rows(&self) -> Vec<BaselineRow> {
        Vec::new()
    }
}
