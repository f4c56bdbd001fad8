//! What turns out to have been work: lists that a watch follows, names that are made, a look at the API by a
//! client that then does something with it.

use viewshed_model::Activity;

use super::Engine;
use super::behaviour::{Op, Outcome};
use super::judge::{DAY_S, NAME_MAX, Subject};
use super::kinds::is_telling;
use super::origin::{identity_tag, program_tag};
use super::path::is_short_watch;
use super::session::{Evidence, WORK_FOLLOWS_S};
use super::who::clip;
use crate::detections::{self, FallsWith, is_client};

/// Work that follows what it belongs to later than this was not the reason for it. Seconds.
const WORK_BELONGS_S: u32 = 10 * 60;

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
    now_s: u32,
}

impl Engine {
    /// A watch after a list, a change where something was read, anything after a look at the API: then it was
    /// work, and who works somewhere is at home there.
    pub(super) fn forgive_work(&mut self, activity: &Activity<'_>, subject: &Subject<'_>) {
        let behaviour = &subject.behaviour;
        let is_glimpse = behaviour.op == Op::Watch && is_short_watch(&activity.uri);
        let is_read = matches!(behaviour.op, Op::Get | Op::List);
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
            now_s,
        };
        let tag = identity_tag(subject.index);
        let was_work = session.forgive(tag, |one| work.leaves(one));
        if was_work && !is_read {
            self.settle_in(subject.arrival.spot, subject.index);
        }
    }
}

impl Work<'_> {
    /// Percent of the evidence that are left; `None` for what this does not explain.
    fn leaves(&self, one: &Evidence) -> Option<u32> {
        let age_s = self.now_s.saturating_sub(one.at_s);
        let same_place = *one.namespace == *self.namespace;
        let is_soon = age_s <= 2 * WORK_FOLLOWS_S;
        if one.falls_with == FallsWith::Work {
            return self.leaves_of_look(one).filter(|_| is_soon);
        }
        match self.op {
            Op::Watch => {
                let followed = *one.kind == *self.kind && same_place && one.op == Op::List;
                let is_held = one.falls_with == FallsWith::Watch;
                (followed && is_held && is_soon).then(|| what_a_watch_leaves(one))
            }
            Op::Write if same_place && age_s <= WORK_BELONGS_S => {
                let was_missing = one.outcome == Outcome::Missing && *one.kind == *self.kind;
                if was_missing && (*one.name == *self.name || self.name.is_empty()) {
                    return Some(0);
                }
                let is_local = !self.namespace.is_empty();
                (is_local && (one.falls_with == FallsWith::Watch || was_missing)).then_some(25)
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
