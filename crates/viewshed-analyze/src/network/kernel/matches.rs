//! Every expression applied to all spots at once.

use rustc_hash::FxHashMap;

use super::Inputs;
use super::space::Space;
use crate::network::address::Family;
use crate::network::bits::{Bits, Row};
use crate::network::eval::{Context, Locality, Tri};
use crate::network::place::{AddressFact, Kind, is_given_by_controllers};
use crate::network::vocabulary::{Expr, ExprId, Holder, Term, Test};

/// The spots that an expression holds for.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) sure: Row,
    /// Where it may hold; `None` when that is the same.
    may: Option<Row>,
}

impl Match {
    pub(super) fn may(&self) -> &Row {
        self.may.as_ref().unwrap_or(&self.sure)
    }

    pub(super) fn is_sure(&self) -> bool {
        self.may.is_none()
    }

    fn of(sure: &Bits, may: &Bits) -> Self {
        Self {
            sure: Row::of(sure),
            may: (sure != may).then(|| Row::of(may)),
        }
    }

    fn sure(row: Row) -> Self {
        Self {
            sure: row,
            may: None,
        }
    }

    /// Only those spots that `limit` has.
    pub(super) fn within(&self, limit: &Row, length: usize) -> Self {
        let limited = |row: &Row| {
            let mut within = Bits::none(length);
            let mut bits = Bits::none(length);
            limit.write(&mut within);
            row.add_within(&within, &mut bits);
            Row::of(&bits)
        };
        Self {
            sure: limited(&self.sure),
            may: self.may.as_ref().map(limited),
        }
    }
}

/// By expression.
#[derive(Debug, Clone)]
pub(super) struct Matches {
    by_expr: Vec<Match>,
}

/// What no expression is.
static NOTHING: Match = Match {
    sure: Row::Few(Vec::new()),
    may: None,
};

impl Matches {
    pub(super) fn of<'c>(
        inputs: &Inputs<'_, 'c>,
        (space, found): (&Space<'c>, &SpotIndex<'c>),
        family: Family,
    ) -> Self {
        let mut matches = Self {
            by_expr: Vec::with_capacity(inputs.vocabulary.exprs().len()),
        };
        matches.extend(inputs, (space, found), family);
        matches
    }

    /// Applies the expressions that are new since the last time.
    pub(super) fn extend<'c>(
        &mut self,
        inputs: &Inputs<'_, 'c>,
        (space, found): (&Space<'c>, &SpotIndex<'c>),
        family: Family,
    ) {
        let known = self.by_expr.len();
        let exprs = inputs.vocabulary.exprs();
        if known == exprs.len() {
            return;
        }
        let applier = Applier {
            context: inputs.context(family, Locality::Open),
            space,
            found,
        };
        // An expression is interned after its parts, so they stand before it.
        for expr in exprs.iter().skip(known) {
            let found = self.apply(expr, &applier);
            self.by_expr.push(found);
        }
    }

    pub(super) fn get(&self, id: ExprId) -> &Match {
        self.by_expr.get(id.index()).unwrap_or(&NOTHING)
    }

    fn apply(&self, expr: &Expr, applier: &Applier<'_, '_>) -> Match {
        match expr {
            Expr::All => Match::sure(Row::of(&applier.found.whole)),
            Expr::None => Match::sure(Row::Few(Vec::new())),
            Expr::Unsure(_) => Match {
                sure: Row::Few(Vec::new()),
                may: Some(Row::of(&applier.found.whole)),
            },
            Expr::Term(id) => match applier.context.vocabulary.term(*id) {
                Some(term) => applier.term(term),
                None => NOTHING.clone(),
            },
            Expr::Not(inner) => {
                let inner = self.get(*inner);
                let inverted = |row: &Row| {
                    let mut bits = applier.found.whole.clone();
                    row.remove_from(&mut bits);
                    Row::of(&bits)
                };
                Match {
                    sure: inverted(inner.may()),
                    may: (!inner.is_sure()).then(|| inverted(&inner.sure)),
                }
            }
            Expr::And(parts) => self.all_of(parts, applier),
            Expr::Or(parts) => self.any_of(parts, applier),
        }
    }

    fn all_of(&self, parts: &[ExprId], applier: &Applier<'_, '_>) -> Match {
        let parts: Vec<&Match> = parts.iter().map(|part| self.get(*part)).collect();
        let fewest = parts.iter().filter_map(|part| match part.may() {
            Row::Few(numbers) => Some(numbers),
            Row::Many(_) => None,
        });
        if let Some(candidates) = fewest.min_by_key(|numbers| numbers.len()) {
            let has = |number: u32, pick: fn(&Match) -> &Row| {
                parts.iter().all(|part| pick(part).has(number as usize))
            };
            let kept = |pick: fn(&Match) -> &Row| {
                let kept = candidates.iter().copied();
                Row::Few(kept.filter(|number| has(*number, pick)).collect())
            };
            let may = kept(|part| part.may());
            let sure = if parts.iter().all(|part| part.is_sure()) {
                return Match::sure(may);
            } else {
                kept(|part| &part.sure)
            };
            return Match {
                may: (may != sure).then_some(may),
                sure,
            };
        }
        let together = |pick: fn(&Match) -> &Row| {
            let mut bits = applier.found.whole.clone();
            let mut scratch = Bits::none(applier.found.length);
            for part in &parts {
                pick(part).write(&mut scratch);
                bits.keep(&scratch);
            }
            bits
        };
        let may = together(|part| part.may());
        if parts.iter().all(|part| part.is_sure()) {
            Match::sure(Row::of(&may))
        } else {
            Match::of(&together(|part| &part.sure), &may)
        }
    }

    fn any_of(&self, parts: &[ExprId], applier: &Applier<'_, '_>) -> Match {
        let parts: Vec<&Match> = parts.iter().map(|part| self.get(*part)).collect();
        let together = |pick: fn(&Match) -> &Row| {
            let mut bits = Bits::none(applier.found.length);
            for part in &parts {
                pick(part).add_to(&mut bits);
            }
            bits
        };
        let may = together(|part| part.may());
        if parts.iter().all(|part| part.is_sure()) {
            Match::sure(Row::of(&may))
        } else {
            Match::of(&together(|part| &part.sure), &may)
        }
    }
}

/// Spots by label key and value, and spots by address, so that most terms need not look at every spot.
#[derive(Debug, Clone)]
pub(super) struct SpotIndex<'c> {
    length: usize,
    whole: Bits,
    pods: Bits,
    /// Spots of workloads whose pods are not in the estate.
    made: Vec<u32>,
    by_label: FxHashMap<&'c str, FxHashMap<&'c str, Vec<u32>>>,
    /// Spots with one known address, by address.
    by_address: Vec<(u128, u32)>,
    /// Spots whose address is none of these.
    other_addresses: Vec<u32>,
}

/// Applies terms to all spots.
struct Applier<'n, 'c> {
    context: Context<'n, 'c>,
    space: &'n Space<'c>,
    found: &'n SpotIndex<'c>,
}

impl<'c> SpotIndex<'c> {
    pub(super) fn of(inputs: &Inputs<'_, 'c>, space: &Space<'c>, family: Family) -> Self {
        let length = space.spots.len();
        let mut index = Self {
            length,
            whole: Bits::all(length),
            pods: Bits::none(length),
            made: Vec::new(),
            by_label: FxHashMap::default(),
            by_address: Vec::new(),
            other_addresses: Vec::new(),
        };
        for term in inputs.vocabulary.terms() {
            if let Term::Label(Holder::Pod, key, _) = term {
                index.note_label(space, key);
            }
        }
        for (spot, number) in space.spots.iter().zip(0_u32..) {
            if spot.body.kind == Kind::Pod {
                index.pods.add(number as usize);
            }
            if spot.body.made_by.is_some() {
                index.made.push(number);
            }
            match spot.body.address(family) {
                AddressFact::Absent => {}
                AddressFact::Known(address) => index.by_address.push((*address, number)),
                AddressFact::Unknown | AddressFact::Several(_) => {
                    index.other_addresses.push(number);
                }
            }
        }
        index.by_address.sort_unstable();
        index
    }

    fn note_label(&mut self, space: &Space<'c>, wanted: &str) {
        if self.by_label.contains_key(wanted) {
            return;
        }
        let mut values: FxHashMap<&'c str, Vec<u32>> = FxHashMap::default();
        let mut name: Option<&'c str> = None;
        for (spot, number) in space.spots.iter().zip(0_u32..) {
            if spot.body.kind != Kind::Pod {
                continue;
            }
            if let Some((key, value)) = spot
                .body
                .labels
                .and_then(|labels| labels.get_key_value(wanted))
            {
                name = Some(key);
                values.entry(value).or_default().push(number);
            }
        }
        if let Some(name) = name {
            self.by_label.insert(name, values);
        }
    }
}

impl Applier<'_, '_> {
    fn term(&self, term: &Term) -> Match {
        match term {
            Term::Label(Holder::Pod, key, test) if is_given_by_controllers(key) => {
                let mut sure = self.pod_label(key, test);
                let mut may = sure.clone();
                for spot in &self.found.made {
                    sure.remove(*spot as usize);
                    may.remove(*spot as usize);
                }
                self.one_by_one(term, self.found.made.iter(), (&mut sure, &mut may));
                Match::of(&sure, &may)
            }
            Term::Label(Holder::Pod, key, test) => Match::sure(Row::of(&self.pod_label(key, test))),
            Term::Label(Holder::Namespace, ..) => self.by_namespaces(term),
            Term::Namespace(_) => self.by_namespaces(term),
            Term::Address(set) => {
                let (mut sure, mut may) =
                    (Bits::none(self.found.length), Bits::none(self.found.length));
                for (first, last) in set.of(self.context.family).iter() {
                    let from = self.found.by_address.partition_point(|one| one.0 < first);
                    let inside = self.found.by_address.iter().skip(from);
                    for (_, spot) in inside.take_while(|one| one.0 <= last) {
                        sure.add(*spot as usize);
                        may.add(*spot as usize);
                    }
                }
                self.one_by_one(
                    term,
                    self.found.other_addresses.iter(),
                    (&mut sure, &mut may),
                );
                Match::of(&sure, &may)
            }
            Term::Pod => Match::sure(Row::of(&self.found.pods)),
            _ => {
                let (mut sure, mut may) =
                    (Bits::none(self.found.length), Bits::none(self.found.length));
                let all: Vec<u32> = (0_u32..).take(self.found.length).collect();
                self.one_by_one(term, all.iter(), (&mut sure, &mut may));
                Match::of(&sure, &may)
            }
        }
    }

    fn one_by_one<'s>(
        &self,
        term: &Term,
        spots: impl Iterator<Item = &'s u32>,
        (sure, may): (&mut Bits, &mut Bits),
    ) {
        for number in spots {
            let Some(spot) = self.space.spot(*number) else {
                continue;
            };
            let holds = self.context.term_holds(term, &spot.body);
            if holds == Tri::Yes {
                sure.add(*number as usize);
            }
            if holds != Tri::No {
                may.add(*number as usize);
            }
        }
    }

    /// By the labels that pods and templates have.
    fn pod_label(&self, key: &str, test: &Test) -> Bits {
        let mut bits = Bits::none(self.found.length);
        let nobody = FxHashMap::default();
        let values = self.found.by_label.get(key).unwrap_or(&nobody);
        let add = |bits: &mut Bits, spots: &[u32]| {
            for spot in spots {
                bits.add(*spot as usize);
            }
        };
        match test {
            Test::In(wanted) => {
                for value in wanted {
                    if let Some(spots) = values.get(value.as_str()) {
                        add(&mut bits, spots);
                    }
                }
            }
            Test::NotIn(unwanted) => {
                bits = self.found.pods.clone();
                for spots in unwanted
                    .iter()
                    .filter_map(|value| values.get(value.as_str()))
                {
                    for spot in spots {
                        bits.remove(*spot as usize);
                    }
                }
            }
            Test::Missing => {
                bits = self.found.pods.clone();
                #[expect(
                    clippy::iter_over_hash_type,
                    reason = "bits come out the same in any order"
                )]
                for spots in values.values() {
                    for spot in spots {
                        bits.remove(*spot as usize);
                    }
                }
            }
            Test::Exists | Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) => {
                #[expect(
                    clippy::iter_over_hash_type,
                    reason = "bits come out the same in any order"
                )]
                for (value, spots) in values {
                    if test.passes(Some(value)) {
                        add(&mut bits, spots);
                    }
                }
            }
        }
        bits
    }

    /// A term that only asks for the namespace: one look per namespace. Nodes may stand in one, too.
    fn by_namespaces(&self, term: &Term) -> Match {
        let (mut sure, mut may) = (Bits::none(self.found.length), Bits::none(self.found.length));
        for spots in &self.space.by_namespace {
            let first = spots.first().and_then(|spot| self.space.spot(*spot));
            let Some(first) = first else { continue };
            let holds = self.context.term_holds(term, &first.body);
            for spot in spots {
                if holds == Tri::Yes {
                    sure.add(*spot as usize);
                }
                if holds != Tri::No {
                    may.add(*spot as usize);
                }
            }
        }
        let nodes = (self.space.of_node.iter()).chain([&self.space.some_node]);
        self.one_by_one(term, nodes, (&mut sure, &mut may));
        Match::of(&sure, &may)
    }
}
