//! Reading the JSON of one policy, with a note of everything that is not understood.

use serde_json::{Map, Value};
use viewshed_model::{GapReason, NetworkPolicy, PolicyReference, Protocol};

use super::{Action, Order, Policy, Rule, Side, StageId, Translator};
use crate::network::address::{AddressSet, Block};
use crate::network::cni::Ternary;
use crate::network::ports::{NamedPort, PortMatch, span};
use crate::network::ranges::Ranges;
use crate::network::vocabulary::{ExprId, Holder, PortsId, Term, Test};

/// Reasons that one gap spells out.
const REASONS_MAX: usize = 4;

/// The list of rules that nobody wrote: what a policy that was not understood may say.
pub(in crate::network) const UNTOLD: &str = "";

/// Fields that are lists wherever they stand.
const LISTS: &[&str] = &[
    "domainNames",
    "egress",
    "egressDeny",
    "except",
    "from",
    "fromCIDR",
    "fromCIDRSet",
    "fromEndpoints",
    "fromEntities",
    "fromGroups",
    "fromNodes",
    "fromRequires",
    "icmps",
    "ingress",
    "ingressDeny",
    "matchExpressions",
    "names",
    "nets",
    "networks",
    "notNets",
    "notPorts",
    "policyTypes",
    "ports",
    "protocols",
    "to",
    "toCIDR",
    "toCIDRSet",
    "toEndpoints",
    "toEntities",
    "toFQDNs",
    "toGroups",
    "toNodes",
    "toPorts",
    "toRequires",
    "toServices",
    "types",
    "values",
];

/// Lists of texts wherever they stand.
const TEXTS: &[&str] = &[
    "except",
    "fromCIDR",
    "fromEntities",
    "names",
    "nets",
    "networks",
    "notNets",
    "policyTypes",
    "toCIDR",
    "toEntities",
    "types",
    "values",
];

/// An object of a policy's JSON; `null` and absent fields are the same.
#[derive(Debug, Clone)]
pub(super) struct Object<'v> {
    map: Option<&'v Map<String, Value>>,
}

impl<'v> Object<'v> {
    pub(super) fn get(&self, key: &str) -> Option<&'v Value> {
        self.map?.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str) -> Option<&'v str> {
        self.get(key).and_then(Value::as_str)
    }

    /// The elements of a list; none when it is absent.
    pub(super) fn list(&self, key: &str) -> &'v [Value] {
        let list = self.get(key).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// The texts of a list.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let texts = self.list(key).iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    /// Whether no field at all is set.
    pub(super) fn is_empty(&self) -> bool {
        self.map.is_none_or(|map| map.values().all(Value::is_null))
    }
}

/// One policy being read.
pub(super) struct Reader<'r, 't> {
    pub(super) translator: &'r mut Translator<'t>,
    pub(super) source: usize,
    pub(super) policy: &'r NetworkPolicy,
    pub(super) reference: PolicyReference,
    /// Why the API server (or the plugin) should refuse it.
    refused: Vec<String>,
    /// Fields and values that are not known here.
    unknown: Vec<String>,
    /// What makes the whole policy unsure.
    doubts: Vec<ExprId>,
}

impl<'r, 't> Reader<'r, 't> {
    pub(super) fn new(
        translator: &'r mut Translator<'t>,
        source: usize,
        policy: &'r NetworkPolicy,
    ) -> Self {
        Self {
            reference: PolicyReference {
                kind: policy.kind.clone(),
                namespace: policy.meta.namespace.clone(),
                name: policy.meta.name.clone(),
            },
            translator,
            source,
            policy,
            refused: Vec::new(),
            unknown: Vec::new(),
            doubts: Vec::new(),
        }
    }

    pub(super) fn namespace(&self) -> &'r str {
        self.policy.meta.namespace_or_empty()
    }

    /// The policy is not what its kind demands; it should never have been taken.
    pub(super) fn refuse(&mut self, why: impl Into<String>) {
        self.refused.push(why.into());
    }

    /// The same of a part that says nothing certain even if the policy was taken.
    pub(super) fn refuse_part(&mut self, why: &str) -> ExprId {
        self.refuse(why);
        let fact = taken_although(&self.reference, why);
        self.translator.vocabulary.unsure(&fact)
    }

    /// Something that this version does not know: unsure, and reported.
    pub(super) fn unknown(&mut self, what: &str) -> ExprId {
        self.unknown.push(what.to_owned());
        let fact = format!("what {what} means in {}", self.reference);
        self.translator.vocabulary.unsure(&fact)
    }

    /// Makes the whole policy as unsure as a part of it that cannot be unsure alone.
    pub(super) fn doubt_if(&mut self, unsure: ExprId) {
        self.doubts.push(unsure);
    }

    /// The specification; none when it is no JSON object.
    pub(super) fn spec(&mut self) -> Option<Value> {
        let text = self.policy.spec_json.as_str();
        if text.is_empty() {
            return Some(Value::Object(Map::new()));
        }
        let value = serde_json::from_str(text).ok();
        if value.is_none() {
            self.refuse("its specification is no JSON");
        }
        value
    }

    /// An object, every field of which should be one of `known`; the expression is unsure when one is not.
    pub(super) fn object<'v>(
        &mut self,
        value: &'v Value,
        what: &str,
        known: &[&str],
    ) -> (Object<'v>, ExprId) {
        let Some(map) = value.as_object() else {
            if !value.is_null() {
                self.refuse(format!("{what} is no object"));
            }
            return (Object { map: None }, self.translator.vocabulary.all());
        };
        let mut unsure = self.translator.vocabulary.all();
        for (key, value) in map {
            let is_list = value.is_null() || value.is_array();
            if LISTS.contains(&key.as_str()) && known.contains(&key.as_str()) && !is_list {
                self.refuse(format!("`{key}` of {what} is no list"));
            }
            if let (true, Some(list)) = (TEXTS.contains(&key.as_str()), value.as_array())
                && !list.iter().all(Value::is_string)
            {
                self.refuse(format!("`{key}` of {what} holds something that is no text"));
            }
            if !value.is_null() && !known.contains(&key.as_str()) {
                let part = self.unknown(&format!("the field `{key}` of {what}"));
                unsure = self.translator.vocabulary.and([unsure, part]);
            }
        }
        (Object { map: Some(map) }, unsure)
    }

    pub(super) fn label_test(&mut self, (holder, key): (Holder, String), test: Test) -> ExprId {
        if holder == Holder::Pod && !self.translator.profile.has_in_identity(&key) {
            let fact = format!("whether Cilium's identities have the label `{key}`");
            return self.translator.vocabulary.unsure(&fact);
        }
        self.translator.vocabulary.label(holder, &key, test)
    }

    pub(super) fn term(&mut self, term: Term) -> ExprId {
        self.translator.vocabulary.of(term)
    }

    pub(super) fn and(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        self.translator.vocabulary.and(parts)
    }

    pub(super) fn or(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        self.translator.vocabulary.or(parts)
    }

    pub(super) fn not(&mut self, inner: ExprId) -> ExprId {
        self.translator.vocabulary.not(inner)
    }

    pub(super) fn unsure(&mut self, fact: &str) -> ExprId {
        self.translator.vocabulary.unsure(fact)
    }

    pub(super) fn all(&mut self) -> ExprId {
        self.translator.vocabulary.all()
    }

    pub(super) fn none(&mut self) -> ExprId {
        self.translator.vocabulary.none()
    }

    /// Pods of the policy's own namespace.
    pub(super) fn own_pods(&mut self) -> ExprId {
        let pod = self.term(Term::Pod);
        let own = self.term(Term::Namespace(self.namespace().to_owned()));
        self.and([pod, own])
    }

    /// An address block; a text that is none makes the policy one that should be refused.
    pub(super) fn block(&mut self, text: &str) -> Option<Block> {
        let block = Block::parse(text);
        if block.is_none() {
            self.refuse(format!("`{text}` is no address block"));
        }
        block
    }

    /// A block less exceptions, which must lie inside.
    pub(super) fn block_less(&mut self, cidr: &str, except: &[String]) -> Option<AddressSet> {
        let block = self.block(cidr)?;
        let mut taken_out = Vec::new();
        for text in except {
            let out = self.block(text)?;
            // "must be a strict subset of `cidr`" (`pkg/apis/networking/validation`, `ValidateIPBlock`).
            if !block.covers(&out) || block == out {
                self.refuse(format!("the exception `{text}` is not inside `{cidr}`"));
            }
            taken_out.push(out);
        }
        Some(AddressSet::new(&[block], &taken_out))
    }

    /// What a set of addresses means under the plugin: addresses outside, and pods and nodes as far as
    /// blocks match them.
    pub(super) fn addresses(&mut self, set: AddressSet) -> ExprId {
        let profile = self.translator.profile;
        let vocabulary = &mut *self.translator.vocabulary;
        let address = vocabulary.of(Term::Address(set));
        let mut parts = Vec::new();
        for (matched, term, fact) in [
            (Ternary::Yes, Term::Outside, ""),
            (
                profile.blocks_match_pods,
                Term::Pod,
                "whether the network plugin applies address blocks to pods",
            ),
            (
                profile.blocks_match_nodes,
                Term::Node,
                "whether the network plugin applies address blocks to nodes",
            ),
        ] {
            let kind = vocabulary.of(term);
            match matched {
                Ternary::No => {}
                Ternary::Yes => parts.push(vocabulary.and([kind, address])),
                Ternary::Unknown => {
                    let unsure = vocabulary.unsure(fact);
                    parts.push(vocabulary.and([kind, address, unsure]));
                }
            }
        }
        if profile.blocks_match_pods == Ternary::Yes && profile.blocks_match_nodes == Ternary::Yes {
            return address;
        }
        vocabulary.or(parts)
    }

    pub(super) fn ports(&mut self, ports: PortMatch) -> PortsId {
        self.translator.vocabulary.ports(ports)
    }

    /// A protocol by name; `None`, and refused, when Kubernetes knows no such one.
    pub(super) fn protocol(&mut self, value: Option<&Value>) -> Option<Protocol> {
        let Some(value) = value else {
            return Some(Protocol::Tcp);
        };
        let text = value.as_str().unwrap_or_default();
        let protocol = match text {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            _ => {
                self.refuse(format!("`{text}` is no protocol of policies"));
                return None;
            }
        };
        Some(protocol)
    }

    /// Ports from one to another, both included.
    pub(super) fn port_range(&mut self, protocol: Protocol, first: u64, last: u64) -> PortMatch {
        let (Ok(low), Ok(high)) = (u16::try_from(first), u16::try_from(last)) else {
            self.refuse(format!("{first}-{last} are no ports"));
            return PortMatch::fixed(Ranges::default());
        };
        if low == 0 || high < low {
            self.refuse(format!("{first}-{last} are no ports"));
        }
        PortMatch::fixed(span(protocol, low, high))
    }

    pub(super) fn rule(
        &mut self,
        action: Action,
        (peer, ports): (ExprId, PortMatch),
        (list, number): (&'static str, usize),
    ) -> Rule {
        Rule {
            action,
            peer,
            ports: self.ports(ports),
            list,
            number,
        }
    }

    pub(super) fn policy(
        &self,
        (stage, order): (StageId, Order),
        subject: ExprId,
        (ingress, egress): (Side, Side),
    ) -> Policy {
        Policy {
            source: Some(self.source),
            reference: self.reference.clone(),
            stage,
            order,
            tie: None,
            subject,
            ingress,
            egress,
            forwarded: None,
        }
    }

    /// The directions that the policy isolates. A type that is none might mean either.
    pub(super) fn isolates(&mut self, spec: &Object<'_>, key: &str) -> (bool, bool) {
        let (mut ingress, mut egress) = (self.policy.isolates_ingress, self.policy.isolates_egress);
        let types = spec.texts(key);
        if types.len() < spec.list(key).len() {
            (ingress, egress) = (true, true);
        }
        for text in types {
            if !matches!(text.as_str(), "Ingress" | "Egress") {
                self.refuse(format!("`{text}` is no type of policy"));
                (ingress, egress) = (true, true);
            }
        }
        (ingress, egress)
    }

    /// A policy of a kind that is not translated: for every pod, everything is unsure.
    pub(super) fn opaque(&mut self) -> Vec<Policy> {
        let what = format!("a policy of kind `{}`", self.reference.kind);
        let unsure = self.unknown(&what);
        self.undecided(unsure)
    }

    /// A policy that could not be read, which a gap of its file tells: for the pods of its namespace, or all
    /// where that is not known, everything is unsure.
    pub(super) fn unread(&mut self) -> Vec<Policy> {
        let fact = format!("what {} says, which could not be read", self.reference);
        let unsure = self.unsure(&fact);
        self.undecided(unsure)
    }

    /// It may let through or keep away whatever it likes. Kinds that speak of one direction are called so.
    pub(super) fn undecided(&mut self, unsure: ExprId) -> Vec<Policy> {
        let pod = match self.namespace() {
            "" => self.term(Term::Pod),
            _ => self.own_pods(),
        };
        let is_egress = self.reference.kind.starts_with("Egress");
        let side = |reader: &mut Self, is_meant: bool| Side {
            isolates: false,
            rules: [Action::Allow, Action::Deny]
                .into_iter()
                .filter(|_| is_meant)
                .enumerate()
                .map(|(number, action)| {
                    reader.rule(action, (unsure, PortMatch::everything()), (UNTOLD, number))
                })
                .collect(),
        };
        let sides = (side(self, !is_egress), side(self, true));
        let place = if self.policy.api_group.ends_with("projectcalico.org") {
            // It may stand in any tier.
            (
                self.translator.stages.earliest(),
                Order(f64::NEG_INFINITY, 0),
            )
        } else {
            (self.translator.stages.admin(), Order(0.0, 0))
        };
        vec![self.policy(place, pod, sides)]
    }

    /// Reports what was not understood; the result says how sure the policy is as a whole.
    pub(super) fn finish(self, enforced: Ternary) -> ExprId {
        let Self {
            translator,
            reference,
            mut refused,
            mut unknown,
            doubts: mut parts,
            ..
        } = self;
        refused.dedup();
        unknown.sort_unstable();
        unknown.dedup();
        if let Some(first) = refused.first() {
            let fact = taken_although(&reference, first);
            parts.push(translator.vocabulary.unsure(&fact));
            translator.gaps.push(
                &reference,
                GapReason::Malformed,
                &joined(&refused),
                "the API server should refuse it: correct the policy",
            );
        }
        if !unknown.is_empty() {
            translator.gaps.push(
                &reference,
                GapReason::Unsupported,
                &joined(&unknown),
                "answers that hang on it say that they depend on it",
            );
        }
        if enforced == Ternary::Unknown {
            let cni = translator.profile.cni;
            let fact = format!("whether the network plugin (`{cni}`) enforces {reference}");
            parts.push(translator.vocabulary.unsure(&fact));
        }
        translator.vocabulary.and(parts)
    }
}

fn taken_although(reference: &PolicyReference, why: &str) -> String {
    format!("whether {reference} was taken although {why}")
}

fn joined(reasons: &[String]) -> String {
    let shown = reasons.iter().take(REASONS_MAX).cloned();
    let text = shown.collect::<Vec<_>>().join("; ");
    let more = reasons.len().saturating_sub(REASONS_MAX);
    if more > 0 {
        format!("{text}; and {more} more")
    } else {
        text
    }
}

/// A port by name in a standard policy.
pub(super) fn named(name: &str, protocol: Option<Protocol>) -> PortMatch {
    PortMatch {
        named: vec![NamedPort {
            name: name.to_owned(),
            protocol,
        }],
        ..PortMatch::fixed(Ranges::default())
    }
}

/// Several port matches in one.
pub(super) fn any_of(matches: Vec<PortMatch>) -> PortMatch {
    let mut parts = Vec::new();
    let mut named = Vec::new();
    for one in matches {
        parts.extend(one.fixed.iter());
        named.extend(one.named);
    }
    named.sort_unstable();
    named.dedup();
    PortMatch {
        named,
        ..PortMatch::fixed(Ranges::new(parts))
    }
}
