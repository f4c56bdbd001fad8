//! One policy that is added, changed or removed: the tables follow without being made afresh.
//!
//! Only the places that the policy applies to, before or after, get new tables. That holds while the policy
//! speaks of nothing that no policy spoke of before: a label key, a name of a port or a block of addresses
//! that is new may part places that were alike, and then everything is worked out from the beginning, as it
//! is where a policy is not understood entirely.

use std::collections::BTreeMap;

use viewshed_model::{Cluster, NetworkPolicy};

use super::cni::{Cni, Ternary};
use super::index::{NetworkIndex, latest_policies};
use super::kernel::{Change, Drafts, Inputs, Known};
use super::policy::{Policy, Side, Translator};

/// Tables without a place, beside those of the beginning, before everything is made afresh: enough for
/// thousands of edits, at most as much memory again as the index took.
const STALE_TABLES_MIN: usize = 4096;

/// What names a policy among all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyKey {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace; empty where the kind has none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl PolicyKey {
    /// The name of a policy.
    pub fn of(policy: &NetworkPolicy) -> Self {
        Self {
            group: policy.api_group.clone(),
            kind: policy.kind.clone(),
            namespace: policy.meta.namespace_or_empty().to_owned(),
            name: policy.meta.name.clone(),
        }
    }
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyEdit {
    /// A policy that is new, or takes the place of the one of its name.
    Put(Box<NetworkPolicy>),
    /// A policy that is no longer there; without effect where there is none.
    Remove(PolicyKey),
}

/// How an edit was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// So many classes of places were worked out again.
    Partly(usize),
    /// Everything was.
    Afresh,
}

/// An index that follows edits.
#[derive(Debug)]
pub struct EditableNetwork<'c> {
    index: NetworkIndex<'c>,
    named: Option<Cni>,
    drafts: Vec<Drafts<'c>>,
    known: Known,
    /// Positions of each object's policies; none for what the plugin does not enforce.
    positions: BTreeMap<PolicyKey, Vec<u32>>,
    /// What differs from the cluster's list: `None` is removed. The number is that of the object.
    edited: BTreeMap<PolicyKey, Option<(usize, Box<NetworkPolicy>)>>,
    next_source: usize,
    tables_max: usize,
}

impl<'c> EditableNetwork<'c> {
    /// An index of the cluster that is ready for edits. Which plugin is installed is not asked again.
    pub fn new(cluster: &'c Cluster, named: Option<Cni>) -> Self {
        Self::afresh(cluster, named, BTreeMap::new())
    }

    fn afresh(
        cluster: &'c Cluster,
        named: Option<Cni>,
        edited: BTreeMap<PolicyKey, Option<(usize, Box<NetworkPolicy>)>>,
    ) -> Self {
        let mut listed: Vec<(usize, &NetworkPolicy)> = latest_policies(cluster);
        listed.retain(|(_, policy)| !edited.contains_key(&PolicyKey::of(policy)));
        listed.extend(
            edited
                .values()
                .flatten()
                .map(|(source, policy)| (*source, &**policy)),
        );
        listed.sort_by_key(|(source, _)| *source);
        let index = NetworkIndex::of_policies(cluster, named, &listed);
        let mut by_source: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (policy, position) in index.policies.iter().zip(0_u32..) {
            if let Some(source) = policy.source {
                by_source.entry(source).or_default().push(position);
            }
        }
        let positions = listed.iter().map(|(source, policy)| {
            let positions = by_source.remove(source).unwrap_or_default();
            (PolicyKey::of(policy), positions)
        });
        let positions = positions.collect();
        let last = listed.last().map_or(0, |(source, _)| source + 1);
        let next_source = last.max(cluster.network_policies.len());
        let inputs = index.inputs();
        let drafts: Vec<Drafts<'c>> = index
            .kernels
            .iter()
            .map(|kernel| kernel.drafts(&inputs))
            .collect();
        let tables: usize = index
            .kernels
            .iter()
            .map(super::kernel::Kernel::tables)
            .sum();
        let known = Known::of(&index.vocabulary, &index.profile);
        Self {
            index,
            named,
            drafts,
            known,
            positions,
            edited,
            next_source,
            tables_max: tables.saturating_mul(2).saturating_add(STALE_TABLES_MIN),
        }
    }

    /// The network as it is after all edits.
    pub fn index(&self) -> &NetworkIndex<'c> {
        &self.index
    }

    /// Follows one edit. The index afterwards answers as one made from the edited list would.
    pub fn apply(&mut self, edit: PolicyEdit) -> Followed {
        let (key, policy) = match edit {
            PolicyEdit::Put(policy) => (PolicyKey::of(&policy), Some(policy)),
            PolicyEdit::Remove(key) => (key, None),
        };
        let gone = self.positions.get(&key).cloned();
        if gone.is_none() && policy.is_none() {
            return Followed::Partly(0);
        }
        let was_plain = gone.as_ref().is_none_or(|gone| self.was_plain(gone));
        let source = self.next_source;
        self.next_source += 1;
        let come = match &policy {
            Some(policy) if was_plain => self.translated(source, policy),
            Some(_) => None,
            None => Some(Vec::new()),
        };
        let edited = policy.map(|policy| (source, policy));
        let is_present = edited.is_some();
        self.edited.insert(key.clone(), edited);
        let (Some(come), true) = (come, was_plain) else {
            let edited = std::mem::take(&mut self.edited);
            *self = Self::afresh(self.index.cluster(), self.named, edited);
            return Followed::Afresh;
        };
        let spots = self.replace(
            &gone.unwrap_or_default(),
            come,
            is_present.then_some(key.clone()),
        );
        if !is_present {
            self.positions.remove(&key);
        }
        let tables: usize = (self.index.kernels.iter())
            .map(super::kernel::Kernel::tables)
            .sum();
        if tables > self.tables_max {
            let edited = std::mem::take(&mut self.edited);
            *self = Self::afresh(self.index.cluster(), self.named, edited);
            return Followed::Afresh;
        }
        Followed::Partly(spots)
    }

    /// Whether nothing was noted of the policies, so that nothing must be taken back when they go.
    fn was_plain(&self, gone: &[u32]) -> bool {
        let gaps = self.index.gaps();
        let is_noted = |position: &u32| {
            let policy = self.index.policies.get(*position as usize);
            policy.is_some_and(|policy| {
                let own = format!("understand {}", policy.reference);
                gaps.iter().any(|gap| gap.what == own)
            })
        };
        let is_full = gaps.len() > super::policy::NAMED_GAPS_MAX;
        !gone.is_empty() && !is_full && !gone.iter().any(is_noted)
    }

    /// The object as policies; `None` where it parts places that were alike, or is not understood.
    fn translated(&mut self, source: usize, policy: &NetworkPolicy) -> Option<Vec<Policy>> {
        let index = &mut self.index;
        if index.profile.enforces == Ternary::No {
            return Some(Vec::new());
        }
        let (terms, ports) = (
            index.vocabulary.terms().len(),
            index.vocabulary.port_matches().len(),
        );
        let noted = index.gaps.finish();
        let mut translator = Translator {
            profile: &index.profile,
            stages: &index.stages,
            referred: &index.referred,
            vocabulary: &mut index.vocabulary,
            gaps: &mut index.gaps,
        };
        let policies = translator.translate(source, policy);
        let is_understood = index.gaps.finish() == noted;
        let new_terms = index.vocabulary.terms().get(terms..).unwrap_or_default();
        let new_ports = index
            .vocabulary
            .port_matches()
            .get(ports..)
            .unwrap_or_default();
        let is_told = new_terms.iter().all(|term| {
            self.known.has_term(term) && index.kernels.iter().all(|kernel| kernel.tells_apart(term))
        }) && new_ports.iter().all(|ports| self.known.has_ports(ports));
        (is_understood && is_told).then_some(policies)
    }

    fn replace(&mut self, gone: &[u32], come: Vec<Policy>, key: Option<PolicyKey>) -> usize {
        let index = &mut self.index;
        let first = u32::try_from(index.policies.len()).unwrap_or(u32::MAX);
        index.policies.extend(come);
        let last = u32::try_from(index.policies.len()).unwrap_or(u32::MAX);
        let come: Vec<u32> = (first..last).collect();
        let inputs = Inputs {
            places: &index.places,
            profile: &index.profile,
            vocabulary: &index.vocabulary,
            policies: &index.policies,
            stages: &index.stages,
        };
        let change = Change { gone, come: &come };
        let mut spots = 0;
        for (kernel, drafts) in index.kernels.iter_mut().zip(&mut self.drafts) {
            spots += kernel.change(&inputs, drafts, change);
        }
        // They keep their position, which no place refers to any longer.
        for position in gone {
            if let Some(policy) = index.policies.get_mut(*position as usize) {
                (policy.ingress, policy.egress) = (Side::default(), Side::default());
            }
        }
        if let Some(key) = key {
            self.positions.insert(key, come);
        }
        spots
    }
}
