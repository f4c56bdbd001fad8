//! Asks for ever more kinds within one session.

use super::{Detection, Look, Sign, is_client, tool};
use crate::engine::facts::Sort;
use crate::engine::path::is_narrowed;

pub(super) static DETECTION: Detection = Detection {
    name: "many-kinds",
    title: "asks for many kinds in one session",
    techniques: &["T1613"],
    cap: 40,
    page: include_str!("../../../../docs/detections/many-kinds.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if !look.behaviour.is_enumeration() || look.is_usual {
        return None;
    }
    // Tools that remove what they made before look for it by its label, in every kind.
    let is_of_tool =
        is_client(&look.activity.actor.user_agent) && !look.behaviour.namespace.is_empty();
    let is_own_client = tool(&look.activity.actor.user_agent).is_none();
    let is_of_own_work = (look.works_here || is_of_tool || is_own_client)
        && is_narrowed(&look.activity.uri, "labelSelector");
    let nth = look
        .facts
        .nth(Sort::ListedKind, [look.behaviour.kind, ""])?;
    if look.is_reflector_style() || is_of_own_work || look.is_known_to_it {
        return None;
    }
    let weight = match nth {
        4 => 10.0,
        6 | 9 | 14 => 15.0,
        _ => return None,
    };
    let people = if look.share() < 1.0 { 0.25 } else { 1.0 };
    Some(Sign::held(
        weight * people,
        match look.origin.companions {
            0 => format!("{} asks for {nth} kinds in one session", look.who),
            others => format!(
                "{} identities ask for {nth} kinds in one session, {} the last",
                others + 1,
                look.who
            ),
        },
    ))
}
