//! One Docker (or Podman) host, as far as its API or files told.

use serde::{Deserialize, Serialize};

use crate::meta::Position;
use crate::workload::EnvName;

/// One Docker host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerHost {
    /// Context name, address or file; unique in the estate.
    pub name: String,
    /// How it was reached, for example `unix:///var/run/docker.sock`; empty for files.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// True when read from a running daemon.
    pub is_live: bool,
    /// The daemon's own facts.
    pub daemon: Daemon,
    /// Containers, running or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<DockerContainer>,
    /// Images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<DockerImage>,
    /// Networks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<DockerNetwork>,
    /// Volumes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<DockerVolume>,
    /// Plugins, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<NamedItem>,
    /// Swarm nodes, services, tasks, secrets' and configs' names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub swarm: Vec<SwarmObject>,
}

/// What `/version`, `/info` and daemon.json tell of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Daemon {
    /// `Docker` or `Podman`; empty when unknown.
    pub product: String,
    /// Engine version.
    pub version: String,
    /// Newest API version it speaks.
    pub api_version: String,
    /// Oldest API version it accepts.
    pub min_api_version: String,
    /// Operating system, for example `Debian GNU/Linux 12`.
    pub os: String,
    /// Host name.
    pub host_name: String,
    /// `SecurityOptions`, for example `name=rootless`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_options: Vec<String>,
    /// Authorization plugins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_plugins: Vec<String>,
    /// `Warnings`, which name unprotected listeners.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Whether debug logging is on; `None` when unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug: Option<bool>,
    /// Listeners from daemon.json `hosts`; empty when not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// `tlsverify` of daemon.json.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_verify: Option<bool>,
    /// `tls` of daemon.json.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<bool>,
    /// The API was read over TCP without TLS: whoever reaches the address can do the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub answered_in_plain_text: bool,
    /// The API was read over TLS without a client certificate: whoever reaches the address can do the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub answered_without_certificate: bool,
    /// Driver of the engine's firewall: `iptables` or `nftables`, with `+firewalld` where that manages the
    /// rules too; empty when unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub firewall_backend: String,
    /// daemon.json `iptables`: `false` leaves IPv4 to the host's own rules; `None` when not said (on by default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iptables: Option<bool>,
    /// daemon.json `ip6tables`, the same for IPv6; `None` when not said (off by default before engine 27).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip6tables: Option<bool>,
    /// daemon.json `userland-proxy`: whether a process takes in what comes to published ports; on by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userland_proxy: Option<bool>,
    /// daemon.json `allow-direct-routing`: published ports are open at containers' own addresses too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_routing: Option<bool>,
    /// Swarm role: `inactive`, `manager`, `worker`; empty when unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub swarm_state: String,
    /// Bytes on disk by kind from `/system/df` (`images`, `containers`, `volumes`, `build-cache`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disk_usage: Vec<(String, u64)>,
    /// Where daemon.json was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Box<Position>>,
}

/// A container with what inspection shows, or a compose service that declares one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerContainer {
    /// Full id; empty for compose services.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Name without the leading slash.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// `running`, `exited`, ...; empty for compose services.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Labels.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub labels: std::collections::BTreeMap<String, String>,
    /// Environment variables without their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvName>,
    /// Mounts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Networks it is attached to, with its IPv4 address there (empty when none).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<(String, String)>,
    /// Its IPv6 addresses, with the network of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ipv6_addresses: Vec<(String, String)>,
    /// Published ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PublishedPort>,
    /// `HostConfig.Privileged`.
    pub privileged: bool,
    /// `HostConfig.NetworkMode`: `default`, `host`, `none`, `container:ID`, a network name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network_mode: String,
    /// Names of the containers that it is linked to (`HostConfig.Links`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// `HostConfig.PidMode`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pid_mode: String,
    /// `HostConfig.CapAdd`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added_capabilities: Vec<String>,
    /// Paths of the host's devices that it may use (`HostConfig.Devices`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// `HostConfig.SecurityOpt`, for example `apparmor=unconfined`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_options: Vec<String>,
    /// `HostConfig.UsernsMode`: `host` is outside the engine's user namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_namespace_mode: String,
    /// TCP ports that it says it listens on (`Config.ExposedPorts`, compose's `expose`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exposed_ports: Vec<u16>,
    /// `Config.User`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Files with further variables that a compose service names; they are not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<String>,
    /// Compose profiles: with one, the service starts only when it is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Where the compose service or inspect document stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Box<Position>>,
}

/// A mount of a container. In a pod `source` is the volume's name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// Host path of a bind mount, or volume name.
    pub source: String,
    /// Path in the container.
    pub destination: String,
    /// `bind`, `volume`, `tmpfs`, `npipe`; empty in pods.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Mounted read-only. This does not weaken a socket.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// `subPath` in a pod.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sub_path: String,
}

/// A published port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublishedPort {
    /// Port in the container.
    pub container_port: u16,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
    /// Host address; empty or `0.0.0.0` is every address.
    pub host_ip: String,
    /// Host port; 0 when chosen at start.
    pub host_port: u16,
}

/// An image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerImage {
    /// Id with its algorithm.
    pub id: String,
    /// Tags; empty for dangling images.
    pub tags: Vec<String>,
}

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerNetwork {
    /// Name.
    pub name: String,
    /// Driver, for example `bridge`.
    pub driver: String,
    /// No way out to other networks.
    pub internal: bool,
    /// Made elsewhere: nothing but its name is known (`external` of a compose file).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_external: bool,
    /// Whether it has IPv6 (`EnableIPv6`); `None` when unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_ipv6: Option<bool>,
    /// Subnets in CIDR form.
    pub subnets: Vec<String>,
    /// Addresses that the host has in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<String>,
    /// Driver options.
    pub options: std::collections::BTreeMap<String, String>,
}

/// A volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DockerVolume {
    /// Name.
    pub name: String,
    /// Driver.
    pub driver: String,
}

/// A thing that is known by its name and state only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedItem {
    /// Name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// A swarm object: names only, never a secret's or config's data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmObject {
    /// `node`, `service`, `task`, `secret`, `config`.
    pub kind: String,
    /// Name, or id where there is none.
    pub name: String,
    /// Image for services and tasks; empty otherwise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image: String,
}
