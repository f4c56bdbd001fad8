//! Everything that may leave towards a Docker daemon: GET requests, and no other shape can be made.

use std::time::Duration;

use viewshed_decode::docker::SwarmKind;

use super::limits::Limits;

/// The method of every request.
pub(super) const METHOD: http::Method = http::Method::GET;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// `/_ping`, whose answer's head names the API version; never with a version itself.
    Ping,
    /// `/version`, without a version: it must work before one is chosen.
    Version,
    Info,
    /// All containers, stopped ones too.
    Containers,
    Container(ContainerId),
    Images,
    Networks,
    Volumes,
    Plugins,
    DiskUsage,
    /// Names of swarm objects. The daemon never answers a secret's data; a config's is dropped when decoded.
    Swarm(SwarmKind),
    /// Events, the remembered ones first; without an end, the answer goes on for ever.
    Events {
        since_ns: i64,
        until_s: Option<u64>,
    },
}

/// A container's id or name that fits into a path unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContainerId(String);

impl ContainerId {
    /// `None` for what Docker does not allow (moby `names.RestrictedNameChars`): it comes from the daemon and
    /// could lead to another path.
    pub(super) fn new(id: &str) -> Option<Self> {
        let is_plain = id.starts_with(|first: char| first.is_ascii_alphanumeric())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        is_plain.then(|| Self(id.to_owned()))
    }
}

impl Request {
    /// The path, with the API version where it has one.
    pub(super) fn path(&self, version: &str) -> String {
        let rest = match self {
            Self::Ping => return "/_ping".to_owned(),
            Self::Version => return "/version".to_owned(),
            Self::Info => "/info".to_owned(),
            Self::Containers => "/containers/json?all=1".to_owned(),
            Self::Container(id) => format!("/containers/{}/json", id.0),
            Self::Images => "/images/json".to_owned(),
            Self::Networks => "/networks".to_owned(),
            Self::Volumes => "/volumes".to_owned(),
            Self::Plugins => "/plugins".to_owned(),
            Self::DiskUsage => "/system/df".to_owned(),
            Self::Swarm(kind) => format!("/{}s", kind.name()),
            Self::Events { since_ns, until_s } => events_path(*since_ns, *until_s),
        };
        format!("/v{version}{rest}")
    }

    /// The answer in words, for gaps.
    pub(super) fn what(&self) -> String {
        match self {
            Self::Ping => "ping".to_owned(),
            Self::Version => "version".to_owned(),
            Self::Info => "info".to_owned(),
            Self::Containers => "containers".to_owned(),
            Self::Container(id) => format!("inspection of container `{}`", id.0),
            Self::Images => "images".to_owned(),
            Self::Networks => "networks".to_owned(),
            Self::Volumes => "volumes".to_owned(),
            Self::Plugins => "plugins".to_owned(),
            Self::DiskUsage => "disk usage".to_owned(),
            Self::Swarm(kind) => format!("swarm {}s", kind.name()),
            Self::Events { .. } => "events".to_owned(),
        }
    }

    pub(super) fn time_max(&self, limits: &Limits) -> Duration {
        match self {
            Self::DiskUsage => limits.disk_usage_time_max,
            _ => limits.answer_time_max,
        }
    }

    pub(super) fn bytes_max(&self, limits: &Limits) -> usize {
        match self {
            Self::Container(_) => limits.inspection_bytes_max,
            _ => limits.list_bytes_max,
        }
    }
}

/// Times are seconds with nanoseconds behind a dot (docker/docs Engine API, `SystemEvents`).
fn events_path(since_ns: i64, until_s: Option<u64>) -> String {
    let (seconds, rest) = (
        since_ns.div_euclid(1_000_000_000),
        since_ns.rem_euclid(1_000_000_000),
    );
    let since = format!("/events?since={seconds}.{rest:09}");
    match until_s {
        Some(until) => format!("{since}&until={until}"),
        None => since,
    }
}
