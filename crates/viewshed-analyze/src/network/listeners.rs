//! Which routes of the Gateway API a listener takes (kubernetes-sigs/gateway-api `apis/v1/gateway_types.go`,
//! `Listener` and `AllowedRoutes`, `apis/v1/shared_types.go`, `ParentReference`).

use viewshed_model::{Gateway, Listener, RouteParent};

use super::eval::Tri;

/// Whether a listener takes a route that hangs on its Gateway.
pub(super) fn listens(
    listener: &Listener,
    gateway: &Gateway,
    (route, parent): (&Gateway, &RouteParent),
) -> Tri {
    let is_meant = (parent.section.is_empty() || parent.section == listener.name)
        && (parent.port == 0 || parent.port == listener.port);
    if !is_meant || !shares_a_host(listener, route) {
        return Tri::No;
    }
    let is_own = gateway.meta.namespace == route.meta.namespace;
    let by_namespace = match listener.routes_from.as_str() {
        "All" => Tri::Yes,
        "Same" => is_own.into(),
        "None" => Tri::No,
        _ => Tri::Maybe,
    };
    by_namespace.min(takes_kind(listener, &route.kind))
}

/// By the kinds that it names, else by its protocol. What `TLS` takes depends on its mode.
fn takes_kind(listener: &Listener, kind: &str) -> Tri {
    if !listener.route_kinds.is_empty() {
        return listener
            .route_kinds
            .iter()
            .any(|known| known == kind)
            .into();
    }
    let kinds: &[&str] = match listener.protocol.as_str() {
        "HTTP" | "HTTPS" => &["HTTPRoute", "GRPCRoute"],
        "TLS" => &["TLSRoute", "TCPRoute"],
        "TCP" => &["TCPRoute"],
        "UDP" => &["UDPRoute"],
        _ => return Tri::Maybe,
    };
    kinds.contains(&kind).into()
}

/// "There MUST be at least one intersecting hostname" (`HTTPRouteSpec.hostnames`); other routes have none.
fn shares_a_host(listener: &Listener, route: &Gateway) -> bool {
    let mut hosts = route.hosts.iter();
    listener.host.is_empty()
        || route.hosts.is_empty()
        || hosts.any(|host| meet(&listener.host, host))
}

/// Whether two host names, of which each may begin with `*.`, have a name in common.
fn meet(one: &str, other: &str) -> bool {
    let within = |wide: &str, narrow: &str| {
        let Some(end) = wide.strip_prefix('*') else {
            return false;
        };
        let narrow = narrow.strip_prefix('*').unwrap_or(narrow);
        narrow.len() > end.len() && narrow.ends_with(end)
    };
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    one == other || within(&one, &other) || within(&other, &one)
}
