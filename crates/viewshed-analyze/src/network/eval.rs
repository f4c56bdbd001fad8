//! Whether an expression holds for one place: yes, no, or maybe with the facts that would settle it.

use std::collections::BTreeSet;

use super::address::{AddressSet, Family, address};
use super::place::{AddressFact, Body, HostEndpoint, Kind, NAME_LABELS, Places};
use super::ranges::Ranges;
use super::vocabulary::{Expr, ExprId, Holder, Term, Test, Vocabulary};

/// Yes, no, or not known. The order is that of certainty: `and` is the least, `or` the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Tri {
    No,
    Maybe,
    Yes,
}

impl Tri {
    pub(super) const fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Tri {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

/// Where the pod runs that a policy applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Locality {
    /// On this node.
    At(u32),
    /// Not known, or many pods are meant at once.
    Open,
    /// The policy applies to no pod.
    None,
}

/// What an expression is asked with beside the place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'n, 'c> {
    pub(super) vocabulary: &'n Vocabulary,
    pub(super) places: &'n Places<'c>,
    pub(super) family: Family,
    pub(super) locality: Locality,
    pub(super) guard: Guard,
}

/// Which host endpoint guards a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// Any that its addresses leave possible.
    ByAddress,
    /// This one, or none.
    Exactly(Option<u32>),
}

impl<'c> Context<'_, 'c> {
    /// Whether the expression holds.
    pub(super) fn holds(&self, id: ExprId, body: &Body<'c>) -> Tri {
        match self.vocabulary.expr(id) {
            Expr::All => Tri::Yes,
            Expr::None => Tri::No,
            Expr::Unsure(_) => Tri::Maybe,
            Expr::Term(id) => match self.vocabulary.term(*id) {
                Some(term) => self.term_holds(term, body),
                None => Tri::No,
            },
            Expr::Not(inner) => self.holds(*inner, body).not(),
            Expr::And(parts) => {
                let mut least = Tri::Yes;
                for part in parts {
                    least = least.min(self.holds(*part, body));
                    if least == Tri::No {
                        break;
                    }
                }
                least
            }
            Expr::Or(parts) => {
                let mut most = Tri::No;
                for part in parts {
                    most = most.max(self.holds(*part, body));
                    if most == Tri::Yes {
                        break;
                    }
                }
                most
            }
        }
    }

    pub(super) fn term_holds(&self, term: &Term, body: &Body<'c>) -> Tri {
        match term {
            Term::Pod => (body.kind == Kind::Pod).into(),
            Term::Node => (body.kind == Kind::Node).into(),
            Term::LocalNode => self.is_local(body),
            Term::Outside => (body.kind == Kind::Outside).into(),
            Term::ApiServer => body.is_api_server(self.family).into(),
            Term::Owned => body.is_owned.into(),
            Term::Protected => self.guards_hold(body, |_| Tri::Yes),
            Term::ClosedNode => self.guards_hold(body, |one| one.is_open.not()),
            Term::Profile(name) => self.guards_hold(body, |one| one.profiles.contains(name).into()),
            Term::Namespace(name) => (body.kind == Kind::Pod
                && self
                    .places
                    .namespace(body.namespace)
                    .is_some_and(|namespace| namespace.name == name))
            .into(),
            Term::Label(holder, key, test) => self.label_holds(*holder, key, test, body),
            Term::Address(set) => self.address_holds(set, body),
        }
    }

    fn is_local(&self, body: &Body<'c>) -> Tri {
        if body.kind != Kind::Node {
            return Tri::No;
        }
        match (self.locality, body.node) {
            (Locality::At(own), Some(node)) => (own == node).into(),
            (Locality::None, _) => Tri::No,
            (Locality::At(_), None) | (Locality::Open, _) => Tri::Maybe,
        }
    }

    /// The host endpoints that may guard a node.
    pub(super) fn guards(&self, body: &Body<'c>) -> Vec<Option<u32>> {
        match self.guard {
            Guard::Exactly(one) => vec![one],
            Guard::ByAddress => self.places.guards_of(body),
        }
    }

    /// Whether something holds of the host endpoint that guards a node; not where none does.
    fn guards_hold(&self, body: &Body<'c>, test: impl Fn(&HostEndpoint<'c>) -> Tri) -> Tri {
        if body.kind != Kind::Node || self.places.host_endpoints.is_empty() {
            return Tri::No;
        }
        let of = |guard: Option<u32>| {
            let endpoint = guard.and_then(|one| self.places.host_endpoints.get(one as usize));
            endpoint.map_or(Tri::No, &test)
        };
        let each = self.guards(body).into_iter().map(of);
        let together = |one: Tri, two: Tri| if one == two { one } else { Tri::Maybe };
        each.reduce(together).unwrap_or(Tri::No)
    }

    fn label_holds(&self, holder: Holder, key: &str, test: &Test, body: &Body<'c>) -> Tri {
        let passes = |value: Option<&str>| Tri::from(test.passes(value));
        match (holder, body.kind) {
            (Holder::Pod, Kind::Pod) | (Holder::Node, Kind::Node) => match body.labels {
                Some(labels) if !labels.contains_key(key) => {
                    let given = body.made_by.and_then(|maker| maker.passes(key, test));
                    given.unwrap_or_else(|| passes(None))
                }
                Some(labels) => passes(labels.get(key).map(String::as_str)),
                None => Tri::Maybe,
            },
            (Holder::Namespace, _) => match self.places.namespace(body.namespace) {
                None => Tri::No,
                Some(namespace) if NAME_LABELS.contains(&key) => passes(Some(namespace.name)),
                Some(namespace) => match namespace.labels {
                    Some(labels) => passes(labels.get(key).map(String::as_str)),
                    None => Tri::Maybe,
                },
            },
            (Holder::Account, Kind::Pod) => {
                if NAME_LABELS.contains(&key) {
                    return passes(Some(body.account));
                }
                match self.account_labels(body) {
                    Some(labels) => passes(labels.get(key).map(String::as_str)),
                    None => Tri::Maybe,
                }
            }
            (Holder::HostEndpoint, Kind::Node) => {
                self.guards_hold(body, |one| passes(one.labels.get(key).map(String::as_str)))
            }
            (Holder::Pod | Holder::Account, Kind::Node | Kind::Outside)
            | (Holder::Node | Holder::HostEndpoint, Kind::Pod | Kind::Outside) => Tri::No,
        }
    }

    fn account_labels(
        &self,
        body: &Body<'c>,
    ) -> Option<&'c std::collections::BTreeMap<String, String>> {
        let namespace = self.places.namespace(body.namespace)?;
        self.places
            .accounts
            .get(&(namespace.name, body.account))
            .copied()
    }

    fn address_holds(&self, set: &AddressSet, body: &Body<'c>) -> Tri {
        let ranges = set.of(self.family);
        match body.address(self.family) {
            AddressFact::Absent => Tri::No,
            AddressFact::Known(number) => ranges.contains(*number).into(),
            AddressFact::Several(numbers) => {
                let inside = numbers.iter().filter(|number| ranges.contains(**number));
                match inside.count() {
                    0 => Tri::No,
                    count if count == numbers.len() => Tri::Yes,
                    _ => Tri::Maybe,
                }
            }
            AddressFact::Unknown => self.unknown_address_holds(set, ranges, body.kind),
        }
    }

    fn unknown_address_holds(&self, set: &AddressSet, ranges: &Ranges<u128>, kind: Kind) -> Tri {
        if ranges.is_empty() {
            return Tri::No;
        }
        if set.is_whole(self.family) {
            return Tri::Yes;
        }
        let possible = self.places.pod_ranges(self.family);
        if kind != Kind::Pod || possible.is_empty() {
            return Tri::Maybe;
        }
        let inside = possible.intersection(ranges);
        if inside.is_empty() {
            Tri::No
        } else if inside == *possible {
            Tri::Yes
        } else {
            Tri::Maybe
        }
    }

    /// The facts that make the expression unsure of the place; none when it is sure. `what` names the
    /// place in a sentence.
    pub(super) fn doubts(
        &self,
        id: ExprId,
        (body, what): (&Body<'c>, &str),
        facts: &mut BTreeSet<String>,
    ) {
        if self.holds(id, body) != Tri::Maybe {
            return;
        }
        match self.vocabulary.expr(id) {
            Expr::All | Expr::None => {}
            Expr::Unsure(fact) => {
                facts.insert(self.vocabulary.fact_text(*fact).to_owned());
            }
            Expr::Not(inner) => self.doubts(*inner, (body, what), facts),
            Expr::And(parts) | Expr::Or(parts) => {
                for part in parts {
                    self.doubts(*part, (body, what), facts);
                }
            }
            Expr::Term(term) => {
                if let Some(term) = self.vocabulary.term(*term) {
                    facts.insert(self.doubt_of(term, body, what));
                }
            }
        }
    }

    /// Completes "depends on ...", for a term that may hold.
    fn doubt_of(&self, term: &Term, body: &Body<'c>, what: &str) -> String {
        match term {
            Term::LocalNode => format!("whether the pod runs on {what}"),
            Term::Address(_) => match body.address(self.family) {
                AddressFact::Several(numbers) => {
                    let shown: Vec<String> = numbers
                        .iter()
                        .map(|number| address(self.family, *number).to_string())
                        .collect();
                    format!("which address of {what} is used ({})", shown.join(", "))
                }
                AddressFact::Absent | AddressFact::Unknown | AddressFact::Known(_) => {
                    format!("the {} address of {what}", self.family.name())
                }
            },
            Term::Label(Holder::Namespace, ..) => {
                let namespace = self.places.namespace(body.namespace);
                let name = namespace.map_or("", |namespace| namespace.name);
                format!("the labels of namespace `{name}`, which is not in the estate")
            }
            Term::Label(Holder::Account, ..) => {
                let account = body.account;
                format!("the labels of service account `{account}`, which is not in the estate")
            }
            Term::Label(Holder::Pod | Holder::Node, ..) => format!("the labels of {what}"),
            Term::Protected
            | Term::Profile(_)
            | Term::ClosedNode
            | Term::Label(Holder::HostEndpoint, ..) => match self.guards(body).as_slice() {
                [Some(one)] => {
                    let endpoint = self.places.host_endpoints.get(*one as usize);
                    let profiles = endpoint.map(|endpoint| endpoint.profiles.join("`, `"));
                    let profiles = profiles.unwrap_or_default();
                    format!("the rules of the profiles `{profiles}`, which are not in the estate")
                }
                _ => by_which_interface(what),
            },
            // These are never unsure.
            Term::Pod
            | Term::Node
            | Term::Outside
            | Term::ApiServer
            | Term::Owned
            | Term::Namespace(_) => format!("what {what} is"),
        }
    }
}

/// Completes "depends on ...": host endpoints stand for interfaces.
pub(super) fn by_which_interface(node: &str) -> String {
    format!("by which interface of {node} the connection passes")
}
