//! The incidents of a run, each in its last revision, within a bound.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use viewshed_model::{Gap, GapReason, Incident, IncidentState, Severity, Timeline};

/// Incidents that are kept for the report of past logs. An incident with its timeline has some 10 KB, 60 KB at
/// most. Beyond it the oldest that are closed leave, and are counted.
pub(crate) const INCIDENTS_OF_PAST_LOGS_MAX: usize = 50_000;

/// Incidents that are kept while watching live: each was told when it opened and when it grew, so these are for
/// the summary at the end. Beyond it the oldest that are closed leave, and are counted.
pub(crate) const INCIDENTS_LIVE_MAX: usize = 2_000;

/// When the bound is reached, one in so many leaves at once: looking for the oldest costs a walk over all.
const LEAVING_SHARE: usize = 10;

/// Every incident in its last revision, and how it grew.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Found {
    pub(crate) incidents: BTreeMap<String, Incident>,
    pub(crate) timelines: BTreeMap<String, Timeline>,
    /// Incidents that left because there were too many.
    pub(crate) left: u64,
    /// The worst of all, of those that left too.
    pub(crate) worst: Option<Severity>,
}

impl Found {
    /// Keeps an incident that opened or grew, `max` of them at most.
    pub(crate) fn keep(&mut self, incident: Incident, max: usize) {
        self.worst = self.worst.max(Some(incident.severity));
        self.timelines
            .entry(incident.id.clone())
            .or_default()
            .add(&incident);
        self.incidents.insert(incident.id.clone(), incident);
        if self.incidents.len() > max {
            self.shrink(max);
        }
    }

    /// The oldest closed leave; open ones only when there are no others.
    fn shrink(&mut self, max: usize) {
        let mut order: Vec<_> = self
            .incidents
            .values()
            .map(|incident| {
                let is_open = incident.state == IncidentState::Open;
                (is_open, incident.last_event.time, incident.id.clone())
            })
            .collect();
        order.sort_unstable();
        let kept = max - max / LEAVING_SHARE;
        for (_, _, id) in order.drain(..order.len().saturating_sub(kept)) {
            self.incidents.remove(&id);
            self.timelines.remove(&id);
            self.left += 1;
        }
    }

    /// Says how many are not in the report.
    pub(crate) fn gap(&self) -> Option<Gap> {
        (self.left > 0).then(|| Gap {
            source: String::new(),
            what: "show every incident".to_owned(),
            reason: GapReason::TooLarge,
            detail: "the oldest closed ones are left out of this report".to_owned(),
            hint: "deliver incidents, or read the logs in parts".to_owned(),
            count: self.left,
        })
    }
}

#[cfg(test)]
mod tests {
    use viewshed_model::{Incident, IncidentState, Severity};

    use super::Found;

    fn sample(id: &str, second: i64) -> Incident {
        let moment = serde_json::json!({
            "time": jiff::Timestamp::from_second(second).unwrap(), "audit_id": "",
        });
        serde_json::from_value(serde_json::json!({
            "id": id, "revision": 1, "state": "open", "cluster": "", "actor": {}, "event_count": 1,
            "source_addresses": [], "audit_ids": [], "requests": [], "disclosed": [], "reasons": [],
            "opened_at": moment["time"], "first_event": moment, "last_event": moment,
            "severity": "low", "confidence": "low", "techniques": [], "allowed_by": {},
        }))
        .unwrap()
    }

    fn check(script: &[(&str, i64, IncidentState)], max: usize, expected: &[&str], left: u64) {
        let mut found = Found::default();
        for (id, second, state) in script {
            let mut incident = sample(id, *second);
            incident.state = *state;
            found.keep(incident, max);
        }
        let kept: Vec<&str> = found.incidents.keys().map(String::as_str).collect();
        assert_eq!((kept.as_slice(), found.left), (expected, left));
        assert_eq!(found.timelines.len(), found.incidents.len());
        assert_eq!(found.gap().map(|gap| gap.count), (left > 0).then_some(left));
        assert_eq!(found.worst, Some(Severity::Low));
    }

    #[test]
    fn the_oldest_closed_ones_leave_and_are_counted() {
        use IncidentState::{Closed, Open};
        check(&[("a", 1, Open), ("b", 2, Closed)], 2, &["a", "b"], 0);
        check(
            &[("a", 1, Open), ("b", 3, Closed), ("c", 2, Closed)],
            2,
            &["a", "b"],
            1,
        );
        // A growing incident takes one place.
        check(
            &[("a", 1, Open), ("a", 2, Open), ("b", 2, Open)],
            2,
            &["a", "b"],
            0,
        );
        // Open ones leave only when nothing else can.
        check(
            &[("a", 5, Open), ("b", 4, Open), ("c", 9, Open)],
            2,
            &["a", "c"],
            1,
        );
    }

    #[test]
    fn a_flood_of_incidents_stays_within_the_bound() {
        let mut found = Found::default();
        for number in 0..1_000 {
            let mut incident = sample(&format!("{number:04}"), number);
            incident.state = IncidentState::Closed;
            found.keep(incident, 100);
            assert!(found.incidents.len() <= 100);
        }
        assert_eq!(found.incidents.len() as u64 + found.left, 1_000);
        assert!(found.incidents.contains_key("0999"));
    }
}
