//! What turns out to have been work: lists that a watch follows, names that are made, a look at the API by a
//! client that then does something with it.

use viewshed_model::{Activity, Stage};

use super::Engine;
use super::behaviour::{Op, Outcome};
use super::evidence::{Evidence, Explained, WORK_FOLLOWS_S};
use super::judge::{DAY_S, NAME_MAX, Subject};
use super::kinds::is_telling;
use super::origin::{STARTS_S, identity_tag, program_tag};
use super::path::is_short_watch;
use super::who::{Class, Who, clip};
use crate::baseline::Accused;
use crate::detections::{self, FallsWith, is_client, is_raw, tool};

/// Work that follows what it belongs to later than this was not the reason for it. Seconds.
const WORK_BELONGS_S: u32 = 10 * 60;
/// And reading or following something else later than this. Seconds.
const EXPLAINS_S: u32 = 2 * WORK_FOLLOWS_S;

/// A watch that ends sooner, and in whose place no other comes, followed nothing. Seconds. Controllers' watches
/// last five minutes and more, and what cuts them off earlier cuts off the next one as well.
///
/// Source: client-go `tools/cache/reflector.go`, `minWatchTimeout`.
pub(super) const LASTING_S: u32 = 30;

/// Something that was done, and may explain what came before it.
#[derive(Debug, Clone, Copy)]
struct Work<'a> {
    op: Op,
    kind: &'a str,
    namespace: &'a str,
    /// Name of the object; not in every log.
    name: &'a str,
    spot: u64,
    program: u32,
    /// Whether it is what a client discovers the API for, and not what the identity does anyway.
    is_purpose: bool,
    /// Whether a watch of it may be taken for work.
    may_follow: bool,
    /// Hash of the audit id, which is how a watch is known again when it ends.
    key: u64,
    now_s: u32,
}

impl Engine {
    /// A watch after a list, a change where something was read, anything after a look at the API: then it was
    /// work, and who works somewhere is at home there.
    pub(super) fn forgive_work(&mut self, activity: &Activity<'_>, subject: &Subject<'_>) {
        let behaviour = &subject.behaviour;
        let is_glimpse =
            behaviour.op == Op::Watch && (is_short_watch(&activity.uri) || was_given_up(activity));
        let is_read = is_read(behaviour.op);
        let is_done = match behaviour.outcome {
            Outcome::Shown => true,
            Outcome::Missing => is_read,
            Outcome::Refused | Outcome::Failed => false,
        };
        let is_work = is_read || matches!(behaviour.op, Op::Watch | Op::Write);
        if is_glimpse || !is_done || !is_work {
            return;
        }
        let now_s = self.clock.now_s();
        let record = self.baseline.record(subject.index);
        let is_accused = record.is_some_and(|record| {
            record.session != 0 && may_explain(behaviour.op, record.accused, now_s)
        });
        if !is_accused {
            return;
        }
        let may_follow = self.may_follow(activity, subject);
        let key = self.watch_key(activity);
        let record = self.baseline.record(subject.index);
        let is_young = record.is_none_or(|record| record.known_for_s(now_s) < DAY_S);
        let session = record.map_or(0, |record| record.session);
        let Some(session) = self.sessions.get_mut(session) else {
            return;
        };
        let work = Work {
            op: behaviour.op,
            kind: behaviour.kind,
            namespace: behaviour.namespace,
            name: clip(&activity.object.name, NAME_MAX),
            spot: subject.arrival.spot,
            program: program_tag(activity),
            is_purpose: !is_read
                || !subject.is_usual
                || is_young
                || is_client(&activity.actor.user_agent),
            may_follow,
            key,
            now_s,
        };
        let tag = identity_tag(subject.index);
        let was_work = session.forgive(tag, |one| work.leaves(one));
        if was_work && !is_read {
            self.settle_in(subject.arrival.spot, subject.index);
        }
    }

    /// Whether a watch may be taken for work: that of a program which has just begun, or which does follow or change
    /// things in the same namespace, or in all. Programs follow what they need from their start on; one that has long
    /// been at something else and suddenly follows what there is, is not what it was. Nor does a tool that knows
    /// nothing of Kubernetes, or one that only now uses the identity, follow anything for a program. People begin when
    /// they like.
    pub(super) fn may_follow(&self, activity: &Activity<'_>, subject: &Subject<'_>) -> bool {
        if !matches!(subject.who.class, Class::ServiceAccount | Class::Node) {
            return true;
        }
        if subject.is_other_hand || tool(&activity.actor.user_agent).is_some_and(is_raw) {
            return false;
        }
        let is_midway = self.is_midway(activity, (subject.index, subject.arrival.is_shared));
        let namespace = Some(subject.behaviour.namespace);
        !is_midway || self.works_at(subject.index, namespace, is_midway)
    }

    /// Whether an identity has changed or followed anything for a while, somewhere or where this namespace is; one
    /// that has long been running, before anything unusual was seen of it. Leases and events are no such work, but for
    /// who has just taken a lease.
    pub(super) fn works_at(&self, index: usize, there: Option<&str>, is_midway: bool) -> bool {
        let now_s = self.clock.now_s();
        let Some(record) = self.baseline.record(index) else {
            return false;
        };
        let session = self.sessions.get(record.session);
        let unusual_s = session.map_or(u32::MAX, |session| session.started_s);
        record.has(|habit| {
            let is_work = if self.baseline.is_of_any_program(habit) {
                // A replica that waited for the lease begins when it has it.
                now_s.saturating_sub(habit.first_s) <= STARTS_S
            } else {
                let namespace = self.baseline.text(habit.namespace);
                there.is_none_or(|there| ["", "*", there].contains(&namespace))
            };
            is_work
                && matches!(habit.op, Op::Watch | Op::Write)
                && habit.outcome == Outcome::Shown
                && now_s.saturating_sub(habit.first_s) >= WORK_FOLLOWS_S
                && (!is_midway || habit.first_s < unusual_s)
        })
    }

    /// The second line of a request that writes two. A watch that was given up at once explains nothing of
    /// somebody who goes on to others.
    pub(super) fn end_watch(&mut self, activity: &Activity<'_>) {
        if &*activity.verb != "watch" || !was_given_up(activity) {
            return;
        }
        let now_s = self.clock.now_s();
        let mut scratch = std::mem::take(&mut self.scratch);
        let [text, _] = &mut scratch;
        let who = Who::of(activity, text);
        let place = self.baseline.place(&activity.cluster, who, now_s);
        self.scratch = scratch;
        let record = place.and_then(|place| self.baseline.record(place.index));
        let (id, watch) = (
            record.map_or(0, |record| record.session),
            self.watch_key(activity),
        );
        if let Some(session) = self.sessions.get_mut(id) {
            session.give_up(watch);
        }
    }

    /// Somebody reads all objects of a kind and never did: he goes on from the watches that he gave up.
    pub(super) fn go_on(&mut self, subject: &Subject<'_>) {
        let behaviour = &subject.behaviour;
        if !behaviour.is_enumeration() || subject.is_usual {
            return;
        }
        let now_s = self.clock.now_s();
        let record = self.baseline.record(subject.index);
        let id = record.map_or(0, |record| record.session);
        if let Some(session) = self.sessions.get_mut(id) {
            let from = (identity_tag(subject.index), subject.arrival.spot);
            session.go_on(from, (behaviour.kind, behaviour.namespace), now_s);
            let accused = Accused {
                at_s: now_s,
                ..Accused::default()
            };
            self.baseline.accuse(subject.index, accused);
        }
    }

    /// What a watch is known by.
    pub(super) fn watch_key(&self, activity: &Activity<'_>) -> u64 {
        self.hasher.hash_one((&*activity.cluster, &*activity.id))
    }
}

/// Whether something that is done now may explain evidence of these times.
#[inline]
pub(crate) fn may_explain(op: Op, accused: Accused, now_s: u32) -> bool {
    let age_s = now_s.saturating_sub(accused.at_s);
    match op {
        Op::Write => age_s <= WORK_BELONGS_S,
        Op::Watch => age_s <= EXPLAINS_S,
        op => is_read(op) && now_s.saturating_sub(accused.of_look_s) <= EXPLAINS_S,
    }
}

fn is_read(op: Op) -> bool {
    matches!(op, Op::Get | Op::List)
}

/// Whether this tells of a watch that ended soon after it began.
fn was_given_up(activity: &Activity<'_>) -> bool {
    let lasted_us = activity.stage_at_us.saturating_sub(activity.at_us);
    activity.stage == Stage::ResponseComplete
        && activity.stage_at_us != 0
        && (0..i64::from(LASTING_S) * 1_000_000).contains(&lasted_us)
}

impl Work<'_> {
    /// Percent of the evidence that are left; `None` for what this does not explain.
    fn leaves(&self, one: &Evidence) -> Option<Explained> {
        let age_s = self.now_s.saturating_sub(one.at_s);
        let same_place = *one.namespace == *self.namespace;
        let is_soon = age_s <= EXPLAINS_S;
        if one.falls_with == FallsWith::Work {
            return self
                .leaves_of_look(one)
                .filter(|_| is_soon)
                .map(Explained::by_work);
        }
        match self.op {
            Op::Watch => {
                let is_begun = matches!(one.op, Op::List | Op::Watch);
                let followed = *one.kind == *self.kind && same_place && is_begun;
                let is_held = one.falls_with == FallsWith::Watch && self.may_follow;
                (followed && is_held && is_soon).then(|| Explained {
                    percent: what_a_watch_leaves(one),
                    watch: Some((self.key, self.now_s)),
                })
            }
            Op::Write if same_place && age_s <= WORK_BELONGS_S => {
                let was_missing = one.outcome == Outcome::Missing && *one.kind == *self.kind;
                if was_missing && (*one.name == *self.name || self.name.is_empty()) {
                    return Some(Explained::by_work(0));
                }
                let is_local = !self.namespace.is_empty();
                (is_local && (one.falls_with == FallsWith::Watch || was_missing))
                    .then(|| Explained::by_work(25))
            }
            _ => None,
        }
    }

    /// The same of a look at the API or at the own rights: by the same program from the same place, so that
    /// whoever moved in beside a program is not explained by what that goes on doing.
    fn leaves_of_look(&self, one: &Evidence) -> Option<u32> {
        if one.spot != self.spot || one.program != self.program {
            return None;
        }
        match one.op {
            Op::Ask => matches!(self.op, Op::Watch | Op::Write).then_some(50),
            _ => self.is_purpose.then_some(0),
        }
    }
}

/// Percent of the evidence that a watch leaves. To follow secrets or roles for the first time is news even
/// from a controller; imitating one costs an intruder twice the requests and does not make him invisible.
fn what_a_watch_leaves(one: &Evidence) -> u32 {
    let is_first_time =
        detections::at(one.detection).is_some_and(|found| found.name == "first-time-behaviour");
    match (is_telling(&one.kind), is_first_time) {
        (true, true) => 35,
        (true, false) => 12,
        (false, _) => 0,
    }
}
