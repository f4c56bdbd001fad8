//! What subjects and workloads may become by steps, as changes of sight.

use viewshed_model::{Evidence, Pivot, Position, SightChange};

use super::rules::{Sides, position_of};
use crate::pivot::{self, NewWay, PivotIndex};

/// Ways that somebody has on the newer side only.
pub(super) fn gained(
    sides: Sides<'_>,
    before: &PivotIndex<'_, '_>,
    after: &PivotIndex<'_, '_>,
) -> Vec<SightChange> {
    let ways = pivot::gained(before, after).into_iter();
    ways.map(|way| change(sides, way)).collect()
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
