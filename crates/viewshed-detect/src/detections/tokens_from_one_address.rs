//! Several identities, one hand.

use super::{Detection, Look, Sign};
use crate::engine::facts::Sort;

pub(super) static DETECTION: Detection = Detection {
    name: "tokens-from-one-address",
    title: "one address uses several identities",
    techniques: &["T1613", "T1528"],
    cap: 90,
    page: include_str!("../../../../docs/detections/tokens-from-one-address.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let companions = look.origin.companions;
    if companions == 0 {
        return None;
    }
    look.facts.nth(Sort::Program, ["companion", look.key])?;
    let mut sign = sign(companions, &look.activity.actor.address);
    let share = if look.is_in_odd_hands {
        1.0
    } else {
        look.share().max(0.5)
    };
    sign.weight *= share;
    Some(sign)
}

/// What it says that an identity is not the only one that looks around from somewhere.
pub(super) fn sign(companions: u32, from: &str) -> Sign {
    let weight = match companions {
        1 => 25.0,
        2 => 35.0,
        _ => 45.0,
    };
    // Processes have no address.
    let place = if from.is_empty() { "one place" } else { from };
    let text = format!("{} identities look around from {place}", companions + 1);
    Sign::new(weight, text)
}
