//! `ports` in the short syntax (`[[IP:][HOST]:]CONTAINER[/PROTOCOL]`, with ranges) and in the long one.

use serde_json::Value;
use viewshed_model::{GapReason, PublishedPort};

use super::FileReader;
use super::volumes::split_outside_braces;
use crate::docker::fields::{Fields, scalar_text};

pub(super) fn ports(service: &Fields<'_>, reader: &mut FileReader<'_>) -> Vec<PublishedPort> {
    let mut found = Vec::new();
    let mut dropped = 0_u64;
    for entry in service.list("ports") {
        let published = match entry {
            Value::Object(_) => service.of(entry).and_then(|port| long(&port)),
            other => scalar_text(other).and_then(|text| short(&text)),
        };
        let Some(published) = published else {
            service.wrong("ports");
            continue;
        };
        let count = published.count();
        let kept = count.min(reader.ports_left);
        reader.ports_left = reader.ports_left.saturating_sub(kept);
        dropped = dropped.saturating_add(u64::try_from(count - kept).unwrap_or(u64::MAX));
        found.extend(published.each().take(kept));
    }
    if dropped > 0 {
        let detail = format!("{dropped} published ports over the limit of one file");
        reader.note("published ports", GapReason::TooLarge, &detail, "");
    }
    found
}

/// One entry: a range of container ports, and the range of host ports.
struct Published {
    container: (u16, u16),
    /// `None` when the daemon chooses.
    host: Option<(u16, u16)>,
    host_ip: String,
    protocol: String,
}

impl Published {
    fn count(&self) -> usize {
        usize::from(self.container.1 - self.container.0) + 1
    }

    fn each(&self) -> impl Iterator<Item = PublishedPort> {
        let (first, last) = self.container;
        // One container port and a range of the host's: the daemon takes a free one of them.
        let host_first = match self.host {
            Some((host_first, host_last)) if host_last - host_first == last - first => {
                Some(host_first)
            }
            _ => None,
        };
        (first..=last).map(move |container_port| PublishedPort {
            container_port,
            protocol: self.protocol.clone(),
            host_ip: self.host_ip.clone(),
            host_port: host_first.map_or(0, |host| host + (container_port - first)),
        })
    }
}

fn short(text: &str) -> Option<Published> {
    let (address, protocol) = match text.rsplit_once('/') {
        Some((address, protocol)) if !protocol.contains('}') => (address, protocol),
        _ => (text, "tcp"),
    };
    let (host_ip, rest) = match address
        .strip_prefix('[')
        .and_then(|inside| inside.split_once("]:"))
    {
        Some((ip, rest)) => (Some(ip.to_owned()), rest),
        None => (None, address),
    };
    let parts = split_outside_braces(rest, ':');
    let (host_ip, host, container) = match (host_ip, parts.as_slice()) {
        (None, [container]) => (String::new(), "", *container),
        (None, [host, container]) => (String::new(), *host, *container),
        // An IPv6 address may stand without brackets.
        (None, [address @ .., host, container]) => (address.join(":"), *host, *container),
        (Some(ip), [host, container]) => (ip, *host, *container),
        (Some(ip), [container]) => (ip, "", *container),
        _ => return None,
    };
    Some(Published {
        container: range(container)?,
        host: range(host),
        host_ip,
        protocol: protocol.to_ascii_lowercase(),
    })
}

fn long(port: &Fields<'_>) -> Option<Published> {
    let protocol = port.text("protocol");
    Some(Published {
        container: range(&port.scalar("target"))?,
        host: range(&port.scalar("published")),
        host_ip: port.text("host_ip"),
        protocol: if protocol.is_empty() {
            "tcp".to_owned()
        } else {
            protocol.to_ascii_lowercase()
        },
    })
}

/// `80` or `8000-8010`, in order; `None` for anything else.
fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some((first, last))
}
