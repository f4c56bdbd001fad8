//! Ways in from outside: ingresses and Gateway API objects.

use serde::Deserialize;
use viewshed_model::{Backend, Gateway, Ingress, Listener, Position, Section};

use super::container::IntOrText;
use super::meta::{MetaWire, ObjectKind};
use crate::nullable::Nullable;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IngressWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<IngressSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct IngressSpec {
    ingress_class_name: Nullable<String>,
    default_backend: Nullable<BackendWire>,
    /// `extensions/v1beta1`.
    backend: Nullable<BackendWire>,
    rules: Nullable<Vec<RuleWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RuleWire {
    host: Nullable<String>,
    http: Nullable<HttpWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HttpWire {
    paths: Nullable<Vec<PathWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PathWire {
    backend: Nullable<BackendWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct BackendWire {
    service: Nullable<ServiceBackend>,
    /// `extensions/v1beta1`.
    service_name: Nullable<String>,
    service_port: Nullable<IntOrText>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceBackend {
    name: Nullable<String>,
    port: Nullable<BackendPort>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BackendPort {
    name: Nullable<String>,
    number: Nullable<u16>,
}

impl BackendWire {
    fn into_backend(self) -> Backend {
        let ServiceBackend { name, port } = self.service.0;
        if name.is_empty() {
            return Backend {
                service: self.service_name.0,
                port: self.service_port.0.0,
            };
        }
        Backend {
            service: name.0,
            port: match (port.0.name.0, port.0.number.0) {
                (name, 0) => name,
                (_, number) => number.to_string(),
            },
        }
    }
}

impl IngressWire {
    pub(super) fn into_ingress(self, position: Option<Box<Position>>) -> Ingress {
        let spec = self.spec.0;
        let mut hosts = Vec::new();
        let mut backends = vec![
            spec.default_backend.0.into_backend(),
            spec.backend.0.into_backend(),
        ];
        for rule in spec.rules.0 {
            hosts.push(match rule.host.0 {
                host if host.is_empty() => "*".to_owned(),
                host => host,
            });
            let paths = rule.http.0.paths.0.into_iter();
            backends.extend(paths.map(|path| path.backend.0.into_backend()));
        }
        if hosts.is_empty() {
            hosts.push("*".to_owned());
        }
        let class = match spec.ingress_class_name.0 {
            class if class.is_empty() => self.metadata.ingress_class().to_owned(),
            class => class,
        };
        Ingress {
            meta: self.metadata.0.into_meta(position),
            hosts: sorted(hosts),
            class,
            services: services_of(&backends),
            backends: sorted_backends(backends),
        }
    }
}

fn sorted_backends(mut backends: Vec<Backend>) -> Vec<Backend> {
    backends.retain(|backend| !backend.service.is_empty());
    backends.sort_unstable();
    backends.dedup();
    backends
}

fn services_of(backends: &[Backend]) -> Vec<String> {
    sorted(backends.iter().map(|one| one.service.clone()).collect())
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GatewayWire {
    metadata: Nullable<MetaWire>,
    spec: Nullable<GatewaySpec>,
    status: Nullable<GatewayStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GatewayStatus {
    addresses: Nullable<Vec<AddressWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AddressWire {
    value: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GatewaySpec {
    gateway_class_name: Nullable<String>,
    parent_refs: Nullable<Vec<ObjectReference>>,
    listeners: Nullable<Vec<ListenerWire>>,
    hostnames: Nullable<Vec<String>>,
    rules: Nullable<Vec<RouteRuleWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListenerWire {
    name: Nullable<String>,
    protocol: Nullable<String>,
    hostname: Nullable<String>,
    port: Nullable<u16>,
    allowed_routes: Nullable<AllowedRoutes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AllowedRoutes {
    namespaces: Nullable<RouteNamespaces>,
    kinds: Nullable<Vec<RouteKind>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RouteKind {
    kind: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RouteNamespaces {
    from: Nullable<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RouteRuleWire {
    backend_refs: Nullable<Vec<BackendReference>>,
    filters: Nullable<Vec<FilterWire>>,
}

/// A backend, with filters of its own (gateway-api `HTTPBackendRef`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BackendReference {
    #[serde(flatten)]
    object: ObjectReference,
    filters: Nullable<Vec<FilterWire>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FilterWire {
    request_mirror: Nullable<MirrorWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct MirrorWire {
    backend_ref: Nullable<ObjectReference>,
}

/// `ParentReference` or `BackendObjectReference` of the Gateway API.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ObjectReference {
    kind: Nullable<String>,
    name: Nullable<String>,
    namespace: Nullable<String>,
    port: Nullable<u16>,
    /// Of a parent.
    section_name: Nullable<String>,
    /// Of a backend.
    weight: Option<i64>,
}

impl ObjectReference {
    /// `namespace/name`; the namespace of the referring object where none is given.
    fn full_name(&self, own: &str) -> String {
        let namespace = match self.namespace.as_str() {
            "" => own,
            namespace => namespace,
        };
        format!("{namespace}/{}", self.name.0)
    }
}

impl ListenerWire {
    fn into_listener(self) -> Listener {
        let allowed = self.allowed_routes.0;
        let kinds = allowed.kinds.0.into_iter().map(|one| one.kind.0);
        Listener {
            name: self.name.0,
            port: self.port.0,
            protocol: self.protocol.0,
            host: self.hostname.0,
            // gateway-api `apis/v1/gateway_types.go`, `RouteNamespaces.from`.
            routes_from: match allowed.namespaces.0.from.0 {
                from if from.is_empty() => "Same".to_owned(),
                from => from,
            },
            kinds: sorted(kinds.collect()),
        }
    }
}

/// Services that the rules of a route name, as far as they send anything there.
fn backends_of(rules: Vec<RouteRuleWire>, own: &str) -> Vec<Backend> {
    let mirrored = |filters: Vec<FilterWire>| {
        let mirrors = filters.into_iter().map(|one| one.request_mirror.0);
        mirrors.map(|mirror| mirror.backend_ref.0)
    };
    rules
        .into_iter()
        .flat_map(|rule| {
            let backends = rule.backend_refs.0.into_iter().flat_map(move |backend| {
                std::iter::once(backend.object).chain(mirrored(backend.filters.0))
            });
            // What is mirrored is sent, too, and only its answer is dropped (gateway-api `HTTPRequestMirrorFilter`).
            backends.chain(mirrored(rule.filters.0))
        })
        .filter(|backend| !backend.name.is_empty())
        // `kind` defaults to Service (gateway-api `BackendObjectReference`).
        .filter(|backend| matches!(backend.kind.as_str(), "" | "Service"))
        // "If weight is set to 0, no traffic should be forwarded" (gateway-api `BackendRef`).
        .filter(|backend| backend.weight != Some(0))
        .map(|backend| Backend {
            service: backend.full_name(own),
            port: match backend.port.0 {
                0 => String::new(),
                port => port.to_string(),
            },
        })
        .collect()
}

impl GatewayWire {
    pub(super) fn into_gateway(
        self,
        kind: &ObjectKind<'_>,
        position: Option<Box<Position>>,
    ) -> Gateway {
        let meta = self.metadata.0.into_meta(position);
        let spec = self.spec.0;
        let own = meta.namespace_or_empty();
        let mut hosts = spec.hostnames.0;
        let mut listener_ports = Vec::new();
        let mut listeners = Vec::new();
        let mut routes_from = Vec::new();
        for listener in spec.listeners.0 {
            hosts.push(listener.hostname.0.clone());
            listener_ports.push(listener.port.0);
            let listener = listener.into_listener();
            routes_from.push(listener.routes_from.clone());
            listeners.push(listener);
        }
        listener_ports.sort_unstable();
        listener_ports.dedup();
        let backends = backends_of(spec.rules.0, own);
        let sections: Vec<Section> = spec
            .parent_refs
            .0
            .iter()
            // `kind` defaults to Gateway (gateway-api `ParentReference`).
            .filter(|parent| matches!(parent.kind.as_str(), "" | "Gateway"))
            .map(|parent| Section {
                gateway: parent.full_name(own),
                name: parent.section_name.0.clone(),
                port: parent.port.0,
            })
            .collect();
        let parents = spec
            .parent_refs
            .0
            .iter()
            .map(|parent| parent.kind.0.clone());
        let mut other_parents = sorted(parents.collect());
        other_parents.retain(|kind| kind != "Gateway");
        let gateways = sections.iter().map(|one| one.gateway.clone()).collect();
        let addresses = self.status.0.addresses.0.into_iter();
        Gateway {
            kind: kind.kind.to_owned(),
            class: spec.gateway_class_name.0,
            hosts: sorted(hosts),
            services: services_of(&backends),
            backends: sorted_backends(backends),
            gateways: sorted(gateways),
            listener_ports,
            listeners,
            sections,
            other_parents,
            routes_from: sorted(routes_from),
            addresses: sorted(addresses.map(|address| address.value.0).collect()),
            meta,
        }
    }
}
