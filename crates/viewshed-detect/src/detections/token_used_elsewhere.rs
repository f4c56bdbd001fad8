//! One token, two places.

use super::look::Moved;
use super::{Detection, Look, Sign};
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "token-used-elsewhere",
    title: "a credential is used from another place",
    techniques: &["T1613", "T1528", "T1550.001"],
    cap: 130,
    page: include_str!("../../../../docs/detections/token-used-elsewhere.md"),
    judge,
};

/// Nobody carries a credential to so many new addresses ...
const FURTHER: u16 = 2;
/// ... each so soon after the other. Seconds.
const MOVES_WITHIN_S: u32 = 60 * 60;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let origin = look.origin;
    let moved = origin.moved != Moved::No;
    let is_elsewhere = origin.is_foreign && origin.is_new_address;
    if !moved && !is_elsewhere {
        return outside(look)
            .or_else(|| started_elsewhere(look))
            .or_else(|| with_tool(look));
    }
    let is_workload = matches!(look.class, Class::ServiceAccount | Class::Node);
    if look.class == Class::System {
        return None;
    }
    let address = &look.activity.actor.address;
    look.facts.nth(Sort::Program, ["address", address])?;
    let last_s = std::mem::replace(&mut look.facts.last_moved_s, look.now_s);
    let is_soon = look.now_s.saturating_sub(last_s) <= MOVES_WITHIN_S;
    let base = match (is_workload, moved, origin.is_foreign) {
        // Pods keep their addresses, and this one is another's.
        (true, true, true) if !look.activity.actor.pod.is_empty() => 100.0,
        (true, true, true) => 85.0,
        (true, true, false) => 50.0,
        (true, false, _) => 35.0,
        // People move between networks, and between those that they have: not from one to the next within minutes.
        (false, true, _) if !origin.is_new_address => 3.0,
        (false, true, _) if look.facts.count(Sort::Moved) >= FURTHER && is_soon => {
            5.0 + 30.0 * look.acquaintance
        }
        (false, true, _) => 5.0 + 12.0 * look.acquaintance,
        (false, false, _) => return None,
    };
    let family = if origin.moved == Moved::OtherFamily {
        0.2
    } else {
        1.0
    };
    let usual = if origin.moves_are_usual { 0.1 } else { 1.0 };
    // Whoever carries a token to one place after the other is no program that moved.
    let nth = if moved {
        look.facts.nth(Sort::Moved, [address, ""]).unwrap_or(1)
    } else {
        1
    };
    let further = if is_workload && nth > 1 { 35.0 } else { base };
    let whose = if origin.is_foreign {
        ", which belongs to somebody else"
    } else {
        ""
    };
    let what = if moved { "the credential of" } else { "" };
    let text = format!(
        "{what} {} is used from {}{whose}",
        look.who, look.activity.actor.address
    );
    let (weight, text) = (
        further.min(base) * family * usual,
        text.trim_start().to_owned(),
    );
    if is_workload && !look.is_new_tool {
        // It may have been started there: what it lists waits for its watches.
        return Some(Sign::quiet(weight, text));
    }
    Some(Sign::new(weight, text))
}

/// The token of a pod comes from a public address, where neither it nor a host ever was.
fn outside(look: &mut Look<'_>) -> Option<Sign> {
    let address = &look.activity.actor.address;
    if !look.is_outside || look.origin.moves_are_usual {
        return None;
    }
    look.facts.nth(Sort::Program, ["address", address])?;
    // Nodes may have public addresses; a tool that never used the identity is no program of theirs.
    let points = if look.is_new_tool { 75.0 } else { 25.0 };
    let credential = match look.class {
        Class::Node => "credential of",
        _ => "token of a pod of",
    };
    Some(Sign::new(
        points,
        format!(
            "the {credential} {} is used from {address}, outside the cluster, where it never was before",
            look.who
        ),
    ))
}

/// A program lists at a new address what it lists once, at its start: if it goes on to follow that, it was started
/// there.
fn started_elsewhere(look: &mut Look<'_>) -> Option<Sign> {
    let address = &look.activity.actor.address;
    if !look.is_elsewhere {
        return None;
    }
    look.facts.nth(Sort::Program, ["address", address])?;
    Some(Sign::held(
        25.0,
        format!(
            "{} lists from {address}, where it never was before, what it otherwise lists when it starts",
            look.who
        ),
    ))
}

/// A tool that never used the token of a pod does, from where that never was: neither says much by itself.
fn with_tool(look: &mut Look<'_>) -> Option<Sign> {
    let actor = &look.activity.actor;
    let is_both = look.is_new_tool && look.origin.is_new_address && !actor.pod.is_empty();
    if !is_both || look.class != Class::ServiceAccount {
        return None;
    }
    look.facts.nth(Sort::Tool, ["address", &actor.address])?;
    Some(Sign::quiet(
        15.0,
        format!(
            "{} is used from {}, where it never was before",
            look.who, actor.address
        ),
    ))
}
