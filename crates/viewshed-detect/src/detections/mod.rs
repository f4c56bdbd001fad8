//! The built-in detections: one file and one page (`docs/detections/NAME.md`) each.
//!
//! A detection looks at one activity with all that is known around it and may give a sign: points and a
//! sentence. The engine adds the signs of a session up; 100 points are an incident. What every weight
//! means against the others is best read in `engine::kinds`, the scale of lists.

mod access_question_storm;
mod anonymous_walk;
mod api_crawl;
mod cluster_dump;
mod cluster_survey;
mod discovery_command;
mod diverse_refusals;
mod dns_sweep;
mod docker_enumeration;
mod first_time_behaviour;
mod identity_flood;
mod impersonation;
mod impossible_question;
mod invalid_credential;
mod kubelet_reached;
mod logs_of_many_pods;
pub(crate) mod look;
mod many_kinds;
mod name_guessing;
mod new_identity;
mod objects_by_name;
mod pod_query_threshold;
mod proxied_read;
mod question_then_list;
mod rbac_survey;
mod removed_api;
mod rules_review;
mod secret_sweep;
mod silent_source;
#[cfg(test)]
mod tests;
mod token_file_read;
mod token_used_elsewhere;
mod tokens_from_one_address;
mod tokens_requested;
mod tool_on_workload;
mod unwatched_list;

pub(crate) use look::{FallsWith, Look, Sign};
pub(crate) use tool_on_workload::{is_client, is_raw, is_unreleased, tool};

/// One detection: what it looks for.
#[derive(Debug)]
pub struct Detection {
    /// Kebab-case name: its file, its page and `viewshed explain NAME`.
    pub name: &'static str,
    /// One line: what it notices.
    pub title: &'static str,
    /// ATT&CK technique ids.
    pub techniques: &'static [&'static str],
    /// More weight than this it never adds to a session.
    pub cap: u32,
    /// Its page as Markdown; the cases are run as tests.
    pub page: &'static str,
    judge: fn(&mut Look<'_>) -> Option<Sign>,
}

/// Every detection, sorted by name.
pub static ALL: &[&Detection] = &[
    &access_question_storm::DETECTION,
    &anonymous_walk::DETECTION,
    &api_crawl::DETECTION,
    &cluster_dump::DETECTION,
    &cluster_survey::DETECTION,
    &discovery_command::DETECTION,
    &diverse_refusals::DETECTION,
    &dns_sweep::DETECTION,
    &docker_enumeration::DETECTION,
    &first_time_behaviour::DETECTION,
    &identity_flood::DETECTION,
    &impersonation::DETECTION,
    &impossible_question::DETECTION,
    &invalid_credential::DETECTION,
    &kubelet_reached::DETECTION,
    &logs_of_many_pods::DETECTION,
    &many_kinds::DETECTION,
    &name_guessing::DETECTION,
    &new_identity::DETECTION,
    &objects_by_name::DETECTION,
    &pod_query_threshold::DETECTION,
    &proxied_read::DETECTION,
    &question_then_list::DETECTION,
    &rbac_survey::DETECTION,
    &removed_api::DETECTION,
    &rules_review::DETECTION,
    &secret_sweep::DETECTION,
    &silent_source::DETECTION,
    &token_file_read::DETECTION,
    &token_used_elsewhere::DETECTION,
    &tokens_from_one_address::DETECTION,
    &tokens_requested::DETECTION,
    &tool_on_workload::DETECTION,
    &unwatched_list::DETECTION,
];

/// The page of a detection, as Markdown; `None` for a name that no detection has.
pub fn page(name: &str) -> Option<&'static str> {
    Some(find(name)?.page)
}

/// The detection of this name.
pub fn find(name: &str) -> Option<&'static Detection> {
    ALL.iter().find(|detection| detection.name == name).copied()
}

/// Points below this are noise and leave no trace.
const WEIGHT_MIN: f64 = 0.4;
/// Only who gives this many points himself is linked to others who came from the same address.
const COMPANION_WEIGHT_MIN: f64 = 5.0;
/// Points that link people whose credentials are in odd hands.
const ODD_HANDS: f64 = 20.0;
/// What tells something about a client and nothing about what it looks for: links nobody.
const OF_CLIENTS: [&str; 3] = [
    tool_on_workload::DETECTION.name,
    token_used_elsewhere::DETECTION.name,
    tokens_from_one_address::DETECTION.name,
];

/// Every sign in one activity, with its detection's place in [`ALL`].
pub(crate) fn judge(look: &mut Look<'_>, signs: &mut Vec<(u8, Sign)>) {
    look.was_listed = look.facts.listed(look.behaviour.kind);
    let mut companions = None;
    for (place, detection) in (0_u8..).zip(ALL) {
        if std::ptr::eq(*detection, &raw const tokens_from_one_address::DETECTION) {
            companions = Some((place, detection));
            continue;
        }
        if let Some(sign) = (detection.judge)(look)
            && sign.weight.max(sign.if_given_up.unwrap_or_default()) >= WEIGHT_MIN
        {
            signs.push((place, sign));
        }
    }
    if linking(look, signs).max(look.linking_alone) >= COMPANION_WEIGHT_MIN
        && let Some((place, detection)) = companions
        && let Some(sign) = (detection.judge)(look)
    {
        signs.push((place, sign));
    }
}

/// The sign that several identities look around from one place, with the place of its detection in [`ALL`]; `None`
/// without others.
pub(crate) fn companion_sign(others: usize, from: &str) -> Option<(u8, Sign)> {
    let name = tokens_from_one_address::DETECTION.name;
    let place = ALL.iter().position(|one| one.name == name)?;
    let others = u32::try_from(others).ok().filter(|others| *others > 0)?;
    let sign = tokens_from_one_address::sign(others, from);
    Some((u8::try_from(place).ok()?, sign))
}

/// The points that link an identity to others at the same address: for what it looks for, and not for what may
/// be the beginning of work, since all programs of a node or a control plane begin like that.
pub(crate) fn linking(look: &Look<'_>, signs: &[(u8, Sign)]) -> f64 {
    let is_reflector = look.is_reflector_style();
    let links = |(place, sign): &&(u8, Sign)| {
        let is_of_client = at(*place).is_some_and(|one| OF_CLIENTS.contains(&one.name));
        let is_work = match sign.falls_with {
            FallsWith::Nothing => false,
            FallsWith::Watch => is_reflector,
            FallsWith::Creation | FallsWith::Work => true,
        };
        !is_of_client && !is_work
    };
    // Tokens of pods that come from one place outside are in one hand, whatever is done with them.
    let is_in_one_hand = look.is_new_tool || look.origin.departure.is_outside;
    let outside = if look.is_outside && is_in_one_hand {
        COMPANION_WEIGHT_MIN
    } else {
        0.0
    };
    let shown: f64 = signs
        .iter()
        .filter(links)
        .map(|(_, sign)| sign.weight)
        .sum();
    // The same of people: no two of them come with such a client from one new place.
    let odd = if look.is_in_odd_hands { ODD_HANDS } else { 0.0 };
    shown + outside + odd
}

/// The detection at a place of [`ALL`].
pub(crate) fn at(place: u8) -> Option<&'static Detection> {
    ALL.get(usize::from(place)).copied()
}
