//! Ways in through Ingresses and routes of the Gateway API: by the program that serves them.

use viewshed_model::{Backend, Gateway, Port, Section, Service};

use super::decide::Decision;
use super::ends::{By, End, Which};
use super::entrance::is_published;
use super::eval::Tri;
use super::index::NetworkIndex;
use super::place::{Kind, PodPlace};
use super::ports::Point;
use super::referrals::{Class, repository, serves};
use super::through::Behind;

/// Image repositories of programs that serve Ingresses and Gateways, from a slash on: the projects' own
/// charts and manifests.
const CONTROLLERS: [&str; 9] = [
    "/ingress-nginx/controller",
    "/nginx/nginx-ingress",
    "/traefik",
    "/haproxytech/kubernetes-ingress",
    "/haproxy-ingress",
    "/kong",
    "/envoyproxy/envoy",
    "/apisix",
    "/skipper",
];

/// An Ingress or a route of the Gateway API that leads to one service.
struct Route<'s> {
    /// In words.
    name: String,
    /// Of an Ingress.
    class: Option<Class<'s>>,
    /// Numbers or names of the service's ports.
    ports: Vec<&'s str>,
    /// What it forwards.
    protocol: &'static str,
    /// What it hangs on whether the route is in force.
    fact: Option<String>,
}

impl Route<'_> {
    /// Whether it leads to this port; one that names no port may lead to any.
    fn leads_to(&self, port: &Port) -> bool {
        let protocol = match port.protocol.as_str() {
            "" => "TCP",
            protocol => protocol,
        };
        let mut ports = self.ports.iter();
        protocol == self.protocol
            && ports.any(|known| {
                known.is_empty() || *known == port.name || known.parse() == Ok(port.port)
            })
    }
}

fn ports_of<'s>(backends: &'s [Backend], service: &str) -> Vec<&'s str> {
    let own = backends.iter().filter(|backend| backend.service == service);
    own.map(|backend| backend.port.as_str()).collect()
}

impl<'c> NetworkIndex<'c> {
    pub(super) fn is_routed(&self, service: &Service) -> bool {
        self.routes(service).next().is_some()
    }

    /// What routes requests to a service.
    fn routes<'s>(&'s self, service: &'s Service) -> impl Iterator<Item = Route<'s>> + 's {
        let full_name = service.meta.full_name();
        let namespace = service.meta.namespace_or_empty();
        let name = service.meta.name.as_str();
        let ingresses = self.cluster().ingresses.iter().filter(move |ingress| {
            ingress.meta.namespace_or_empty() == namespace
                && ingress.services.iter().any(|known| known == name)
        });
        let ingresses = ingresses.map(move |ingress| Route {
            name: format!("Ingress `{}`", ingress.meta.full_name()),
            class: Some(self.class_of(ingress)),
            ports: ports_of(&ingress.backends, name),
            protocol: "TCP",
            fact: None,
        });
        let aliased = self.aliased(service).into_iter();
        let ingresses = ingresses.chain(aliased);
        let gateways = self.cluster().gateways.iter();
        let backend = full_name.clone();
        let gateways = gateways.filter(move |route| route.services.contains(&full_name));
        ingresses.chain(gateways.filter_map(move |route| {
            let is_taken = self.is_taken(route);
            let name = format!("{} `{}`", route.kind, route.meta.full_name());
            let fact = match (is_taken, self.is_granted(route, service)) {
                (Tri::No, _) | (_, Tri::No) => return None,
                (Tri::Maybe, _) => Some(format!("whether a Gateway takes {name}")),
                (Tri::Yes, Tri::Maybe) => Some(format!(
                    "whether a ReferenceGrant of `{namespace}` lets {name} in"
                )),
                (Tri::Yes, Tri::Yes) => None,
            };
            Some(Route {
                ports: ports_of(&route.backends, &backend),
                protocol: match route.kind.as_str() {
                    "UDPRoute" => "UDP",
                    _ => "TCP",
                },
                class: None,
                name,
                fact,
            })
        }))
    }

    /// Ingresses that name a service by another one's name (Services of type `ExternalName`), which their programs
    /// may follow.
    fn aliased<'s>(&'s self, service: &'s Service) -> Vec<Route<'s>> {
        let meta = &service.meta;
        let key = (meta.namespace_or_empty(), meta.name.as_str());
        let aliases = self.referred.aliases.get(&key).into_iter().flatten();
        let mut found = Vec::new();
        for alias in aliases {
            let namespace = alias.meta.namespace_or_empty();
            let own = self.cluster().ingresses.iter().filter(|ingress| {
                ingress.meta.namespace_or_empty() == namespace
                    && ingress.services.contains(&alias.meta.name)
            });
            found.extend(own.map(|ingress| {
                let name = format!("Ingress `{}`", ingress.meta.full_name());
                let ports = ports_of(&ingress.backends, &alias.meta.name).into_iter();
                // Names are those of the other service's ports.
                let ports = ports.map(|port| {
                    if port.parse::<u16>().is_ok() {
                        port
                    } else {
                        ""
                    }
                });
                let fact = format!(
                    "whether the program that serves {name} follows service `{}` to another name",
                    alias.meta.full_name()
                );
                Route {
                    class: Some(self.class_of(ingress)),
                    ports: ports.collect(),
                    protocol: "TCP",
                    name,
                    fact: Some(fact),
                }
            }));
        }
        found
    }

    /// Whether anybody serves a Gateway: one whose class is missing among those of the estate, perhaps nobody.
    fn is_served(&self, gateway: &Gateway) -> Tri {
        let classes = self.cluster().others.iter();
        let mut classes = classes.filter(|one| one.kind == "GatewayClass").peekable();
        if classes.peek().is_none()
            || gateway.class.is_empty()
            || classes.any(|one| one.meta.name == gateway.class)
        {
            Tri::Yes
        } else {
            Tri::Maybe
        }
    }

    /// Whether a Gateway that a route names takes it, by one of its listeners (gateway-api
    /// `apis/v1/gateway_types.go`, `Listener` and `AllowedRoutes`; `shared_types.go`, `ParentReference`).
    fn is_taken(&self, route: &Gateway) -> Tri {
        let by_gateway = route.sections.iter().map(|section| {
            let mut all = self.cluster().gateways.iter();
            let gateway =
                all.find(|one| one.kind == "Gateway" && one.meta.full_name() == section.gateway);
            match gateway {
                Some(gateway) => is_taken_by(route, section, gateway).min(self.is_served(gateway)),
                None if self.cluster().is_live && !self.referred.is_unread("Gateway", None) => {
                    Tri::No
                }
                // Manifests of one application leave it out.
                None => Tri::Maybe,
            }
        });
        by_gateway
            .max()
            .unwrap_or(match route.other_parents.as_slice() {
                [] => Tri::Yes,
                // A mesh sends clients of its own along it (gateway-api "GAMMA").
                [kind] if kind == "Service" => Tri::No,
                // Sets of listeners are not read.
                _ => Tri::Maybe,
            })
    }

    /// Through the program that serves Ingresses and Gateways; `None` when nothing routes to the service.
    pub(super) fn routed(
        &self,
        from: &End<'c>,
        (service, port): (&Service, &Port),
        (end, target): (&End<'c>, Point),
    ) -> Option<Decision> {
        let routes = self.routes(service).filter(|route| route.leads_to(port));
        let through = routes.map(|route| self.by_route(from, service, &route, (end, target)));
        through.reduce(Decision::or)
    }

    fn by_route(
        &self,
        from: &End<'c>,
        service: &Service,
        route: &Route<'_>,
        (end, target): (&End<'c>, Point),
    ) -> Decision {
        let Route {
            name: route,
            class,
            fact,
            ..
        } = route;
        let mut controllers: Vec<End<'c>> = self.controllers();
        if let Some(Class::Of(_)) = class {
            // Its program may be one that is not known here, or run elsewhere.
            controllers.retain(|controller| self.serves(controller, class.as_ref()) != Tri::No);
        }
        if controllers.is_empty() {
            let text = format!("{route} publishes service `{}`", service.meta.full_name());
            let fact = format!("where the program runs that serves {route}");
            return Decision::depends(fact, text);
        }
        let through = controllers.iter().map(|controller| {
            let text = format!("{route} leads to it through {}", controller.what);
            let served = match (fact, self.serves(controller, class.as_ref())) {
                (_, Tri::No) => {
                    let text = format!("{} does not serve {route}", controller.what);
                    return Decision::new(Tri::No, text);
                }
                (Some(fact), _) => Decision::depends(fact.clone(), text),
                (None, Tri::Yes) => Decision::new(Tri::Yes, text),
                (None, Tri::Maybe) => {
                    let fact = format!("whether {} serves {route}", controller.what);
                    Decision::depends(fact, text)
                }
            };
            let reached = self.controller_reached(from, controller);
            served.and(reached).and(self.pair(controller, end, target))
        });
        through
            .reduce(Decision::or)
            .unwrap_or_else(|| Decision::new(Tri::No, format!("no program serves {route}")))
    }

    /// Whether a program serves an Ingress of a class; routes of Gateways have none.
    fn serves(&self, controller: &End<'c>, class: Option<&Class<'_>>) -> Tri {
        let Some(class) = class else {
            return Tri::Yes;
        };
        let Which::Pod(pod) = controller.which else {
            return Tri::Maybe;
        };
        let place = self.places.pods.get(pod as usize);
        place.map_or(Tri::Maybe, |place| serves(place, class))
    }

    /// Whether addresses outside reach such a program: by the services that publish it, or on its node.
    fn controller_reached(&self, from: &End<'c>, controller: &End<'c>) -> Decision {
        if controller.body.kind == Kind::Node {
            let text = format!("{} shares its node's network", controller.what);
            return self.at_nodes(text);
        }
        let Which::Pod(pod) = controller.which else {
            return self.at_nodes(format!("{} is on a node", controller.what));
        };
        let place = self.places.pods.get(pod as usize);
        let namespace = place.map_or("", |place| place.origin.meta().namespace_or_empty());
        let mut ways: Vec<Decision> = place
            .map(|place| self.host_ports(from, place, controller))
            .unwrap_or_default()
            .into_iter()
            .map(|(_, decision)| decision)
            .collect();
        let services = self.referred.services.range((namespace, "")..);
        let services = services.take_while(|((of, _), _)| *of == namespace);
        for (_, service) in services.filter(|(_, service)| is_published(service)) {
            for port in &service.ports {
                let Behind::Ends(ends) = self.behind(service, port) else {
                    continue;
                };
                let own = ends.iter().filter(|(end, _)| end.which == controller.which);
                ways.extend(own.filter_map(|(end, target)| {
                    let by = self.published(from, (service, port), By::Name)?;
                    Some(by.and(self.admitted(from, service, end, *target)))
                }));
            }
        }
        ways.into_iter().reduce(Decision::or).unwrap_or_else(|| {
            let fact = format!(
                "how addresses outside the cluster reach {}",
                controller.what
            );
            let text = format!("no service publishes {}", controller.what);
            Decision::depends(fact, text)
        })
    }

    pub(super) fn controllers(&self) -> Vec<End<'c>> {
        let pods = (0_u32..).zip(&self.places.pods);
        pods.filter(|(_, place)| !place.has_ended && is_controller(place))
            .filter_map(|(index, _)| self.pod_end(index))
            .collect()
    }
}

fn is_taken_by(route: &Gateway, section: &Section, gateway: &Gateway) -> Tri {
    let is_own = gateway.meta.namespace_or_empty() == route.meta.namespace_or_empty();
    let listeners = gateway.listeners.iter().filter(|listener| {
        (section.name.is_empty() || section.name == listener.name)
            && (section.port == 0 || section.port == listener.port)
            && speaks(&listener.protocol, &route.kind)
            && (listener.kinds.is_empty() || listener.kinds.contains(&route.kind))
            && shares_host(&listener.host, &route.hosts)
    });
    let taken = listeners.map(|listener| match listener.routes_from.as_str() {
        _ if is_own && listener.routes_from != "None" => Tri::Yes,
        "All" => Tri::Yes,
        "Same" | "None" => Tri::No,
        _ => Tri::Maybe,
    });
    taken.max().unwrap_or(Tri::No)
}

/// Whether a listener of a protocol takes routes of a kind; of protocols of an implementation's own, nobody knows
/// (gateway-api `ProtocolType`).
fn speaks(protocol: &str, kind: &str) -> bool {
    match protocol {
        "HTTP" | "HTTPS" => matches!(kind, "HTTPRoute" | "GRPCRoute"),
        "TLS" => matches!(kind, "TLSRoute" | "TCPRoute"),
        "TCP" => kind == "TCPRoute",
        "UDP" => kind == "UDPRoute",
        _ => true,
    }
}

/// Whether some host name is of both; no name means all (gateway-api `HTTPRouteSpec.hostnames`).
fn shares_host(listener: &str, route: &[String]) -> bool {
    let holds = |pattern: &str, name: &str| {
        pattern == name
            || pattern
                .strip_prefix('*')
                .is_some_and(|end| name.ends_with(end))
    };
    let mut route = route.iter().filter(|host| !host.is_empty()).peekable();
    listener.is_empty()
        || route.peek().is_none()
        || route.any(|host| holds(listener, host) || holds(host, listener))
}

fn is_controller(place: &PodPlace<'_>) -> bool {
    // Istio's gateways run the image of its sidecars.
    let is_gateway = place
        .labels()
        .get("istio")
        .is_some_and(|label| label.ends_with("ingressgateway"));
    let containers = place.origin.spec().containers.iter();
    let mut ordinary = containers.filter(|container| container.role.is_empty());
    is_gateway
        || ordinary.any(|container| {
            let repository = repository(&container.image);
            CONTROLLERS.iter().any(|end| repository.ends_with(end))
        })
}
