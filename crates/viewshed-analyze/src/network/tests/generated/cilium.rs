//! Cilium's kinds: policies of both scopes with denials, entities, blocks and `enableDefaultDeny`.

use serde_json::{Map, Value, json};

use super::{BLOCKS, KEYS, NAMESPACES, PORT_NAMES, PORTS, PROTOCOLS, Random, VALUES, is_inside};

const ENTITIES: [&str; 8] = [
    "all",
    "world",
    "world-ipv4",
    "world-ipv6",
    "cluster",
    "host",
    "remote-node",
    "kube-apiserver",
];
const MODES: [&str; 4] = ["", "nodes", "pods", "nodes pods"];

impl Random {
    fn cilium_selector(&mut self) -> Value {
        let mut selector = self.selector();
        if self.one_in(4) {
            let key = self.pick(&[
                "k8s:io.kubernetes.pod.namespace",
                "io.kubernetes.pod.namespace",
            ]);
            selector["matchLabels"][key] = self.pick(&NAMESPACES).into();
        }
        if self.one_in(6) {
            let key = format!("k8s:io.cilium.k8s.namespace.labels.{}", self.pick(&KEYS));
            selector["matchLabels"][key] = self.pick(&VALUES).into();
        }
        selector
    }

    fn cilium_block(&mut self) -> Value {
        let cidr = self.pick(&BLOCKS);
        let inner = BLOCKS.iter().copied();
        let inner = inner.filter(|block| *block != cidr && is_inside(block, cidr));
        let except: Vec<&str> = inner.filter(|_| self.one_in(2)).collect();
        json!({ "cidr": cidr, "except": except })
    }

    /// One kind of peers, as the API server demands; sometimes an empty list, sometimes none at all.
    fn cilium_rule(&mut self, is_ingress: bool) -> Value {
        let side = if is_ingress { "from" } else { "to" };
        let mut rule = Map::new();
        let (kind, peers): (&str, Vec<Value>) = match self.below(6) {
            0 => ("", Vec::new()),
            1 => ("CIDR", vec![self.pick(&BLOCKS).into()]),
            2 => ("CIDRSet", vec![self.cilium_block()]),
            3 => {
                let count = 1 + self.below(2);
                (
                    "Entities",
                    (0..count).map(|_| self.pick(&ENTITIES).into()).collect(),
                )
            }
            _ => ("Endpoints", self.some(2, Self::cilium_selector)),
        };
        if !kind.is_empty() {
            rule.insert(format!("{side}{kind}"), peers.into());
        }
        if self.one_in(2) {
            let count = 1 + self.below(2);
            let ports: Vec<Value> = (0..count).map(|_| self.cilium_port()).collect();
            rule.insert("toPorts".to_owned(), json!([{ "ports": ports }]));
        }
        Value::Object(rule)
    }

    fn cilium_port(&mut self) -> Value {
        let protocol = self.pick(&["TCP", "UDP", "SCTP", "ANY"]);
        let first = self.pick(&PORTS);
        match self.below(5) {
            0 => json!({ "port": self.pick(&PORT_NAMES), "protocol": self.pick(&PROTOCOLS) }),
            1 => json!({ "port": "0", "protocol": protocol }),
            2 => json!({
                "port": first.to_string(), "endPort": self.pick(&PORTS).max(first),
                "protocol": protocol,
            }),
            3 => json!({ "port": first.to_string() }),
            _ => json!({ "port": first.to_string(), "protocol": protocol }),
        }
    }

    fn cilium_policy(&mut self, number: usize) -> Value {
        let mut spec = Map::new();
        spec.insert("endpointSelector".to_owned(), self.selector());
        for (list, is_ingress, odds) in [
            ("ingress", true, 2),
            ("egress", false, 2),
            ("ingressDeny", true, 4),
            ("egressDeny", false, 4),
        ] {
            if self.one_in(odds) {
                let rules = self.some(2, |random| random.cilium_rule(is_ingress));
                spec.insert(list.to_owned(), rules.into());
            }
        }
        if self.one_in(4) {
            let mut switches = Map::new();
            for direction in ["ingress", "egress"] {
                if self.one_in(2) {
                    switches.insert(direction.to_owned(), self.one_in(2).into());
                }
            }
            spec.insert("enableDefaultDeny".to_owned(), Value::Object(switches));
        }
        let name = format!("cilium-{number}");
        let (kind, meta) = if self.one_in(3) {
            ("CiliumClusterwideNetworkPolicy", json!({ "name": name }))
        } else {
            let namespace = self.pick(&NAMESPACES);
            let meta = json!({ "name": name, "namespace": namespace });
            ("CiliumNetworkPolicy", meta)
        };
        json!({ "apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, "spec": spec })
    }

    /// The plugin's own settings.
    pub(in super::super) fn cilium_settings(&mut self) -> Vec<Value> {
        let mode = self.pick(&MODES);
        let mut data = json!({ "enable-policy": self.pick(&["default", "default", "always"]) });
        if !mode.is_empty() {
            data["policy-cidr-match-mode"] = mode.into();
        }
        vec![json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "cilium-config", "namespace": "kube-system" }, "data": data,
        })]
    }

    pub(in super::super) fn cilium_policies(&mut self) -> Vec<Value> {
        let own = 1 + self.below(5);
        let standard = self.below(3);
        let mut found: Vec<Value> = (0..own).map(|number| self.cilium_policy(number)).collect();
        found.extend((0..standard).map(|number| self.standard(number)));
        found
    }
}
