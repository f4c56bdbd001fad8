//! Who belongs to one hand: at one address, or with one tool.

use viewshed_model::Activity;

use super::Engine;
use super::judge::Subject;
use super::origin::identity_tag;
use super::stranger::is_public;
use super::weigh::{LINK_MIN, LINK_SHARED_S, is_raw_tool};
use super::who::Class;
use crate::detections::{is_raw, is_unreleased, tool};

/// Points in hundredths that link people, who share addresses more often.
const LINK_MIN_PERSON: u32 = 2_000;
/// And programs at an address that many use, whose clients call themselves the very same, if the others there
/// were unusual within [`LINK_SHARED_S`].
const LINK_MIN_SHARED: u32 = 2_000;
/// Programs that turn into one and the same tool of people belong together, wherever they are, if the others did within
/// so many seconds.
const HAND_S: u32 = 15 * 60;

impl Engine {
    /// How many others belong to a session.
    pub(super) fn companions(&self, session: u32, index: usize) -> u32 {
        let members = self.sessions.get(session).map(|session| &session.members);
        let others = members.map_or(0, |members| {
            let others = members
                .iter()
                .filter(|one| one.identity != identity_tag(index));
            others.count()
        });
        u32::try_from(others).unwrap_or(u32::MAX)
    }

    /// Where what belongs to one hand is remembered that uses the very same tool with one program's identity after the
    /// other; 0 for anything else.
    pub(super) fn hand_spot(&self, activity: &Activity<'_>, subject: &Subject<'_>) -> u64 {
        let is_program = matches!(
            subject.who.class,
            Class::ServiceAccount | Class::Node | Class::System
        );
        let is_new = subject.is_other_hand || subject.arrival.origin.is_new_program;
        if !is_program || !is_new || !is_raw_tool(activity) {
            return 0;
        }
        let hand = (&*activity.cluster, "hand", &*activity.actor.user_agent);
        self.hasher.hash_one(hand).max(1)
    }

    /// The session of the hand that uses this tool; 0 without.
    pub(super) fn hand_session(&self, activity: &Activity<'_>, subject: &Subject<'_>) -> u32 {
        let id = self.session_at(self.hand_spot(activity, subject));
        let session = self.sessions.get(id);
        let is_soon =
            session.is_some_and(|one| self.clock.now_s().saturating_sub(one.last_s) <= HAND_S);
        if is_soon { id } else { 0 }
    }

    /// Whether the credential of a person who is well known comes from a public address that was never seen with him
    /// before today, with a client that no one is handed: one that knows nothing of Kubernetes, or was never released.
    pub(super) fn is_in_odd_hands(&self, activity: &Activity<'_>, index: usize) -> bool {
        let agent: &str = &activity.actor.user_agent;
        let is_odd = tool(agent).is_some_and(is_raw) || is_unreleased(agent);
        is_odd
            && is_public(&activity.actor.address)
            && self.baseline.acquaintance(index, self.clock.now_s()) > 0.5
            && self.is_elsewhere(activity, index)
    }

    /// How many points link an identity to a session at its address; `None` when none do.
    pub(super) fn link_min(&self, subject: &Subject<'_>, near: u32) -> Option<u32> {
        let has_people = subject.who.class == Class::Person || self.is_of_people(near);
        let is_shared = self.places.address(subject.arrival.spot).is_shared();
        let session = self.sessions.get(near)?;
        let age_s = self.clock.now_s().saturating_sub(session.last_s);
        match (is_shared, has_people) {
            (false, false) => Some(LINK_MIN),
            (false, true) => Some(LINK_MIN_PERSON),
            (true, false) if age_s <= LINK_SHARED_S => Some(LINK_MIN_SHARED),
            (true, _) => None,
        }
    }

    /// Whether a session is of people only: those share addresses more often.
    pub(super) fn is_of_people(&self, session: u32) -> bool {
        let members = self.sessions.get(session).map(|one| &one.members);
        members.is_some_and(|members| {
            members.iter().all(|one| {
                let index = one.identity.checked_sub(1);
                let record = index
                    .and_then(|at| usize::try_from(at).ok())
                    .and_then(|at| self.baseline.record(at));
                record.is_some_and(|record| record.class == Class::Person)
            })
        })
    }

    pub(super) fn session_at(&self, spot: u64) -> u32 {
        if spot == 0 {
            return 0;
        }
        let place = self.places.address(spot);
        let is_alive = self.sessions.get(place.session).is_some();
        if is_alive { place.session } else { 0 }
    }
}
