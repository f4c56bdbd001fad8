//! Habits in words, for `viewshed baseline show`.

use jiff::Timestamp;
use viewshed_model::{BaselineHolder, BaselineRow};

use super::record::{Habit, ONCE, Record};
use super::{Baseline, DAY_S, Standing};
use crate::engine::who::ShortName;

impl Baseline {
    /// How many habits [`rows`](Self::rows) would tell.
    pub fn habit_count(&self) -> usize {
        let records = self.identities.records().iter();
        records
            .chain(self.groups.records())
            .flat_map(|record| &record.habits)
            .filter(|habit| self.is_told(habit))
            .count()
    }

    /// Every habit in words: identities first, sorted by cluster and name.
    pub fn rows(&self) -> Vec<BaselineRow> {
        let identities = self
            .identities
            .records()
            .iter()
            .flat_map(|record| self.of(record, BaselineHolder::Identity));
        let groups = self
            .groups
            .records()
            .iter()
            .flat_map(|record| self.of(record, BaselineHolder::PeerGroup));
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
            .map_or_else(Vec::new, |record| self.of(record, BaselineHolder::Identity))
    }

    fn of(&self, record: &Record, holder: BaselineHolder) -> Vec<BaselineRow> {
        let told = record.habits.iter().filter(|habit| self.is_told(habit));
        let rows = told.map(|habit| BaselineRow {
            holder,
            cluster: self.text(record.cluster).to_owned(),
            actor: ShortName(&record.key).to_string(),
            verb: habit.op.word().to_owned(),
            kind: self.text(habit.kind).to_owned(),
            namespace: self.text(habit.namespace).to_owned(),
            outcome: habit.outcome.word().to_owned(),
            first_seen: moment(habit.first_s),
            last_seen: moment(habit.last_s),
            count: u64::from((habit.strength + ONCE / 2) / ONCE),
            days: habit.last_s.saturating_sub(habit.first_s) / DAY_S + 1,
            members: match holder {
                BaselineHolder::Identity => 0,
                BaselineHolder::PeerGroup => u32::from(habit.peak),
            },
            is_suspect: habit.standing == Standing::Suspect,
        });
        rows.collect()
    }

    /// Whether a habit is one of requests: tools, masks, groups and places are kept in the same form, as kinds that
    /// no request has.
    fn is_told(&self, habit: &Habit) -> bool {
        !self.text(habit.kind).starts_with('(')
    }
}

fn moment(second: u32) -> Timestamp {
    Timestamp::from_second(i64::from(second)).unwrap_or(Timestamp::UNIX_EPOCH)
}
