//! One hand, one session: how what several identities did at one place comes together.

use super::Engine;
use super::evidence::Evidence;
use super::session::Session;
use super::weigh::{LINK_MIN, LINK_SHARED_S};
use crate::detections::{FallsWith, companion_sign};

impl Engine {
    /// Somebody looks around at a spot: whoever does so next is linked to what was first, or to what is an
    /// incident already.
    pub(super) fn mark(&mut self, spot: u64, id: u32) {
        let first = self.session_at(spot);
        let is_first = first == 0 || (self.is_open(id) && !self.is_open(first));
        if spot != 0 && is_first {
            self.places.unusual(spot, id);
            self.warm.disturb(spot);
        }
    }

    /// Takes an identity that came to the place of another session out of its own.
    ///
    /// What it did elsewhere stays behind, unless that is an incident: then the other session joins it.
    pub(super) fn meet(&mut self, tag: u32, own: u32, near: u32) -> u32 {
        match (self.is_open(own), self.is_open(near)) {
            (true, true) => own,
            (true, false) => self.merge(near, own),
            (false, _) => {
                if let Some(session) = self.sessions.get_mut(own) {
                    session.members.retain(|one| one.identity != tag);
                }
                near
            }
        }
    }

    /// Lists that looked like the beginning of a watch, and none came: whoever made them was looking around, and
    /// belongs to those who did at the same place. Gives back the session that it is now.
    pub(super) fn link_matured(&mut self, id: u32) -> u32 {
        let now_s = self.clock.now_s();
        let matured = self.sessions.get(id).and_then(|session| {
            let mut evidence = session.evidence.iter();
            evidence.find(|one| {
                one.spot != 0
                    && one.is_reflector
                    && one.falls_with == FallsWith::Watch
                    && one.weight >= LINK_MIN
                    && one.is_over(now_s)
            })
        });
        let Some(found) = matured.cloned() else {
            return id;
        };
        let near = self.session_at(found.spot);
        if near == 0 || near == id {
            self.mark(found.spot, id);
            return id;
        }
        let is_apart = self.is_open(id)
            || self.places.address(found.spot).is_shared()
            || self.is_of_people(id)
            || self.is_of_people(near);
        if is_apart {
            return id;
        }
        self.merge(id, near);
        self.add_companions(near, &found);
        near
    }

    /// Adds a session that is about to become an incident to the one that is open at the same place, if there is
    /// one.
    pub(super) fn join_incident(&mut self, id: u32) -> Option<u32> {
        let now_s = self.clock.now_s();
        let spot = self.sessions.get(id)?.evidence.last()?.spot;
        let near = self.session_at(spot);
        if near == id || !self.is_open(near) || self.is_of_people(id) {
            return None;
        }
        let age_s = now_s.saturating_sub(self.sessions.get(near)?.last_s);
        if self.places.address(spot).is_shared() && age_s > LINK_SHARED_S {
            return None;
        }
        self.merge(id, near);
        Some(near)
    }

    /// Says that one more identity looks around from where the others do.
    fn add_companions(&mut self, id: u32, found: &Evidence) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let others = session.members.len().saturating_sub(1);
        let mut notes = session.notes.iter();
        let note = notes.find(|one| one.audit_id == found.audit_id);
        let from = note.map_or("one address", |one| &*one.address);
        let Some((detection, sign)) = companion_sign(others, from) else {
            return;
        };
        session.add(Evidence {
            detection,
            weight: super::decay::rounded(sign.weight * 100.0),
            text: sign.text.into(),
            falls_with: sign.falls_with,
            corroborates: sign.corroborates,
            ..found.clone()
        });
        session.sort();
    }

    /// What the ordinary of a session's identities is judged by has changed.
    pub(super) fn disturb_members(&mut self, id: u32) {
        let session = self.sessions.get(id);
        for index in session.map(Session::identities).unwrap_or_default() {
            self.baseline.disturb(index);
        }
    }

    /// Adds everything of a session to another one.
    fn merge(&mut self, from: u32, into: u32) -> u32 {
        if self.sessions.get(into).is_none() {
            return from;
        }
        let Some(session) = self.sessions.remove(from) else {
            return into;
        };
        let is_open = self.is_open(into);
        let (identities, started_s) = (session.identities(), session.started_s);
        // The session that they belong to may have begun earlier now.
        self.disturb_members(into);
        if let Some(target) = self.sessions.get_mut(into) {
            target.take(session);
        }
        for index in identities {
            if let Some(record) = self.baseline.record_mut(index) {
                record.session = into;
                record.is_watched = is_open;
            }
            self.baseline.disturb(index);
            if is_open {
                self.baseline.unlearn(index, started_s);
            }
        }
        into
    }
}
