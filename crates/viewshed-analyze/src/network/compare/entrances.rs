//! Who from outside gets in through what publishes pods, in one cluster and not in another.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use viewshed_model::Position;

use super::{ADDRESSES, Gain, OUTSIDE};
use crate::network::address::{Block, address};
use crate::network::decide::Decision;
use crate::network::ends::End;
use crate::network::eval::Tri;
use crate::network::index::NetworkIndex;
use crate::network::ports::{Point, PortSet, shown};

/// Ranges of load balancers that are compared one by one.
const RANGES_MAX: usize = 64;

/// What is open into one workload: ports for certain, ports that may be, and why.
#[derive(Default)]
struct Entrance {
    sure: PortSet,
    possible: PortSet,
    because: BTreeMap<Point, Decision>,
}

/// By workload: kind, then namespace and name.
type Entrances = BTreeMap<(String, String), Entrance>;

pub(super) fn gains(old: &NetworkIndex<'_>, new: &NetworkIndex<'_>) -> Vec<Gain> {
    let mut found = Vec::new();
    let everybody = gained((old, new), None, OUTSIDE);
    for (range, client) in ranges(old, new) {
        let of_range = gained((old, new), Some(client), &range);
        // What everybody gains is told once.
        let is_new = |gain: &Gain| {
            !everybody.iter().any(|known| {
                let is_same = (&known.to, &known.ports) == (&gain.to, &gain.ports);
                is_same && known.is_certain == gain.is_certain
            })
        };
        found.extend(of_range.into_iter().filter(is_new));
    }
    found.extend(everybody);
    found.sort();
    found
}

/// Ranges that load balancers of either cluster take connections from, and an address of each.
fn ranges(old: &NetworkIndex<'_>, new: &NetworkIndex<'_>) -> Vec<(String, IpAddr)> {
    let services = [old, new].into_iter();
    let services = services.flat_map(|index| &index.cluster().services);
    let texts: BTreeSet<&String> = services.flat_map(|one| &one.source_ranges).collect();
    let blocks = texts.into_iter().filter_map(|text| {
        let block = Block::parse(text)?;
        Some((text.clone(), address(block.family, block.first)))
    });
    blocks.take(RANGES_MAX).collect()
}

/// What one client, or any, gets into.
fn gained(
    (old, new): (&NetworkIndex<'_>, &NetworkIndex<'_>),
    client: Option<IpAddr>,
    name: &str,
) -> Vec<Gain> {
    let (before, now) = (entrances(old, client), entrances(new, client));
    let nothing = Entrance::default();
    let mut found = Vec::new();
    for (to, entrance) in now {
        let known = before.get(&to).unwrap_or(&nothing);
        let certain = entrance.sure.minus(&known.sure);
        let maybe = entrance.possible.minus(&known.possible).minus(&certain);
        for (ports, is_certain) in [(certain, true), (maybe, false)] {
            let Some(first) = ports.first() else { continue };
            let (because, location) = told(entrance.because.get(&first));
            found.push(Gain {
                kind: ADDRESSES.to_owned(),
                from: name.to_owned(),
                ports: shown(&ports),
                is_certain,
                to: vec![to.1.clone()],
                blocks: Vec::new(),
                because,
                location,
            });
        }
    }
    found
}

fn told(decision: Option<&Decision>) -> (String, Option<Position>) {
    let reasons = decision.map_or(&[][..], |decision| decision.reasons.as_slice());
    let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
    let location = reasons.iter().find_map(|reason| reason.location.clone());
    (texts.join("; "), location)
}

fn entrances<'c>(index: &NetworkIndex<'c>, client: Option<IpAddr>) -> Entrances {
    let from: End<'c> = match client {
        Some(address) => index.address_end(address),
        None => NetworkIndex::unknown_end("an address outside the cluster"),
    };
    let mut found = Entrances::new();
    for pod in index.publications().pods() {
        let (Some(to), Some(place)) = (index.pod_end(pod), index.places.pods.get(pod as usize))
        else {
            continue;
        };
        let meta = place.origin.meta();
        let (kind, name) = index.places.topmost(place);
        let key = (
            kind.to_owned(),
            format!("{}/{name}", meta.namespace_or_empty()),
        );
        let entrance = found.entry(key).or_default();
        for (target, decision) in index.ways_in(&from, &to) {
            let port = PortSet::one(target, target);
            if decision.verdict == Tri::Yes {
                entrance.sure = entrance.sure.union(&port);
            }
            if decision.verdict != Tri::No {
                entrance.possible = entrance.possible.union(&port);
            }
            let known = entrance.because.remove(&target);
            let best = known.into_iter().fold(decision, Decision::or);
            entrance.because.insert(target, best);
        }
    }
    found
}
