//! Who reaches whom on the Docker hosts of one estate and not of another.

use std::collections::BTreeMap;

use viewshed_model::{EndKind, Estate, Place, PortRange, ReachEnd, ReachQuestion, Target};

use super::{docker_answer, docker_matrix};
use crate::network::compare::{ADDRESSES, Gain, Key, Open, grown, set};

/// Everything that is no container and no host.
const ELSEWHERE: &str = "outside the Docker host";

/// What is open between two ends.
type Pairs = BTreeMap<(Key, Key), Open>;

/// What containers, hosts and the outside reach in `new` and not in `old`: between ends that both have, and
/// from outside whatever is new; `None` when one of them is too large for a matrix.
///
/// Hosts are matched by name; two estates with one host each are compared whatever the names.
pub(crate) fn docker_gains(old: &Estate, new: &Estate) -> Option<Vec<Gain>> {
    let is_single = old.docker_hosts.len() == 1 && new.docker_hosts.len() == 1;
    let (old_ends, before) = pairs(old, is_single)?;
    let (new_ends, now) = pairs(new, is_single)?;
    let mut by_ports: BTreeMap<(&Key, Vec<PortRange>, bool), Vec<&Key>> = BTreeMap::new();
    for ((from, to), open) in &now {
        let is_outside = from.0 == ADDRESSES;
        if !old_ends.contains_key(from) || !(is_outside || old_ends.contains_key(to)) {
            continue;
        }
        for (ports, is_certain) in grown(before.get(&(from.clone(), to.clone())), open) {
            by_ports
                .entry((from, ports, is_certain))
                .or_default()
                .push(to);
        }
    }
    let gains = by_ports.into_iter();
    let gains = gains.map(|((from, ports, is_certain), to)| {
        let ends = (
            new_ends.get(from),
            to.first().and_then(|to| new_ends.get(*to)),
        );
        Gain {
            blocks: Vec::new(),
            because: because(new, ends, &ports),
            location: None,
            kind: from.0.clone(),
            from: from.1.clone(),
            ports,
            is_certain,
            to: to.into_iter().map(|(_, name)| name.clone()).collect(),
        }
    });
    Some(gains.collect())
}

fn pairs(estate: &Estate, is_single: bool) -> Option<(BTreeMap<Key, Place>, Pairs)> {
    let matrix = docker_matrix(estate)?;
    let mut ends: BTreeMap<Key, Place> = BTreeMap::new();
    let keys: Vec<Key> = matrix.ends.iter().map(|end| key(end, is_single)).collect();
    for (end, key) in matrix.ends.iter().zip(&keys) {
        ends.insert(key.clone(), place(end));
    }
    let mut pairs = Pairs::new();
    for cell in &matrix.cells {
        let key = |at: u32| keys.get(at as usize).cloned();
        let (Some(from), Some(to)) = (key(cell.from), key(cell.to)) else {
            continue;
        };
        let sure = set(&cell.allowed);
        let possible = sure.union(&set(&cell.uncertain));
        pairs.insert((from, to), (sure, possible));
    }
    Some((ends, pairs))
}

fn key(end: &ReachEnd, is_single: bool) -> Key {
    match end.kind {
        EndKind::Container if is_single => ("container".to_owned(), end.name.clone()),
        EndKind::Container => (
            "container".to_owned(),
            format!("{}/{}", end.namespace, end.name),
        ),
        EndKind::Host if is_single => ("host".to_owned(), "the Docker host".to_owned()),
        EndKind::Host => ("host".to_owned(), end.name.clone()),
        EndKind::Outside | EndKind::Pods | EndKind::Node => {
            (ADDRESSES.to_owned(), ELSEWHERE.to_owned())
        }
    }
}

/// What an end is called in a question.
fn place(end: &ReachEnd) -> Place {
    match end.kind {
        EndKind::Container => Place::Container {
            host: end.namespace.clone(),
            name: end.name.clone(),
        },
        EndKind::Host => Place::Host {
            name: end.name.clone(),
        },
        EndKind::Outside | EndKind::Pods | EndKind::Node => Place::Target(Target::World),
    }
}

fn because(estate: &Estate, ends: (Option<&Place>, Option<&Place>), ports: &[PortRange]) -> String {
    let ((Some(from), Some(to)), Some(range)) = (ends, ports.first()) else {
        return String::new();
    };
    let question = ReachQuestion {
        from: from.clone(),
        to: to.clone(),
        port: Some(range.first),
        protocol: Some(range.protocol),
    };
    let answer = docker_answer(estate, &question);
    let reasons = answer.map(|answer| answer.because).unwrap_or_default();
    let texts: Vec<String> = reasons.into_iter().map(|reason| reason.text).collect();
    texts.join("; ")
}
