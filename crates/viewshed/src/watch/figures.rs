//! LEAVES: figures about the running program, for Prometheus and for probes.

use viewshed_detect::Counters;
use viewshed_model::{Incident, IncidentState, Severity, SkipReason};
use viewshed_server::{Counter, Health, Metrics, StatusServer, TargetState};

use super::reading::Reading;
use super::state::Keeper;
use crate::cli::DeliverArgs;
use crate::outcome::Failure;
use crate::terminal;

const SEVERITIES: [(Severity, &[(&str, &str)]); 5] = [
    (Severity::Info, &[("severity", "info")]),
    (Severity::Low, &[("severity", "low")]),
    (Severity::Medium, &[("severity", "medium")]),
    (Severity::High, &[("severity", "high")]),
    (Severity::Critical, &[("severity", "critical")]),
];

const REASONS: [(SkipReason, &[(&str, &str)]); 6] = [
    (SkipReason::Malformed, &[("reason", "malformed")]),
    (SkipReason::Truncated, &[("reason", "truncated")]),
    (SkipReason::TooLong, &[("reason", "too-long")]),
    (SkipReason::OtherKind, &[("reason", "other-kind")]),
    (SkipReason::Duplicate, &[("reason", "duplicate")]),
    (SkipReason::BadTime, &[("reason", "bad-time")]),
];

/// Everything that `/metrics` tells.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Answers while it lives.
    _server: Option<StatusServer>,
    health: Health,
    events: Counter,
    judged: Counter,
    identities: Counter,
    skipped: Vec<(SkipReason, Counter)>,
    sources: Counter,
    gaps: Counter,
    opened: Vec<(Severity, Counter)>,
    updates: Counter,
    closed: Counter,
    saved: Counter,
    save_failures: Counter,
    delivered: Counter,
    failed_attempts: Counter,
    refused: Counter,
    dropped: Counter,
    waiting: Counter,
}

/// What is looked at from time to time.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) reading: &'a Reading,
    pub(crate) counters: Counters,
    pub(crate) identities: usize,
    pub(crate) gaps: usize,
    pub(crate) keeper: &'a Keeper,
    pub(crate) targets: &'a [TargetState],
}

impl Figures {
    /// Answers on the address that is named; without one the figures are kept for nobody.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub(crate) fn open(arguments: &DeliverArgs) -> Result<Self, Failure> {
        let (metrics, health) = (Metrics::default(), Health::default());
        let figures = Self::new(&metrics, health.clone());
        let Some(address) = arguments.metrics else {
            return Ok(figures);
        };
        let server = StatusServer::start(address, metrics, health).map_err(|error| {
            let hint = error.hint();
            Failure::collect(error, hint)
        })?;
        // The port is the system's choice when 0 was asked for.
        terminal::say(&format!("metrics: http://{}/metrics", server.address()));
        Ok(Self {
            _server: Some(server),
            ..figures
        })
    }

    fn new(metrics: &Metrics, health: Health) -> Self {
        let counter = |name, help| metrics.counter(name, help, &[]);
        let gauge = |name, help| metrics.gauge(name, help, &[]);
        Self {
            _server: None,
            health,
            events: counter("viewshed_events_total", "Entries that were read."),
            judged: counter(
                "viewshed_judged_total",
                "Requests that were judged, each once; kept over restarts with --state.",
            ),
            identities: gauge("viewshed_identities", "Identities that are remembered."),
            skipped: REASONS
                .map(|(reason, labels)| {
                    let help = "Entries that were not judged.";
                    (
                        reason,
                        metrics.counter("viewshed_skipped_total", help, labels),
                    )
                })
                .to_vec(),
            sources: gauge("viewshed_sources", "Sources that spoke."),
            gaps: gauge("viewshed_gaps", "Things that could not be read."),
            opened: SEVERITIES
                .map(|(severity, labels)| {
                    let help = "Incidents that opened, by the severity with which they did.";
                    (
                        severity,
                        metrics.counter("viewshed_incidents_total", help, labels),
                    )
                })
                .to_vec(),
            updates: counter(
                "viewshed_incident_updates_total",
                "Times that an incident grew.",
            ),
            closed: counter("viewshed_incidents_closed_total", "Incidents that ended."),
            saved: counter(
                "viewshed_state_saves_total",
                "Times that the state was saved.",
            ),
            save_failures: counter(
                "viewshed_state_save_failures_total",
                "Times that the state could not be saved.",
            ),
            delivered: counter(
                "viewshed_deliveries_total",
                "Messages that targets have taken.",
            ),
            failed_attempts: counter(
                "viewshed_delivery_failures_total",
                "Attempts to deliver that failed and are repeated.",
            ),
            refused: counter(
                "viewshed_deliveries_refused_total",
                "Messages that a target does not want.",
            ),
            dropped: counter(
                "viewshed_deliveries_dropped_total",
                "Messages that were dropped because too many waited.",
            ),
            waiting: gauge(
                "viewshed_deliveries_waiting",
                "Messages that wait for a target.",
            ),
        }
    }

    /// The program does its work.
    pub(crate) fn beat(&self) {
        self.health.beat();
    }

    /// An incident opened, grew or ended.
    pub(crate) fn grown(&self, incident: &Incident) {
        if incident.revision == 1 {
            let mut opened = self.opened.iter();
            if let Some((_, counter)) = opened.find(|(level, _)| *level == incident.severity) {
                counter.add(1);
            }
        } else {
            self.updates.add(1);
        }
        if incident.state == IncidentState::Closed {
            self.closed.add(1);
        }
    }

    /// Brings what is counted elsewhere up to date.
    pub(crate) fn look(&self, look: &Look<'_>) {
        let skips = look.reading.skips();
        self.events.set(look.reading.event_count);
        self.judged.set(look.counters.judged);
        self.identities.set(look.identities as u64);
        for (reason, counter) in &self.skipped {
            counter.set(skips.counts.get(reason).copied().unwrap_or_default());
        }
        self.sources.set(look.reading.sources.len() as u64);
        self.gaps.set(look.gaps as u64);
        self.saved.set(look.keeper.saved);
        self.save_failures.set(look.keeper.failed);
        let sum = |of: fn(&TargetState) -> u64| look.targets.iter().map(of).sum();
        self.delivered.set(sum(|state| state.delivered));
        self.failed_attempts.set(sum(|state| state.failed_attempts));
        self.refused.set(sum(|state| state.refused));
        self.dropped.set(sum(|state| state.dropped));
        self.waiting.set(sum(|state| state.waiting));
        self.health.set_problem(look.keeper.problem.clone());
    }
}
