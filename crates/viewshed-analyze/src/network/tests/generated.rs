//! Generated clusters: small vocabularies, so that selectors, blocks and ports overlap all the time.

mod calico;
mod cilium;

use serde_json::{Map, Value, json};

const NAMESPACES: [&str; 4] = ["a", "b", "c", "d"];
const KEYS: [&str; 3] = ["app", "tier", "env"];
const VALUES: [&str; 3] = ["x", "y", "z"];
const PORT_NAMES: [&str; 3] = ["web", "dns", "db"];
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
pub(super) const PORTS: [u16; 6] = [1, 53, 80, 81, 8080, 65_535];
const BLOCKS: [&str; 9] = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.1.0/24",
    "10.0.1.0/30",
    "10.0.2.4/32",
    "192.0.2.0/24",
    "192.0.2.128/25",
    "192.0.2.7/32",
    "128.0.0.0/1",
];
pub(super) const OUTSIDE: [&str; 4] = ["192.0.2.7", "192.0.2.200", "8.8.8.8", "10.0.2.77"];

/// Nodes and their addresses.
pub(super) const NODES: [(&str, &str); 2] = [("n1", "10.9.0.1"), ("n2", "10.9.0.2")];
/// Where the API server answers, outside the cluster; one of [`OUTSIDE`].
pub(super) const API_SERVER: &str = "192.0.2.200";
/// Service accounts of every namespace.
const ACCOUNTS: [&str; 2] = ["one", "two"];

/// `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound
    }

    pub(super) fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| make(self)).collect()
    }

    fn labels(&mut self) -> Value {
        let mut labels = Map::new();
        for key in KEYS {
            if !self.one_in(3) {
                labels.insert(key.to_owned(), self.pick(&VALUES).into());
            }
        }
        Value::Object(labels)
    }

    fn selector(&mut self) -> Value {
        let mut selector = Map::new();
        if self.one_in(2) {
            let mut labels = Map::new();
            labels.insert(self.pick(&KEYS).to_owned(), self.pick(&VALUES).into());
            selector.insert("matchLabels".to_owned(), Value::Object(labels));
        }
        if self.one_in(3) {
            let operator = self.pick(&["In", "NotIn", "Exists", "DoesNotExist"]);
            let mut requirement = json!({ "key": self.pick(&KEYS), "operator": operator });
            if operator.ends_with("In") {
                let values: Vec<&str> = (0..=self.below(2)).map(|_| self.pick(&VALUES)).collect();
                requirement["values"] = json!(values);
            }
            selector.insert("matchExpressions".to_owned(), json!([requirement]));
        }
        Value::Object(selector)
    }

    fn namespace_selector(&mut self) -> Value {
        match self.below(4) {
            0 => json!({}),
            1 => {
                json!({ "matchLabels": { "kubernetes.io/metadata.name": self.pick(&NAMESPACES) } })
            }
            _ => self.selector(),
        }
    }

    pub(super) fn namespaces(&mut self) -> Vec<Value> {
        NAMESPACES
            .iter()
            .map(|name| {
                json!({
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": { "name": name, "labels": self.labels() },
                })
            })
            .collect()
    }

    pub(super) fn pods(&mut self, count: usize) -> Vec<Value> {
        (0..count)
            .map(|number| {
                let ports: Vec<Value> = PORT_NAMES
                    .iter()
                    .map(|name| {
                        json!({
                            "name": name, "containerPort": self.pick(&PORTS),
                            "protocol": self.pick(&PROTOCOLS),
                        })
                    })
                    .collect();
                let ports: Vec<Value> = ports.into_iter().filter(|_| !self.one_in(3)).collect();
                let ip = format!("10.0.{}.{}", 1 + number % 2, number);
                json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {
                        "name": format!("pod-{number}"), "namespace": self.pick(&NAMESPACES),
                        "labels": self.labels(),
                    },
                    "spec": {
                        "nodeName": self.pick(&NODES).0, "serviceAccountName": self.pick(&ACCOUNTS),
                        "containers": [{ "name": "main", "image": "example", "ports": ports }],
                    },
                    "status": { "phase": "Running", "podIP": ip, "podIPs": [{ "ip": ip }] },
                })
            })
            .collect()
    }

    pub(super) fn accounts(&mut self) -> Vec<Value> {
        let each = NAMESPACES
            .iter()
            .flat_map(|namespace| ACCOUNTS.map(|name| (namespace, name)));
        each.map(|(namespace, name)| {
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": { "name": name, "namespace": namespace, "labels": self.labels() },
            })
        })
        .collect()
    }

    fn standard_port(&mut self) -> Value {
        let protocol = self.pick(&PROTOCOLS);
        match self.below(5) {
            0 => json!({ "protocol": protocol }),
            1 => json!({ "protocol": protocol, "port": self.pick(&PORT_NAMES) }),
            2 => {
                let first = self.pick(&PORTS);
                let last = self.pick(&PORTS).max(first);
                json!({ "protocol": protocol, "port": first, "endPort": last })
            }
            3 => json!({ "port": self.pick(&PORTS) }),
            _ => json!({ "protocol": protocol, "port": self.pick(&PORTS) }),
        }
    }

    fn standard_peer(&mut self) -> Value {
        match self.below(4) {
            0 => json!({ "podSelector": self.selector() }),
            1 => json!({ "namespaceSelector": self.namespace_selector() }),
            2 => json!({
                "namespaceSelector": self.namespace_selector(), "podSelector": self.selector(),
            }),
            _ => {
                let cidr = self.pick(&BLOCKS);
                let length = |block: &str| {
                    block
                        .split_once('/')
                        .map_or(0, |(_, text)| text.parse::<u32>().expect("a length"))
                };
                let except: Vec<&str> = BLOCKS
                    .iter()
                    .copied()
                    .filter(|block| is_inside(block, cidr) && length(block) > length(cidr))
                    .filter(|_| self.one_in(2))
                    .collect();
                json!({ "ipBlock": { "cidr": cidr, "except": except } })
            }
        }
    }

    fn standard_rule(&mut self, peers: &str) -> Value {
        let mut rule = Map::new();
        if !self.one_in(5) {
            rule.insert(
                peers.to_owned(),
                Value::Array(self.some(2, Self::standard_peer)),
            );
        }
        if !self.one_in(4) {
            rule.insert(
                "ports".to_owned(),
                Value::Array(self.some(2, Self::standard_port)),
            );
        }
        Value::Object(rule)
    }

    fn standard(&mut self, number: usize) -> Value {
        let mut spec = Map::new();
        if !self.one_in(6) {
            spec.insert("podSelector".to_owned(), self.selector());
        }
        if !self.one_in(4) {
            let rules = self.some(2, |random| random.standard_rule("from"));
            spec.insert("ingress".to_owned(), Value::Array(rules));
        }
        if self.one_in(2) {
            let rules = self.some(2, |random| random.standard_rule("to"));
            spec.insert("egress".to_owned(), Value::Array(rules));
        }
        let types: Option<&[&str]> = match self.below(5) {
            0 => Some(&["Ingress"]),
            1 => Some(&["Egress"]),
            2 => Some(&["Ingress", "Egress"]),
            3 => Some(&[]),
            _ => None,
        };
        if let Some(types) = types {
            spec.insert("policyTypes".to_owned(), json!(types));
        }
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": { "name": format!("np-{number}"), "namespace": self.pick(&NAMESPACES) },
            "spec": spec,
        })
    }

    fn pod_peer(&mut self) -> Value {
        if self.one_in(2) {
            json!({ "namespaces": self.namespace_selector() })
        } else {
            json!({ "pods": {
                "namespaceSelector": self.namespace_selector(), "podSelector": self.selector(),
            } })
        }
    }

    fn admin_peer(&mut self, is_egress: bool) -> Value {
        if is_egress && self.one_in(3) {
            let blocks: Vec<&str> = (0..=self.below(2)).map(|_| self.pick(&BLOCKS)).collect();
            return json!({ "networks": blocks });
        }
        self.pod_peer()
    }

    fn old_port(&mut self) -> Value {
        let protocol = self.pick(&PROTOCOLS);
        let first = self.pick(&PORTS);
        match self.below(3) {
            0 => json!({ "portNumber": { "protocol": protocol, "port": first } }),
            1 => json!({ "namedPort": self.pick(&PORT_NAMES) }),
            _ => json!({ "portRange": {
                "protocol": protocol, "start": first, "end": self.pick(&PORTS).max(first),
            } }),
        }
    }

    fn new_port(&mut self) -> Value {
        let protocol = self.pick(&PROTOCOLS).to_lowercase();
        let first = self.pick(&PORTS);
        match self.below(4) {
            0 => json!({ protocol: { "destinationPort": { "number": first } } }),
            1 => json!({ "destinationNamedPort": self.pick(&PORT_NAMES) }),
            2 => json!({ protocol: {} }),
            _ => json!({ protocol: { "destinationPort": { "range": {
                "start": first, "end": self.pick(&PORTS).max(first),
            } } } }),
        }
    }

    fn admin_rule(&mut self, is_egress: bool, actions: &[&str], is_new: bool) -> Value {
        let peers = if is_egress { "to" } else { "from" };
        let count = 1 + self.below(2);
        let listed: Vec<Value> = (0..count).map(|_| self.admin_peer(is_egress)).collect();
        let mut rule = json!({ "action": self.pick(actions), peers: listed });
        if !self.one_in(3) {
            let count = 1 + self.below(2);
            let (key, ports): (_, Vec<Value>) = if is_new {
                ("protocols", (0..count).map(|_| self.new_port()).collect())
            } else {
                ("ports", (0..count).map(|_| self.old_port()).collect())
            };
            rule[key] = Value::Array(ports);
        }
        rule
    }

    fn admin_spec(&mut self, actions: &[&str], is_new: bool) -> Value {
        let ingress = self.some(3, |random| random.admin_rule(false, actions, is_new));
        let egress = self.some(3, |random| random.admin_rule(true, actions, is_new));
        json!({ "subject": self.pod_peer(), "ingress": ingress, "egress": egress })
    }

    /// Priorities differ within a tier: which of two equal ones comes first nobody can tell.
    fn admin(&mut self, number: usize) -> Value {
        let (kind, version, mut spec) = match self.below(3) {
            0 => {
                let spec = self.admin_spec(&["Allow", "Deny", "Pass"], false);
                ("AdminNetworkPolicy", "v1alpha1", spec)
            }
            1 => {
                let mut spec = self.admin_spec(&["Accept", "Deny", "Pass"], true);
                spec["tier"] = "Admin".into();
                ("ClusterNetworkPolicy", "v1alpha2", spec)
            }
            _ => {
                let mut spec = self.admin_spec(&["Accept", "Deny", "Pass"], true);
                spec["tier"] = "Baseline".into();
                ("ClusterNetworkPolicy", "v1alpha2", spec)
            }
        };
        spec["priority"] = ((number * 37) % 1000).into();
        json!({
            "apiVersion": format!("policy.networking.k8s.io/{version}"), "kind": kind,
            "metadata": { "name": format!("admin-{number}") }, "spec": spec,
        })
    }

    pub(super) fn policies(&mut self) -> Vec<Value> {
        let standard = 1 + self.below(6);
        let admin = self.below(4);
        let mut found: Vec<Value> = (0..standard).map(|number| self.standard(number)).collect();
        found.extend((0..admin).map(|number| self.admin(number)));
        found
    }
}

pub(super) fn nodes() -> Vec<Value> {
    let node = |(name, address): (&str, &str)| {
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": name },
            "status": { "addresses": [{ "type": "InternalIP", "address": address }] },
        })
    };
    NODES.map(node).to_vec()
}

/// The API server's own endpoint.
pub(super) fn api_server() -> Vec<Value> {
    vec![json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": "kubernetes", "namespace": "default",
            "labels": { "kubernetes.io/service-name": "kubernetes" },
        },
        "endpoints": [{ "addresses": [API_SERVER] }],
        "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
    })]
}

fn is_inside(inner: &str, outer: &str) -> bool {
    let parse = |text: &str| {
        let (base, length) = text.split_once('/').expect("a block");
        let base = u32::from(base.parse::<std::net::Ipv4Addr>().expect("an address"));
        (u64::from(base), length.parse::<u32>().expect("a length"))
    };
    let ((inner, inner_length), (outer, length)) = (parse(inner), parse(outer));
    inner_length >= length && inner >> (32 - length) == outer >> (32 - length)
}
