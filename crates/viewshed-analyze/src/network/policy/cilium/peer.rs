//! The other end in a Cilium rule.

use serde_json::Value;
use viewshed_model::NetworkSetting;

use super::super::reader::{Object, Reader};
use super::selector;
use crate::network::address::{AddressSet, Block, Family, whole};
use crate::network::cni::Ternary;
use crate::network::vocabulary::{ExprId, Holder, Term};

const INGRESS_FIELDS: &[&str] = &[
    "fromEndpoints",
    "fromRequires",
    "fromCIDR",
    "fromCIDRSet",
    "fromEntities",
    "fromGroups",
    "fromNodes",
    "toPorts",
    "icmps",
    "authentication",
];
const EGRESS_FIELDS: &[&str] = &[
    "toEndpoints",
    "toRequires",
    "toCIDR",
    "toCIDRSet",
    "toEntities",
    "toServices",
    "toFQDNs",
    "toGroups",
    "toNodes",
    "toPorts",
    "icmps",
    "authentication",
];

pub(super) fn fields(is_ingress: bool) -> &'static [&'static str] {
    if is_ingress {
        INGRESS_FIELDS
    } else {
        EGRESS_FIELDS
    }
}

/// Translates one element of a list of peers.
type OnePeer = fn(&mut Reader<'_, '_>, &Value) -> ExprId;

const INGRESS_PEERS: [(&str, OnePeer); 6] = [
    ("fromEndpoints", selector::endpoints),
    ("fromCIDR", cidr),
    ("fromCIDRSet", cidr_set),
    ("fromEntities", named_entity),
    ("fromGroups", group),
    ("fromNodes", nodes),
];
const EGRESS_PEERS: [(&str, OnePeer); 8] = [
    ("toEndpoints", selector::endpoints),
    ("toCIDR", cidr),
    ("toCIDRSet", cidr_set),
    ("toEntities", named_entity),
    ("toServices", service),
    ("toFQDNs", domain),
    ("toGroups", group),
    ("toNodes", nodes),
];

/// All peers of a rule; `None` when it has no such field at all. A list that is there and empty means
/// nobody (`mergeEndpointSelectors`).
pub(super) fn peers(
    reader: &mut Reader<'_, '_>,
    rule: &Object<'_>,
    is_ingress: bool,
) -> Option<ExprId> {
    let kinds: &[(&str, OnePeer)] = if is_ingress {
        &INGRESS_PEERS
    } else {
        &EGRESS_PEERS
    };
    let mut parts = Vec::new();
    let mut lists = 0_usize;
    let mut has_empty = false;
    for (field, translate) in kinds {
        if rule.get(field).is_none() {
            continue;
        }
        lists += 1;
        has_empty |= rule.list(field).is_empty();
        for value in rule.list(field) {
            parts.push(translate(reader, value));
        }
    }
    if lists > 1 {
        reader.refuse("a rule combines several kinds of peers");
    }
    match (lists, has_empty) {
        (0, _) => None,
        (_, true) => Some(reader.none()),
        (_, false) => Some(reader.or(parts)),
    }
}

/// `fromRequires` and `toRequires` (until Cilium 1.18): pods that lack what is required are denied,
/// however they are allowed. Unsure, because later versions ignore the field.
pub(super) fn missing_requirement(
    reader: &mut Reader<'_, '_>,
    rule: &Object<'_>,
    is_ingress: bool,
) -> Option<ExprId> {
    let field = if is_ingress {
        "fromRequires"
    } else {
        "toRequires"
    };
    let listed = rule.list(field);
    if listed.is_empty() {
        return None;
    }
    let required: Vec<ExprId> = listed
        .iter()
        .map(|one| selector::labels(reader, one))
        .collect();
    let required = reader.and(required);
    let lacking = reader.not(required);
    let pod = reader.term(Term::Pod);
    let fact = format!("whether this version of Cilium still has `{field}`");
    let unsure = reader.unsure(&fact);
    Some(reader.and([pod, lacking, unsure]))
}

fn cidr(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let text = value.as_str().unwrap_or_default();
    match Block::parse_either(text) {
        Some(block) => reader.addresses(AddressSet::new(&[block], &[])),
        None => {
            reader.refuse(format!("`{text}` is no address block"));
            reader.none()
        }
    }
}

fn cidr_set(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let fields = ["cidr", "except", "cidrGroupRef", "cidrGroupSelector"];
    let (set, unsure) = reader.object(value, "a set of blocks", &fields);
    let except = set.texts("except");
    let found = match (set.text("cidr"), set.text("cidrGroupRef")) {
        (Some(cidr), _) if !cidr.is_empty() => match reader.block_less(cidr, &except) {
            Some(set) => reader.addresses(set),
            None => reader.none(),
        },
        (_, Some(group)) if !group.is_empty() => cidr_group(reader, group, &except),
        _ if set.get("cidrGroupSelector").is_some() => {
            cidr_groups(reader, set.get("cidrGroupSelector"), &except)
        }
        _ => {
            reader.refuse("a set of blocks says nothing");
            reader.none()
        }
    };
    reader.and([found, unsure])
}

/// The groups that have some labels (`CIDRRule.CIDRGroupSelector` in `pkg/policy/api/cidr.go`). Where the estate has
/// none, they were left out of it.
fn cidr_groups(reader: &mut Reader<'_, '_>, selector: Option<&Value>, except: &[String]) -> ExprId {
    let selector = super::super::labels::plain_selector(selector);
    let settings = reader.translator.referred.settings.iter().copied();
    let groups: Vec<&NetworkSetting> = settings
        .filter(|setting| setting.kind == "CiliumCIDRGroup")
        .collect();
    if groups.is_empty() {
        let unsure = reader.unsure("the CiliumCIDRGroups, of which none is in the estate");
        let outside = reader.term(Term::Outside);
        return reader.and([outside, unsure]);
    }
    let chosen = groups
        .into_iter()
        .filter(|group| selector.matches(&group.meta.labels));
    let blocks: Vec<Block> = chosen.flat_map(blocks_of).collect();
    let except: Vec<Block> = except
        .iter()
        .filter_map(|text| reader.block(text))
        .collect();
    reader.addresses(AddressSet::new(&blocks, &except))
}

fn blocks_of(group: &NetworkSetting) -> Vec<Block> {
    let spec: Value = serde_json::from_str(&group.spec_json).unwrap_or_default();
    let texts = spec.get("externalCIDRs").and_then(Value::as_array);
    let texts = texts.into_iter().flatten();
    texts
        .filter_map(|text| Block::parse_either(text.as_str()?))
        .collect()
}

fn cidr_group(reader: &mut Reader<'_, '_>, name: &str, except: &[String]) -> ExprId {
    let settings = &reader.translator.referred.settings;
    let group = settings
        .iter()
        .find(|setting| setting.kind == "CiliumCIDRGroup" && setting.meta.name == name);
    let Some(group) = group else {
        let fact = format!("the CiliumCIDRGroup `{name}`, which is not in the estate");
        let unsure = reader.unsure(&fact);
        let outside = reader.term(Term::Outside);
        return reader.and([outside, unsure]);
    };
    let blocks = blocks_of(group);
    let except: Vec<Block> = except
        .iter()
        .filter_map(|text| reader.block(text))
        .collect();
    reader.addresses(AddressSet::new(&blocks, &except))
}

fn named_entity(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    entity(reader, value.as_str().unwrap_or_default())
}

/// `pkg/policy/api/entity.go`.
pub(super) fn entity(reader: &mut Reader<'_, '_>, name: &str) -> ExprId {
    let family = |reader: &mut Reader<'_, '_>, family| {
        let outside = reader.term(Term::Outside);
        let addresses = AddressSet::only(family, whole(family));
        let addresses = reader.term(Term::Address(addresses));
        reader.and([outside, addresses])
    };
    match name {
        "all" => reader.all(),
        "world" => reader.term(Term::Outside),
        "world-ipv4" => family(reader, Family::V4),
        "world-ipv6" => family(reader, Family::V6),
        "cluster" => {
            let parts = [Term::Pod, Term::Node, Term::ApiServer].map(|term| reader.term(term));
            reader.or(parts)
        }
        "host" => reader.term(Term::LocalNode),
        "remote-node" => {
            let node = reader.term(Term::Node);
            let local = reader.term(Term::LocalNode);
            let remote = reader.not(local);
            reader.and([node, remote])
        }
        "kube-apiserver" => reader.term(Term::ApiServer),
        // Identities that no place of an estate has: Cilium's own endpoints and passing states.
        "health" | "init" | "ingress" | "none" | "unmanaged" => reader.none(),
        other => {
            let what = format!("the entity `{other}`");
            reader.unknown(&what)
        }
    }
}

/// `toServices`: by name or by labels of the service. A service without a selector stands for the
/// addresses of its endpoints, which are blocks like any other.
fn service(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let fields = ["k8sService", "k8sServiceSelector"];
    let (reference, unsure) = reader.object(value, "a service", &fields);
    let services: Vec<_> = reader
        .translator
        .referred
        .services
        .values()
        .copied()
        .collect();
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let mut parts = Vec::new();
    if let Some(named) = reference.get("k8sService") {
        let (name, mut namespace) = (text(named, "serviceName"), text(named, "namespace"));
        if namespace.is_empty() {
            reader.namespace().clone_into(&mut namespace);
        }
        let found = services.iter().find(|service| {
            service.meta.name == name && service.meta.namespace_or_empty() == namespace
        });
        match found {
            Some(service) => parts.push(of_service(reader, service)),
            None => {
                let fact = format!("the endpoints of service `{namespace}/{name}`");
                parts.push(reader.unsure(&fact));
            }
        }
    }
    if let Some(selected) = reference.get("k8sServiceSelector") {
        let namespace = text(selected, "namespace");
        let selector = super::super::labels::plain_selector(selected.get("selector"));
        for service in services {
            let in_namespace =
                namespace.is_empty() || service.meta.namespace_or_empty() == namespace;
            if in_namespace && selector.matches(&service.meta.labels) {
                parts.push(of_service(reader, service));
            }
        }
    }
    let found = reader.or(parts);
    reader.and([found, unsure])
}

fn of_service(reader: &mut Reader<'_, '_>, service: &viewshed_model::Service) -> ExprId {
    if let Some(pods) = reader.service_pods(service) {
        return pods;
    }
    let meta = &service.meta;
    let key = (meta.namespace_or_empty(), meta.name.as_str());
    let slices = reader.translator.referred.endpoints.get(&key);
    let blocks: Vec<Block> = slices
        .into_iter()
        .flatten()
        .flat_map(|slice| slice.addresses.iter().copied().map(Block::single))
        .collect();
    if blocks.is_empty() {
        let fact = format!("the endpoints of service `{}`", meta.full_name());
        return reader.unsure(&fact);
    }
    reader.addresses(AddressSet::new(&blocks, &[]))
}

/// The addresses that a name has are learnt from answers of the name service.
fn domain(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let name = text("matchName").or_else(|| text("matchPattern"));
    let fact = format!("which addresses `{}` has", name.unwrap_or_default());
    let unsure = reader.unsure(&fact);
    let outside = reader.term(Term::Outside);
    reader.and([outside, unsure])
}

/// `toGroups`, `fromGroups`: addresses that a cloud's interface lists.
fn group(reader: &mut Reader<'_, '_>, _: &Value) -> ExprId {
    let unsure = reader.unsure("the addresses of a cloud's security group");
    let outside = reader.term(Term::Outside);
    reader.and([outside, unsure])
}

/// `toNodes`, `fromNodes` only take effect with `enable-node-selector-labels`; then the identity of every
/// node, the local one too, has the node's labels (`pkg/node/manager`, `nodeIdentityLabels`).
fn nodes(reader: &mut Reader<'_, '_>, value: &Value) -> ExprId {
    let node = reader.term(Term::Node);
    let labelled = reader.selector_with(Some(value), |key| {
        let key = selector::without_source(key);
        (Holder::Node, key.to_owned())
    });
    let switch = match reader.translator.profile.cilium_node_labels {
        Ternary::Yes => reader.all(),
        Ternary::No => reader.none(),
        Ternary::Unknown => reader.unsure("Cilium's setting `enable-node-selector-labels`"),
    };
    reader.and([node, labelled, switch])
}
