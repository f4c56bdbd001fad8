//! The IPv4 way out of pods of IPv6 clusters on AWS.

use std::net::{IpAddr, Ipv4Addr};

use super::address::Family;
use super::answer::Asked;
use super::doubt::{About, Doubt};
use super::ends::{End, Which};
use super::goals::TargetPoint;
use super::index::NetworkIndex;
use super::place::{AddressFact, Kind};

impl<'c> NetworkIndex<'c> {
    /// What a pod of an IPv6 cluster reaches by the IPv4 interface that it has for leaving alone: everything outside
    /// the pods' network, whatever policies say (aws/amazon-vpc-cni-k8s README, `ENABLE_V4_EGRESS`; Amazon EKS user
    /// guide, "Limit Pod traffic with Kubernetes network policies": a policy holds for the pod's primary interface,
    /// and in IPv6 clusters for IPv6 alone).
    pub(super) fn way_out(&self, from: &End<'c>, to: &End<'c>, asked: &Asked) -> Option<Doubt> {
        let Which::Pod(pod) = from.which else {
            return None;
        };
        let place = self.places.pods.get(pod as usize)?;
        let has_ipv4 = |end: &End<'c>| match end.body.address(Family::V4) {
            AddressFact::Absent | AddressFact::Unknown => false,
            AddressFact::Known(_) | AddressFact::Several(_) => true,
        };
        if place.has_ended || place.is_on_host || has_ipv4(from) || !self.is_beyond_way_out(to) {
            return None;
        }
        Some(Doubt {
            fact: format!(
                "{} has an IPv4 interface of its own for leaving the cluster, at which policies do not hold",
                from.what
            ),
            ports: asked.ports(),
            about: About::Passes,
        })
    }

    /// Whether an end lies where that interface leads.
    pub(super) fn is_beyond_way_out(&self, to: &End<'c>) -> bool {
        self.profile.has_ipv4_way_out
            && matches!(to.body.kind, Kind::Outside | Kind::Node)
            && *to.body.address(Family::V4) != AddressFact::Absent
    }

    /// Whether connections leave the cluster in a family.
    pub(super) fn leaves_by(&self, family: Family) -> bool {
        let is_way_out = family == Family::V4 && self.profile.has_ipv4_way_out;
        is_way_out || self.places.families.contains(&family)
    }

    /// Public IPv4 addresses, where only that interface leads to them.
    pub(super) fn beyond_way_out(&self) -> Option<TargetPoint<'c>> {
        if !self.leaves_by(Family::V4) || self.places.families.contains(&Family::V4) {
            return None;
        }
        Some(self.public_point(IpAddr::V4(PUBLIC)))
    }
}

/// Stands for the public addresses.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(1, 0, 0, 0);
