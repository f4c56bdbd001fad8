//! What matches rules, as incidents: one per identity and session, beside those of the detections.
//!
//! A detection weighs; a rule that somebody wrote says what it means. So its match is told as it is, with the
//! rule's own severity, and changes nothing in what the engine makes of the same activities.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use viewshed_model::{
    Activity, Confidence, EventReference, Incident, IncidentState, Reason, RuleTally, Severity,
};

use super::matches::{EngineName, RuleIdentity, RuleMatch};
use crate::engine::behaviour::Behaviour;
use crate::engine::dossier::{Dossier, actor, incident_id, time};
use crate::engine::lifecycle::describe;
use crate::engine::session::{Member, Note, TEXT_MAX};
use crate::engine::who::{Who, clip};

/// Sessions at once. When there are more, the one that was quiet the longest ends.
const CASES_MAX: usize = 4_096;
/// A session ends when nothing matched for this long, as the engine's do. Microseconds.
const IDLE_US: i64 = 12 * 60 * 60 * 1_000_000;
/// Rules that are named as reasons of one incident; matches of further ones are counted in the tallies only.
const REASONS_MAX: usize = 64;
/// Matched entries that are remembered, so that a batch that is pushed again counts once.
const RECENT_MAX: usize = 4_096;
/// Rules that are tallied: more than any collection has.
const TALLIES_MAX: usize = 20_000;

/// The incidents of rules, as they grow. Bounded; can be saved.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleIncidents {
    /// By cluster and identity; few enough that not even names chosen to collide make a look-up slow.
    cases: FxHashMap<String, Case>,
    recent: VecDeque<u64>,
    tallies: BTreeMap<String, RuleTally>,
    /// The same as `recent`, to look in; made anew from it.
    #[serde(skip)]
    known: FxHashSet<u64>,
    /// Cases by when something last matched, as far as that was known when somebody asked; made anew from `cases`.
    #[serde(skip)]
    quiet: BinaryHeap<Reverse<(i64, String)>>,
    /// Room for a place of `cases` and for the name of a rule.
    #[serde(skip)]
    scratch: [String; 2],
}

/// One session.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Case {
    dossier: Dossier,
    member: Member,
    /// Matches of each reason, and what the first of them said.
    counts: Vec<(u64, String)>,
    last_us: i64,
}

/// The name of a rule among the reasons of an incident: `falco: Attach/Exec Pod`.
pub fn reason_name(rule: &RuleIdentity) -> String {
    let mut name = String::new();
    write_reason_name(rule, &mut name);
    name
}

fn write_reason_name(rule: &RuleIdentity, name: &mut String) {
    name.clear();
    name.push_str(match rule.engine {
        EngineName::Falco => "falco: ",
        EngineName::Sigma | EngineName::SigmaCorrelation => "sigma: ",
    });
    name.push_str(clip(&rule.title, TEXT_MAX));
}

impl RuleIncidents {
    /// Takes what [`RuleSet::judge`](super::RuleSet::judge) found in one activity, and adds every incident that
    /// opened or grew. An entry that matched before, the very same, counts once.
    pub fn take(
        &mut self,
        activity: &Activity<'_>,
        matches: &[RuleMatch],
        incidents: &mut Vec<Incident>,
    ) {
        if matches.is_empty() || !self.is_new(activity) {
            return;
        }
        let [mut place, mut name] = std::mem::take(&mut self.scratch);
        let (mut who_text, mut kind_text) = (String::new(), String::new());
        let who = Who::of(activity, &mut who_text);
        let behaviour = Behaviour::of(activity, &mut kind_text);
        place.clear();
        for part in [&*activity.cluster, "\u{1f}", who.key] {
            place.push_str(part);
        }
        self.begin_at(&place, activity, who, incidents);
        if let Some(case) = self.cases.get_mut(&place) {
            case.go_on(activity, &behaviour);
            for one in matches {
                write_reason_name(&one.rule, &mut name);
                tally(&mut self.tallies, &one.rule, &name);
                case.add(activity, one, &name);
            }
            incidents.extend(case.tell(IncidentState::Open));
        }
        self.scratch = [place, name];
    }

    /// Begins a session, unless there is one that goes on.
    fn begin_at(
        &mut self,
        place: &str,
        activity: &Activity<'_>,
        who: Who<'_>,
        incidents: &mut Vec<Incident>,
    ) {
        let case = self.cases.get(place);
        match case.map(|case| activity.at_us.saturating_sub(case.last_us) > IDLE_US) {
            Some(false) => return,
            Some(true) => self.close(place, incidents),
            None => {}
        }
        self.make_room(incidents);
        self.cases.insert(place.to_owned(), begin(activity, who));
        self.quiet.push(Reverse((activity.at_us, place.to_owned())));
    }

    /// Time has passed up to `now_us` (live sources without events): what was quiet for long ends.
    pub fn pass(&mut self, now_us: i64, incidents: &mut Vec<Incident>) {
        for place in self.places(|case| now_us.saturating_sub(case.last_us) > IDLE_US) {
            self.close(&place, incidents);
        }
    }

    /// Nobody will look for a while: tells every incident that has grown since it was last told.
    pub fn pause(&mut self, incidents: &mut Vec<Incident>) {
        for place in self.places(|_| true) {
            let case = self.cases.get_mut(&place);
            incidents.extend(case.and_then(Case::tell_rest));
        }
    }

    /// Nothing more comes: everything ends.
    pub fn finish(&mut self, incidents: &mut Vec<Incident>) {
        for place in self.places(|_| true) {
            self.close(&place, incidents);
        }
    }

    /// Where such sessions are, in the order of their names.
    fn places(&self, is_meant: impl Fn(&Case) -> bool) -> Vec<String> {
        let meant = self.cases.iter().filter(|(_, case)| is_meant(case));
        let mut places: Vec<String> = meant.map(|(place, _)| place.clone()).collect();
        places.sort();
        places
    }

    /// How often each rule matched, in the order of their names.
    pub fn tallies(&self) -> impl Iterator<Item = &RuleTally> {
        self.tallies.values()
    }

    /// Begins to count anew: a report has told what was counted.
    pub fn told(&mut self) {
        self.tallies.clear();
    }

    /// Whether this very entry did not match before. Everything about it counts, not only its id: a client may
    /// choose that (`Audit-ID`, kubernetes/apiserver `pkg/endpoints/filters/request_received_time.go` and
    /// `audit_init.go`).
    fn is_new(&mut self, activity: &Activity<'_>) -> bool {
        if activity.id.is_empty() {
            return true;
        }
        let mut digest = Sha256::new();
        for part in [&activity.id, &activity.verb, &activity.uri] {
            digest.update(part.len().to_le_bytes());
            digest.update(part.as_bytes());
        }
        digest.update(activity.at_us.to_le_bytes());
        digest.update([activity.stage as u8]);
        let bytes: [u8; 32] = digest.finalize().into();
        let hash = u64::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default());
        if self.known.len() != self.recent.len() {
            self.known = self.recent.iter().copied().collect();
        }
        if !self.known.insert(hash) {
            return false;
        }
        if self.recent.len() >= RECENT_MAX
            && let Some(oldest) = self.recent.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.recent.push_back(hash);
        true
    }

    fn make_room(&mut self, incidents: &mut Vec<Incident>) {
        if self.cases.len() < CASES_MAX {
            return;
        }
        if self.quiet.len() < self.cases.len() || self.quiet.len() > 2 * CASES_MAX {
            let times = self.cases.iter();
            self.quiet = times
                .map(|(place, case)| Reverse((case.last_us, place.clone())))
                .collect();
        }
        // Nothing was quiet for longer than this tells; what matched since goes back with its new time.
        while let Some(Reverse((at_us, place))) = self.quiet.pop() {
            match self.cases.get(&place).map(|case| case.last_us) {
                Some(last_us) if last_us == at_us => return self.close(&place, incidents),
                Some(last_us) => self.quiet.push(Reverse((last_us, place))),
                None => {}
            }
        }
    }

    fn close(&mut self, place: &str, incidents: &mut Vec<Incident>) {
        if let Some(mut case) = self.cases.remove(place) {
            incidents.extend(case.tell(IncidentState::Closed));
        }
    }
}

impl Case {
    /// The next revision, if there is something worth telling.
    fn tell(&mut self, state: IncidentState) -> Option<Incident> {
        if self.dossier.has_news(state) {
            self.write_counts();
        }
        self.dossier.tell(state)
    }

    /// The next revision, if there were events since the last one.
    fn tell_rest(&mut self) -> Option<Incident> {
        self.write_counts();
        self.dossier.tell_rest()
    }

    fn write_counts(&mut self) {
        let reasons = self.dossier.incident.reasons.iter_mut();
        for ((count, first), reason) in self.counts.iter().zip(reasons) {
            if *count > 1 {
                reason.text = format!("{first} ({count} times)");
            }
        }
    }

    /// Takes one more event.
    fn go_on(&mut self, activity: &Activity<'_>, behaviour: &Behaviour<'_>) {
        let is_described = describe(activity, &mut self.member);
        let members = std::slice::from_ref(&self.member);
        self.dossier
            .fold(&Note::of(activity, behaviour, 0, 0), members);
        if is_described {
            self.dossier.refresh(members);
        }
        self.last_us = self.last_us.max(activity.at_us);
    }

    fn add(&mut self, activity: &Activity<'_>, one: &RuleMatch, name: &str) {
        let incident = &mut self.dossier.incident;
        incident.severity = incident.severity.max(one.rule.severity);
        let known = incident
            .reasons
            .iter()
            .position(|reason| reason.detection == name);
        match known {
            Some(at) => {
                if let Some((count, _)) = self.counts.get_mut(at) {
                    *count += 1;
                }
            }
            None if incident.reasons.len() < REASONS_MAX => {
                let text = clip(&one.message, TEXT_MAX).to_owned();
                self.counts.push((1, text.clone()));
                incident.reasons.push(Reason {
                    detection: name.to_owned(),
                    text,
                    weight: weight(one.rule.severity),
                    at: time(activity.at_us),
                    audit_id: clip(&activity.id, 100).to_owned(),
                });
            }
            None => {}
        }
        for technique in &one.rule.techniques {
            if let Err(at) = incident.techniques.binary_search(technique) {
                incident.techniques.insert(at, technique.clone());
            }
        }
    }
}

fn tally(tallies: &mut BTreeMap<String, RuleTally>, rule: &RuleIdentity, name: &str) {
    if let Some(tally) = tallies.get_mut(name) {
        tally.count += 1;
    } else if tallies.len() < TALLIES_MAX {
        let tally = RuleTally {
            name: name.to_owned(),
            language: rule.engine.to_string(),
            title: rule.title.clone(),
            file: rule.file.clone(),
            line: rule.line,
            severity: rule.severity,
            techniques: rule.techniques.clone(),
            count: 1,
        };
        tallies.insert(name.to_owned(), tally);
    }
}

fn begin(activity: &Activity<'_>, who: Who<'_>) -> Case {
    let at = activity.at_us.to_string();
    // An engine's incident may begin with the same event.
    let id = incident_id(&["rules", &activity.cluster, who.key, &at, &activity.id]);
    let event = EventReference {
        time: time(activity.at_us),
        audit_id: clip(&activity.id, 100).to_owned(),
    };
    let mut dossier = Dossier::begin(id, &activity.cluster, actor(who.key), event);
    dossier.incident.severity = Severity::Info;
    dossier.incident.confidence = Confidence::Medium;
    Case {
        dossier,
        member: Member {
            identity: 0,
            key: who.key.into(),
            actor: actor(who.key),
        },
        counts: Vec::new(),
        last_us: activity.at_us,
    }
}

/// Points as of the detections, so that reasons can be sorted together: 100 are an incident by themselves.
fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 200,
        Severity::High => 100,
        Severity::Medium => 50,
        Severity::Low => 20,
        Severity::Info => 5,
    }
}
