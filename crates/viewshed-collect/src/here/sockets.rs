//! ENTERS: sockets of container runtimes, on their usual paths and below mounts, whatever these are named.
//!
//! Each is opened and closed again: one that this user may not open is of no use to whoever stands here.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use viewshed_model::{ForeignMount, RUNTIME_SOCKET_NAMES, runtime_of_socket};

use super::mounts::is_foreign;
use crate::environment::Environment;

// Below `/`, and below whatever folder of the host is mounted.
const FOLDERS: [&str; 11] = [
    "",
    "/containerd",
    "/crio",
    "/k3s/containerd",
    "/podman",
    "/run",
    "/run/containerd",
    "/run/crio",
    "/run/k3s/containerd",
    "/run/podman",
    "/var/run",
];

/// Every runtime socket once, under its first path in alphabetical order.
pub(super) fn find(environment: &Environment, mounts: &[ForeignMount]) -> Vec<String> {
    let mounted: Vec<&str> = mounts
        .iter()
        .filter(|mount| is_foreign(mount))
        .map(|mount| mount.path.trim_end_matches('/'))
        .collect();
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for folder in mounted.iter().copied().chain([""]) {
        for below in FOLDERS {
            for (name, _) in RUNTIME_SOCKET_NAMES {
                paths.insert(format!("{folder}{below}/{name}"));
            }
        }
    }
    for mount in mounts.iter().filter(|mount| is_foreign(mount)) {
        let ends = [&mount.path, &mount.root];
        if ends.iter().any(|path| runtime_of_socket(path).is_some()) {
            paths.insert(mount.path.clone());
        }
    }
    if let Some(folder) = environment.variable("XDG_RUNTIME_DIR") {
        let folder = folder.trim_end_matches('/');
        paths.insert(format!("{folder}/docker.sock"));
        paths.insert(format!("{folder}/podman/podman.sock"));
    }
    let mut seen = BTreeSet::new();
    paths
        .into_iter()
        .filter(|path| {
            let file = environment.path(path);
            std::fs::metadata(&file).is_ok_and(|found| {
                found.file_type().is_socket() && seen.insert((found.dev(), found.ino()))
            }) && may_open(&file)
        })
        .collect()
}

fn may_open(socket: &Path) -> bool {
    let refused = UnixStream::connect(socket).err();
    refused.is_none_or(|error| error.kind() != ErrorKind::PermissionDenied)
}
