//! What an end of a connection must be for a Calico rule, as an expression.

use std::collections::BTreeMap;

use serde_json::Value;
use viewshed_model::NetworkSetting;

use super::super::reader::{Object, Reader};
use super::selector::Selector;
use crate::network::address::{AddressSet, Block};
use crate::network::place::{NAME_LABEL, NAME_LABELS};
use crate::network::vocabulary::{ExprId, Holder, Term, Test};

/// Labels that Calico gives every endpoint of a namespace (`api/pkg/apis/projectcalico/v3`).
const NAMESPACE: &str = "projectcalico.org/namespace";
const ORCHESTRATOR: &str = "projectcalico.org/orchestrator";
const SERVICE_ACCOUNT: &str = "projectcalico.org/serviceaccount";
/// Prefixes of the labels that an endpoint has from its namespace and its service account.
const OF_NAMESPACE: &str = "pcns.";
const OF_ACCOUNT: &str = "pcsa.";

/// Whose labels the keys of a selector are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// An endpoint's.
    Endpoint,
    /// A namespace's.
    Namespace,
    /// A service account's.
    Account,
    /// A host endpoint's.
    HostEndpoint,
}

/// A selector that was refused selects nobody knows what.
pub(super) fn parsed(reader: &mut Reader<'_, '_>, text: &str) -> Option<Selector> {
    match Selector::parse(text) {
        Ok(selector) => Some(selector),
        Err(why) => {
            reader.refuse(format!("its selector `{text}` is none: {why}"));
            None
        }
    }
}

/// A selector over pods, or over nodes with a host endpoint.
pub(super) fn expression(
    reader: &mut Reader<'_, '_>,
    selector: &Selector,
    subject: Subject,
) -> ExprId {
    match selector {
        Selector::All => reader.all(),
        Selector::Global => match subject {
            Subject::HostEndpoint => reader.all(),
            // Everything that these are tested of is in a namespace.
            Subject::Endpoint | Subject::Namespace | Subject::Account => reader.none(),
        },
        Selector::Label(key, test) => label(reader, key, test, subject),
        Selector::Not(inner) => {
            let inner = expression(reader, inner, subject);
            reader.not(inner)
        }
        Selector::And(parts) => {
            let parts: Vec<ExprId> = parts
                .iter()
                .map(|part| expression(reader, part, subject))
                .collect();
            reader.and(parts)
        }
        Selector::Or(parts) => {
            let parts: Vec<ExprId> = parts
                .iter()
                .map(|part| expression(reader, part, subject))
                .collect();
            reader.or(parts)
        }
    }
}

fn label(reader: &mut Reader<'_, '_>, key: &str, test: &Test, subject: Subject) -> ExprId {
    let fixed = |reader: &mut Reader<'_, '_>, value: Option<&str>| {
        if test.passes(value) {
            reader.all()
        } else {
            reader.none()
        }
    };
    let holder = match subject {
        Subject::Namespace => (Holder::Namespace, key),
        Subject::Account => (Holder::Account, key),
        Subject::HostEndpoint => (Holder::HostEndpoint, key),
        Subject::Endpoint => match key {
            NAMESPACE => (Holder::Namespace, NAME_LABEL),
            SERVICE_ACCOUNT => (Holder::Account, NAME_LABEL),
            ORCHESTRATOR => return fixed(reader, Some("k8s")),
            _ => match (key.strip_prefix(OF_NAMESPACE), key.strip_prefix(OF_ACCOUNT)) {
                (Some(key), _) => (Holder::Namespace, key),
                (None, Some(key)) => (Holder::Account, key),
                (None, None) => (Holder::Pod, key),
            },
        },
    };
    reader.label_test((holder.0, holder.1.to_owned()), test.clone())
}

/// An end of the connection: everything in it must hold.
pub(super) fn entity(reader: &mut Reader<'_, '_>, entity: &Object<'_>) -> ExprId {
    let mut parts = vec![selected(reader, entity)];
    for (field, is_negative) in [("nets", false), ("notNets", true)] {
        if entity.get(field).is_some() {
            let set = nets(reader, &entity.texts(field));
            let inside = reader.term(Term::Address(set));
            parts.push(if is_negative {
                reader.not(inside)
            } else {
                inside
            });
        }
    }
    if let Some(text) = entity.text("notSelector").filter(|text| !text.is_empty())
        && let Some(selector) = parsed(reader, text)
    {
        // Negates the match of the packet, so it includes everything outside; no namespace limits it.
        let scope = Scope {
            namespaces: None,
            endpoints: Some(selector),
            accounts: Vec::new(),
        };
        let inside = scope.expression(reader);
        parts.push(reader.not(inside));
    }
    reader.and(parts)
}

fn nets(reader: &mut Reader<'_, '_>, texts: &[String]) -> AddressSet {
    let blocks: Vec<Block> = texts
        .iter()
        .filter_map(|text| {
            let block = Block::parse_either(text);
            if block.is_none() {
                reader.refuse(format!("`{text}` is no address block"));
            }
            block
        })
        .collect();
    AddressSet::new(&blocks, &[])
}

/// The positive selectors of an entity (`GetEntityRuleSelector` in
/// `libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go`): in a namespaced policy they select
/// in its own namespace as soon as any selector is given, unless `namespaceSelector` says otherwise.
fn selected(reader: &mut Reader<'_, '_>, entity: &Object<'_>) -> ExprId {
    let text = |key: &str| entity.text(key).filter(|text| !text.is_empty());
    let (endpoints, namespaces) = (text("selector"), text("namespaceSelector"));
    let accounts = entity.get("serviceAccounts");
    if endpoints.is_none() && namespaces.is_none() && accounts.is_none() {
        let own = reader.namespace();
        if text("notSelector").is_none() || own.is_empty() {
            return reader.all();
        }
    }
    let Some(scope) = scope(reader, (endpoints, namespaces), accounts) else {
        return reader.none();
    };
    scope.expression(reader)
}

fn scope(
    reader: &mut Reader<'_, '_>,
    (endpoints, namespaces): (Option<&str>, Option<&str>),
    accounts: Option<&Value>,
) -> Option<Scope> {
    let own = reader.namespace();
    let namespaces = match namespaces {
        Some(text) => Some(parsed(reader, text)?),
        None if own.is_empty() => None,
        None => Some(Selector::Label(
            NAME_LABEL.to_owned(),
            Test::In(vec![own.to_owned()]),
        )),
    };
    let endpoints = match endpoints {
        Some(text) => Some(parsed(reader, text)?),
        None => None,
    };
    let mut of_accounts = Vec::new();
    if let Some(value) = accounts {
        let (accounts, unsure) = reader.object(value, "service accounts", &["names", "selector"]);
        reader.doubt_if(unsure);
        let names = accounts.texts("names");
        if !names.is_empty() {
            of_accounts.push(Selector::Label(NAME_LABEL.to_owned(), Test::In(names)));
        }
        if let Some(text) = accounts.text("selector").filter(|text| !text.is_empty()) {
            of_accounts.push(parsed(reader, text)?);
        }
    }
    Some(Scope {
        namespaces,
        endpoints,
        accounts: of_accounts,
    })
}

/// Selectors that select together.
struct Scope {
    namespaces: Option<Selector>,
    endpoints: Option<Selector>,
    accounts: Vec<Selector>,
}

impl Scope {
    /// Pods that they select, and the addresses of the network sets and host endpoints that they select.
    fn expression(&self, reader: &mut Reader<'_, '_>) -> ExprId {
        let mut parts = vec![reader.term(Term::Pod)];
        if let Some(selector) = &self.namespaces {
            parts.push(expression(reader, selector, Subject::Namespace));
        }
        if let Some(selector) = &self.endpoints {
            parts.push(expression(reader, selector, Subject::Endpoint));
        }
        for selector in &self.accounts {
            parts.push(expression(reader, selector, Subject::Account));
        }
        let pods = reader.and(parts);
        let addresses = self.addresses(reader);
        let others = reader.term(Term::Address(addresses));
        let unlisted = self.unlisted(reader);
        reader.or([pods, others, unlisted])
    }

    /// Addresses of what could not be listed: any.
    fn unlisted(&self, reader: &mut Reader<'_, '_>) -> ExprId {
        let own = reader.namespace();
        let mut found = vec![reader.none()];
        for kind in ["GlobalNetworkSet", "HostEndpoint", "NetworkSet"] {
            let is_namespaced = kind == "NetworkSet";
            // Without a selector of namespaces, those of a policy in one select there.
            let namespace = Some(own).filter(|own| is_namespaced && !own.is_empty());
            let is_selected = is_namespaced || self.namespaces.is_none();
            if is_selected && reader.translator.referred.is_unread(kind, namespace) {
                let fact =
                    format!("the addresses of objects of kind `{kind}`, which could not be listed");
                found.push(reader.unsure(&fact));
            }
        }
        reader.or(found)
    }

    /// Addresses of sets and host endpoints that are selected.
    fn addresses(&self, reader: &Reader<'_, '_>) -> AddressSet {
        let mut found = AddressSet::default();
        let referred = reader.translator.referred;
        for setting in &referred.settings {
            let field = match setting.kind.as_str() {
                "GlobalNetworkSet" | "NetworkSet" => "nets",
                "HostEndpoint" => "expectedIPs",
                _ => continue,
            };
            let namespace = setting.meta.namespace.as_deref();
            let inherited = namespace.and_then(|name| referred.namespaces.get(name).copied());
            if self.selects(setting, inherited) {
                found = found.union(&addresses_of(setting, field));
            }
        }
        found
    }

    /// Sets have the labels of their namespace, too (`networksetprocessor.go`); what is in no namespace has
    /// none of these, and nothing of it has a service account.
    fn selects(
        &self,
        setting: &NetworkSetting,
        inherited: Option<&BTreeMap<String, String>>,
    ) -> bool {
        let namespace = setting.meta.namespace.as_deref();
        let is_global = namespace.is_none();
        let of_namespace = |key: &str| {
            if NAME_LABELS.contains(&key) {
                return namespace.map(str::to_owned);
            }
            inherited.and_then(|labels| labels.get(key).cloned())
        };
        let own = |key: &str| match (key, key.strip_prefix(OF_NAMESPACE)) {
            (NAMESPACE, _) => namespace.map(str::to_owned),
            (_, Some(key)) => of_namespace(key),
            (_, None) => setting.meta.labels.get(key).cloned(),
        };
        let mut accounts = self.accounts.iter();
        let (namespaces, endpoints) = (self.namespaces.as_ref(), self.endpoints.as_ref());
        namespaces.is_none_or(|selector| selector.in_namespaces().matches(&of_namespace, is_global))
            && endpoints.is_none_or(|selector| selector.matches(&own, is_global))
            && accounts.all(|selector| selector.matches(&|_| None, is_global))
    }
}

fn addresses_of(setting: &NetworkSetting, field: &str) -> AddressSet {
    let spec: Value = serde_json::from_str(&setting.spec_json).unwrap_or_default();
    let texts = spec.get(field).and_then(Value::as_array);
    let blocks: Vec<Block> = texts
        .into_iter()
        .flatten()
        .filter_map(|text| Block::parse_either(text.as_str()?))
        .collect();
    AddressSet::new(&blocks, &[])
}
