//! What policies say of places, as expressions that every kind of policy is translated into.
//!
//! Equal expressions are kept once: ten thousand policies share a few hundred, and each is applied to
//! all places only once. An expression is true, false or unsure of a place; unsure parts name the fact
//! that would settle them.

use rustc_hash::FxHashMap;

use super::address::AddressSet;
use super::ports::PortMatch;

/// An expression in the [`Vocabulary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ExprId(u32);

/// A term in the [`Vocabulary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TermId(u32);

/// A fact in the [`Vocabulary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FactId(u32);

/// What a rule says of ports, in the [`Vocabulary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PortsId(u32);

macro_rules! positions {
    ($($id:ty),*) => {$(
        impl $id {
            /// Its position among its kind, from 0.
            pub(super) const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}
positions!(ExprId, TermId, FactId, PortsId);

/// True or false of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expr {
    /// Every place.
    All,
    /// No place.
    None,
    /// What the term says.
    Term(TermId),
    /// The opposite.
    Not(ExprId),
    /// All of them.
    And(Vec<ExprId>),
    /// Any of them.
    Or(Vec<ExprId>),
    /// Nobody knows without this fact.
    Unsure(FactId),
}

/// One test of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// A pod with a network of its own.
    Pod,
    /// A node, and the pods that share its network.
    Node,
    /// The node that the policy's own pod runs on.
    LocalNode,
    /// An address that belongs to no pod and no node of the cluster.
    Outside,
    /// The API server's own address.
    ApiServer,
    /// A pod that a controller made.
    Owned,
    /// A pod of this namespace.
    Namespace(String),
    /// A node that a host endpoint (Calico) guards.
    Protected,
    /// Such a node whose host endpoint has no profile that lets everything through.
    ClosedNode,
    /// Such a node whose host endpoint has this profile.
    Profile(String),
    /// A label of something; false where the place has no such thing. Namespaces and service accounts
    /// also have their name as labels ([`super::place::NAME_LABELS`]).
    Label(Holder, String, Test),
    /// The place has an address of the set.
    Address(AddressSet),
}

/// Whose label is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Holder {
    /// The pod's own.
    Pod,
    /// The pod's namespace's.
    Namespace,
    /// The pod's service account's.
    Account,
    /// The node's.
    Node,
    /// The host endpoint's (Calico) that stands for the node.
    HostEndpoint,
}

/// A test of one label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Test {
    /// Present with one of the values.
    In(Vec<String>),
    /// Absent, or present with another value.
    NotIn(Vec<String>),
    /// Present.
    Exists,
    /// Absent.
    Missing,
    /// Present and begins so.
    StartsWith(String),
    /// Present and ends so.
    EndsWith(String),
    /// Present and holds this.
    Contains(String),
}

impl Test {
    /// Whether a label with this value, or none, passes.
    pub(super) fn passes(&self, value: Option<&str>) -> bool {
        match self {
            Self::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Self::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
            Self::Exists => value.is_some(),
            Self::Missing => value.is_none(),
            Self::StartsWith(start) => value.is_some_and(|value| value.starts_with(start)),
            Self::EndsWith(end) => value.is_some_and(|value| value.ends_with(end)),
            Self::Contains(part) => value.is_some_and(|value| value.contains(part)),
        }
    }
}

/// All expressions, terms, facts and port matches of one cluster's policies.
#[derive(Debug, Default, Clone)]
pub(super) struct Vocabulary {
    exprs: Vec<Expr>,
    terms: Vec<Term>,
    facts: Vec<String>,
    ports: Vec<PortMatch>,
    expr_ids: FxHashMap<Expr, ExprId>,
    term_ids: FxHashMap<Term, TermId>,
    fact_ids: FxHashMap<String, FactId>,
    port_ids: FxHashMap<PortMatch, PortsId>,
}

/// Ids are handed out here only, so a position beyond the end is the last expression's: nothing is.
const NOTHING: &Expr = &Expr::None;

fn next_id(length: usize) -> u32 {
    // Four thousand million expressions would not fit in memory.
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Vocabulary {
    pub(super) fn exprs(&self) -> &[Expr] {
        &self.exprs
    }

    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }

    pub(super) fn port_matches(&self) -> &[PortMatch] {
        &self.ports
    }

    pub(super) fn expr(&self, id: ExprId) -> &Expr {
        self.exprs.get(id.index()).unwrap_or(NOTHING)
    }

    pub(super) fn term(&self, id: TermId) -> Option<&Term> {
        self.terms.get(id.index())
    }

    /// Completes "depends on ...".
    pub(super) fn fact_text(&self, id: FactId) -> &str {
        self.facts.get(id.index()).map_or("", String::as_str)
    }

    pub(super) fn port_match(&self, id: PortsId) -> Option<&PortMatch> {
        self.ports.get(id.index())
    }

    pub(super) fn fact(&mut self, text: &str) -> FactId {
        if let Some(id) = self.fact_ids.get(text) {
            return *id;
        }
        let id = FactId(next_id(self.facts.len()));
        self.facts.push(text.to_owned());
        self.fact_ids.insert(text.to_owned(), id);
        id
    }

    pub(super) fn ports(&mut self, ports: PortMatch) -> PortsId {
        if let Some(id) = self.port_ids.get(&ports) {
            return *id;
        }
        let id = PortsId(next_id(self.ports.len()));
        self.ports.push(ports.clone());
        self.port_ids.insert(ports, id);
        id
    }

    fn intern(&mut self, expr: Expr) -> ExprId {
        if let Some(id) = self.expr_ids.get(&expr) {
            return *id;
        }
        let id = ExprId(next_id(self.exprs.len()));
        self.exprs.push(expr.clone());
        self.expr_ids.insert(expr, id);
        id
    }

    pub(super) fn all(&mut self) -> ExprId {
        self.intern(Expr::All)
    }

    pub(super) fn none(&mut self) -> ExprId {
        self.intern(Expr::None)
    }

    pub(super) fn unsure(&mut self, fact: &str) -> ExprId {
        let fact = self.fact(fact);
        self.intern(Expr::Unsure(fact))
    }

    pub(super) fn of(&mut self, term: Term) -> ExprId {
        let id = match self.term_ids.get(&term) {
            Some(id) => *id,
            None => {
                let id = TermId(next_id(self.terms.len()));
                self.terms.push(term.clone());
                self.term_ids.insert(term, id);
                id
            }
        };
        self.intern(Expr::Term(id))
    }

    pub(super) fn label(&mut self, holder: Holder, key: &str, test: Test) -> ExprId {
        self.of(Term::Label(holder, key.to_owned(), test))
    }

    pub(super) fn not(&mut self, inner: ExprId) -> ExprId {
        match self.expr(inner) {
            Expr::All => self.none(),
            Expr::None => self.all(),
            Expr::Not(twice) => *twice,
            Expr::Term(_) | Expr::And(_) | Expr::Or(_) | Expr::Unsure(_) => {
                self.intern(Expr::Not(inner))
            }
        }
    }

    pub(super) fn and(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        let mut kept = Vec::new();
        for part in parts {
            match self.expr(part) {
                Expr::All => {}
                Expr::None => return self.none(),
                Expr::And(inner) => kept.extend(inner.iter().copied()),
                Expr::Term(_) | Expr::Not(_) | Expr::Or(_) | Expr::Unsure(_) => kept.push(part),
            }
        }
        kept.sort_unstable();
        kept.dedup();
        match kept.as_slice() {
            [] => self.all(),
            [one] => *one,
            _ => self.intern(Expr::And(kept)),
        }
    }

    pub(super) fn or(&mut self, parts: impl IntoIterator<Item = ExprId>) -> ExprId {
        let mut kept = Vec::new();
        for part in parts {
            match self.expr(part) {
                Expr::None => {}
                Expr::All => return self.all(),
                Expr::Or(inner) => kept.extend(inner.iter().copied()),
                Expr::Term(_) | Expr::Not(_) | Expr::And(_) | Expr::Unsure(_) => kept.push(part),
            }
        }
        kept.sort_unstable();
        kept.dedup();
        match kept.as_slice() {
            [] => self.none(),
            [one] => *one,
            _ => self.intern(Expr::Or(kept)),
        }
    }
}
