//! What is remembered of an identity besides what it does: tools that use it, masks that it wears, groups that it has.
//!
//! Each is kept as a habit of a kind that no request has.

use viewshed_model::{Activity, Impersonated, Surface};

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::judge::{DAY_S, NAME_MAX};
use super::origin::Arrival;
use super::weigh::standing;
use super::who::{Class, clip};
use crate::baseline::{Habit, STRENGTH_MAX};
use crate::detections::tool;

/// The group that may do everything, whatever the roles say.
///
/// Source: kubernetes `staging/src/k8s.io/apiserver/pkg/authentication/user/user.go` (`SystemPrivilegedGroup`).
pub(super) const MASTERS: &str = "system:masters";
/// Kind of the marks of masks.
pub(super) const MASK: &str = "(impersonation)";
/// What is remembered of those without it.
const NO_MASTERS: &str = "-";

/// A tool that came to the identity of a program later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Somebody else may have the credential.
    New,
    /// It is used so.
    Usual,
}

impl Engine {
    /// A tool of people that uses the identity of a program known for other clients. It becomes usual
    /// like any habit: on another day, after days of probation if it was an incident.
    pub(super) fn by_tool(
        &mut self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        arrival: &Arrival,
        behaviour: &Behaviour<'_>,
    ) -> Option<Tool> {
        let is_program = matches!(class, Class::ServiceAccount | Class::Node | Class::System);
        let tool = is_program.then(|| tool(&activity.actor.user_agent))??;
        let now_s = self.clock.now_s();
        let used = mark(behaviour.surface, "(tool)", tool);
        let record = self.baseline.record(index);
        let is_established = record.is_some_and(|record| record.known_for_s(now_s) >= DAY_S);
        let is_begun = is_established && arrival.origin.is_new_program;
        if self.marked(index, &used).is_none() && !is_begun {
            return None;
        }
        let is_usual = self.is_usual_mark(index, &used);
        self.learn_mark(index, &used);
        Some(if is_usual { Tool::Usual } else { Tool::New })
    }

    /// Whether a program that has long been reading the logs of some pods reads that of one which has another name:
    /// whoever follows its own jobs has no business with the rest of the namespace. Learns the name.
    pub(super) fn is_other_family(
        &mut self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        behaviour: &Behaviour<'_>,
    ) -> bool {
        let is_log = behaviour.op == Op::Log && behaviour.outcome == Outcome::Shown;
        if !is_log || class != Class::ServiceAccount {
            return false;
        }
        let read = Behaviour {
            kind: "(log)",
            namespace: family(&activity.object.name),
            is_part: false,
            ..*behaviour
        };
        let symbol = self.baseline.symbol("(log)");
        let record = self.baseline.record(index);
        let is_old = self.is_old_mark(index, &read);
        let now_s = self.clock.now_s();
        let knows_some = record.is_some_and(|record| {
            record.has(|habit| Some(habit.kind) == symbol && habit.is_old(now_s))
        });
        self.learn_mark(index, &read);
        knows_some && !is_old
    }

    /// Whether somebody who is known for a day or longer comes for the first time with the group that may do everything:
    /// somebody signed a certificate with that name. Learns whether it is there.
    pub(super) fn is_newly_mighty(
        &mut self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        behaviour: &Behaviour<'_>,
    ) -> bool {
        let has_name = !matches!(class, Class::Anonymous | Class::Invalid | Class::Local);
        if !has_name || activity.surface != Surface::KubernetesApi {
            return false;
        }
        let is_mighty = activity.actor.groups.contains(MASTERS);
        let [with, without] =
            [MASTERS, NO_MASTERS].map(|group| mark(behaviour.surface, "(group)", group));
        let is_new = is_mighty && self.is_departure(index, &without, &with);
        let worn = if is_mighty { with } else { without };
        // Once: most of what somebody does is ordinary at first sight and does not come here.
        self.keep_mark(index, &worn);
        is_new
    }

    pub(super) fn mask_is_usual(
        &mut self,
        activity: &Activity<'_>,
        index: usize,
        behaviour: &Behaviour<'_>,
    ) -> bool {
        let Some(mask) = &activity.actor.impersonated else {
            return !(behaviour.outcome == Outcome::Refused
                && activity.message.contains("cannot impersonate"));
        };
        let worn = worn(behaviour.surface, mask);
        let is_usual = self.is_usual_mark(index, &worn);
        self.learn_mark(index, &worn);
        is_usual
    }

    fn marked(&self, index: usize, mark: &Behaviour<'_>) -> Option<&Habit> {
        let at = self.baseline.habit(index, mark)?;
        self.baseline.record(index)?.habits.get(at)
    }

    /// Whether an identity was known by one mark alone for a day or longer, and came with another one within a day.
    /// What it was on its first day it is for good.
    pub(super) fn is_departure(
        &self,
        index: usize,
        before: &Behaviour<'_>,
        now: &Behaviour<'_>,
    ) -> bool {
        let now_s = self.clock.now_s();
        let Some(before) = self.marked(index, before) else {
            return false;
        };
        let since_s = self.marked(index, now).map_or(now_s, |one| one.first_s);
        since_s.saturating_sub(before.first_s) >= DAY_S && now_s.saturating_sub(since_s) < DAY_S
    }

    fn is_old_mark(&self, index: usize, mark: &Behaviour<'_>) -> bool {
        let now_s = self.clock.now_s();
        self.marked(index, mark)
            .is_some_and(|habit| habit.is_old(now_s))
    }

    fn is_usual_mark(&self, index: usize, mark: &Behaviour<'_>) -> bool {
        let (now_s, half_life_s) = (self.clock.now_s(), self.baseline.half_life_s());
        self.marked(index, mark)
            .is_some_and(|habit| habit.is_old(now_s) && habit.is_usual(now_s, half_life_s))
    }

    /// Remembers something for good: no other habit takes its room.
    pub(super) fn keep_mark(&mut self, index: usize, mark: &Behaviour<'_>) {
        if self.marked(index, mark).is_some() {
            return;
        }
        self.learn_mark(index, mark);
        let at = self.baseline.habit(index, mark);
        let record = self.baseline.record_mut(index);
        if let Some(habit) = at.and_then(|at| record?.habits.get_mut(at)) {
            habit.strength = STRENGTH_MAX;
        }
    }

    pub(super) fn learn_mark(&mut self, index: usize, mark: &Behaviour<'_>) {
        let record = self.baseline.record(index);
        let is_watched = record.is_some_and(|record| record.is_watched);
        let now_s = self.clock.now_s();
        self.baseline
            .learn(index, mark, now_s, standing(is_watched));
    }
}

/// What is remembered of a mask that was worn.
pub(super) fn worn<'a>(surface: Surface, mask: &'a Impersonated<'_>) -> Behaviour<'a> {
    mark(surface, MASK, clip(&mask.user, 200))
}

/// What is remembered in the form of a habit.
pub(super) fn mark<'a>(surface: Surface, kind: &'static str, what: &'a str) -> Behaviour<'a> {
    Behaviour {
        surface,
        op: Op::Exec,
        outcome: Outcome::Shown,
        kind,
        namespace: what,
        is_part: false,
    }
}

/// What pods of one sort have in common at the beginning of their names: letters, up to the first digit or dash.
pub(crate) fn family(pod: &str) -> &str {
    let end = pod.find(|letter: char| !letter.is_ascii_alphabetic());
    clip(end.and_then(|end| pod.get(..end)).unwrap_or(pod), NAME_MAX)
}
