//! The events of this run's own requests, found by the audit ID that each request carried.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::{Context, Result};
use viewshed_bench::wait_until;
use viewshed_decode::questions::audit_event;
use viewshed_model::AuditedRequest;

use crate::world::World;

/// An event, and the mode of impersonation that it names.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request: AuditedRequest,
    pub(crate) constraint: String,
}

/// The first event of each request whose audit ID is `STAGE-NUMBER`, by number. Waits until the
/// event of request `last` is there.
pub(crate) fn events(world: &World, stage: &str, wanted: usize) -> Result<BTreeMap<usize, Event>> {
    wait_until("the audit log", Duration::from_secs(60), || {
        let events = read(world, stage)?;
        Ok((events.len() >= wanted).then_some(events))
    })
    .or_else(|_| read(world, stage))
}

fn read(world: &World, stage: &str) -> Result<BTreeMap<usize, Event>> {
    let path = world.plane.audit_log().context("there is no audit log")?;
    let mark = format!("\"auditID\":\"{stage}-");
    let mut events = BTreeMap::new();
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let Some((_, behind)) = line.split_once(&mark) else {
            continue;
        };
        let number = behind.split('"').next().unwrap_or_default().parse()?;
        // The last line may be half written.
        let Ok(request) = audit_event(line.as_bytes()) else {
            continue;
        };
        events.entry(number).or_insert(Event {
            request,
            constraint: constraint(&line),
        });
    }
    Ok(events)
}

/// `authenticationMetadata.impersonationConstraint`, new in 1.36.
fn constraint(line: &str) -> String {
    line.split_once("\"impersonationConstraint\":\"")
        .and_then(|(_, behind)| behind.split('"').next())
        .unwrap_or_default()
        .to_owned()
}
