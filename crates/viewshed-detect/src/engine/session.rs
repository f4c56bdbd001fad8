//! The unusual activity of one hand: what speaks against it, and how much.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use viewshed_model::{Activity, IncidentActor, Surface};

use super::behaviour::{Behaviour, Op, Outcome};
use super::docker::plain;
use super::dossier::Dossier;
use super::evidence::{Evidence, Explained, Trial, WORK_FOLLOWS_S};
use super::facts::Facts;
use super::score::{Held, score_of};
use super::who::clip;
use crate::detections::look::FallsWith;

/// Longer texts are cut in incidents. Bytes.
pub(crate) const TEXT_MAX: usize = 400;
/// Pieces of evidence kept of one session; later ones add their weight to what there is.
const EVIDENCE_MAX: usize = 96;
/// Events kept before an incident opens; of more, the first and the newest stay.
const NOTES_MAX: usize = 48;
/// Identities linked to one session; further ones are counted in the reason only.
pub(crate) const MEMBERS_MAX: usize = 32;
/// A first event with fewer points than this, in hundredths, is not where a session begins ...
const FIRST_WEIGHT_MIN: u32 = 600;
/// ... unless the next one came within this time. Seconds.
const BELONGS_TOGETHER_S: i64 = 10 * 60;
/// An event with so many points, in hundredths, is part of it however long it was before.
const STRONG_WEIGHT: u32 = 2_500;
/// Others that were so much earlier are left out when those that follow are enough. Seconds.
const PRELUDE_GAP_S: i64 = 30 * 60;
/// What is said of a list, until a watch follows it.
pub(crate) const UNWATCHED: &str = " without following them";

/// And from then on.
const FOLLOWED: &str = " and follows them";

/// One event of a session: kept until the incident opens, borrowed from its activity as long as nobody keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note<Text = Box<str>> {
    pub(crate) at_us: i64,
    pub(crate) audit_id: Text,
    pub(crate) surface: Surface,
    pub(crate) op: Op,
    pub(crate) outcome: Outcome,
    pub(crate) verb: Text,
    pub(crate) kind: Text,
    pub(crate) namespace: Text,
    pub(crate) name: Text,
    pub(crate) reason: Text,
    pub(crate) address: Text,
    pub(crate) disclosed: Option<u32>,
    pub(crate) identity: u32,
    pub(crate) weight: u32,
}

impl<'a> Note<&'a str> {
    /// What matters of one activity: its texts cut, its weight in hundredths of a point.
    pub(crate) fn of(
        activity: &'a Activity<'_>,
        behaviour: &Behaviour<'a>,
        identity: u32,
        weight: u32,
    ) -> Self {
        let text = |text: &'a str| clip(text, TEXT_MAX);
        Self {
            at_us: activity.at_us,
            audit_id: clip(&activity.id, 100),
            surface: behaviour.surface,
            op: behaviour.op,
            outcome: behaviour.outcome,
            verb: text(behaviour.op.verb_or(&activity.verb)),
            kind: plain(behaviour.kind),
            namespace: behaviour.namespace,
            name: text(&activity.object.name),
            reason: text(&activity.reason),
            address: text(&activity.actor.address),
            disclosed: activity.disclosed_count,
            identity,
            weight,
        }
    }
}

impl<Text: Into<Box<str>>> Note<Text> {
    fn kept(self) -> Note {
        Note {
            at_us: self.at_us,
            audit_id: self.audit_id.into(),
            surface: self.surface,
            op: self.op,
            outcome: self.outcome,
            verb: self.verb.into(),
            kind: self.kind.into(),
            namespace: self.namespace.into(),
            name: self.name.into(),
            reason: self.reason.into(),
            address: self.address.into(),
            disclosed: self.disclosed,
            identity: self.identity,
            weight: self.weight,
        }
    }
}

/// One identity of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) identity: u32,
    pub(crate) key: Box<str>,
    pub(crate) actor: IncidentActor,
}

/// The unusual activity of one hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) cluster: Box<str>,
    pub(crate) members: Vec<Member>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) notes: Vec<Note>,
    pub(crate) facts: Facts,
    pub(crate) started_s: u32,
    pub(crate) last_s: u32,
    pub(crate) due_s: u32,
    pub(crate) dossier: Option<Box<Dossier>>,
}

impl Session {
    /// A session that begins now.
    pub(crate) fn new(cluster: &str, facts: Facts, now_s: u32) -> Self {
        Self {
            cluster: cluster.into(),
            members: Vec::new(),
            evidence: Vec::new(),
            notes: Vec::new(),
            facts,
            started_s: now_s,
            last_s: now_s,
            due_s: 0,
            dossier: None,
        }
    }

    /// Adds a piece of evidence.
    pub(crate) fn add(&mut self, evidence: Evidence) {
        if self.evidence.len() >= EVIDENCE_MAX {
            // Tools that keep a cluster as a repository has it follow hundreds of kinds.
            self.evidence.retain(|one| one.weight > 0);
        }
        if self.evidence.len() < EVIDENCE_MAX {
            self.evidence.push(evidence);
            return;
        }
        let same = self
            .evidence
            .iter_mut()
            .rev()
            .find(|one| one.detection == evidence.detection);
        if let Some(same) = same {
            same.weight = same.weight.saturating_add(evidence.weight);
            same.at_s = evidence.at_s;
        } else if let Some(last) = self.evidence.last_mut() {
            *last = evidence;
        }
    }

    /// Adds everything of another session.
    pub(crate) fn take(&mut self, other: Self) {
        for member in other.members {
            let is_known = self
                .members
                .iter()
                .any(|one| one.identity == member.identity);
            if !is_known && self.members.len() < MEMBERS_MAX {
                self.members.push(member);
            }
        }
        for one in other.notes {
            self.note(one);
        }
        for one in other.evidence {
            self.add(one);
        }
        self.started_s = self.started_s.min(other.started_s);
        self.last_s = self.last_s.max(other.last_s);
        self.sort();
    }

    /// Puts what came together late in the order of time.
    pub(crate) fn sort(&mut self) {
        self.notes.sort_by(|left, right| {
            (left.at_us, &left.audit_id).cmp(&(right.at_us, &right.audit_id))
        });
        self.evidence.sort_by_key(|one| one.at_us);
    }

    /// Places of its identities in the table.
    pub(crate) fn identities(&self) -> Vec<usize> {
        let places = self.members.iter();
        places
            .filter_map(|one| usize::try_from(one.identity.checked_sub(1)?).ok())
            .collect()
    }

    /// Adds an event.
    pub(crate) fn note<Text>(&mut self, note: Note<Text>)
    where
        Text: Deref<Target = str> + Into<Box<str>>,
    {
        if let Some(dossier) = self.dossier.as_mut() {
            dossier.fold(&note, &self.members);
            return;
        }
        if self.notes.len() >= NOTES_MAX {
            // The first ones tell where it began; of the others the oldest goes.
            self.notes.remove(NOTES_MAX / 2);
        }
        self.notes.push(note.kept());
    }

    /// Whether another event is kept without one that was before it.
    pub(crate) fn has_room(&self) -> bool {
        self.notes.len() < NOTES_MAX
    }

    /// Whether questions of somebody just before speak against him.
    pub(crate) fn is_asking(&self, identity: u32, now_s: u32) -> bool {
        self.evidence.iter().any(|one| {
            (one.identity, one.op) == (identity, Op::Ask)
                && i64::from(now_s.saturating_sub(one.at_s)) <= BELONGS_TOGETHER_S
        })
    }

    /// Points of the session now; `held` tells about lists that a watch may still follow.
    pub(crate) fn score(&self, now_s: u32, half_life_s: u32, held: Held) -> f64 {
        score_of(&self.evidence, now_s, half_life_s, held)
    }

    /// Whether the points reached the threshold, when nothing was added since, when a piece of evidence began to count.
    /// What happened before a gap in the log has not faded by the time that somebody looks.
    pub(crate) fn had_reached(
        &self,
        threshold: f64,
        now_s: u32,
        half_life_s: u32,
        held: Held,
    ) -> bool {
        let counts_s = |one: &Evidence| one.at_s.saturating_add(WORK_FOLLOWS_S);
        let is_late = self.evidence.iter().all(|one| counts_s(one) < now_s);
        let mut times = self.evidence.iter().map(counts_s);
        is_late && times.any(|then_s| self.score(then_s, half_life_s, held) >= threshold)
    }

    /// A watch followed a list, or something was changed where things were read: it was work.
    /// Says whether anything was.
    pub(crate) fn forgive(
        &mut self,
        identity: u32,
        is_work: impl Fn(&Evidence) -> Option<Explained>,
    ) -> bool {
        let is_open = self.dossier.is_some();
        let mut was_work = false;
        for one in self
            .evidence
            .iter_mut()
            .filter(|one| one.identity == identity)
        {
            if let Some(Explained { percent, watch }) = is_work(one) {
                // An incident stays one; what turns out to be wrong in it is taken back.
                if is_open && watch.is_none() {
                    continue;
                }
                let percent = if is_open { percent.max(10) } else { percent };
                // What it says must stay true.
                if watch.is_some() && one.text.contains(UNWATCHED) {
                    one.text = one.text.replace(UNWATCHED, FOLLOWED).into();
                }
                one.trial = watch.map(|(watch, since_s)| Trial {
                    watch,
                    since_s,
                    is_given_up: false,
                    weight: one.weight,
                });
                one.weight = one.weight / 100 * percent + one.weight % 100 * percent / 100;
                one.falls_with = FallsWith::Nothing;
                was_work = true;
            }
        }
        // Thousands of names may be looked for and made; they must not take the room of what counts.
        self.evidence.retain(|one| !one.is_settled());
        was_work
    }

    /// A watch ended before it could be believed. By itself that says little: programs end, and all of their
    /// watches with them.
    pub(crate) fn give_up(&mut self, watch: u64) {
        let trials = self
            .evidence
            .iter_mut()
            .filter_map(|one| one.trial.as_mut());
        for trial in trials.filter(|trial| trial.watch == watch) {
            trial.is_given_up = true;
        }
    }

    /// Somebody goes on from there to read something else: the watches that he gave up before explain nothing, unless others
    /// take their places.
    pub(crate) fn go_on(
        &mut self,
        (identity, spot): (u32, u64),
        (kind, namespace): (&str, &str),
        (now_s, percent): (u32, u32),
    ) {
        let own = self.evidence.iter_mut().filter(|one| {
            (one.identity, one.spot) == (identity, spot)
                && (&*one.kind, &*one.namespace) != (kind, namespace)
        });
        for one in own {
            let Some(trial) = one.trial.take_if(|trial| trial.is_given_up) else {
                continue;
            };
            one.weight = one.weight.max(trial.weight / 100 * percent);
            one.text = one.text.replace(FOLLOWED, UNWATCHED).into();
            one.falls_with = FallsWith::Watch;
            one.is_reflector = false;
            // Whoever really follows something begins again at once.
            one.at_s = now_s;
        }
    }

    /// Believes the watches that have lasted, and whose end would have been told by now.
    pub(crate) fn believe(&mut self, now_s: u32, lasting_s: u32) {
        for one in &mut self.evidence {
            one.trial.take_if(|trial| {
                !trial.is_given_up && now_s.saturating_sub(trial.since_s) > 2 * lasting_s
            });
        }
        self.evidence.retain(|one| !one.is_settled());
    }

    /// The piece of evidence with which the threshold was reached, held lists counted where they happened.
    pub(crate) fn turning_point(&self, threshold: f64, half_life_s: u32) -> Option<&Evidence> {
        let reached = (1..=self.evidence.len()).find(|count| {
            let evidence = self.evidence.get(..*count).unwrap_or_default();
            let now_s = evidence.last().map_or(0, |one| one.at_s);
            score_of(evidence, now_s, half_life_s, Held::Counts) >= threshold
        });
        reached
            .and_then(|count| self.evidence.get(count - 1))
            .or(self.evidence.last())
    }

    /// Leaves out weak events long before the others, when the others are enough: they are not where it
    /// began.
    pub(crate) fn forget_prelude(&mut self, threshold: f64, now_s: u32, half_life_s: u32) {
        while let [first, second, ..] = self.notes.as_slice() {
            let gap_s = second.at_us.saturating_sub(first.at_us) / 1_000_000;
            let from_us = second.at_us;
            let is_weak = first.weight < FIRST_WEIGHT_MIN && gap_s > BELONGS_TOGETHER_S;
            if !is_weak && (first.weight >= STRONG_WEIGHT || gap_s <= PRELUDE_GAP_S) {
                return;
            }
            let later: Vec<Evidence> = self
                .evidence
                .iter()
                .filter(|one| one.at_us >= from_us)
                .cloned()
                .collect();
            if score_of(&later, now_s, half_life_s, Held::Counts) < threshold {
                return;
            }
            self.evidence = later;
            self.notes.remove(0);
        }
    }

    /// Puts evidence from after a gap in the log, which the clock followed late, where it belongs.
    pub(crate) fn catch_up(&mut self, now_s: u32) {
        for one in &mut self.evidence {
            let own_s = u32::try_from(one.at_us.div_euclid(1_000_000)).unwrap_or_default();
            if own_s > one.at_s && own_s <= now_s {
                one.at_s = own_s;
                self.last_s = self.last_s.max(own_s);
            }
        }
        let last = self
            .dossier
            .as_ref()
            .map(|one| one.incident.last_event.time);
        let last_s = last.and_then(|time| u32::try_from(time.as_second()).ok());
        self.last_s = last_s
            .filter(|last_s| *last_s <= now_s)
            .map_or(self.last_s, |last_s| self.last_s.max(last_s));
    }

    /// When it has to be looked at again.
    pub(crate) fn next_due_s(&self, now_s: u32, idle_s: u32) -> u32 {
        let held = self
            .evidence
            .iter()
            .filter(|one| one.falls_with != FallsWith::Nothing);
        let matures = held
            .map(|one| one.at_s.saturating_add(WORK_FOLLOWS_S))
            .filter(|at_s| *at_s > now_s)
            .min();
        let idle = self.last_s.saturating_add(idle_s);
        match matures {
            Some(at_s) if self.dossier.is_none() => at_s.min(idle),
            _ => idle.max(now_s.saturating_add(1)),
        }
    }
}
