//! The sockets on which the daemon of a host itself listens, wherever they stand.

use viewshed_model::{DockerHost, Mount, plain_host_path, runtime_of_socket};

/// The path of the host that is mounted. Where only a variable holds it (`${SOCK}:/var/run/docker.sock` in a
/// compose file), the place where it is mounted tells whether it is a runtime's socket.
pub(crate) fn mounted_path(mount: &Mount) -> &str {
    if mount.source.starts_with('$') && runtime_of_socket(&mount.destination).is_some() {
        &mount.destination
    } else {
        &mount.source
    }
}

/// The socket of this very host that a mount of `path` is or holds: the address at which the daemon was read,
/// or one that it listens on by its own settings.
pub(crate) fn socket_of_host(host: &DockerHost, path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mounted = plain_host_path(path);
    let below = format!("{}/", mounted.trim_end_matches('/'));
    let addresses = std::iter::once(&host.endpoint).chain(&host.daemon.hosts);
    addresses
        .filter_map(|address| address.strip_prefix("unix://"))
        .filter(|socket| socket.starts_with('/'))
        .map(plain_host_path)
        .find(|socket| *socket == mounted || socket.starts_with(&below))
}
