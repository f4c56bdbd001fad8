//! Cilium's policies: denials, then allowances, then whether anything denies by default.
//!
//! Sources: cilium/cilium `Documentation/security/policy/{intro,layer3,layer4,deny,kubernetes}.rst`,
//! `Documentation/network/kubernetes/policy.rst`, `pkg/policy/api/{rule,ingress,egress,entity,cidr}.go`,
//! `pkg/k8s/apis/cilium.io/utils/utils.go` (namespaces of selectors).

use serde_json::Value;

use super::{API_SERVER, Connection, End, Objects, Side, address, declared, in_block, list, text};

const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const OF_NAMESPACE: &str = "io.cilium.k8s.namespace.labels.";

impl Objects {
    pub(super) fn cilium_side(
        &self,
        side: Side,
        subject: &End,
        peer: &End,
        connection: Connection<'_>,
    ) -> bool {
        // The host firewall is off unless it is switched on: policies guard pods only.
        let End::Pod(pod) = subject else { return true };
        let (allow, deny) = match side {
            Side::Ingress => ("ingress", "ingressDeny"),
            Side::Egress => ("egress", "egressDeny"),
        };
        let mut is_closed = self.setting("enable-policy") == "always";
        let mut is_allowed = false;
        for policy in &self.policies {
            let spec = &policy["spec"];
            let own = text(policy, "/metadata/namespace");
            if !own.is_empty() && own != text(pod, "/metadata/namespace") {
                continue;
            }
            if text(policy, "/kind") == "NetworkPolicy" {
                if !Self::is_labelled(&spec["podSelector"], pod) || !super::isolates(spec, side) {
                    continue;
                }
                is_closed = true;
                is_allowed |= list(spec, side.rules()).iter().any(|rule| {
                    let peers = list(rule, side.peers());
                    let mut of_peer = peers
                        .iter()
                        .map(|value| self.is_translated(own, value, peer));
                    (peers.is_empty() || of_peer.any(|is| is)) && super::has_port(rule, connection)
                });
                continue;
            }
            if !self.has_labels(&spec["endpointSelector"], pod) {
                continue;
            }
            let matches = |key: &str| {
                let mut rules = list(spec, key).iter();
                rules.any(|rule| self.is_match((own, pod), (side, rule), peer, connection))
            };
            // intro.rst: a section with rules closes the direction, unless `enableDefaultDeny` says otherwise.
            let has_rules = !list(spec, allow).is_empty() || !list(spec, deny).is_empty();
            let switch = spec.pointer(&format!("/enableDefaultDeny/{allow}"));
            is_closed |= switch.and_then(Value::as_bool).unwrap_or(has_rules);
            is_allowed |= matches(allow);
        }
        // deny.rst: "Deny policies take precedence over allow policies".
        let is_denied = self.policies.iter().any(|policy| {
            let (spec, own) = (&policy["spec"], text(policy, "/metadata/namespace"));
            let is_own = own.is_empty() || own == text(pod, "/metadata/namespace");
            is_own
                && text(policy, "/kind") != "NetworkPolicy"
                && self.has_labels(&spec["endpointSelector"], pod)
                && list(spec, deny)
                    .iter()
                    .any(|rule| self.is_match((own, pod), (side, rule), peer, connection))
        });
        !is_denied && (is_allowed || !is_closed)
    }

    fn setting(&self, key: &str) -> &str {
        let mut settings = self.settings.iter();
        let config = settings.find(|one| text(one, "/kind") == "ConfigMap");
        config.map_or("", |config| text(config, &format!("/data/{key}")))
    }

    /// Kubernetes' policies: selectors mean pods, blocks mean what Cilium's blocks mean.
    fn is_translated(&self, own: &str, value: &Value, peer: &End) -> bool {
        match value.get("ipBlock") {
            Some(block) => self.is_in_block(block, peer),
            None => self.is_standard_peer(own, value, peer),
        }
    }

    fn is_match(
        &self,
        (own, pod): (&str, &Value),
        (side, rule): (Side, &Value),
        peer: &End,
        connection: Connection<'_>,
    ) -> bool {
        let key = |kind: &str| format!("{}{kind}", side.peers());
        let given = |kind: &str| rule.get(key(kind)).is_some();
        let any = |kind: &str, is: &dyn Fn(&Value) -> bool| list(rule, &key(kind)).iter().any(is);
        let kinds = ["Endpoints", "Entities", "CIDR", "CIDRSet"];
        let is_peer = if kinds.iter().any(|kind| given(kind)) {
            any("Endpoints", &|selector| {
                self.is_endpoint(own, selector, peer)
            }) || any("Entities", &|name| {
                Self::is_entity_named(name.as_str().expect("a name"), pod, peer)
            }) || any("CIDR", &|block| {
                self.is_in_block(&serde_json::json!({ "cidr": block }), peer)
            }) || any("CIDRSet", &|block| self.is_in_block(block, peer))
        } else {
            // layer4.rst: ports without peers are everybody's; a rule without both matches nobody.
            rule.get("toPorts").is_some()
        };
        is_peer && is_traffic(rule, connection)
    }

    /// layer3.rst: in a namespaced policy an endpoint selector means the own namespace, unless it names one.
    fn is_endpoint(&self, own: &str, selector: &Value, peer: &End) -> bool {
        let End::Pod(pod) = peer else { return false };
        let labels = selector.get("matchLabels").and_then(Value::as_object);
        let names_namespace = labels.is_some_and(|labels| {
            labels.keys().any(|key| {
                let key = key.strip_prefix("k8s:").unwrap_or(key);
                key == NAMESPACE || key.starts_with(OF_NAMESPACE)
            })
        });
        (own.is_empty() || names_namespace || text(pod, "/metadata/namespace") == own)
            && self.has_labels(selector, pod)
    }

    fn has_labels(&self, selector: &Value, pod: &Value) -> bool {
        let namespace = text(pod, "/metadata/namespace");
        super::selects(selector, &|key| {
            let key = key.strip_prefix("k8s:").unwrap_or(key);
            if key == NAMESPACE {
                return Some(namespace.to_owned());
            }
            if let Some(key) = key.strip_prefix(OF_NAMESPACE) {
                return self.namespace_labels(namespace)(key);
            }
            let labels = pod.pointer("/metadata/labels")?;
            Some(labels.get(key)?.as_str()?.to_owned())
        })
    }

    /// layer3.rst, "Entities Based".
    fn is_entity_named(name: &str, pod: &Value, peer: &End) -> bool {
        let is_api_server = address(peer).to_string() == API_SERVER;
        let is_world = matches!(peer, End::Outside(_));
        let is_local = match peer {
            End::Node(node) => text(node, "/metadata/name") == text(pod, "/spec/nodeName"),
            End::Pod(_) | End::Outside(_) => false,
        };
        let is_node = matches!(peer, End::Node(_));
        match name {
            "all" => true,
            "world" | "world-ipv4" => is_world,
            "world-ipv6" => false,
            "cluster" => !is_world || is_api_server,
            "host" => is_local,
            "remote-node" => is_node && !is_local,
            "kube-apiserver" => is_api_server,
            other => panic!("{other}"),
        }
    }

    /// layer3.rst, "CIDR Based": addresses of pods and nodes only with `policy-cidr-match-mode`.
    fn is_in_block(&self, block: &Value, peer: &End) -> bool {
        let mode = self.setting("policy-cidr-match-mode");
        let is_meant = match peer {
            End::Pod(_) => mode.contains("pods"),
            End::Node(_) => mode.contains("nodes"),
            End::Outside(_) => true,
        };
        let address = address(peer);
        is_meant
            && in_block(address, text(block, "/cidr"))
            && !list(block, "except")
                .iter()
                .any(|except| in_block(address, except.as_str().expect("a block")))
    }
}

/// layer4.rst: any of the ports; port 0 is every one, no protocol is any.
fn is_traffic(rule: &Value, (protocol, port, to): Connection<'_>) -> bool {
    let entries = list(rule, "toPorts");
    let is_port = |entry: &Value| {
        let given = text(entry, "/protocol");
        if !matches!(given, "" | "ANY") && given != protocol {
            return false;
        }
        let written = text(entry, "/port");
        match written.parse::<u16>() {
            Ok(0) => true,
            Ok(first) => {
                let last = entry.get("endPort").and_then(Value::as_u64);
                (u64::from(first)..=last.unwrap_or(first.into())).contains(&u64::from(port))
            }
            Err(_) => declared(to, written)
                .iter()
                .any(|(kind, number)| kind == protocol && *number == port),
        }
    };
    let mut ports = entries.iter().flat_map(|entry| list(entry, "ports"));
    entries.is_empty() || ports.any(is_port)
}
