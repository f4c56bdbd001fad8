//! What could not be read or decided, so that no answer is silently incomplete.

use serde::{Deserialize, Serialize};

/// One thing that is missing from an answer, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Cluster, host or file that the gap belongs to.
    pub source: String,
    /// What is missing, in plain words: ``list `secrets` in all namespaces``.
    pub what: String,
    /// Why, as a kind that programs can branch on.
    pub reason: GapReason,
    /// The server's or parser's own words; control characters already removed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What to do next; empty when nothing can be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hint: String,
    /// How many things this entry stands for; at least 1.
    #[serde(default = "one")]
    pub count: u64,
}

fn one() -> u64 {
    1
}

/// The kinds of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    /// The credential may not read it.
    Forbidden,
    /// The server, daemon or file could not be reached or opened.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The answer or document is not what its format demands.
    Malformed,
    /// Larger than a named limit.
    TooLarge,
    /// A version or kind that this program does not know.
    Unsupported,
    /// The input ends early.
    Truncated,
    /// The source does not hold this fact.
    NotCollected,
    /// Passed over because it holds nothing of an estate, such as a readme among manifests. It is told so
    /// that a wrongly named file is noticed; the answer lacks nothing.
    NothingKnown,
    /// Two files tell the same object differently, and one of them was taken.
    ToldTwice,
}

impl Gap {
    /// Whether the answer may lack something because of it.
    pub fn withholds(&self) -> bool {
        self.reason != GapReason::NothingKnown
    }
}
