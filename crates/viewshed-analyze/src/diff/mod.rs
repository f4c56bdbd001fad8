//! DIFF: who gained or lost sight of what between two estates.
//!
//! What is compared is what rules allow, never how they are written: a renamed binding, a role that was split
//! or a grant that another grant implied all along is no change. A change is told at the widest subject that
//! has it: what every authenticated user gains is not repeated for each of them. Losing is gaining with the
//! two sides swapped.

mod fold;
mod holders;
mod network;
mod own_files;
mod places;
mod rules;
mod steps;
#[cfg(test)]
mod tests;

use viewshed_model::{Cluster, DiffReport, Estate, Gap, GapReason, SightChange, UnreadGrants};

use rules::{Side, Sides, number_rules};

use crate::network::{Cni, NetworkIndex};
use crate::pivot::PivotIndex;
use crate::sight::{SightIndex, Targets};

/// Compares two estates; `names` are what the user called them.
///
/// Clusters are matched by name; two estates with one cluster each are compared whatever the names, since
/// files do not tell any. A cluster on one side only is a gap, and so are rules that could not be read: what
/// depends on them is left out.
pub fn diff(before: &Estate, after: &Estate, names: (&str, &str)) -> DiffReport {
    let settings = DiffSettings {
        cni: None,
        depth: u32::MAX,
    };
    diff_under(before, after, names, settings)
}

/// How two estates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiffSettings {
    /// The network plugin that both sides are assumed to have; `None` is the one that each shows.
    pub cni: Option<Cni>,
    /// Most steps of what is told of steps; 0 leaves them out.
    pub depth: u32,
}

/// The same with settings.
pub fn diff_under(
    before: &Estate,
    after: &Estate,
    names: (&str, &str),
    DiffSettings { cni, depth }: DiffSettings,
) -> DiffReport {
    let mut report = DiffReport {
        before: names.0.to_owned(),
        after: names.1.to_owned(),
        changes: Vec::new(),
        gaps: before.gaps.iter().chain(&after.gaps).cloned().collect(),
    };
    let readable = (can_tell(before, after), can_tell(after, before));
    for (old, new) in pairs(before, after, &mut report.gaps) {
        let (before, after) = rayon::join(
            || NetworkIndex::new(old, cni),
            || NetworkIndex::new(new, cni),
        );
        if readable == (true, true) {
            compare((old, &before), (new, &after), depth, &mut report.changes);
        }
        let reach = network::changes((old, &before), (new, &after), &mut report.gaps);
        report.changes.extend(reach);
        report.changes.extend(own_files::changes(old, new));
    }
    if readable != (true, true) {
        report.gaps.push(Gap {
            source: if readable.0 { names.1 } else { names.0 }.to_owned(),
            what: "compare who may see what".to_owned(),
            reason: GapReason::NotCollected,
            detail: "roles or bindings of this side could not be read".to_owned(),
            hint: "collect it with a credential that may list RBAC objects".to_owned(),
            count: 1,
        });
    }
    let docker = network::docker_changes(before, after, &mut report.gaps);
    report.changes.extend(docker);
    report
        .changes
        .extend(steps::docker_changes(before, after, depth));
    report.changes.extend(places::changes(before, after));
    report.changes.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    report.changes.dedup();
    report.gaps.sort();
    report.gaps.dedup();
    report
}

fn compare(
    (old, old_network): (&Cluster, &NetworkIndex<'_>),
    (new, new_network): (&Cluster, &NetworkIndex<'_>),
    depth: u32,
    changes: &mut Vec<SightChange>,
) {
    let (before, after) = rayon::join(|| SightIndex::new(old), || SightIndex::new(new));
    let targets = Targets::union(&before.targets, &after.targets).with_named_in([old, new]);
    let [old_rules, new_rules] = number_rules([old, new]);
    let before = Side::new(before, &targets, old_rules);
    let after = Side::new(after, &targets, new_rules);
    let sides = Sides {
        before: &before,
        after: &after,
        targets: &targets,
    };
    changes.extend(rules::gained(sides));
    changes.extend(lost(rules::gained(sides.swapped())));
    let (old, new) = (holders::accounts(old), holders::accounts(new));
    changes.extend(holders::gained(sides, &old, &new));
    changes.extend(lost(holders::gained(sides.swapped(), &new, &old)));
    if depth == 0 {
        return;
    }
    let old_ways = PivotIndex::new(&before.index, old_network);
    let new_ways = PivotIndex::new(&after.index, new_network);
    changes.extend(steps::gained(sides, &old_ways, &new_ways, depth));
    let swapped = steps::gained(sides.swapped(), &new_ways, &old_ways, depth);
    changes.extend(lost(swapped));
}

type SortKey<'a> = (
    bool,
    &'a viewshed_model::Subject,
    &'a Option<String>,
    &'a str,
);

fn sort_key(change: &SightChange) -> SortKey<'_> {
    (
        !change.gained,
        &change.subject,
        &change.namespace,
        &change.what,
    )
}

fn lost(changes: Vec<SightChange>) -> Vec<SightChange> {
    changes
        .into_iter()
        .map(|change| SightChange {
            gained: false,
            ..change
        })
        .collect()
}

/// The resources without which nobody knows who may see what.
const RULE_LISTS: [&str; 4] = [
    "`clusterroles`",
    "`clusterrolebindings`",
    "`roles`",
    "`rolebindings`",
];

/// Whether grants of an estate can be compared with those of another: what a server refused on one side alone is no
/// change.
fn can_tell(estate: &Estate, other: &Estate) -> bool {
    let unread = |estate: &Estate| -> Vec<UnreadGrants> {
        let clusters = estate.clusters.iter();
        clusters.map(|cluster| cluster.unread_grants).collect()
    };
    let own = unread(estate);
    let is_whole = own.iter().all(UnreadGrants::is_none) || own == unread(other);
    let mut gaps = estate.gaps.iter();
    is_whole && !gaps.any(|gap| RULE_LISTS.iter().any(|list| gap.what.contains(list)))
}

fn pairs<'a>(
    before: &'a Estate,
    after: &'a Estate,
    gaps: &mut Vec<Gap>,
) -> Vec<(&'a Cluster, &'a Cluster)> {
    if let ([old], [new]) = (&*before.clusters, &*after.clusters) {
        return vec![(old, new)];
    }
    let mut found = Vec::new();
    for old in &before.clusters {
        match after.clusters.iter().find(|new| new.name == old.name) {
            Some(new) => found.push((old, new)),
            None => gaps.push(alone(&old.name, "newer")),
        }
    }
    for new in &after.clusters {
        if !before.clusters.iter().any(|old| old.name == new.name) {
            gaps.push(alone(&new.name, "older"));
        }
    }
    found
}

fn alone(cluster: &str, missing_in: &str) -> Gap {
    Gap {
        source: cluster.to_owned(),
        what: "compare this cluster".to_owned(),
        reason: GapReason::NotCollected,
        detail: format!("the {missing_in} estate has no cluster of this name"),
        hint: "give estates that hold the same clusters".to_owned(),
        count: 1,
    }
}
