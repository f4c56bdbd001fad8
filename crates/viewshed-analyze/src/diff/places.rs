//! Ways to see that are no RBAC: mounted runtime sockets, open Docker APIs and kubelets.

use std::collections::BTreeSet;

use viewshed_model::{Estate, Evidence, Finding, SightChange};

use super::fold;
use crate::checks;

/// The checks whose holes give sight without any grant.
const CHECKS: [&str; 6] = [
    "docker-api-on-public-address",
    "docker-api-without-tls",
    "kubelet-always-allow",
    "kubelet-anonymous",
    "kubelet-read-only-port",
    "runtime-socket-mounted",
];

/// Holes that stand in the newer estate only.
pub(super) fn gained(before: &Estate, after: &Estate) -> Vec<SightChange> {
    let old = checks::scan_only(before, &CHECKS);
    let known: BTreeSet<(&str, &str, &str)> = old.iter().map(key).collect();
    checks::scan_only(after, &CHECKS)
        .iter()
        .filter(|finding| !known.contains(&key(finding)))
        .map(change)
        .collect()
}

fn key(finding: &Finding) -> (&str, &str, &str) {
    (&finding.check, &finding.namespace, &finding.object)
}

fn change(finding: &Finding) -> SightChange {
    let (kind, name) = finding
        .object
        .split_once(' ')
        .unwrap_or(("Object", &finding.object));
    let why = finding
        .evidence
        .links
        .first()
        .map_or_else(|| finding.check.clone(), |link| link.text.clone());
    SightChange {
        subject: fold::holder(kind, &finding.namespace, name),
        gained: true,
        what: finding.title.clone(),
        namespace: None,
        evidence: Evidence::Fixed(why),
        position: finding.location.clone(),
    }
}
