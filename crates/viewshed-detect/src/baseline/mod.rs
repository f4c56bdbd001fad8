//! What is usual: per identity and per peer group, learned in one pass, decaying with time.
//!
//! A habit is known by a keyed 64-bit hash of what it consists of. The key is secret and two habits of one
//! identity would have to collide, so the names are not compared again.

mod bytes;
mod learn;
mod queries;
mod record;
mod rows;
mod symbols;
mod table;
#[cfg(test)]
mod tests;

use ahash::RandomState;

use crate::engine::behaviour::Behaviour;
use crate::engine::who::{Class, Who};

pub use bytes::StateError;
pub(crate) use bytes::{seal, unseal};
pub(crate) use learn::Repeated;
pub(crate) use queries::DoesAt;
pub(crate) use record::{
    Accused, Habit, ONCE, ORIGINS_MAX, Record, STRENGTH_MAX, Standing, remember_origin,
};
use symbols::{Symbol, Symbols};
use table::Table;

/// Groups that are kept: namespaces with service accounts, groups of people. A group that finds no room
/// only means that its members vouch for nobody.
const GROUPS_MAX: usize = 1 << 16;
/// Identities that are kept unless the engine's settings say otherwise.
const IDENTITIES_MAX: usize = 1 << 20;
pub(crate) const DAY_S: u32 = 24 * 60 * 60;
/// A longer time without a single event is one in which nobody listened: it does not make the log better known.
const GAP_S: u32 = 3 * DAY_S;

/// What is usual. Made by an [`Engine`](crate::Engine) that reads logs.
#[derive(Debug, Clone)]
pub struct Baseline {
    symbols: Symbols,
    identities: Table,
    groups: Table,
    /// Time of the first event, seconds since 1970, later by the long gaps in the log; 0 before it.
    first_s: u32,
    last_s: u32,
    requests: u64,
    half_life_s: u32,
    window_s: u32,
    hasher: RandomState,
    evicted_habits: u64,
    /// The newest stamp of a record; of this run.
    last_stamp: u32,
}

impl Default for Baseline {
    fn default() -> Self {
        let hasher = hasher(0);
        Self {
            symbols: Symbols::new(hasher.clone()),
            identities: Table::new(IDENTITIES_MAX),
            groups: Table::new(GROUPS_MAX),
            first_s: 0,
            last_s: 0,
            requests: 0,
            half_life_s: 14 * DAY_S,
            window_s: 600,
            hasher,
            evicted_habits: 0,
            last_stamp: 0,
        }
    }
}

/// Where an identity stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) index: usize,
    pub(crate) is_new: bool,
}

/// The keyed hash that the whole engine uses; names in a log are chosen by clients, so it must not be known
/// to them where they end up in a table.
pub(crate) fn hasher(seed: u64) -> RandomState {
    RandomState::with_seeds(
        seed,
        !seed,
        seed.rotate_left(17) ^ 0x9e37_79b9_7f4a_7c15,
        seed.rotate_left(41),
    )
}

/// What stands behind the kind of a habit that is of a part of the objects.
const PART: &str = "?selector";

/// The kind of a habit that is of a part of the objects of this kind.
fn part_of(kind: &str) -> String {
    [kind, PART].concat()
}

/// The namespace of a habit that covers this one.
fn any_namespace(namespace: &str) -> &'static str {
    if namespace.is_empty() { "" } else { "*" }
}

impl Baseline {
    /// Sets what the engine's settings tell, and keys all tables anew.
    pub(crate) fn prepare(
        &mut self,
        seed: u64,
        identities_max: usize,
        half_life_days: u32,
        window_s: u32,
    ) {
        self.hasher = hasher(seed);
        self.half_life_s = half_life_days.saturating_mul(DAY_S);
        self.window_s = window_s;
        self.rehash();
        self.identities.limit(identities_max);
    }

    /// Where an identity stands that is known.
    pub(crate) fn find(&self, cluster: &str, who: Who<'_>) -> Option<usize> {
        self.identities
            .find(self.hasher.hash_one((cluster, who.key)))
    }

    /// The record of an identity, made when there is none. `None` when every place is taken by somebody
    /// established.
    pub(crate) fn place(&mut self, cluster: &str, who: Who<'_>, now_s: u32) -> Option<Place> {
        let hash = self.hasher.hash_one((cluster, who.key));
        if let Some(index) = self.identities.find(hash) {
            return Some(Place {
                index,
                is_new: false,
            });
        }
        let cluster = self.symbols.intern(cluster);
        let record = Record::new(who.key, cluster, who.class, now_s);
        let index = self.identities.insert(hash, record, now_s)?;
        self.disturb(index);
        Some(Place {
            index,
            is_new: true,
        })
    }

    /// The record that stands for all identities that find no room; always there.
    pub(crate) fn crowd(&mut self) -> usize {
        let who = Who {
            class: Class::Local,
            key: "(identities that found no room)",
        };
        let index = self.place("", who, 0).map_or(0, |place| place.index);
        if let Some(record) = self.identities.get_mut(index) {
            // Established, and never gone.
            (record.first_s, record.last_s) = (0, u32::MAX);
        }
        index
    }

    /// An identity's record.
    #[inline]
    pub(crate) fn record(&self, index: usize) -> Option<&Record> {
        self.identities.get(index)
    }

    /// Fetches from memory what a repetition of a habit changes.
    #[inline]
    pub(crate) fn touch(&self, index: u32, habit_at: u16) -> u64 {
        let index = usize::try_from(index).ok();
        let record = index.and_then(|at| self.identities.get(at));
        let habit = record.and_then(|record| record.habits.get(usize::from(habit_at)));
        habit.map_or(0, |habit| u64::from(habit.strength))
    }

    /// An identity's record, to change.
    #[inline]
    pub(crate) fn record_mut(&mut self, index: usize) -> Option<&mut Record> {
        self.identities.get_mut(index)
    }

    /// Makes an identity a member of a group, given in words.
    pub(crate) fn join(
        &mut self,
        index: usize,
        cluster: &str,
        groups: [Option<String>; 2],
        now_s: u32,
    ) {
        let mut places = [0_u32; 2];
        for (place, label) in places.iter_mut().zip(groups) {
            let Some(label) = label else { continue };
            let hash = self.hasher.hash_one((cluster, label.as_str()));
            let found = self.groups.find(hash).or_else(|| {
                let symbol = self.symbols.intern(cluster);
                let record = Record::new(&label, symbol, Class::Local, now_s);
                self.groups.insert(hash, record, now_s)
            });
            if let Some(group) = found.and_then(|group| self.groups.get_mut(group)) {
                group.requests = group.requests.saturating_add(1);
            }
            *place = found
                .and_then(|at| u32::try_from(at + 1).ok())
                .unwrap_or_default();
        }
        if let Some(record) = self.identities.get_mut(index) {
            record.groups = places;
        }
    }

    /// Time goes on.
    #[inline]
    pub(crate) fn count(&mut self, now_s: u32) {
        if self.first_s == 0 {
            self.first_s = now_s;
        }
        let gap_s = now_s.saturating_sub(self.last_s);
        if self.last_s != 0 && gap_s > GAP_S {
            self.first_s = self.first_s.saturating_add(gap_s - DAY_S);
        }
        self.last_s = self.last_s.max(now_s);
        self.requests += 1;
    }

    /// How long the log is known, in seconds, without long gaps in it.
    pub(crate) fn span_s(&self) -> u32 {
        self.last_s.saturating_sub(self.first_s)
    }

    /// How many requests were seen.
    pub fn request_count(&self) -> u64 {
        self.requests
    }

    /// How many identities are known.
    pub fn identity_count(&self) -> usize {
        self.identities.len()
    }

    /// Identities that newcomers replaced, habits that found no room, and names that found none.
    pub fn evictions(&self) -> (u64, u64, u64) {
        (
            self.identities.evicted,
            self.evicted_habits,
            self.symbols.refused,
        )
    }

    /// The habit that covers a behaviour: this very one, or one for any namespace or kind.
    pub(crate) fn habit(&self, index: usize, behaviour: &Behaviour<'_>) -> Option<usize> {
        let record = self.identities.get(index)?;
        self.covering(record, behaviour)
    }

    /// Whether the same behaviour in any other namespace, if it is in one, is covered by this habit as well: as long
    /// as the record keeps its stamp, none is made that this one covers.
    pub(crate) fn is_for_any_namespace(
        &self,
        index: usize,
        at: usize,
        behaviour: &Behaviour<'_>,
    ) -> bool {
        let record = self.identities.get(index);
        let habit = record.and_then(|record| record.habits.get(at));
        let (Some(record), Some(habit)) = (record, habit) else {
            return false;
        };
        let Some(kind) = self.symbols.find(behaviour.kind) else {
            return false;
        };
        let is_nearer = |(place, one): (usize, &Habit)| {
            place != at
                && (one.op, one.outcome) == (behaviour.op, behaviour.outcome)
                && one.namespace != Symbol::EMPTY
                && [kind, Symbol::OTHER].contains(&one.kind)
        };
        habit.namespace == Symbol::ANY
            && !behaviour.namespace.is_empty()
            && !record.habits.iter().enumerate().any(is_nearer)
    }

    fn covering(&self, record: &Record, behaviour: &Behaviour<'_>) -> Option<usize> {
        // One namespace after the other is not all of them at once.
        let any = any_namespace(behaviour.namespace);
        let of_kind = |kind: &str| {
            record
                .find(self.habit_hash(behaviour, kind, behaviour.namespace))
                .or_else(|| record.find(self.habit_hash(behaviour, kind, any)))
        };
        // Who reads them all reads a part of them as well, and not the other way round.
        let of_part = || {
            let kind = behaviour.is_part.then(|| part_of(behaviour.kind));
            kind.and_then(|kind| of_kind(&kind))
        };
        of_part()
            .or_else(|| of_kind(behaviour.kind))
            .or_else(|| record.find(self.habit_hash(behaviour, "*", any)))
    }

    fn group(&self, place: u32) -> Option<&Record> {
        self.groups
            .get(usize::try_from(place.checked_sub(1)?).ok()?)
    }

    #[inline]
    fn habit_hash(&self, behaviour: &Behaviour<'_>, kind: &str, namespace: &str) -> u64 {
        let shape = (behaviour.op, behaviour.outcome);
        self.hasher.hash_one((shape, kind, namespace))
    }

    /// The symbol of a name that occurred.
    pub(crate) fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.find(name)
    }

    /// The name behind a symbol.
    pub(crate) fn text(&self, symbol: Symbol) -> &str {
        self.symbols.text(symbol)
    }

    /// Half-life of habits, in seconds.
    pub(crate) fn half_life_s(&self) -> u32 {
        self.half_life_s
    }
}
