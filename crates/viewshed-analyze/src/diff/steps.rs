//! What subjects and workloads may become by steps, as changes of sight.

use std::collections::BTreeMap;

use viewshed_model::{Estate, Evidence, Pivot, Position, SightChange};

use super::fold;
use super::rules::{Sides, position_of};
use crate::pivot::{self, NewWay, PivotIndex, docker_ranks};

/// Ways that somebody has on the newer side only.
pub(super) fn gained(
    sides: Sides<'_>,
    before: &PivotIndex<'_, '_>,
    after: &PivotIndex<'_, '_>,
    depth: u32,
) -> Vec<SightChange> {
    let ways = pivot::gained(before, after).into_iter();
    let ways = ways.filter(|way| way.pivot.steps.len() as u64 <= u64::from(depth));
    ways.map(|way| change(sides, way)).collect()
}

/// Containers that lead to a more powerful thing on one side than on the other. Hosts are matched by name;
/// two estates with one host each are compared whatever the names.
pub(super) fn docker_changes(before: &Estate, after: &Estate, depth: u32) -> Vec<SightChange> {
    let is_single = before.docker_hosts.len() == 1 && after.docker_hosts.len() == 1;
    let ranks = |estate: &Estate| -> BTreeMap<String, Pivot> {
        let ranks = docker_ranks(estate, depth).ranks.into_iter();
        let named = ranks.map(|rank| {
            // The name of a host may be the path of a socket; that of a container has no slash.
            let alone = rank.from.rsplit_once('/').filter(|_| is_single);
            let name = alone.map_or(rank.from.as_str(), |(_, name)| name);
            (name.to_owned(), rank.pivot)
        });
        named.collect()
    };
    let (old, new) = (ranks(before), ranks(after));
    let mut changes = docker_gained(&old, &new);
    changes.extend(super::lost(docker_gained(&new, &old)));
    changes
}

fn docker_gained(old: &BTreeMap<String, Pivot>, new: &BTreeMap<String, Pivot>) -> Vec<SightChange> {
    let is_more = |name: &String, pivot: &Pivot| {
        let known = old.get(name);
        known.is_none_or(|known| {
            let strength = |pivot: &Pivot| (pivot.kind, !pivot.depends_on.is_empty());
            strength(pivot) < strength(known)
        })
    };
    let fresh = new.iter().filter(|(name, pivot)| is_more(name, pivot));
    let changes = fresh.map(|(name, pivot)| SightChange {
        subject: fold::holder("container", "", name),
        gained: true,
        what: what(pivot, 0),
        namespace: None,
        evidence: Evidence::Fixed("what it is made of".to_owned()),
        position: None,
        reach: None,
    });
    changes.collect()
}

fn change(sides: Sides<'_>, way: NewWay) -> SightChange {
    let first = way.pivot.steps.first();
    let evidence = first.and_then(|step| step.evidence.clone());
    let position = evidence
        .as_ref()
        .and_then(|evidence| place(sides, evidence))
        .or(way.position);
    SightChange {
        gained: true,
        what: what(&way.pivot, way.more),
        namespace: None,
        evidence: evidence.unwrap_or_else(|| Evidence::Fixed("what it is made of".to_owned())),
        position,
        subject: way.subject,
        reach: None,
    }
}

fn what(pivot: &Pivot, more: u64) -> String {
    let steps: Vec<&str> = pivot.steps.iter().map(|step| step.text.as_str()).collect();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let number = match steps.len() {
        1 => "1 step".to_owned(),
        steps => format!("{steps} steps"),
    };
    let facts = pivot.depends_on.iter().map(|missing| missing.fact.as_str());
    let facts: Vec<&str> = facts.collect();
    let doubt = match facts.as_slice() {
        [] => String::new(),
        facts => format!(" (depends on {})", facts.join(", ")),
    };
    format!(
        "leads to {}{more} in {number}: {}{doubt}",
        title(pivot).trim_end(),
        steps.join("; ")
    )
}

/// Where the binding or role stands that allows a step.
fn place(sides: Sides<'_>, evidence: &Evidence) -> Option<Position> {
    let Evidence::Grant {
        binding_namespace,
        binding,
        role,
        ..
    } = evidence
    else {
        return None;
    };
    let key = (binding_namespace.as_deref(), binding.as_str());
    let binding = sides.after.bindings.get(&key)?;
    let namespace = match role.kind.as_str() {
        "Role" => binding_namespace.as_deref(),
        _ => None,
    };
    let mut roles = sides.after.index.cluster.roles.iter();
    let role = roles
        .find(|known| known.meta.name == role.name && known.meta.namespace.as_deref() == namespace);
    position_of(sides, binding, role)
}

fn title(pivot: &Pivot) -> String {
    format!("{} {}", pivot.kind.words(), pivot.name)
}
