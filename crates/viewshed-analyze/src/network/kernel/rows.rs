//! The table of one signature: its policies walked for all other ends at once, port by port.
//!
//! The same steps as [`crate::network::walk`], on sets instead of single connections.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Inputs;
use super::matches::{Match, Matches};
use super::space::Space;
use super::tables::Signature;
use crate::network::bits::{Bits, Row};
use crate::network::eval::Tri;
use crate::network::policy::{Action, Direction, End, Policy, Rule, settled};
use crate::network::ports::{DeclaredPort, Point, PortMatch, PortSet};
use crate::network::vocabulary::PortsId;
use crate::network::walk::Applying;

/// A table before its rows have ids.
#[derive(Debug)]
pub(super) struct Raw {
    /// First point of each stretch, and its cell; the first begins at 0.
    pub(super) stretches: Vec<(Point, usize)>,
    pub(super) cells: Vec<RawCell>,
}

/// Rows with their hashes.
#[derive(Debug)]
pub(super) struct RawCell {
    pub(super) sure: (Row, u64),
    /// `None` when it is the same.
    pub(super) may: Option<(Row, u64)>,
}

/// Works out tables of one side.
pub(super) struct Rows<'k, 'n, 'c> {
    inputs: &'k Inputs<'n, 'c>,
    matches: &'k Matches,
    direction: Direction,
    length: usize,
    whole: Bits,
    /// Of ports by name in egress rules: which destinations resolve them to which ports.
    resolved: FxHashMap<PortsId, Vec<(PortSet, Row)>>,
}

/// One rule, or the part of one that holds for some destinations.
struct Item<'k> {
    action: Action,
    ports: Cow<'k, PortSet>,
    peer: Cow<'k, Match>,
}

/// One policy's items.
struct Part<'k> {
    applying: Applying,
    policy: &'k Policy,
    isolates: bool,
    items: std::ops::Range<usize>,
}

/// Space that is used again from signature to signature.
pub(super) struct Scratch {
    arriving: Bits,
    undecided: Bits,
    alone: Bits,
    left_by_all: Bits,
    passed: Bits,
    allowed: Bits,
    denied: Bits,
}

impl<'k, 'n, 'c> Rows<'k, 'n, 'c> {
    pub(super) fn of(
        inputs: &'k Inputs<'n, 'c>,
        (space, matches): (&Space<'c>, &'k Matches),
        direction: Direction,
        signatures: &[Signature],
    ) -> Self {
        let length = space.spots.len();
        let mut resolved = FxHashMap::default();
        if direction == Direction::Egress {
            for ports in named_ports(inputs, signatures) {
                if let Some(ports_match) = inputs.vocabulary.port_match(ports) {
                    resolved.insert(ports, resolve(space, ports_match));
                }
            }
        }
        Self {
            inputs,
            matches,
            direction,
            length,
            whole: Bits::all(length),
            resolved,
        }
    }

    pub(super) fn scratch(&self) -> Scratch {
        let none = || Bits::none(self.length);
        Scratch {
            arriving: none(),
            undecided: none(),
            alone: none(),
            left_by_all: none(),
            passed: none(),
            allowed: none(),
            denied: none(),
        }
    }

    pub(super) fn table(&self, signature: &Signature, scratch: &mut Scratch) -> Raw {
        let mut items = Vec::new();
        let mut parts = Vec::with_capacity(signature.applying.len());
        for applying in &signature.applying {
            let Some(policy) = self.inputs.policies.get(applying.policy as usize) else {
                continue;
            };
            let side = policy.side(self.direction);
            let first = items.len();
            for rule in &side.rules {
                self.add_items(rule, signature, &mut items);
            }
            parts.push(Part {
                applying: *applying,
                policy,
                isolates: side.isolates,
                items: first..items.len(),
            });
        }
        let (stretches, active) = cut(&items);
        let cells = active
            .iter()
            .map(|active| self.cell(&parts, &items, active, scratch))
            .collect();
        Raw { stretches, cells }
    }

    fn add_items(&self, rule: &Rule, signature: &Signature, items: &mut Vec<Item<'k>>) {
        let vocabulary = self.inputs.vocabulary;
        let Some(ports) = vocabulary.port_match(rule.ports) else {
            return;
        };
        let peer = self.matches.get(rule.peer);
        let mut push = |ports: Cow<'k, PortSet>, peer: Cow<'k, Match>| {
            items.push(Item {
                action: rule.action,
                ports,
                peer,
            });
        };
        if !ports.has_names() {
            push(Cow::Borrowed(&ports.fixed), Cow::Borrowed(peer));
            return;
        }
        match self.direction {
            Direction::Ingress => {
                let names: Vec<DeclaredPort<'_>> = signature
                    .names
                    .iter()
                    .map(|(name, protocol, port)| DeclaredPort {
                        name,
                        protocol: *protocol,
                        port: *port,
                    })
                    .collect();
                push(Cow::Owned(ports.resolve(&names)), Cow::Borrowed(peer));
            }
            Direction::Egress => {
                for (ports, destinations) in self.resolved.get(&rule.ports).into_iter().flatten() {
                    let peer = peer.within(destinations, self.length);
                    push(Cow::Owned(ports.clone()), Cow::Owned(peer));
                }
            }
        }
    }

    fn cell(
        &self,
        parts: &[Part<'_>],
        items: &[Item<'_>],
        active: &[usize],
        scratch: &mut Scratch,
    ) -> RawCell {
        scratch.allowed.clear();
        scratch.denied.clear();
        scratch.arriving.fill_from(&self.whole);
        let stage = |part: &Part<'_>| part.policy.stage;
        for of_stage in parts.chunk_by(|a, b| stage(a) == stage(b)) {
            self.stage(of_stage, items, active, scratch);
            if scratch.arriving.is_empty() {
                break;
            }
        }
        let Scratch {
            arriving,
            allowed,
            denied,
            ..
        } = scratch;
        // What nobody decides is let through.
        allowed.add_all(arriving);
        let hashed = |bits: &Bits| {
            let row = Row::of(bits);
            let hash = row.hash();
            (row, hash)
        };
        let may = hashed(allowed);
        allowed.remove_all(denied);
        let sure = hashed(allowed);
        RawCell {
            may: (may.0 != sure.0).then_some(may),
            sure,
        }
    }

    /// Leaves in `arriving` what may go on after the stage.
    fn stage(
        &self,
        parts: &[Part<'_>],
        items: &[Item<'_>],
        active: &[usize],
        scratch: &mut Scratch,
    ) {
        scratch.undecided.fill_from(&scratch.arriving);
        scratch.passed.clear();
        let mut isolated = Tri::No;
        for part in parts.iter().filter(|part| part.isolates) {
            isolated = isolated.max(if part.applying.is_sure {
                Tri::Yes
            } else {
                Tri::Maybe
            });
        }
        let rough = |part: &Part<'_>| part.policy.order.0.to_bits();
        for run in parts.chunk_by(|a, b| rough(a) == rough(b)) {
            if let Some(sorted) = sorted(run, items) {
                for part in sorted {
                    walk_part(part, items, active, scratch);
                }
                continue;
            }
            unsorted(run, items, active, scratch);
        }
        let first = parts.first();
        let end = first
            .and_then(|part| self.inputs.stages.get(part.policy.stage))
            .map_or(End::Pass, |stage| stage.end);
        if isolated != Tri::No && end == End::Deny {
            scratch.denied.add_all(&scratch.undecided);
        }
        if isolated != Tri::Yes || end == End::Pass {
            scratch.passed.add_all(&scratch.undecided);
        }
        scratch.arriving.fill_from(&scratch.passed);
    }
}

/// Policies of one order, of which any may be asked first.
fn unsorted(run: &[Part<'_>], items: &[Item<'_>], active: &[usize], scratch: &mut Scratch) {
    let order = |part: &Part<'_>| part.policy.order;
    for group in run.chunk_by(|a, b| order(a) == order(b)) {
        if group.len() == 1 || is_uniform(group, items) {
            for part in group {
                walk_part(part, items, active, scratch);
            }
            continue;
        }
        // Each may be the first that decides: walked from the same start, left by all.
        let start = scratch.undecided.clone();
        scratch.left_by_all.fill_from(&start);
        for part in group {
            scratch.undecided.fill_from(&start);
            walk_part(part, items, active, scratch);
            scratch.alone.fill_from(&scratch.undecided);
            scratch.left_by_all.keep(&scratch.alone);
        }
        scratch.undecided.fill_from(&scratch.left_by_all);
    }
}

fn walk_part(part: &Part<'_>, items: &[Item<'_>], active: &[usize], scratch: &mut Scratch) {
    let from = active.partition_point(|item| *item < part.items.start);
    let own = active.iter().skip(from);
    for item in own.take_while(|item| **item < part.items.end) {
        let Some(item) = items.get(*item) else {
            continue;
        };
        let outcome = match item.action {
            Action::Allow => &mut scratch.allowed,
            Action::Deny => &mut scratch.denied,
            Action::Pass => &mut scratch.passed,
        };
        item.peer.may().add_within(&scratch.undecided, outcome);
        if part.applying.is_sure {
            item.peer.sure.remove_from(&mut scratch.undecided);
        }
    }
}

/// Policies of one order as the plugin asks them, where that matters and is known.
fn sorted<'p, 'k>(run: &'p [Part<'k>], items: &[Item<'_>]) -> Option<Vec<&'p Part<'k>>> {
    run.first()?.policy.tie.as_ref()?;
    if run.len() == 1 || is_uniform(run, items) {
        return None;
    }
    let policies: Vec<&Policy> = run.iter().map(|part| part.policy).collect();
    let sorted = settled(&policies)?.into_iter();
    Some(sorted.filter_map(|at| run.get(at)).collect())
}

/// Whether all rules of a group do the same, so that their order changes nothing.
fn is_uniform(group: &[Part<'_>], items: &[Item<'_>]) -> bool {
    let mut actions = group
        .iter()
        .flat_map(|part| items.get(part.items.clone()).unwrap_or_default())
        .map(|item| item.action);
    let first = actions.next();
    first != Some(Action::Pass) && actions.all(|action| Some(action) == first)
}

/// Stretches of ports on which the same items are active; and the items of each kind of stretch.
fn cut(items: &[Item<'_>]) -> (Vec<(Point, usize)>, Vec<Vec<usize>>) {
    let mut starts: Vec<Point> = vec![0];
    for (first, last) in items.iter().flat_map(|item| item.ports.iter()) {
        starts.push(first);
        starts.extend(last.checked_add(1));
    }
    starts.sort_unstable();
    starts.dedup();
    let mut active: Vec<Vec<usize>> = vec![Vec::new(); starts.len()];
    for (number, item) in items.iter().enumerate() {
        for (first, last) in item.ports.iter() {
            let from = starts.partition_point(|start| *start < first);
            let to = starts.partition_point(|start| *start <= last);
            for list in active.iter_mut().take(to).skip(from) {
                list.push(number);
            }
        }
    }
    let mut kinds: FxHashMap<Vec<usize>, usize> = FxHashMap::default();
    let mut lists = Vec::new();
    let mut stretches: Vec<(Point, usize)> = Vec::with_capacity(starts.len());
    for (start, list) in starts.into_iter().zip(active) {
        let kind = match kinds.get(&list) {
            Some(kind) => *kind,
            None => {
                let kind = lists.len();
                lists.push(list.clone());
                kinds.insert(list, kind);
                kind
            }
        };
        if stretches.last().is_none_or(|(_, last)| *last != kind) {
            stretches.push((start, kind));
        }
    }
    (stretches, lists)
}

/// The port matches with names in the egress rules of these signatures.
fn named_ports(inputs: &Inputs<'_, '_>, signatures: &[Signature]) -> Vec<PortsId> {
    let mut policies = FxHashSet::default();
    let mut found: Vec<PortsId> = signatures
        .iter()
        .flat_map(|signature| &signature.applying)
        .filter(|applying| policies.insert(applying.policy))
        .filter_map(|applying| inputs.policies.get(applying.policy as usize))
        .flat_map(|policy| &policy.egress.rules)
        .map(|rule| rule.ports)
        .filter(|ports| {
            let ports = inputs.vocabulary.port_match(*ports);
            ports.is_some_and(PortMatch::has_names)
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Destinations by the ports that the names mean there.
fn resolve(space: &Space<'_>, ports: &PortMatch) -> Vec<(PortSet, Row)> {
    let mut groups: std::collections::BTreeMap<PortSet, Bits> = std::collections::BTreeMap::new();
    for (number, spot) in space.spots.iter().enumerate() {
        let resolved = ports.resolve(&spot.body.ports);
        if !resolved.is_empty() {
            groups
                .entry(resolved)
                .or_insert_with(|| Bits::none(space.spots.len()))
                .add(number);
        }
    }
    groups
        .into_iter()
        .map(|(ports, spots)| (ports, Row::of(&spots)))
        .collect()
}
