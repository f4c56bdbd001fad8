//! What is not ordinary at first sight: looked up, weighed, learned.

use viewshed_model::{Activity, Incident};

use super::Engine;
use super::behaviour::{Behaviour, Op};
use super::door::{BEHIND_DOOR, Passage};
use super::facts::Sort;
use super::fingerprint::Fingerprint;
use super::kinds::is_step_by_name;
use super::marks::Tool;
use super::origin::{Arrival, groups_of};
use super::path::node_selected;
use super::warm::Entry;
use super::who::{Class, Who, is_through_door};

pub(super) use crate::baseline::DAY_S;
/// Longer names of objects are cut: there are none. Bytes (RFC 1123 subdomains).
pub(super) const NAME_MAX: usize = 253;

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
    pub(super) is_other_hand: bool,
    /// Whether a program lists from a new place what it lists at its start and follows, or its token was carried to
    /// where others are at home.
    pub(super) is_elsewhere: bool,
    /// Whether a program reads the log of a pod of another family than it is used to.
    pub(super) is_other_family: bool,
    /// Whether it comes with the group that may do everything and never did.
    pub(super) is_newly_mighty: bool,
    /// Whether the tools that use the identity are counted, each time.
    pub(super) is_tool_counted: bool,
    pub(super) arrival: Arrival,
}

impl Engine {
    pub(super) fn examine(
        &mut self,
        activity: &Activity<'_>,
        fingerprint: &Fingerprint,
        incidents: &mut Vec<Incident>,
    ) {
        let arrival = match activity.actor.impersonated {
            None => None,
            Some(_) => match self.passage(activity) {
                Passage::Through(own) => {
                    return self.judge(&own, fingerprint, Some(BEHIND_DOOR), incidents);
                }
                Passage::Worn(arrival) => arrival,
            },
        };
        self.judge(activity, fingerprint, arrival, incidents);
    }

    fn judge(
        &mut self,
        activity: &Activity<'_>,
        fingerprint: &Fingerprint,
        arrival: Option<Arrival>,
        incidents: &mut Vec<Incident>,
    ) {
        let [mut who_text, mut kind_text] = std::mem::take(&mut self.scratch);
        let who = Who::of(activity, &mut who_text);
        let behaviour = Behaviour::of(activity, &mut kind_text);
        let subject = self.subject(activity, (who, behaviour, arrival), incidents);
        let is_over = subject.window.0 > subject.window.1;
        let is_ordinary =
            subject.is_usual && !subject.arrival.is_unusual && subject.mask_is_usual && !is_over;
        let is_ordinary = is_ordinary && !subject.is_newly_mighty;
        if is_ordinary {
            self.settle(activity, &subject, fingerprint);
        } else {
            self.counters.weighed += 1;
            self.weigh(activity, &subject, fingerprint, incidents);
        }
        self.scratch = [who_text, kind_text];
    }

    fn subject<'a>(
        &mut self,
        activity: &Activity<'_>,
        (who, behaviour, arrival): (Who<'a>, Behaviour<'a>, Option<Arrival>),
        incidents: &mut Vec<Incident>,
    ) -> Subject<'a> {
        let now_s = self.clock.now_s();
        let place = self.baseline.place(&activity.cluster, who, now_s);
        let (index, is_new) =
            place.map_or((self.crowd, false), |place| (place.index, place.is_new));
        if place.is_none() {
            self.counters.unremembered += 1;
        }
        if !self.everybody_is_new() && (is_new || place.is_none()) {
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
        let arrival = arrival.unwrap_or_else(|| self.arrive(activity, index, who.class));
        let habit = self.baseline.habit(index, &behaviour);
        let (is_usual, window) = self.standing(index, habit, &behaviour);
        let mask_is_usual = self.mask_is_usual(activity, index, &behaviour);
        let by_tool = self.by_tool(activity, (index, who.class), &arrival, &behaviour);
        // What a program does by habit says nothing about somebody else who has its credential.
        let is_other_hand = by_tool == Some(Tool::New);
        let is_elsewhere = self.begins_elsewhere(activity, (index, who.class), (habit, &behaviour))
            || self.is_carried(activity, (index, who.class), &arrival.origin);
        let is_other_family = self.is_other_family(activity, (index, who.class), &behaviour);
        let is_beyond = who.class == Class::Node && is_of_all_pods(activity, who.key, &behaviour);
        let is_usual =
            is_usual && !is_other_hand && !is_elsewhere && !is_other_family && !is_beyond;
        Subject {
            who,
            behaviour,
            index,
            is_new,
            habit,
            is_usual,
            window,
            mask_is_usual,
            is_other_hand,
            is_elsewhere,
            is_other_family,
            is_newly_mighty: self.is_newly_mighty(activity, (index, who.class), &behaviour),
            is_tool_counted: by_tool.is_some(),
            arrival,
        }
    }

    /// Whether a habit makes a behaviour usual, and how often it was repeated.
    pub(super) fn standing(
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
        let started_s = || {
            let session = self.sessions.get(record.session);
            session.map_or(u32::MAX, |session| session.started_s)
        };
        let has_guessed = || {
            let session = self.sessions.get(record.session);
            session.is_some_and(|one| one.facts.has(Sort::GuessedKind, [behaviour.kind, ""]))
        };
        let is_of_guesses = behaviour.op == Op::Get
            && record.class == Class::ServiceAccount
            && record.session != 0
            && has_guessed();
        let is_step = is_of_guesses || is_step_of_program(behaviour, record.class);
        let is_settled = (behaviour.is_settled_by_habit() && !is_step)
            || (habit.is_old(now_s)
                && (habit.first_s < started_s() || habit.is_out_of_probation()));
        let is_usual = habit.is_usual(now_s, self.baseline.half_life_s()) && is_settled;
        // After a gap in the log two windows look like one, for as long as the time is not believed.
        let window = if habit.is_counted && !self.clock.is_in_doubt() {
            habit.within(now_s, self.settings.time_window_s) + 1
        } else {
            0
        };
        (is_usual, (window, habit.tolerated(limit)))
    }

    /// Counts something ordinary.
    fn settle(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        fingerprint: &Fingerprint,
    ) {
        let now_s = self.clock.now_s();
        let Some(at) = subject.habit else { return };
        self.baseline.repeat(subject.index, at, now_s);
        self.settle_in(subject.arrival.spot, subject.index);
        self.forgive_work(activity, subject);
        self.keep_warm(activity, subject, at, fingerprint);
    }

    /// Remembers a shape that is ordinary by this habit, if nothing is left to do the next time but to count it.
    pub(super) fn keep_warm(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        at: usize,
        fingerprint: &Fingerprint,
    ) {
        let (index, arrival) = (subject.index, &subject.arrival);
        // The crowd's members are looked for in the table each time, masks and new tools are learned each time.
        let is_of_some_node =
            subject.who.class == Class::Node && is_of_every_namespace(&subject.behaviour, "pods");
        let is_plain = index != self.crowd
            && activity.actor.impersonated.is_none()
            && !subject.is_tool_counted
            // The door is looked at each time.
            && !is_through_door(subject.who.key)
            // The next one like it may be of all.
            && !subject.behaviour.is_part
            // Of which node tells each time.
            && !is_of_some_node
            // Whose log it is tells each time.
            && !(subject.who.class == Class::ServiceAccount && subject.behaviour.op == Op::Log)
            // What it then follows decides each time whether a list is the beginning of it.
            && (&*activity.verb != "list" || !self.is_elsewhere(activity, index));
        if !is_plain || !arrival.is_settled || !self.is_settled_in(arrival, index) {
            return;
        }
        let Some(record) = self.baseline.record(index) else {
            return;
        };
        let (Ok(place), Ok(habit_at)) = (u32::try_from(index), u16::try_from(at)) else {
            return;
        };
        let entry = Entry {
            key: if self
                .baseline
                .is_for_any_namespace(index, at, &subject.behaviour)
            {
                fingerprint.anywhere
            } else {
                fingerprint.shape
            },
            index: place,
            stamp: record.stamp,
            habit_at,
            document_s: match subject.behaviour.op {
                Op::Discover => self.clock.now_s().max(1),
                _ => 0,
            },
            ..Entry::default()
        };
        self.warm.set(entry, arrival.spot);
    }
}

/// Whether each single request of a program may be a step: one Secret after the other, one pod after the other.
/// Kubelets and the control plane read those all day.
fn is_step_of_program(behaviour: &Behaviour<'_>, class: Class) -> bool {
    // What a change answers tells as much as reading it.
    let is_of_secrets = matches!(behaviour.op, Op::Get | Op::Write) && behaviour.kind == "secrets";
    let is_by_name = behaviour.op == Op::Get && is_step_by_name(behaviour.kind);
    let is_in_pod = behaviour.op == Op::Exec || behaviour.kind == "serviceaccounts/token";
    match class {
        Class::ServiceAccount => {
            is_of_secrets || is_by_name || is_in_pod || behaviour.op == Op::Review
        }
        Class::Person => is_of_secrets || behaviour.op == Op::Exec,
        _ => false,
    }
}

/// Whether a kubelet asks for the pods of others besides its own.
pub(super) fn is_of_all_pods(
    activity: &Activity<'_>,
    key: &str,
    behaviour: &Behaviour<'_>,
) -> bool {
    let own = key.strip_prefix("system:node:").unwrap_or_default();
    is_of_every_namespace(behaviour, "pods") && node_selected(&activity.uri) != Some(own)
}

/// Whether all objects of a kind are asked for, wherever they are.
fn is_of_every_namespace(behaviour: &Behaviour<'_>, kind: &str) -> bool {
    behaviour.kind == kind && behaviour.is_enumeration() && behaviour.namespace.is_empty()
}
