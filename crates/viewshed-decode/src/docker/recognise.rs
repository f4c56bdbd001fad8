//! Which of Docker's documents a file holds, by its content.

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};
use viewshed_model::{DockerHost, Gap, Position};

use super::fields::{Fields, Wrong};
use super::inspect::{Inspected, kind_of};
use super::{compose, daemon_config, info, inspect, version};

/// The documents that [`add_document`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A compose or stack file.
    Compose,
    /// Output of `docker inspect`.
    Inspect,
    /// daemon.json.
    DaemonConfig,
    /// Output of `docker info --format '{{json .}}'` or `GET /info`.
    Info,
    /// An answer of `GET /version`, or output of `docker version --format '{{json .}}'`.
    Version,
}

/// Settings of dockerd's configuration file (moby `daemon/config/config.go` and `config_linux.go`, with the
/// ones that later engines dropped). A file that has others too belongs to another program.
const DAEMON_SETTINGS: &str = "
    allow-direct-routing allow-nondistributable-artifacts api-cors-header apparmor-profile
    authorization-plugins bip bip6 bridge bridge-accept-fwmark builder cdi-spec-dirs cgroup-parent
    cluster-advertise cluster-store cluster-store-opts containerd containerd-namespace
    containerd-plugin-namespace cpu-rt-period cpu-rt-runtime cri-containerd data-root debug
    default-address-pools default-cgroupns-mode default-gateway default-gateway-v6 default-init
    default-ipc-mode default-network-opts default-runtime default-shm-size default-stop-timeout
    default-ulimits deprecated-key-path dns dns-opts dns-search exec-opts exec-root experimental
    extension-config extension-dirs features firewall-backend fixed-cidr fixed-cidr-v6 graph group
    host-gateway-ip host-gateway-ips hosts http-proxy https-proxy icc init init-path
    insecure-registries ip ip-forward ip-forward-no-drop ip-masq ip6tables iptables ipv6 labels
    live-restore log-driver log-format log-level log-opts max-concurrent-downloads
    max-concurrent-uploads max-download-attempts metrics-addr min-api-version mtu
    network-control-plane-mtu network-diagnostic-port no-new-privileges no-proxy
    node-generic-resources nri-opts oom-score-adjust pidfile proxies raw-logs registry-mirrors
    resolv-conf rootless runtimes seccomp-profile selinux-enabled shutdown-timeout storage-driver
    storage-opts swarm-default-advertise-addr swarm-raft-election-tick swarm-raft-heartbeat-tick
    tls tlscacert tlscert tlskey tlsverify userland-proxy userland-proxy-path userns-remap";

/// Settings that no other program's file is likely to have. A file of another name than `daemon.json` needs one.
const TELLING_SETTINGS: [&str; 12] = [
    "authorization-plugins",
    "data-root",
    "default-runtime",
    "exec-opts",
    "exec-root",
    "insecure-registries",
    "live-restore",
    "log-driver",
    "registry-mirrors",
    "storage-driver",
    "tlsverify",
    "userns-remap",
];

/// Names the document that `value` is; `None` when it is not one of Docker's. The path only helps to tell a
/// daemon.json that says little from other programs' settings.
pub fn recognise(path: &str, value: &Value) -> Option<DocumentKind> {
    match value {
        Value::Array(elements) => elements
            .first()
            .and_then(Value::as_object)
            .filter(|object| is_inspected(object))
            .map(|_| DocumentKind::Inspect),
        Value::Object(object) => recognise_object(path, object),
        _ => None,
    }
}

fn is_inspected(object: &Map<String, Value>) -> bool {
    let wrong = Wrong::default();
    kind_of(&Fields::new(object, &wrong)) != Inspected::Unknown
}

fn recognise_object(path: &str, object: &Map<String, Value>) -> Option<DocumentKind> {
    // Kubernetes objects have the first two; no document of Docker's has either.
    if object.contains_key("apiVersion") || object.contains_key("kind") || object.is_empty() {
        return None;
    }
    if !is_of_chart(path) && compose::is_compose(path, object) {
        Some(DocumentKind::Compose)
    } else if is_daemon_config(path, object) {
        Some(DocumentKind::DaemonConfig)
    } else if has_all(object, &["ServerVersion", "Containers", "Driver"]) {
        Some(DocumentKind::Info)
    } else if is_version(object) || server_version(object).is_some_and(is_version) {
        Some(DocumentKind::Version)
    } else {
        None
    }
}

/// Values of Helm charts, by the name that Helm gives them (`values.yaml`, and `values-NAME.yaml` by custom): images and
/// services in them are settings of templates.
fn is_of_chart(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let Some((stem, "yaml" | "yml")) = name.rsplit_once('.') else {
        return false;
    };
    let rest = stem.strip_prefix("values");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

fn is_daemon_config(path: &str, object: &Map<String, Value>) -> bool {
    let is_named = path.rsplit(['/', '\\']).next() == Some("daemon.json");
    let tells = TELLING_SETTINGS.iter().any(|key| object.contains_key(*key))
        || object.get("hosts").is_some_and(is_listener_list);
    (is_named || tells)
        && object
            .keys()
            .all(|key| DAEMON_SETTINGS.split_whitespace().any(|known| known == key))
}

fn is_listener_list(hosts: &Value) -> bool {
    hosts.as_array().is_some_and(|hosts| {
        hosts.iter().filter_map(Value::as_str).any(|host| {
            ["unix://", "tcp://", "fd://", "npipe://"]
                .iter()
                .any(|scheme| host.starts_with(scheme))
        })
    })
}

fn is_version(object: &Map<String, Value>) -> bool {
    has_all(object, &["ApiVersion", "Version", "Os"])
}

/// The server's part of `docker version`, which has the client's beside it (docker/cli
/// `cli/command/system/version.go`, `versionInfo`).
fn server_version(object: &Map<String, Value>) -> Option<&Map<String, Value>> {
    object.get("Client")?;
    object.get("Server").and_then(Value::as_object)
}

fn has_all(object: &Map<String, Value>, keys: &[&str]) -> bool {
    keys.iter().all(|key| object.contains_key(*key))
}

/// Adds one document of a file; `place` is where its text starts.
pub fn add_document(
    host: &mut DockerHost,
    gaps: &mut Vec<Gap>,
    kind: DocumentKind,
    place: &Position,
    text: &str,
) {
    match kind {
        DocumentKind::Compose => compose::add_compose(host, gaps, &place.file, place.line, text),
        DocumentKind::Inspect => inspect(host, gaps, place, text.as_bytes()),
        DocumentKind::DaemonConfig => daemon_config(host, gaps, place, text.as_bytes()),
        DocumentKind::Info => info(host, gaps, text.as_bytes()),
        DocumentKind::Version => version(host, gaps, text.as_bytes()),
    }
}
