//! Which paths of a host lead to a container runtime's socket.

use viewshed_model::{DockerHost, plain_host_path, runtime_of_socket, runtime_sockets_below};

use crate::see::socket_of_host;

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
    if runtime_of_socket(host_path).is_some() {
        return Some(Access::Socket);
    }
    runtime_sockets_below(host_path)
        .next()
        .map(|_| Access::Folder)
}

/// How a path of a Docker host leads to a runtime, the sockets of that host's own daemon included.
pub(in crate::checks) fn access_on(host: &DockerHost, path: &str) -> Option<Access> {
    let own = || {
        let socket = socket_of_host(host, path)?;
        Some(if socket == plain_host_path(path) {
            Access::Socket
        } else {
            Access::Folder
        })
    };
    access(path).or_else(own)
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
        check("", None);
        check(".", None);
        check("./run", None);
    }
}
