//! How a workload can be reached from outside its cluster.

use viewshed_model::Service;

use super::{ByNamespace, Near, Runner};

/// The services whose selector matches the pods of `runner`.
pub(in crate::checks) fn services_of<'a>(
    near: &ByNamespace<'a>,
    runner: &Runner<'_>,
) -> Vec<&'a Service> {
    near.services(runner.namespace)
        .iter()
        .copied()
        .filter(|service| {
            service.selector.as_ref().is_some_and(|selector| {
                !selector.is_empty()
                    && selector
                        .iter()
                        .all(|(key, value)| runner.pod_labels.get(key) == Some(value))
            })
        })
        .collect()
}

/// The same for callers that are no checks.
pub(crate) fn ways_to(near: &Near<'_>, runner: &Runner<'_>) -> Vec<String> {
    ways_in(&near.0, runner)
}

/// Each way from outside the cluster to the pods of `runner`, in a sentence.
pub(in crate::checks) fn ways_in(near: &ByNamespace<'_>, runner: &Runner<'_>) -> Vec<String> {
    let mut ways = Vec::new();
    for service in services_of(near, runner) {
        let name = &service.meta.name;
        match service.service_type.as_str() {
            "LoadBalancer" if service.source_ranges.is_empty() => ways.push(format!(
                "Service `{name}` of type LoadBalancer takes connections from everywhere"
            )),
            "LoadBalancer" => ways.push(format!(
                "Service `{name}` of type LoadBalancer takes connections from {}",
                super::list(&service.source_ranges)
            )),
            "NodePort" => ways.push(format!(
                "Service `{name}` of type NodePort opens a port on every node"
            )),
            _ => {}
        }
        if !service.external_ips.is_empty() {
            ways.push(format!(
                "Service `{name}` has the external addresses {}",
                super::list(&service.external_ips)
            ));
        }
        ways.extend(routes_to(near, runner.namespace, name));
    }
    for container in &runner.spec.containers {
        for port in container.ports.iter().filter(|port| port.node_port != 0) {
            ways.push(format!(
                "container `{}` takes port {} of its node",
                container.name, port.node_port
            ));
        }
    }
    ways
}

fn routes_to(near: &ByNamespace<'_>, namespace: &str, service: &str) -> Vec<String> {
    let full_name = format!("{namespace}/{service}");
    let ingresses = near
        .ingresses(namespace)
        .iter()
        .filter(|ingress| ingress.services.iter().any(|name| name == service))
        .map(|ingress| {
            format!(
                "Ingress `{}` publishes Service `{service}` under {}",
                ingress.meta.name,
                super::list(&ingress.hosts)
            )
        });
    let routes = near.routes(&full_name).iter().map(|route| {
        format!(
            "{} `{}` publishes Service `{service}`",
            route.kind, route.meta.name
        )
    });
    ingresses.chain(routes).collect()
}
