//! How far the hand behind a request is from one that is known.

use std::net::IpAddr;

use viewshed_model::Activity;

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::judge::{DAY_S, Subject};
use super::own::FLOOD_WINDOW_S;
use super::path::has_query;
use super::who::Class;
use crate::baseline::{ONCE, Record};
use crate::detections::{is_raw, tool};

/// On the first day of a log everybody is new, which says that much, of 1.
const FIRST_DAY: f64 = 0.4;
/// What a well-known person does for the first time is that strange by itself ...
const KNOWN: f64 = 0.45;
/// ... and that much more from an address that was never seen with him before today ...
const ELSEWHERE: f64 = 0.35;
/// ... or with a client that knows nothing of Kubernetes.
const RAW: f64 = 0.2;

/// A list that is made more often, in thousandths as [`Habit::strength`](crate::baseline::Habit) has them, belongs to
/// no start: about three a day.
const STARTS_MAX: u32 = 60 * ONCE;

impl Engine {
    /// From 0, the hand that is known, to 1, somebody whom nobody knows. Of people and of the control plane: programs
    /// in pods change their addresses, and have habits that say more.
    pub(super) fn strangeness(&self, activity: &Activity<'_>, subject: &Subject<'_>) -> f64 {
        match subject.who.class {
            Class::Person => self.strangeness_of_person(activity, subject.index),
            Class::System
                if subject.is_other_hand
                    || subject.is_elsewhere
                    || subject.arrival.origin.departure.is_outside =>
            {
                1.0
            }
            // The control plane has clients of its own from its first day on.
            Class::System
                if !self.everybody_is_new()
                    && tool(&activity.actor.user_agent).is_some_and(is_raw) =>
            {
                let known = self
                    .baseline
                    .acquaintance(subject.index, self.clock.now_s());
                (1.0 - known) * self.baseline.log_acquaintance().max(FIRST_DAY)
            }
            _ => 0.0,
        }
    }

    fn strangeness_of_person(&self, activity: &Activity<'_>, index: usize) -> f64 {
        let known = self.baseline.acquaintance(index, self.clock.now_s());
        let is_raw = tool(&activity.actor.user_agent).is_some_and(is_raw);
        let is_elsewhere = self.is_elsewhere(activity, index);
        let elsewhere = if is_elsewhere { ELSEWHERE } else { 0.0 };
        // Scripts are part of what people do; of somebody hardly known they say something only besides the place.
        let raw = match (is_raw, is_elsewhere) {
            (false, _) => 0.0,
            (true, true) => RAW,
            (true, false) => RAW * known,
        };
        let stranger = if self.everybody_is_new() {
            0.0
        } else {
            (1.0 - known) * self.baseline.log_acquaintance().max(FIRST_DAY)
        };
        (stranger + known * KNOWN + elsewhere + raw).min(1.0)
    }

    /// Whether the log has only begun: who is new then says nothing.
    pub(super) fn everybody_is_new(&self) -> bool {
        self.baseline.span_s() < FLOOD_WINDOW_S
    }

    /// Whether an identity has long been doing something in this namespace.
    pub(super) fn is_at_home(&self, index: usize, namespace: &str) -> bool {
        let now_s = self.clock.now_s();
        let Some(record) = self.baseline.record(index) else {
            return false;
        };
        let namespace = Some(namespace).filter(|name| !name.is_empty());
        let Some(namespace) = namespace.and_then(|name| self.baseline.symbol(name)) else {
            return false;
        };
        record.has(|habit| {
            habit.namespace == namespace
                && habit.outcome == Outcome::Shown
                && habit.is_old(now_s)
                && habit.is_usual(now_s, self.baseline.half_life_s())
        })
    }

    /// Whether a program lists at an address that is new to it what it lists once, at its start, and then follows, or
    /// what it long followed from its start on. It may have been started there; then it follows now as well, which takes the weight of the list again.
    pub(super) fn begins_elsewhere(
        &self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        (habit, behaviour): (Option<usize>, &Behaviour<'_>),
    ) -> bool {
        let is_program = matches!(class, Class::ServiceAccount | Class::System);
        // Jobs that run a tool of people run in a new place each time.
        let is_tool = tool(&activity.actor.user_agent).is_some();
        // Since Kubernetes 1.35 client libraries begin with a watch that brings all objects first, and list nothing.
        let is_start = match &*activity.verb {
            "list" => true,
            "watch" => has_query(&activity.uri, "sendInitialEvents", "true"),
            _ => false,
        };
        if !is_program || is_tool || !is_start || !self.is_elsewhere(activity, index) {
            return false;
        }
        let is_watch = behaviour.op == Op::Watch;
        let record = self.baseline.record(index);
        let Some((record, habit)) = record.and_then(|one| Some((one, one.habits.get(habit?)?)))
        else {
            let now_s = self.clock.now_s();
            return !is_watch && self.baseline.follows_by_habit(index, behaviour, now_s);
        };
        let follows = record.has(|other| {
            (other.op, other.outcome) == (Op::Watch, Outcome::Shown)
                && (other.kind, other.namespace) == (habit.kind, habit.namespace)
                && other.strength >= habit.strength
        });
        is_watch || (habit.strength <= STARTS_MAX && follows)
    }

    /// Remembers when a person or a program was first seen at an address, if it is new and others are known.
    pub(super) fn meet_address(
        &mut self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        is_new: bool,
    ) {
        let now_s = self.clock.now_s();
        let record = self.baseline.record(index);
        let is_known = record.is_some_and(|record| record.known_for_s(now_s) >= DAY_S);
        let can_be_elsewhere = matches!(
            class,
            Class::Person | Class::ServiceAccount | Class::System | Class::Node
        );
        if is_new && is_known && can_be_elsewhere {
            let key = self.elsewhere_key(activity, index);
            self.places.meet_pod(key, now_s);
        }
    }

    /// Whether an identity that is long known was first seen at this address within a day.
    pub(super) fn is_elsewhere(&self, activity: &Activity<'_>, index: usize) -> bool {
        let key = self.elsewhere_key(activity, index);
        let since_s = self.places.pod_since_s(key);
        since_s.is_some_and(|since_s| self.clock.now_s().saturating_sub(since_s) < DAY_S)
    }

    /// Whether the token of a pod comes from a public address that is no place of its identity and no host's: outside
    /// the cluster, as far as an address tells. Pods behind one gateway come from it together, and those in the
    /// network of their host from where the kubelet is.
    pub(super) fn is_outside(&self, activity: &Activity<'_>, subject: &Subject<'_>) -> bool {
        if subject.arrival.origin.departure.is_outside {
            return true;
        }
        let is_of_cluster = match subject.who.class {
            Class::ServiceAccount => !activity.actor.pod.is_empty(),
            // Hosts get new addresses, and no new tools with them.
            Class::Node => subject.is_other_hand,
            _ => false,
        };
        is_of_cluster
            && !subject.arrival.is_shared
            && self.is_elsewhere(activity, subject.index)
            && is_public(&activity.actor.address)
    }

    fn elsewhere_key(&self, activity: &Activity<'_>, index: usize) -> u64 {
        let identity = self.baseline.record(index).map_or(0, Record::hash);
        self.hasher
            .hash_one((identity, "address", &*activity.actor.address))
    }
}

/// Whether an address is one at all.
pub(super) fn is_written_address(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok()
}

/// Whether an address is none of those that networks use inside.
///
/// Source: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291.
pub(super) fn is_public(address: &str) -> bool {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V4(address)) => {
            let is_of_carrier = matches!(address.octets(), [100, 64..=127, ..]);
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || is_of_carrier)
        }
        Ok(IpAddr::V6(address)) => {
            !(address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_loopback()
                || address.is_unspecified())
        }
        Err(_) => false,
    }
}
