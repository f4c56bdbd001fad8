//! What a request is about: its namespace, the part of it that is asked for, and whose that is.

use super::{Look, WATCH_SHARE};
use crate::detections::{is_raw, tool};
use crate::engine::behaviour::{Op, Outcome};
use crate::engine::facts::Sort;
use crate::engine::kinds;
use crate::engine::path::{has_query, is_narrowed, node_selected};
use crate::engine::who::{Class, pod_stem, service_account};

/// Whoever is that strange is nobody who is known, or has nothing in common with him.
const STRANGER: f64 = 0.95;
/// Shorter names are the beginning of too many others. Bytes.
const OWN_NAME_MIN: usize = 4;

impl Look<'_> {
    /// What this request would tell an intruder, in points: kind, scope, and whether it was answered.
    pub(crate) fn list_points(&self) -> f64 {
        let behaviour = &self.behaviour;
        let client = tool(&self.activity.actor.user_agent);
        let scope = if behaviour.namespace.is_empty() {
            1.0
        } else if self.is_own_namespace() {
            self.share_of_own()
        } else {
            0.6
        };
        let outcome = match behaviour.outcome {
            Outcome::Shown => 1.0,
            Outcome::Refused => 0.6,
            Outcome::Missing | Outcome::Failed => 0.2,
        };
        let op = match behaviour.op {
            Op::List => 1.0,
            // Without a version from which to go on, it begins with all objects.
            Op::Watch if self.is_reflector_style() && !client.is_some_and(is_raw) => WATCH_SHARE,
            Op::Watch => 1.0,
            _ => 0.25,
        };
        let selected = match self.node_selected() {
            _ if !is_narrowed(&self.activity.uri, "fieldSelector") => 1.0,
            // One node after the other is all of them.
            Some(node) if !self.is_own_node(node) => 0.8,
            // One pod's own node, as node agents ask.
            Some(_) => 0.4,
            // Whoever looks for a fault picks out; a phase, a type or a namespace leaves nearly all.
            None if self.class == Class::Person => 0.4,
            None => 1.0,
        };
        // Who makes what is there reads it, and of Secrets those that it made.
        let at_work = match (self.is_of_work(), behaviour.kind) {
            (false, _) => 1.0,
            (true, "secrets") if self.acquaintance > 0.5 && !self.is_labelled() => 0.6,
            (true, _) => 0.25,
        };
        // Only objects with some label, by a program that carries its own name.
        let is_own_client = client.is_none();
        let is_plain_start = is_own_client
            && self.class == Class::ServiceAccount
            && (!self.is_midway || self.baseline.lists_parts_of_all(self.index, self.now_s));
        let labelled = if is_plain_start && behaviour.kind != "secrets" && self.is_labelled() {
            0.35
        } else {
            1.0
        };
        let starts = has_query(&self.activity.uri, "resourceVersion", "0");
        let known = match (self.is_known_to_it, self.is_elsewhere) {
            (true, false) => 0.1,
            // It may begin anew here, and then follows.
            (true, true) if starts => 0.25,
            _ => 1.0,
        };
        kinds::points(behaviour.kind) * scope * outcome * op * selected * labelled * at_work * known
    }

    /// Whether what is read may belong to what is made here. Who deploys reads all that an application has; a program of
    /// its own that has long been running made what it finds by a label, objects of the kinds that it makes, and what
    /// runs for them.
    pub(crate) fn is_of_work(&self) -> bool {
        let is_settled_program = self.class == Class::ServiceAccount
            && tool(&self.activity.actor.user_agent).is_none()
            && self.is_midway
            && self.acquaintance > 0.5;
        let makes = |kind: &str| {
            let namespace = self.behaviour.namespace;
            self.baseline.makes(self.index, kind, namespace)
        };
        let kind = self.behaviour.kind;
        let is_made = || {
            let plain = kind.split('/').next().unwrap_or_default();
            makes(plain) || (kinds::runs_for_others(plain) && kinds::RUNNING.into_iter().any(makes))
        };
        self.works_here && (!is_settled_program || self.is_labelled() || is_made())
    }

    /// Whether a person whom nobody knows, as far as the log tells, comes from where nobody is at home.
    pub(crate) fn is_stranger(&self) -> bool {
        self.class == Class::Person && self.strangeness >= STRANGER && self.origin.is_nobodys
    }

    /// The same with a tool that knows nothing of Kubernetes.
    pub(crate) fn is_raw_stranger(&self) -> bool {
        self.is_stranger() && tool(&self.activity.actor.user_agent).is_some_and(is_raw)
    }

    /// Whether it is about what belongs to the cluster itself, and whoever asks has no work there.
    ///
    /// Source: kubernetes.io, "Namespaces": the prefix `kube-` is reserved for them.
    pub(crate) fn is_of_system(&self) -> bool {
        self.namespace.starts_with("kube-")
            && self.namespace != "kube-public"
            && !self.is_at_home
            && !self.sees_all
    }

    /// Whether it is a program, and this the namespace that its service account is in.
    pub(crate) fn is_own_namespace(&self) -> bool {
        let own = service_account(self.key);
        own.is_some_and(|(own, _)| own == self.behaviour.namespace)
    }

    /// Whether a program that long changed nothing there tries to change one Secret after the other: what that answers
    /// tells which exist, and what is in them.
    pub(crate) fn tries_secrets(&self) -> bool {
        let namespace = self.behaviour.namespace;
        (self.behaviour.op, self.behaviour.kind) == (Op::Write, "secrets")
            && self.class == Class::ServiceAccount
            && self.is_midway
            && self.known_days > 0
            && !self.facts.has(Sort::Document, ["made", namespace])
            && !self.activity.object.name.is_empty()
            && !self
                .baseline
                .has_long_written(self.index, namespace, self.now_s)
    }

    /// How much a program's own namespace counts. It asks there for what it needs when it starts; what one that has
    /// long been running and never changed anything there looks for then, it did not need.
    fn share_of_own(&self) -> f64 {
        if self.is_midway && !self.is_of_work() && self.class == Class::ServiceAccount {
            0.25 + 0.45 * self.acquaintance
        } else {
            0.25
        }
    }

    /// The node whose pods alone are asked for.
    pub(crate) fn node_selected(&self) -> Option<&str> {
        node_selected(&self.activity.uri)
    }

    /// Whether a node is the one that the request comes from; taken for it where the credential names none.
    pub(crate) fn is_own_node(&self, node: &str) -> bool {
        let own = &*self.activity.actor.node;
        let own = if own.is_empty() {
            self.key.strip_prefix("system:node:").unwrap_or_default()
        } else {
            own
        };
        own.is_empty() || own == node
    }

    /// Whether the pods of the very node are asked for that the credential names.
    pub(crate) fn is_of_own_node(&self) -> bool {
        let own = &*self.activity.actor.node;
        !own.is_empty() && self.node_selected() == Some(own)
    }

    /// Whether only objects with some label are asked for.
    pub(crate) fn is_labelled(&self) -> bool {
        is_narrowed(&self.activity.uri, "labelSelector")
    }

    /// What a list is of: its namespace, and one part of it where it is asked for part by part.
    pub(crate) fn part(&self) -> String {
        let namespace = self.behaviour.namespace;
        match self.node_selected() {
            Some(node) => [namespace, node].join("?"),
            None if self.is_labelled() => [namespace, "?"].concat(),
            None => namespace.to_owned(),
        }
    }

    /// Whether a program asks in its namespace for something whose name begins with its own or that of its pods.
    pub(crate) fn is_own_name(&self) -> bool {
        let name = &*self.activity.object.name;
        let account = service_account(self.key).map_or("", |(_, account)| account);
        let stem = pod_stem(&self.activity.actor.pod);
        let begins =
            |own: &str| own.len() >= OWN_NAME_MIN && own != "default" && name.starts_with(own);
        self.is_own_namespace() && (begins(account) || begins(stem))
    }

    /// Whether a pod of this name in its namespace is one more of its own kind.
    pub(crate) fn is_replica(&self, name: &str) -> bool {
        let own = &*self.activity.actor.pod;
        !own.is_empty() && self.is_own_namespace() && pod_stem(own) == pod_stem(name) && own != name
    }

    /// Where something is, in words: `in all namespaces`, `in shop`, or nothing for a kind without.
    pub(crate) fn scope_words(&self) -> String {
        match self.behaviour.namespace {
            "" if !self.behaviour.is_enumeration() => String::new(),
            "" if is_cluster_scoped(self.behaviour.kind) => String::new(),
            "" => " in all namespaces".to_owned(),
            namespace => format!(" in {namespace}"),
        }
    }
}

fn is_cluster_scoped(kind: &str) -> bool {
    matches!(
        kind,
        "nodes" | "namespaces" | "persistentvolumes" | "nodes.metrics.k8s.io"
    ) || kind.starts_with("clusterrole")
        || kind.starts_with("customresourcedefinitions")
        || kind.starts_with("storageclasses")
        || kind.contains(':')
        || kind.starts_with('/')
}
