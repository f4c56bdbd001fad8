//! What the bindings of a row give, whoever it is: the same for all rows that the same bindings name.

use rustc_hash::FxHashSet;

use super::CHAINS_MAX;
use super::rows::Ranker;
use super::sum::{Counted, Sum};
use crate::pivot::{HeldParts, gives_a_part};
use crate::rbac::{Grant, Session};
use crate::see::opens_kubelets;
use crate::sight::{Coverage, Shown};

/// What grants add up to.
pub(super) struct Given {
    pub(super) counted: Counted,
    /// The grants that show something, the one that shows most first.
    pub(super) told: Vec<Told>,
    /// What their rights to change let do.
    pub(super) further: Vec<String>,
    /// The grants that give a part of that.
    pub(super) acting: Vec<Acting>,
}

/// A grant that gives a part of what may be done.
pub(super) struct Acting {
    /// Its position among the grants of the session.
    pub(super) grant: usize,
    /// The positions of such rules.
    pub(super) rules: Vec<usize>,
    /// Whether it is among those that show something.
    pub(super) is_told: bool,
}

/// What one grant shows.
pub(super) struct Told {
    /// Its position among the grants of the session.
    pub(super) grant: usize,
    /// The first rule that shows something.
    pub(super) rule: usize,
    /// `see pods, services in shop`; empty after the first few, which alone are told.
    pub(super) summary: String,
}

/// Rights on parts of nodes: what they show depends on whether the ports of kubelets are reached.
const ASKS_KUBELETS: &str = "kubelets that it reaches tell it their pods";

impl Given {
    /// What is shown by other means than grants.
    pub(super) fn whole(sum: Sum<'_, '_>) -> Self {
        Self {
            counted: sum.finish(),
            told: Vec::new(),
            further: Vec::new(),
            acting: Vec::new(),
        }
    }
}

impl Ranker<'_, '_> {
    /// Adds up what the grants of a session show, to what `sum` has already, and let do.
    pub(super) fn add_up(&self, session: &Session<'_>, mut sum: Sum<'_, '_>) -> Given {
        let mut held = HeldParts::default();
        let mut acting = Vec::new();
        let mut asks_kubelets = false;
        let mut shown: Vec<(usize, Grant<'_>, &Coverage<'_>)> = Vec::new();
        for (position, grant) in session.grants().enumerate() {
            let Some(role) = grant.role else { continue };
            let address = std::ptr::from_ref(role).addr();
            if let Some(coverage) = self.coverages.get(&address) {
                sum.add(&grant, coverage);
                shown.push((position, grant, coverage));
            }
            let parts = self.parts.get(&address);
            held.add_some(parts, grant.namespace());
            // Nodes are in no namespace.
            let asks = grant.namespace().is_none() && self.kubelets.contains(&address);
            asks_kubelets |= asks;
            if parts.is_some() || asks {
                let rules = role.rules.iter().enumerate();
                let rules = rules.filter(|(_, rule)| gives_a_part(rule) || opens_kubelets(rule));
                acting.push(Acting {
                    grant: position,
                    rules: rules.map(|(rule, _)| rule).collect(),
                    is_told: false,
                });
            }
        }
        // The grant that shows most comes first.
        shown.sort_by_key(|(_, grant, coverage)| std::cmp::Reverse(self.weight(grant, coverage)));
        let mut summaries = 0;
        let told = shown.into_iter().filter_map(|(position, grant, coverage)| {
            let shown = self.shown(&grant, coverage);
            let rule = shown.clone().next()?.rule;
            summaries += 1;
            let summary = (summaries <= CHAINS_MAX).then(|| {
                let mut targets: Vec<usize> = shown.map(|shown| shown.target).collect();
                targets.dedup();
                self.summary(&targets, grant.namespace())
            });
            Some(Told {
                grant: position,
                rule,
                summary: summary.unwrap_or_default(),
            })
        });
        let told: Vec<Told> = told.collect();
        let named: FxHashSet<usize> = told.iter().map(|told| told.grant).collect();
        for grant in &mut acting {
            grant.is_told = named.contains(&grant.grant);
        }
        let counted = sum.finish();
        let mut further = held.effects();
        if asks_kubelets && !self.sees_all_pods(&counted) {
            further.push(ASKS_KUBELETS.to_owned());
        }
        Given {
            counted,
            told,
            further,
            acting,
        }
    }

    fn sees_all_pods(&self, counted: &Counted) -> bool {
        let of_pods = |counts: &[u64]| counts.get(self.tables.pods?).copied();
        of_pods(&counted.counts) == of_pods(&self.tables.totals)
    }

    /// What a grant of such a role shows, where it holds.
    pub(super) fn shown<'s>(
        &'s self,
        grant: &'s Grant<'_>,
        coverage: &'s Coverage<'_>,
    ) -> impl Iterator<Item = &'s Shown> + Clone {
        let named = coverage.named.iter().map(|named| &named.shown);
        let shown = coverage.whole.iter().chain(named);
        shown.filter(|shown| self.counts_here(grant, shown.target))
    }

    /// About how many objects a grant shows: of what single names open, one each.
    fn weight(&self, grant: &Grant<'_>, coverage: &Coverage<'_>) -> u64 {
        let namespace = grant.namespace();
        let at = namespace.and_then(|name| self.index.inventory.namespace_index(name));
        let mut targets: Vec<usize> = coverage.whole.iter().map(|shown| shown.target).collect();
        targets.sort_unstable();
        targets.dedup();
        let is_object = |target: &usize| self.tables.is_object.get(*target) == Some(&true);
        let counted = targets.into_iter().filter(is_object);
        let counted = counted.map(|target| match (namespace, at) {
            (None, _) => self.tables.totals.get(target).copied().unwrap_or_default(),
            (Some(_), Some(at)) => self.tables.count(target, at),
            (Some(_), None) => 0,
        });
        counted.sum::<u64>() + coverage.named.len() as u64
    }

    /// A RoleBinding shows nothing that lives outside namespaces, but its own namespace.
    fn counts_here(&self, grant: &Grant<'_>, target: usize) -> bool {
        grant.namespace().is_none()
            || Some(target) == self.tables.namespaces
            || self.tables.namespaced.get(target) == Some(&true)
    }

    fn summary(&self, targets: &[usize], namespace: Option<&str>) -> String {
        /// Names that fit on a line.
        const NAMES_MAX: usize = 4;
        let names: Vec<&str> = targets
            .iter()
            .filter_map(|target| self.tables.names.get(*target))
            .map(String::as_str)
            .collect();
        let mut text = format!(
            "see {}",
            names
                .iter()
                .take(NAMES_MAX)
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        );
        if names.len() > NAMES_MAX {
            text = format!("{text} and {} more kinds", names.len() - NAMES_MAX);
        }
        match namespace {
            Some(namespace) => format!("{text} in {namespace}"),
            None => format!("{text} in the whole cluster"),
        }
    }
}
