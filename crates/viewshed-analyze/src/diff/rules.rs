//! What each subject may see by RBAC on either side, and what the newer side adds.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use viewshed_model::{Cluster, Evidence, Position, Role, RoleBinding, SightChange, SubjectKind};

use super::fold;
use crate::rbac::{Grant, Session};
use crate::see::{Door, sees_everything};
use crate::sight::{Coverage, SightIndex, Targets, Verbs};
use crate::who::Row;

/// One side, indexed for the comparison.
pub(super) struct Side<'c> {
    pub(super) index: SightIndex<'c>,
    /// What each role shows of everything that exists on either side, by the role's address.
    coverages: FxHashMap<usize, Coverage<'c>>,
    /// The same number for the same rules, on both sides, by the role's address.
    rules_numbers: FxHashMap<usize, usize>,
    /// Bindings by namespace and name.
    pub(super) bindings: FxHashMap<(Option<&'c str>, &'c str), &'c RoleBinding>,
}

/// Both sides.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) before: &'a Side<'a>,
    pub(super) after: &'a Side<'a>,
    /// What exists on either side.
    pub(super) targets: &'a Targets,
}

impl Sides<'_> {
    /// With before and after exchanged.
    pub(super) fn swapped(self) -> Self {
        Self {
            before: self.after,
            after: self.before,
            ..self
        }
    }
}

impl<'c> Side<'c> {
    /// Reads every role once. `rules_numbers` of both sides come from [`number_rules`].
    pub(super) fn new(
        index: SightIndex<'c>,
        targets: &Targets,
        rules_numbers: FxHashMap<usize, usize>,
    ) -> Self {
        let coverages: Vec<(usize, Coverage<'c>)> = index
            .cluster
            .roles
            .par_iter()
            .map(|role| {
                let coverage = Coverage::of(&role.rules, targets);
                (std::ptr::from_ref(role).addr(), coverage)
            })
            .collect();
        let bindings = index
            .cluster
            .bindings
            .iter()
            .map(|binding| (binding_key(binding), binding))
            .collect();
        Self {
            index,
            coverages: coverages.into_iter().collect(),
            rules_numbers,
            bindings,
        }
    }

    /// Where the grants of an identity reach, and which rules they bring; equal lists see the same.
    fn signature(
        &'c self,
        session: &Session<'c>,
        row: &Row,
    ) -> Vec<(Option<&'c str>, usize, bool)> {
        let mut found: Vec<_> = session
            .grants()
            .filter_map(|grant| {
                let number = self
                    .rules_numbers
                    .get(&std::ptr::from_ref(grant.role?).addr())?;
                Some((grant.namespace(), *number, is_inherited(&grant, row)))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Numbers the rules of roles, equal rules alike: one map per cluster, by the role's address.
pub(super) fn number_rules(clusters: [&Cluster; 2]) -> [FxHashMap<usize, usize>; 2] {
    let mut numbers = FxHashMap::default();
    clusters.map(|cluster| {
        cluster
            .roles
            .iter()
            .map(|role| {
                let next = numbers.len();
                let number = *numbers.entry(role.rules.as_slice()).or_insert(next);
                (std::ptr::from_ref(role).addr(), number)
            })
            .collect()
    })
}

/// Where something shows: the namespace (`None`: everywhere), the position of the target, and the one name
/// that shows (`None`: all).
pub(super) type Place<'a> = (Option<&'a str>, usize, Option<&'a str>);

/// Which rule of which grant shows it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) grant: Grant<'a>,
    pub(super) rule: usize,
}

/// What an identity sees.
#[derive(Default)]
pub(super) struct Sight<'a> {
    /// By grants to the subject itself, each with its source.
    pub(super) own: BTreeMap<Place<'a>, Vec<(Verbs, Source<'a>)>>,
    /// By grants to groups that it is in.
    inherited: BTreeMap<Place<'a>, Verbs>,
    /// Paths that it may get by grants to itself.
    own_paths: BTreeMap<&'a str, Source<'a>>,
    inherited_paths: Vec<&'a str>,
    /// Why it sees everything.
    everything: Option<Evidence>,
}

impl<'a> Sight<'a> {
    pub(super) fn of(side: &'a Side<'a>, targets: &Targets, row: &Row) -> Self {
        if is_kept_out(side, row) {
            return Self::default();
        }
        let session = side.index.access.session(&row.identity);
        let mut sight = Self {
            everything: sees_everything(&session),
            ..Self::default()
        };
        if sight.everything.is_some() || !side.index.trust.grants_count {
            return sight;
        }
        for grant in session.grants() {
            let Some(role) = grant.role else { continue };
            let is_own = !is_inherited(&grant, row);
            if let Some(coverage) = side.coverages.get(&std::ptr::from_ref(role).addr()) {
                sight.add(grant, coverage, targets, is_own);
            }
            sight.add_paths(grant, is_own);
        }
        sight
    }

    fn add(&mut self, grant: Grant<'a>, coverage: &Coverage<'a>, targets: &Targets, is_own: bool) {
        let whole = coverage.whole.iter().map(|shown| (shown, None));
        let named = coverage
            .named
            .iter()
            .map(|named| (&named.shown, Some(named.name)));
        for (shown, name) in whole.chain(named) {
            let Some(verbs) = reaches(&grant, shown.target, name, shown.verbs, targets) else {
                continue;
            };
            let place = (grant.namespace(), shown.target, name);
            if is_own {
                let source = Source {
                    grant,
                    rule: shown.rule,
                };
                self.own.entry(place).or_default().push((verbs, source));
            } else {
                *self.inherited.entry(place).or_default() |= verbs;
            }
        }
    }

    /// A RoleBinding never grants paths (`rbac.go`, `VisitRulesFor`).
    fn add_paths(&mut self, grant: Grant<'a>, is_own: bool) {
        let (None, Some(role)) = (grant.namespace(), grant.role) else {
            return;
        };
        for (rule, rules) in role.rules.iter().enumerate() {
            if !rules.verbs.iter().any(|verb| verb == "get" || verb == "*") {
                continue;
            }
            for path in &rules.non_resource_urls {
                if is_own {
                    self.own_paths.entry(path).or_insert(Source { grant, rule });
                } else {
                    self.inherited_paths.push(path);
                }
            }
        }
    }

    /// Everything that shows at a place, whoever it was granted to.
    pub(super) fn verbs(&self, place: Place<'_>) -> Verbs {
        if self.everything.is_some() {
            return Verbs::ALL;
        }
        self.own_verbs(place) | self.inherited_verbs(place)
    }

    fn own_verbs(&self, place: Place<'_>) -> Verbs {
        let mut verbs = Verbs::NONE;
        for wider in wider(place) {
            for (more, _) in self.own.get(&wider).into_iter().flatten() {
                verbs |= *more;
            }
        }
        verbs
    }

    fn inherited_verbs(&self, place: Place<'_>) -> Verbs {
        let mut verbs = Verbs::NONE;
        for wider in wider(place) {
            verbs |= self.inherited.get(&wider).copied().unwrap_or_default();
        }
        verbs
    }

    /// What own grants show at a place and nothing wider on the same side does.
    fn widest_here(&self, place: Place<'_>) -> Verbs {
        let own = self.own.get(&place).into_iter().flatten();
        let here = own.fold(Verbs::NONE, |verbs, (more, _)| verbs | *more);
        let mut around = self.inherited_verbs(place);
        for wider in wider(place).filter(|wider| *wider != place) {
            for (more, _) in self.own.get(&wider).into_iter().flatten() {
                around |= *more;
            }
        }
        here.without(around)
    }

    /// The wanted verbs of each place, each with the first own grant that gives it.
    pub(super) fn by_grant(&self, wanted: impl Fn(Place<'a>) -> Verbs) -> Vec<Gain<'a>> {
        let mut found = Vec::new();
        for (place, sources) in &self.own {
            let mut left = wanted(*place);
            for (given, source) in sources {
                let verbs = given.intersection(left);
                left = left.without(verbs);
                if !verbs.is_empty() {
                    found.push(Gain {
                        place: *place,
                        verbs,
                        source: *source,
                    });
                }
            }
        }
        found
    }

    fn sees_path(&self, path: &str) -> bool {
        self.everything.is_some()
            || self.own_paths.keys().any(|wider| covers(wider, path))
            || self.inherited_paths.iter().any(|wider| covers(wider, path))
    }
}

/// Whether a group that the subject is in has the grant too.
fn is_inherited(grant: &Grant<'_>, row: &Row) -> bool {
    let is_itself =
        |group: &str| row.subject.kind == SubjectKind::Group && row.subject.name == group;
    grant.binding.subjects.iter().any(|subject| {
        subject.kind == SubjectKind::Group
            && !is_itself(&subject.name)
            && row.identity.groups.contains(&subject.name)
    })
}

/// The place itself and every place that holds it.
fn wider((namespace, target, name): Place<'_>) -> impl Iterator<Item = Place<'_>> {
    let mut places = vec![(namespace, target, name)];
    if namespace.is_some() {
        places.push((None, target, name));
    }
    if name.is_some() {
        places.push((namespace, target, None));
    }
    if namespace.is_some() && name.is_some() {
        places.push((None, target, None));
    }
    places.into_iter()
}

/// Whether every path that `path` stands for is one of `wider` (`evaluation_helpers.go`,
/// `NonResourceURLMatches`).
fn covers(wider: &str, path: &str) -> bool {
    match wider.strip_suffix('*') {
        Some(_) => path.starts_with(wider.trim_end_matches('*')),
        None => wider == path,
    }
}

/// The verbs that a grant is worth at a target: a RoleBinding shows nothing outside namespaces but, for
/// `get`, its own namespace.
fn reaches(
    grant: &Grant<'_>,
    target: usize,
    name: Option<&str>,
    verbs: Verbs,
    targets: &Targets,
) -> Option<Verbs> {
    let target = targets.all.get(target)?;
    let Some(namespace) = grant.namespace() else {
        return Some(verbs);
    };
    if target.namespaced {
        return Some(verbs);
    }
    let is_namespaces = target.resource == "namespaces" && target.subresource.is_empty();
    let is_own = name.is_none_or(|name| name == namespace);
    (is_namespaces && is_own && verbs.contains(Verbs::GET)).then_some(Verbs::GET)
}

/// A verb at a place that only the newer side shows.
pub(super) struct Gain<'a> {
    pub(super) place: Place<'a>,
    pub(super) verbs: Verbs,
    pub(super) source: Source<'a>,
}

/// What subjects see after and did not see before, told at the widest subject.
pub(super) fn gained(sides: Sides<'_>) -> Vec<SightChange> {
    let mut rows = Row::bound(sides.after.index.cluster);
    // Its members see everything on both sides, whatever the bindings say.
    rows.retain(|row| {
        !row.identity
            .groups
            .iter()
            .any(|group| group == "system:masters")
    });
    rows.par_iter()
        .flat_map_iter(|row| of_row(sides, row))
        .collect()
}

fn of_row(sides: Sides<'_>, row: &Row) -> Vec<SightChange> {
    if has_same_grants(sides, row) {
        return Vec::new();
    }
    let before = Sight::of(sides.before, sides.targets, row);
    let after = Sight::of(sides.after, sides.targets, row);
    if let Some(evidence) = &after.everything {
        let is_new = before.everything.is_none();
        return is_new
            .then(|| fold::everything(row, evidence))
            .flatten()
            .into_iter()
            .collect();
    }
    let gains = gains(&before, &after);
    let where_it_stands = |source: &Source<'_>| position(sides, source);
    let mut changes = fold::changes(row, &gains, sides.targets, &where_it_stands);
    for (path, source) in &after.own_paths {
        let inherited = after
            .inherited_paths
            .iter()
            .any(|wider| covers(wider, path));
        let wider = after
            .own_paths
            .keys()
            .any(|wider| wider != path && covers(wider, path));
        if !inherited && !wider && !before.sees_path(path) {
            changes.push(fold::path(row, path, source, where_it_stands(source)));
        }
    }
    changes
}

/// What own grants show after and nothing showed before.
pub(super) fn gains<'a>(before: &Sight<'_>, after: &Sight<'a>) -> Vec<Gain<'a>> {
    after.by_grant(|place| after.widest_here(place).without(before.verbs(place)))
}

fn has_same_grants(sides: Sides<'_>, row: &Row) -> bool {
    let trusts = |side: &Side<'_>| side.index.trust.grants_count;
    let (old, new) = (
        sides.before.index.access.session(&row.identity),
        sides.after.index.access.session(&row.identity),
    );
    trusts(sides.before) == trusts(sides.after)
        && is_kept_out(sides.before, row) == is_kept_out(sides.after, row)
        && sees_everything(&old).is_some() == sees_everything(&new).is_some()
        && sides.before.signature(&old, row) == sides.after.signature(&new, row)
}

/// Whether the server refuses requests of such an identity before it asks any authorizer: those without a credential.
fn is_kept_out(side: &Side<'_>, row: &Row) -> bool {
    let mut groups = row.identity.groups.iter();
    groups.any(|group| group == "system:unauthenticated")
        && Door::of(side.index.cluster) == Door::Closed
}

fn position(sides: Sides<'_>, source: &Source<'_>) -> Option<Position> {
    position_of(sides, source.grant.binding, source.grant.role)
}

/// Where the change was made: the binding when it is new or differs, else the role.
pub(super) fn position_of(
    sides: Sides<'_>,
    binding: &RoleBinding,
    role: Option<&Role>,
) -> Option<Position> {
    let old = sides.before.bindings.get(&binding_key(binding));
    let is_old =
        old.is_some_and(|old| old.role == binding.role && old.subjects == binding.subjects);
    let of_role = role.and_then(|role| role.meta.position.as_deref());
    let of_binding = binding.meta.position.as_deref();
    let (first, second) = if is_old {
        (of_role, of_binding)
    } else {
        (of_binding, of_role)
    };
    first.or(second).cloned()
}

fn binding_key(binding: &RoleBinding) -> (Option<&str>, &str) {
    (binding.meta.namespace.as_deref(), &binding.meta.name)
}
