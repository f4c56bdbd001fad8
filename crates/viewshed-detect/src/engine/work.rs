//! What turns out to have been work: lists that a watch follows, names that are made, a look at the API by a
//! client that then does something with it.

use viewshed_model::{Activity, Stage};

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::evidence::{Evidence, Explained, WORK_FOLLOWS_S};
use super::judge::{DAY_S, NAME_MAX, Subject};
use super::kinds::{is_rbac, is_telling};
use super::marks::MASTERS;
use super::origin::{STARTS_S, identity_tag, program_tag};
use super::path::is_short_watch;
use super::who::{Class, Who, clip, service_account};
use crate::baseline::{Accused, Habit};
use crate::detections::{self, FallsWith, is_client, is_raw, tool};

/// Work that follows what it belongs to later than this was not the reason for it. Seconds.
const WORK_BELONGS_S: u32 = 10 * 60;
/// People leaf through the views of their dashboards: so much is left of what they only glanced at.
const GLIMPSED_PERCENT: u32 = 50;
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
    behaviour: &'a Behaviour<'a>,
    /// Name of the object; not in every log.
    name: &'a str,
    spot: u64,
    program: u32,
    /// Whether it is what a client discovers the API for, and not what the identity does anyway.
    is_purpose: bool,
    /// Whether a watch of it may be taken for work.
    may_follow: bool,
    /// Whether it is a program that has just begun and has long been following things of the whole cluster.
    is_wide_start: bool,
    /// Hash of the audit id, which is how a watch is known again when it ends.
    key: u64,
    now_s: u32,
}

/// Something that somebody does, as far as it may be work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed<'a> {
    behaviour: Behaviour<'a>,
    class: Class,
    index: usize,
    spot: u64,
    is_shared: bool,
    is_usual: bool,
    is_other_hand: bool,
}

impl<'a> Deed<'a> {
    pub(super) fn of(subject: &Subject<'a>) -> Self {
        Self {
            behaviour: subject.behaviour,
            class: subject.who.class,
            index: subject.index,
            spot: subject.arrival.spot,
            is_shared: subject.arrival.is_shared,
            is_usual: subject.is_usual,
            is_other_hand: subject.is_other_hand,
        }
    }
}

impl Engine {
    /// Something ordinary that was counted already, and may explain what came before.
    pub(super) fn explain(&mut self, activity: &Activity<'_>, index: u32) {
        let Ok(index) = usize::try_from(index) else {
            return;
        };
        let [mut who_text, mut kind_text] = std::mem::take(&mut self.scratch);
        let behaviour = Behaviour::of(activity, &mut kind_text);
        if self.may_be_work(activity, &behaviour, index) {
            let whence = self.whence(activity);
            let deed = Deed {
                behaviour,
                class: Who::of(activity, &mut who_text).class,
                index,
                spot: whence.spot,
                is_shared: whence.place.is_shared(),
                is_usual: true,
                is_other_hand: false,
            };
            self.forgive(activity, &deed);
        }
        self.scratch = [who_text, kind_text];
    }

    /// A watch after a list, a change where something was read, anything after a look at the API: then it was
    /// work, and who works somewhere is at home there.
    pub(super) fn forgive_work(&mut self, activity: &Activity<'_>, subject: &Subject<'_>) {
        if self.may_be_work(activity, &subject.behaviour, subject.index) {
            self.forgive(activity, &Deed::of(subject));
        }
    }

    /// Whether there is evidence that something may explain which an identity does.
    fn may_be_work(&self, activity: &Activity<'_>, done: &Behaviour<'_>, index: usize) -> bool {
        let is_read = is_read(done.op);
        let is_done = match done.outcome {
            Outcome::Shown => true,
            Outcome::Missing => is_read,
            Outcome::Refused | Outcome::Failed => false,
        };
        let is_work = is_read || matches!(done.op, Op::Watch | Op::Write);
        let record = self.baseline.record(index);
        let Some(record) = record.filter(|record| record.session != 0 && is_done && is_work) else {
            return false;
        };
        let now_s = self.clock.now_s();
        if !may_explain(done.op, record.accused, now_s) {
            return false;
        }
        let is_glimpse =
            done.op == Op::Watch && (was_given_up(activity) || is_short_watch(&activity.uri));
        let session = self.sessions.get(record.session).filter(|_| !is_glimpse);
        session.is_some_and(|session| {
            let mut own = session.evidence.iter();
            own.any(|one| one.identity == identity_tag(index) && concerns(done, one, now_s))
        })
    }

    fn forgive(&mut self, activity: &Activity<'_>, deed: &Deed<'_>) {
        let (behaviour, now_s) = (&deed.behaviour, self.clock.now_s());
        let Some(record) = self.baseline.record(deed.index) else {
            return;
        };
        let (id, is_young) = (record.session, record.known_for_s(now_s) < DAY_S);
        let is_read = is_read(behaviour.op);
        let may_follow = self.may_follow(activity, deed);
        let is_wide_start = deed.class == Class::ServiceAccount
            && !self.is_midway(activity, (deed.index, deed.is_shared))
            && self.baseline.follows_widely(deed.index, now_s);
        let key = self.watch_key(activity);
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let work = Work {
            behaviour,
            name: clip(&activity.object.name, NAME_MAX),
            spot: deed.spot,
            program: program_tag(activity),
            is_purpose: !is_read
                || !deed.is_usual
                || is_young
                || is_client(&activity.actor.user_agent),
            may_follow,
            is_wide_start,
            key,
            now_s,
        };
        let was_work = session.forgive(identity_tag(deed.index), |one| work.leaves(one));
        if was_work && !is_read {
            self.settle_in(deed.spot, deed.index);
        }
    }

    /// Whether a watch may be taken for work: that of a program which has just begun, or which does follow or change
    /// things in the same namespace, or in all. Programs follow what they need from their start on; one that has long
    /// been at something else and suddenly follows what there is, is not what it was. Nor does a tool that knows
    /// nothing of Kubernetes, or one that only now uses the identity, follow anything for a program. People begin when
    /// they like.
    pub(super) fn may_follow(&self, activity: &Activity<'_>, deed: &Deed<'_>) -> bool {
        if deed.class == Class::Person {
            return self.is_follower(activity, deed);
        }
        if !matches!(deed.class, Class::ServiceAccount | Class::Node) {
            return true;
        }
        if deed.is_other_hand || tool(&activity.actor.user_agent).is_some_and(is_raw) {
            return false;
        }
        let is_midway = self.is_midway(activity, (deed.index, deed.is_shared));
        let namespace = deed.behaviour.namespace;
        if !is_midway || self.works_at(deed.index, Some(namespace), is_midway) {
            return true;
        }
        // In its own namespace it may follow what is no secret: it follows its settings there.
        let record = self.baseline.record(deed.index);
        let own = record.and_then(|record| service_account(&record.key));
        let kind = deed.behaviour.kind;
        own.is_some_and(|(own, _)| own == namespace)
            && kind != "secrets"
            && !is_rbac(kind)
            && self.works_at(deed.index, Some(namespace), false)
    }

    /// Whether a watch of a person may be taken for what dashboards do: from where he is known, of what a dashboard needs,
    /// or of more if he or others of his groups have been following it. What was listed was shown, followed or not: a watch behind the list makes no stranger known.
    fn is_follower(&self, activity: &Activity<'_>, deed: &Deed<'_>) -> bool {
        let watch = Behaviour {
            op: Op::Watch,
            outcome: Outcome::Shown,
            ..deed.behaviour
        };
        if self.everybody_is_new() || self.baseline.span_s() < DAY_S {
            return true;
        }
        if self.is_elsewhere(activity, deed.index) {
            return false;
        }
        // Whoever works here may try a dashboard, and newcomers begin with one; it needs no Secrets, and theirs no roles.
        let now_s = self.clock.now_s();
        let is_known = self.baseline.acquaintance(deed.index, now_s) > 0.5;
        let kind = deed.behaviour.kind;
        let is_mighty = activity.actor.groups.contains(MASTERS);
        let may_try = kind != "secrets" && (is_known || !(is_rbac(kind) || is_mighty));
        if may_try && !tool(&activity.actor.user_agent).is_some_and(is_raw) {
            return true;
        }
        let is_wide = deed.behaviour.namespace.is_empty();
        self.baseline.follows(deed.index, is_wide, now_s)
            || self.baseline.peers_doing(deed.index, &watch).0 > 0
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
        let is_work = |habit: &Habit| {
            if self.baseline.is_of_any_program(habit) {
                // A replica that waited for the lease begins when it has it.
                now_s.saturating_sub(habit.first_s) <= STARTS_S
            } else {
                let namespace = self.baseline.text(habit.namespace);
                there.is_none_or(|there| ["", "*", there].contains(&namespace))
            }
        };
        // What takes comparing texts comes last.
        record.has(|habit| {
            matches!(habit.op, Op::Watch | Op::Write)
                && habit.outcome == Outcome::Shown
                && now_s.saturating_sub(habit.first_s) >= WORK_FOLLOWS_S
                && (!is_midway || habit.first_s < unusual_s)
                && is_work(habit)
                // To follow its own settings leads a program to nothing else.
                && !(is_midway && habit.op == Op::Watch && self.baseline.is_plain(habit))
        })
    }

    /// The second line of a request that writes two. A watch that was given up at once explains nothing of
    /// somebody who goes on to others.
    pub(super) fn end_watch(&mut self, activity: &Activity<'_>) {
        if &*activity.verb != "watch" || !was_given_up(activity) {
            return;
        }
        let behind = self.behind(activity);
        let activity = behind.as_deref().unwrap_or(activity);
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
            let percent = if subject.who.class == Class::Person {
                GLIMPSED_PERCENT
            } else {
                100
            };
            let what = (behaviour.kind, behaviour.namespace);
            session.go_on(from, what, (now_s, percent));
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

/// Whether something that is done now may explain a piece of evidence: told at a glance, without what is known of who
/// does it.
fn concerns(done: &Behaviour<'_>, one: &Evidence, now_s: u32) -> bool {
    let age_s = now_s.saturating_sub(one.at_s);
    let is_soon = age_s <= EXPLAINS_S;
    if one.falls_with == FallsWith::Work {
        return is_soon;
    }
    let is_held = one.falls_with == FallsWith::Watch;
    let is_told = match done.op {
        Op::Watch => {
            let is_begun = matches!(one.op, Op::List | Op::Watch);
            is_soon && is_held && is_begun && *one.kind == *done.kind
        }
        Op::Write => age_s <= WORK_BELONGS_S && (is_held || one.outcome == Outcome::Missing),
        _ => false,
    };
    is_told && *one.namespace == *done.namespace
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
        if !concerns(self.behaviour, one, self.now_s) {
            return None;
        }
        if one.falls_with == FallsWith::Work {
            return self.leaves_of_look(one).map(Explained::by_work);
        }
        match self.behaviour.op {
            Op::Watch => self.may_follow.then(|| Explained {
                percent: what_a_watch_leaves(one, self.is_wide_start),
                watch: Some((self.key, self.now_s)),
            }),
            Op::Write => {
                let was_missing =
                    one.outcome == Outcome::Missing && *one.kind == *self.behaviour.kind;
                if was_missing && (*one.name == *self.name || self.name.is_empty()) {
                    return Some(Explained::by_work(0));
                }
                // That one thing can be changed explains no try to change another.
                let is_local = !self.behaviour.namespace.is_empty() && one.op != Op::Write;
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
            Op::Ask => matches!(self.behaviour.op, Op::Watch | Op::Write).then_some(50),
            _ => self.is_purpose.then_some(0),
        }
    }
}

/// Percent of the evidence that a watch leaves. To follow secrets or roles for the first time is news even
/// from a controller; imitating one costs an intruder twice the requests and does not make him invisible.
fn what_a_watch_leaves(one: &Evidence, is_wide_start: bool) -> u32 {
    let is_first_time =
        detections::at(one.detection).is_some_and(|found| found.name == "first-time-behaviour");
    match (is_telling(&one.kind), is_first_time) {
        // What keeps a copy of much of the cluster keeps one of more after an upgrade.
        (true, true) if is_wide_start && &*one.kind != "secrets" => 12,
        (true, true) => 35,
        (true, false) => 12,
        (false, _) => 0,
    }
}
