//! What an identity is known to do, asked by the detections.

use super::record::Habit;
use super::symbols::Symbol;
use super::{Baseline, PART, Standing, part_of};
use crate::engine::behaviour::{Behaviour, Op, Outcome};
use crate::engine::kinds;

/// What is followed on so many days is followed for good.
const DAYS_OF_FOLLOWING: u8 = 3;
/// What programs follow for themselves; it names nothing else that they would have to read.
const PLAIN: [&str; 2] = ["configmaps", "leases.coordination.k8s.io"];

/// Who follows so many kinds of the whole cluster keeps a copy of it.
const WIDELY: usize = 5;
/// Of so many kinds a part is no accident.
const PARTS_MIN: usize = 3;

/// What an identity does by habit, besides what it does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DoesAt {
    /// Changes something in the same namespace.
    pub(crate) works_here: bool,
    /// Follows the same kind, there or everywhere.
    pub(crate) watches_it: bool,
    /// Follows objects that tell what else there is to read: more than settings and leases.
    pub(crate) watches_something: bool,
}

impl Baseline {
    /// What an identity does by habit where a behaviour takes place.
    pub(crate) fn does_at(&self, index: usize, behaviour: &Behaviour<'_>) -> DoesAt {
        let mut does = DoesAt::default();
        let Some(record) = self.identities.get(index) else {
            return does;
        };
        let kind = self.symbols.find(behaviour.kind);
        let namespace = self.symbols.find(behaviour.namespace);
        let is_local = !behaviour.namespace.is_empty();
        // Of a part the names are known, and no more.
        let part = if behaviour.is_part || !behaviour.is_enumeration() {
            self.symbols.find(&part_of(behaviour.kind))
        } else {
            None
        };
        let shown = record.habits.iter();
        for habit in shown.filter(|habit| habit.outcome == Outcome::Shown) {
            let is_here = [namespace, Some(Symbol::ANY)].contains(&Some(habit.namespace));
            match habit.op {
                Op::Write => {
                    does.works_here =
                        does.works_here || (is_local && is_here && !self.is_of_any_program(habit));
                }
                Op::Watch => {
                    let is_it = [kind, part, Some(Symbol::ANY)].contains(&Some(habit.kind));
                    does.watches_something = does.watches_something || !self.is_plain(habit);
                    does.watches_it |= is_it && (is_here || habit.namespace == Symbol::EMPTY);
                }
                _ => {}
            }
        }
        does
    }

    /// Whether a habit is about what programs follow for themselves.
    pub(crate) fn is_plain(&self, habit: &Habit) -> bool {
        let kind = self.symbols.text(habit.kind);
        let mut whole = kind;
        while let Some(shorter) = whole.strip_suffix(PART) {
            whole = shorter;
        }
        PLAIN.contains(&whole)
    }

    /// Whether a habit is writing what nearly every program writes: its lease, events, questions.
    pub(crate) fn is_of_any_program(&self, habit: &Habit) -> bool {
        habit.op == Op::Write
            && matches!(
                self.symbols.text(habit.kind),
                "leases.coordination.k8s.io" | "events" | "events.events.k8s.io"
            )
    }

    /// Whether an identity changes things in a namespace by other writes than such ones, or has done so for a day.
    pub(crate) fn works_besides(
        &self,
        index: usize,
        behaviour: &Behaviour<'_>,
        now_s: u32,
    ) -> bool {
        let kind = self.symbols.find(behaviour.kind);
        let namespace = self.symbols.find(behaviour.namespace);
        self.has(index, |habit| {
            (habit.op, habit.outcome) == (Op::Write, Outcome::Shown)
                && !self.is_of_any_program(habit)
                && [namespace, Some(Symbol::ANY)].contains(&Some(habit.namespace))
                && (kind != Some(habit.kind) || habit.is_old(now_s))
        })
    }

    /// Whether an identity makes objects of a kind in a namespace.
    pub(crate) fn makes(&self, index: usize, kind: &str, namespace: &str) -> bool {
        let kind = self.symbols.find(kind);
        let namespace = self.symbols.find(namespace);
        self.has(index, |habit| {
            (habit.op, habit.outcome) == (Op::Write, Outcome::Shown)
                && [kind, Some(Symbol::ANY)].contains(&Some(habit.kind))
                && [namespace, Some(Symbol::ANY)].contains(&Some(habit.namespace))
        })
    }

    /// Whether an identity has long been listing or following a kind, or pods, of the whole cluster: then it sees
    /// nothing new in single namespaces.
    pub(crate) fn sees_all(&self, index: usize, kind: &str, now_s: u32) -> bool {
        let kinds = [kind, "pods"].map(|kind| self.symbols.find(kind));
        self.has(index, |habit| {
            is_of_whole_cluster(habit)
                && (habit.kind == Symbol::ANY || kinds.contains(&Some(habit.kind)))
                && habit.is_usual(now_s, self.half_life_s)
                && habit.is_old(now_s)
        })
    }

    /// Whether somebody in a group of an identity has long been listing or following all pods: whoever is new among them
    /// will.
    pub(crate) fn peers_see_all(&self, index: usize, now_s: u32) -> bool {
        let pods = self.symbols.find("pods");
        let record = self.identities.get(index);
        let groups = record.map_or([0; 2], |record| record.groups);
        groups
            .iter()
            .filter_map(|place| self.group(*place))
            .any(|group| {
                group.has(|habit| {
                    is_of_whole_cluster(habit)
                        && Some(habit.kind) == pods
                        && habit.peak > 0
                        && habit.is_old(now_s)
                })
            })
    }

    /// Whether others of the groups of an identity have been known for a day or longer.
    pub(crate) fn is_of_known_group(&self, index: usize, now_s: u32) -> bool {
        let record = self.identities.get(index);
        let groups = record.map_or([0; 2], |record| record.groups);
        let mut groups = groups.iter().filter_map(|place| self.group(*place));
        groups.any(|group| group.known_for_s(now_s) >= super::DAY_S)
    }

    /// Whether an identity has long been reading all objects of this very kind in the whole cluster, and is used to:
    /// those of one namespace are some of them.
    pub(crate) fn reads_all_of(&self, index: usize, kind: &str, now_s: u32) -> bool {
        let symbol = self.symbols.find(kind);
        let may_be_any = !kinds::is_telling(kind);
        self.has(index, |habit| {
            is_of_whole_cluster(habit)
                && (Some(habit.kind) == symbol || (may_be_any && habit.kind == Symbol::ANY))
                && habit.is_usual(now_s, self.half_life_s)
                && habit.is_old(now_s)
        })
    }

    /// Whether an identity has long been following a kind, where a behaviour takes place or everywhere, on several
    /// days: it lists it when it begins anew.
    pub(crate) fn follows_by_habit(
        &self,
        index: usize,
        behaviour: &Behaviour<'_>,
        now_s: u32,
    ) -> bool {
        let kind = self.symbols.find(behaviour.kind);
        let part = behaviour.is_part.then(|| part_of(behaviour.kind));
        let part = part.and_then(|part| self.symbols.find(&part));
        let namespace = self.symbols.find(behaviour.namespace);
        self.has(index, |habit| {
            let is_here = Some(habit.namespace) == namespace
                || [Symbol::EMPTY, Symbol::ANY].contains(&habit.namespace);
            (habit.op, habit.outcome) == (Op::Watch, Outcome::Shown)
                && [kind, part].contains(&Some(habit.kind))
                && is_here
                && habit.days() >= DAYS_OF_FOLLOWING
                && habit.is_usual(now_s, self.half_life_s)
        })
    }

    /// Whether an identity has been following anything for a day or longer, of the whole cluster or anywhere.
    pub(crate) fn follows(&self, index: usize, is_wide: bool, now_s: u32) -> bool {
        self.has(index, |habit| {
            (habit.op, habit.outcome) == (Op::Watch, Outcome::Shown)
                && (!is_wide || habit.namespace == Symbol::EMPTY)
                && habit.is_old(now_s)
        })
    }

    /// Whether an identity has long been following many kinds of the whole cluster.
    pub(crate) fn follows_widely(&self, index: usize, now_s: u32) -> bool {
        let record = self.identities.get(index);
        record.is_some_and(|record| {
            let followed = record.habits.iter().filter(|habit| {
                is_of_whole_cluster(habit) && habit.op == Op::Watch && habit.is_old(now_s)
            });
            let mut kinds = 0;
            for habit in followed {
                kinds += if habit.kind == Symbol::ANY { WIDELY } else { 1 };
            }
            kinds >= WIDELY
        })
    }

    /// Whether an identity lists or follows anything of the whole cluster, since a day or longer.
    pub(crate) fn reads_wide(&self, index: usize, now_s: u32) -> bool {
        self.has(index, |habit| {
            is_of_whole_cluster(habit)
                && habit.is_old(now_s)
                && !self.symbols.text(habit.kind).ends_with(PART)
        })
    }

    /// Whether an identity has long been listing or following a part of several kinds in the whole cluster: catalogues do,
    /// by one and the same label.
    pub(crate) fn lists_parts_of_all(&self, index: usize, now_s: u32) -> bool {
        let record = self.identities.get(index);
        let parts = record.map_or(0, |record| {
            let parts = record.habits.iter().filter(|habit| {
                is_of_whole_cluster(habit)
                    && habit.is_old(now_s)
                    && self.symbols.text(habit.kind).ends_with(PART)
            });
            parts.count()
        });
        parts >= PARTS_MIN
    }

    /// Whether an identity has been changing something in a namespace for a day or longer.
    pub(crate) fn has_long_written(&self, index: usize, namespace: &str, now_s: u32) -> bool {
        let namespace = self.symbols.find(namespace);
        self.has(index, |habit| {
            (habit.op, habit.outcome) == (Op::Write, Outcome::Shown)
                && [namespace, Some(Symbol::ANY)].contains(&Some(habit.namespace))
                && habit.is_old(now_s)
                && !self.is_of_any_program(habit)
        })
    }

    /// Whether an identity has been doing this very thing for a day or longer.
    pub(crate) fn has_long_done(
        &self,
        index: usize,
        behaviour: &Behaviour<'_>,
        now_s: u32,
    ) -> bool {
        let at = self.habit(index, behaviour);
        let record = self.identities.get(index);
        let habit = at.and_then(|at| record?.habits.get(at));
        habit.is_some_and(|habit| habit.is_old(now_s))
    }

    /// Whether an identity was shown anything in a namespace.
    pub(crate) fn has_been_in(&self, index: usize, namespace: &str) -> bool {
        let namespace = self.symbols.find(namespace);
        self.has(index, |habit| {
            habit.outcome == Outcome::Shown
                && (Some(habit.namespace) == namespace || habit.namespace == Symbol::ANY)
        })
    }

    /// Whether an identity lists a kind, wherever: then it knows the names of its objects.
    pub(crate) fn lists(&self, index: usize, kind: &str) -> bool {
        self.has_done(index, Op::List, kind)
    }

    /// Whether an identity follows a kind, wherever.
    pub(crate) fn watches(&self, index: usize, kind: &str) -> bool {
        self.has_done(index, Op::Watch, kind)
    }

    /// Whether an identity has to do with a kind, in any way that was answered.
    pub(crate) fn touches(&self, index: usize, kind: &str) -> bool {
        let kind = self.symbols.find(kind);
        self.has(index, |habit| {
            habit.outcome == Outcome::Shown && Some(habit.kind) == kind
        })
    }

    /// Whether an identity has had to do with a kind for a day or longer, in any way that was answered.
    pub(crate) fn has_long_touched(&self, index: usize, kind: &str, now_s: u32) -> bool {
        let kind = self.symbols.find(kind);
        self.has(index, |habit| {
            habit.outcome == Outcome::Shown && Some(habit.kind) == kind && habit.is_old(now_s)
        })
    }

    fn has(&self, index: usize, is_meant: impl Fn(&Habit) -> bool) -> bool {
        let record = self.identities.get(index);
        record.is_some_and(|record| record.has(is_meant))
    }

    fn has_done(&self, index: usize, op: Op, kind: &str) -> bool {
        let part = self.symbols.find(&part_of(kind));
        let kind = self.symbols.find(kind);
        self.has(index, |habit| {
            (habit.op, habit.outcome) == (op, Outcome::Shown)
                && [kind, part, Some(Symbol::ANY)].contains(&Some(habit.kind))
        })
    }

    /// How many members of its groups have this habit, and the better known group in words.
    pub(crate) fn peers_doing(&self, index: usize, behaviour: &Behaviour<'_>) -> (u32, &str) {
        let Some(record) = self.identities.get(index) else {
            return (0, "");
        };
        let own = self
            .habit(index, behaviour)
            .and_then(|at| record.habits.get(at));
        // It vouches for the others, not for itself.
        let itself = own.map_or(0, |habit| u32::from(habit.standing == Standing::Usual));
        let mut best = (0, "");
        for group in record.groups.iter().filter_map(|place| self.group(*place)) {
            let habit = self
                .covering(group, behaviour)
                .and_then(|at| group.habits.get(at));
            let members = habit.map_or(0, |habit| u32::from(habit.peak));
            let members = members.saturating_sub(itself);
            if members > best.0 {
                best = (members, &*group.key);
            }
        }
        best
    }
}

/// Whether a habit is listing or following something of the whole cluster.
fn is_of_whole_cluster(habit: &Habit) -> bool {
    matches!(habit.op, Op::List | Op::Watch)
        && (habit.outcome, habit.namespace) == (Outcome::Shown, Symbol::EMPTY)
}
