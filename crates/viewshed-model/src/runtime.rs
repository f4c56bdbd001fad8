//! Container runtimes, and by which paths of a host their sockets are known.

/// A program that runs or builds containers and answers on a socket of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runtime {
    /// dockerd, also behind its adapters for the kubelet.
    Docker,
    /// containerd, also the one that k3s or `MicroK8s` bring along.
    Containerd,
    /// CRI-O.
    CriO,
    /// Podman's service.
    Podman,
    /// `BuildKit`: it builds images, and its answers name no container.
    BuildKit,
}

impl Runtime {
    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Containerd => "containerd",
            Self::CriO => "CRI-O",
            Self::Podman => "Podman",
            Self::BuildKit => "BuildKit",
        }
    }
}

/// Sockets by their full path, as the programs and their packages ship them; `/var/run` is `/run`
/// ([`plain_host_path`]). Sources: `opts/hosts.go` (moby), `defaults/defaults_unix.go` (containerd),
/// `pkg/config/config_unix.go` (CRI-O), `podman-system-service(1)`, `cri-dockerd.socket`, k3s
/// `pkg/agent/config`, the snaps of `MicroK8s` and Docker, `buildkitd.toml(5)`.
pub const RUNTIME_SOCKETS: [(&str, Runtime); 10] = [
    ("/run/docker.sock", Runtime::Docker),
    ("/run/cri-dockerd.sock", Runtime::Docker),
    ("/run/dockershim.sock", Runtime::Docker),
    ("/run/containerd/containerd.sock", Runtime::Containerd),
    ("/run/k3s/containerd/containerd.sock", Runtime::Containerd),
    (
        "/var/snap/microk8s/common/run/containerd.sock",
        Runtime::Containerd,
    ),
    ("/var/snap/docker/common/run/docker.sock", Runtime::Docker),
    ("/run/crio/crio.sock", Runtime::CriO),
    ("/run/podman/podman.sock", Runtime::Podman),
    ("/run/buildkit/buildkitd.sock", Runtime::BuildKit),
];

/// File names that are a runtime's socket wherever they stand: rootless daemons have theirs in
/// `XDG_RUNTIME_DIR`, Docker Desktop in a home folder, and `--host` moves it anywhere.
pub const RUNTIME_SOCKET_NAMES: [(&str, Runtime); 9] = [
    ("docker.sock", Runtime::Docker),
    ("docker-cli.sock", Runtime::Docker),
    ("docker.raw.sock", Runtime::Docker),
    ("cri-dockerd.sock", Runtime::Docker),
    ("dockershim.sock", Runtime::Docker),
    ("containerd.sock", Runtime::Containerd),
    ("crio.sock", Runtime::CriO),
    ("podman.sock", Runtime::Podman),
    ("buildkitd.sock", Runtime::BuildKit),
];

/// Windows named pipes, which have no folder.
const PIPES: [(&str, Runtime); 2] = [
    (r"\\.\pipe\docker_engine", Runtime::Docker),
    (r"\\.\pipe\containerd-containerd", Runtime::Containerd),
];

/// The runtime whose socket this path of a host is; `None` for every other path, folders included.
pub fn runtime_of_socket(host_path: &str) -> Option<Runtime> {
    let of = |known: &(&str, Runtime)| known.1;
    if let Some(pipe) = PIPES
        .iter()
        .find(|(pipe, _)| host_path.eq_ignore_ascii_case(pipe))
    {
        return Some(of(pipe));
    }
    let path = plain_host_path(host_path);
    let file_name = path.rsplit('/').next().unwrap_or_default();
    RUNTIME_SOCKET_NAMES
        .iter()
        .find(|(name, _)| *name == file_name)
        .map(of)
}

/// The known sockets below a folder of a host, with their full paths; a socket is not below itself.
///
/// `/var` holds none by this: `/var/run` in it is a link, which inside a container leads to the container's
/// own `/run`, and the folders of snaps exist on few hosts.
pub fn runtime_sockets_below(folder: &str) -> impl Iterator<Item = (&'static str, Runtime)> {
    let path = plain_host_path(folder);
    let below = format!("{}/", path.trim_end_matches('/'));
    // Where a relative path begins is not known.
    let is_told = folder.starts_with('/') && path != "/var";
    RUNTIME_SOCKETS
        .into_iter()
        .filter(move |(socket, _)| is_told && socket.starts_with(&below))
}

/// A path of a host without doubled, trailing and dotted parts, with `/run` for `/var/run`, which is a link to it on
/// every current distribution (file-hierarchy(7)), and without the links of `/proc` to the root of the host
/// (`proc_pid_root(5)`: whoever mounts for a container has the host's root as its own, as the first process has, which
/// also works there). Paths of Windows are left as they are.
pub fn plain_host_path(path: &str) -> String {
    if path.starts_with('\\') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    loop {
        match *parts.as_slice() {
            ["var", "run", ..] => {
                parts.remove(0);
            }
            ["proc", "1" | "self" | "thread-self", "root", ..] | ["proc", "1", "cwd", ..] => {
                parts.drain(..3);
            }
            _ => break,
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_process_table_lead_to_the_root_of_the_host() {
        for (path, plain) in [
            ("/proc/1/root", "/"),
            ("/proc/1/root/var/run/docker.sock", "/run/docker.sock"),
            ("/proc/self/root/proc/1/cwd/etc", "/etc"),
            ("/proc/1/rootfs", "/proc/1/rootfs"),
            ("/proc/self/cwd", "/proc/self/cwd"),
            ("/srv/proc/1/root", "/srv/proc/1/root"),
        ] {
            assert_eq!(plain_host_path(path), plain, "{path}");
        }
    }

    #[test]
    fn sockets_are_known_by_path_and_by_file_name() {
        for (path, expected) in [
            ("/var/run/docker.sock", Some(Runtime::Docker)),
            ("//run/./docker.sock/", Some(Runtime::Docker)),
            ("/run/user/1000/docker.sock", Some(Runtime::Docker)),
            (
                "/var/snap/docker/common/run/docker.sock",
                Some(Runtime::Docker),
            ),
            ("/run/user/1000/podman/podman.sock", Some(Runtime::Podman)),
            (
                "/run/k3s/containerd/containerd.sock",
                Some(Runtime::Containerd),
            ),
            ("/run/crio/crio.sock", Some(Runtime::CriO)),
            (r"\\.\pipe\Docker_Engine", Some(Runtime::Docker)),
            ("/run/docker.sock.old", None),
            ("/run", None),
            ("", None),
        ] {
            assert_eq!(runtime_of_socket(path), expected, "{path}");
        }
    }

    #[test]
    fn every_known_path_is_a_socket_by_its_name() {
        for (path, runtime) in RUNTIME_SOCKETS {
            assert_eq!(runtime_of_socket(path), Some(runtime), "{path}");
        }
    }

    #[test]
    fn folders_hold_the_sockets_below_them() {
        let below = |folder| runtime_sockets_below(folder).count();
        assert_eq!(below("/"), RUNTIME_SOCKETS.len());
        assert_eq!(below("/var/run/"), 8);
        assert_eq!(below("/run/containerd"), 1);
        assert_eq!(below("/var/snap"), 2);
        for folder in [
            "/var",
            "/var/lib/docker",
            "/run/cilium",
            "/run/docker.sock",
            ".",
            "./run",
            "",
        ] {
            assert_eq!(below(folder), 0, "{folder}");
        }
    }
}
