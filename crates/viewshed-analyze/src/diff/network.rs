//! Changes of network reach, as changes of sight: a workload that reaches a place can look at it.

use viewshed_model::{
    Cluster, Estate, Evidence, Gap, GapReason, PortRange, ReachChange, SightChange, Subject,
    SubjectKind,
};

use crate::network::{ADDRESSES, Gain, NetworkIndex, docker_gains, gains, gains_from_outside};

/// Destinations that a line names; more are counted.
const DESTINATIONS_MAX: usize = 6;

/// What sources gained and lost. Between the places of clusters without any network policy everything is
/// open, so that only ways in from outside are asked for.
pub(super) fn changes(
    (old, before): (&Cluster, &NetworkIndex<'_>),
    (new, after): (&Cluster, &NetworkIndex<'_>),
    gaps: &mut Vec<Gap>,
) -> Vec<SightChange> {
    gaps.extend(before.gaps());
    gaps.extend(after.gaps());
    if old.unread_kinds != new.unread_kinds {
        gaps.push(Gap {
            source: new.name.clone(),
            what: "compare who reaches whom".to_owned(),
            reason: GapReason::NotCollected,
            detail: "kinds on which connections hang could be listed on one side only".to_owned(),
            hint: "collect both with a credential that may list them".to_owned(),
            count: 1,
        });
        return Vec::new();
    }
    let mut changes = from_outside(before, after);
    let has_no_policies = old.network_policies.is_empty() && new.network_policies.is_empty();
    if has_no_policies && old.network_settings == new.network_settings {
        return changes;
    }
    let found = gains(before, after).zip(gains(after, before));
    changes.extend(told(found, &new.name, gaps));
    changes
}

/// The same of the Docker hosts of two estates.
pub(super) fn docker_changes(old: &Estate, new: &Estate, gaps: &mut Vec<Gap>) -> Vec<SightChange> {
    if old.docker_hosts.is_empty() || new.docker_hosts.is_empty() {
        return Vec::new();
    }
    let found = docker_gains(old, new).zip(docker_gains(new, old));
    told(found, "docker", gaps)
}

/// What was gained and what was lost; a gap where there is too much to compare.
fn told(
    found: Option<(Vec<Gain>, Vec<Gain>)>,
    source: &str,
    gaps: &mut Vec<Gap>,
) -> Vec<SightChange> {
    let Some((gained, lost)) = found else {
        gaps.push(Gap {
            source: source.to_owned(),
            what: "compare who reaches whom".to_owned(),
            reason: GapReason::TooLarge,
            detail: "there are too many pairs of places".to_owned(),
            hint: "ask for single places with `viewshed reach --to`".to_owned(),
            count: 1,
        });
        return Vec::new();
    };
    let gained = gained.into_iter().map(|gain| change(gain, true));
    let lost = lost.into_iter().map(|gain| change(gain, false));
    gained.chain(lost).collect()
}

fn from_outside(before: &NetworkIndex<'_>, after: &NetworkIndex<'_>) -> Vec<SightChange> {
    let gained = gains_from_outside(before, after).into_iter();
    let gained = gained.map(|gain| change(gain, true));
    let lost = gains_from_outside(after, before).into_iter();
    gained.chain(lost.map(|gain| change(gain, false))).collect()
}

fn change(gain: Gain, gained: bool) -> SightChange {
    let more = gain.to.len().saturating_sub(DESTINATIONS_MAX);
    let shown: Vec<&str> = gain
        .to
        .iter()
        .take(DESTINATIONS_MAX)
        .map(String::as_str)
        .collect();
    let mut places = shown.join(", ");
    if more > 0 {
        places = format!("{places} and {more} more");
    }
    let verb = if gain.is_certain {
        "reaches"
    } else {
        "may reach"
    };
    let ranges: Vec<String> = gain.ports.iter().map(PortRange::to_string).collect();
    let (from, to) = match (gain.blocks.is_empty(), gain.kind == ADDRESSES) {
        (true, _) => (Vec::new(), gain.to),
        (false, true) => (gain.blocks, gain.to),
        (false, false) => (Vec::new(), gain.blocks),
    };
    SightChange {
        gained,
        subject: Subject {
            kind: SubjectKind::Other(gain.kind),
            name: gain.from,
            namespace: None,
        },
        what: format!("{verb} {places} on {}", ranges.join(", ")),
        namespace: None,
        evidence: Evidence::Fixed(gain.because),
        position: gain.location,
        reach: Some(Box::new(ReachChange {
            from,
            to,
            ports: gain.ports,
            is_certain: gain.is_certain,
        })),
    }
}
