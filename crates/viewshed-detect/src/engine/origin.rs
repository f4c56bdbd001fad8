//! Where a request came from, compared with where its identity is at home; and whose company it keeps.

use viewshed_model::Activity;

use super::Engine;
use super::judge::DAY_S;
use super::places::{Host, Place};
use super::who::{Class, service_account};
use crate::baseline::{ORIGINS_MAX, Record, hasher, remember_origin};
use crate::detections::look::{Departure, Moved, Origin};

/// Addresses and programs of an identity are saved as short hashes under a fixed key: two that collide hide
/// a change of place, and a place cannot be chosen.
const ORIGIN_KEY: u64 = 0;
/// After so long without its owner an address may belong to another pod. Seconds.
const HANDED_OVER_S: u32 = 15 * 60;

/// A program begins what it is there for within this time. Seconds.
pub(super) const STARTS_S: u32 = 10 * 60;

/// What was found, besides the [`Origin`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) origin: Origin,
    /// Hash of cluster and address; where many come from one address, of what the client calls itself as
    /// well. 0 without an address.
    pub(super) spot: u64,
    /// Whether many come from the address.
    pub(super) is_shared: bool,
    pub(super) is_unusual: bool,
    /// Whether the next request like this one will be found in order without anything to remember, unless
    /// something changes about the identity or the spot.
    pub(super) is_settled: bool,
}

/// Where a request comes from, and what is known of that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whence {
    /// Hash of cluster and address; 0 without one.
    address: u64,
    pub(super) place: Place,
    /// See [`Arrival::spot`].
    pub(super) spot: u64,
}

/// A short hash that is the same in every run.
fn tag(text: &str) -> u32 {
    if text.is_empty() {
        return 0;
    }
    u32::try_from(hasher(ORIGIN_KEY).hash_one(text) >> 32)
        .unwrap_or_default()
        .max(1)
}

/// The identity as places remember it.
pub(super) fn identity_tag(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

impl Engine {
    /// Compares the origin of a request with what is known of its identity, and learns it.
    pub(super) fn arrive(
        &mut self,
        activity: &Activity<'_>,
        index: usize,
        class: Class,
    ) -> Arrival {
        let actor = &activity.actor;
        let mut origin = Origin::default();
        let Whence {
            address,
            place,
            spot,
        } = self.whence(activity);
        let record = self.baseline.record(index);
        let arrival = self.arrival_key(activity, record, address);
        let is_as_before = self.is_as_before(activity, index, arrival);
        origin.is_nobodys = place.owners().all(|owner| owner == identity_tag(index));
        let is_shared = place.is_shared();
        let has_session = if spot == address {
            place.has_session()
        } else {
            self.places.address(spot).has_session()
        };
        if is_as_before && !has_session {
            return Arrival {
                origin,
                spot,
                is_shared,
                is_unusual: false,
                is_settled: true,
            };
        }
        if let Some(pod) = self.pod_key(activity) {
            self.places.meet_pod(pod, self.clock.now_s());
        }
        let (address_tag, program) = (tag(&actor.address), tag(program_of(&actor.user_agent)));
        let mut has_home = false;
        if let Some(record) = self.baseline.record(index) {
            has_home = record.addresses != [0; ORIGINS_MAX];
            origin.is_new_address = address_tag != 0 && !record.addresses.contains(&address_tag);
            origin.is_new_program = program != 0 && !record.programs.contains(&program);
        }
        if !is_as_before {
            self.meet_address(activity, (index, class), origin.is_new_address && has_home);
            self.remember_origin(index, address_tag, program);
        }
        origin.departure = self.departure(activity, (index, class), (place, is_as_before));
        origin.moved = self.moved(activity, address_tag);
        let is_workload = matches!(class, Class::ServiceAccount | Class::Node);
        // Somebody new is at home wherever he begins.
        if has_home && address != 0 && !is_shared && !place.is_home_of(identity_tag(index)) {
            self.compare_owners(activity, (place, address_tag), class, &mut origin);
        }
        origin.moves_are_usual = self.places.moves_are_usual();
        let is_unusual = (is_workload && origin.is_new_program)
            || origin.moved != Moved::No
            || (origin.is_foreign && origin.is_new_address)
            || origin.departure != Departure::default()
            || (class == Class::Person && self.is_in_odd_hands(activity, index));
        if !is_unusual {
            self.places.meet_arrival(arrival);
        }
        if let Some(record) = self.baseline.record_mut(index)
            && (is_unusual || !is_as_before)
        {
            record.last_arrival = if is_unusual { 0 } else { arrival };
        }
        let is_remembered = self.is_remembered(index, address_tag, program);
        Arrival {
            origin,
            spot,
            is_shared,
            is_unusual,
            is_settled: !is_unusual && is_remembered,
        }
    }

    /// Where a request comes from.
    pub(super) fn whence(&self, activity: &Activity<'_>) -> Whence {
        let actor = &activity.actor;
        let address = match &*actor.address {
            "" => 0,
            text => self.hasher.hash_one((&*activity.cluster, text)).max(1),
        };
        let place = self.places.address(address);
        let spot = match &*actor.user_agent {
            agent if place.is_shared() => self.hasher.hash_one((address, agent)).max(1),
            _ => address,
        };
        Whence {
            address,
            place,
            spot,
        }
    }

    /// Whether an identity was found in order with this address, credential and program, and is at home with them. Its
    /// record may be another one since: identities are given up when there are too many.
    fn is_as_before(&self, activity: &Activity<'_>, index: usize, arrival: u64) -> bool {
        let actor = &activity.actor;
        let record = self.baseline.record(index);
        if record.is_some_and(|record| record.last_arrival == arrival) {
            return true;
        }
        let is_known = self.places.knows_arrival(arrival);
        is_known
            && self.is_remembered(
                index,
                tag(&actor.address),
                tag(program_of(&actor.user_agent)),
            )
    }

    /// What an identity with this address, credential and program is known by.
    fn arrival_key(&self, activity: &Activity<'_>, record: Option<&Record>, address: u64) -> u64 {
        let actor = &activity.actor;
        let identity = record.map_or(0, Record::hash);
        let client = (&*actor.credential, &*actor.user_agent, &*actor.pod);
        self.hasher.hash_one((identity, address, client)).max(1)
    }

    /// Whether address and program are among those of an identity.
    fn is_remembered(&self, index: usize, address: u32, program: u32) -> bool {
        self.baseline.record(index).is_some_and(|record| {
            (address == 0 || record.addresses.contains(&address))
                && (program == 0 || record.programs.contains(&program))
        })
    }

    /// Puts the address and the program of an identity in front of the others that it has.
    fn remember_origin(&mut self, index: usize, address: u32, program: u32) {
        let Some(record) = self.baseline.record_mut(index) else {
            return;
        };
        let mut is_new = address != 0 && !remember_origin(&mut record.addresses, address);
        is_new |= program != 0 && !remember_origin(&mut record.programs, program);
        if is_new {
            // Another one may have been forgotten for it.
            self.baseline.disturb(index);
        }
    }

    /// Whether the very credential was used from somewhere else.
    fn moved(&mut self, activity: &Activity<'_>, address_tag: u32) -> Moved {
        let actor = &activity.actor;
        if actor.credential.is_empty() || address_tag == 0 {
            return Moved::No;
        }
        let credential = self
            .hasher
            .hash_one((&*activity.cluster, &*actor.credential));
        // The family is the lowest bit, so that both ends of a move can be compared.
        let family = u32::from(actor.address.contains(':'));
        let place = (address_tag & !1) | family;
        match self.places.credential_moved(credential, place) {
            None => Moved::No,
            Some(home) if home & 1 != family => Moved::OtherFamily,
            Some(_) => Moved::Yes,
        }
    }

    /// Whether the program behind a request has been running for a while: its pod was seen before, or the identity was,
    /// the day before, where the token names no pod or the pod has an address of its own that is long known.
    pub(super) fn is_midway(
        &self,
        activity: &Activity<'_>,
        (index, is_shared): (usize, bool),
    ) -> bool {
        let now_s = self.clock.now_s();
        let record = self.baseline.record(index);
        let is_known = record.is_some_and(|record| record.known_for_s(now_s) > DAY_S);
        let Some(pod) = self.pod_key(activity) else {
            return is_known;
        };
        let since_s = self.places.pod_since_s(pod).unwrap_or(now_s);
        let has_own_address = !is_shared && !activity.actor.address.is_empty();
        now_s.saturating_sub(since_s) > STARTS_S
            || (is_known && has_own_address && !self.is_elsewhere(activity, index))
    }

    /// Where what belongs to a pod is remembered; 0 without a pod.
    pub(super) fn pod_spot(&self, activity: &Activity<'_>) -> u64 {
        match &*activity.actor.pod {
            "" => 0,
            pod => self
                .hasher
                .hash_one((&*activity.cluster, "pod", pod))
                .max(1),
        }
    }

    fn pod_key(&self, activity: &Activity<'_>) -> Option<u64> {
        let actor = &activity.actor;
        let key = (&*activity.cluster, &*actor.user, &*actor.pod);
        (!actor.pod.is_empty()).then(|| self.hasher.hash_one(key))
    }

    /// Whether nothing is left to remember of an identity at a spot, and it will be the same spot the next time.
    pub(super) fn is_settled_in(&self, arrival: &Arrival, index: usize) -> bool {
        let place = self.places.address(arrival.spot);
        let is_at_home = place.is_shared() || place.is_home_of(identity_tag(index));
        let is_same = arrival.is_shared || !place.is_shared();
        arrival.spot == 0 || (is_at_home && is_same)
    }

    /// An identity did something ordinary at a spot: it is at home there.
    pub(super) fn settle_in(&mut self, spot: u64, index: usize) {
        let place = self.places.address(spot);
        let identity = identity_tag(index);
        if spot == 0 || place.is_shared() || place.is_home_of(identity) {
            return;
        }
        let class = self.baseline.record(index).map(|record| record.class);
        let host = match class {
            Some(Class::Node | Class::System) => Host::Yes,
            _ => Host::No,
        };
        let mut places = std::mem::take(&mut self.places);
        places.settle(spot, identity, host, |owner| self.is_active(owner));
        self.places = places;
        self.warm.disturb(spot);
    }

    /// Whether an identity is a program in a pod: people and their gateways hold no addresses of pods.
    pub(super) fn is_workload(&self, identity: u32) -> bool {
        let record = self.owner(identity);
        record.is_some_and(|record| record.class == Class::ServiceAccount)
    }

    /// The record of an identity that places remember.
    pub(super) fn owner(&self, identity: u32) -> Option<&Record> {
        let index = identity.checked_sub(1)?;
        self.baseline.record(usize::try_from(index).ok()?)
    }

    /// Whether an identity was seen of late.
    pub(super) fn is_active(&self, identity: u32) -> bool {
        let record = self.owner(identity);
        record
            .is_some_and(|record| self.clock.now_s().saturating_sub(record.last_s) <= HANDED_OVER_S)
    }

    /// Whether the very token of a program that is long known comes from where others are at home and it never was:
    /// somebody carried it there, and its habits say nothing about him.
    pub(super) fn is_carried(
        &self,
        activity: &Activity<'_>,
        (index, class): (usize, Class),
        origin: &Origin,
    ) -> bool {
        origin.moved == Moved::Yes
            && origin.is_foreign
            && !origin.moves_are_usual
            && class == Class::ServiceAccount
            && self.is_elsewhere(activity, index)
    }
}

/// Groups whose members vouch for each other, in words.
pub(super) fn groups_of(activity: &Activity<'_>, class: Class) -> [Option<String>; 2] {
    let user: &str = &activity.actor.user;
    match class {
        Class::ServiceAccount => match service_account(user) {
            Some((namespace, name)) => [
                Some(format!("the service accounts of {namespace}")),
                // `default` is the name of accounts that have nothing in common.
                (name != "default").then(|| format!("the service accounts called {name}")),
            ],
            None => [None, None],
        },
        Class::Node => [Some("the nodes".to_owned()), None],
        Class::System => [Some("the control plane".to_owned()), None],
        Class::Person => {
            let mut groups = activity
                .actor
                .groups
                .iter()
                .filter(|group| !group.starts_with("system:"))
                .take(2)
                .map(|group| format!("group {}", super::who::clip(group, 200)));
            [groups.next(), groups.next()]
        }
        Class::Anonymous | Class::Invalid | Class::Local => [None, None],
    }
}

/// What a client calls itself, as origins are remembered.
pub(super) fn program_tag(activity: &Activity<'_>) -> u32 {
    tag(program_of(&activity.actor.user_agent))
}

/// The name that a client gives itself, without versions: `kubectl` of `kubectl/v1.30.0 (linux/amd64) ...`.
pub(crate) fn program_of(user_agent: &str) -> &str {
    let end = memchr::memchr2(b'/', b' ', user_agent.as_bytes());
    end.and_then(|end| user_agent.get(..end))
        .unwrap_or(user_agent)
}
