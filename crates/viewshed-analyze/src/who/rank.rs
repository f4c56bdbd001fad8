//! Every identity, ranked by what it can discover.

mod count;
mod given;
mod rows;
mod subjects;
mod sum;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use viewshed_model::{Estate, Gap, IdentityRank, Subject, SubjectKind};

use crate::bootstrap::Origins;
use crate::pivot::RoleParts;
use crate::rbac::Alike;
use crate::see::{may_give, opens_kubelets};
use crate::sight::{Coverage, SightIndex};
use count::Tables;
pub(crate) use subjects::Row;

/// How many chains a row tells at most: enough to understand it; `see` tells all.
pub const CHAINS_MAX: usize = 3;

/// The ranked table of one cluster or estate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranking {
    /// Identities that see at least one object, may impersonate others, or get further by what they may change, most
    /// first; of equals the widest first, then by subject.
    pub ranks: Vec<IdentityRank>,
    /// How many objects exist per resource, by the names that `IdentityRank::by_resource` uses;
    /// sorted. `pods/log` is counted here, but not among the objects of a row.
    pub totals: Vec<(String, u64)>,
    /// What stands in the way of a certain answer.
    pub gaps: Vec<Gap>,
}

/// Ranks the identities of every cluster of the estate.
pub fn rank(estate: &Estate) -> Ranking {
    let mut ranking = Ranking::default();
    let mut totals: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for cluster in &estate.clusters {
        let of_cluster = rank_in(&SightIndex::new(cluster));
        ranking.ranks.extend(of_cluster.ranks);
        ranking.gaps.extend(of_cluster.gaps);
        for (resource, count) in of_cluster.totals {
            *totals.entry(resource).or_default() += count;
        }
    }
    sort(&mut ranking.ranks);
    ranking.totals = totals.into_iter().collect();
    ranking
}

/// Ranks the identities of one cluster: subjects of bindings, service accounts, the groups that
/// Kubernetes fills, anonymous, and nodes.
pub fn rank_in(index: &SightIndex<'_>) -> Ranking {
    let tables = Tables::new(index);
    let origins = Origins::new(index.cluster);
    let roles: Vec<(usize, Coverage<'_>)> = index
        .cluster
        .roles
        .par_iter()
        .map(|role| {
            let coverage = Coverage::of(&role.rules, &index.targets);
            (std::ptr::from_ref(role).addr(), coverage)
        })
        .collect();
    let coverages: FxHashMap<usize, Coverage<'_>> = roles.into_iter().collect();
    let masking: FxHashSet<usize> = index
        .cluster
        .roles
        .iter()
        .filter(|role| may_give(role))
        .map(|role| std::ptr::from_ref(role).addr())
        .collect();
    let parts = index.cluster.roles.iter();
    let parts: FxHashMap<usize, RoleParts> = parts
        .filter_map(|role| Some((std::ptr::from_ref(role).addr(), RoleParts::of(role)?)))
        .collect();
    let kubelets: FxHashSet<usize> = index
        .cluster
        .roles
        .iter()
        .filter(|role| role.rules.iter().any(opens_kubelets))
        .map(|role| std::ptr::from_ref(role).addr())
        .collect();
    let ranker = rows::Ranker {
        index,
        tables: &tables,
        origins: &origins,
        coverages: &coverages,
        masking: &masking,
        parts: &parts,
        kubelets: &kubelets,
        given: Alike::default(),
    };
    let mut ranks: Vec<IdentityRank> = Row::all(index)
        .par_iter()
        .filter_map(|row| ranker.rank(row))
        .collect();
    sort(&mut ranks);
    Ranking {
        ranks,
        totals: tables.totals(),
        gaps: origins.gap.into_iter().chain(unknown(index)).collect(),
    }
}

fn sort(ranks: &mut [IdentityRank]) {
    ranks.sort_by(|a, b| {
        b.visible
            .cmp(&a.visible)
            .then_with(|| width(&a.subject).cmp(&width(&b.subject)))
            .then_with(|| a.subject.cmp(&b.subject))
    });
}

/// Of identities that see the same, those that most can act as stand first: groups that Kubernetes fills with
/// everybody, then other groups, then single identities.
fn width(subject: &Subject) -> u8 {
    match subject.kind {
        SubjectKind::Group if rows::is_of_everybody(subject) => 0,
        SubjectKind::Group => 1,
        SubjectKind::User | SubjectKind::ServiceAccount | SubjectKind::Other(_) => 2,
    }
}

/// Authorizers that can allow more, or deny what is counted here.
fn unknown(index: &SightIndex<'_>) -> Option<Gap> {
    let facts: Vec<String> = index
        .access
        .undecided_by()
        .into_iter()
        .map(|missing| missing.fact)
        .collect();
    (!facts.is_empty()).then(|| Gap {
        source: index.cluster.name.clone(),
        what: "who else can discover what".to_owned(),
        reason: viewshed_model::GapReason::NotCollected,
        detail: format!("depends on {}", facts.join(", ")),
        hint: String::new(),
        count: 1,
    })
}
