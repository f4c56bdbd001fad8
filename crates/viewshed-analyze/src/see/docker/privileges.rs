//! How a container of a Docker host becomes root there by what it may write and do.
//!
//! Sources: docker.docs "Docker security", "`AppArmor` security profiles for Docker", "Isolate containers with a
//! user namespace"; capabilities(7). Docker's own profile of `AppArmor` forbids mounts and tracing what is no
//! container (moby `profiles/apparmor/template.go`).

use viewshed_model::{DockerContainer, DockerHost, plain_host_path};

use super::super::capabilities::{Capability, added};
use super::super::writes::{Machine, writes};
use super::sockets::mounted_path;

/// One way to root on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Privilege {
    /// The step in plain words.
    pub(crate) text: String,
    /// Completes "depends on ...".
    pub(crate) doubt: Option<String>,
}

/// Disks by the names of their drivers (kernel documentation, "Linux allocated devices").
const DISKS: [&str; 8] = [
    "/dev/sd",
    "/dev/nvme",
    "/dev/vd",
    "/dev/xvd",
    "/dev/mmcblk",
    "/dev/dm-",
    "/dev/mapper",
    "/dev/disk",
];

/// Every way by which it becomes root there itself; what it mounts of the host beside is told by its openings.
pub(crate) fn privileges_of_container(
    host: &DockerHost,
    container: &DockerContainer,
) -> Vec<Privilege> {
    let mut found = Vec::new();
    let user = user_doubt(container);
    let title = format!("container {}", container.name);
    if container.privileged {
        found.push(Privilege {
            text: format!("{title} is privileged: it is root on its host"),
            doubt: user,
        });
        return with_writable(host, container, found);
    }
    let shares_processes = container.pid_mode == "host";
    if let Some(held) = added(&container.added_capabilities, shares_processes) {
        found.push(Privilege {
            text: format!("{title} may {}", held.effect("host")),
            doubt: user
                .clone()
                .or_else(|| capability_doubt(host, container, held)),
        });
    }
    for device in &container.devices {
        let device = plain_host_path(device);
        let doubt = if device == "/dev" {
            None
        } else if DISKS.iter().any(|disk| device.starts_with(disk)) {
            Some(format!(
                "whether {device} holds the files of host {}",
                host.name
            ))
        } else {
            continue;
        };
        found.push(Privilege {
            text: format!("{title} may write to device {device} of its host"),
            doubt: user.clone().or(doubt),
        });
    }
    with_writable(host, container, found)
}

/// Adds what is mounted so that it can be written to.
fn with_writable(
    host: &DockerHost,
    container: &DockerContainer,
    mut found: Vec<Privilege>,
) -> Vec<Privilege> {
    let user = user_doubt(container);
    let mounts = container.mounts.iter();
    for mount in mounts.filter(|mount| !mount.read_only && mount.source.starts_with('/')) {
        let path = mounted_path(mount);
        let mounted = plain_host_path(path);
        if mounted == "/" {
            continue;
        }
        found.extend(writes(path, Machine::DockerHost).map(|written| {
            let within = if mounted.starts_with(written.place) {
                String::new()
            } else {
                format!(", with {} in it", written.place)
            };
            let doubt = written
                .doubt
                .map(|doubt| format!("{doubt} host {}", host.name));
            Privilege {
                text: format!(
                    "container {} mounts {mounted} of its host{within}, writable: {}",
                    container.name, written.effect
                ),
                doubt: user.clone().or(doubt),
            }
        }));
    }
    found
}

/// What may keep root of the container from what the capability allows.
fn capability_doubt(
    host: &DockerHost,
    container: &DockerContainer,
    held: &Capability,
) -> Option<String> {
    let title = format!("container {}", container.name);
    match held.name {
        "SYS_ADMIN" | "SYS_PTRACE" if is_confined(host, container) => Some(format!(
            "whether AppArmor or SELinux keeps {title} from that"
        )),
        // open_by_handle_at(2) works on the file system that something of the container is mounted from.
        "DAC_READ_SEARCH" => Some(format!(
            "whether the engine's data lie on the file system of host {} itself",
            host.name
        )),
        _ => None,
    }
}

/// Whether a module of the kernel may hold the container back: the engine names those that it uses
/// (`SecurityOptions` of `docker info`), and an option of the container switches them off.
fn is_confined(host: &DockerHost, container: &DockerContainer) -> bool {
    let options = container.security_options.iter();
    let is_off = options
        .map(|option| option.replacen(':', "=", 1))
        .any(|option| matches!(option.as_str(), "apparmor=unconfined" | "label=disable"));
    let engine = &host.daemon.security_options;
    let is_used =
        |option: &String| option.starts_with("name=apparmor") || option.starts_with("name=selinux");
    !is_off && (engine.is_empty() || engine.iter().any(is_used))
}

/// Files of the host are root's, and capabilities are of no use to another user (capabilities(7), "effect of user ID
/// changes").
fn user_doubt(container: &DockerContainer) -> Option<String> {
    kept_from(container, "do what root may")
}

/// A socket belongs to root and one group, files of the host mostly to root: the doubt whether another user may do
/// `what`; `None` for root.
pub(crate) fn kept_from(container: &DockerContainer, what: &str) -> Option<String> {
    let user = container.user.split(':').next().unwrap_or_default();
    let is_root = matches!(user, "" | "0" | "root");
    (!is_root).then(|| {
        format!(
            "whether user `{user}` of container `{}` may {what}",
            container.name
        )
    })
}
