//! What a session has shown so far: how many distinct things of each sort.

use serde::{Deserialize, Serialize};

/// Distinct things of one sort remembered of one session; what comes later counts as known, so a long session
/// gets no heavier by it. Each sort has its own, so that nobody fills with what is cheap the room of what is not.
const SEEN_MAX: u16 = 48;

/// Sorts of distinct things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Sort {
    /// Kinds of which all objects were asked for.
    ListedKind,
    /// Kind and namespace of such.
    Listed,
    /// The same for kinds that tell much.
    ListedTelling,
    /// Kinds that were refused.
    RefusedKind,
    /// Names that do not exist.
    Guess,
    /// Questions about own rights.
    Question,
    /// Namespaces in which own rights were asked for.
    RulesNamespace,
    /// Pods whose logs were read.
    LogOf,
    /// Nodes, services and pods that were reached through the API server.
    Proxied,
    /// Paths asked for without a valid credential.
    Path,
    /// Documents of the API's description.
    Document,
    /// What was asked of a Docker daemon.
    DockerRead,
    /// Commands.
    Command,
    /// Addresses and names that were resolved.
    Resolved,
    /// Masks.
    Mask,
    /// Programs.
    Program,
    /// Objects of kinds that tell much.
    Object,
    /// Behaviours that were new.
    Novelty,
    /// Documents of the API's description that were read one after the other.
    Crawled,
    /// Kinds and namespaces that somebody reads who is not known to read them.
    Surveyed,
    /// Namespaces of such.
    SurveyedNamespace,
    /// Addresses to which a credential was carried.
    Moved,
    /// Objects that were read by name, one after the other.
    NamedObject,
    /// Addresses from which a pod was read by name: the first one is the reader's own.
    OwnPod,
    /// Files with credentials.
    TokenFile,
    /// Whether a process was seen to be in a container.
    InContainer,
    /// Kinds of which names were asked for that do not exist.
    GuessedKind,
    /// Namespaces whose Secrets somebody lists who is not known to.
    SurveyedSecrets,
    /// Whom questions about rights were about.
    Reviewed,
    /// Addresses from which tools of people use the identities of programs.
    Tool,
}

const SORTS: usize = 30;

/// Two steps of a dump lie no further apart, by their own times. Microseconds.
const DUMP_STEP_US: i64 = 15 * 60 * 1_000_000;

/// A program asks for the next thing so soon after the last one, a person does not. Microseconds.
const SAME_RUN_US: i64 = 1_000_000;

/// How far somebody has come in writing a cluster out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dump {
    namespace: u64,
    next: u8,
    steps: u8,
    at_us: i64,
    has_nodes: bool,
}

impl Dump {
    /// The nodes were listed, with which a dump begins.
    pub(crate) fn begin(&mut self, at_us: i64) {
        *self = Self {
            steps: 1,
            at_us,
            ..Self::default()
        };
    }

    /// Whether it has begun with the nodes and gone on.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_nodes || (self.steps == 1 && self.namespace == 0)
    }
}

/// Bounded, and kept for each session with unusual activity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    seen: Vec<u64>,
    counts: [u16; SORTS],
    /// The last question about own rights: hash of its kind, and when.
    last_question: (u64, u32),
    /// How far it has come in writing the cluster out.
    pub(crate) dump: Dump,
    /// When a credential was last used from another address than before.
    pub(crate) last_moved_s: u32,
    /// The last address that was resolved back, to notice a sweep.
    pub(crate) last_resolved: u32,
    seed: u64,
}

impl Facts {
    /// Facts whose hashes nobody can aim at.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            ..Self::default()
        }
    }

    /// How many of this sort there are now, if this one is new; `None` if it was seen before.
    pub(crate) fn nth(&mut self, sort: Sort, parts: [&str; 2]) -> Option<u16> {
        let hash = self.hash(sort, parts);
        let count = self.counts.get_mut(sort as usize)?;
        if *count >= SEEN_MAX || self.seen.contains(&hash) {
            return None;
        }
        self.seen.push(hash);
        *count += 1;
        Some(*count)
    }

    /// The same for things that look alike in this log and may differ: so many of them count.
    pub(crate) fn nth_time(&mut self, sort: Sort, what: &str, times_max: u16) -> Option<u16> {
        (1..=times_max).find_map(|time| self.nth(sort, [what, &time.to_string()]))
    }

    /// Whether this very thing was seen.
    pub(crate) fn has(&self, sort: Sort, parts: [&str; 2]) -> bool {
        self.seen.contains(&self.hash(sort, parts))
    }

    /// How many distinct things of this sort were seen.
    pub(crate) fn count(&self, sort: Sort) -> u16 {
        self.counts.get(sort as usize).copied().unwrap_or_default()
    }

    /// Whether all objects of this kind were asked for.
    pub(crate) fn listed(&self, kind: &str) -> bool {
        self.has(Sort::ListedKind, [kind, ""])
    }

    /// Remembers a question about own rights.
    pub(crate) fn asked(&mut self, resource: &str, now_s: u32) {
        self.last_question = (self.hash(Sort::Question, [resource, ""]), now_s);
    }

    /// Whether the last question, just before, was about this resource.
    pub(crate) fn has_just_asked(&self, resource: &str, now_s: u32, within_s: u32) -> bool {
        let (question, at_s) = self.last_question;
        question == self.hash(Sort::Question, [resource, ""])
            && now_s.saturating_sub(at_s) <= within_s
    }

    /// The kind at this place of the order in which clusters are written out was listed in a namespace: how many steps
    /// in that order it makes, and whether the nodes were the first. The first kind of the order begins anew; those
    /// before this one that were not seen count where they are usual, `passed` says.
    pub(crate) fn dump_step(
        &mut self,
        namespace: &str,
        place: u8,
        at_us: i64,
        passed: impl Fn(u8) -> bool,
    ) -> (u8, bool) {
        let hash = self.hash(Sort::Listed, [namespace, ""]);
        let dump = &mut self.dump;
        let age_us = at_us.saturating_sub(dump.at_us);
        let is_soon = age_us <= DUMP_STEP_US;
        let is_of_run = dump.namespace == 0 && dump.steps == 1 && age_us <= SAME_RUN_US;
        // One, and those that went by unseen if all before it did.
        let steps_from = |from: u8| {
            let is_next = (from..place).all(&passed);
            is_next.then(|| 1 + place.saturating_sub(from))
        };
        if is_of_run && let Some(more) = steps_from(0) {
            (dump.namespace, dump.steps) = (hash, 1 + more);
            dump.has_nodes = true;
        } else if place == 0 {
            (dump.namespace, dump.steps) = (hash, 1);
            dump.has_nodes = false;
        } else if is_soon && dump.namespace == hash && place >= dump.next {
            let more = steps_from(dump.next);
            if more.is_none() && dump.has_nodes {
                *dump = Dump::default();
                return (0, false);
            }
            dump.steps = dump.steps.saturating_add(more.unwrap_or(1));
        } else {
            *dump = Dump::default();
            return (0, false);
        }
        (dump.next, dump.at_us) = (place + 1, at_us);
        (dump.steps, dump.has_nodes)
    }

    fn hash(&self, sort: Sort, parts: [&str; 2]) -> u64 {
        crate::baseline::hasher(self.seed).hash_one((sort as u8, parts))
    }
}
