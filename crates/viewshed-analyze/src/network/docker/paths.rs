//! From one end to another: over a shared network, through published ports, or through the host.

use viewshed_model::{DockerContainer, DockerHost};

use super::bridges::on_one_host;
use super::facts::{namespace_of, networks};
use super::outside::{from_outside, leaving};
use super::own_host::{from_own_host, to_own_host};
use super::{End, Open};
use crate::network::address::Family;
use crate::network::ports::everything;

/// What is open over connections of any of these families.
pub(super) fn between(from: End<'_>, to: End<'_>, families: &[Family]) -> Open {
    match (from, to) {
        (End::Container(host, own), End::Container(other_host, other)) => {
            if std::ptr::eq(host, other_host) {
                on_one_host(host, own, other, families)
            } else {
                across_hosts((host, own), (other_host, other), families)
            }
        }
        (End::Container(host, own), End::Host(other)) => {
            if std::ptr::eq(host, other) {
                to_own_host(host, own)
            } else {
                leaving(from, &format!("host `{}`", other.name), families)
            }
        }
        (End::Host(host), End::Container(other_host, other)) if std::ptr::eq(host, other_host) => {
            from_own_host(host, other, families)
        }
        (End::Host(_) | End::World, End::Container(host, other)) => {
            from_outside(host, other, families)
        }
        (End::Host(one), End::Host(two)) if std::ptr::eq(one, two) => {
            Open::Every("it is the host itself".to_owned())
        }
        (End::Container(..), End::World) => leaving(from, "addresses outside", families),
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

fn across_hosts(
    (host, own): (&DockerHost, &DockerContainer),
    (other_host, other): (&DockerHost, &DockerContainer),
    families: &[Family],
) -> Open {
    let theirs = networks(other_host, namespace_of(other_host, other));
    for (name, network) in networks(host, namespace_of(host, own)) {
        let is_overlay = network.is_some_and(|network| network.driver == "overlay");
        if is_overlay && theirs.iter().any(|(other, _)| *other == name) {
            return Open::Every(format!("both are on the overlay network `{name}`"));
        }
    }
    match leaving(End::Container(host, own), "other hosts", families) {
        Open::Closed(text) => Open::Closed(text),
        Open::Depends(_, fact, text) => match from_outside(other_host, other, families) {
            Open::Closed(text) => Open::Closed(text),
            open => Open::Depends(open.bounds().1, fact, text),
        },
        _ => from_outside(other_host, other, families),
    }
}
