//! What is unusual: found by the detections, and given to the session that it belongs to.

use viewshed_model::{Activity, Incident};

use super::Engine;
use super::behaviour::{Behaviour, Op, Outcome};
use super::decay::rounded;
use super::evidence::{Evidence, Trial};
use super::facts::{Facts, Sort};
use super::fingerprint::Fingerprint;
use super::judge::{DAY_S, NAME_MAX, Subject, is_of_all_pods};
use super::origin::{identity_tag, program_tag};
use super::session::Session;
use super::who::{Class, ShortName, clip};
use super::work::Deed;
use crate::baseline::{DoesAt, Standing};
use crate::detections::look::Departure;
use crate::detections::{Look, Sign, is_raw, judge, linking, tool};

/// Points in hundredths from which on somebody is linked to the session at his address.
pub(super) const LINK_MIN: u32 = 500;
/// So much is no pipeline's look into its own namespace.
const LINK_ALONE_MIN: u32 = 4_000;
/// From so many points on, programs that turn into one and the same tool of people belong together.
const LINK_MIN_HAND: u32 = 2_000;
/// Those at an address that many use are linked within this time. Seconds.
pub(super) const LINK_SHARED_S: u32 = 60 * 60;
/// A hand that strange has nothing to do with the namespaces in which its identity works.
const HOME_LOST: f64 = 0.95;
/// Fewer points than this, in hundredths, begin no session: an ordinary day has thousands of them.
const SESSION_MIN: u32 = 150;

/// What a person does with less than this, in hundredths, from where he always was, is no part of an incident elsewhere.
const OWN_MIN: u32 = 500;

/// What the detections found.
struct Found {
    signs: Vec<(u8, Sign)>,
    facts: Facts,
    /// Whether it was made the way client libraries begin a watch.
    is_reflector: bool,
    /// Points, in hundredths, that link identities at one address.
    linking: u32,
}

/// Sessions that something may belong to; 0 for none.
#[derive(Clone, Copy)]
struct Sessions {
    /// That of the identity.
    own: u32,
    /// That of others at the same address, if there are any and it may be one with them.
    near: u32,
}

impl Engine {
    /// Weighs what is not ordinary, and learns it.
    pub(super) fn weigh(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        fingerprint: &Fingerprint,
        incidents: &mut Vec<Incident>,
    ) {
        self.go_on(subject);
        let (found, sessions) = self.look_for(activity, subject);
        self.forgive_work(activity, subject);
        let points: u32 = found
            .signs
            .iter()
            .map(|(_, sign)| hundredths(sign.weight))
            .fold(0, u32::saturating_add);
        let is_noise = sessions.own == 0 && sessions.near == 0 && points < SESSION_MIN;
        let is_nothing = found.signs.is_empty()
            || is_noise
            || (points < OWN_MIN && self.is_of_owner(subject, sessions.own));
        let is_let_through = !is_nothing && self.settings.allows(subject.who.key);
        if is_let_through {
            self.count_let_through(subject.who.key);
        }
        if is_nothing || is_let_through {
            self.let_pass(activity, subject, sessions.own, incidents);
        } else {
            let id = match sessions {
                Sessions { own: 0, near: 0 } => {
                    let now_s = self.clock.now_s();
                    let session = Session::new(&activity.cluster, found.facts, now_s);
                    self.sessions.add(session)
                }
                Sessions { own, near: 0 } => own,
                Sessions { own: 0, near } => near,
                Sessions { own, near } => self.meet(identity_tag(subject.index), own, near),
            };
            self.join(activity, subject, id);
            if found.linking >= LINK_MIN {
                self.mark(subject.arrival.spot, id);
                self.mark(self.pod_spot(activity), id);
            }
            if found.linking >= LINK_MIN_HAND {
                self.mark(self.hand_spot(activity, subject), id);
            }
            self.add_evidence(activity, subject, (id, found.is_reflector), found.signs);
            self.note(activity, subject, id, points);
            self.reconsider(id, incidents);
        }
        self.learn(activity, subject, fingerprint);
    }

    /// Lets every detection look, with what the session has shown so far that the activity belongs to.
    fn look_for(&mut self, activity: &Activity<'_>, subject: &Subject<'_>) -> (Found, Sessions) {
        let record = self.baseline.record(subject.index);
        let own = record.map_or(0, |record| record.session);
        let own = if self.sessions.get(own).is_some() {
            own
        } else {
            0
        };
        let near = self.session_at(subject.arrival.spot);
        let guessed_before = self.guessed_kinds(own);
        let facts = match self.sessions.get_mut(own) {
            Some(session) => std::mem::take(&mut session.facts),
            None => Facts::new(self.settings.hash_seed),
        };
        let mut found = self.signs(activity, subject, (own, 0.0), facts);
        let mut by_hand = false;
        let is_linked = near != 0
            && near != own
            && self
                .link_min(subject, near)
                .is_some_and(|least| found.linking >= least);
        let near = if is_linked {
            near
        } else if own == 0
            && found.linking >= LINK_MIN_HAND
            && self.hand_session(activity, subject) != 0
        {
            by_hand = true;
            self.hand_session(activity, subject)
        } else if found.linking >= LINK_MIN {
            // What runs in a pod and what comes with the token of that pod is one hand.
            let in_pod = self.session_at(self.pod_spot(activity));
            if in_pod == own { 0 } else { in_pod }
        } else {
            0
        };
        // Somebody else at work at this address: seen with what the others have shown already.
        if own == 0
            && let Some(session) = self.sessions.get(near)
        {
            let facts = session.facts.clone();
            // One after the other may do the very same: what links them is what each does by itself.
            // Pipelines that look into their own namespaces do so from one address.
            let is_of_one_hand = behaviour_is_wide(subject)
                || is_raw_tool(activity)
                || found.linking >= LINK_ALONE_MIN;
            let alone = if is_of_one_hand {
                f64::from(found.linking) / 100.0
            } else {
                0.0
            };
            if by_hand {
                // What it shows by itself is enough, and they come from several places.
                found.facts = facts;
            } else {
                found = self.signs(activity, subject, (near, alone), facts);
            }
        }
        let (shown_by, guessed_before) = if own == 0 {
            (near, self.guessed_kinds(near))
        } else {
            (own, guessed_before)
        };
        if let Some(session) = self.sessions.get_mut(shown_by) {
            session.facts = std::mem::take(&mut found.facts);
        }
        // Of a kind whose names are guessed each single read is a step.
        if self.guessed_kinds(shown_by) > guessed_before {
            self.disturb_members(shown_by);
        }
        (found, Sessions { own, near })
    }

    fn guessed_kinds(&self, id: u32) -> u16 {
        let session = self.sessions.get(id);
        session.map_or(0, |session| session.facts.count(Sort::GuessedKind))
    }

    /// Nothing unusual, or nothing that counts.
    fn let_pass(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        own: u32,
        incidents: &mut Vec<Incident>,
    ) {
        let record = self.baseline.record(subject.index);
        let is_watched = record.is_some_and(|record| record.is_watched);
        // Its habits are nobody's any more where it never was.
        let is_strange = !subject.is_usual
            || subject.is_newly_mighty
            || subject.arrival.origin.departure != Departure::default();
        let is_of_incident = is_watched && !self.is_of_owner(subject, own);
        if is_of_incident && is_strange && subject.behaviour.op != Op::Health {
            self.note(activity, subject, own, 0);
            self.tell(own, incidents);
        } else {
            if is_strange && subject.behaviour.op == Op::Ask {
                self.note_further(activity, subject, own);
            }
            self.settle_in(subject.arrival.spot, subject.index);
        }
    }

    /// Whether somebody acts from where he is at home, and what speaks against him in an incident came from elsewhere:
    /// somebody else has his credential, and he goes on with his work.
    fn is_of_owner(&self, subject: &Subject<'_>, session: u32) -> bool {
        let (spot, tag) = (subject.arrival.spot, identity_tag(subject.index));
        let place = self.places.address(spot);
        let session = self
            .sessions
            .get(session)
            .filter(|one| one.dossier.is_some());
        subject.who.class == Class::Person
            && spot != 0
            && place.is_home_of(tag)
            && session.is_some_and(|session| {
                let mut own = session.evidence.iter().filter(|one| one.identity == tag);
                own.all(|one| one.spot != spot)
            })
    }

    fn learn(&mut self, activity: &Activity<'_>, subject: &Subject<'_>, fingerprint: &Fingerprint) {
        let now_s = self.clock.now_s();
        let is_watched = self
            .baseline
            .record(subject.index)
            .is_some_and(|record| record.is_watched);
        self.baseline.learn(
            subject.index,
            &subject.behaviour,
            now_s,
            standing(is_watched),
        );
        // Ordinary from the second time on, unless every single request has to be looked at. The same document
        // once more tells nothing, and clients that discover the API anew make most of some logs.
        let behaviour = &subject.behaviour;
        let is_document = behaviour.op == Op::Discover;
        if !is_watched
            && (is_document || behaviour.is_settled_by_habit())
            && !subject.arrival.is_unusual
            && !subject.is_other_hand
            && !subject.is_elsewhere
            && subject.mask_is_usual
            && let Some(at) = self.baseline.habit(subject.index, behaviour)
            && (is_document || self.standing(subject.index, Some(at), behaviour).0)
        {
            self.keep_warm(activity, subject, at, fingerprint);
        }
    }

    /// Lets every detection look at one activity.
    fn signs(
        &self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        (session, linking_alone): (u32, f64),
        mut facts: Facts,
    ) -> Found {
        let now_s = self.clock.now_s();
        let behaviour = subject.behaviour;
        let record = self.baseline.record(subject.index);
        // What a program does by habit explains nothing that somebody else does in its name.
        let does = if subject.is_other_hand {
            DoesAt::default()
        } else {
            self.baseline.does_at(subject.index, &behaviour)
        };
        let mut origin = subject.arrival.origin;
        origin.companions = self.companions(session, subject.index);
        let is_midway = self.is_midway(activity, (subject.index, subject.arrival.is_shared));
        let known_s = record.map_or(0, |record| record.known_for_s(now_s));
        let strangeness = self.strangeness(activity, subject);
        let (kind, namespace) = survey_of(activity, &behaviour);
        let mut look = Look {
            activity,
            behaviour,
            class: subject.who.class,
            who: ShortName(subject.who.key),
            key: subject.who.key,
            is_usual: subject.is_usual,
            has_habit: subject.habit.is_some(),
            is_new_tool: subject.is_other_hand,
            is_other_hand: subject.is_other_hand || subject.is_elsewhere,
            is_elsewhere: subject.is_elsewhere,
            strangeness,
            // From where he never was, with a tool that knows nothing of Kubernetes, nobody is at home.
            is_at_home: strangeness < HOME_LOST && self.is_at_home(subject.index, namespace),
            sees_all: self.baseline.sees_all(subject.index, kind, now_s)
                || (known_s < DAY_S && self.baseline.peers_see_all(subject.index, now_s)),
            namespace,
            is_newly_mighty: subject.is_newly_mighty,
            is_in_odd_hands: subject.who.class == Class::Person
                && self.is_in_odd_hands(activity, subject.index),
            is_new_door: self.is_new_door(&activity.cluster, subject.who.key),
            is_other_family: subject.is_other_family,
            is_known_to_it: self.is_known_to_it(activity, subject),
            is_outside: self.is_outside(activity, subject),
            is_new_identity: subject.is_new,
            acquaintance: self.baseline.acquaintance(subject.index, now_s),
            log_acquaintance: self.baseline.log_acquaintance(),
            known_days: known_s.min(self.baseline.span_s().max(DAY_S)) / DAY_S,
            log_days: self.baseline.span_s() / DAY_S,
            baseline: &self.baseline,
            index: subject.index,
            works_here: does.works_here,
            works_somewhere: self.works_at(subject.index, None, is_midway),
            may_follow: self.may_follow(activity, &Deed::of(subject)),
            is_midway,
            watches_it: does.watches_it,
            watches_something: does.watches_something,
            origin,
            window: subject.window,
            mask_is_usual: subject.mask_is_usual,
            was_listed: false,
            linking_alone,
            facts: &mut facts,
            now_s,
        };
        let mut signs = Vec::new();
        judge(&mut look, &mut signs);
        let linking = rounded(linking(&look, &signs).max(linking_alone) * 100.0);
        let is_reflector = look.is_reflector_style();
        Found {
            signs,
            facts,
            is_reflector,
            linking,
        }
    }

    /// Whether an identity sees what it asks for anyway, and it is itself that asks.
    fn is_known_to_it(&self, activity: &Activity<'_>, subject: &Subject<'_>) -> bool {
        let (behaviour, now_s) = (&subject.behaviour, self.clock.now_s());
        let is_read = matches!(behaviour.op, Op::List | Op::Watch | Op::Get);
        if subject.who.class == Class::Node && is_of_all_pods(activity, subject.who.key, behaviour)
        {
            return false;
        }
        let is_itself = !subject.is_other_hand && !self.is_outside(activity, subject);
        if !is_itself || !is_read || behaviour.outcome == Outcome::Refused {
            return false;
        }
        let is_local = !behaviour.namespace.is_empty();
        (is_local
            && self
                .baseline
                .reads_all_of(subject.index, behaviour.kind, now_s))
            || (behaviour.op != Op::Get
                && self
                    .baseline
                    .follows_by_habit(subject.index, behaviour, now_s))
    }

    fn add_evidence(
        &mut self,
        activity: &Activity<'_>,
        subject: &Subject<'_>,
        (session, is_reflector): (u32, bool),
        signs: Vec<(u8, Sign)>,
    ) {
        let (now_s, watch) = (self.clock.now_s(), self.watch_key(activity));
        let Some(session) = self.sessions.get_mut(session) else {
            return;
        };
        for (detection, sign) in signs {
            let weight = hundredths(sign.weight);
            let trial = sign.if_given_up.map(|points| Trial {
                watch,
                since_s: now_s,
                is_given_up: false,
                weight: hundredths(points),
            });
            let evidence = Evidence {
                detection,
                weight,
                text: sign.text.into(),
                at_us: activity.at_us,
                at_s: now_s,
                audit_id: clip(&activity.id, 100).into(),
                identity: identity_tag(subject.index),
                spot: subject.arrival.spot,
                op: subject.behaviour.op,
                outcome: subject.behaviour.outcome,
                kind: subject.behaviour.kind.into(),
                namespace: subject.behaviour.namespace.into(),
                name: clip(&activity.object.name, NAME_MAX).into(),
                falls_with: sign.falls_with,
                corroborates: sign.corroborates,
                program: program_tag(activity),
                is_reflector,
                trial,
            };
            self.baseline.accuse(subject.index, evidence.accused());
            session.add(evidence);
        }
    }
}

pub(super) fn standing(is_watched: bool) -> Standing {
    if is_watched {
        Standing::Suspect
    } else {
        Standing::Usual
    }
}

/// What somebody sees who does this, as a kind that could be listed, and where. Whoever asks for rights asks for them
/// somewhere.
fn survey_of<'a>(activity: &'a Activity<'_>, behaviour: &Behaviour<'a>) -> (&'a str, &'a str) {
    let namespace = match &activity.review {
        Some(review) if behaviour.op == Op::Ask => &review.namespace,
        _ => behaviour.namespace,
    };
    let kind = match behaviour.op {
        Op::Log | Op::Exec | Op::Ask => "pods",
        _ => behaviour.kind,
    };
    (kind, namespace)
}

/// Whether something is asked of all namespaces at once.
fn behaviour_is_wide(subject: &Subject<'_>) -> bool {
    subject.behaviour.is_enumeration() && subject.behaviour.namespace.is_empty()
}

pub(super) fn is_raw_tool(activity: &Activity<'_>) -> bool {
    tool(&activity.actor.user_agent).is_some_and(is_raw)
}

fn hundredths(points: f64) -> u32 {
    rounded(points * 100.0)
}
