//! Calico's kinds: tiers, policies of both scopes, network sets, host endpoints, service accounts.

use serde_json::{Map, Value, json};

use super::{
    ACCOUNTS, BLOCKS, KEYS, NAMESPACES, NODES, PORT_NAMES, PORTS, PROTOCOLS, Random, VALUES,
};

const TIERS: [&str; 4] = ["default", "first", "second", "last"];

impl Random {
    /// `libcalico-go/lib/selector`: every operator, over few keys and values.
    fn calico_selector(&mut self, keys: &[&str], depth: u32) -> String {
        let key = self.pick(keys);
        let value = self.pick(&VALUES);
        match self.below(if depth == 0 { 9 } else { 12 }) {
            0 => "all()".to_owned(),
            1 => format!("has({key})"),
            2 => format!("{key} != '{value}'"),
            3 => format!("{key} in {{'{value}', '{}'}}", self.pick(&VALUES)),
            4 => format!("{key} not in {{'{value}', '{}'}}", self.pick(&VALUES)),
            5 => format!("{key} contains '{value}'"),
            6 => format!("!has({key})"),
            7 | 8 => format!("{key} == '{value}'"),
            9 => format!("!({})", self.calico_selector(keys, depth - 1)),
            operator => {
                let word = if operator == 10 { "&&" } else { "||" };
                let (one, two) = (
                    self.calico_selector(keys, depth - 1),
                    self.calico_selector(keys, depth - 1),
                );
                format!("({one}) {word} ({two})")
            }
        }
    }

    fn endpoint_selector(&mut self) -> String {
        match self.below(8) {
            0 => format!(
                "projectcalico.org/namespace == '{}'",
                self.pick(&NAMESPACES)
            ),
            1 => format!("pcns.{} == '{}'", self.pick(&KEYS), self.pick(&VALUES)),
            2 => format!("pcsa.{} == '{}'", self.pick(&KEYS), self.pick(&VALUES)),
            _ => self.calico_selector(&KEYS, 1),
        }
    }

    fn calico_namespaces(&mut self) -> String {
        match self.below(6) {
            0 => "global()".to_owned(),
            1 => "all()".to_owned(),
            2 => format!("projectcalico.org/name == '{}'", self.pick(&NAMESPACES)),
            _ => self.calico_selector(&KEYS, 1),
        }
    }

    fn calico_entity(&mut self) -> Map<String, Value> {
        let mut entity = Map::new();
        let blocks = |random: &mut Self| -> Value {
            let count = 1 + random.below(2);
            (0..count).map(|_| random.pick(&BLOCKS)).collect()
        };
        if self.one_in(4) {
            entity.insert("nets".to_owned(), blocks(self));
        }
        if self.one_in(8) {
            entity.insert("notNets".to_owned(), blocks(self));
        }
        if self.one_in(2) {
            entity.insert("selector".to_owned(), self.endpoint_selector().into());
        }
        if self.one_in(6) {
            entity.insert("notSelector".to_owned(), self.endpoint_selector().into());
        }
        if self.one_in(4) {
            let namespaces = self.calico_namespaces();
            entity.insert("namespaceSelector".to_owned(), namespaces.into());
        }
        if self.one_in(8) {
            let accounts = if self.one_in(2) {
                json!({ "names": [self.pick(&ACCOUNTS)] })
            } else {
                json!({ "selector": self.calico_selector(&KEYS, 0) })
            };
            entity.insert("serviceAccounts".to_owned(), accounts);
        }
        entity
    }

    fn calico_ports(&mut self) -> Value {
        let count = 1 + self.below(2);
        let ports = (0..count).map(|_| {
            let first = self.pick(&PORTS);
            match self.below(3) {
                0 => Value::from(first),
                1 => format!("{first}:{}", self.pick(&PORTS).max(first)).into(),
                _ => self.pick(&PORT_NAMES).into(),
            }
        });
        ports.collect()
    }

    fn calico_rule(&mut self, peer: &str) -> Value {
        let mut rule = Map::new();
        let action = self.pick(&["Allow", "Allow", "Deny", "Pass", "Log"]);
        rule.insert("action".to_owned(), action.into());
        let mut target = Map::new();
        if self.one_in(2) {
            rule.insert("protocol".to_owned(), self.pick(&PROTOCOLS).into());
            if self.one_in(2) {
                target.insert("ports".to_owned(), self.calico_ports());
            }
            if self.one_in(5) {
                target.insert("notPorts".to_owned(), self.calico_ports());
            }
        } else if self.one_in(5) {
            rule.insert("notProtocol".to_owned(), self.pick(&PROTOCOLS).into());
        }
        let mut entity = if self.one_in(4) {
            Map::new()
        } else {
            self.calico_entity()
        };
        if peer == "destination" {
            entity.append(&mut target);
        }
        for (key, fields) in [(peer, entity), ("destination", target)] {
            if !fields.is_empty() {
                rule.insert(key.to_owned(), Value::Object(fields));
            }
        }
        Value::Object(rule)
    }

    /// Orders differ: of two equal ones only the name tells which comes first.
    fn calico_policy(&mut self, number: usize) -> Value {
        let is_global = self.one_in(2);
        let tier = self.pick(&TIERS);
        let mut spec = Map::new();
        spec.insert("tier".to_owned(), tier.into());
        if number > 0 {
            spec.insert("order".to_owned(), ((number * 377) % 2001).into());
        }
        if !self.one_in(4) {
            spec.insert("selector".to_owned(), self.endpoint_selector().into());
        }
        if is_global && self.one_in(4) {
            let namespaces = self.calico_selector(&KEYS, 0);
            spec.insert("namespaceSelector".to_owned(), namespaces.into());
        }
        if self.one_in(8) {
            let accounts = self.calico_selector(&KEYS, 0);
            spec.insert("serviceAccountSelector".to_owned(), accounts.into());
        }
        for (list, peer) in [("ingress", "source"), ("egress", "destination")] {
            if self.one_in(2) {
                let rules = self.some(3, |random| random.calico_rule(peer));
                spec.insert(list.to_owned(), rules.into());
            }
        }
        let types: Option<&[&str]> = match self.below(5) {
            0 => Some(&["Ingress"]),
            1 => Some(&["Egress"]),
            2 => Some(&["Ingress", "Egress"]),
            _ => None,
        };
        if let Some(types) = types {
            spec.insert("types".to_owned(), json!(types));
        }
        let name = format!("{tier}.p-{number}");
        let (kind, meta) = if is_global {
            ("GlobalNetworkPolicy", json!({ "name": name }))
        } else {
            let namespace = self.pick(&NAMESPACES);
            (
                "NetworkPolicy",
                json!({ "name": name, "namespace": namespace }),
            )
        };
        json!({ "apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": meta, "spec": spec })
    }

    /// Tiers, sets, host endpoints.
    pub(in super::super) fn calico_settings(&mut self) -> Vec<Value> {
        let of = |kind: &str, meta: Value, spec: Value| json!({ "apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": meta, "spec": spec });
        let mut found = vec![
            of("Tier", json!({ "name": "first" }), json!({ "order": 10 })),
            of(
                "Tier",
                json!({ "name": "second" }),
                json!({ "order": 500, "defaultAction": self.pick(&["Pass", "Deny"]) }),
            ),
            of("Tier", json!({ "name": "last" }), json!({})),
        ];
        for number in 0..self.below(3) {
            let spec = json!({ "nets": [self.pick(&BLOCKS), self.pick(&BLOCKS)] });
            let name = format!("set-{number}");
            let mut meta = json!({ "name": name, "labels": self.labels() });
            let kind = if self.one_in(2) {
                "GlobalNetworkSet"
            } else {
                meta["namespace"] = self.pick(&NAMESPACES).into();
                "NetworkSet"
            };
            found.push(of(kind, meta, spec));
        }
        for (node, address) in NODES {
            if self.one_in(3) {
                continue;
            }
            let mut spec = json!({ "node": node, "interfaceName": "*", "expectedIPs": [address] });
            if self.one_in(2) {
                spec["profiles"] = json!(["projectcalico-default-allow"]);
            }
            let meta = json!({ "name": node, "labels": self.labels() });
            found.push(of("HostEndpoint", meta, spec));
        }
        found
    }

    pub(in super::super) fn calico_policies(&mut self) -> Vec<Value> {
        let own = 1 + self.below(6);
        let standard = self.below(3);
        let mut found: Vec<Value> = (0..own).map(|number| self.calico_policy(number)).collect();
        found.extend((0..standard).map(|number| self.standard(number)));
        found
    }
}
