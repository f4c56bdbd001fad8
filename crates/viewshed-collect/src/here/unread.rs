//! ENTERS: folders of the node that tell of its pods, and that are named and not read: manifests of static pods, and the
//! databases of container runtimes.

use std::fs;

use viewshed_decode::text::clean;
use viewshed_model::ForeignMount;

use super::mounts::is_foreign;
use crate::environment::Environment;

/// A folder of the node by its usual path, and what lies in it; empty where any file tells.
const FOLDERS: [(&str, &str, &str); 6] = [
    ("manifests of static pods", "/etc/kubernetes/manifests", ""),
    (
        "manifests of static pods",
        "/var/lib/rancher/k3s/agent/pod-manifests",
        "",
    ),
    (
        "manifests of static pods",
        "/var/lib/rancher/rke2/agent/pod-manifests",
        "",
    ),
    (
        "records of containerd",
        "/var/lib/containerd",
        "io.containerd.metadata.v1.bolt",
    ),
    (
        "records of CRI-O",
        "/var/lib/containers",
        "storage/overlay-containers",
    ),
    ("records of Docker", "/var/lib/docker", "image"),
];

/// What was found and where, each folder once.
pub(super) fn find(
    environment: &Environment,
    mounts: &[ForeignMount],
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for mount in mounts.iter().filter(|mount| is_foreign(mount)) {
        for (what, folder, sign) in FOLDERS {
            for below in ends_of(folder) {
                let path = format!("{}{below}", mount.path.trim_end_matches('/'));
                // The folder itself is known by where it comes from, or by what lies in it.
                let is_named =
                    !below.is_empty() || folder.ends_with(&mount.root) || !sign.is_empty();
                let has_sign = if sign.is_empty() {
                    has_files(environment, &path)
                } else {
                    environment.path(format!("{path}/{sign}")).is_dir()
                };
                let path = clean(&path).into_owned();
                if is_named && has_sign && !found.contains(&(what, path.clone())) {
                    found.push((what, path));
                }
            }
        }
    }
    found
}

/// The ends of a path from its parts: of `/a/b` nothing, `/b` and `/a/b`.
fn ends_of(folder: &str) -> impl Iterator<Item = &str> {
    let starts = folder.match_indices('/').map(|(at, _)| at);
    let ends = starts.filter_map(|at| folder.get(at..));
    ends.chain([""])
}

fn has_files(environment: &Environment, folder: &str) -> bool {
    let entries = fs::read_dir(environment.path(folder)).into_iter().flatten();
    let mut files = entries.filter_map(Result::ok);
    files.any(|entry| entry.path().is_file())
}
