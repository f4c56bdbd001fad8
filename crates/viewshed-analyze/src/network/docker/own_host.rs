//! Between a container and its own host.

use viewshed_model::{DockerContainer, DockerHost};

use super::Open;
use super::facts::{
    Joined, first_unknown, is_isolated, is_on_link, is_podman, namespace_of, networks, networks_of,
    title, unknown,
};
use super::published::PODMAN;
use crate::network::address::Family;
use crate::network::ports::everything;

/// Whether the host has an address of a family on a network that it may be reached at.
fn meets_host(host: &DockerHost, joined: &Joined<'_>, family: Family) -> bool {
    !is_on_link(joined.1) && !is_isolated(host, joined.1, family) && unknown(joined).is_none()
}

/// Docker never touches the rules for packets to the host itself, not even for internal networks: their
/// bridge address answers unless the network is `isolated` (`TestInternalNwConnectivity`).
pub(super) fn to_own_host(host: &DockerHost, own: &DockerContainer) -> Open {
    let source = namespace_of(host, own);
    if let Some(open) = without_own(source, &title(own), ", loopback included") {
        return open;
    }
    let all = networks(host, source);
    if is_podman(host) {
        let text = format!("{} is in a network of Podman", title(own));
        return Open::Depends(everything(), PODMAN.to_owned(), text);
    }
    for family in Family::BOTH {
        let of_family = networks_of(host, source, family);
        if let Some((name, _)) = of_family.iter().find(|one| meets_host(host, one, family)) {
            return Open::Every(format!(
                "the host answers on its address in network `{name}`; only its own rules for incoming packets would stop it"
            ));
        }
    }
    if let Some(open) = not_described(&all, own) {
        return open;
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

pub(super) fn from_own_host(
    host: &DockerHost,
    other: &DockerContainer,
    families: &[Family],
) -> Open {
    let target = namespace_of(host, other);
    if let Some(open) = without_own(target, &title(other), "") {
        return open;
    }
    let all = networks(host, target);
    let is_met = families.iter().any(|family| {
        let of_family = networks_of(host, target, *family);
        of_family.iter().any(|one| meets_host(host, one, *family))
    });
    if is_met || all.is_empty() {
        return Open::Every(format!("the host is on the bridges of {}", title(other)));
    }
    if let Some(open) = not_described(&all, other) {
        return open;
    }
    if all.iter().all(|(_, network)| is_on_link(*network)) {
        let text = format!(
            "{} is on the host's link, where the kernel keeps the host from it",
            title(other)
        );
        return Open::Closed(text);
    }
    Open::Closed(format!(
        "every network of {} is isolated from the host",
        title(other)
    ))
}

/// A container that has no network of its own: it has none at all, or the host's; `more` is what follows from that.
pub(super) fn without_own(container: &DockerContainer, title: &str, more: &str) -> Option<Open> {
    match container.network_mode.as_str() {
        "none" => Some(Open::Closed(format!("{title} has no network"))),
        "host" => Some(Open::Every(format!(
            "{title} shares the host's network{more}"
        ))),
        _ => None,
    }
}

/// Where the estate does not tell what a container's networks are.
fn not_described(all: &[Joined<'_>], container: &DockerContainer) -> Option<Open> {
    if all.is_empty() {
        let fact = format!("the networks of {}", title(container));
        let text = "the estate does not show its networks".to_owned();
        return Some(Open::Depends(everything(), fact, text));
    }
    let fact = first_unknown(all)?;
    let text = format!(
        "{} is in no other network that meets the host",
        title(container)
    );
    Some(Open::Depends(everything(), fact, text))
}
