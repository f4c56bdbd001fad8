//! Doors: programs that act in the names of the people behind them, day after day, as proxies before an API server do.
//!
//! Whoever comes through a door is an identity of his own, with habits and incidents of his own; the door is how he
//! came. Where he comes from the log does not tell: the address, the pod and the credential are the door's.

use std::borrow::Cow;

use viewshed_model::{Activity, Actor, Impersonated};

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::judge::DAY_S;
use super::marks::{mark, worn};
use super::origin::{Arrival, groups_of};
use super::who::{Class, Who, clip, door_of, is_through_door, through};
use crate::baseline::{Habit, Standing};
use crate::detections::look::{Departure, Moved, Origin};

/// From so many masks on, worn on several days, a program is a door.
const MASKS_MIN: usize = 3;
/// On so many days ...
const DAYS_OF_DOOR: u8 = 2;
/// ... and on more if it may be a person: those try out what others may do.
const DAYS_OF_PERSON: u8 = 5;
/// Longer names of masks are cut, so that the name of the door finds room beside them. Bytes.
const MASK_MAX: usize = 200;

/// How somebody behind a door arrives: the place is the door's, and says nothing about him.
pub(super) const BEHIND_DOOR: Arrival = Arrival {
    origin: Origin {
        is_new_program: false,
        is_new_address: false,
        moved: Moved::No,
        is_foreign: false,
        is_kept: false,
        departure: Departure {
            is_outside: false,
            is_without_pod: false,
        },
        is_nobodys: false,
        companions: 0,
        moves_are_usual: false,
    },
    spot: 0,
    is_shared: false,
    is_unusual: false,
    is_settled: true,
};

/// Who comes with a mask.
#[derive(Debug)]
pub(super) enum Passage<'a> {
    /// Somebody through a door: his request, as if he had come by himself.
    Through(Box<Activity<'a>>),
    /// Whoever wears it; how he arrived, if that was looked at.
    Worn(Option<Arrival>),
}

impl Engine {
    /// Tells who comes with a mask, and learns it.
    pub(super) fn passage<'a>(&mut self, activity: &Activity<'a>) -> Passage<'a> {
        let Some(mask) = activity
            .actor
            .impersonated
            .as_ref()
            .filter(|mask| is_of_person(mask))
        else {
            return Passage::Worn(None);
        };
        let mut text = String::new();
        let door = Who::of(activity, &mut text);
        let known = self.baseline.find(&activity.cluster, door);
        if !known.is_some_and(|index| self.is_door(index)) && !self.becomes_door(known, door, mask)
        {
            self.learn_behind(activity, known, mask);
            return Passage::Worn(None);
        }
        let now_s = self.clock.now_s();
        let Some(place) = self.baseline.place(&activity.cluster, door, now_s) else {
            return Passage::Worn(None);
        };
        if place.is_new {
            let groups = groups_of(activity, door.class);
            self.baseline
                .join(place.index, &activity.cluster, groups, now_s);
        }
        self.keep_mark(place.index, &door_mark());
        let arrival = self.arrive(activity, place.index, door.class);
        if !self.is_in_place(activity, place.index, &arrival) {
            // Somebody else may have its credential.
            return Passage::Worn(Some(arrival));
        }
        let surface = activity.surface;
        self.learn_mark(place.index, &worn(surface, mask));
        self.settle_in(arrival.spot, place.index);
        Passage::Through(Box::new(unmasked(activity, mask)))
    }

    /// The same without learning anything: of the later line of a request.
    pub(super) fn behind<'a>(&self, activity: &Activity<'a>) -> Option<Box<Activity<'a>>> {
        let mask = activity.actor.impersonated.as_ref()?;
        let mut text = String::new();
        let index = self
            .baseline
            .find(&activity.cluster, Who::of(activity, &mut text))?;
        (is_of_person(mask) && self.is_door(index)).then(|| Box::new(unmasked(activity, mask)))
    }

    /// Whether somebody comes through a door that was not there the day before.
    pub(super) fn is_new_door(&self, cluster: &str, key: &str) -> bool {
        let Some(door) = door_of(key) else {
            return false;
        };
        let who = Who {
            class: Class::ServiceAccount,
            key: door,
        };
        let index = self.baseline.find(cluster, who);
        let record = index.and_then(|index| self.baseline.record(index));
        record.is_some_and(|record| record.known_for_s(self.clock.now_s()) < DAY_S)
    }

    fn is_door(&self, index: usize) -> bool {
        self.baseline.habit(index, &door_mark()).is_some()
    }

    /// Whether a program shows now that it is a door: by its masks of several days, or because it has done nothing else
    /// since it was first seen, for people who signed in somewhere.
    fn becomes_door(&self, known: Option<usize>, door: Who<'_>, mask: &Impersonated<'_>) -> bool {
        let now_s = self.clock.now_s();
        let record = known.and_then(|index| self.baseline.record(index));
        let is_program = matches!(door.class, Class::ServiceAccount | Class::System);
        let is_idle =
            || record.is_none_or(|record| !record.has(|one| self.is_work_of_its_own(one)));
        if is_program && has_own_groups(mask) && is_idle() {
            return true;
        }
        let days = if is_program {
            DAYS_OF_DOOR
        } else {
            DAYS_OF_PERSON
        };
        let Some(record) = record.filter(|_| is_program || door.class == Class::Person) else {
            return false;
        };
        let is_worn = |habit: &&Habit| {
            self.baseline.text(habit.kind) == super::marks::MASK
                && habit.is_old(now_s)
                && habit.days() >= days
                && habit.is_usual(now_s, self.baseline.half_life_s())
        };
        let masks = || record.habits.iter().filter(is_worn);
        masks().count() >= MASKS_MIN || masks().any(|one| self.baseline.text(one.namespace) == "*")
    }

    /// Whether a habit is reading or changing something, in nobody's name.
    fn is_work_of_its_own(&self, habit: &Habit) -> bool {
        let is_work = matches!(
            habit.op,
            Op::List | Op::Watch | Op::Get | Op::Log | Op::Proxy | Op::Write
        );
        let is_lease = self.baseline.text(habit.kind) == "leases.coordination.k8s.io";
        is_work
            && habit.outcome == Outcome::Shown
            && !is_lease
            && !self.baseline.is_of_any_program(habit)
    }

    /// Whether a door stands where it belongs: nothing about the place says that somebody else has its credential.
    fn is_in_place(&self, activity: &Activity<'_>, index: usize, arrival: &Arrival) -> bool {
        let origin = &arrival.origin;
        let is_carried = origin.moved == Moved::Yes && !origin.moves_are_usual;
        let is_foreign =
            origin.is_foreign && (origin.is_new_address || self.is_elsewhere(activity, index));
        origin.departure == Departure::default() && !is_carried && !is_foreign
    }

    /// Learns what somebody does through what may turn out to be a door, so that he is no stranger then.
    fn learn_behind(
        &mut self,
        activity: &Activity<'_>,
        known: Option<usize>,
        mask: &Impersonated<'_>,
    ) {
        let record = known.and_then(|index| self.baseline.record(index));
        let is_program = record
            .is_some_and(|record| record.class == Class::ServiceAccount && !record.is_watched);
        if !is_program || !has_own_groups(mask) {
            return;
        }
        let now_s = self.clock.now_s();
        let own = unmasked(activity, mask);
        let [mut who_text, mut kind_text] = [String::new(), String::new()];
        let who = Who::of(&own, &mut who_text);
        let Some(place) = self.baseline.place(&own.cluster, who, now_s) else {
            return;
        };
        if place.is_new {
            let groups = groups_of(&own, who.class);
            self.baseline.join(place.index, &own.cluster, groups, now_s);
        }
        let behaviour = Behaviour::of(&own, &mut kind_text);
        self.baseline
            .learn(place.index, &behaviour, now_s, Standing::Usual);
    }
}

/// What a door is remembered by.
fn door_mark() -> Behaviour<'static> {
    mark(viewshed_model::Surface::KubernetesApi, "(door)", "")
}

/// Whether a mask is that of a person: programs have doors of no kind.
fn is_of_person(mask: &Impersonated<'_>) -> bool {
    !mask.user.is_empty() && !mask.user.starts_with("system:") && !is_through_door(&mask.user)
}

/// Whether a mask has groups besides those of the cluster: those of whoever signed in at a proxy. What is put on by hand
/// has none.
fn has_own_groups(mask: &Impersonated<'_>) -> bool {
    mask.groups
        .iter()
        .any(|group| !group.starts_with("system:"))
}

/// The request of whoever is behind a mask.
fn unmasked<'a>(activity: &Activity<'a>, mask: &Impersonated<'a>) -> Activity<'a> {
    let actor = &activity.actor;
    Activity {
        actor: Actor {
            user: Cow::Owned(through(clip(&mask.user, MASK_MAX), &actor.user)),
            groups: mask.groups.clone(),
            address: actor.address.clone(),
            user_agent: actor.user_agent.clone(),
            ..Actor::default()
        },
        ..activity.clone()
    }
}
