//! What is remembered of an identity besides what it does: tools that use it, masks that it wears, groups that it has.
//!
//! Each is kept as a habit of a kind that no request has.

use viewshed_model::{Activity, Surface};

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::judge::{DAY_S, NAME_MAX};
use super::origin::Arrival;
use super::weigh::standing;
use super::who::{Class, clip};
use crate::detections::tool;

/// The group that may do everything, whatever the roles say.
///
/// Source: kubernetes `staging/src/k8s.io/apiserver/pkg/authentication/user/user.go` (`SystemPrivilegedGroup`).
const MASTERS: &str = "system:masters";
/// What is remembered of people without it.
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
        let used = Behaviour {
            op: Op::Exec,
            outcome: Outcome::Shown,
            kind: "(tool)",
            namespace: tool,
            ..*behaviour
        };
        let habit = self.baseline.habit(index, &used);
        let record = self.baseline.record(index);
        let is_established = record.is_some_and(|record| record.known_for_s(now_s) >= DAY_S);
        let known = habit.and_then(|at| record?.habits.get(at));
        let is_begun = is_established && arrival.origin.is_new_program;
        if known.is_none() && !is_begun {
            return None;
        }
        let is_usual = known.is_some_and(|habit| {
            now_s.saturating_sub(habit.first_s) >= DAY_S
                && habit.is_usual(now_s, self.baseline.half_life_s())
        });
        let is_watched = record.is_some_and(|record| record.is_watched);
        self.baseline
            .learn(index, &used, now_s, standing(is_watched));
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
            ..*behaviour
        };
        let now_s = self.clock.now_s();
        let of_old = |first_s: u32| now_s.saturating_sub(first_s) >= DAY_S;
        let habit = self.baseline.habit(index, &read);
        let symbol = self.baseline.symbol("(log)");
        let record = self.baseline.record(index);
        let is_old = habit
            .and_then(|at| record?.habits.get(at))
            .is_some_and(|habit| of_old(habit.first_s));
        let knows_some = record.is_some_and(|record| {
            record.has(|habit| Some(habit.kind) == symbol && of_old(habit.first_s))
        });
        let is_watched = record.is_some_and(|record| record.is_watched);
        self.baseline
            .learn(index, &read, now_s, standing(is_watched));
        knows_some && !is_old
    }

    /// Whether a person who is known for a day or longer comes for the first time with the group that may do everything:
    /// somebody signed a certificate with that name. Learns whether it is there.
    pub(super) fn is_newly_mighty(
        &mut self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        behaviour: &Behaviour<'_>,
    ) -> bool {
        if class != Class::Person || activity.surface != Surface::KubernetesApi {
            return false;
        }
        let is_mighty = activity.actor.groups.contains(MASTERS);
        let worn = |namespace| Behaviour {
            op: Op::Exec,
            outcome: Outcome::Shown,
            kind: "(group)",
            namespace,
            ..*behaviour
        };
        let now_s = self.clock.now_s();
        let is_old = |engine: &Self, namespace| {
            let habit = engine.baseline.habit(index, &worn(namespace));
            let record = engine.baseline.record(index);
            let habit = habit.and_then(|at| record?.habits.get(at));
            habit.is_some_and(|habit| now_s.saturating_sub(habit.first_s) >= DAY_S)
        };
        let is_new = is_mighty && is_old(self, NO_MASTERS) && !is_old(self, MASTERS);
        let namespace = if is_mighty { MASTERS } else { NO_MASTERS };
        // Once: most of what people do is ordinary at first sight and does not come here.
        if self.baseline.habit(index, &worn(namespace)).is_none() {
            let record = self.baseline.record(index);
            let is_watched = record.is_some_and(|record| record.is_watched);
            self.baseline
                .learn(index, &worn(namespace), now_s, standing(is_watched));
        }
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
        let worn = Behaviour {
            op: Op::Exec,
            outcome: Outcome::Shown,
            kind: "(impersonation)",
            namespace: clip(&mask.user, 200),
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
}

/// What pods of one sort have in common at the beginning of their names: letters, up to the first digit or dash.
fn family(pod: &str) -> &str {
    let end = pod.find(|letter: char| !letter.is_ascii_alphabetic());
    clip(end.and_then(|end| pod.get(..end)).unwrap_or(pod), NAME_MAX)
}
