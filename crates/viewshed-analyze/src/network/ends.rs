//! Ends of connections: what a place that a user names stands for.

use std::fmt;
use std::net::IpAddr;

use viewshed_model::{Place, Service, Target};

use super::address::Family;
use super::index::NetworkIndex;
use super::kernel::NOWHERE;
use super::place::{AddressFact, Body, Found, Kind, Places};

/// Why a question has no answer at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkError {
    /// The estate has no such place.
    NoSuchPlace {
        /// As asked for.
        place: Place,
    },
    /// The place is no place to start from.
    NoSource {
        /// As asked for.
        place: Place,
    },
    /// Places of Docker hosts and of clusters were asked for together, or of the wrong index.
    OtherEstate {
        /// As asked for.
        place: Place,
    },
}

impl fmt::Display for NetworkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A bare word is a node; digits and dots are meant as an address.
            Self::NoSuchPlace {
                place: Place::Node { name },
            } if name
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.') =>
            {
                write!(
                    formatter,
                    "`{name}` is no address, and no node has that name"
                )
            }
            Self::NoSuchPlace { place } => {
                write!(formatter, "there is no `{place}` in the estate")
            }
            Self::NoSource { place } => write!(
                formatter,
                "`{place}` is no place that connections start from: name a pod, a node, an address or `world`"
            ),
            Self::OtherEstate { place } => {
                write!(
                    formatter,
                    "`{place}` is not a place of this cluster or host"
                )
            }
        }
    }
}

impl std::error::Error for NetworkError {}

/// One end.
#[derive(Debug, Clone)]
pub(super) struct End<'c> {
    pub(super) body: Body<'c>,
    /// For sentences: ``pod `shop/web-1` ``.
    pub(super) what: String,
    pub(super) which: Which,
}

impl End<'_> {
    /// Leaves the addresses of one family only.
    pub(super) fn keep(&mut self, family: Family) {
        let [v4, v6] = &mut self.body.addresses;
        match family {
            Family::V4 => *v6 = AddressFact::Absent,
            Family::V6 => *v4 = AddressFact::Absent,
        }
    }
}

/// What an end is in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    /// A pod, by index.
    Pod(u32),
    /// A node, by index, or one that the estate does not name.
    Node(Option<u32>),
    /// An address.
    Address(IpAddr),
    /// An address that the estate does not name.
    SomeAddress,
}

/// What a place stands for.
#[derive(Debug)]
pub(super) enum Resolved<'c> {
    Ends(Vec<End<'c>>),
    Service(&'c Service, By),
    Target(Target),
}

/// How a connection names a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// By its name, which stands for its cluster address.
    Name,
    /// By one of its addresses.
    Address(IpAddr),
    /// By its port of a node.
    NodePort,
}

impl<'c> NetworkIndex<'c> {
    /// What a place stands for in this cluster.
    pub(super) fn resolve(&self, place: &Place) -> Result<Resolved<'c>, NetworkError> {
        let missing = || NetworkError::NoSuchPlace {
            place: place.clone(),
        };
        match place {
            Place::Pod { namespace, name } => {
                self.resolve_pair(namespace, name).ok_or_else(missing)
            }
            Place::Node { name } => {
                let node = self.places.node_named(name).ok_or_else(missing)?;
                Ok(Resolved::Ends(vec![self.node_end(node)]))
            }
            Place::Service { namespace, name } => self
                .service(namespace, name)
                .map(|service| Resolved::Service(service, By::Name))
                .ok_or_else(missing),
            // RFC 4291, 2.5.5.2: an IPv4 address in the form of IPv6 is connected to over IPv4.
            Place::Address(address) => Ok(self.resolve_address(address.to_canonical())),
            Place::Target(target) => Ok(Resolved::Target(*target)),
            Place::Container { .. } | Place::Host { .. } => Err(NetworkError::OtherEstate {
                place: place.clone(),
            }),
        }
    }

    /// A pod or workload; where there is none, `node/NAME` is a node all the same.
    fn resolve_pair(&self, namespace: &str, name: &str) -> Option<Resolved<'c>> {
        let pods = self.places.pods_named(namespace, name);
        if pods.is_empty() {
            let node = (namespace == "node").then(|| self.places.node_named(name))??;
            return Some(Resolved::Ends(vec![self.node_end(node)]));
        }
        let ends = pods.into_iter().filter_map(|pod| self.pod_end(pod));
        Some(Resolved::Ends(ends.collect()))
    }

    fn resolve_address(&self, address: IpAddr) -> Resolved<'c> {
        let text = address.to_string();
        let is_of = |service: &&Service| {
            let own = service.cluster_ips.iter().chain(&service.external_ips);
            own.chain(&service.load_balancer_addresses)
                .any(|own| *own == text)
        };
        match self.cluster().services.iter().find(is_of) {
            Some(service) => Resolved::Service(service, By::Address(address)),
            None => {
                let shared = self.places.shared_addresses.get(&address);
                let mut ends: Vec<End<'c>> = shared
                    .into_iter()
                    .flatten()
                    .filter_map(|found| self.found_end(*found, Some(Family::of(address))))
                    .collect();
                if ends.is_empty() {
                    ends.push(self.address_end(address));
                }
                Resolved::Ends(ends)
            }
        }
    }

    pub(super) fn service(&self, namespace: &str, name: &str) -> Option<&'c Service> {
        self.referred.services.get(&(namespace, name)).copied()
    }

    /// Whatever of the cluster has an address, at that address; else the address outside.
    pub(super) fn address_end(&self, address: IpAddr) -> End<'c> {
        self.end_with(address, Some(Family::of(address)))
    }

    /// The same, with all its addresses.
    pub(super) fn owner_end(&self, address: IpAddr) -> End<'c> {
        self.end_with(address, None)
    }

    /// A place; of its addresses only those of a family count, where one is given.
    fn found_end(&self, found: Found, only: Option<Family>) -> Option<End<'c>> {
        let mut end = match found {
            Found::Pod(pod) => self.pod_end(pod)?,
            Found::Node(node) => self.node_end(node),
        };
        if let Some(family) = only {
            end.keep(family);
        }
        Some(end)
    }

    fn end_with(&self, address: IpAddr, only: Option<Family>) -> End<'c> {
        let known = self.places.by_address.get(&address);
        let known = known.and_then(|found| match (found, only) {
            (Found::Node(node), Some(_)) => Some(self.node_end_at(*node, address)),
            _ => self.found_end(*found, only),
        });
        known.unwrap_or_else(|| End {
            body: Body {
                api_server: [self.places.api_server_outside.contains(&address); 2],
                ..Places::outside(Some(address))
            },
            what: format!("address `{address}`"),
            which: Which::Address(address),
        })
    }

    pub(super) fn unknown_end(what: &str) -> End<'c> {
        End {
            body: Places::outside(None),
            what: what.to_owned(),
            which: Which::SomeAddress,
        }
    }

    pub(super) fn pod_end(&self, pod: u32) -> Option<End<'c>> {
        let place = self.places.pods.get(pod as usize)?;
        Some(End {
            body: place.body.clone(),
            what: format!("pod `{}`", place.origin.meta().full_name()),
            which: Which::Pod(pod),
        })
    }

    pub(super) fn node_end(&self, node: u32) -> End<'c> {
        match self.places.node(node) {
            Some(place) => End {
                body: place.body.clone(),
                what: format!("node `{}`", place.name),
                which: Which::Node(Some(node)),
            },
            None => Self::some_node(),
        }
    }

    /// A node at one of its addresses.
    fn node_end_at(&self, node: u32, address: IpAddr) -> End<'c> {
        let end = self.node_end(node);
        let Body { addresses, .. } = Places::outside(Some(address));
        let body = Body {
            addresses,
            ..end.body
        };
        End { body, ..end }
    }

    /// A node that the estate does not name.
    pub(super) fn some_node() -> End<'c> {
        End {
            body: Body {
                kind: Kind::Node,
                ..Places::outside(None)
            },
            what: "a node".to_owned(),
            which: Which::Node(None),
        }
    }

    /// The spot of an end in a family's tables; `None` when it is nowhere.
    pub(super) fn spot(&self, family: Family, end: &End<'c>) -> Option<u32> {
        let space = &self.kernel(family)?.space;
        let spot = match end.which {
            Which::Pod(pod) => space.of_pod.get(pod as usize).copied()?,
            Which::Node(Some(node)) => space.of_node.get(node as usize).copied()?,
            Which::Node(None) => space.some_node,
            Which::Address(address) if Family::of(address) == family => {
                space.at(&self.places, address)
            }
            Which::Address(_) => return None,
            Which::SomeAddress => space.some_address,
        };
        (spot != NOWHERE).then_some(spot)
    }

    /// Families in which both ends have an address.
    pub(super) fn shared_families(&self, one: &End<'c>, two: &End<'c>) -> Vec<Family> {
        self.places
            .families
            .iter()
            .copied()
            .filter(|family| {
                let has = |end: &End<'c>| *end.body.address(*family) != AddressFact::Absent;
                has(one) && has(two)
            })
            .collect()
    }
}
