//! Where identities and credentials were seen: to notice a token that moves, and hands that hold several.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Addresses and credentials remembered, each, in either of two generations; when the young one is full the
/// old one is forgotten. Whoever is forgotten is known anew at the next request.
const GENERATION_MAX: usize = 1 << 17;
/// From so many ordinary identities on, an address is a node, a proxy or a gateway and links nobody.
const SHARED_BY: u8 = 4;
/// Whether an identity is a program of the host itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// A kubelet, a part of the control plane.
    Yes,
    /// Anybody else.
    No,
}

/// An address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    ordinary: [u32; SHARED_BY as usize],
    count: u8,
    /// A kubelet or the control plane is at home here: so are all programs in the network of that host.
    is_host: bool,
    /// Session with unusual activity from here; 0 for none.
    pub(crate) session: u32,
}

impl Place {
    /// Whether something unusual ever came from here.
    pub(crate) fn has_session(&self) -> bool {
        self.session != 0
    }

    /// Whether many identities use it in ordinary times.
    pub(crate) fn is_shared(&self) -> bool {
        self.count >= SHARED_BY || self.is_host
    }

    /// Who is at home here.
    pub(crate) fn owners(&self) -> impl Iterator<Item = u32> {
        self.ordinary.into_iter().filter(|identity| *identity != 0)
    }

    /// Whether this identity is at home here.
    pub(crate) fn is_home_of(&self, identity: u32) -> bool {
        self.ordinary.contains(&identity)
    }
}

/// Two maps, the older of which is dropped when the younger is full: bounded, and nothing is searched.
///
/// Keys are keyed hashes, so the cheap hash over them cannot be attacked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Generations<V> {
    young: FxHashMap<u64, V>,
    old: FxHashMap<u64, V>,
}

impl<V> Default for Generations<V> {
    fn default() -> Self {
        Self {
            young: FxHashMap::default(),
            old: FxHashMap::default(),
        }
    }
}

impl<V: Copy> Generations<V> {
    fn get(&self, key: u64) -> Option<V> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    /// Says whether the old ones were forgotten.
    fn set(&mut self, key: u64, value: V) -> bool {
        let is_full = self.young.len() >= GENERATION_MAX;
        if is_full {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
        is_full
    }
}

impl<V: Copy + Ord + Serialize> Serialize for Generations<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Sorted: the same state gives the same bytes.
        let sorted = |map: &FxHashMap<u64, V>| -> Vec<(u64, V)> {
            let mut entries: Vec<(u64, V)> =
                map.iter().map(|(key, value)| (*key, *value)).collect();
            entries.sort_unstable();
            entries
        };
        (sorted(&self.young), sorted(&self.old)).serialize(serializer)
    }
}

/// Entries of the young and the old map.
type Entries<V> = (Vec<(u64, V)>, Vec<(u64, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Generations<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (young, old): Entries<V> = Deserialize::deserialize(deserializer)?;
        Ok(Self {
            young: young.into_iter().collect(),
            old: old.into_iter().collect(),
        })
    }
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    addresses: Generations<Place>,
    /// Credential to the address that it was first seen at, and whether it moved.
    credentials: Generations<(u32, bool)>,
    /// Pod to when it was first seen.
    pods: Generations<u32>,
    /// Identities with address, credential and program that were found in order.
    arrivals: Generations<()>,
    credential_count: u64,
    moved_count: u64,
    /// Whether something was forgotten since somebody asked.
    #[serde(skip)]
    has_forgotten: bool,
}

impl Places {
    /// What is known of an address.
    pub(crate) fn address(&self, address: u64) -> Place {
        self.addresses.get(address).unwrap_or_default()
    }

    /// An identity did something ordinary here, where besides it only `active` ones still are.
    pub(crate) fn settle(
        &mut self,
        address: u64,
        identity: u32,
        host: Host,
        active: impl Fn(u32) -> bool,
    ) {
        let mut place = self.address(address);
        place.is_host |= host == Host::Yes;
        let mut owners = [0; SHARED_BY as usize];
        let still = place
            .owners()
            .filter(|owner| *owner == identity || active(*owner));
        let mut count = 0_u8;
        for (slot, owner) in owners.iter_mut().zip(still.chain([identity])) {
            *slot = owner;
            count += 1;
        }
        (place.ordinary, place.count) = (owners, count);
        self.has_forgotten |= self.addresses.set(address, place);
    }

    /// Unusual activity of a session came from here.
    pub(crate) fn unusual(&mut self, address: u64, session: u32) {
        let mut place = self.address(address);
        if place.session != session {
            place.session = session;
            self.has_forgotten |= self.addresses.set(address, place);
        }
    }

    /// The address at which this credential was seen before, if it is another one.
    pub(crate) fn credential_moved(&mut self, credential: u64, address: u32) -> Option<u32> {
        match self.credentials.get(credential) {
            None => {
                self.credential_count += 1;
                self.has_forgotten |= self.credentials.set(credential, (address, false));
                None
            }
            Some((home, _)) if home == address => None,
            Some((home, has_moved)) => {
                if !has_moved {
                    self.moved_count += 1;
                    self.has_forgotten |= self.credentials.set(credential, (home, true));
                }
                Some(home)
            }
        }
    }

    /// Remembers that a pod was seen.
    pub(crate) fn meet_pod(&mut self, pod: u64, now_s: u32) {
        if self.pods.get(pod).is_none() {
            self.has_forgotten |= self.pods.set(pod, now_s);
        }
    }

    /// Whether somebody was found in order with this address, credential and program.
    pub(crate) fn knows_arrival(&self, arrival: u64) -> bool {
        self.arrivals.get(arrival).is_some()
    }

    /// Remembers that somebody was.
    pub(crate) fn meet_arrival(&mut self, arrival: u64) {
        if !self.knows_arrival(arrival) {
            self.has_forgotten |= self.arrivals.set(arrival, ());
        }
    }

    /// Whether something was forgotten since this was last asked.
    #[inline]
    pub(crate) fn has_forgotten(&mut self) -> bool {
        std::mem::take(&mut self.has_forgotten)
    }

    /// When a pod was first seen.
    pub(crate) fn pod_since_s(&self, pod: u64) -> Option<u32> {
        self.pods.get(pod)
    }

    /// Whether credentials move all the time here: address translation, or several ways to the servers.
    pub(crate) fn moves_are_usual(&self) -> bool {
        self.moved_count >= 8 && self.moved_count * 20 > self.credential_count
    }
}
