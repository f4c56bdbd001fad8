//! Incidents and coverage in words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use viewshed_model::{
    Confidence, Disclosure, Explored, Guessed, Incident, IncidentActor, IncidentState, Surface,
    Verdict, Visibility, WatchReport, kind_in_words, service_account_of,
};

use super::sensitivity::sensitivity;
use super::{count, share, thousands};

pub(crate) use super::next::{next, next_in_words};
pub(crate) use super::title::title;

/// Names in one sentence.
const NAMES_MAX: usize = 8;

/// Worst first; among equals the surer, then the earlier.
pub(crate) fn worst_first(incidents: &[Incident]) -> Vec<&Incident> {
    let mut sorted: Vec<&Incident> = incidents.iter().collect();
    sorted.sort_by(|one, other| {
        (other.severity, other.confidence)
            .cmp(&(one.severity, one.confidence))
            .then_with(|| (one.opened_at, &one.id).cmp(&(other.opened_at, &other.id)))
    });
    sorted
}

/// What a report without incidents means: nothing happened, or nothing could be seen.
pub(crate) fn nothing(report: &WatchReport) -> String {
    let nearest = report.nearest.as_ref().map_or_else(String::new, |one| {
        format!(
            " Nearest to an incident came {}, with {} of {} points: {}.",
            user(&one.actor),
            one.points,
            one.threshold,
            one.reason
        )
    });
    format!("{}{nearest}", nothing_found(report))
}

/// Whom the allow list let through; empty when it changed nothing.
pub(crate) fn let_through(report: &WatchReport) -> String {
    if report.let_through.is_empty() {
        return String::new();
    }
    let mut names: Vec<(&String, &u64)> = report.let_through.iter().collect();
    names.sort_by_key(|(name, number)| (std::cmp::Reverse(**number), *name));
    let more = names.len().saturating_sub(NAMES_MAX);
    let mut words: Vec<String> = names
        .into_iter()
        .take(NAMES_MAX)
        .map(|(name, number)| format!("{name} ({})", count(*number, "event", "events")))
        .collect();
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    format!(
        "Let through by --user-allow-list, though unusual: {}.",
        words.join(", ")
    )
}

/// Points of an incident, if its reasons have any that can be added up: those of rules that somebody brought along
/// say how severe a match is.
pub(crate) fn points(incident: &Incident) -> Option<u32> {
    let is_of_rules = incident
        .reasons
        .iter()
        .any(|reason| reason.detection.contains(": "));
    let points = incident.reasons.iter().map(|reason| reason.weight).sum();
    (!is_of_rules && points > 0).then_some(points)
}

fn nothing_found(report: &WatchReport) -> &'static str {
    let is_complete = report.gaps.is_empty() && report.skips.total() == 0;
    match report.event_count {
        0 if is_complete => "Nothing was judged, because there was nothing new to read.",
        0 => {
            "Nothing could be judged: there was no entry of a known kind. Check that these are the right logs, \
             or name their format with --format."
        }
        _ if !report.gaps.is_empty() => {
            "Nothing unusual was found in what could be judged; see below for what could not."
        }
        _ if report.coverage.rows.is_empty() => {
            "Nothing unusual was found; what these logs cannot show was not judged."
        }
        _ => {
            "Nothing unusual was found in what these logs can show; see below for what they cannot."
        }
    }
}

/// A user name as people say it: `service account shop/cart`.
pub(crate) fn user(name: &str) -> String {
    match service_account_of(name) {
        Some((namespace, name)) => format!("service account {namespace}/{name}"),
        None if name.is_empty() => "somebody without a name".to_owned(),
        None if name == "(process)" => "a process without a pod".to_owned(),
        None => name.to_owned(),
    }
}

/// Who acted, and behind which mask.
pub(crate) fn actor(actor: &IncidentActor) -> String {
    let mut words = user(&actor.name);
    if let Some(real) = &actor.impersonated_by {
        words = format!("{words}, impersonated by {}", user(real));
    }
    if !actor.acted_as.is_empty() {
        let masks: Vec<String> = actor.acted_as.iter().map(|mask| user(mask)).collect();
        words = format!("{words}, acting as {}", masks.join(" and "));
    }
    words
}

/// The place of the credential: pod and node of the token.
pub(crate) fn place(actor: &IncidentActor) -> String {
    match (&actor.pod, &actor.node) {
        (Some(pod), Some(node)) => format!("pod {pod} on node {node}"),
        (Some(pod), None) => format!("pod {pod}"),
        (None, Some(node)) => format!("node {node}"),
        (None, None) => String::new(),
    }
}

/// How sure an incident is, as the answer to "how sure?".
pub(crate) const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "not very: ordinary work may look like this",
        Confidence::Medium => "fairly: ordinary work seldom looks like this",
        Confidence::High => "very: the log itself shows it",
    }
}

/// A time, unless the log had none.
pub(crate) fn known(time: Timestamp) -> Option<Timestamp> {
    (time != Timestamp::UNIX_EPOCH).then_some(time)
}

/// When a report tells: the time of incidents in logs without times, for formats that demand one.
pub(crate) fn told_at(report: &WatchReport) -> Timestamp {
    report.generated_at.parse().unwrap_or_default()
}

/// `2026-11-25 06:05:44Z`.
pub(crate) fn time(time: Timestamp) -> String {
    if known(time).is_none() {
        return "time unknown, the log has none".to_owned();
    }
    time.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `2026-11-25`.
pub(crate) fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// `06:05:44Z`, where the day is told beside it.
pub(crate) fn clock(time: Timestamp) -> String {
    if known(time).is_none() {
        return "time unknown".to_owned();
    }
    time.strftime("%H:%M:%SZ").to_string()
}

/// From first to last event: `2026-11-25 06:05:44Z, for 9 min`.
pub(crate) fn span(incident: &Incident) -> String {
    let start = incident.first_event.time;
    let seconds = incident
        .last_event
        .time
        .as_second()
        .saturating_sub(start.as_second());
    let length = duration(u64::try_from(seconds).unwrap_or_default());
    if length.is_empty() {
        time(start)
    } else {
        format!("{}, for {length}", time(start))
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0 => String::new(),
        1..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} days", thousands(seconds / 86_400)),
    }
}

/// What was asked, the most sensitive first, then the most: `list pods in shop (12, 3 refused)`.
pub(crate) fn requests(incident: &Incident) -> Vec<String> {
    let mut tallies: BTreeMap<(&str, &str, &str), (u64, u64)> = BTreeMap::new();
    for tally in &incident.requests {
        let key = (
            tally.verb.as_str(),
            tally.kind.as_str(),
            tally.namespace.as_str(),
        );
        let counts = tallies.entry(key).or_default();
        counts.0 += tally.count;
        if tally.verdict == Verdict::Refused {
            counts.1 += tally.count;
        }
    }
    let mut sorted: Vec<_> = tallies.into_iter().collect();
    sorted.sort_by_key(|(key, (all, _))| (sensitivity(key.1), std::cmp::Reverse(*all), *key));
    let lines = sorted
        .into_iter()
        .map(|((verb, kind, namespace), (all, refused))| {
            let place = in_namespace(namespace);
            let refusals = match refused {
                0 => String::new(),
                some if some == all => ", all refused".to_owned(),
                some => format!(", {} refused", thousands(some)),
            };
            format!(
                "{}{place} ({}{refusals})",
                asked(verb, kind),
                thousands(all)
            )
        });
    let mut lines: Vec<String> = lines.collect();
    if incident.further_requests > 0 {
        lines.push(count(
            incident.further_requests,
            "further request",
            "further requests",
        ));
    }
    lines
}

/// Whether a process opened a file of this kind, and ran nothing.
pub(super) fn is_file(kind: &str) -> bool {
    matches!(kind, "process:token-file" | "process:file")
}

/// One request: `list pods`, `ask for all of its own rights`, `run kubectl get`.
fn asked(verb: &str, kind: &str) -> String {
    if is_file(kind) {
        return format!("open {}", kind_in_words(kind));
    }
    if let Some(command) = kind.strip_prefix("process:") {
        return format!("run {command}");
    }
    match kind_in_words(kind) {
        Cow::Owned(words) if kind.starts_with("dns:") => format!("ask for {words}"),
        Cow::Owned(words) => format!("{verb} {words}"),
        Cow::Borrowed(words) if words != kind => format!("ask for {words}"),
        Cow::Borrowed(kind) => format!("{verb} {kind}"),
    }
}

/// Names that were asked for and not shown: `secrets in pay: db-pass, admin and 38 more answers`.
pub(crate) fn guessed(guessed: &Guessed) -> String {
    let further = match guessed.further {
        0 => String::new(),
        further => format!(" and {}", count(further, "more answer", "more answers")),
    };
    format!(
        "{}{}: {}{further}",
        kind_in_words(&guessed.kind),
        in_namespace(&guessed.namespace),
        guessed.names.join(", ")
    )
}

/// What was shown: `312 pods in shop`, `secrets (2 answers)`.
pub(crate) fn shown(disclosure: &Disclosure) -> String {
    let place = in_namespace(&disclosure.namespace);
    let kind = kind_in_words(&disclosure.kind);
    let what = match disclosure.objects {
        Some(objects) => format!("{} {}{place}", thousands(objects), kind),
        None => format!(
            "{}{place} ({})",
            kind,
            count(disclosure.answers, "answer", "answers")
        ),
    };
    if disclosure.names.is_empty() {
        what
    } else {
        format!("{what}: {}", disclosure.names.join(", "))
    }
}

fn in_namespace(namespace: &str) -> String {
    if namespace.is_empty() {
        String::new()
    } else {
        format!(" in {namespace}")
    }
}

/// By which grants: ``RBAC: allowed by ... (12)``.
pub(crate) fn grants(incident: &Incident) -> Vec<String> {
    let mut grants: Vec<(&String, &u64)> = incident.allowed_by.iter().collect();
    grants.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    let texts = grants
        .into_iter()
        .map(|(grant, number)| format!("{grant} ({})", thousands(*number)));
    texts.collect()
}

/// How much of its view the identity has looked at.
pub(crate) fn explored(explored: &Explored) -> String {
    let new = match explored.new_kinds.as_slice() {
        [] => String::new(),
        kinds => format!("; never asked for before: {}", kinds.join(", ")),
    };
    format!(
        "{} of the {} it can see ({}){new}",
        thousands(explored.asked),
        count(explored.visible, "object", "objects"),
        share(explored.asked, explored.visible)
    )
}

/// Whether it may still grow.
pub(crate) const fn state(state: IncidentState) -> &'static str {
    match state {
        IncidentState::Open => "open",
        IncidentState::Closed => "closed",
    }
}

/// A surface in words.
pub(crate) const fn surface(surface: Surface) -> &'static str {
    match surface {
        Surface::KubernetesApi => "Kubernetes API",
        Surface::DelegatedReview => "servers behind delegated access",
        Surface::DockerApi => "Docker API",
        Surface::Process => "hosts and network",
        Surface::Dns => "DNS",
    }
}

/// A verdict in one word.
pub(crate) const fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Visible => "visible",
        Visibility::Partial => "in part",
        Visibility::Invisible => "invisible",
        Visibility::Unknown => "unknown",
    }
}

/// The detection that weighs most; incidents without reasons have none.
pub(crate) fn detection(incident: &Incident) -> &str {
    incident
        .reasons
        .first()
        .map_or("discovery", |reason| reason.detection.as_str())
}
