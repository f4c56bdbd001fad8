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

/// Holes that stand on one side only; those of the older side are marked as lost.
pub(super) fn changes(before: &Estate, after: &Estate) -> Vec<SightChange> {
    let (old, new) = rayon::join(
        || checks::scan_only(before, &CHECKS),
        || checks::scan_only(after, &CHECKS),
    );
    let gained = only_in(&new, &old).map(change);
    let lost = only_in(&old, &new).map(|finding| SightChange {
        gained: false,
        ..change(finding)
    });
    gained.chain(lost).collect()
}

fn only_in<'a>(here: &'a [Finding], there: &[Finding]) -> impl Iterator<Item = &'a Finding> {
    let known: BTreeSet<_> = there.iter().map(key).collect();
    here.iter()
        .filter(move |finding| !known.contains(&key(finding)))
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
        reach: None,
    }
}
