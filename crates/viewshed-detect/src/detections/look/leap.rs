//! Programs that turn to what they had nothing to do with.

use super::Look;
use crate::engine::kinds;
use crate::engine::who::Class;

impl Look<'_> {
    /// Whether a program that long had to do with its own namespace alone turns to the whole cluster, and no new pod
    /// of it does.
    pub(crate) fn is_leap(&self) -> bool {
        self.behaviour.is_enumeration()
            && self.behaviour.namespace.is_empty()
            && self.class == Class::ServiceAccount
            && !self.activity.actor.pod.is_empty()
            && !self.may_follow
            && !self.is_of_own_node()
            && !self.is_of_catalogue()
            && !self.baseline.reads_wide(self.index, self.now_s)
    }

    /// Whether a program that has long been listing parts of several kinds in the whole cluster lists a part of one more.
    fn is_of_catalogue(&self) -> bool {
        self.behaviour.is_part
            && !kinds::is_telling(self.behaviour.kind)
            && self.baseline.lists_parts_of_all(self.index, self.now_s)
    }

    /// Whether a new pod of a program that long had to do with its own namespace alone begins with what tells most of the
    /// whole cluster.
    pub(crate) fn is_leap_of_new_pod(&self) -> bool {
        self.behaviour.is_enumeration()
            && self.behaviour.namespace.is_empty()
            && kinds::is_telling(self.behaviour.kind)
            && self.class == Class::ServiceAccount
            && self.may_follow
            && self.acquaintance > 0.5
            && !self.is_of_own_node()
            && !self.baseline.reads_wide(self.index, self.now_s)
    }

    /// Whether a kubelet turns to what is on other nodes.
    pub(crate) fn is_beyond_node(&self) -> bool {
        self.behaviour.is_enumeration()
            && self.behaviour.namespace.is_empty()
            && self.class == Class::Node
            && kinds::is_telling(self.behaviour.kind)
            && !self.is_kubelet_work()
    }

    /// Whether a program that long had to do with other namespaces lists what is in this one, and no new pod of it
    /// does.
    pub(crate) fn is_step_out(&self) -> bool {
        self.behaviour.is_enumeration()
            && self.class == Class::ServiceAccount
            && !self.activity.actor.pod.is_empty()
            && self.is_midway
            && !self.may_follow
            && !self.is_own_namespace()
            && !self.is_at_home
            && !self.baseline.reads_wide(self.index, self.now_s)
    }

    /// Whether a program that never had to do with Secrets asks for all of its namespace, and no new pod of it does.
    pub(crate) fn turns_to_secrets(&self) -> bool {
        self.behaviour.is_enumeration()
            && self.behaviour.kind == "secrets"
            && self.class == Class::ServiceAccount
            && !self.activity.actor.pod.is_empty()
            && self.is_midway
            && self.is_own_namespace()
            && !self.baseline.touches(self.index, "secrets")
    }
}
