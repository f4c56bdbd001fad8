//! Figures about this program, in Prometheus' text form.
//!
//! Names and labels are fixed when the program is compiled: nothing that stands in a log, such as a user's
//! name, can become a label.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A figure that can be changed from any thread.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Replaces: for figures that are counted elsewhere, and for those that also fall.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

#[derive(Debug)]
struct Metric {
    name: &'static str,
    help: &'static str,
    kind: Kind,
    series: Vec<(Labels, Counter)>,
}

type Labels = &'static [(&'static str, &'static str)];

/// All figures.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<Vec<Metric>>>);

impl Metrics {
    /// A figure that only grows; its name ends in `_total`. The same name and labels give the same figure.
    pub fn counter(&self, name: &'static str, help: &'static str, labels: Labels) -> Counter {
        self.figure(Kind::Counter, (name, help), labels)
    }

    /// A figure that rises and falls.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: Labels) -> Counter {
        self.figure(Kind::Gauge, (name, help), labels)
    }

    /// Everything in text form 0.0.4 (`prometheus/docs` `exposition_formats.md`).
    pub fn text(&self) -> String {
        let metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for metric in &*metrics {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
            };
            let name = metric.name;
            // Writing into a string cannot fail.
            write!(
                text,
                "# HELP {name} {}\n# TYPE {name} {kind}\n",
                metric.help
            )
            .ok();
            for (labels, value) in &metric.series {
                text.push_str(name);
                for (place, (label, value)) in labels.iter().enumerate() {
                    let before = if place == 0 { '{' } else { ',' };
                    write!(text, "{before}{label}=\"{value}\"").ok();
                }
                if !labels.is_empty() {
                    text.push('}');
                }
                writeln!(text, " {}", value.0.load(Ordering::Relaxed)).ok();
            }
        }
        text
    }

    fn figure(
        &self,
        kind: Kind,
        (name, help): (&'static str, &'static str),
        labels: Labels,
    ) -> Counter {
        let mut metrics = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counter = Counter::default();
        let Some(metric) = metrics.iter_mut().find(|metric| metric.name == name) else {
            metrics.push(Metric {
                name,
                help,
                kind,
                series: vec![(labels, counter.clone())],
            });
            return counter;
        };
        match metric.series.iter().find(|(known, _)| *known == labels) {
            Some((_, known)) => known.clone(),
            None => {
                metric.series.push((labels, counter.clone()));
                counter
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        let pushed = metrics.counter(
            "viewshed_events_total",
            "Events read.",
            &[("source", "push"), ("form", "audit")],
        );
        metrics
            .counter(
                "viewshed_events_total",
                "Events read.",
                &[("source", "file")],
            )
            .add(2);
        metrics
            .gauge("viewshed_identities", "Identities known.", &[])
            .set(7);
        pushed.add(1);
        metrics
            .counter(
                "viewshed_events_total",
                "Events read.",
                &[("source", "push"), ("form", "audit")],
            )
            .add(4);
        assert_eq!(
            metrics.text(),
            "# HELP viewshed_events_total Events read.\n\
             # TYPE viewshed_events_total counter\n\
             viewshed_events_total{source=\"push\",form=\"audit\"} 5\n\
             viewshed_events_total{source=\"file\"} 2\n\
             # HELP viewshed_identities Identities known.\n\
             # TYPE viewshed_identities gauge\n\
             viewshed_identities 7\n"
        );
    }
}
