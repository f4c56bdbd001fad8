//! One token, two places.

use super::look::{Departure, Moved};
use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::facts::Sort;
use crate::engine::who::{Class, service_account};

pub(super) static DETECTION: Detection = Detection {
    name: "token-used-elsewhere",
    title: "a credential is used from another place",
    techniques: &["T1613", "T1528", "T1550.001"],
    cap: 130,
    page: include_str!("../../../../docs/detections/token-used-elsewhere.md"),
    judge,
};

/// Points for a program that begins where it never was before.
const STARTED: f64 = 25.0;
/// Nobody carries a credential to so many new addresses ...
const FURTHER: u16 = 2;
/// ... each so soon after the other. Seconds.
const MOVES_WITHIN_S: u32 = 60 * 60;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let origin = look.origin;
    let moved = origin.moved != Moved::No;
    let is_elsewhere = origin.is_foreign && origin.is_new_address;
    if origin.departure != Departure::default() && !origin.moves_are_usual {
        return departed(look);
    }
    if !moved && !is_elsewhere && look.is_in_odd_hands {
        return in_odd_hands(look);
    }
    if !moved && !is_elsewhere {
        return outside(look)
            .or_else(|| started_elsewhere(look))
            .or_else(|| with_tool(look));
    }
    let is_workload = matches!(look.class, Class::ServiceAccount | Class::Node);
    if look.class == Class::System {
        return of_control_plane(look);
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
        // Where neither the token nor the pod has a name in the log, the place may tell it all the same.
        (true, false, _) if origin.is_kept => 100.0,
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

/// A credential of the control plane comes from a pod of somebody else: it is in the network of its hosts, and no pod's
/// address is ever given to it.
fn of_control_plane(look: &mut Look<'_>) -> Option<Sign> {
    if !look.origin.is_foreign || look.origin.moves_are_usual {
        return None;
    }
    let address = &look.activity.actor.address;
    look.facts.nth(Sort::Program, ["address", address])?;
    Some(Sign::new(
        100.0,
        format!(
            "the credential of {} is used from {address}, which belongs to somebody else",
            look.who
        ),
    ))
}

/// The credential of a program that always was inside comes from a public address that is no host's, or a token without
/// a pod from an account whose tokens always named theirs.
fn departed(look: &mut Look<'_>) -> Option<Sign> {
    let address = &look.activity.actor.address;
    let departure = look.origin.departure;
    look.facts.nth(Sort::Program, ["address", address])?;
    let is_of_cluster = service_account(look.key).is_none_or(|(namespace, _)| {
        // The control plane's own, which name no pods.
        namespace == "kube-system" && look.activity.actor.pod.is_empty()
    });
    let is_very_one = look.origin.moved == Moved::Yes;
    let place = match (departure.is_outside, look.class) {
        (false, _) => 0.0,
        (true, Class::Node) if !is_very_one && !look.is_new_tool => 75.0,
        (true, _) if is_very_one || look.is_new_tool || is_of_cluster => 100.0,
        // A program may be moved out of the cluster.
        (true, _) => 60.0,
    };
    // One network of two protocols has public addresses inside as well.
    let place = if address.contains(':') {
        0.3 * place
    } else {
        place
    };
    let pod = if departure.is_without_pod { 40.0 } else { 0.0 };
    let what = match (departure.is_without_pod, look.class) {
        (true, _) => "a token without a pod of",
        (false, Class::ServiceAccount) if !look.activity.actor.pod.is_empty() => {
            "the token of a pod of"
        }
        _ => "the credential of",
    };
    let whose = match (departure.is_without_pod, departure.is_outside) {
        (true, true) => {
            ", outside the cluster, where it never was before; its tokens always named their pods"
        }
        (true, false) => "; its tokens always named their pods",
        (false, _) => ", outside the cluster, where it never was before",
    };
    Some(Sign::new(
        place + pod,
        format!("{what} {} is used from {address}{whose}", look.who),
    ))
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

/// The credential of a person comes from a new public address with a client that no one is handed. By itself that is a
/// script of his on the road.
fn in_odd_hands(look: &mut Look<'_>) -> Option<Sign> {
    let address = &look.activity.actor.address;
    look.facts.nth(Sort::Program, [look.key, address])?;
    Some(Sign::quiet(
        12.0,
        format!(
            "{} comes from {address}, where it never was before, with a client that it is not known for",
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
    let sign = Sign::held(
        STARTED,
        format!(
            "{} lists from {address}, where it never was before, what it otherwise lists when it starts",
            look.who
        ),
    );
    if look.behaviour.op != Op::Watch {
        return Some(sign);
    }
    // It follows at once what it begins with, unless it gives that up.
    Some(Sign {
        weight: STARTED * look.following_share(),
        if_given_up: Some(STARTED),
        ..sign
    })
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
