//! The spots of one family: places that no policy can tell apart are one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::Cluster;

use super::Inputs;
use super::atoms::Atoms;
use crate::network::address::{AddressSet, Block, Family, address, number, whole};
use crate::network::cni::{Profile, Ternary};
use crate::network::place::{
    AddressFact, Body, Found, Kind, MadeBy, Places, PodPlace, is_given_by_controllers,
};
use crate::network::ports::{DeclaredPort, PortMatch};
use crate::network::ranges::Ranges;
use crate::network::vocabulary::{Holder, Term, Vocabulary};

/// No spot: a pod that has ended.
pub(in crate::network) const NOWHERE: u32 = u32::MAX;

/// What a spot stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::network) enum SpotOrigin {
    /// These pods, by index.
    Pods(Vec<u32>),
    /// This node, by index.
    Node(u32),
    /// A node that the estate does not name.
    SomeNode,
    /// Addresses outside.
    Addresses(Ranges<u128>),
    /// The API server at an address of its own.
    ApiServer(IpAddr),
    /// An address outside that the estate does not name.
    SomeAddress,
}

/// One spot.
#[derive(Debug, Clone)]
pub(in crate::network) struct Spot<'c> {
    /// What policies see of it: the first pod's, where it stands for several.
    pub(in crate::network) body: Body<'c>,
    pub(in crate::network) origin: SpotOrigin,
}

/// All spots of one family.
#[derive(Debug, Clone)]
pub(in crate::network) struct Space<'c> {
    family: Family,
    pub(in crate::network) spots: Vec<Spot<'c>>,
    /// Spot of each pod, by the pod's index; [`NOWHERE`] when it has ended.
    pub(in crate::network) of_pod: Vec<u32>,
    /// Spot of each node, by the node's index.
    pub(in crate::network) of_node: Vec<u32>,
    /// Spots of pods by the index of their namespace.
    pub(in crate::network) by_namespace: Vec<Vec<u32>>,
    pub(in crate::network) some_node: u32,
    pub(in crate::network) some_address: u32,
    api_server: BTreeMap<IpAddr, u32>,
    atoms: Atoms,
    /// Spot of each atom.
    of_atom: Vec<u32>,
}

impl<'c> Space<'c> {
    pub(super) fn of(inputs: &Inputs<'_, 'c>, family: Family) -> Self {
        let places = inputs.places;
        let mut sets = address_sets(inputs.vocabulary, family);
        let of_balancers = source_ranges(places.cluster, family);
        sets.extend(&of_balancers);
        let atoms = Atoms::of(&whole(family), &sets);
        let mut space = Self {
            family,
            spots: Vec::new(),
            of_pod: vec![NOWHERE; places.pods.len()],
            of_node: Vec::with_capacity(places.nodes.len()),
            by_namespace: vec![Vec::new(); places.namespaces.len()],
            some_node: 0,
            some_address: 0,
            api_server: BTreeMap::new(),
            of_atom: Vec::with_capacity(atoms.ranges().len()),
            atoms,
        };
        space.add_pods(inputs);
        for (node, index) in places.nodes.iter().zip(0..) {
            let spot = space.push(node.body.clone(), SpotOrigin::Node(index));
            space.of_node.push(spot);
        }
        let somewhere = Places::outside(None);
        let some_node = Body {
            kind: Kind::Node,
            ..somewhere.clone()
        };
        space.some_node = space.push(some_node, SpotOrigin::SomeNode);
        space.some_address = space.push(somewhere, SpotOrigin::SomeAddress);
        space.add_atoms();
        let of_family = places.api_server_outside.iter();
        for address in of_family.filter(|address| Family::of(**address) == family) {
            let body = Body {
                api_server: [true; 2],
                ..Places::outside(Some(*address))
            };
            let spot = space.push(body, SpotOrigin::ApiServer(*address));
            space.api_server.insert(*address, spot);
        }
        space.settle_host_pods(places);
        space
    }

    fn push(&mut self, body: Body<'c>, origin: SpotOrigin) -> u32 {
        let spot = u32::try_from(self.spots.len()).unwrap_or(NOWHERE);
        self.spots.push(Spot { body, origin });
        spot
    }

    fn add_atoms(&mut self) {
        let ranges = self.atoms.ranges().to_vec();
        for ranges in ranges {
            let first = address(self.family, ranges.first().unwrap_or(0));
            let body = Places::outside(Some(first));
            let spot = self.push(body, SpotOrigin::Addresses(ranges));
            self.of_atom.push(spot);
        }
    }

    fn add_pods(&mut self, inputs: &Inputs<'_, 'c>) {
        let mut keys = Keys::of(inputs, self.family);
        let mut spots: FxHashMap<Box<[u32]>, u32> = FxHashMap::default();
        for (pod, index) in inputs.places.pods.iter().zip(0..) {
            if pod.is_on_host || pod.has_ended {
                continue;
            }
            let key = keys.key(pod, &self.atoms);
            let spot = match spots.get(key) {
                Some(spot) => *spot,
                None => {
                    let key = Box::from(key);
                    let spot = self.push(pod.body.clone(), SpotOrigin::Pods(Vec::new()));
                    spots.insert(key, spot);
                    self.note_namespace(pod.body.namespace, spot);
                    spot
                }
            };
            self.join(index, spot);
        }
    }

    fn note_namespace(&mut self, namespace: Option<u32>, spot: u32) {
        let index = namespace.and_then(|index| usize::try_from(index).ok());
        if let Some(list) = index.and_then(|index| self.by_namespace.get_mut(index)) {
            list.push(spot);
        }
    }

    fn join(&mut self, pod: u32, spot: u32) {
        if let Some(of_pod) = self.of_pod.get_mut(pod as usize) {
            *of_pod = spot;
        }
        if let Some(Spot {
            origin: SpotOrigin::Pods(pods),
            ..
        }) = self.spots.get_mut(spot as usize)
        {
            pods.push(pod);
        }
    }

    /// Pods that share a node's network are where the node is.
    fn settle_host_pods(&mut self, places: &Places<'c>) {
        for (pod, of_pod) in places.pods.iter().zip(&mut self.of_pod) {
            if pod.is_on_host && !pod.has_ended {
                let node = pod
                    .body
                    .node
                    .and_then(|node| self.of_node.get(node as usize));
                *of_pod = node.copied().unwrap_or(self.some_node);
            }
        }
    }

    pub(in crate::network) fn spot(&self, spot: u32) -> Option<&Spot<'c>> {
        self.spots.get(spot as usize)
    }

    /// Whether a set of addresses parts no two of an atom's.
    pub(super) fn divides(&self, set: &AddressSet) -> bool {
        self.atoms.divide(set.of(self.family))
    }

    /// The spot of an address of this family.
    pub(in crate::network) fn at(&self, places: &Places<'c>, address: IpAddr) -> u32 {
        match places.by_address.get(&address) {
            Some(Found::Pod(pod)) => self.of_pod.get(*pod as usize).copied(),
            Some(Found::Node(node)) => self.of_node.get(*node as usize).copied(),
            None => self.api_server.get(&address).copied(),
        }
        .filter(|spot| *spot != NOWHERE)
        .unwrap_or_else(|| {
            let atom = self.atoms.at(number(address)) as usize;
            self.of_atom.get(atom).copied().unwrap_or(self.some_address)
        })
    }
}

/// The sets of addresses that terms speak of, each once.
fn address_sets(vocabulary: &Vocabulary, family: Family) -> Vec<&Ranges<u128>> {
    let mut seen = BTreeSet::new();
    vocabulary
        .terms()
        .iter()
        .filter_map(|term| match term {
            Term::Address(set) => Some(set.of(family)),
            _ => None,
        })
        .filter(|ranges| seen.insert(*ranges))
        .collect()
}

/// Whom load balancers let in, each set once.
fn source_ranges(cluster: &Cluster, family: Family) -> BTreeSet<Ranges<u128>> {
    let services = cluster
        .services
        .iter()
        .filter(|one| !one.source_ranges.is_empty());
    let sets = services.map(|service| {
        let blocks = service
            .source_ranges
            .iter()
            .filter_map(|text| Block::parse(text));
        let own = blocks.filter(|block| block.family == family);
        own.map(|block| (block.first, block.last)).collect()
    });
    sets.collect()
}

/// The words that tell places apart. Policies that speak in these only leave the spots as they are.
#[derive(Debug, Clone)]
pub(in crate::network) struct Known {
    labels: FxHashMap<String, u32>,
    port_names: FxHashSet<String>,
    by_account: bool,
    by_maker: bool,
    by_owner: bool,
    by_address: bool,
    /// Blocks mean no pods.
    is_free_of_addresses: bool,
}

impl Known {
    pub(in crate::network) fn of(vocabulary: &Vocabulary, profile: &Profile) -> Self {
        let is_free_of_addresses = profile.blocks_match_pods == Ternary::No;
        let mut known = Self {
            labels: FxHashMap::default(),
            port_names: FxHashSet::default(),
            by_account: false,
            by_maker: false,
            by_owner: false,
            by_address: false,
            is_free_of_addresses,
        };
        for term in vocabulary.terms() {
            match term {
                Term::Label(Holder::Pod, key, _) => {
                    let next = number_for(known.labels.len());
                    known.by_maker |= is_given_by_controllers(key);
                    known.labels.entry(key.clone()).or_insert(next);
                }
                Term::Label(Holder::Account, ..) => known.by_account = true,
                Term::Owned => known.by_owner = true,
                Term::Address(_) => known.by_address |= !is_free_of_addresses,
                _ => {}
            }
        }
        for ports in vocabulary.port_matches() {
            for named in ports.named.iter().chain(&ports.never_named) {
                known.port_names.insert(named.name.clone());
            }
        }
        known
    }

    /// Whether places that this term could tell apart are apart already; of addresses the atoms must be
    /// asked, too.
    pub(in crate::network) fn has_term(&self, term: &Term) -> bool {
        match term {
            Term::Label(Holder::Pod, key, _) => self.labels.contains_key(key),
            Term::Label(Holder::Account, ..) => self.by_account,
            Term::Owned => self.by_owner,
            Term::Address(_) => self.by_address || self.is_free_of_addresses,
            // Namespaces are apart always, and each node is a spot of its own.
            Term::Pod
            | Term::Node
            | Term::LocalNode
            | Term::Outside
            | Term::ApiServer
            | Term::Namespace(_)
            | Term::Protected
            | Term::ClosedNode
            | Term::Profile(_)
            | Term::Label(Holder::Namespace | Holder::Node | Holder::HostEndpoint, ..) => true,
        }
    }

    /// The same of ports by name.
    pub(in crate::network) fn has_ports(&self, ports: &PortMatch) -> bool {
        let mut named = ports.named.iter().chain(&ports.never_named);
        named.all(|named| self.port_names.contains(&named.name))
    }
}

/// What of a pod any policy can ask, as a list of numbers.
struct Keys<'c> {
    family: Family,
    known: Known,
    values: FxHashMap<(u32, &'c str), u32>,
    accounts: FxHashMap<&'c str, u32>,
    makers: FxHashMap<MadeBy<'c>, u32>,
    ports: FxHashMap<Vec<DeclaredPort<'c>>, u32>,
    /// The list of the pod that was asked about last.
    of_pod: Vec<u32>,
}

impl<'c> Keys<'c> {
    fn of(inputs: &Inputs<'_, 'c>, family: Family) -> Self {
        Self {
            family,
            known: Known::of(inputs.vocabulary, inputs.profile),
            values: FxHashMap::default(),
            accounts: FxHashMap::default(),
            makers: FxHashMap::default(),
            ports: FxHashMap::default(),
            of_pod: Vec::new(),
        }
    }

    /// Equal for pods that no policy can tell apart.
    fn key(&mut self, pod: &PodPlace<'c>, atoms: &Atoms) -> &[u32] {
        let body = &pod.body;
        self.of_pod.clear();
        self.of_pod.push(body.namespace.unwrap_or(NOWHERE));
        // Labels are sorted by key in the pod, so the same ones come in the same order.
        for (key, value) in body.labels.into_iter().flatten() {
            if let Some(key) = self.known.labels.get(key.as_str()) {
                let next = number_for(self.values.len());
                let value = *self.values.entry((*key, value.as_str())).or_insert(next);
                self.of_pod.push(value);
            }
        }
        self.of_pod.push(NOWHERE);
        if self.known.by_account {
            let next = number_for(self.accounts.len());
            self.of_pod
                .push(*self.accounts.entry(body.account).or_insert(next));
        }
        if self.known.by_maker {
            let maker = body.made_by.map_or(NOWHERE, |maker| {
                let next = number_for(self.makers.len());
                *self.makers.entry(maker).or_insert(next)
            });
            self.of_pod.push(maker);
        }
        self.of_pod
            .push(u32::from(self.known.by_owner && body.is_owned));
        if !self.known.port_names.is_empty() {
            let named: Vec<DeclaredPort<'c>> = body
                .ports
                .iter()
                .filter(|port| self.known.port_names.contains(port.name))
                .copied()
                .collect();
            let next = number_for(self.ports.len());
            self.of_pod.push(*self.ports.entry(named).or_insert(next));
        }
        // Whether it has an address at all counts always.
        match body.address(self.family) {
            AddressFact::Absent => self.of_pod.push(0),
            AddressFact::Unknown => self.of_pod.push(1),
            AddressFact::Known(_) | AddressFact::Several(_) if !self.known.by_address => {
                self.of_pod.push(2);
            }
            AddressFact::Known(address) => self.of_pod.extend([3, atoms.at(*address)]),
            AddressFact::Several(addresses) => {
                self.of_pod.push(4);
                let mut of: Vec<u32> = addresses.iter().map(|one| atoms.at(*one)).collect();
                of.sort_unstable();
                of.dedup();
                self.of_pod.extend(of);
            }
        }
        &self.of_pod
    }
}

fn number_for(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
