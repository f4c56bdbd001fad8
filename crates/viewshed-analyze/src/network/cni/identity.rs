//! Which labels of pods Cilium's identities have: a policy that selects by another selects nothing (cilium/cilium
//! `Documentation/operations/performance/scalability/identity-relevant-labels.rst`,
//! `pkg/labelsfilter/filter.go`). Which are left out differs between versions, and the setting `labels` holds
//! regular expressions: a label that may be left out is one that nobody is sure of.

use super::{Cni, Profile};

/// Keys, or their beginnings, that some version leaves out.
const LEFT_OUT: &[&str] = &[
    "annotation",
    "controller-revision-hash",
    "controller-uid",
    "etcd_node",
    "io.kubernetes",
    "job-name",
    "pod-template-generation",
    "pod-template-hash",
];

impl Profile {
    /// Whether policies that ask for a label of pods find it on all pods that have it.
    pub(in crate::network) fn has_in_identity(&self, key: &str) -> bool {
        if !matches!(self.cni, Cni::Cilium | Cni::GkeDataplaneV2) {
            return true;
        }
        !is_left_out(key) && is_kept(&self.identity_labels, key)
    }
}

fn is_left_out(key: &str) -> bool {
    let (domain, _) = key.split_once('/').unwrap_or(("", key));
    let is_of = |owner: &str| {
        domain == owner
            || domain
                .strip_suffix(owner)
                .is_some_and(|rest| rest.ends_with('.'))
    };
    let is_system = (is_of("kubernetes.io") || is_of("k8s.io")) && domain != "app.kubernetes.io";
    is_system || LEFT_OUT.iter().any(|start| key.starts_with(start))
}

/// Whether the setting certainly keeps a label. With one pattern that includes, what no pattern includes is
/// left out.
fn is_kept(patterns: &str, key: &str) -> bool {
    let mut includes = None;
    for pattern in patterns.split_whitespace() {
        let pattern = pattern.split_once(':').map_or(pattern, |(_, rest)| rest);
        let (is_excluding, pattern) = match pattern.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, pattern),
        };
        let plain = pattern.replace("\\.", ".");
        let is_plain = !plain.contains(['\\', '*', '+', '?', '(', '[', '{', '|', '^', '$']);
        let may_match = !is_plain || key.starts_with(&plain);
        match (is_excluding, may_match) {
            (true, true) => return false,
            (true, false) => {}
            (false, _) => {
                let is_sure = is_plain && key.starts_with(&plain);
                includes = Some(includes.unwrap_or(false) || is_sure);
            }
        }
    }
    includes.unwrap_or(true) || key.starts_with("app.kubernetes.io")
}
