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
    // The only host of an estate needs no name, as with the steps of its containers.
    let is_single = before.docker_hosts.len() == 1 && after.docker_hosts.len() == 1;
    let hosts = before.docker_hosts.iter().chain(&after.docker_hosts);
    let hosts: BTreeSet<&str> = hosts.map(|host| &*host.name).collect();
    let named = |finding: Finding| {
        let host = (!is_single && hosts.contains(&*finding.estate)).then(|| finding.estate.clone());
        Hole { host, finding }
    };
    let old: Vec<Hole> = old.into_iter().map(named).collect();
    let new: Vec<Hole> = new.into_iter().map(named).collect();
    let gained = only_in(&new, &old).map(change);
    let lost = only_in(&old, &new).map(|hole| SightChange {
        gained: false,
        ..change(hole)
    });
    gained.chain(lost).collect()
}

/// A finding, with the name of its Docker host where there are several.
struct Hole {
    host: Option<String>,
    finding: Finding,
}

impl Hole {
    fn key(&self) -> (&str, Option<&str>, &str, &str) {
        let finding = &self.finding;
        (
            &finding.check,
            self.host.as_deref(),
            &finding.namespace,
            &finding.object,
        )
    }
}

fn only_in<'a>(here: &'a [Hole], there: &[Hole]) -> impl Iterator<Item = &'a Hole> {
    let known: BTreeSet<_> = there.iter().map(Hole::key).collect();
    here.iter().filter(move |hole| !known.contains(&hole.key()))
}

fn change(hole: &Hole) -> SightChange {
    let finding = &hole.finding;
    let (kind, name) = finding
        .object
        .split_once(' ')
        .unwrap_or(("Object", &finding.object));
    let name = match &hole.host {
        Some(host) if kind == "container" => format!("{host}/{name}"),
        _ => name.to_owned(),
    };
    let why = finding
        .evidence
        .links
        .first()
        .map_or_else(|| finding.check.clone(), |link| link.text.clone());
    SightChange {
        subject: fold::holder(kind, &finding.namespace, &name),
        gained: true,
        what: finding.title.clone(),
        namespace: None,
        evidence: Evidence::Fixed(why),
        position: finding.location.clone(),
        reach: None,
    }
}
