//! Verdicts on sources that hold no requests to an API server: Docker, processes, DNS.

use viewshed_model::{Daemon, LogProfile, Surface, Visibility};

use super::LogKind;
use super::action::{Action, DockerTrace, Way};
use super::verdict::Verdict;

const EVENTS: &str = "moby api/types/events/events.go";
const DEBUG: &str = "moby daemon/server/middleware/debug.go";
const PLUGIN: &str =
    "moby pkg/authorization/api.go; open-policy-agent/opa-docker-authz issues 28, 39";
const PROCESS: &str =
    "Falco, Tetragon and auditd record system calls of the hosts that they run on";
const DNS: &str = "coredns.io/plugins/log";

/// What makes requests to the Docker API visible where no source of Docker is read.
pub(super) const DOCKER_CHANGE: &str = "set `\"debug\": true` in daemon.json and read the daemon's log, or use an authorization plugin";

/// The verdict of a source of Docker, process or DNS events on an action.
pub(super) fn verdict(
    kind: LogKind,
    action: &Action,
    daemon: Option<&Daemon>,
    profile: Option<&LogProfile>,
) -> Verdict {
    match (kind, action.way) {
        (LogKind::DockerEvents, Way::Docker(trace)) => events(trace),
        (LogKind::DockerDaemonLog, Way::Docker(_)) => daemon_log(daemon, profile),
        (LogKind::DockerAuthorization, Way::Docker(_)) => authorization(daemon),
        (LogKind::ProcessEvents, Way::Host) => Verdict::new(
            Visibility::Visible,
            "shows with process, container and file, on the hosts that are watched",
            PROCESS,
        ),
        (LogKind::ProcessEvents, Way::Docker(_)) => Verdict::new(
            Visibility::Partial,
            "shows when the `docker` command runs on a watched host, not when a program speaks to the API",
            PROCESS,
        ),
        (
            LogKind::ProcessEvents,
            Way::Api(_) | Way::Delegated | Way::Direct { .. } | Way::Behind(_) | Way::Dns,
        ) => Verdict::new(
            Visibility::Partial,
            "shows only the start of a known tool on a watched host, not the request",
            PROCESS,
        ),
        (LogKind::DnsQueries, Way::Dns) => Verdict::new(
            Visibility::Partial,
            "shows name and source address, not which process asked",
            DNS,
        )
        .with_change("join the address with the pods that had it: give a snapshot (`--snapshot`)"),
        (_, Way::Docker(_)) => Verdict::new(
            Visibility::Invisible,
            format!("{kind} hold nothing of this"),
            "",
        )
        .with_change(DOCKER_CHANGE),
        _ => Verdict::new(
            Visibility::Invisible,
            format!("{kind} hold nothing of this"),
            "",
        ),
    }
}

fn events(trace: DockerTrace) -> Verdict {
    match trace {
        DockerTrace::Read => Verdict::new(
            Visibility::Invisible,
            "the daemon makes no event for list, inspect, logs, stats, info and version",
            EVENTS,
        )
        .with_change(DOCKER_CHANGE),
        DockerTrace::Event(name) => Verdict::new(
            Visibility::Partial,
            format!("shows as `{name}` with the container, not who asked"),
            EVENTS,
        )
        .with_change(
            "use an authorization plugin, or a socket proxy that knows the calling process",
        ),
    }
}

fn daemon_log(daemon: Option<&Daemon>, profile: Option<&LogProfile>) -> Verdict {
    const SWITCH: &str = "set `\"debug\": true` in daemon.json and reload the daemon (SIGHUP)";
    let seen = profile.and_then(|profile| profile.surfaces.get(&Surface::DockerApi));
    let debug = daemon.and_then(|daemon| daemon.debug);
    match (seen, debug) {
        (Some(_), _) | (None, Some(true)) => Verdict::new(
            Visibility::Partial,
            "shows method and path, not who asked",
            DEBUG,
        )
        .with_change(
            "use an authorization plugin, or a socket proxy that knows the calling process",
        ),
        (None, Some(false)) => Verdict::new(
            Visibility::Invisible,
            "the daemon writes requests only in debug mode, which is off",
            DEBUG,
        )
        .with_change(SWITCH),
        (None, None) => Verdict::new(
            Visibility::Unknown,
            "the daemon writes requests only in debug mode; whether it is on is not known",
            DEBUG,
        )
        .with_change(SWITCH),
    }
}

fn authorization(daemon: Option<&Daemon>) -> Verdict {
    if daemon.is_some_and(|daemon| daemon.authorization_plugins.is_empty()) {
        return Verdict::new(
            Visibility::Invisible,
            "the daemon runs without an authorization plugin",
            PLUGIN,
        )
        .with_change("name a plugin in `authorization-plugins` of daemon.json");
    }
    let uses_tls = daemon.is_some_and(|daemon| daemon.tls_verify == Some(true));
    let why = if uses_tls {
        "shows method, path and answer; who asked is the name in the client's certificate over TCP, and empty over the Unix socket"
    } else {
        "shows method, path and answer; over the Unix socket and TCP without TLS it does not know who asked"
    };
    Verdict::new(Visibility::Partial, why, PLUGIN).with_change(
        "close the Unix socket to all but a proxy that knows the calling process (SO_PEERCRED)",
    )
}
