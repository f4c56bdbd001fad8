//! The ways in which a thing shows, as a set.

use std::borrow::Cow;
use std::ops::BitOrAssign;

use crate::sight::Verbs;

/// How one thing shows: by API verbs, or by something that the vantage holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ways(u32);

impl Ways {
    /// It does not show.
    pub(super) const NONE: Self = Self(0);
    /// Part of a list.
    pub(super) const LIST: Self = Self(1);
    /// Part of a watch.
    pub(super) const WATCH: Self = Self(1 << 1);
    /// By its name.
    pub(super) const GET: Self = Self(1 << 2);
    /// By a list with `metadata.name` in its field selector (`RequestInfo` takes the name from it).
    pub(super) const LIST_BY_NAME: Self = Self(1 << 3);
    /// By a watch with `metadata.name` in its field selector.
    pub(super) const WATCH_BY_NAME: Self = Self(1 << 4);
    /// Its name stands in other objects that show.
    pub(super) const INDIRECT: Self = Self(1 << 5);
    /// Where the vantage itself is.
    pub(super) const OWN: Self = Self(1 << 6);
    /// Mounted into the vantage as files.
    pub(super) const MOUNTED: Self = Self(1 << 7);
    /// In the environment of the vantage.
    pub(super) const ENVIRONMENT: Self = Self(1 << 8);
    /// In the process table of the node.
    pub(super) const PROCESSES: Self = Self(1 << 9);
    /// Through a container runtime's socket.
    pub(super) const RUNTIME: Self = Self(1 << 10);
    /// Through the kubelet's own API.
    pub(super) const KUBELET: Self = Self(1 << 11);
    /// In files of the node.
    pub(super) const NODE_FILES: Self = Self(1 << 12);
    /// In etcd's data.
    pub(super) const ETCD: Self = Self(1 << 13);
    /// By a request without credentials that was really sent.
    pub(super) const MEASURED: Self = Self(1 << 14);
    /// The list spans all namespaces, so its answer names them. Not a way of its own.
    pub(super) const SPANS_NAMESPACES: Self = Self(1 << 15);
    /// Only facts that are missing decide. Not a way of its own.
    pub(super) const UNCERTAIN: Self = Self(1 << 16);

    /// By its name, which the way itself does not tell: it shows only where something else does.
    pub(super) const GET_IF_KNOWN: Self = Self(1 << 17);

    const LABELS: [(Self, &'static str); 15] = [
        (Self::LIST, "list"),
        (Self::WATCH, "watch"),
        (Self::GET.with(Self::GET_IF_KNOWN), "get"),
        (Self::LIST_BY_NAME, "list by name"),
        (Self::WATCH_BY_NAME, "watch by name"),
        (Self::OWN, "own"),
        (Self::MOUNTED, "mounted"),
        (Self::ENVIRONMENT, "environment"),
        (Self::PROCESSES, "processes"),
        (Self::RUNTIME, "runtime socket"),
        (Self::KUBELET, "kubelet"),
        (Self::NODE_FILES, "node files"),
        (Self::ETCD, "etcd data"),
        (Self::MEASURED, "measured"),
        (Self::INDIRECT, "indirect"),
    ];

    /// Whole lists; `get` of any name, beside lists that tell the names or without.
    pub(super) fn of(verbs: Verbs) -> Self {
        Self::mapped(verbs, [Self::LIST, Self::WATCH, Self::GET_IF_KNOWN])
    }

    /// Whole lists over all namespaces: their answers name the namespaces.
    pub(super) fn spanning(verbs: Verbs) -> Self {
        let ways = Self::of(verbs);
        if verbs.intersects(Verbs::LIST | Verbs::WATCH) {
            ways.with(Self::SPANS_NAMESPACES)
        } else {
            ways
        }
    }

    /// One name only, which the rule itself tells: whoever asks for their own rules reads it there.
    pub(super) fn of_named(verbs: Verbs) -> Self {
        Self::mapped(verbs, [Self::LIST_BY_NAME, Self::WATCH_BY_NAME, Self::GET])
    }

    fn mapped(verbs: Verbs, [list, watch, get]: [Self; 3]) -> Self {
        let mut ways = Self::default();
        for (verb, way) in [
            (Verbs::LIST, list),
            (Verbs::WATCH, watch),
            (Verbs::GET, get),
        ] {
            if verbs.contains(verb) {
                ways |= way;
            }
        }
        ways
    }

    pub(super) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether each of its ways is one of `other`.
    pub(super) const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The ways that are also in `other`.
    pub(super) const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the thing certainly shows.
    pub(super) const fn is_seen(self) -> bool {
        let others = Self::UNCERTAIN.0 | Self::SPANS_NAMESPACES.0 | Self::GET_IF_KNOWN.0;
        self.0 & !others != 0
    }

    /// The same for somebody who has the names from elsewhere.
    pub(super) const fn with_known_names(self) -> Self {
        if self.intersects(Self::GET_IF_KNOWN) {
            Self(self.0 & !Self::GET_IF_KNOWN.0 | Self::GET.0)
        } else {
            self
        }
    }

    /// Whether it shows to those only who know or guess its name.
    pub(super) const fn is_guessed(self) -> bool {
        self.intersects(Self::GET_IF_KNOWN) && !self.is_seen()
    }

    /// How much a way shows at once; the chain of the strongest way is the one that is told.
    pub(super) const fn strength(self) -> u8 {
        let weak =
            Self::LIST_BY_NAME.0 | Self::WATCH_BY_NAME.0 | Self::INDIRECT.0 | Self::GET_IF_KNOWN.0;
        if self.intersects(Self::LIST) {
            6
        } else if self.intersects(Self::WATCH) {
            5
        } else if self.0 & !weak != 0 {
            4
        } else if self.intersects(Self(Self::LIST_BY_NAME.0 | Self::WATCH_BY_NAME.0)) {
            3
        } else if self.intersects(Self::INDIRECT) {
            2
        } else if self.intersects(Self::GET_IF_KNOWN) {
            1
        } else {
            0
        }
    }

    /// The words of each way, the widest first. A name that a whole list shows needs no mention of
    /// lists by name.
    pub(super) fn labels(self) -> Vec<Cow<'static, str>> {
        let mut ways = self;
        if ways.intersects(Self::LIST) {
            ways.0 &= !Self::LIST_BY_NAME.0;
        }
        if ways.intersects(Self::WATCH) {
            ways.0 &= !Self::WATCH_BY_NAME.0;
        }
        Self::LABELS
            .iter()
            .filter(|(way, _)| ways.intersects(*way))
            .map(|(_, label)| Cow::Borrowed(*label))
            .collect()
    }
}

impl BitOrAssign for Ways {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
