//! ENTERS: what is around the program when it runs inside a pod or container.
//!
//! Looking around asks nobody: files, variables and mounts of the own process only. What the
//! credentials found there are answered is in [`sights`], and what the container runtimes answer in
//! [`daemons`]; metadata addresses are asked only by [`ask_metadata`], which the user must want.

mod containers;
mod existing;
mod kubelets;
mod metadata;
mod mounts;
mod own;
mod pod_logs;
mod process;
mod runtimes;
mod sight;
mod sockets;
mod stranger;
mod tokens;
mod unread;
mod watched;

#[cfg(test)]
mod tests;

use std::path::Path;

use viewshed_decode::tells::tells;
use viewshed_decode::text::clean;
use viewshed_model::{EnvName, Surroundings};

pub use kubelets::kubelets;
pub use metadata::ask_metadata;
pub use runtimes::daemons;
pub use sight::{SightOptions, sights};

pub use crate::kubernetes::Unchecked;

use crate::environment::Environment;

/// Everything that can be told without asking anybody. Paths are as the container sees them.
pub fn look_around(environment: &Environment) -> Surroundings {
    let mut gaps = Vec::new();
    let mounts = mounts::read(environment, &mut gaps);
    let kubeconfigs = kubeconfigs(environment, &mounts);
    gaps.extend(
        kubeconfigs
            .iter()
            .map(|path| runtimes::unused_kubeconfig(path)),
    );
    let capabilities = process::capabilities(environment, &mut gaps);
    let host = process::host_access(environment);
    let opened = process::opens_host(environment, &capabilities, host);
    gaps.extend(opened.map(runtimes::unused_privilege));
    let keys = tokens::node_keys(environment, &mounts);
    gaps.extend(keys.iter().map(|path| runtimes::unused_key(path)));
    let unread = unread::find(environment, &mounts).into_iter();
    gaps.extend(unread.map(|(what, path)| runtimes::unread(what, &path)));
    let mut tokens = tokens::find(environment, &mounts);
    // On a shared host table the processes are those of other pods.
    if !host.pid {
        let more = tokens::of_processes(environment, &tokens);
        tokens.extend(more);
    }
    tokens.extend(tokens::of_variables(environment));
    Surroundings {
        variables: variables(environment),
        tokens,
        sockets: sockets::find(environment, &mounts),
        own: own::names(environment, &mounts),
        host,
        container_id: containers::own_id(&mounts),
        beside: containers::of_processes(environment, &mounts, host),
        logged_pods: pod_logs::find(environment, &mounts),
        configured: mounts::configured(&mounts),
        capabilities,
        kubeconfigs,
        machine_vendor: process::machine_vendor(environment),
        metadata_addresses: metadata::addresses(),
        mounts: mounts.into_iter().filter(mounts::is_foreign).collect(),
        gaps,
    }
}

fn variables(environment: &Environment) -> Vec<EnvName> {
    environment
        .variables
        .iter()
        .map(|(name, value)| EnvName {
            name: clean(name).into_owned(),
            tells: tells(name, Some(value)),
            ..EnvName::default()
        })
        .collect()
}

// Where kubectl, kubeadm, k3s and the components of a node keep theirs.
const KUBECONFIG_PATHS: [&str; 11] = [
    "etc/kubernetes/admin.conf",
    "etc/kubernetes/controller-manager.conf",
    "etc/kubernetes/kubelet.conf",
    "etc/kubernetes/scheduler.conf",
    "etc/kubernetes/super-admin.conf",
    "etc/rancher/k3s/k3s.yaml",
    "etc/rancher/rke2/rke2.yaml",
    "root/.kube/config",
    "var/lib/kube-proxy/kubeconfig",
    "var/lib/kubelet/kubeconfig",
    "var/lib/kubelet/bootstrap-kubeconfig",
];

fn kubeconfigs(environment: &Environment, mounts: &[viewshed_model::ForeignMount]) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    if let Some(list) = environment.variable("KUBECONFIG") {
        paths.extend(std::env::split_paths(list).map(|path| path.to_string_lossy().into_owned()));
    }
    if let Some(home) = environment.variable("HOME") {
        paths.push(format!("{}/.kube/config", home.trim_end_matches('/')));
    }
    let folders = mounts
        .iter()
        .filter(|mount| mounts::is_foreign(mount))
        .map(|mount| mount.path.trim_end_matches('/'));
    for path in KUBECONFIG_PATHS {
        paths.push(format!("/{path}"));
    }
    for folder in folders {
        // Whatever part of the host's path is mounted: `/`, `/etc`, `/etc/kubernetes`, the file itself.
        for path in KUBECONFIG_PATHS {
            let parts = path
                .match_indices('/')
                .filter_map(|(at, _)| path.get(at + 1..));
            for rest in parts.chain([path]) {
                paths.push(format!("{folder}/{rest}"));
            }
            if path.rsplit('/').next() == folder.rsplit('/').next() {
                paths.push(folder.to_owned());
            }
        }
    }
    paths.sort_unstable();
    paths.dedup();
    paths.retain(|path| Path::new(path).is_absolute() && environment.path(path).is_file());
    paths
}
