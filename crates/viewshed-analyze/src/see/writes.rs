//! Places of a node or a Docker host where whoever writes makes a process of the machine do something as root.
//!
//! Paths are those of kubelet, k3s and RKE2, cron, systemd, CNI and Linux as shipped. Devices are not among them: the
//! device cgroup of a container that is not privileged refuses them, mounted or not.

use viewshed_model::plain_host_path;

use super::host_paths::Opening;

/// What the machine is that a path is mounted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Machine {
    /// A node of a cluster.
    Node,
    /// A Docker host.
    DockerHost,
}

/// What follows from writing there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    /// The place on the node.
    pub(super) place: &'static str,
    pub(super) opening: Opening,
    /// Completes "writable: ...".
    pub(super) effect: &'static str,
    /// Completes "depends on ..."; the node follows.
    pub(super) doubt: Option<&'static str>,
    /// Whether one file below it is enough.
    is_folder_of_files: bool,
    /// The kind of machine that has it; `None` for all.
    only: Option<Machine>,
}

const fn root(place: &'static str, effect: &'static str) -> Written {
    Written {
        place,
        opening: Opening::Root,
        effect,
        doubt: None,
        is_folder_of_files: true,
        only: None,
    }
}

/// What counts when somebody logs in.
const fn login(place: &'static str, effect: &'static str) -> Written {
    Written {
        doubt: Some("whether root, or somebody who becomes root, logs in on"),
        ..root(place, effect)
    }
}

const fn of_node(place: &'static str, effect: &'static str) -> Written {
    Written {
        only: Some(Machine::Node),
        ..root(place, effect)
    }
}

/// Whoever writes what the engine goes by waits until it reads that again.
const fn of_engine(place: &'static str, effect: &'static str) -> Written {
    Written {
        doubt: Some("whether the engine starts again on"),
        only: Some(Machine::DockerHost),
        ..root(place, effect)
    }
}

/// Kubernetes documentation, "Create static Pods" (`staticPodPath`, kubeadm's value); k3s
/// `pkg/daemons/agent/agent.go`.
const STATIC_POD: &str =
    "the kubelet starts the pods that are described there, privileged ones too";
/// cron(8).
const CRON: &str = "cron runs as root what is named there";
/// systemd.unit(5).
const UNIT: &str = "systemd runs as root what is named there";
/// CNI specification, section 3: the runtime runs the plugins by name.
const PLUGIN: &str = "the runtime runs the network plugins there as root";
/// Programs that root of the node runs.
const PROGRAM: &str = "root of the node runs the programs there";

/// Every such place, the surest first.
const PLACES: [Written; 33] = [
    of_node("/etc/kubernetes/manifests", STATIC_POD),
    of_node("/var/lib/rancher/k3s/agent/pod-manifests", STATIC_POD),
    of_node("/var/lib/rancher/rke2/agent/pod-manifests", STATIC_POD),
    root("/etc/cron.d", CRON),
    root("/etc/crontab", CRON),
    root("/etc/cron.hourly", CRON),
    root("/etc/cron.daily", CRON),
    root("/var/spool/cron", CRON),
    root("/etc/systemd/system", UNIT),
    root("/run/systemd/system", UNIT),
    root("/usr/lib/systemd/system", UNIT),
    root("/lib/systemd/system", UNIT),
    // org.freedesktop.systemd1(5): root starts transient units by the bus.
    Written {
        is_folder_of_files: false,
        ..root(
            "/run/dbus/system_bus_socket",
            "systemd starts as root what root asks for by its bus",
        )
    },
    of_node("/opt/cni/bin", PLUGIN),
    // ld.so(8).
    root(
        "/etc/ld.so.preload",
        "every program of the node loads what is named there",
    ),
    root("/usr/local/sbin", PROGRAM),
    root("/usr/local/bin", PROGRAM),
    root("/usr/sbin", PROGRAM),
    root("/usr/bin", PROGRAM),
    root("/sbin", PROGRAM),
    root("/bin", PROGRAM),
    // core(5): a pipe's program runs as root in the namespaces of the node.
    root(
        "/proc/sys/kernel/core_pattern",
        "the kernel runs as root what is named there when a process crashes",
    ),
    Written {
        is_folder_of_files: false,
        ..root("/usr/lib", "programs of the node load the libraries there")
    },
    // sudoers(5).
    login("/etc/sudoers.d", "sudo makes whoever is named there root"),
    // passwd(5), shadow(5): an account with number 0, or another password of root's.
    login("/etc/passwd", "accounts of root's number are made there"),
    login("/etc/shadow", "the passwords of the accounts lie there"),
    // sshd_config(5).
    login("/etc/ssh", "sshd takes its settings and keys from there"),
    // bash(1), "INVOCATION".
    login(
        "/etc/profile.d",
        "shells run what lies there when somebody logs in",
    ),
    login("/home", "keys and start-up files of people lie there"),
    login("/root", "root's own keys and start-up files lie there"),
    // dockerd reference, "Daemon configuration file" and "Daemon data directory"; moby `daemon/container`:
    // `hostconfig.json` of each container is read when the engine starts.
    of_engine(
        "/etc/docker/daemon.json",
        "the engine takes its settings from there",
    ),
    Written {
        is_folder_of_files: false,
        ..of_engine(
            "/var/lib/docker",
            "the engine keeps there what each container may do and its files",
        )
    },
    // `pkg/kubelet/server/server.go`, `logServer`: links in the folder are followed as root.
    Written {
        opening: Opening::PodVolumes,
        doubt: Some(
            "whether it may read logs of the kubelet (get on nodes/log, nodes/proxy or pods/log) of",
        ),
        is_folder_of_files: false,
        ..of_node(
            "/var/log",
            "the kubelet follows links in it as root when it shows logs",
        )
    },
];

/// What follows from a mount of `path` that can be written to; the first of each kind of certainty.
pub(super) fn writes(path: &str, machine: Machine) -> impl Iterator<Item = &'static Written> {
    let mounted = plain_host_path(path);
    let holds = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found: Vec<&'static Written> = PLACES
        .iter()
        .filter(|one| one.only.is_none_or(|only| only == machine))
        .filter(|one| {
            holds(&mounted, one.place) || (one.is_folder_of_files && holds(one.place, &mounted))
        })
        .collect();
    let certain = found.iter().find(|one| one.doubt.is_none()).copied();
    // What somebody may become for certain is not told again with a doubt.
    let doubtful = found
        .into_iter()
        .filter(move |one| certain.is_none() && one.doubt.is_some());
    certain.into_iter().chain(doubtful)
}
