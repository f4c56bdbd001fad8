//! Ports of all protocols on one line, so that sets of them are plain ranges.

use viewshed_model::{PortRange, Protocol};

use super::ranges::Ranges;

/// A port of a protocol, as a number on the line: protocol in the upper half, port in the lower.
pub(super) type Point = u32;

/// Ports of any protocols.
pub(super) type PortSet = Ranges<Point>;

/// All of ICMP. The numbers around it are free, so that neighbours on the line never merge.
pub(super) const ICMP: Point = 0x3_0001;
/// Every other protocol that runs on IP.
pub(super) const OTHER: Point = 0x3_0003;

const fn base(protocol: Protocol) -> Point {
    match protocol {
        Protocol::Tcp => 0,
        Protocol::Udp => 0x1_0000,
        Protocol::Sctp => 0x2_0000,
        Protocol::Icmp => ICMP,
    }
}

/// The point of a port; for ICMP the port is ignored.
pub(super) const fn point(protocol: Protocol, port: u16) -> Point {
    match protocol {
        Protocol::Tcp | Protocol::Udp | Protocol::Sctp => base(protocol) + port as Point,
        Protocol::Icmp => ICMP,
    }
}

/// Ports of one protocol, both ends included. Port 0 is no port.
pub(super) fn span(protocol: Protocol, first: u16, last: u16) -> PortSet {
    match protocol {
        Protocol::Tcp | Protocol::Udp | Protocol::Sctp => {
            PortSet::one(point(protocol, first.max(1)), point(protocol, last))
        }
        Protocol::Icmp => PortSet::one(ICMP, ICMP),
    }
}

/// Every port of a protocol.
pub(super) fn every(protocol: Protocol) -> PortSet {
    span(protocol, 1, u16::MAX)
}

/// Everything that can be sent, and every number that means nothing: one range is cheaper than many.
pub(super) fn everything() -> PortSet {
    PortSet::all()
}

const PORTED: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

/// The set as a user reads it. Protocols other than those of [`Protocol`] are left out.
pub(super) fn shown(set: &PortSet) -> Vec<PortRange> {
    let mut found = Vec::new();
    for protocol in PORTED {
        for (first, last) in set.intersection(&every(protocol)).iter() {
            let port = |point: Point| u16::try_from(point - base(protocol)).unwrap_or(u16::MAX);
            found.push(PortRange {
                protocol,
                first: port(first),
                last: port(last),
            });
        }
    }
    if set.contains(ICMP) {
        found.push(PortRange {
            protocol: Protocol::Icmp,
            first: 0,
            last: 0,
        });
    }
    found
}

/// What a rule says of ports: a fixed set, and names that each destination resolves for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PortMatch {
    /// Ports by number.
    pub(super) fixed: PortSet,
    /// Ports by name.
    pub(super) named: Vec<NamedPort>,
    /// Ports that the match never includes, by number and by name: Calico's `notPorts`.
    pub(super) never: PortSet,
    pub(super) never_named: Vec<NamedPort>,
}

impl PortMatch {
    /// Everything.
    pub(super) fn everything() -> Self {
        Self::fixed(everything())
    }

    pub(super) fn fixed(fixed: PortSet) -> Self {
        Self {
            fixed,
            named: Vec::new(),
            never: PortSet::default(),
            never_named: Vec::new(),
        }
    }

    /// The ports on a destination that has these names.
    pub(super) fn resolve(&self, names: &[DeclaredPort<'_>]) -> PortSet {
        if self.named.is_empty() && self.never_named.is_empty() {
            return self.fixed.clone();
        }
        self.fixed
            .union(&resolve_names(&self.named, names))
            .minus(&self.never)
            .minus(&resolve_names(&self.never_named, names))
    }

    pub(super) fn has_names(&self) -> bool {
        !self.named.is_empty() || !self.never_named.is_empty()
    }
}

fn resolve_names(wanted: &[NamedPort], names: &[DeclaredPort<'_>]) -> PortSet {
    wanted
        .iter()
        .flat_map(|named| {
            names
                .iter()
                .filter(move |declared| named.is(declared))
                .map(|declared| {
                    let point = point(declared.protocol, declared.port);
                    (point, point)
                })
        })
        .collect()
}

/// A port by the name that containers give it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NamedPort {
    pub(super) name: String,
    /// The protocol that the declaration must have; `None` takes any.
    pub(super) protocol: Option<Protocol>,
}

impl NamedPort {
    fn is(&self, declared: &DeclaredPort<'_>) -> bool {
        declared.name == self.name
            && self
                .protocol
                .is_none_or(|protocol| protocol == declared.protocol)
    }
}

/// A named port that a container declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DeclaredPort<'c> {
    pub(super) name: &'c str,
    pub(super) protocol: Protocol,
    pub(super) port: u16,
}
