//! What every rule engine offers, so that each can be replaced.

use std::fmt;
use std::sync::Arc;

use viewshed_model::Activity;

use super::formula::Formula;
use super::matches::{RuleIdentity, RuleMatch};

/// A rule as seen from outside its engine.
#[derive(Debug, Clone)]
pub(crate) struct RuleOutline {
    pub(crate) identity: Arc<RuleIdentity>,
    /// Its condition, as far as it is analysed.
    pub(crate) formula: Formula,
    /// Names and values that are read as others, because no native event has them.
    pub(crate) rewrites: Vec<Rewrite>,
}

/// A name or value that a rule uses and no native event has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rewrite {
    /// As written.
    pub(crate) from: String,
    /// As read.
    pub(crate) to: String,
}

/// A language of rules over activities.
pub(crate) trait RuleEngine: fmt::Debug + Send {
    /// Its rules. Their positions are what `candidates` of [`Self::judge`] counts.
    fn outlines(&self) -> &[RuleOutline];

    /// Judges one activity by some of the rules and adds what they find, in the order of the rules.
    /// No other rule would have matched.
    fn judge(&mut self, candidates: &[u32], activity: &Activity<'_>, found: &mut Vec<RuleMatch>);

    /// What its rules have counted so far, for [`Self::resume`]; empty where they count nothing.
    fn state(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Goes on counting where [`Self::state`] was; false when those bytes cannot be read, and it counts anew.
    fn resume(&mut self, state: &[u8]) -> bool {
        state.is_empty()
    }

    /// How many bodies were too long to be looked into, or broken.
    fn unread_bodies(&self) -> u64;
}
