//! From one end to another: over a shared network, through published ports, or through the host.

use viewshed_model::{DockerContainer, DockerHost, DockerNetwork, Protocol};

use super::{End, Open, container};
use crate::network::ports::{PortSet, everything, point};

/// What a network driver's option says of direct access (`nat` unless given).
const GATEWAY_MODE: &str = "com.docker.network.bridge.gateway_mode_ipv4";
/// `--icc`, per network.
const ICC: &str = "com.docker.network.bridge.enable_icc";
/// The first engine that lets other bridges into `nat-unprotected` networks (moby commit 1ad9599).
const UNPROTECTED_BETWEEN_BRIDGES: u32 = 29;
/// The first engine that drops packets from the link to ports published on loopback (moby issue 45610).
const LOOPBACK_PROTECTED: u32 = 28;
/// Containers that share a network namespace through others; more is a loop.
const SHARED_DEPTH_MAX: usize = 8;

/// The container whose network namespace this one uses: itself, or the one at the end of
/// `container:ID` modes.
pub(super) fn namespace_of<'e>(
    host: &'e DockerHost,
    own: &'e DockerContainer,
) -> &'e DockerContainer {
    let mut at = own;
    for _ in 0..SHARED_DEPTH_MAX {
        let shared = at.network_mode.strip_prefix("container:");
        let shared = shared.or_else(|| at.network_mode.strip_prefix("service:"));
        match shared.and_then(|name| container(host, name)) {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

pub(super) fn title(container: &DockerContainer) -> String {
    format!("container `{}`", container.name)
}

fn has_stopped(container: &DockerContainer) -> bool {
    matches!(
        container.state.as_str(),
        "exited" | "dead" | "created" | "removing"
    )
}

fn networks<'e>(
    host: &'e DockerHost,
    container: &'e DockerContainer,
) -> Vec<(&'e str, Option<&'e DockerNetwork>)> {
    let named = container.networks.iter().map(|(name, _)| name.as_str());
    let found = |name: &'e str| {
        let network = host.networks.iter().find(|network| network.name == name);
        (name, network)
    };
    named.map(found).collect()
}

fn mode(network: &DockerNetwork) -> &str {
    network
        .options
        .get(GATEWAY_MODE)
        .map_or("nat", String::as_str)
}

fn is_on_link(network: Option<&DockerNetwork>) -> bool {
    network.is_some_and(|network| matches!(network.driver.as_str(), "macvlan" | "ipvlan"))
}

/// Major version of the engine; `None` when the estate does not tell, or it is not Docker.
fn major(host: &DockerHost) -> Option<u32> {
    host.daemon.version.split('.').next()?.parse().ok()
}

fn published<'e>(container: &'e DockerContainer, is_wanted: impl Fn(&str) -> bool + 'e) -> PortSet {
    container
        .ports
        .iter()
        .filter(|port| is_wanted(port.host_ip.as_str()))
        .filter_map(|port| Some((port.protocol.parse().ok()?, port.container_port)))
        .map(|(protocol, number): (Protocol, u16)| {
            let point = point(protocol, number);
            (point, point)
        })
        .collect()
}

pub(super) fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || address == "::1"
}

pub(super) fn between(from: End<'_>, to: End<'_>) -> Open {
    match (from, to) {
        (End::Container(_, own), _) if has_stopped(own) => {
            Open::Closed(format!("{} does not run", title(own)))
        }
        (_, End::Container(_, other)) if has_stopped(other) => {
            Open::Closed(format!("{} does not run", title(other)))
        }
        (End::Container(host, own), End::Container(other_host, other)) => {
            if std::ptr::eq(host, other_host) {
                on_one_host(host, own, other)
            } else {
                across_hosts((host, own), (other_host, other))
            }
        }
        (End::Container(host, own), End::Host(other)) => {
            if std::ptr::eq(host, other) {
                to_own_host(host, own)
            } else {
                leaving(from, &format!("host `{}`", other.name))
            }
        }
        (End::Host(host), End::Container(other_host, other)) if std::ptr::eq(host, other_host) => {
            from_own_host(host, other)
        }
        (End::Host(_) | End::World, End::Container(host, other)) => from_outside(host, other),
        (End::Host(one), End::Host(two)) if std::ptr::eq(one, two) => {
            Open::Every("it is the host itself".to_owned())
        }
        (End::Container(..), End::World) => leaving(from, "addresses outside"),
        (End::Host(_) | End::World, End::Host(_) | End::World) => {
            let fact = "the network outside the estate".to_owned();
            Open::Depends(
                everything(),
                fact,
                "no container is at either end".to_owned(),
            )
        }
    }
}

fn on_one_host(host: &DockerHost, own: &DockerContainer, other: &DockerContainer) -> Open {
    let (source, target) = (namespace_of(host, own), namespace_of(host, other));
    if std::ptr::eq(source, target) {
        let text = format!(
            "{} and {} share one network and its loopback",
            title(own),
            title(other)
        );
        return Open::Every(text);
    }
    match (source.network_mode.as_str(), target.network_mode.as_str()) {
        ("none", _) => return Open::Closed(format!("{} has no network", title(own))),
        (_, "none") => return Open::Closed(format!("{} has no network", title(other))),
        ("host", _) => return from_own_host(host, other),
        (_, "host") => return to_own_host(host, own),
        _ => {}
    }
    let theirs = networks(host, target);
    let mut closed = None;
    for (name, network) in networks(host, source) {
        if !theirs.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let icc = network.and_then(|network| network.options.get(ICC));
        if icc.is_some_and(|icc| icc == "false") {
            closed = Some(format!(
                "network `{name}` drops traffic between its containers (`{ICC}` is false)"
            ));
            continue;
        }
        return Open::Every(format!("both are on network `{name}`"));
    }
    across_bridges(host, (own, source), (other, target), closed)
}

/// Containers that share no network that lets them through.
fn across_bridges(
    host: &DockerHost,
    (own, source): (&DockerContainer, &DockerContainer),
    (other, target): (&DockerContainer, &DockerContainer),
    closed: Option<String>,
) -> Open {
    let of_source = networks(host, source);
    let of_target = networks(host, target);
    let is_internal = |(_, network): &(&str, Option<&DockerNetwork>)| {
        network.is_some_and(|network| network.internal || mode(network) == "isolated")
    };
    let apart =
        closed.unwrap_or_else(|| format!("{} and {} share no network", title(own), title(other)));
    if !of_target.is_empty() && of_target.iter().all(is_internal) {
        return Open::Closed(format!("{apart}, and that of {} is internal", title(other)));
    }
    let set = published(target, |address| !is_loopback(address));
    if !of_source.is_empty() && of_source.iter().all(is_internal) {
        if set.is_empty() {
            return Open::Closed(format!("{apart}, and that of {} is internal", title(own)));
        }
        let fact = format!(
            "whether ports of the host are let through from the internal network of {}",
            title(own)
        );
        return Open::Depends(set, fact, apart);
    }
    for (name, network) in &of_target {
        match network.map(mode) {
            Some("nat-unprotected") => match major(host) {
                Some(version) if version >= UNPROTECTED_BETWEEN_BRIDGES => {
                    return Open::Every(format!(
                        "network `{name}` is `nat-unprotected`: engine {version} lets every bridge in"
                    ));
                }
                Some(_) => {}
                None => {
                    let fact = "the version of the Docker engine".to_owned();
                    let text = format!("network `{name}` is `nat-unprotected`");
                    return Open::Depends(everything(), fact, text);
                }
            },
            Some("routed") => {
                let text =
                    format!("{apart}; network `{name}` is `routed`, which opens published ports");
                return Open::Only(set, text);
            }
            _ => {}
        }
    }
    if set.is_empty() {
        return Open::Closed(format!("{apart}, and {} publishes no port", title(other)));
    }
    Open::Only(
        set,
        format!(
            "{apart}; ports of {} are published on addresses of the host",
            title(other)
        ),
    )
}

fn across_hosts(
    (host, own): (&DockerHost, &DockerContainer),
    (other_host, other): (&DockerHost, &DockerContainer),
) -> Open {
    let theirs = networks(other_host, namespace_of(other_host, other));
    for (name, network) in networks(host, namespace_of(host, own)) {
        let is_overlay = network.is_some_and(|network| network.driver == "overlay");
        if is_overlay && theirs.iter().any(|(other, _)| *other == name) {
            return Open::Every(format!("both are on the overlay network `{name}`"));
        }
    }
    match leaving(End::Container(host, own), "other hosts") {
        Open::Closed(text) => Open::Closed(text),
        _ => from_outside(other_host, other),
    }
}

/// Docker never touches the rules for packets to the host itself, not even for internal networks: their
/// bridge address answers unless the network is `isolated` (`TestInternalNwConnectivity`).
pub(super) fn to_own_host(host: &DockerHost, own: &DockerContainer) -> Open {
    let source = namespace_of(host, own);
    match source.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(own))),
        "host" => {
            let text = format!(
                "{} shares the host's network, loopback included",
                title(own)
            );
            return Open::Every(text);
        }
        _ => {}
    }
    let all = networks(host, source);
    for (name, network) in &all {
        let is_isolated = network.is_some_and(|network| mode(network) == "isolated");
        if !is_on_link(*network) && !is_isolated {
            return Open::Every(format!(
                "the host answers on its address in network `{name}`; only its own rules for incoming packets would stop it"
            ));
        }
    }
    if all.is_empty() {
        let fact = format!("the networks of {}", title(own));
        return Open::Depends(
            everything(),
            fact,
            "the estate does not show its networks".to_owned(),
        );
    }
    if all.iter().any(|(_, network)| is_on_link(*network)) {
        let text = format!(
            "{} is on the host's link, where the kernel keeps it from the host itself",
            title(own)
        );
        return Open::Closed(text);
    }
    Open::Closed(format!(
        "every network of {} is isolated from the host",
        title(own)
    ))
}

fn from_own_host(host: &DockerHost, other: &DockerContainer) -> Open {
    let target = namespace_of(host, other);
    match target.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(other))),
        "host" => return Open::Every(format!("{} shares the host's network", title(other))),
        _ => {}
    }
    let all = networks(host, target);
    if !all.is_empty() && all.iter().all(|(_, network)| is_on_link(*network)) {
        let text = format!(
            "{} is on the host's link, where the kernel keeps the host from it",
            title(other)
        );
        return Open::Closed(text);
    }
    Open::Every(format!("the host is on the bridges of {}", title(other)))
}

/// From another machine.
fn from_outside(host: &DockerHost, other: &DockerContainer) -> Open {
    let target = namespace_of(host, other);
    match target.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(other))),
        "host" => {
            let text = format!(
                "{} shares the host's network; only the host's own rules would stop it",
                title(other)
            );
            return Open::Every(text);
        }
        _ => {}
    }
    let all = networks(host, target);
    if let Some((name, _)) = all.iter().find(|(_, network)| is_on_link(*network)) {
        let fact = format!("who is on the link of network `{name}`");
        return Open::Depends(
            everything(),
            fact,
            format!("{} is on the host's own link", title(other)),
        );
    }
    if other.labels.contains_key("com.docker.swarm.service.id") {
        let fact =
            "the ports that its swarm service publishes, which are open on every host".to_owned();
        return Open::Depends(
            everything(),
            fact,
            format!("{} belongs to a swarm service", title(other)),
        );
    }
    let open = published(target, |address| !is_loopback(address));
    let routed = all
        .iter()
        .any(|(_, network)| network.map(mode) == Some("nat-unprotected"));
    if routed {
        let fact = "whether the network outside routes to addresses of containers".to_owned();
        return Open::Depends(
            everything(),
            fact,
            format!("a network of {} is `nat-unprotected`", title(other)),
        );
    }
    if !open.is_empty() {
        let text = format!(
            "{} publishes ports on addresses of the host, past the host's own rules for incoming packets",
            title(other)
        );
        return Open::Only(open, text);
    }
    let on_loopback = published(target, is_loopback);
    if on_loopback.is_empty() {
        return Open::Closed(format!("{} publishes no port", title(other)));
    }
    let text = format!(
        "{} publishes ports on the host's loopback address only",
        title(other)
    );
    match major(host) {
        Some(version) if version >= LOOPBACK_PROTECTED => Open::Closed(text),
        _ => {
            let fact = "whether the client is on the host's own link, and the engine older than 28"
                .to_owned();
            Open::Depends(on_loopback, fact, text)
        }
    }
}

/// From a container to something that is on no network of the host.
pub(super) fn leaving(from: End<'_>, what: &str) -> Open {
    let End::Container(host, own) = from else {
        let fact = "the network outside the estate".to_owned();
        return Open::Depends(everything(), fact, "it is no container".to_owned());
    };
    if has_stopped(own) {
        return Open::Closed(format!("{} does not run", title(own)));
    }
    let source = namespace_of(host, own);
    match source.network_mode.as_str() {
        "none" => return Open::Closed(format!("{} has no network", title(own))),
        "host" => return Open::Every(format!("{} reaches {what} as its host does", title(own))),
        _ => {}
    }
    let all = networks(host, source);
    let leads_out = |(_, network): &&(&str, Option<&DockerNetwork>)| {
        network.is_none_or(|network| !network.internal && mode(network) != "isolated")
    };
    match (all.iter().find(leads_out), all.is_empty()) {
        (Some((name, _)), _) => Open::Every(format!(
            "network `{name}` leads out: {what} is reached through the host"
        )),
        (None, true) => {
            let fact = format!("the networks of {}", title(own));
            Open::Depends(
                everything(),
                fact,
                "the estate does not show its networks".to_owned(),
            )
        }
        (None, false) => Open::Closed(format!("every network of {} is internal", title(own))),
    }
}
