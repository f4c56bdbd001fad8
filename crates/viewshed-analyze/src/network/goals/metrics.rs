//! Programs that tell metrics to whoever asks.

use viewshed_model::{Container, Protocol};

use super::tcp;
use crate::network::ports::{Point, point};
use crate::network::referrals::repository;

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
pub(super) fn metrics_ports(container: &Container) -> Vec<Point> {
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
