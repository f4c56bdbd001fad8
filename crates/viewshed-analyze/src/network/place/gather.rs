//! From the cluster's objects to its places.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{Cluster, Node, Pod, PodSpec, Workload};

use super::agentless::disown;
use super::guard::host_endpoints;
use super::{
    AddressFact, Body, Found, FurtherNetworks, Kind, MadeBy, NOT_API_SERVER, NamespaceFacts,
    NodePlace, Origin, Places, PodPlace, goes_on, spec_of,
};
use crate::network::address::{Block, Family, number};
use crate::network::cni::Profile;
use crate::network::ports::DeclaredPort;
use crate::network::ranges::Ranges;

/// Numbers for namespaces, in order of their names.
struct Namespaces<'c> {
    facts: Vec<NamespaceFacts<'c>>,
    numbers: FxHashMap<&'c str, u32>,
}

impl<'c> Namespaces<'c> {
    fn of(cluster: &'c Cluster, profile: &Profile) -> Self {
        let mut labels: BTreeMap<&str, Option<&BTreeMap<String, String>>> = BTreeMap::new();
        // Lists come namespace by namespace.
        let mut last = None;
        for pod in &cluster.pods {
            let namespace = pod.meta.namespace_or_empty();
            if last.replace(namespace) != Some(namespace) {
                labels.entry(namespace).or_default();
            }
        }
        for workload in &cluster.workloads {
            let namespace = workload.meta.namespace_or_empty();
            labels.entry(namespace).or_default();
        }
        if let Some(name) = profile.host_network_namespace {
            labels.entry(name).or_default();
        }
        for namespace in &cluster.namespaces {
            let meta = &namespace.meta;
            labels.insert(meta.name.as_str(), Some(&meta.labels));
        }
        let facts: Vec<NamespaceFacts<'_>> = labels
            .into_iter()
            .map(|(name, labels)| NamespaceFacts { name, labels })
            .collect();
        let numbers = (0..).zip(&facts).map(|(index, one)| (one.name, index));
        Self {
            numbers: numbers.collect(),
            facts,
        }
    }

    fn get(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

pub(super) fn gather<'c>(cluster: &'c Cluster, profile: &Profile) -> Places<'c> {
    let families = families(cluster);
    let namespaces = Namespaces::of(cluster, profile);
    let api_servers = api_server_addresses(cluster);
    let host_namespace = profile
        .host_network_namespace
        .and_then(|name| namespaces.get(name));
    let mut nodes = node_places(cluster, &families, (&api_servers, host_namespace));
    let node_numbers: FxHashMap<&str, u32> = nodes
        .iter()
        .zip(0..)
        .map(|(node, index)| (node.name, index))
        .collect();
    let mut pods = pod_places(cluster, &namespaces, &node_numbers, &families);
    address_by_pods(&mut nodes, &pods);
    disown(&mut pods, &nodes);
    for pod in pods.iter_mut().filter(|pod| pod.is_on_host) {
        let node = pod.body.node.and_then(|index| {
            let index = usize::try_from(index).ok()?;
            nodes.get(index)
        });
        pod.body = match node {
            Some(node) => node.body.clone(),
            None => Body {
                addresses: pod.body.addresses.clone(),
                namespace: host_namespace,
                ..node_body(None, &families)
            },
        };
    }
    let further_networks = further_networks(&pods);
    let (host_endpoints, guards_of_node) = host_endpoints(cluster, &node_numbers);
    let (mut by_address, shared_addresses) = by_address(&pods, &nodes);
    for (node, numbers) in &guards_of_node {
        let of_node = numbers
            .iter()
            .filter_map(|one| host_endpoints.get(*one as usize));
        for address in of_node.flat_map(|endpoint| &endpoint.addresses) {
            by_address.entry(*address).or_insert(Found::Node(*node));
        }
    }
    let accounts = cluster.service_accounts.iter().map(|account| {
        let meta = &account.meta;
        let key = (meta.namespace_or_empty(), meta.name.as_str());
        (key, &meta.labels)
    });
    Places {
        cluster,
        pods,
        host_endpoints,
        guards_of_node,
        namespaces: namespaces.facts,
        accounts: accounts.collect(),
        pod_ranges: Family::BOTH.map(|family| pod_ranges(cluster, family)),
        api_server_outside: api_servers
            .into_iter()
            .filter(|address| !by_address.contains_key(address))
            .collect(),
        families,
        nodes,
        by_address,
        shared_addresses,
        workloads: workloads_by_name(cluster),
        further_networks,
    }
}

fn node_places<'c>(
    cluster: &'c Cluster,
    families: &[Family],
    (api_servers, host_namespace): (&[IpAddr], Option<u32>),
) -> Vec<NodePlace<'c>> {
    let api_nodes = api_server_nodes(cluster);
    latest_nodes(cluster)
        .into_iter()
        .zip(0..)
        .map(|((name, node), index)| {
            let mut body = node_body(node, families);
            body.node = Some(index);
            body.namespace = host_namespace;
            let addresses = node.into_iter().flat_map(|node| &node.addresses);
            let addresses = addresses.filter_map(|text| text.parse().ok());
            let taken = addresses.filter(|address: &IpAddr| api_servers.contains(address));
            let taken: Vec<Family> = taken.map(Family::of).collect();
            // Its endpoints are addresses: the same node's other family is none of them.
            body.api_server = if taken.is_empty() {
                [api_nodes.contains(name); 2]
            } else {
                Family::BOTH.map(|family| taken.contains(&family))
            };
            NodePlace { name, node, body }
        })
        .collect()
}

/// Nodes that the estate does not have get the addresses that pods tell of theirs.
fn address_by_pods(nodes: &mut [NodePlace<'_>], pods: &[PodPlace<'_>]) {
    for pod in pods {
        let node = pod.body.node.and_then(|node| nodes.get_mut(node as usize));
        let Some(node) = node.filter(|node| node.node.is_none()) else {
            continue;
        };
        let told = known_addresses(node_addresses(pod));
        for (known, own) in node.body.addresses.iter_mut().zip(told) {
            if *known == AddressFact::Unknown && own != AddressFact::Absent {
                *known = own;
            }
        }
    }
}

/// Addresses of its node that a pod tells: `status.hostIPs`, and its own where it shares the node's network.
fn node_addresses<'c>(pod: &PodPlace<'c>) -> &'c [String] {
    match pod.origin {
        Origin::Pod(of) if !of.host_ips.is_empty() => &of.host_ips,
        Origin::Pod(of) if pod.is_on_host && !pod.has_ended => &of.ips,
        Origin::Pod(_) | Origin::Workload(_) => &[],
    }
}

/// The networks beside the cluster's that each pod is attached to, if any; those on their node's network are attached
/// to none.
fn further_networks(pods: &[PodPlace<'_>]) -> FurtherNetworks {
    let mut numbers: BTreeMap<BTreeSet<String>, u32> = BTreeMap::new();
    let mut found = FurtherNetworks::default();
    for (pod, index) in pods.iter().zip(0_u32..) {
        let named = &pod.origin.spec().further_networks;
        if named.is_empty() || pod.is_on_host {
            continue;
        }
        let namespace = pod.origin.meta().namespace_or_empty();
        let full = named.iter().map(|name| match name.split_once('/') {
            Some(_) => name.clone(),
            None => format!("{namespace}/{name}"),
        });
        let full: BTreeSet<String> = full.collect();
        let next = u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX);
        let number = *numbers.entry(full.clone()).or_insert(next);
        found.of_pods.insert(index, (number, full));
    }
    found
}

/// Pods and workloads without pods, by namespace and name.
fn pod_places<'c>(
    cluster: &'c Cluster,
    namespaces: &Namespaces<'c>,
    nodes: &FxHashMap<&str, u32>,
    families: &[Family],
) -> Vec<PodPlace<'c>> {
    let mut pods: Vec<PodPlace<'_>> = latest_pods(cluster)
        .into_iter()
        .map(|pod| pod_place(pod, namespaces, nodes, families))
        .collect();
    pods.extend(podless_workloads(cluster).map(|workload| {
        let body = pod_body(
            (&workload.meta, &workload.pod_labels),
            &workload.template,
            namespaces.get(workload.meta.namespace_or_empty()),
            families,
        );
        PodPlace {
            origin: Origin::Workload(workload),
            body: Body {
                is_owned: true,
                made_by: Some(MadeBy {
                    kind: &workload.kind,
                    name: &workload.meta.name,
                }),
                ..body
            },
            is_on_host: workload.template.host.network,
            has_ended: false,
        }
    }));
    pods.par_sort_by(|a, b| {
        let key = |pod: &PodPlace<'c>| {
            let meta = pod.origin.meta();
            (meta.namespace_or_empty(), meta.name.as_str())
        };
        key(a).cmp(&key(b))
    });
    pods
}

fn workloads_by_name(cluster: &Cluster) -> BTreeMap<(&str, &str, &str), &Workload> {
    let named = cluster.workloads.iter().map(|workload| {
        let meta = &workload.meta;
        let namespace = meta.namespace_or_empty();
        (
            (namespace, workload.kind.as_str(), meta.name.as_str()),
            workload,
        )
    });
    named.collect()
}

/// Sorted by namespace and name; the last of several pods with one name counts, as after `kubectl apply`.
fn latest_pods(cluster: &Cluster) -> Vec<&Pod> {
    fn key(pod: &Pod) -> (&str, &str) {
        (pod.meta.namespace_or_empty(), &pod.meta.name)
    }
    let mut pods: Vec<&Pod> = cluster.pods.iter().rev().collect();
    pods.par_sort_by(|a, b| key(a).cmp(&key(b)));
    pods.dedup_by(|a, b| key(a) == key(b));
    pods
}

/// Nodes by name, also those that only pods speak of.
fn latest_nodes(cluster: &Cluster) -> BTreeMap<&str, Option<&Node>> {
    let mut named: FxHashSet<&str> = FxHashSet::default();
    let of_pods = cluster.pods.iter().map(|pod| pod.node.as_str());
    let of_pods = of_pods
        .filter(|name| named.insert(name))
        .map(|name| (name, None));
    let of_nodes = cluster
        .nodes
        .iter()
        .map(|node| (node.meta.name.as_str(), Some(node)));
    let mut found: BTreeMap<&str, Option<&Node>> = of_pods.collect();
    found.extend(of_nodes);
    found.remove("");
    found
}

/// Workloads of which no pod is in the estate: a manifest, or a job that runs later. On a running
/// server, a workload that keeps no pods now has no place.
fn podless_workloads(cluster: &Cluster) -> impl Iterator<Item = &Workload> {
    let mut candidates = cluster
        .workloads
        .iter()
        .filter(|workload| workload.kind != "PodTemplate")
        .filter(|workload| !cluster.is_live || workload.kind == "CronJob")
        // A workload of a workload is made from the template of the upper one.
        .filter(|workload| workload.meta.owner.is_none())
        .peekable();
    let has_candidates = candidates.peek().is_some();
    let mut owners: FxHashSet<(&str, &str, &str)> = FxHashSet::default();
    let of_pods = cluster.pods.iter().map(|pod| &pod.meta);
    let of_workloads = cluster.workloads.iter().map(|workload| &workload.meta);
    for meta in of_pods.chain(of_workloads).filter(|_| has_candidates) {
        if let Some(owner) = &meta.owner {
            let namespace = meta.namespace_or_empty();
            owners.insert((namespace, owner.kind.as_str(), owner.name.as_str()));
        }
    }
    let latest: BTreeMap<(&str, &str, &str), &Workload> = candidates
        .map(|workload| {
            let meta = &workload.meta;
            let key = (
                meta.namespace_or_empty(),
                workload.kind.as_str(),
                meta.name.as_str(),
            );
            (key, workload)
        })
        .filter(|(key, _)| !owners.contains(key))
        .collect();
    latest.into_values()
}

fn pod_place<'c>(
    pod: &'c Pod,
    namespaces: &Namespaces<'c>,
    nodes: &FxHashMap<&str, u32>,
    families: &[Family],
) -> PodPlace<'c> {
    let namespace = namespaces.get(pod.meta.namespace_or_empty());
    let mut body = pod_body(
        (&pod.meta, &pod.meta.labels),
        &pod.spec,
        namespace,
        families,
    );
    body.node = nodes.get(pod.node.as_str()).copied();
    if !pod.ips.is_empty() {
        body.addresses = known_addresses(&pod.ips);
    }
    PodPlace {
        origin: Origin::Pod(pod),
        body,
        is_on_host: pod.spec.host.network,
        has_ended: matches!(pod.phase.as_str(), "Succeeded" | "Failed"),
    }
}

fn pod_body<'c>(
    (meta, labels): (&'c viewshed_model::Meta, &'c BTreeMap<String, String>),
    spec: &'c PodSpec,
    namespace: Option<u32>,
    families: &[Family],
) -> Body<'c> {
    let unknown = |family| {
        if families.contains(&family) {
            AddressFact::Unknown
        } else {
            AddressFact::Absent
        }
    };
    Body {
        kind: Kind::Pod,
        namespace,
        labels: Some(labels),
        account: match spec.service_account.as_str() {
            "" => "default",
            name => name,
        },
        ports: declared_ports(spec),
        node: None,
        made_by: None,
        is_owned: meta.owner.is_some(),
        addresses: Family::BOTH.map(unknown),
        api_server: NOT_API_SERVER,
    }
}

/// Named ports of the ordinary containers and sidecars, sorted.
fn declared_ports(spec: &PodSpec) -> Vec<DeclaredPort<'_>> {
    let mut ports: Vec<DeclaredPort<'_>> = spec
        .containers
        .iter()
        .filter(|container| goes_on(container))
        .flat_map(|container| &container.ports)
        .filter(|port| !port.name.is_empty() && port.port != 0)
        .filter_map(|port| {
            Some(DeclaredPort {
                name: port.name.as_str(),
                protocol: port.protocol.parse().ok()?,
                port: port.port,
            })
        })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn node_body<'c>(node: Option<&'c Node>, families: &[Family]) -> Body<'c> {
    let mut addresses = known_addresses(node.map_or(&[], |node| node.addresses.as_slice()));
    if addresses == [AddressFact::Absent, AddressFact::Absent] {
        // A manifest has no status: the node has addresses all the same.
        addresses = Family::BOTH.map(|family| {
            if families.contains(&family) {
                AddressFact::Unknown
            } else {
                AddressFact::Absent
            }
        });
    }
    Body {
        kind: Kind::Node,
        namespace: None,
        labels: node.map(|node| &node.meta.labels),
        account: "",
        ports: Vec::new(),
        node: None,
        made_by: None,
        is_owned: false,
        addresses,
        api_server: NOT_API_SERVER,
    }
}

/// By family; texts that are no addresses (host names) are left out.
fn known_addresses(texts: &[String]) -> [AddressFact; 2] {
    Family::BOTH.map(|family| {
        let mut found: Vec<u128> = Vec::new();
        for address in texts.iter().filter_map(|text| text.parse::<IpAddr>().ok()) {
            let number = number(address);
            if Family::of(address) == family && !found.contains(&number) {
                found.push(number);
            }
        }
        match found.as_slice() {
            [] => AddressFact::Absent,
            [one] => AddressFact::Known(*one),
            _ => AddressFact::Several(found),
        }
    })
}

/// Families that pods use, by everything that shows them; IPv4 where nothing does.
fn families(cluster: &Cluster) -> Vec<Family> {
    let of_pods = cluster.pods.iter().flat_map(|pod| &pod.ips);
    let of_services = cluster.services.iter().flat_map(|one| &one.cluster_ips);
    let of_nodes = cluster.nodes.iter().flat_map(|node| &node.pod_cidrs);
    let texts = of_pods.chain(of_services).chain(of_nodes);
    let mut seen: BTreeSet<Family> = BTreeSet::new();
    for text in texts {
        if let Some(block) = Block::parse_either(text) {
            seen.insert(block.family);
        }
        if seen.len() == Family::BOTH.len() {
            break;
        }
    }
    if seen.is_empty() {
        seen.insert(Family::V4);
    }
    seen.into_iter().collect()
}

/// Where pods get their addresses: `podCIDRs` of the nodes, Calico's pools, `--cluster-cidr`.
fn pod_ranges(cluster: &Cluster, family: Family) -> Ranges<u128> {
    let of_nodes = cluster.nodes.iter().flat_map(|node| node.pod_cidrs.clone());
    let of_pools = cluster
        .network_settings
        .iter()
        .filter(|setting| setting.kind == "IPPool")
        .filter_map(|setting| Some(spec_of(setting).get("cidr")?.as_str()?.to_owned()));
    let of_flags = cluster
        .pods
        .iter()
        .filter(|pod| pod.meta.namespace_or_empty() == "kube-system")
        .flat_map(|pod| &pod.spec.containers)
        .flat_map(|container| &container.flags)
        .filter(|(flag, _)| flag == "cluster-cidr")
        .filter_map(|(_, value)| value.as_deref())
        .flat_map(|value| value.split(',').map(str::to_owned));
    of_nodes
        .chain(of_pools)
        .chain(of_flags)
        .filter_map(|text| Block::parse(&text))
        .filter(|block| block.family == family)
        .map(|block| (block.first, block.last))
        .collect()
}

/// Addresses behind the service `default/kubernetes`.
fn api_server_addresses(cluster: &Cluster) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = cluster
        .endpoints
        .iter()
        .filter(|slice| {
            slice.service == "kubernetes" && slice.meta.namespace_or_empty() == "default"
        })
        .flat_map(|slice| &slice.addresses)
        .filter_map(|text| text.parse().ok())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Nodes that run a kube-apiserver pod (kubeadm's static pods have this label).
fn api_server_nodes(cluster: &Cluster) -> BTreeSet<&str> {
    cluster
        .pods
        .iter()
        .filter(|pod| {
            pod.meta.namespace_or_empty() == "kube-system"
                && pod
                    .meta
                    .labels
                    .get("component")
                    .is_some_and(|component| component == "kube-apiserver")
        })
        .map(|pod| pod.node.as_str())
        .filter(|node| !node.is_empty())
        .collect()
}

/// Which place has an address, and which addresses several have. A node's address is the node's, whatever
/// pods share it.
fn by_address(
    pods: &[PodPlace<'_>],
    nodes: &[NodePlace<'_>],
) -> (FxHashMap<IpAddr, Found>, BTreeMap<IpAddr, Vec<Found>>) {
    let mut found: FxHashMap<IpAddr, Found> = FxHashMap::default();
    found.reserve(pods.len());
    let mut shared: BTreeMap<IpAddr, Vec<Found>> = BTreeMap::new();
    let mut note = |address: IpAddr, place: Found| {
        let first = *found.entry(address).or_insert(place);
        if first != place {
            let places = shared.entry(address).or_insert_with(|| vec![first]);
            if !places.contains(&place) {
                places.push(place);
            }
        }
    };
    for (place, index) in nodes.iter().zip(0..) {
        let addresses = place.node.into_iter().flat_map(|node| &node.addresses);
        for address in addresses.filter_map(|text| text.parse().ok()) {
            note(address, Found::Node(index));
        }
    }
    // Of nodes that only pods speak of.
    let mut told: FxHashSet<(u32, &String)> = FxHashSet::default();
    for pod in pods {
        let node = pod.body.node.filter(|node| {
            let place = nodes.get(*node as usize);
            place.is_some_and(|place| place.node.is_none())
        });
        let addresses = node.into_iter().flat_map(|node| {
            let told = node_addresses(pod).iter();
            told.map(move |text| (node, text))
        });
        for (node, text) in addresses {
            if let (true, Ok(address)) = (told.insert((node, text)), text.parse()) {
                note(address, Found::Node(node));
            }
        }
    }
    let own = |pod: &PodPlace<'_>| match pod.origin {
        Origin::Pod(pod) if !pod.spec.host.network => {
            let addresses = pod.ips.iter().filter_map(|text| text.parse().ok());
            addresses.collect::<Vec<IpAddr>>()
        }
        Origin::Pod(_) | Origin::Workload(_) => Vec::new(),
    };
    for (pod, index) in pods.iter().zip(0..).filter(|(pod, _)| !pod.has_ended) {
        for address in own(pod) {
            note(address, Found::Pod(index));
        }
    }
    // Addresses of pods that have ended are given out again.
    for (pod, index) in pods.iter().zip(0..).filter(|(pod, _)| pod.has_ended) {
        for address in own(pod) {
            found.entry(address).or_insert(Found::Pod(index));
        }
    }
    (found, shared)
}
