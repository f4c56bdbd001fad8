//! How a session grows, becomes an incident, and ends.

use viewshed_model::{Activity, Incident, IncidentActor, IncidentState};

use super::Engine;
use super::dossier::{Dossier, actor, remember};
use super::judge::Subject;
use super::origin::identity_tag;
use super::score::Held;
use super::session::{MEMBERS_MAX, Member, Note, TEXT_MAX};
use super::who::clip;
use super::work::LASTING_S;

/// A session that is no incident is given up below so many points ...
const POINTS_MIN: f64 = 3.0;
/// ... and looked at this often. Seconds.
const LOOK_S: u32 = 6 * 60 * 60;
/// Or after this time without anything unusual. Seconds.
const STALE_S: u32 = 48 * 60 * 60;
/// Groups, masks and programs kept of an actor.
const ACTOR_LISTS_MAX: usize = 8;

impl Engine {
    /// Makes an identity a member of a session.
    pub(super) fn join(&mut self, activity: &Activity<'_>, subject: &Subject<'_>, id: u32) {
        let tag = identity_tag(subject.index);
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.last_s = self.clock.now_s();
        let is_open = session.dossier.is_some();
        if !session.members.iter().any(|one| one.identity == tag)
            && session.members.len() < MEMBERS_MAX
        {
            let key = subject.who.key;
            session.members.push(Member {
                identity: tag,
                key: key.into(),
                actor: actor(key),
            });
        }
        if let Some(member) = session.members.iter_mut().find(|one| one.identity == tag) {
            describe(activity, member);
        }
        if let Some(record) = self.baseline.record_mut(subject.index) {
            let is_other = (record.session, record.is_watched) != (id, is_open);
            (record.session, record.is_watched) = (id, is_open);
            if is_other {
                self.baseline.disturb(subject.index);
            }
        }
        if is_open {
            self.baseline.unlearn(subject.index, self.clock.now_s());
        }
    }

    /// Adds an event to a session.
    pub(super) fn note(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        id: u32,
        weight: u32,
    ) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let tag = identity_tag(subject.index);
        if let Some(member) = session.members.iter_mut().find(|one| one.identity == tag) {
            describe(activity, member);
        }
        session.last_s = self.clock.now_s();
        session.note(Note::of(activity, &subject.behaviour, tag, weight));
    }

    /// Adds one more question to a session in which questions speak against somebody: there is no end to those that say
    /// nothing more.
    pub(super) fn note_further(&mut self, activity: &Activity<'_>, subject: &Subject<'_>, id: u32) {
        let now_s = self.clock.now_s();
        let session = self.sessions.get(id);
        let tag = identity_tag(subject.index);
        if session.is_some_and(|session| session.is_asking(tag, now_s) && session.has_room()) {
            self.note(activity, subject, id, 0);
        }
    }

    /// Opens the incident of a session that has become one, or tells that it grew.
    pub(super) fn reconsider(&mut self, id: u32, incidents: &mut Vec<Incident>) {
        self.open_if(id, Held::Waits, incidents);
        self.tell(id, incidents);
        let now_s = self.clock.now_s();
        let idle_s = self.idle_s(id);
        if let Some(session) = self.sessions.get(id) {
            let due_s = session.next_due_s(now_s, idle_s);
            self.sessions.schedule(id, due_s);
        }
        for surplus in self.sessions.surplus(now_s, self.half_life_s()) {
            self.end(surplus, incidents);
        }
    }

    /// Looks at every session whose time has come.
    pub(super) fn look_again(&mut self, incidents: &mut Vec<Incident>) {
        let now_s = self.clock.now_s();
        while let Some(id) = self.sessions.pop_due(now_s) {
            if let Some(session) = self.sessions.get_mut(id) {
                session.believe(now_s, LASTING_S);
            }
            let id = self.link_matured(id);
            self.open_if(id, Held::Waits, incidents);
            let Some(session) = self.sessions.get(id) else {
                continue;
            };
            let idle_s = now_s.saturating_sub(session.last_s);
            let is_over = if session.dossier.is_some() {
                idle_s >= self.settings.session_idle_h.saturating_mul(3_600)
            } else {
                idle_s >= STALE_S
                    || (idle_s >= LOOK_S
                        && session.score(now_s, self.half_life_s(), Held::Counts) < POINTS_MIN)
            };
            if is_over {
                self.end(id, incidents);
                continue;
            }
            let idle_s = self.idle_s(id);
            if let Some(session) = self.sessions.get(id) {
                let due_s = session.next_due_s(now_s, idle_s);
                // Something that is not over yet has to be looked at later, never at once.
                self.sessions.schedule(
                    id,
                    due_s
                        .max(now_s.saturating_add(1))
                        .min(now_s.saturating_add(LOOK_S)),
                );
            }
        }
    }

    /// Ends every session: the log is over, or begins anew.
    pub(super) fn end_sessions(&mut self, incidents: &mut Vec<Incident>) {
        for id in self.sessions.ids() {
            self.open_if(id, Held::LogEnds, incidents);
            self.end(id, incidents);
        }
    }

    /// Brings an incident up to date and passes it on if there is something to tell.
    pub(super) fn tell(&mut self, id: u32, incidents: &mut Vec<Incident>) {
        let threshold = f64::from(self.settings.threshold);
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let Some(dossier) = session.dossier.as_mut() else {
            return;
        };
        dossier.refresh(&session.members);
        dossier.weigh(&session.evidence, threshold);
        incidents.extend(dossier.tell(IncidentState::Open));
    }

    /// Nobody will look for a while: tells every incident that has grown since it was last told, as it is now.
    pub fn pause(&mut self, incidents: &mut Vec<Incident>) {
        let threshold = f64::from(self.settings.threshold);
        for id in self.sessions.ids() {
            let Some(session) = self.sessions.get_mut(id) else {
                continue;
            };
            if let Some(dossier) = session.dossier.as_mut() {
                dossier.refresh(&session.members);
                dossier.weigh(&session.evidence, threshold);
                incidents.extend(dossier.tell_rest());
            }
        }
    }

    fn open_if(&mut self, id: u32, held: Held, incidents: &mut Vec<Incident>) {
        let (now_s, half_life_s) = (self.clock.now_s(), self.half_life_s());
        let threshold = f64::from(self.settings.threshold);
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        if session.dossier.is_some() {
            return;
        }
        let score = session.score(now_s, half_life_s, held);
        if score < threshold && !session.had_reached(threshold, now_s, half_life_s, held) {
            return self.remember_nearest(id, score);
        }
        if let Some(near) = self.join_incident(id) {
            return self.tell(near, incidents);
        }
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let Some(dossier) = Dossier::open(session, threshold, now_s, half_life_s) else {
            return;
        };
        session.dossier = Some(Box::new(dossier));
        // After a gap it opens late, and has just begun to be looked at.
        session.last_s = session.last_s.max(now_s);
        let since_s = session.started_s;
        let members: Vec<u32> = session
            .members
            .iter()
            .map(|member| member.identity)
            .collect();
        for index in members
            .iter()
            .filter_map(|tag| usize::try_from(tag.checked_sub(1)?).ok())
        {
            if let Some(record) = self.baseline.record_mut(index) {
                record.is_watched = true;
            }
            self.baseline.disturb(index);
            self.baseline.unlearn(index, since_s);
        }
        self.tell(id, incidents);
    }

    fn end(&mut self, id: u32, incidents: &mut Vec<Incident>) {
        let Some(mut session) = self.sessions.remove(id) else {
            return;
        };
        for member in &session.members {
            let index = member
                .identity
                .checked_sub(1)
                .and_then(|at| usize::try_from(at).ok());
            let record = index.and_then(|at| self.baseline.record_mut(at));
            if let Some(record) = record.filter(|record| record.session == id) {
                record.session = 0;
                record.is_watched = false;
            }
        }
        if let Some(dossier) = session.dossier.as_mut() {
            incidents.extend(dossier.tell(IncidentState::Closed));
        }
    }

    /// Whether a session is an incident.
    pub(super) fn is_open(&self, id: u32) -> bool {
        let session = self.sessions.get(id);
        session.is_some_and(|session| session.dossier.is_some())
    }

    fn half_life_s(&self) -> u32 {
        self.settings.evidence_half_life_h.saturating_mul(3_600)
    }

    fn idle_s(&self, id: u32) -> u32 {
        if self.is_open(id) {
            self.settings.session_idle_h.saturating_mul(3_600)
        } else {
            LOOK_S
        }
    }
}

/// Completes what is known of an actor; says whether something was new.
pub(crate) fn describe(activity: &Activity<'_>, member: &mut Member) -> bool {
    let (from, to) = (&activity.actor, &mut member.actor);
    let known = extent(to);
    if to.groups.is_empty() {
        to.groups = from
            .groups
            .iter()
            .take(ACTOR_LISTS_MAX)
            .map(|group| clip(group, TEXT_MAX).to_owned())
            .collect();
    }
    if to.pod.is_none() && !from.pod.is_empty() {
        to.pod = Some(clip(&from.pod, TEXT_MAX).to_owned());
    }
    if to.node.is_none() && !from.node.is_empty() {
        to.node = Some(clip(&from.node, TEXT_MAX).to_owned());
    }
    remember(
        &mut to.user_agents,
        clip(&from.user_agent, TEXT_MAX),
        ACTOR_LISTS_MAX,
    );
    if let Some(mask) = &from.impersonated {
        remember(
            &mut to.acted_as,
            clip(&mask.user, TEXT_MAX),
            ACTOR_LISTS_MAX,
        );
    }
    extent(to) != known
}

/// How much is known of an actor; it only grows.
fn extent(actor: &IncidentActor) -> [usize; 4] {
    let places = usize::from(actor.pod.is_some()) + usize::from(actor.node.is_some());
    [
        actor.groups.len(),
        actor.user_agents.len(),
        actor.acted_as.len(),
        places,
    ]
}
