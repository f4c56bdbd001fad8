//! Calico's host endpoints: which of them guards a connection that enters or leaves a node.
//!
//! A host endpoint stands for one interface of a node, or with `interfaceName: "*"` for all that have no
//! endpoint of their own (projectcalico/calico `felix/rules/dispatch.go`, `hostDispatchChains`; tigera/docs
//! "Apply policy to forwarded traffic"). Estates do not say which interface has which address; an
//! endpoint's `expectedIPs` do.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde_json::Value;
use viewshed_model::Cluster;

use super::{AddressFact, Body, Kind, Places, spec_of};
use crate::network::address::{Family, address};
use crate::network::eval::Tri;

/// The profile that lets everything through (`libcalico-go/lib/resources/default_profile.go`).
const OPEN_PROFILE: &str = "projectcalico-default-allow";
/// Profiles that Calico makes of namespaces, which let everything through, and of service accounts, which
/// say nothing (`libcalico-go/lib/backend/k8s/conversion`).
const OF_NAMESPACE: &str = "kns.";
const OF_ACCOUNT: &str = "ksa.";

/// A Calico host endpoint that stands for an interface of a node, or for all of them.
#[derive(Debug, Clone)]
pub(in crate::network) struct HostEndpoint<'c> {
    pub(in crate::network) labels: &'c BTreeMap<String, String>,
    /// Whether it stands for every interface without an endpoint of its own.
    is_wildcard: bool,
    /// `expectedIPs`: addresses of its interface.
    pub(in crate::network) addresses: Vec<IpAddr>,
    /// Names of its profiles, which decide what no policy decides.
    pub(in crate::network) profiles: Vec<String>,
    /// Whether one of them is known to let everything through; may be, where one is not in the estate.
    pub(in crate::network) is_open: Tri,
}

/// How a connection enters or leaves a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum Passage {
    /// By the interface of a pod of the node.
    Workload,
    /// By one of the node's own interfaces; nobody knows which.
    Host,
}

/// Numbers of the host endpoints that may guard a connection; `None` where none does.
pub(in crate::network) type Guards = Vec<Option<u32>>;

/// All host endpoints of a cluster, and the nodes that they stand for.
pub(super) fn host_endpoints<'c>(
    cluster: &'c Cluster,
    nodes: &FxHashMap<&str, u32>,
) -> (Vec<HostEndpoint<'c>>, BTreeMap<u32, Vec<u32>>) {
    let settings = &cluster.network_settings;
    let known: Vec<&str> = settings
        .iter()
        .filter(|setting| setting.kind == "Profile")
        .map(|setting| setting.meta.name.as_str())
        .collect();
    let mut found = Vec::new();
    let mut by_node: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for setting in settings.iter().filter(|one| one.kind == "HostEndpoint") {
        let spec = spec_of(setting);
        let text = |key: &str| spec.get(key).and_then(Value::as_str);
        let Some(node) = text("node").and_then(|name| nodes.get(name)) else {
            continue;
        };
        let texts = |key: &str| {
            let list = spec.get(key).and_then(Value::as_array);
            let texts = list.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect::<Vec<String>>()
        };
        let profiles = texts("profiles");
        let number = u32::try_from(found.len()).unwrap_or(u32::MAX);
        by_node.entry(*node).or_default().push(number);
        let addresses = texts("expectedIPs").into_iter();
        found.push(HostEndpoint {
            labels: &setting.meta.labels,
            is_wildcard: text("interfaceName") == Some("*"),
            addresses: addresses.filter_map(|text| text.parse().ok()).collect(),
            is_open: openness(&profiles, &known),
            profiles,
        });
    }
    (found, by_node)
}

fn openness(profiles: &[String], known: &[&str]) -> Tri {
    let of = |name: &String| {
        if name == OPEN_PROFILE || name.starts_with(OF_NAMESPACE) {
            Tri::Yes
        } else if name.starts_with(OF_ACCOUNT) || known.contains(&name.as_str()) {
            // What it says stands in rules of its own.
            Tri::No
        } else {
            Tri::Maybe
        }
    };
    profiles.iter().map(of).max().unwrap_or(Tri::No)
}

impl Places<'_> {
    pub(in crate::network) fn host_endpoint(&self, number: u32) -> Option<&HostEndpoint<'_>> {
        self.host_endpoints.get(number as usize)
    }

    /// Whether an endpoint stands for every interface without one of its own.
    pub(in crate::network) fn is_wildcard(&self, number: u32) -> bool {
        let endpoint = self.host_endpoint(number);
        endpoint.is_some_and(|endpoint| endpoint.is_wildcard)
    }

    /// The node's endpoints with an interface of their own, and the one for all others.
    fn guards(&self, node: u32) -> (Vec<u32>, Option<u32>) {
        let all = self.guards_of_node.get(&node).into_iter().flatten();
        let is_wildcard = |number: &u32| self.is_wildcard(*number);
        let (wildcards, named): (Vec<u32>, Vec<u32>) = all.copied().partition(is_wildcard);
        (named, wildcards.first().copied())
    }

    /// Whether some interface of a node has a host endpoint of its own.
    pub(in crate::network) fn has_named_guards(&self, body: &Body<'_>) -> bool {
        let node = body.node.filter(|_| body.kind == Kind::Node);
        node.is_some_and(|node| !self.guards(node).0.is_empty())
    }

    /// The endpoints that may guard what passes a node.
    pub(in crate::network) fn guards_at(&self, node: u32, passage: Passage) -> Guards {
        let (named, wildcard) = self.guards(node);
        let mut found: Guards = match passage {
            Passage::Workload => Vec::new(),
            Passage::Host => named.into_iter().map(Some).collect(),
        };
        found.push(wildcard);
        found
    }

    /// The endpoints that may guard what ends or begins at a node, by the addresses that it is meant with.
    pub(in crate::network) fn guards_of(&self, body: &Body<'_>) -> Guards {
        let node = body.node.filter(|_| body.kind == Kind::Node);
        let Some(node) = node.filter(|_| !self.host_endpoints.is_empty()) else {
            return vec![None];
        };
        let (named, wildcard) = self.guards(node);
        if named.is_empty() {
            return vec![wildcard];
        }
        let mut found: Guards = Vec::new();
        for family in Family::BOTH {
            let addresses: Vec<Option<IpAddr>> = match body.address(family) {
                AddressFact::Absent => Vec::new(),
                AddressFact::Unknown => vec![None],
                AddressFact::Known(one) => vec![Some(address(family, *one))],
                AddressFact::Several(all) => {
                    let all = all.iter().map(|one| Some(address(family, *one)));
                    all.collect()
                }
            };
            for address in addresses {
                self.add_guards(address, (&named, wildcard), &mut found);
            }
        }
        if found.is_empty() {
            found.push(wildcard);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The endpoint that expects the address; else those that do not say which addresses they have, and
    /// the one for all other interfaces.
    fn add_guards(
        &self,
        address: Option<IpAddr>,
        (named, wildcard): (&[u32], Option<u32>),
        found: &mut Guards,
    ) {
        let addresses = |number: &u32| self.host_endpoint(*number).map(|one| &one.addresses);
        let expects = |number: &&u32| {
            let listed = addresses(number);
            address.is_some_and(|address| listed.is_some_and(|all| all.contains(&address)))
        };
        if let Some(number) = named.iter().find(expects) {
            found.push(Some(*number));
            return;
        }
        // One that lists addresses of the other family says nothing of this one.
        let is_open = |number: &&u32| {
            let family = address.map(Family::of);
            let of_family = |one: &IpAddr| Some(Family::of(*one)) == family;
            addresses(number).is_none_or(|all| !all.iter().any(of_family))
        };
        found.extend(named.iter().filter(is_open).copied().map(Some));
        found.push(wildcard);
    }
}
