//! Addresses and address blocks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::ranges::Ranges;

/// The two kinds of addresses. A connection is of one family; policies are applied to each apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(super) const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }
}

/// An address as a number in its family.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// The blocks that a range of addresses is made of, as `address/length`.
pub(super) fn blocks_of(family: Family, (first, last): (u128, u128)) -> Vec<String> {
    let bits = match family {
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let mut blocks = Vec::new();
    let mut at = first;
    while at <= last {
        // The largest block that starts here and ends in the range.
        let mut host_bits = at.trailing_zeros().min(bits);
        let end = |host_bits: u32| match host_bits {
            128 => u128::MAX,
            host_bits => at + ((1 << host_bits) - 1),
        };
        while end(host_bits) > last {
            host_bits -= 1;
        }
        blocks.push(format!("{}/{}", address(family, at), bits - host_bits));
        match end(host_bits).checked_add(1) {
            Some(next) => at = next,
            None => break,
        }
    }
    blocks
}

/// The address of a number; numbers beyond a family's end are its last address.
pub(super) fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
        Family::V6 => IpAddr::V6(Ipv6Addr::from(number)),
    }
}

/// All addresses of a family.
pub(super) fn whole(family: Family) -> Ranges<u128> {
    match family {
        Family::V4 => Ranges::one(0, u128::from(u32::MAX)),
        Family::V6 => Ranges::all(),
    }
}

/// Addresses that are not on the public Internet (IANA special-purpose address registries).
const NOT_PUBLIC: [&str; 21] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/8",
    "100::/64",
    "2001:db8::/32",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "168.63.129.16/32",
];

/// The addresses of a family that are not on the public Internet.
pub(super) fn not_public(family: Family) -> Ranges<u128> {
    let blocks = NOT_PUBLIC.iter().filter_map(|text| Block::parse(text));
    let of_family = blocks.filter(|block| block.family == family);
    of_family.map(|block| (block.first, block.last)).collect()
}

/// Addresses of networks that are not the Internet: RFC 1918, RFC 6598 and RFC 4193.
const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
];

/// The addresses of a family that are of networks inside.
pub(super) fn private(family: Family) -> Ranges<u128> {
    let blocks = PRIVATE.iter().filter_map(|text| Block::parse(text));
    let of_family = blocks.filter(|block| block.family == family);
    of_family.map(|block| (block.first, block.last)).collect()
}

/// Whether an address is one of the public Internet: neither private nor link-local, nor one of those that
/// documentation uses (RFC 5737, RFC 3849).
pub(crate) fn is_public(address: IpAddr) -> bool {
    !not_public(Family::of(address)).contains(number(address))
}

/// A set of addresses of both families.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct AddressSet {
    v4: Ranges<u128>,
    v6: Ranges<u128>,
}

impl AddressSet {
    /// Blocks, less others.
    pub(super) fn new(blocks: &[Block], except: &[Block]) -> Self {
        let of = |blocks: &[Block], family: Family| -> Ranges<u128> {
            let same = blocks.iter().filter(|block| block.family == family);
            same.map(|block| (block.first, block.last)).collect()
        };
        let less = |family| of(blocks, family).minus(&of(except, family));
        Self {
            v4: less(Family::V4),
            v6: less(Family::V6),
        }
    }

    /// Addresses of one family.
    pub(super) fn only(family: Family, addresses: Ranges<u128>) -> Self {
        let mut set = Self::default();
        match family {
            Family::V4 => set.v4 = addresses,
            Family::V6 => set.v6 = addresses,
        }
        set
    }

    pub(super) fn of(&self, family: Family) -> &Ranges<u128> {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    #[cfg(test)]
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.of(Family::of(address)).contains(number(address))
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self {
            v4: self.v4.union(&other.v4),
            v6: self.v6.union(&other.v6),
        }
    }

    /// Whether it holds every address of the family.
    pub(super) fn is_whole(&self, family: Family) -> bool {
        *self.of(family) == whole(family)
    }
}

/// An address block, for example `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) family: Family,
    pub(super) first: u128,
    pub(super) last: u128,
}

impl Block {
    pub(super) fn single(address: IpAddr) -> Self {
        let number = number(address);
        Self {
            family: Family::of(address),
            first: number,
            last: number,
        }
    }

    /// `address/length`, read as Go's `net.ParseCIDR` does: host bits are dropped.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        // Rust would take `+8` and Go does not.
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let length: u32 = length.parse().ok()?;
        let (family, bits) = match address {
            IpAddr::V4(_) => (Family::V4, 32),
            IpAddr::V6(_) => (Family::V6, 128),
        };
        let free = u32::checked_sub(bits, length)?;
        let mask = match free {
            128 => u128::MAX,
            free => (1_u128 << free) - 1,
        };
        let first = number(address) & !mask;
        Some(Self {
            family,
            first,
            last: first | mask,
        })
    }

    /// A block, or an address alone.
    pub(super) fn parse_either(text: &str) -> Option<Self> {
        match text.parse::<IpAddr>() {
            Ok(address) => Some(Self::single(address)),
            Err(_) => Self::parse(text),
        }
    }

    /// Whether `other` lies inside.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.family == other.family && self.first <= other.first && other.last <= self.last
    }
}

#[cfg(test)]
mod tests;
