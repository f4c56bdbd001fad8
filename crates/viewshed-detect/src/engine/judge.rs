//! What is not ordinary at first sight: looked up, weighed, learned.

use viewshed_model::{Activity, Incident};

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::facts::Facts;
use super::kinds::is_telling;
use super::origin::{Arrival, groups_of, identity_tag};
use super::session::{Evidence, Session, WORK_FOLLOWS_S};
use super::warm::Entry;
use super::who::{Class, Who, short_name};
use crate::baseline::{Record, Standing, half};
use crate::detections::look::FallsWith;
use crate::detections::{self, Look, Sign, judge};

const DAY_S: u32 = 24 * 60 * 60;
/// Work that follows what it belongs to later than this was not the reason for it. Seconds.
const WORK_BELONGS_S: u32 = 10 * 60;
/// Points in hundredths from which on somebody is linked to the session at his address: programs, and
/// people, who share addresses more often.
const LINK_MIN: u32 = 500;
/// Fewer points than this, in hundredths, begin no session: an ordinary day has thousands of them.
const SESSION_MIN: u32 = 150;
const LINK_MIN_PERSON: u32 = 1_500;
/// Longer names of objects are cut: there are none. Bytes (RFC 1123 subdomains).
const NAME_MAX: usize = 253;

/// Whom an activity belongs to, and how it compares with what is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) who: Who<'a>,
    pub(super) behaviour: Behaviour<'a>,
    pub(super) index: usize,
    pub(super) is_new: bool,
    pub(super) habit: Option<usize>,
    pub(super) is_usual: bool,
    pub(super) window: (u32, u32),
    pub(super) mask_is_usual: bool,
    pub(super) arrival: Arrival,
}

impl Engine {
    pub(super) fn examine(
        &mut self,
        activity: &Activity<'_>,
        shape: u64,
        incidents: &mut Vec<Incident>,
    ) {
        let [mut who_text, mut kind_text] = std::mem::take(&mut self.scratch);
        let who = Who::of(activity, &mut who_text);
        let behaviour = Behaviour::of(activity, &mut kind_text);
        let subject = self.subject(activity, who, behaviour, incidents);
        let is_over = subject.window.0 > subject.window.1;
        let is_ordinary =
            subject.is_usual && !subject.arrival.is_unusual && subject.mask_is_usual && !is_over;
        if is_ordinary {
            self.settle(activity, &subject, shape);
        } else {
            self.counters.weighed += 1;
            self.weigh(activity, &subject, shape, incidents);
        }
        self.scratch = [who_text, kind_text];
    }

    fn subject<'a>(
        &mut self,
        activity: &Activity<'_>,
        who: Who<'a>,
        behaviour: Behaviour<'a>,
        incidents: &mut Vec<Incident>,
    ) -> Subject<'a> {
        let now_s = self.clock.now_s();
        let place = self.baseline.place(&activity.cluster, who, now_s);
        let (index, is_new) =
            place.map_or((self.crowd, false), |place| (place.index, place.is_new));
        if place.is_none() {
            self.counters.unremembered += 1;
        }
        if is_new || place.is_none() {
            self.own.new_identity(&activity.cluster, now_s, incidents);
        }
        if is_new {
            self.baseline.join(
                index,
                &activity.cluster,
                groups_of(activity, who.class),
                now_s,
            );
        }
        let arrival = self.arrive(activity, index, who.class);
        let habit = self.baseline.habit(index, &behaviour);
        let (is_usual, window) = self.standing(index, habit, &behaviour);
        let mask_is_usual = self.mask_is_usual(activity, index, &behaviour);
        Subject {
            who,
            behaviour,
            index,
            is_new,
            habit,
            is_usual,
            window,
            mask_is_usual,
            arrival,
        }
    }

    /// Whether a habit makes a behaviour usual, and how often it was repeated.
    fn standing(
        &self,
        index: usize,
        habit: Option<usize>,
        behaviour: &Behaviour<'_>,
    ) -> (bool, (u32, u32)) {
        let limit = self.settings.pod_query_threshold;
        let record = self.baseline.record(index);
        let habit = habit.and_then(|at| record?.habits.get(at));
        let (Some(record), Some(habit)) = (record, habit) else {
            return (false, (0, limit));
        };
        let now_s = self.clock.now_s();
        // What each single request may be a step of has to be a habit for a day, and from before the session.
        let started_s = self
            .sessions
            .get(record.session)
            .map_or(u32::MAX, |session| session.started_s);
        let is_settled = behaviour.is_settled_by_habit()
            || (now_s.saturating_sub(habit.first_s) >= DAY_S && habit.first_s < started_s);
        let is_usual = habit.is_usual(now_s, self.baseline.half_life_s()) && is_settled;
        let window = if habit.is_counted {
            u32::from(habit.window_count) + 1
        } else {
            0
        };
        (is_usual, (window, habit.tolerated(limit)))
    }

    fn mask_is_usual(
        &mut self,
        activity: &Activity<'_>,
        index: usize,
        behaviour: &Behaviour<'_>,
    ) -> bool {
        let Some(mask) = &activity.actor.impersonated else {
            return !(behaviour.outcome == Outcome::Refused
                && activity.message.contains("cannot impersonate"));
        };
        let worn = Behaviour {
            op: Op::Exec,
            outcome: Outcome::Shown,
            kind: "(impersonation)",
            namespace: super::who::clip(&mask.user, 200),
            ..*behaviour
        };
        let now_s = self.clock.now_s();
        let habit = self.baseline.habit(index, &worn);
        let record = self.baseline.record(index);
        let known = habit.and_then(|at| record?.habits.get(at));
        let is_usual = known.is_some_and(|habit| {
            now_s.saturating_sub(habit.first_s) >= DAY_S
                && habit.is_usual(now_s, self.baseline.half_life_s())
        });
        let is_watched = record.is_some_and(|record| record.is_watched);
        self.baseline
            .learn(index, &worn, now_s, standing(is_watched));
        is_usual
    }

    /// Counts something ordinary.
    fn settle(&mut self, activity: &Activity<'_>, subject: &Subject<'_>, shape: u64) {
        let now_s = self.clock.now_s();
        let Some(at) = subject.habit else { return };
        self.baseline.repeat(subject.index, at, now_s);
        self.settle_in(subject.arrival.address, subject.index);
        self.forgive_work(activity, subject);
        self.keep_warm(subject.index, at, &subject.behaviour, shape);
    }

    fn keep_warm(&mut self, index: usize, at: usize, behaviour: &Behaviour<'_>, shape: u64) {
        // Work is looked at while something stands against who does it: it may explain it.
        let is_left_out = |record: &Record| {
            record.is_watched || (behaviour.op == Op::Write && record.session != 0)
        };
        let Some(record) = self
            .baseline
            .record(index)
            .filter(|record| !is_left_out(record))
        else {
            return;
        };
        let (Some(habit), Ok(place), Ok(habit_at)) = (
            record.habits.get(at),
            u32::try_from(index),
            u16::try_from(at),
        ) else {
            return;
        };
        let now_s = self.clock.now_s();
        let lost = self.warm.set(Entry {
            key: shape,
            record: half(record.hash()),
            habit: half(habit.hash()),
            index: place,
            at_s: now_s,
            habit_at,
            is_counted: habit.is_counted,
            ..Entry::default()
        });
        if let Some(lost) = lost {
            self.baseline.tell(&lost, 0, now_s, u32::MAX);
        }
    }

    /// Weighs what is not ordinary, and learns it.
    fn weigh(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        shape: u64,
        incidents: &mut Vec<Incident>,
    ) {
        let now_s = self.clock.now_s();
        let own = self
            .baseline
            .record(subject.index)
            .map_or(0, |record| record.session);
        let own = if self.sessions.get(own).is_some() {
            own
        } else {
            0
        };
        let near = self.session_at(subject.arrival.address);
        let candidate = if own != 0 { own } else { near };
        let facts = self
            .sessions
            .get_mut(candidate)
            .map(|session| std::mem::take(&mut session.facts));
        let facts = facts.unwrap_or_else(|| Facts::new(self.settings.hash_seed));
        let (mut signs, facts, is_reflector) = self.signs(activity, subject, candidate, facts);
        if self.settings.allows(subject.who.key) {
            signs.clear();
        }
        self.forgive_work(activity, subject);
        let points: u32 = signs
            .iter()
            .map(|(_, sign)| hundredths(sign))
            .fold(0, u32::saturating_add);
        let link_min = if subject.who.class == Class::Person {
            LINK_MIN_PERSON
        } else {
            LINK_MIN
        };
        let joins = own != 0 || (near != 0 && points >= link_min);
        let spare = self.sessions.get_mut(candidate).map(|session| {
            session.facts = facts.clone();
        });
        let is_watched = self
            .baseline
            .record(subject.index)
            .is_some_and(|record| record.is_watched);
        if candidate == 0 && points < SESSION_MIN {
            signs.clear();
        }
        if signs.is_empty() {
            if is_watched && !subject.is_usual && subject.behaviour.op != Op::Health {
                self.note(activity, subject, own, 0);
                self.tell(own, incidents);
            } else {
                self.settle_in(subject.arrival.address, subject.index);
            }
        } else {
            let session = if own != 0 && near != 0 && own != near && points >= link_min {
                self.meet(identity_tag(subject.index), own, near)
            } else if joins {
                candidate
            } else {
                let facts = if spare.is_some() {
                    Facts::new(self.settings.hash_seed)
                } else {
                    facts
                };
                self.sessions
                    .add(Session::new(&activity.cluster, facts, now_s))
            };
            self.join(activity, subject, session);
            self.add_evidence(activity, subject, (session, is_reflector), signs);
            self.note(activity, subject, session, points);
            self.reconsider(session, incidents);
        }
        self.learn(subject, shape);
    }

    fn learn(&mut self, subject: &Subject<'_>, shape: u64) {
        let now_s = self.clock.now_s();
        let is_watched = self
            .baseline
            .record(subject.index)
            .is_some_and(|record| record.is_watched);
        self.baseline.learn(
            subject.index,
            &subject.behaviour,
            now_s,
            standing(is_watched),
        );
        // Ordinary from the second time on, unless every single request has to be looked at.
        if !is_watched
            && subject.behaviour.is_settled_by_habit()
            && !subject.arrival.is_unusual
            && subject.mask_is_usual
            && let Some(at) = self.baseline.habit(subject.index, &subject.behaviour)
            && self.standing(subject.index, Some(at), &subject.behaviour).0
        {
            self.keep_warm(subject.index, at, &subject.behaviour, shape);
        }
    }

    /// Lets every detection look.
    fn signs(
        &self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        session: u32,
        mut facts: Facts,
    ) -> (Vec<(u8, Sign)>, Facts, bool) {
        let now_s = self.clock.now_s();
        let behaviour = subject.behaviour;
        let record = self.baseline.record(subject.index);
        let symbols = &self.baseline;
        let has = |op: Op, kind: Option<&str>, namespace: Option<&str>| {
            record.is_some_and(|record| {
                record.has(|habit| {
                    habit.op == op
                        && habit.outcome == Outcome::Shown
                        && kind.is_none_or(|kind| [kind, "*"].contains(&symbols.text(habit.kind)))
                        && namespace
                            .is_none_or(|name| [name, "*"].contains(&symbols.text(habit.namespace)))
                })
            })
        };
        let members = self
            .sessions
            .get(session)
            .map_or(&[][..], |session| &session.members);
        let others = members
            .iter()
            .filter(|one| one.identity != identity_tag(subject.index))
            .count();
        let mut origin = subject.arrival.origin;
        origin.companions = u32::try_from(others).unwrap_or(u32::MAX);
        let who = short_name(subject.who.key);
        let known_s = record.map_or(0, |record| record.known_for_s(now_s));
        let mut look = Look {
            activity,
            behaviour,
            class: subject.who.class,
            who: &who,
            key: subject.who.key,
            is_usual: subject.is_usual,
            is_new_identity: subject.is_new,
            acquaintance: self.baseline.acquaintance(subject.index, now_s),
            log_acquaintance: self.baseline.log_acquaintance(),
            known_days: known_s / DAY_S,
            log_days: self.baseline.span_s() / DAY_S,
            peers: self.baseline.peers_doing(subject.index, &behaviour),
            works_here: !behaviour.namespace.is_empty()
                && has(Op::Write, None, Some(behaviour.namespace)),
            watches_it: has(Op::Watch, Some(behaviour.kind), Some(behaviour.namespace)),
            watches_something: has(Op::Watch, None, None),
            origin,
            window: subject.window,
            mask_is_usual: subject.mask_is_usual,
            was_listed: false,
            facts: &mut facts,
            now_s,
        };
        let mut signs = Vec::new();
        judge(&mut look, &mut signs);
        let is_reflector = look.is_reflector_style();
        (signs, facts, is_reflector)
    }

    /// A watch after a list, a change where something was read: then it was work.
    fn forgive_work(&mut self, activity: &Activity<'_>, subject: &Subject<'_>) {
        let behaviour = &subject.behaviour;
        let made = super::who::clip(&activity.object.name, NAME_MAX);
        let is_done = behaviour.outcome == Outcome::Shown;
        if !is_done || !matches!(behaviour.op, Op::Watch | Op::Write) {
            return;
        }
        let now_s = self.clock.now_s();
        let session = self
            .baseline
            .record(subject.index)
            .map_or(0, |record| record.session);
        let Some(session) = self.sessions.get_mut(session) else {
            return;
        };
        session.forgive(identity_tag(subject.index), |one| {
            let age_s = now_s.saturating_sub(one.at_s);
            let same_place = *one.namespace == *behaviour.namespace;
            if behaviour.op == Op::Watch {
                let followed = *one.kind == *behaviour.kind && same_place && one.op == Op::List;
                let is_held = one.falls_with == FallsWith::Watch;
                let is_now = followed && is_held && age_s <= 2 * WORK_FOLLOWS_S;
                return is_now.then(|| what_a_watch_leaves(one));
            }
            if !same_place || age_s > WORK_BELONGS_S {
                return None;
            }
            let was_missing = one.outcome == Outcome::Missing && *one.kind == *behaviour.kind;
            // The name of what is made is not in every log.
            if was_missing && (*one.name == *made || made.is_empty()) {
                return Some(0);
            }
            let is_local = !behaviour.namespace.is_empty();
            (is_local && (one.falls_with == FallsWith::Watch || was_missing)).then_some(25)
        });
    }

    fn session_at(&self, address: u64) -> u32 {
        if address == 0 {
            return 0;
        }
        let place = self.places.address(address);
        let is_alive = !place.is_shared() && self.sessions.get(place.session).is_some();
        if is_alive { place.session } else { 0 }
    }

    fn add_evidence(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        (session, is_reflector): (u32, bool),
        signs: Vec<(u8, Sign)>,
    ) {
        let now_s = self.clock.now_s();
        let Some(session) = self.sessions.get_mut(session) else {
            return;
        };
        for (detection, sign) in signs {
            session.add(Evidence {
                detection,
                weight: hundredths(&sign),
                text: sign.text.into(),
                at_us: activity.at_us,
                at_s: now_s,
                audit_id: super::who::clip(&activity.id, 100).into(),
                identity: identity_tag(subject.index),
                op: subject.behaviour.op,
                outcome: subject.behaviour.outcome,
                kind: subject.behaviour.kind.into(),
                namespace: subject.behaviour.namespace.into(),
                name: super::who::clip(&activity.object.name, NAME_MAX).into(),
                falls_with: sign.falls_with,
                corroborates: sign.corroborates,
                is_reflector,
            });
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

fn standing(is_watched: bool) -> Standing {
    if is_watched {
        Standing::Suspect
    } else {
        Standing::Usual
    }
}

fn hundredths(sign: &Sign) -> u32 {
    super::decay::rounded(sign.weight * 100.0)
}
