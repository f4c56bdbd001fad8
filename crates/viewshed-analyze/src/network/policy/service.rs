//! Services that policies name: their endpoints, with the endpoints' ports.

use viewshed_model::{Port, Protocol, Service};

use super::reader::{Reader, any_of, named};
use crate::network::address::{AddressSet, Block};
use crate::network::ports::{PortMatch, point, span};
use crate::network::ranges::Ranges;
use crate::network::vocabulary::{ExprId, Holder, Term, Test};

impl Reader<'_, '_> {
    /// The endpoints of a service: by address where the estate has them, else the pods that it selects.
    /// A service that the estate does not have is unsure.
    pub(super) fn service_endpoints(
        &mut self,
        namespace: &str,
        name: &str,
    ) -> Vec<(ExprId, PortMatch)> {
        let referred = self.translator.referred;
        if let Some(slices) = referred.endpoints.get(&(namespace, name)) {
            let mut found = Vec::new();
            for slice in slices {
                let blocks: Vec<Block> =
                    slice.addresses.iter().copied().map(Block::single).collect();
                let peer = self.term(Term::Address(AddressSet::new(&blocks, &[])));
                let ports = slice.ports.iter().map(|(protocol, port)| {
                    let point = point(*protocol, *port);
                    (point, point)
                });
                found.push((peer, PortMatch::fixed(ports.collect())));
            }
            return found;
        }
        let service = referred.services.get(&(namespace, name)).copied();
        let selected = service.and_then(|service| self.service_pods(service));
        if let (Some(service), Some(pods)) = (service, selected) {
            let ports = service.ports.iter().map(target_port).collect();
            return vec![(pods, any_of(ports))];
        }
        let fact = format!("the endpoints of service `{namespace}/{name}`");
        vec![(self.unsure(&fact), PortMatch::everything())]
    }

    /// The pods that a service selects; `None` for one without a selector.
    pub(super) fn service_pods(&mut self, service: &Service) -> Option<ExprId> {
        let labels = service.selector.as_ref()?;
        let namespace = service.meta.namespace_or_empty().to_owned();
        let mut parts = vec![self.term(Term::Pod), self.term(Term::Namespace(namespace))];
        for (key, value) in labels {
            let test = Test::In(vec![value.clone()]);
            parts.push(self.label_test((Holder::Pod, key.clone()), test));
        }
        Some(self.and(parts))
    }
}

/// The port on the endpoint: a number or a name, the service's own where none is given.
fn target_port(port: &Port) -> PortMatch {
    let Ok(protocol) = port.protocol.parse::<Protocol>() else {
        return PortMatch::fixed(Ranges::default());
    };
    match (port.target.as_str(), port.target.parse::<u16>()) {
        ("", _) => PortMatch::fixed(span(protocol, port.port, port.port)),
        (_, Ok(number)) => PortMatch::fixed(span(protocol, number, number)),
        (name, Err(_)) => named(name, Some(protocol)),
    }
}
