//! Which paths of a host lead to a container runtime's socket.

/// Sockets by their full path. `/var/run` is `/run` on every current distribution.
/// Sources: defaults of dockerd, containerd, CRI-O, Podman, cri-dockerd, k3s, `MicroK8s` and `BuildKit`.
const SOCKETS: [&str; 9] = [
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/podman/podman.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/buildkit/buildkitd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
];

/// File names that are a runtime's socket wherever they stand (rootless and moved ones).
const FILE_NAMES: [&str; 7] = [
    "docker.sock",
    "docker-cli.sock",
    "containerd.sock",
    "crio.sock",
    "podman.sock",
    "cri-dockerd.sock",
    "buildkitd.sock",
];

/// Windows named pipes of Docker and containerd.
const PIPES: [&str; 2] = [r"\\.\pipe\docker_engine", r"\\.\pipe\containerd-containerd"];

/// How a host path that is mounted into a container leads to a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum Access {
    /// It is the socket.
    Socket,
    /// A folder that holds sockets when the runtime runs.
    Folder,
}

/// How `host_path` leads to a runtime; `None` when it does not.
pub(in crate::checks) fn access(host_path: &str) -> Option<Access> {
    if PIPES
        .iter()
        .any(|pipe| host_path.eq_ignore_ascii_case(pipe))
    {
        return Some(Access::Socket);
    }
    let path = plain(host_path);
    let file_name = path.rsplit('/').next().unwrap_or_default();
    if FILE_NAMES.contains(&file_name) || SOCKETS.contains(&&*path) {
        return Some(Access::Socket);
    }
    // A mount of `/var` does not count: `/var/run` in it is a link to the container's own `/run`.
    let folder = format!("{}/", path.trim_end_matches('/'));
    let holds_one = SOCKETS
        .iter()
        .any(|socket| socket.starts_with(&folder) && path != "/var");
    holds_one.then_some(Access::Folder)
}

/// Without doubled or trailing slashes and dots, and with `/run` for `/var/run`.
fn plain(path: &str) -> String {
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
    if parts.starts_with(&["var", "run"]) {
        parts.remove(0);
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<Access>) {
        assert_eq!(access(path), expected, "{path}");
    }

    #[test]
    fn knows_sockets_by_path_and_by_file_name() {
        check("/var/run/docker.sock", Some(Access::Socket));
        check("//run/./docker.sock/", Some(Access::Socket));
        check("/run/user/1000/podman/podman.sock", Some(Access::Socket));
        check("/run/k3s/containerd/containerd.sock", Some(Access::Socket));
        check(r"\\.\pipe\docker_engine", Some(Access::Socket));
    }

    #[test]
    fn knows_the_folders_that_hold_them() {
        check("/", Some(Access::Folder));
        check("/run", Some(Access::Folder));
        check("/var/run/", Some(Access::Folder));
        check("/run/containerd", Some(Access::Folder));
    }

    #[test]
    fn other_paths_of_the_host_are_no_runtime() {
        check("/var", None);
        check("/var/lib/docker", None);
        check("/var/run/cilium", None);
        check("/run/containerd-other", None);
        check("/proc", None);
        check("", Some(Access::Folder));
    }
}
