//! What a daemon tells of itself: `/version`, `/info`, `/system/df`, and its file daemon.json.

use viewshed_model::{Daemon, DockerHost, Gap, Position};

use super::answer::Answer;
use super::fields::Fields;

/// Reads `GET /version`, or the server's part of `docker version`. Podman names itself in `Components`.
pub fn version(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let daemon = &mut host.daemon;
    Answer::new(&host.name, "version", gaps).one(body, |fields| {
        let fields = if fields.has("Client") && fields.has("Server") {
            fields.object("Server")
        } else {
            fields
        };
        let is_podman = fields
            .objects("Components")
            .any(|component| component.text("Name").starts_with("Podman"));
        daemon.product = String::from(if is_podman { "Podman" } else { "Docker" });
        daemon.version = fields.text("Version");
        daemon.api_version = fields.text("ApiVersion");
        daemon.min_api_version = fields.text("MinAPIVersion");
        if daemon.os.is_empty() {
            daemon.os = fields.text("Os");
        }
    });
}

/// Reads `GET /info`. Its `Warnings` name listeners without protection; newer engines tell their
/// `FirewallBackend` (moby/moby `api/types/system/info.go`: `FirewallInfo`, and
/// `daemon/libnetwork/controller_linux.go` for its values).
pub fn info(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let daemon = &mut host.daemon;
    Answer::new(&host.name, "info", gaps).one(body, |fields| {
        replace(&mut daemon.version, fields.text("ServerVersion"));
        replace(&mut daemon.os, fields.text("OperatingSystem"));
        daemon.host_name = fields.text("Name");
        daemon.security_options = fields.texts("SecurityOptions");
        daemon.authorization_plugins = fields.object("Plugins").texts("Authorization");
        daemon.warnings = fields.texts("Warnings");
        daemon.debug = fields.flag("Debug");
        replace(
            &mut daemon.firewall_backend,
            fields.object("FirewallBackend").text("Driver"),
        );
        daemon.swarm_state = swarm_state(&fields.object("Swarm"));
    });
}

fn replace(old: &mut String, new: String) {
    if !new.is_empty() {
        *old = new;
    }
}

/// A member's role; else the state that it is in (`inactive`, `pending`, `locked`, `error`).
fn swarm_state(swarm: &Fields<'_>) -> String {
    let state = swarm.text("LocalNodeState");
    match (state.as_str(), swarm.flag("ControlAvailable")) {
        ("active", Some(true)) => "manager".to_owned(),
        ("active", _) => "worker".to_owned(),
        _ => state,
    }
}

/// Reads `GET /system/df`: API 1.52 and later sums by kind, earlier ones list every object.
pub fn disk_usage(host: &mut DockerHost, gaps: &mut Vec<Gap>, body: &[u8]) {
    let usage = Answer::new(&host.name, "disk usage", gaps).one(body, |fields| {
        vec![
            (
                "images".to_owned(),
                total(&fields, "ImageUsage", || fields.number("LayersSize")),
            ),
            (
                "containers".to_owned(),
                total(&fields, "ContainerUsage", || {
                    sum(fields.objects("Containers"), |each| each.number("SizeRw"))
                }),
            ),
            (
                "volumes".to_owned(),
                total(&fields, "VolumeUsage", || {
                    sum(fields.objects("Volumes"), |each| {
                        each.object("UsageData").number("Size")
                    })
                }),
            ),
            (
                "build-cache".to_owned(),
                total(&fields, "BuildCacheUsage", || {
                    // A shared record's bytes are counted where they belong.
                    sum(fields.objects("BuildCache"), |each| {
                        if each.flag("Shared") == Some(true) {
                            0
                        } else {
                            each.number("Size")
                        }
                    })
                }),
            ),
        ]
    });
    if let Some(usage) = usage {
        host.daemon.disk_usage = usage;
    }
}

fn total(fields: &Fields<'_>, key: &str, older: impl FnOnce() -> u64) -> u64 {
    if fields.has(key) {
        fields.object(key).number("TotalSize")
    } else {
        older()
    }
}

fn sum<'a>(objects: impl Iterator<Item = Fields<'a>>, size: impl Fn(Fields<'a>) -> u64) -> u64 {
    objects.fold(0, |total, each| total.saturating_add(size(each)))
}

/// Reads daemon.json (dockerd's reference, "Daemon configuration file"): listeners, TLS, authorization,
/// firewall.
pub fn daemon_config(host: &mut DockerHost, gaps: &mut Vec<Gap>, place: &Position, body: &[u8]) {
    let daemon: &mut Daemon = &mut host.daemon;
    let read = Answer::new(&place.file, "the daemon's settings", gaps).one(body, |fields| {
        daemon.hosts = fields.texts("hosts");
        daemon.tls = fields.flag("tls");
        daemon.tls_verify = fields.flag("tlsverify");
        daemon.authorization_plugins = fields.texts("authorization-plugins");
        daemon.debug = fields.flag("debug");
        daemon.iptables = fields.flag("iptables");
        daemon.ip6tables = fields.flag("ip6tables");
        daemon.userland_proxy = fields.flag("userland-proxy");
        daemon.direct_routing = fields.flag("allow-direct-routing");
        // What the running engine says of itself goes before what it is to be at its next start.
        if daemon.firewall_backend.is_empty() {
            daemon.firewall_backend = fields.text("firewall-backend");
        }
    });
    if read.is_some() {
        daemon.position = Some(Box::new(place.clone()));
    }
}
