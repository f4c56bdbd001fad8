//! Does what it never did, as far as the log goes back.

use viewshed_model::kind_in_words;

use super::{Detection, Look, Sign, WEIGHT_MIN};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "first-time-behaviour",
    title: "does something for the first time",
    techniques: &["T1613"],
    cap: 110,
    page: include_str!("../../../../docs/detections/first-time-behaviour.md"),
    judge,
};

/// What a program reads of the whole cluster that long had to do with its own namespace alone weighs so many points at
/// least.
const LEAP_MIN: f64 = 90.0;
/// The same of a kubelet that reads what is on other nodes: by itself an incident.
const LEAP_MIN_OF_NODE: f64 = 100.0;
/// And what it reads of another namespace, one after the other.
const STEP_OUT_MIN: f64 = 30.0;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.is_usual || look.is_new_identity || look.acquaintance <= 0.0 || look.is_nobody() {
        return None;
    }
    // Of somebody hardly known nothing weighs enough, and most of a young log is of such: only that it is no longer
    // new is kept.
    let most = most(look)? * look.acquaintance;
    if most < WEIGHT_MIN {
        remember(look);
        return None;
    }
    let base = match look.behaviour.op {
        Op::List | Op::Watch | Op::Get => look.list_points() * 1.2,
        Op::Ask | Op::Proxy => 30.0,
        Op::Exec => 20.0,
        Op::Path if is_of_server(look.behaviour.kind) => 35.0,
        Op::Log if look.works_here => 3.0,
        Op::Log | Op::Path => 12.0,
        Op::Command | Op::File => 25.0,
        Op::Discover => 4.0,
        Op::Query | Op::Review | Op::Health | Op::Write => return None,
    };
    remember(look)?;
    // Objects come and go: that one is missing is no event by itself.
    let missing = if look.behaviour.outcome == Outcome::Missing {
        0.3
    } else {
        1.0
    };
    // A program that was renewed and lacks the rights that it wants now.
    let is_refused = look.behaviour.outcome == Outcome::Refused;
    let mistake = if is_refused && look.is_reflector_style() {
        0.3
    } else {
        1.0
    };
    // It did so before: as part of an incident, or it is somebody else who does it now.
    if look.is_other_hand && look.has_habit {
        return None;
    }
    let base = of_departure(look, base);
    let weight =
        base * missing * mistake * class(look) * look.following_share() * look.acquaintance;
    debug_assert!(weight <= most, "{weight} is more than {most}");
    if weight < WEIGHT_MIN {
        // Peers are looked for only where their word counts: it makes nothing weigh more.
        return None;
    }
    // All nodes list pods: their own.
    let is_beyond = look.is_beyond_node();
    let weight = if is_beyond {
        weight
    } else {
        weight * look.surprise()
    };
    let days = look.known_days.max(1);
    let peers = match look.peers() {
        (0, _) => String::new(),
        (members, group) => format!(" ({members} of {group} do)"),
    };
    let when = if look.has_habit {
        "again, and not long known for it,".to_owned()
    } else {
        format!("first time in {days} days that")
    };
    let text = format!(
        "{when} {} {} {}{}{}{peers}",
        look.who,
        look.does(),
        kind_in_words(look.behaviour.kind),
        look.scope_words(),
        look.outcome_words()
    );
    if look.behaviour.is_enumeration() && !is_refused && look.may_follow && !is_beyond {
        return Some(Sign::held(weight, text));
    }
    Some(Sign::quiet(weight, text))
}

/// Remembers what is done, and gives how many such things there are; `None` for what this session has shown before.
fn remember(look: &mut Look<'_>) -> Option<u16> {
    let shape = [look.behaviour.op.word(), look.behaviour.kind].join(" ");
    look.facts.nth(Sort::Novelty, [&shape, &look.part()])
}

/// More points than this it does not have before it is looked at how well the identity is known; `None` for what is
/// not weighed here.
fn most(look: &Look<'_>) -> Option<f64> {
    let points = kinds::points(look.behaviour.kind);
    match look.behaviour.op {
        // See `of_departure`.
        Op::List | Op::Watch => Some((points * 1.2 * 2.5).max(LEAP_MIN_OF_NODE)),
        Op::Get => Some(points * 0.25 * 1.2),
        Op::Query | Op::Review | Op::Health | Op::Write => None,
        Op::Ask
        | Op::Proxy
        | Op::Exec
        | Op::Path
        | Op::Log
        | Op::Command
        | Op::File
        | Op::Discover => Some(35.0),
    }
}

/// How much of the weight for a program it has.
fn class(look: &Look<'_>) -> f64 {
    match look.class {
        // Who works somewhere comes to all that is there; the rest of what people read has a detection of its own.
        Class::Person if look.is_at_home => 0.1,
        Class::Person if look.sees_all => 0.15,
        Class::Person => 0.25,
        Class::System if look.is_other_hand => 1.0,
        // It follows what it needs from its start on, and needs nothing more from one day to the next.
        Class::System
            if look.behaviour.op == Op::List && kinds::is_telling(look.behaviour.kind) =>
        {
            0.6
        }
        Class::System => 0.3,
        Class::Node if look.is_beyond_node() => 1.0,
        Class::Node => look.share(),
        Class::ServiceAccount | Class::Anonymous | Class::Invalid | Class::Local => 1.0,
    }
}

/// The points of what a program turns to that long did something else.
fn of_departure(look: &Look<'_>, base: f64) -> f64 {
    let is_refused = look.behaviour.outcome == Outcome::Refused;
    let tried = if is_refused { 0.6 } else { 1.0 };
    if look.is_known_to_it {
        base
    } else if look.is_beyond_node() {
        // What is repeated is usual, one node after the other as well.
        (2.5 * base).max(LEAP_MIN_OF_NODE * tried)
    } else if look.is_leap() {
        (2.5 * base).max(LEAP_MIN * tried)
    } else if look.is_step_out() {
        base.max(STEP_OUT_MIN * tried)
    } else if look.turns_to_secrets() {
        2.0 * base
    } else if look.is_leap_of_new_pod() {
        1.3 * base
    } else {
        base
    }
}

/// Paths that tell of the API server itself: how it was started, what it does, its log.
///
/// Source: kubernetes `staging/src/k8s.io/apiserver/pkg/server/routes` and `staging/src/k8s.io/component-base/zpages`.
fn is_of_server(path: &str) -> bool {
    let of_server = ["/logs", "/debug", "/configz", "/flagz", "/statusz"];
    of_server.iter().any(|start| path.starts_with(start))
}
