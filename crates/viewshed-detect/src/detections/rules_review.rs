//! A program asks for the list of everything that it may do.

use super::{Detection, Look, Sign};
use crate::engine::facts::Sort;
use crate::engine::who::Class;

pub(super) static DETECTION: Detection = Detection {
    name: "rules-review",
    title: "asks for the list of its own rights",
    techniques: &["T1613", "T1069"],
    cap: 110,
    page: include_str!("../../../../docs/detections/rules-review.md"),
    judge,
};

/// Questions whose body was not recorded: so many count as being for different namespaces.
const UNREAD_MAX: u16 = 3;
/// The same of people, each of whose questions says less.
const UNREAD_OF_PERSON_MAX: u16 = 6;

/// What such questions are remembered as.
const RULES: &str = "(rules)";
/// Questions that come so soon after each other are of one run. Seconds.
const BURST_S: u32 = 5;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.behaviour.kind != "selfsubjectrulesreviews.authorization.k8s.io" || look.is_usual {
        return None;
    }
    let nth = match look.activity.review.as_ref() {
        Some(review) => look
            .facts
            .nth(Sort::RulesNamespace, [&review.namespace, ""])?,
        // Without the body another time may be for another namespace.
        None => {
            let several = match look.class {
                Class::Person => UNREAD_OF_PERSON_MAX,
                _ => UNREAD_MAX,
            };
            look.facts.nth_time(Sort::RulesNamespace, "", several)?
        }
    };
    // Dashboards ask for those of all namespaces at once.
    let is_burst = look.facts.has_just_asked(RULES, look.now_s, BURST_S);
    look.facts.asked(RULES, look.now_s);
    let weight = match (look.class, nth) {
        (Class::Person, 1) => 6.0 + 4.0 * look.strangeness,
        // One further namespace after the other counts as a survey of the cluster; which, only the body tells.
        (Class::Person, _) if look.activity.review.is_none() => {
            25.0 * look.strangeness * look.surprise()
        }
        (Class::Person, _) if is_burst => 2.0,
        (Class::Person, _) => 10.0,
        // A program that has long run without it.
        (_, 1) => 60.0 + 15.0 * look.acquaintance,
        (_, 2) => 30.0,
        // Programs that work in several namespaces ask in each of them.
        (_, 3) if !look.works_somewhere => 20.0,
        _ => return None,
    };
    Some(Sign::new(
        weight,
        format!("{} asks for the list of its own rights", look.who),
    ))
}
