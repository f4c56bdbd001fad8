//! Verdicts that follow from what a log holds.

use viewshed_model::{Level, LogProfile, SeenRequest, Surface, Visibility};

use super::action::{Ask, Habit, Needs};
use super::verdict::Verdict;

/// Entries after which a log without something that every cluster does all the time is one that leaves it
/// out. A small idle cluster writes as many in half an hour: its controllers alone crawl the API groups
/// twice a minute (garbage collector, quota controller).
const LONG_LOG_ENTRIES: u64 = 10_000;

/// Entries after which a log without a single read is one that leaves reads out: five of six requests to
/// a small cluster are reads.
const NO_READS_ENTRIES: u64 = 1_000;

const CITED: &str = "the log itself";

/// The verdict of what occurs on requests of one kind.
pub(super) fn by_log(profile: &LogProfile, ask: &Ask) -> Verdict {
    let seen = occurrences(profile, ask);
    let count: u64 = seen.iter().map(|seen| seen.count()).sum();
    if count > 0 {
        let highest = seen.iter().map(|seen| seen.highest_level()).max();
        let mut lacks = Vec::new();
        if profile.user_count == 0 {
            lacks.push("who asked");
        }
        if profile.code_count == 0 && profile.decision_count == 0 {
            lacks.push("what came of it");
        }
        if ask.needs == Needs::Request && highest < Some(Level::Request) {
            lacks.push("what it was about (the body)");
        }
        let times = if count == 1 { "once" } else { "" };
        let times = if times.is_empty() {
            format!("{count} times")
        } else {
            times.to_owned()
        };
        return if lacks.is_empty() {
            Verdict::new(Visibility::Visible, format!("occurs {times}"), CITED)
        } else {
            let why = format!("occurs {times}, without {}", lacks.join(" and "));
            Verdict::new(Visibility::Partial, why, CITED)
        };
    }
    let entries = profile.event_count;
    let is_complete = profile.further_requests == 0;
    let is_read = ask.verbs.iter().all(|verb| is_read_verb(verb));
    if is_complete && ask.habit == Habit::Constant && entries >= LONG_LOG_ENTRIES {
        let why = format!("{entries} entries hold none, though every cluster does it all the time");
        return Verdict::new(Visibility::Invisible, why, CITED);
    }
    if is_complete && is_read && entries >= NO_READS_ENTRIES && !has_reads(profile) {
        let why = format!("{entries} entries hold no read at all");
        return Verdict::new(Visibility::Invisible, why, CITED);
    }
    let why =
        format!("{entries} entries hold none, which does not prove that it would be recorded");
    Verdict::new(Visibility::Unknown, why, CITED).with_change("give the server's audit policy")
}

fn occurrences<'a>(profile: &'a LogProfile, ask: &Ask) -> Vec<&'a SeenRequest> {
    let is_meant = |seen: &SeenRequest| {
        let object = (
            seen.api_group.as_str(),
            seen.resource.as_str(),
            seen.subresource.as_str(),
        );
        let is_object = ask.objects.contains(&object);
        let is_path = seen.resource.is_empty()
            && ask.paths.iter().any(|path| {
                let start = path.strip_prefix(seen.path.as_str());
                !seen.path.is_empty()
                    && start.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
        seen.surface == Surface::KubernetesApi
            && ask.verbs.contains(&seen.verb.as_str())
            && (is_object || is_path)
    };
    profile
        .requests
        .iter()
        .filter(|seen| is_meant(seen))
        .collect()
}

fn has_reads(profile: &LogProfile) -> bool {
    let mut requests = profile.requests.iter();
    requests.any(|seen| seen.surface == Surface::KubernetesApi && is_read_verb(&seen.verb))
}

fn is_read_verb(verb: &str) -> bool {
    matches!(verb, "get" | "list" | "watch")
}

/// Reviews that the decoder could read as the access that they stand for, and those it could not.
pub(super) fn reviews_by_log(profile: &LogProfile) -> Verdict {
    let decoded = profile.surfaces.get(&Surface::DelegatedReview);
    let bare = profile
        .seen(
            Surface::KubernetesApi,
            "create",
            ("authorization.k8s.io", "subjectaccessreviews", ""),
        )
        .count();
    match (decoded, bare) {
        (Some(count), _) => Verdict::new(
            Visibility::Partial,
            format!(
                "{count} reviews tell who asked for what; servers ask again only when their cache has expired"
            ),
            CITED,
        ),
        (None, 0) => Verdict::new(
            Visibility::Unknown,
            format!(
                "{} entries hold no review of another server",
                profile.event_count
            ),
            CITED,
        )
        .with_change("give the server's audit policy"),
        (None, _) => Verdict::new(
            Visibility::Partial,
            "reviews occur without their body: that a server asked, not about whom and what",
            CITED,
        ),
    }
}
