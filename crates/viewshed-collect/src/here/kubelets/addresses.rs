//! ENTERS: the addresses by which nodes are known from inside a pod.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use viewshed_decode::text::clean;
use viewshed_model::{Node, Sight, Surroundings};

use crate::docker::Address;
use crate::environment::Environment;
use crate::kubelet;

/// Variables in which pods are usually given the address of their node (`fieldRef: status.hostIP`).
const VARIABLES: [&str; 6] = [
    "DD_KUBERNETES_KUBELET_HOST",
    "HOST_IP",
    "KUBERNETES_NODE_IP",
    "MY_HOST_IP",
    "MY_NODE_IP",
    "NODE_IP",
];

/// Where a kubelet may listen, and what told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) address: Address,
    pub(super) from: String,
}

impl Known {
    /// Whether the port is the one that kubelets have unless told otherwise.
    pub(super) fn is_usual_port(&self) -> bool {
        matches!(&self.address, Address::Tcp { port, .. } if *port == Some(kubelet::PORT))
    }

    /// The same host on another port.
    pub(super) fn on(&self, port: u16) -> Address {
        match &self.address {
            Address::Tcp { host, .. } => Address::Tcp {
                host: host.clone(),
                port: Some(port),
            },
            other @ (Address::Unix(_) | Address::Ssh { .. }) => other.clone(),
        }
    }
}

/// Every address once: those that lists of nodes show, the one that a variable holds, the own one where the network is
/// that of the node, and the gateway of the pod's network, which is the node itself where plugins make bridges.
pub(super) fn addresses(
    environment: &Environment,
    surroundings: &Surroundings,
    sights: &[Sight],
) -> Vec<Known> {
    let mut found: BTreeMap<(String, u16), String> = BTreeMap::new();
    let mut order = Vec::new();
    let mut add = |host: &str, port: u16, from: String| {
        let key = (host.to_owned(), port);
        if let std::collections::btree_map::Entry::Vacant(entry) = found.entry(key.clone()) {
            entry.insert(from);
            order.push(key);
        }
    };
    if surroundings.host.network {
        let own = Ipv4Addr::LOCALHOST.to_string();
        add(
            &own,
            kubelet::PORT,
            "the network is that of the node".to_owned(),
        );
    }
    for name in VARIABLES {
        let value = environment.variable(name).map(str::trim);
        if let Some(address) = value.filter(|value| value.parse::<IpAddr>().is_ok()) {
            add(
                address,
                kubelet::PORT,
                format!("the variable {name} names it"),
            );
        }
    }
    if let Some(gateway) = gateway(environment).filter(|_| !surroundings.host.network) {
        let from = "the gateway of the network".to_owned();
        add(&gateway.to_string(), kubelet::PORT, from);
    }
    for node in sights.iter().flat_map(|sight| &sight.cluster.nodes) {
        let Some(address) = own_address(node) else {
            continue;
        };
        let port = match node.kubelet_port {
            0 => kubelet::PORT,
            port => port,
        };
        add(&address, port, format!("node {}", clean(&node.meta.name)));
    }
    let known = order.into_iter().filter_map(|key| {
        let from = found.remove(&key)?;
        let (host, port) = key;
        let address = Address::Tcp {
            host,
            port: Some(port),
        };
        Some(Known { address, from })
    });
    known.collect()
}

/// The first of a node's addresses that is one.
fn own_address(node: &Node) -> Option<String> {
    let mut addresses = node.addresses.iter();
    let found = addresses.find(|address| address.parse::<IpAddr>().is_ok());
    found.cloned()
}

/// The default gateway (`/proc/net/route`, proc(5): addresses are hexadecimal in the machine's byte order).
fn gateway(environment: &Environment) -> Option<Ipv4Addr> {
    let routes = fs::read_to_string(environment.path("/proc/net/route")).ok()?;
    let mut routes = routes.lines().skip(1);
    routes.find_map(|route| {
        let mut columns = route.split_whitespace().skip(1);
        let (to, by) = (columns.next()?, columns.next()?);
        let by = u32::from_str_radix(by, 16).ok()?;
        let is_default = to == "00000000" && by != 0;
        is_default.then(|| Ipv4Addr::from(by.to_ne_bytes()))
    })
}
