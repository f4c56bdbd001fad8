//! Calico's policies: tiers in order, policies in order, rules in order.
//!
//! Sources: projectcalico/calico `libcalico-go/lib/backend/syncersv1/updateprocessors/{rules,networksetprocessor}.go`
//! (what selectors mean, and that sets inherit their namespace's labels), `libcalico-go/lib/selector`,
//! `felix/rules/endpoints.go` (the walk); tigera/docs `calico/reference/resources`,
//! `calico/reference/host-endpoints/failsafe`.

use serde_json::Value;

use super::{Connection, End, Objects, Side, address, declared, in_block, list, text};

const NAMESPACE: &str = "projectcalico.org/namespace";
const ACCOUNT: &str = "projectcalico.org/serviceaccount";
/// Order of the tier `default`, and of Kubernetes' policies in it.
const DEFAULT_TIER: f64 = 1_000_000.0;
const STANDARD_ORDER: f64 = 1000.0;
/// "Failsafe rules": inbound and outbound.
const FAILSAFE_IN: [(&str, u16); 9] = [
    ("TCP", 22),
    ("UDP", 68),
    ("TCP", 179),
    ("TCP", 2379),
    ("TCP", 2380),
    ("TCP", 5473),
    ("TCP", 6443),
    ("TCP", 6666),
    ("TCP", 6667),
];
const FAILSAFE_OUT: [(&str, u16); 9] = [
    ("UDP", 53),
    ("UDP", 67),
    ("TCP", 179),
    ("TCP", 2379),
    ("TCP", 2380),
    ("TCP", 5473),
    ("TCP", 6443),
    ("TCP", 6666),
    ("TCP", 6667),
];

/// Labels of something that selectors select.
type Labels<'l> = &'l dyn Fn(&str) -> Option<String>;

/// The same, kept.
type OwnLabels<'l> = Box<dyn Fn(&str) -> Option<String> + 'l>;

/// What a policy or a rule says.
enum Verdict {
    Allow,
    Deny,
    Pass,
    Nothing,
}

impl Objects {
    pub(super) fn calico_side(
        &self,
        side: Side,
        subject: &End,
        peer: &End,
        connection: Connection<'_>,
    ) -> bool {
        let own = self.host_endpoint(subject);
        if let End::Node(_) = subject {
            let failsafe = match side {
                Side::Ingress => FAILSAFE_IN,
                Side::Egress => FAILSAFE_OUT,
            };
            // Nothing guards a node that no host endpoint stands for.
            if own.is_none() || failsafe.contains(&(connection.0, connection.1)) {
                return true;
            }
        }
        let mut tiers: Vec<(f64, &str, &str)> = vec![(DEFAULT_TIER, "default", "Deny")];
        for tier in self.settings("Tier") {
            let order = tier.pointer("/spec/order").and_then(Value::as_f64);
            let action = match text(tier, "/spec/defaultAction") {
                "" => "Deny",
                action => action,
            };
            tiers.push((
                order.unwrap_or(f64::INFINITY),
                text(tier, "/metadata/name"),
                action,
            ));
        }
        tiers.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, tier, end) in tiers {
            let mut policies: Vec<(f64, &Value)> = Vec::new();
            for policy in &self.policies {
                let (own_tier, order) = place(policy);
                if own_tier == tier && self.applies(policy, side, subject) {
                    policies.push((order, policy));
                }
            }
            policies.sort_by(|a, b| a.0.total_cmp(&b.0));
            let said = policies
                .iter()
                .map(|(_, policy)| self.said(policy, side, peer, connection))
                .find(|verdict| !matches!(verdict, Verdict::Nothing));
            match said {
                Some(Verdict::Allow) => return true,
                Some(Verdict::Deny) => return false,
                None if !policies.is_empty() && end == "Deny" => return false,
                Some(Verdict::Pass | Verdict::Nothing) | None => {}
            }
        }
        // Profiles: a namespace's allows everything, a host endpoint has those that it names.
        own.is_none_or(|own| {
            let profiles = list(&own["spec"], "profiles");
            profiles
                .iter()
                .any(|one| one == "projectcalico-default-allow")
        })
    }

    fn settings(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let settings = self.settings.iter();
        settings.filter(move |one| text(one, "/kind") == kind)
    }

    fn host_endpoint(&self, end: &End) -> Option<&Value> {
        let End::Node(node) = end else { return None };
        let name = text(node, "/metadata/name");
        self.settings("HostEndpoint")
            .find(|one| text(one, "/spec/node") == name)
    }

    fn applies(&self, policy: &Value, side: Side, subject: &End) -> bool {
        let spec = &policy["spec"];
        if is_standard(policy) {
            let End::Pod(pod) = subject else { return false };
            return text(pod, "/metadata/namespace") == text(policy, "/metadata/namespace")
                && Self::is_labelled(&spec["podSelector"], pod)
                && super::isolates(spec, side);
        }
        // "types": what is given, else the directions that have rules, else ingress.
        let types = list(spec, "types");
        let has = |side: Side| !list(spec, side.rules()).is_empty();
        let is_of_side = match types {
            [] => has(side) || side == Side::Ingress && !has(Side::Egress),
            types => types.iter().any(|one| one == side.kind()),
        };
        if !is_of_side {
            return false;
        }
        let labels = self.labels_of(subject);
        let Some(labels) = labels else { return false };
        let own = text(policy, "/metadata/namespace");
        let given = |key: &str| match text(spec, key) {
            "" => None,
            text => Some(text.to_owned()),
        };
        // With these `all()` no longer means what has neither (`convertGlobalNetworkPolicyV2ToV1Value`).
        let all = match (
            given("/namespaceSelector"),
            given("/serviceAccountSelector"),
        ) {
            (Some(_), _) => Some(NAMESPACE),
            (None, Some(_)) => Some(ACCOUNT),
            (None, None) => None,
        };
        (own.is_empty() || labels(NAMESPACE).as_deref() == Some(own))
            && given("/selector").is_none_or(|text| selects(&text, ("", all), &*labels))
            && given("/namespaceSelector")
                .is_none_or(|text| selects(&text, ("pcns.", all), &*labels))
            && given("/serviceAccountSelector")
                .is_none_or(|text| selects(&text, ("pcsa.", all), &*labels))
    }

    /// Labels of an endpoint, with those that it inherits; `None` where it is no endpoint.
    fn labels_of<'o>(&'o self, end: &'o End) -> Option<OwnLabels<'o>> {
        match end {
            End::Pod(pod) => Some(Box::new(move |key| self.pod_label(pod, key))),
            End::Node(_) => {
                let own = self.host_endpoint(end)?;
                Some(Box::new(move |key| label(own, key)))
            }
            End::Outside(_) => None,
        }
    }

    fn pod_label(&self, pod: &Value, key: &str) -> Option<String> {
        let namespace = text(pod, "/metadata/namespace");
        let account = text(pod, "/spec/serviceAccountName");
        if let Some(key) = key.strip_prefix("pcsa.") {
            let mut accounts = self.accounts.iter();
            let account = accounts.find(|one| {
                text(one, "/metadata/name") == account
                    && text(one, "/metadata/namespace") == namespace
            });
            return label(account?, key);
        }
        match key {
            ACCOUNT => Some(account.to_owned()),
            "projectcalico.org/orchestrator" => Some("k8s".to_owned()),
            key => self.namespaced_label(pod, key),
        }
    }

    /// Labels of a thing in a namespace, with those of the namespace.
    fn namespaced_label(&self, thing: &Value, key: &str) -> Option<String> {
        let namespace = text(thing, "/metadata/namespace");
        match (key, key.strip_prefix("pcns.")) {
            (NAMESPACE, _) => Some(namespace.to_owned()),
            (_, Some("projectcalico.org/name")) => Some(namespace.to_owned()),
            (_, Some(key)) => self.namespace_labels(namespace)(key),
            (_, None) => label(thing, key),
        }
    }

    fn said(&self, policy: &Value, side: Side, peer: &End, connection: Connection<'_>) -> Verdict {
        let own = text(policy, "/metadata/namespace");
        for rule in list(&policy["spec"], side.rules()) {
            if is_standard(policy) {
                let peers = list(rule, side.peers());
                let of_peer = |value: &Value| self.is_standard_peer(own, value, peer);
                if (peers.is_empty() || peers.iter().any(of_peer))
                    && super::has_port(rule, connection)
                {
                    return Verdict::Allow;
                }
                continue;
            }
            let entity = match side {
                Side::Ingress => &rule["source"],
                Side::Egress => &rule["destination"],
            };
            if self.is_entity(own, entity, peer) && is_traffic(rule, connection) {
                match text(rule, "/action") {
                    "Allow" => return Verdict::Allow,
                    "Deny" => return Verdict::Deny,
                    "Pass" => return Verdict::Pass,
                    "Log" => {}
                    other => panic!("{other}"),
                }
            }
        }
        Verdict::Nothing
    }

    fn is_entity(&self, own: &str, entity: &Value, peer: &End) -> bool {
        let in_any = |key: &str| {
            let mut blocks = list(entity, key).iter();
            blocks.any(|block| in_block(address(peer), block.as_str().expect("a block")))
        };
        let given = |key: &str| match text(entity, key) {
            "" => None,
            text => Some(text.to_owned()),
        };
        let (selector, not) = (given("/selector"), given("/notSelector"));
        let (namespaces, accounts) = (given("/namespaceSelector"), entity.get("serviceAccounts"));
        let is_any = selector.is_some() || namespaces.is_some() || accounts.is_some();
        let is_limited = namespaces.is_some() || !own.is_empty();
        let is_selecting = is_any || is_limited && not.is_some();
        (entity.get("nets").is_none() || in_any("nets"))
            && (entity.get("notNets").is_none() || !in_any("notNets"))
            && (!is_selecting
                || self.any_is(peer, &|labels| {
                    let in_namespace = match &namespaces {
                        Some(text) => selects(text, ("pcns.", Some(NAMESPACE)), labels),
                        None => own.is_empty() || labels(NAMESPACE).as_deref() == Some(own),
                    };
                    in_namespace
                        && selector
                            .as_ref()
                            .is_none_or(|text| selects(text, ("", None), labels))
                        && accounts.is_none_or(|value| has_account(value, labels))
                }))
            && not
                .is_none_or(|text| !self.any_is(peer, &|labels| selects(&text, ("", None), labels)))
    }

    /// Whether the peer is, by its address, an endpoint or in a set with such labels.
    fn any_is(&self, peer: &End, wanted: &dyn Fn(Labels<'_>) -> bool) -> bool {
        if let End::Pod(pod) = peer
            && wanted(&|key| self.pod_label(pod, key))
        {
            return true;
        }
        let holds = |thing: &Value, field: &str| {
            let mut blocks = list(&thing["spec"], field).iter();
            blocks.any(|block| {
                let block = block.as_str().expect("a block");
                if block.contains('/') {
                    in_block(address(peer), block)
                } else {
                    address(peer).to_string() == block
                }
            })
        };
        let mut sets = self.settings("NetworkSet");
        let mut global = self.settings("GlobalNetworkSet");
        let mut hosts = self.settings("HostEndpoint");
        sets.any(|set| holds(set, "nets") && wanted(&|key| self.namespaced_label(set, key)))
            || global.any(|set| holds(set, "nets") && wanted(&|key| label(set, key)))
            || hosts.any(|one| holds(one, "expectedIPs") && wanted(&|key| label(one, key)))
    }
}

fn is_standard(policy: &Value) -> bool {
    text(policy, "/apiVersion") == "networking.k8s.io/v1"
}

/// Tier and order.
fn place(policy: &Value) -> (&str, f64) {
    if is_standard(policy) {
        return ("default", STANDARD_ORDER);
    }
    let order = policy.pointer("/spec/order").and_then(Value::as_f64);
    (text(policy, "/spec/tier"), order.unwrap_or(f64::INFINITY))
}

fn label(thing: &Value, key: &str) -> Option<String> {
    let labels = thing.pointer("/metadata/labels")?;
    Some(labels.get(key)?.as_str()?.to_owned())
}

fn has_account(value: &Value, labels: Labels<'_>) -> bool {
    let names = list(value, "names");
    let account = labels(ACCOUNT);
    let is_named = names.iter().any(|name| name.as_str() == account.as_deref());
    (names.is_empty() || is_named)
        && (text(value, "/selector").is_empty()
            || selects(text(value, "/selector"), ("pcsa.", None), labels))
}

fn is_traffic(rule: &Value, (protocol, port, to): Connection<'_>) -> bool {
    let target = &rule["destination"];
    let has = |key: &str| {
        list(target, key).iter().any(|value| match value {
            Value::Number(number) => number.as_u64() == Some(port.into()),
            Value::String(text) => match text.split_once(':') {
                Some((first, last)) => {
                    let number = |text: &str| text.parse::<u16>().expect("a port");
                    (number(first)..=number(last)).contains(&port)
                }
                None => declared(to, text)
                    .iter()
                    .any(|(kind, number)| kind == protocol && *number == port),
            },
            other => panic!("{other}"),
        })
    };
    let is_protocol = |key: &str| rule.get(key).is_some_and(|value| value == protocol);
    (rule.get("protocol").is_none() || is_protocol("protocol"))
        && !is_protocol("notProtocol")
        && (target.get("ports").is_none() || has("ports"))
        && !has("notPorts")
}

/// A selector whose keys get a prefix, and in which `all()` is what has a label (`getEndpointSelector`).
fn selects(selector: &str, (prefix, all): (&str, Option<&str>), labels: Labels<'_>) -> bool {
    let mut words = Words {
        rest: selector,
        prefix,
        all,
        labels,
    };
    let holds = words.either();
    assert!(words.rest.trim().is_empty(), "{selector}: {}", words.rest);
    holds
}

/// What is left to read of a selector.
struct Words<'w> {
    rest: &'w str,
    prefix: &'w str,
    all: Option<&'w str>,
    labels: Labels<'w>,
}

impl<'w> Words<'w> {
    fn takes(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(word);
        if let Some(rest) = rest {
            self.rest = rest;
        }
        rest.is_some()
    }

    fn until(&mut self, end: char) -> &'w str {
        let (word, rest) = self.rest.split_once(end).expect("an end");
        self.rest = rest;
        word
    }

    fn either(&mut self) -> bool {
        let mut holds = self.both();
        while self.takes("||") {
            holds |= self.both();
        }
        holds
    }

    fn both(&mut self) -> bool {
        let mut holds = self.one();
        while self.takes("&&") {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.takes("!") {
            return !self.one();
        }
        if self.takes("(") {
            let holds = self.either();
            assert!(self.takes(")"), "{}", self.rest);
            return holds;
        }
        if self.takes("all()") {
            return self.all.is_none_or(|key| (self.labels)(key).is_some());
        }
        if self.takes("global()") {
            return (self.labels)(NAMESPACE).is_none();
        }
        if self.takes("has(") {
            let key = self.until(')');
            return self.label(key).is_some();
        }
        self.rest = self.rest.trim_start();
        let key = self.until(' ');
        let value = self.label(key);
        if self.takes("==") {
            return value.as_deref() == Some(self.quoted());
        }
        if self.takes("!=") {
            return value.as_deref() != Some(self.quoted());
        }
        if self.takes("contains") {
            let part = self.quoted();
            return value.is_some_and(|value| value.contains(part));
        }
        let is_negative = self.takes("not");
        assert!(self.takes("in {"), "{}", self.rest);
        let listed = self.until('}');
        let is_in = value.is_some_and(|value| {
            let mut values = listed.split(',').map(|one| one.trim().trim_matches('\''));
            values.any(|one| one == value)
        });
        is_in != is_negative
    }

    fn label(&self, key: &str) -> Option<String> {
        (self.labels)(&format!("{}{key}", self.prefix))
    }

    fn quoted(&mut self) -> &'w str {
        assert!(self.takes("'"), "{}", self.rest);
        self.until('\'')
    }
}
