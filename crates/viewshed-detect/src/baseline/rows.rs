//! Habits in words, for `viewshed baseline show`.

use serde::{Deserialize, Serialize};

use super::record::{ONCE, Record};
use super::{Baseline, Standing};
use crate::engine::who::short_name;

/// One habit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaselineRow {
    /// Whether `who` is a group.
    pub is_group: bool,
    /// Cluster or host.
    pub cluster: String,
    /// Identity, or the peer group in words. Untrusted text.
    pub who: String,
    /// `list`, `watch`, `get`, `write`, ...
    pub action: String,
    /// Kind, as in incidents; a path for requests without object; `*` for any.
    pub kind: String,
    /// Namespace; empty for none or all of them in one request, `*` for any single one.
    pub namespace: String,
    /// `allowed`, `refused`, `not found`.
    pub outcome: String,
    /// Seconds since 1970 of the first time.
    pub first_s: u32,
    /// Seconds since 1970 of the last time.
    pub last_s: u32,
    /// How often, decayed up to the last time, rounded.
    pub strength: u32,
    /// For groups: how many members do it.
    pub members: u32,
    /// Whether it was part of an incident and is not counted as usual.
    pub is_suspect: bool,
}

impl Baseline {
    /// How many habits [`rows`](Self::rows) would tell.
    pub fn habit_count(&self) -> usize {
        let records = self.identities.records().iter();
        records
            .chain(self.groups.records())
            .map(|record| record.habits.len())
            .sum()
    }

    /// Every habit in words: identities first, sorted by cluster and name.
    pub fn rows(&self) -> Vec<BaselineRow> {
        let identities = self
            .identities
            .records()
            .iter()
            .flat_map(|record| self.of(record, false));
        let groups = self
            .groups
            .records()
            .iter()
            .flat_map(|record| self.of(record, true));
        let mut rows: Vec<BaselineRow> = identities.chain(groups).collect();
        rows.sort();
        rows
    }

    /// The habits of one identity, by the user name of its credential; none for those without a name of their
    /// own.
    pub fn rows_of(&self, cluster: &str, user: &str) -> Vec<BaselineRow> {
        self.identities
            .find(self.hasher.hash_one((cluster, user)))
            .and_then(|at| self.identities.get(at))
            .map_or_else(Vec::new, |record| self.of(record, false))
    }

    fn of(&self, record: &Record, is_group: bool) -> Vec<BaselineRow> {
        let rows = record.habits.iter().map(|habit| BaselineRow {
            is_group,
            cluster: self.text(record.cluster).to_owned(),
            who: short_name(&record.key),
            action: habit.op.word().to_owned(),
            kind: self.text(habit.kind).to_owned(),
            namespace: self.text(habit.namespace).to_owned(),
            outcome: habit.outcome.word().to_owned(),
            first_s: habit.first_s,
            last_s: habit.last_s,
            strength: (habit.strength + ONCE / 2) / ONCE,
            members: if is_group { u32::from(habit.peak) } else { 0 },
            is_suspect: habit.standing == Standing::Suspect,
        });
        rows.collect()
    }
}
