//! What a detection sees of one activity.

mod leap;
mod scope;

use serde::{Deserialize, Serialize};
use viewshed_model::Activity;

use super::tool_on_workload::tool;
use crate::Baseline;
use crate::engine::behaviour::{Behaviour, Op, Outcome};
use crate::engine::facts::{Facts, Sort};
use crate::engine::kinds;
use crate::engine::path::{has_query, is_narrowed, is_short_watch};
use crate::engine::who::{Class, ShortName};

/// What a watch tells of what a list of the same would.
pub(super) const WATCH_SHARE: f64 = 0.7;

/// One activity with all that is known around it.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) activity: &'a Activity<'a>,
    pub(crate) behaviour: Behaviour<'a>,
    pub(crate) class: Class,
    /// The identity in sentences.
    pub(crate) who: ShortName<'a>,
    /// Full name.
    pub(crate) key: &'a str,
    /// Whether the behaviour is a habit of the identity.
    pub(crate) is_usual: bool,
    /// Whether it did this before, be it as part of an incident.
    pub(crate) has_habit: bool,
    /// Whether a tool of people uses the identity of a program that never was used so.
    pub(crate) is_new_tool: bool,
    /// Whether that makes it somebody else who has the identity, or the place does from which it lists.
    pub(crate) is_other_hand: bool,
    /// Whether a program lists from a new place what it lists at its start and follows.
    pub(crate) is_elsewhere: bool,
    /// How far the hand behind a request is from one that is known, 0 to 1; programs have other signs.
    pub(crate) strangeness: f64,
    /// Where it reads, or asks for rights; empty for the whole cluster.
    pub(crate) namespace: &'a str,
    /// Whether it has long been doing something in this very namespace.
    pub(crate) is_at_home: bool,
    /// Whether it has long been reading all of it, or all pods, in the whole cluster.
    pub(crate) sees_all: bool,
    /// Whether it comes with the group that may do everything and never did.
    pub(crate) is_newly_mighty: bool,
    /// Whether the credential of a well-known person comes from a new public address, with a client that no one is handed.
    pub(crate) is_in_odd_hands: bool,
    /// Whether the door through which it comes was not there the day before.
    pub(crate) is_new_door: bool,
    /// Whether it reads the log of a pod of another family than it is used to.
    pub(crate) is_other_family: bool,
    /// Whether it has long been reading all objects of the kind in the whole cluster, or begins anew to follow what
    /// it has long been following: then it shows it nothing new.
    pub(crate) is_known_to_it: bool,
    /// Whether the token of a pod comes from outside the cluster, as far as an address tells.
    pub(crate) is_outside: bool,
    /// Whether nothing was known of the identity before.
    pub(crate) is_new_identity: bool,
    /// How well the identity is known, 0 to 1.
    pub(crate) acquaintance: f64,
    /// How well the whole log is known, 0 to 1.
    pub(crate) log_acquaintance: f64,
    /// Days since the identity was first seen.
    pub(crate) known_days: u32,
    /// Days since the log began.
    pub(crate) log_days: u32,
    /// What is usual, and the identity's place in it.
    pub(crate) baseline: &'a Baseline,
    pub(crate) index: usize,
    /// Whether it changes things in this namespace: reading there belongs to the work.
    pub(crate) works_here: bool,
    /// Whether it has changed or followed anything for a while: it is there for some work.
    pub(crate) works_somewhere: bool,
    /// Whether the program that sends this has long been running, as far as the log tells.
    pub(crate) is_midway: bool,
    /// Whether a watch may be taken for work.
    pub(crate) may_follow: bool,
    /// Whether it follows this kind with a watch.
    pub(crate) watches_it: bool,
    /// Whether it follows objects that tell what else there is to read.
    pub(crate) watches_something: bool,
    /// Where the request came from.
    pub(crate) origin: Origin,
    /// Repetitions of the habit within the time window, and how many are tolerated.
    pub(crate) window: (u32, u32),
    /// Whether it wears this mask by habit.
    pub(crate) mask_is_usual: bool,
    /// Whether all objects of this kind were asked for before in this session.
    pub(crate) was_listed: bool,
    /// What links the identity to the session at its address, seen without what the others there have shown.
    pub(crate) linking_alone: f64,
    /// What the session has shown so far.
    pub(crate) facts: &'a mut Facts,
    /// Time of the engine, seconds since 1970.
    pub(crate) now_s: u32,
}

/// What is unusual about where a request came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The client calls itself something that this identity never was.
    pub(crate) is_new_program: bool,
    /// Never seen with this identity.
    pub(crate) is_new_address: bool,
    /// The very credential was used from another address.
    pub(crate) moved: Moved,
    /// The address belongs to somebody else.
    pub(crate) is_foreign: bool,
    /// And has hardly been handed over, in a log that names no pods: its owner is at work, and was never seen anywhere
    /// else.
    pub(crate) is_kept: bool,
    /// What a program never was until now.
    pub(crate) departure: Departure,
    /// Nobody else was ever at home there.
    pub(crate) is_nobodys: bool,
    /// How many other identities of this session came from there.
    pub(crate) companions: u32,
    /// Credentials move in this log all the time (address translation, several paths to the servers).
    pub(crate) moves_are_usual: bool,
}

/// What is new about a program whose credentials have long been used in one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Departure {
    /// It always was inside the cluster, and comes from a public address that is no host's.
    pub(crate) is_outside: bool,
    /// Its tokens always named their pods, and this one names none.
    pub(crate) is_without_pod: bool,
}

/// Whether a credential was seen elsewhere before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Moved {
    /// No, or nobody knows.
    #[default]
    No,
    /// Yes, from an address of the other family (one host, two protocols).
    OtherFamily,
    /// Yes.
    Yes,
}

/// What an identity may do next that makes ordinary work of a sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FallsWith {
    /// Nothing does.
    #[default]
    Nothing,
    /// It follows the kind: then the list was the beginning of a watch.
    Watch,
    /// It makes what it did not find.
    Creation,
    /// It goes to work with what it learned about the server and about its rights.
    Work,
}

/// One reason that a detection found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sign {
    /// Points.
    pub(crate) weight: f64,
    /// In plain words.
    pub(crate) text: String,
    /// What may follow and take its weight.
    pub(crate) falls_with: FallsWith,
    /// Whether it only ever says something together with others: held lists count at once with it.
    pub(crate) corroborates: bool,
    /// Points if it is a watch that is given up at once.
    pub(crate) if_given_up: Option<f64>,
}

impl Sign {
    /// A sign that stands for itself.
    pub(crate) fn new(weight: f64, text: String) -> Self {
        Self {
            weight,
            text,
            falls_with: FallsWith::Nothing,
            corroborates: true,
            if_given_up: None,
        }
    }

    /// A sign that may turn out to be the beginning of a watch.
    pub(crate) fn held(weight: f64, text: String) -> Self {
        Self {
            weight,
            text,
            falls_with: FallsWith::Watch,
            corroborates: false,
            if_given_up: None,
        }
    }

    /// A sign that may turn out to be the look before something is made.
    pub(crate) fn unless_made(weight: f64, text: String) -> Self {
        Self {
            weight,
            text,
            falls_with: FallsWith::Creation,
            corroborates: false,
            if_given_up: None,
        }
    }

    /// A sign that may turn out to be how a client begins its work.
    pub(crate) fn unless_at_work(weight: f64, text: String) -> Self {
        Self {
            weight,
            text,
            falls_with: FallsWith::Work,
            corroborates: false,
            if_given_up: None,
        }
    }

    /// A sign that lends no weight to lists that may yet be followed by a watch.
    pub(crate) fn quiet(weight: f64, text: String) -> Self {
        Self {
            weight,
            text,
            falls_with: FallsWith::Nothing,
            corroborates: false,
            if_given_up: None,
        }
    }
}

impl<'a> Look<'a> {
    /// How much of the weight for a program in a pod this kind of identity gets for what people and control
    /// planes do every day.
    pub(crate) fn share(&self) -> f64 {
        match self.class {
            Class::ServiceAccount | Class::Anonymous | Class::Invalid | Class::Local => 1.0,
            Class::Person | Class::System => 0.2,
            Class::Node if self.is_kubelet_work() && !self.is_new_tool => 0.1,
            Class::Node => 0.6,
        }
    }

    /// The same for what people do where they are not known to do anything: the less is known of the hand, the more
    /// of the weight for a program.
    pub(crate) fn share_away(&self) -> f64 {
        let share = self.share();
        if self.is_at_home || !matches!(self.class, Class::Person | Class::System) {
            return share;
        }
        (share + 1.1 * self.strangeness).min(1.0)
    }

    /// What is left of the weight of a watch by a program that may follow what it wants: it is how programs work.
    pub(crate) fn following_share(&self) -> f64 {
        let follows =
            self.behaviour.op == Op::Watch && self.is_reflector_style() && self.may_follow;
        match (follows, kinds::is_telling(self.behaviour.kind)) {
            (false, _) => 1.0,
            (true, true) => 0.15,
            // Tools that keep a cluster as a repository has it follow hundreds of kinds.
            (true, false) => 0.03,
        }
    }

    /// Whether a kubelet does this: of pods and nodes it asks for its own, of secrets and config maps for single
    /// ones.
    ///
    /// Source: kubernetes `pkg/kubelet/config/apiserver.go`, `pkg/kubelet/kubelet.go`,
    /// `pkg/kubelet/util/manager/watch_based_manager.go`.
    pub(crate) fn is_kubelet_work(&self) -> bool {
        let of_all = matches!(self.behaviour.op, Op::List | Op::Watch)
            && matches!(
                self.behaviour.kind,
                "pods" | "nodes" | "secrets" | "configmaps"
            );
        let is_own = || {
            let of_other = self
                .node_selected()
                .is_some_and(|node| !self.is_own_node(node));
            is_narrowed(&self.activity.uri, "fieldSelector") && !of_other
        };
        kinds::is_kubelet_work(self.behaviour.kind) && (!of_all || is_own())
    }

    /// Members of its groups that have the habit, and the group in words.
    pub(crate) fn peers(&self) -> (u32, &'a str) {
        self.baseline.peers_doing(self.index, &self.behaviour)
    }

    /// How surprising a behaviour is that this many peers have; 1 at most.
    pub(crate) fn surprise(&self) -> f64 {
        match self.peers().0 {
            0 => 1.0,
            1 => 0.6,
            2 => 0.35,
            _ => 0.15,
        }
    }

    /// How many names were tried one after the other in this session: those of secrets, pods, nodes and the like that
    /// were shown, and those that do not exist or were refused. What belongs to the program itself is none. Who follows or
    /// changes things there looks for what he makes: of those each sort counts by itself.
    pub(crate) fn names_tried(&self, sort: Sort) -> u16 {
        let own = self.facts.count(Sort::OwnPod);
        if self.class == Class::Person || self.works_somewhere {
            let own = if sort == Sort::NamedObject { own } else { 0 };
            return self.facts.count(sort).saturating_sub(own);
        }
        let counts =
            [Sort::NamedObject, Sort::Object, Sort::Guess].map(|sort| self.facts.count(sort));
        let tried = counts
            .iter()
            .fold(0, |sum: u16, one| sum.saturating_add(*one));
        tried.saturating_sub(own)
    }

    /// Whether nobody is behind it whose habits could be known.
    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self.class, Class::Anonymous | Class::Invalid)
    }

    /// Whether this list or watch is how client-go keeps a copy: from the cache, or with a stream of all
    /// objects, or with a version from which to go on.
    ///
    /// Source: client-go `tools/cache/reflector.go`. A client can imitate it, but then has to watch.
    pub(crate) fn is_reflector_style(&self) -> bool {
        let uri = &self.activity.uri;
        match self.behaviour.op {
            Op::Watch if is_short_watch(uri) => false,
            // A log that leaves queries out: no watch is without one.
            Op::Watch if !uri.is_empty() && !uri.contains('?') => {
                tool(&self.activity.actor.user_agent).is_none()
                    || self.watches_it
                    || self.was_listed
            }
            Op::List => has_query(uri, "resourceVersion", "0") || self.watches_it,
            Op::Watch => {
                has_query(uri, "resourceVersion", "")
                    || has_query(uri, "sendInitialEvents", "true")
                    || self.watches_it
                    || self.was_listed
            }
            _ => false,
        }
    }

    /// `, refused` where it was.
    pub(crate) fn outcome_words(&self) -> &'static str {
        match self.behaviour.outcome {
            Outcome::Refused => ", refused",
            Outcome::Missing => ", not found",
            Outcome::Shown | Outcome::Failed => "",
        }
    }

    /// Whose doing it is what all of a session have done so far, with the verb for one and for several.
    pub(crate) fn together(&self, does: &str, they_do: &str) -> String {
        match self.origin.companions {
            0 => format!("{} {does}", self.who),
            others => format!("{} identities {they_do}", others.saturating_add(1)),
        }
    }

    /// `lists`, `watches`, `reads`, ...
    pub(crate) fn does(&self) -> &'static str {
        match self.behaviour.op {
            Op::List => "lists",
            Op::Watch => "watches",
            Op::Log => "reads logs:",
            Op::Proxy => "reaches through",
            Op::Exec => "runs commands in",
            Op::Ask => "asks for",
            Op::Command => "runs",
            _ => "reads",
        }
    }
}
