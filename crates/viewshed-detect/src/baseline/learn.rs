//! How habits are made, folded, and given up.

use super::record::{Accused, GROUP_HABITS_MAX, HABITS_MAX, Habit, Record, Standing};
use super::symbols::Symbol;
use super::{Baseline, DAY_S, part_of};
use crate::engine::behaviour::{Behaviour, Op, Outcome};
use crate::engine::warm::Entry;
use crate::engine::work::may_explain;

/// A task that is done in so many namespaces is done in any.
const NAMESPACES_MAX: usize = 8;
/// Whoever lists so many kinds, lists any (garbage collector, quota controller, `GitOps` tools): apart from
/// those that tell most.
const KINDS_MAX: usize = 28;
/// So many requests make an identity well known ...
const REQUESTS_KNOWN: f64 = 100.0;
/// ... and so many days on which it did the same.
const DAYS_OF_ROUTINE: f64 = 10.0;

/// Whether a habit was counted once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// Judging it may do something else.
    No,
    /// And nothing else is to be done.
    Yes,
    /// And it may explain something that speaks against its identity.
    MayExplain,
}

impl Baseline {
    /// Makes a behaviour a habit, or counts it once more.
    pub(crate) fn learn(
        &mut self,
        index: usize,
        behaviour: &Behaviour<'_>,
        now_s: u32,
        standing: Standing,
    ) {
        if let Some(at) = self.habit(index, behaviour) {
            self.repeat(index, at, now_s);
            return;
        }
        let Some((habit, hash)) = self.new_habit(behaviour, now_s, standing) else {
            return;
        };
        let Some(record) = self.identities.get_mut(index) else {
            return;
        };
        let groups = record.groups;
        let is_full = add(record, (habit, hash), HABITS_MAX, now_s);
        self.evicted_habits += u64::from(is_full);
        if self.fold(index, habit) || is_full {
            // Habits have other places now.
            self.disturb(index);
        }
        if standing == Standing::Usual {
            self.tell_groups(groups, (habit, hash), now_s);
        }
    }

    /// Counts a habit once more.
    #[inline]
    pub(crate) fn repeat(&mut self, index: usize, at: usize, now_s: u32) {
        let (half_life_s, window_s) = (self.half_life_s, self.window_s);
        if let Some(record) = self.identities.get_mut(index) {
            record.count(now_s);
            if let Some(habit) = record.habits.get_mut(at) {
                habit.repeat(1, now_s, half_life_s, window_s);
            }
        }
    }

    /// Counts the habit of an entry once more, if that is what judging it would do.
    #[inline]
    pub(crate) fn repeat_settled(
        &mut self,
        entry: &Entry,
        now_s: u32,
        window_limit: u32,
    ) -> Repeated {
        let (half_life_s, window_s) = (self.half_life_s, self.window_s);
        let index = usize::try_from(entry.index).ok();
        let Some(record) = index.and_then(|at| self.identities.get_mut(at)) else {
            return Repeated::No;
        };
        if record.stamp != entry.stamp {
            return Repeated::No;
        }
        let accused = (record.session != 0).then_some(record.accused);
        let Some(habit) = record.habits.get_mut(usize::from(entry.habit_at)) else {
            return Repeated::No;
        };
        let is_document = entry.document_s != 0;
        if !is_document && !habit.is_settled(now_s, half_life_s, window_limit) {
            return Repeated::No;
        }
        habit.repeat(1, now_s, half_life_s, window_s);
        let op = habit.op;
        record.count(now_s);
        if accused.is_some_and(|accused| may_explain(op, accused, now_s)) {
            Repeated::MayExplain
        } else {
            Repeated::Yes
        }
    }

    /// There is evidence against an identity that happened at these times.
    pub(crate) fn accuse(&mut self, index: usize, accused: Accused) {
        if let Some(record) = self.identities.get_mut(index) {
            let known = &mut record.accused;
            known.at_s = known.at_s.max(accused.at_s);
            known.of_look_s = known.of_look_s.max(accused.of_look_s);
        }
    }

    /// What ordinary activities of an identity are judged by has changed.
    pub(crate) fn disturb(&mut self, index: usize) {
        self.last_stamp = self.last_stamp.wrapping_add(1);
        let stamp = self.last_stamp;
        if let Some(record) = self.identities.get_mut(index) {
            record.stamp = stamp;
        }
    }

    /// Takes back what was learned from an identity since `since_s`: it was the beginning of an incident.
    pub(crate) fn unlearn(&mut self, index: usize, since_s: u32) {
        let Some(record) = self.identities.get_mut(index) else {
            return;
        };
        let groups = record.groups;
        let mut hashes = Vec::new();
        for (habit, hash) in record.habits.iter_mut().zip(&record.hashes) {
            if habit.first_s >= since_s && habit.standing == Standing::Usual {
                habit.suspect();
                hashes.push(*hash);
            }
        }
        for place in groups {
            let group = place.checked_sub(1).and_then(|at| usize::try_from(at).ok());
            let Some(group) = group.and_then(|at| self.groups.get_mut(at)) else {
                continue;
            };
            for (habit, hash) in group.habits.iter_mut().zip(&group.hashes) {
                if hashes.contains(hash) {
                    habit.peak = habit.peak.saturating_sub(1);
                }
            }
        }
    }

    /// How well an identity is known, from 0 to 1: by time, and by requests or by the days on which it did what it
    /// does, since a nightly job makes few.
    pub(crate) fn acquaintance(&self, index: usize, now_s: u32) -> f64 {
        let Some(record) = self.identities.get(index) else {
            return 0.0;
        };
        let days = f64::from(record.known_for_s(now_s)) / f64::from(DAY_S);
        let steadiest = record.habits.iter().map(Habit::days).max();
        let by_days = f64::from(steadiest.unwrap_or_default()) / DAYS_OF_ROUTINE;
        let by_requests = f64::from(record.requests) / REQUESTS_KNOWN;
        (days / 7.0).min(1.0) * by_requests.max(by_days).min(1.0)
    }

    /// How well the whole log is known, from 0 to 1: before a day has passed, every identity is new.
    pub(crate) fn log_acquaintance(&self) -> f64 {
        let days = f64::from(self.span_s()) / f64::from(DAY_S);
        ((days - 0.5) / 6.5).clamp(0.0, 1.0)
    }

    fn new_habit(
        &mut self,
        behaviour: &Behaviour<'_>,
        now_s: u32,
        standing: Standing,
    ) -> Option<(Habit, u64)> {
        // What failed says nothing about what is usual, and names that were refused are made up at will:
        // those fill no table unless the identity exists long enough to be asked about.
        if behaviour.outcome == Outcome::Failed {
            return None;
        }
        let part = behaviour.is_part.then(|| part_of(behaviour.kind));
        let kind = part.as_deref().unwrap_or(behaviour.kind);
        let hash = self.habit_hash(behaviour, kind, behaviour.namespace);
        let mut habit = Habit::new(behaviour.op, behaviour.outcome, now_s);
        habit.kind = self.symbols.intern(kind);
        habit.namespace = self.symbols.intern(behaviour.namespace);
        habit.standing = standing;
        habit.is_counted = matches!(behaviour.kind, "pods" | "nodes") && behaviour.op != Op::Write;
        Some((habit, hash))
    }

    /// Folds namespaces, then kinds, into "any" where there are many; says whether there were.
    fn fold(&mut self, index: usize, newest: Habit) -> bool {
        let record = self.identities.get(index);
        if record.is_none_or(|record| record.habits.len() <= NAMESPACES_MAX.min(KINDS_MAX)) {
            return false;
        }
        let hash_of = |kind: &str, namespace: &str| {
            self.hasher
                .hash_one(((newest.op, newest.outcome), kind, namespace))
        };
        let any_namespace = hash_of(self.symbols.text(newest.kind), "*");
        let is_local = newest.namespace != Symbol::EMPTY;
        let any_kind = hash_of("*", if is_local { "*" } else { "" });
        let symbols = &self.symbols;
        let is_telling = |habit: &Habit| symbols.is_telling(habit.kind);
        let Some(record) = self.identities.get_mut(index) else {
            return false;
        };
        let same = |habit: &Habit| {
            (habit.op, habit.outcome, habit.standing)
                == (newest.op, newest.outcome, Standing::Usual)
        };
        let in_namespaces = |habit: &Habit| {
            same(habit) && habit.kind == newest.kind && habit.namespace != Symbol::EMPTY
        };
        let merged = (any_namespace, newest.kind, Symbol::ANY);
        let mut is_folded = merge(record, in_namespaces, NAMESPACES_MAX, merged);
        let same_scope = |habit: &Habit| (habit.namespace != Symbol::EMPTY) == is_local;
        let of_kinds = |habit: &Habit| same(habit) && same_scope(habit) && !is_telling(habit);
        if matches!(
            newest.op,
            Op::List | Op::Watch | Op::Get | Op::Write | Op::Discover
        ) && newest.outcome == Outcome::Shown
        {
            let namespace = if is_local { Symbol::ANY } else { Symbol::EMPTY };
            let merged = (any_kind, Symbol::ANY, namespace);
            is_folded |= merge(record, of_kinds, KINDS_MAX, merged);
        }
        is_folded
    }

    fn tell_groups(&mut self, groups: [u32; 2], (habit, hash): (Habit, u64), now_s: u32) {
        for place in groups {
            let group = place.checked_sub(1).and_then(|at| usize::try_from(at).ok());
            let Some(group) = group.and_then(|at| self.groups.get_mut(at)) else {
                continue;
            };
            let at = group.find(hash);
            match at.and_then(|at| group.habits.get_mut(at)) {
                Some(known) => {
                    known.peak = known.peak.saturating_add(1);
                    known.last_s = known.last_s.max(now_s);
                }
                None => {
                    let is_full = add(group, (habit, hash), GROUP_HABITS_MAX, now_s);
                    self.evicted_habits += u64::from(is_full);
                }
            }
        }
    }
}

/// Adds a habit; says whether another one had to go.
fn add(record: &mut Record, (habit, hash): (Habit, u64), habits_max: usize, now_s: u32) -> bool {
    record.count(now_s);
    if record.habits.len() < habits_max {
        record.habits.push(habit);
        record.hashes.push(hash);
        return false;
    }
    let weakest = record
        .habits
        .iter_mut()
        .zip(&mut record.hashes)
        .min_by_key(|(one, _)| (one.strength, one.last_s));
    if let Some(weakest) = weakest {
        (*weakest.0, *weakest.1) = (habit, hash);
    }
    true
}

/// When more habits than `several` match, one takes their place; says whether.
fn merge(
    record: &mut Record,
    matches: impl Fn(&Habit) -> bool,
    several: usize,
    (hash, kind, namespace): (u64, Symbol, Symbol),
) -> bool {
    let found = || record.habits.iter().filter(|habit| matches(habit));
    if record.habits.len() <= several || found().count() <= several {
        return false;
    }
    let Some(mut merged) = found().next().copied() else {
        return false;
    };
    for habit in found() {
        merged.first_s = merged.first_s.min(habit.first_s);
        merged.last_s = merged.last_s.max(habit.last_s);
        merged.strength = merged.strength.max(habit.strength);
        merged.peak = merged.peak.max(habit.peak);
    }
    (merged.kind, merged.namespace) = (kind, namespace);
    let mut are_found = record.habits.iter().map(&matches);
    record
        .hashes
        .retain(|_| !are_found.next().unwrap_or_default());
    record.habits.retain(|habit| !matches(habit));
    record.habits.push(merged);
    record.hashes.push(hash);
    true
}
