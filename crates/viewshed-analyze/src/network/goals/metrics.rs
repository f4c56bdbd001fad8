//! Where metrics are told to whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{Container, Port, Protocol, Service};

use super::listening::{of_metrics, of_program};
use super::{Goal, TargetPoint, declared, tcp};
use crate::network::ends::{End, Which};
use crate::network::index::NetworkIndex;
use crate::network::place::PodPlace;
use crate::network::ports::{Point, point};
use crate::network::referrals::repository;
use crate::network::through::Behind;

/// Programs that tell metrics to everybody who asks, by the end of their image's repository, and the ports that their
/// READMEs give: Prometheus (of everything that it collects), cAdvisor, and the exporters of nodes and of objects.
const METRICS: [(&str, u16); 5] = [
    ("/prometheus", 9090),
    ("/cadvisor", 8080),
    ("/node-exporter", 9100),
    ("/kube-state-metrics", 8080),
    ("/alertmanager", 9093),
];

/// Ports of a program that tells metrics: those that it declares, else its own default.
fn metrics_ports(container: &Container) -> Vec<Point> {
    let repository = repository(&container.image);
    let known = METRICS.iter().find(|(end, _)| repository.ends_with(end));
    let Some((_, default)) = known else {
        return Vec::new();
    };
    let declared = container.ports.iter();
    let declared =
        declared.filter(|port| port.port != 0 && matches!(port.protocol.as_str(), "" | "TCP"));
    let declared: Vec<Point> = declared
        .map(|port| point(Protocol::Tcp, port.port))
        .collect();
    if declared.is_empty() {
        return tcp(&[*default]);
    }
    declared
}

/// Ports of a pod that tell metrics: those that containers name so, those of programs that do little else, and the
/// one that its annotations tell.
fn told_by(place: &PodPlace<'_>) -> BTreeSet<Point> {
    let spec = place.origin.spec();
    let ordinary = spec.containers.iter().filter(|one| one.role.is_empty());
    let mut ports: BTreeSet<Point> = ordinary.flat_map(metrics_ports).collect();
    let by_flags = spec.containers.iter().map(of_metrics);
    ports.extend(by_flags.flat_map(|one| tcp(&one.outside)));
    ports.extend(declared(place, |name| name.contains("metrics")));
    match spec.metrics_port {
        None => {}
        Some(0) => ports.extend(declared(place, |_| true)),
        Some(port) => ports.extend(tcp(&[port])),
    }
    ports
}

/// Whether a port of a service is one for metrics: by its own name, or by that of the service, as Kubebuilder and
/// kube-prometheus name them (`controller-manager-metrics-service`).
fn is_for_metrics(service: &Service, port: &Port) -> bool {
    let name = service.meta.name.as_str();
    let ends = ["metrics", "metrics-service"];
    port.name.contains("metrics") || ends.iter().any(|end| name.ends_with(end))
}

impl<'c> NetworkIndex<'c> {
    /// Every place that tells metrics, with all ports at which it does.
    pub(super) fn metrics_points(&self) -> Vec<TargetPoint<'c>> {
        let mut found: BTreeMap<Which, (End<'c>, BTreeSet<Point>)> = BTreeMap::new();
        let mut add = |end: End<'c>, ports: BTreeSet<Point>| {
            let entry = found.entry(end.which);
            let (_, known) = entry.or_insert_with(|| (end, BTreeSet::new()));
            known.extend(ports);
        };
        for (index, place) in (0_u32..).zip(&self.places.pods) {
            let ports = told_by(place);
            if let (false, false, Some(end)) =
                (place.has_ended, ports.is_empty(), self.pod_end(index))
            {
                add(end, ports);
            }
        }
        for service in &self.cluster().services {
            for port in &service.ports {
                let at = service.metrics_port;
                if at.is_none() && !is_for_metrics(service, port) {
                    continue;
                }
                if let Behind::Ends(ends) = self.behind(service, port) {
                    for (end, target) in ends {
                        let told = at.filter(|port| *port != 0);
                        let told = told.map_or(target, |port| point(Protocol::Tcp, port));
                        add(end, BTreeSet::from([told]));
                    }
                }
            }
        }
        let points = found.into_values().map(|(end, ports)| TargetPoint {
            what: format!("metrics of {}", end.what),
            goal: self.at_end(end),
            ports: ports.into_iter().collect(),
        });
        points.collect()
    }

    /// An end, or the loopback address of its node where it listens on that alone.
    fn at_end(&self, end: End<'c>) -> Goal<'c> {
        let place = match end.which {
            Which::Pod(pod) => self.places.pods.get(pod as usize),
            _ => None,
        };
        let is_hidden = place.is_some_and(|place| {
            let mut containers = place.origin.spec().containers.iter();
            let hides = |container: &Container| {
                of_program(container, 1).outside.is_empty()
                    && of_metrics(container).outside.is_empty()
            };
            place.is_on_host && containers.any(hides)
        });
        if is_hidden {
            Goal::Loopback(Box::new(end))
        } else {
            Goal::End(Box::new(end))
        }
    }
}
