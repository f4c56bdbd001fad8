//! ENTERS: what `/proc` and `/sys` tell about the own process and machine.

use viewshed_model::{Gap, HostAccess};

use super::mounts::unreadable;
use crate::environment::Environment;
use crate::text::one_line;

// `PROC_PID_INIT_INO` (include/linux/proc_ns.h): the first PID namespace always has this number.
const FIRST_PID_NAMESPACE: &str = "pid:[4026531836]";

// Interfaces that exist only on the host side of container networks.
const HOST_INTERFACES: [&str; 8] = [
    "cali", "cbr0", "cilium_", "cni", "docker0", "flannel", "kube-", "veth",
];

/// Signs that namespaces of the host are shared.
pub(super) fn host_access(environment: &Environment) -> HostAccess {
    let namespace = std::fs::read_link(environment.path("/proc/self/ns/pid"));
    let devices = std::fs::read_to_string(environment.path("/proc/net/dev")).unwrap_or_default();
    HostAccess {
        network: devices
            .lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(name, _)| {
                let name = name.trim();
                HOST_INTERFACES.iter().any(|sign| name.starts_with(sign))
            }),
        pid: namespace.is_ok_and(|name| name.as_os_str() == FIRST_PID_NAMESPACE)
            || sees_host_processes(environment),
        ipc: false,
    }
}

// Programs that run on nodes and not in containers; a node may itself be in a PID namespace.
const HOST_PROGRAMS: [&str; 3] = ["kubelet", "systemd-journal", "systemd-udevd"];
/// Processes that are looked at.
const PROCESSES_MAX: usize = 4_096;

fn sees_host_processes(environment: &Environment) -> bool {
    let entries = std::fs::read_dir(environment.path("/proc"));
    entries
        .into_iter()
        .flatten()
        .take(PROCESSES_MAX)
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("comm")).ok())
        .any(|name| HOST_PROGRAMS.contains(&name.trim_end()))
}

/// Names by bit (include/uapi/linux/capability.h).
const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Effective capabilities (`CapEff` of `/proc/self/status`).
pub(super) fn capabilities(environment: &Environment, gaps: &mut Vec<Gap>) -> Vec<String> {
    let status = match std::fs::read_to_string(environment.path("/proc/self/status")) {
        Ok(status) => status,
        Err(error) => {
            gaps.push(unreadable("the capabilities", &error));
            return Vec::new();
        }
    };
    let bits = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .unwrap_or(0);
    CAPABILITIES
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1)
        .map(|(_, name)| (*name).to_owned())
        .collect()
}

/// Why the capabilities open the host, in plain words; `None` where they do not. Among root of a user namespace of its
/// own they are of no use there (`user_namespaces(7)`).
pub(super) fn opens_host(
    environment: &Environment,
    capabilities: &[String],
    host: HostAccess,
) -> Option<&'static str> {
    let map = std::fs::read_to_string(environment.path("/proc/self/uid_map")).unwrap_or_default();
    let is_own = (map.split_whitespace().nth(1)).is_some_and(|outside| outside != "0");
    if is_own {
        return None;
    }
    let holds = |wanted: &str| capabilities.iter().any(|held| held == wanted);
    let all = [
        "CAP_SYS_ADMIN",
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO",
        "CAP_SYS_PTRACE",
    ];
    if all.into_iter().all(holds) {
        return Some(
            "the capabilities are those of a privileged container, which is root on its host: it could mount the \
             host's disks",
        );
    }
    let single = [
        (
            "CAP_SYS_MODULE",
            true,
            "it may load modules into the host's kernel",
        ),
        ("CAP_SYS_ADMIN", true, "it may administer the host's kernel"),
        (
            "CAP_SYS_PTRACE",
            host.pid,
            "it may trace the processes of the host, whose files lie below /proc/PID/root",
        ),
        (
            "CAP_DAC_READ_SEARCH",
            true,
            "it may open every file of the host by its handle",
        ),
    ];
    let mut held = single
        .into_iter()
        .filter(|(name, is_of_use, _)| *is_of_use && holds(name));
    held.next().map(|(_, _, why)| why)
}

/// `/sys/class/dmi/id/sys_vendor`, which containers can read.
pub(super) fn machine_vendor(environment: &Environment) -> String {
    std::fs::read_to_string(environment.path("/sys/class/dmi/id/sys_vendor"))
        .map(|text| one_line(&text))
        .unwrap_or_default()
}
