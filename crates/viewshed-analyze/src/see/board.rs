//! Where sight is written down: one mark per thing that exists, and the chains that marks point to.

use std::collections::BTreeSet;
use std::ops::Range;

use viewshed_model::{Chain, Evidence, Gap, HeldIdentity, Link, MissingFact};

use super::own_names::Nameless;
use super::paths::PATHS;
use super::ways::Ways;
use crate::sight::SightIndex;

/// The view of one cluster while it is being worked out.
pub(super) struct Board<'i, 'c> {
    pub(super) index: &'i SightIndex<'c>,
    /// One list per place; see [`Place`].
    marks: Vec<Vec<Mark>>,
    /// When only one object is looked at, the only one that is marked.
    focus: Option<Focus>,
    pub(super) chains: Vec<Chain>,
    pub(super) identities: Vec<HeldIdentity>,
    pub(super) depends_on: BTreeSet<MissingFact>,
    pub(super) gaps: Vec<Gap>,
    /// What the vantage holds of objects whose names nothing there tells.
    pub(super) unnamed: Vec<String>,
    /// Grants that show objects to those who know their names, and tell none.
    pub(super) guesses: Vec<Guess>,
    /// Whether whoever stands at the vantage has every name from elsewhere, as the one who asks about a
    /// named object has.
    pub(super) knows_names: bool,
    /// Set where the vantage does not know the namespace that it is in.
    pub(super) nameless: Option<Nameless>,
}

/// One object, for boards that are made once for every pod.
#[derive(Debug, Clone, Default)]
pub(super) struct Focus {
    /// Resource and object, by their positions in the inventory; without one, nothing is marked.
    pub(super) object: Option<(usize, usize)>,
    /// Where its pods stand, when the object is a namespace: lists of pods name it.
    pub(super) pods: Option<(usize, Range<usize>)>,
    mark: Mark,
}

impl Focus {
    pub(super) const fn on(
        object: Option<(usize, usize)>,
        pods: Option<(usize, Range<usize>)>,
    ) -> Self {
        Self {
            object,
            pods,
            mark: Mark::BLANK,
        }
    }

    fn mark(
        &mut self,
        place: Place,
        positions: impl IntoIterator<Item = usize>,
        ways: Ways,
        chain: ChainId,
    ) {
        let Place::Kind(kind) = place else { return };
        let names_it = ways.intersects(Ways::SPANS_NAMESPACES);
        let pods = self.pods.as_ref();
        let pods = pods.filter(|(pods, _)| names_it && *pods == kind);
        let object = self.object.filter(|(of, _)| *of == kind);
        if object.is_none() && pods.is_none() {
            return;
        }
        for position in positions {
            if object.is_some_and(|(_, at)| at == position) {
                self.mark.add(ways, chain);
            } else if pods.is_some_and(|(_, range)| range.contains(&position)) {
                self.mark.add(Ways::INDIRECT, chain);
            }
        }
    }
}

/// Objects that `get` shows one by one, to whoever has their names from elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    pub(super) place: Place,
    pub(super) range: Range<usize>,
    /// "pods".
    pub(super) resource: String,
    /// " in shop", " in all namespaces"; empty for kinds without namespaces.
    pub(super) scope: String,
}

/// What is known of one thing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// How it shows.
    pub(super) ways: Ways,
    /// The chain of the strongest way.
    pub(super) chain: ChainId,
}

impl Mark {
    const BLANK: Self = Self {
        ways: Ways::NONE,
        chain: ChainId(0),
    };

    /// The strongest way decides which chain is told, the first among equals.
    fn add(&mut self, ways: Ways, chain: ChainId) {
        if ways.strength() > self.ways.strength() {
            self.chain = chain;
        }
        self.ways |= ways;
    }
}

/// Position of a chain on the board.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChainId(u32);

impl ChainId {
    /// Its position among the board's chains.
    pub(super) fn position(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Which list of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The objects of a resource, by its position in the inventory.
    Kind(usize),
    /// `PodTables::containers`.
    Containers,
    /// Logs, by the position of the pod in the inventory.
    Logs,
    /// `PodTables::images`.
    Images,
    /// [`PATHS`].
    Paths,
}

impl<'i, 'c> Board<'i, 'c> {
    pub(super) fn new(index: &'i SightIndex<'c>) -> Self {
        let blank = |length: usize| vec![Mark::default(); length];
        let kinds = &index.inventory.kinds;
        let mut marks: Vec<Vec<Mark>> =
            kinds.iter().map(|kind| blank(kind.objects.len())).collect();
        marks.push(blank(index.pods.containers.len()));
        marks.push(blank(index.pods.containers_of_pod.len()));
        marks.push(blank(index.pods.images.len()));
        marks.push(blank(PATHS.len()));
        Self {
            marks,
            ..Self::focused(index, None)
        }
    }

    /// A board that looks at one object only.
    pub(super) fn on(index: &'i SightIndex<'c>, focus: Focus) -> Self {
        Self::focused(index, Some(focus))
    }

    const fn focused(index: &'i SightIndex<'c>, focus: Option<Focus>) -> Self {
        let knows_names = focus.is_some();
        Self {
            index,
            marks: Vec::new(),
            focus,
            chains: Vec::new(),
            identities: Vec::new(),
            depends_on: BTreeSet::new(),
            gaps: Vec::new(),
            unnamed: Vec::new(),
            guesses: Vec::new(),
            knows_names,
            nameless: None,
        }
    }

    /// Whether marks on objects of one of these resources of the core group count.
    pub(super) fn looks_at(&self, resources: &[&str]) -> bool {
        let Some(focus) = &self.focus else {
            return true;
        };
        let kind = focus
            .object
            .and_then(|(kind, _)| self.index.inventory.kinds.get(kind));
        kind.is_some_and(|kind| {
            kind.group.is_empty() && resources.contains(&kind.resource.as_str())
        })
    }

    /// Whether all that shows is looked at.
    pub(super) const fn is_whole(&self) -> bool {
        self.focus.is_none()
    }

    /// The chain that shows the object that the board looks at; `None` when nothing does.
    pub(super) fn shown(&self) -> Option<&Chain> {
        let mark = self.focus.as_ref()?.mark;
        mark.ways.is_seen().then_some(())?;
        self.chain_at(mark.chain)
    }

    /// Writes a chain down. Chains that no mark points to are left out of the view.
    pub(super) fn chain(&mut self, links: Vec<Link>) -> ChainId {
        let number = u32::try_from(self.chains.len()).unwrap_or(u32::MAX);
        self.chains.push(Chain { links });
        ChainId(number)
    }

    /// A chain that was written down.
    pub(super) fn chain_at(&self, chain: ChainId) -> Option<&Chain> {
        self.chains.get(chain.position())
    }

    /// Marks things.
    pub(super) fn mark(
        &mut self,
        place: Place,
        positions: impl IntoIterator<Item = usize>,
        ways: Ways,
        chain: ChainId,
    ) {
        let ways = if self.knows_names {
            ways.with_known_names()
        } else {
            ways
        };
        if let Some(focus) = &mut self.focus {
            focus.mark(place, positions, ways, chain);
            return;
        }
        let Some(marks) = self.slot(place).and_then(|slot| self.marks.get_mut(slot)) else {
            return;
        };
        for position in positions {
            if let Some(mark) = marks.get_mut(position) {
                mark.add(ways, chain);
            }
        }
    }

    /// Takes back what was marked on one thing since `before` was read.
    pub(super) fn restore(&mut self, place: Place, position: usize, before: Option<Mark>) {
        let slot = self.slot(place);
        let mark = slot
            .and_then(|slot| self.marks.get_mut(slot))
            .and_then(|marks| marks.get_mut(position));
        if let (Some(mark), Some(before)) = (mark, before) {
            *mark = before;
        }
    }

    /// Marks whatever does not show as depending on facts that are missing.
    pub(super) fn mark_rest_uncertain(&mut self) {
        for mark in self.marks.iter_mut().flatten() {
            mark.ways |= Ways::UNCERTAIN;
        }
    }

    /// The marks of one place.
    pub(super) fn marks(&self, place: Place) -> &[Mark] {
        self.slot(place)
            .and_then(|slot| self.marks.get(slot))
            .map_or(&[], Vec::as_slice)
    }

    /// The place of a resource's objects.
    pub(super) fn place(&self, group: &str, resource: &str) -> Option<Place> {
        self.index
            .inventory
            .position(group, resource)
            .map(Place::Kind)
    }

    /// Marks one object by its name; nothing happens when it does not exist.
    pub(super) fn mark_object(
        &mut self,
        resource: (&str, &str),
        object: (&str, &str),
        ways: Ways,
        chain: ChainId,
    ) {
        let (group, resource) = resource;
        let (namespace, name) = object;
        let found = self
            .index
            .inventory
            .kind(group, resource)
            .and_then(|kind| self.index.inventory.find(kind, namespace, name));
        if let (Some(place), Some(position)) = (self.place(group, resource), found) {
            self.mark(place, [position], ways, chain);
        }
    }

    fn slot(&self, place: Place) -> Option<usize> {
        let kinds = self.index.inventory.kinds.len();
        match place {
            Place::Kind(kind) => (kind < kinds).then_some(kind),
            Place::Containers => Some(kinds),
            Place::Logs => Some(kinds + 1),
            Place::Images => Some(kinds + 2),
            Place::Paths => Some(kinds + 3),
        }
    }
}

/// A link without a machine-readable reason.
pub(super) fn link(text: impl Into<String>) -> Link {
    Link {
        text: text.into(),
        evidence: None,
    }
}

/// A link with its reason.
pub(super) fn link_with(text: String, evidence: Evidence) -> Link {
    Link {
        text,
        evidence: Some(evidence),
    }
}

/// A chain that goes on from `links`.
pub(super) fn extended(links: &[Link], more: impl IntoIterator<Item = Link>) -> Vec<Link> {
    links.iter().cloned().chain(more).collect()
}
