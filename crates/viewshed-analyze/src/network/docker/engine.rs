//! The engine's own API.

use viewshed_model::Protocol;

use super::facts::{is_loopback, namespace_of};
use super::paths::to_own_host;
use super::{End, Open};
use crate::network::ports::{PortSet, everything, point};

/// The engine's own API over TCP (dockerd reference, "Daemon socket option"; `/info` warns of listeners
/// without TLS).
pub(super) fn to_engine(from: End<'_>) -> Open {
    let End::Container(host, own) = from else {
        let fact = "the network outside the estate".to_owned();
        return Open::Depends(everything(), fact, "it is no container".to_owned());
    };
    let daemon = &host.daemon;
    let warned = daemon.warnings.iter().filter_map(|warning| {
        let (_, rest) = warning.split_once("API is accessible on http://")?;
        rest.split_whitespace().next()
    });
    let configured = daemon
        .hosts
        .iter()
        .filter_map(|one| one.strip_prefix("tcp://"));
    let listeners: Vec<&str> = warned.chain(configured).collect();
    let port_of = |listener: &str| -> u16 {
        let port = listener
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse().ok());
        port.unwrap_or(2375)
    };
    let own_host = to_own_host(host, own);
    let is_host_mode = namespace_of(host, own).network_mode == "host";
    let reachable: PortSet = listeners
        .iter()
        .filter(|listener| {
            is_host_mode || !is_loopback(listener) && !listener.starts_with("localhost")
        })
        .map(|listener| {
            let port = point(Protocol::Tcp, port_of(listener));
            (port, port)
        })
        .collect();
    match own_host {
        Open::Closed(text) => Open::Closed(text),
        Open::Depends(_, fact, text) | Open::AtLeast(_, fact, text) => {
            Open::Depends(everything(), fact, text)
        }
        Open::Every(text) | Open::Only(_, text) => {
            if !reachable.is_empty() {
                return Open::Only(
                    reachable,
                    format!("the engine listens on {}; {text}", listeners.join(", ")),
                );
            }
            if !listeners.is_empty() {
                return Open::Closed("the engine listens on loopback addresses only".to_owned());
            }
            if !daemon.hosts.is_empty() || host.is_live {
                return Open::Closed("the engine listens on no TCP address".to_owned());
            }
            let ports: PortSet = [2375, 2376]
                .map(|port| point(Protocol::Tcp, port))
                .into_iter()
                .map(|port| (port, port))
                .collect();
            Open::Depends(
                ports,
                "whether the engine listens on a TCP address".to_owned(),
                text,
            )
        }
    }
}
