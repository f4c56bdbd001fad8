//! Where a Docker daemon takes API calls over the network, and what protects it there.

use std::net::IpAddr;

use viewshed_model::DockerHost;

use super::Place;
use crate::network::is_public;

/// A TCP listener of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    /// `HOST:PORT`.
    pub(crate) address: String,
    /// Who can reach it, as far as its address tells.
    pub(crate) reach: Reach,
    /// What a caller must show.
    pub(crate) protection: Protection,
    /// How it is known, in a sentence.
    pub(crate) told_by: String,
}

/// What the address of a listener tells about who can reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Only the host itself.
    Loopback,
    /// An address that is not on the internet (RFC 1918, 4193, 6598, 3927, 5737), or a name.
    Private,
    /// Every address that the host has.
    Everywhere,
    /// An address of the internet.
    Public,
}

/// What a caller must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Protection {
    /// Nothing, in plain text.
    Nothing,
    /// Nothing, but the connection is encrypted.
    ServerCertificate,
    /// A certificate of the daemon's authority.
    ClientCertificate,
}

/// The words around the address in `/info` (moby `daemon/info.go`, `fillAPIInfo`).
const PLAIN_WARNING: (&str, &str) = ("API is accessible on http://", " without encryption");
const NO_CLIENT_WARNING: (&str, &str) = (
    "API is accessible on https://",
    " without TLS client verification",
);

/// Every TCP listener that the host's facts tell of, sorted by address, each once with the weakest
/// protection that is known of it.
pub(crate) fn listeners(host: &DockerHost) -> Vec<Listener> {
    let mut found = Vec::new();
    for warning in &host.daemon.warnings {
        let known = [
            (PLAIN_WARNING, Protection::Nothing),
            (NO_CLIENT_WARNING, Protection::ServerCertificate),
        ];
        for ((before, after), protection) in known {
            if let Some(address) = between(warning, before, after) {
                let told_by = format!("the daemon warns that its {before}{address}{after}");
                found.push(listener(address, protection, told_by));
            }
        }
    }
    let daemon = &host.daemon;
    let configured = match (daemon.tls_verify, daemon.tls) {
        (Some(true), _) => Protection::ClientCertificate,
        (_, Some(true)) => Protection::ServerCertificate,
        (_, Some(false) | None) => Protection::Nothing,
    };
    for listed in &daemon.hosts {
        if let Some(address) = listed.strip_prefix("tcp://") {
            let told_by = format!("daemon.json lists `{listed}` in `hosts`");
            found.push(listener(
                &with_port(address, configured),
                configured,
                told_by,
            ));
        }
    }
    // The connection that read the facts proves what it needed itself.
    let proofs = [
        (
            daemon.answered_in_plain_text,
            "in plain text",
            Protection::Nothing,
        ),
        (
            daemon.answered_without_certificate,
            "over TLS without asking for a client certificate",
            Protection::ServerCertificate,
        ),
    ];
    for (_, how, protection) in proofs.into_iter().filter(|(is_proven, ..)| *is_proven) {
        if let Some(address) = host.endpoint.strip_prefix("tcp://") {
            let told_by = format!("the daemon answered at `{address}` {how}");
            found.push(listener(
                &with_port(address, protection),
                protection,
                told_by,
            ));
        }
    }
    found.sort_by(|a, b| (&a.address, a.protection).cmp(&(&b.address, b.protection)));
    found.dedup_by(|a, b| a.address == b.address);
    found
}

/// The place of a listener: daemon.json, where it was read.
pub(in crate::checks) fn place(host: &DockerHost, listener: &Listener) -> Place {
    Place {
        estate: host.name.clone(),
        object: format!("listener {}", listener.address),
        namespace: String::new(),
        location: host.daemon.position.as_deref().cloned(),
    }
}

pub(super) fn listener(address: &str, protection: Protection, told_by: String) -> Listener {
    Listener {
        address: address.to_owned(),
        reach: reach_of(address),
        protection,
        told_by,
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    let (address, _) = rest.split_once(after)?;
    (!address.is_empty()).then_some(address)
}

/// dockerd's default ports: 2376 with TLS, else 2375 (`opts/hosts.go`).
fn with_port(address: &str, protection: Protection) -> String {
    let host = if address.is_empty() {
        "0.0.0.0"
    } else {
        address
    };
    let port = match protection {
        Protection::Nothing => 2375,
        Protection::ServerCertificate | Protection::ClientCertificate => 2376,
    };
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let is_bare_v6 = host.matches(':').count() > 1 && !host.starts_with('[');
    match (has_port, is_bare_v6) {
        (true, false) => host.to_owned(),
        (_, true) => format!("[{host}]:{port}"),
        (false, false) => format!("{host}:{port}"),
    }
}

fn reach_of(address: &str) -> Reach {
    let host = match address.rsplit_once(':') {
        Some((host, _)) => host.trim_matches(['[', ']']),
        None => address,
    };
    if host.is_empty() {
        return Reach::Everywhere;
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Reach::Loopback;
    }
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => Reach::Everywhere,
        Ok(ip) if ip.is_loopback() => Reach::Loopback,
        Ok(ip) if is_public(ip) => Reach::Public,
        Ok(_) => Reach::Private,
        Err(_) => Reach::Private,
    }
}
