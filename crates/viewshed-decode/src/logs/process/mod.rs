//! Commands and file reads, from the tools that watch processes.
//!
//! Of all that runs on a host only what asks about containers or takes a credential is passed on; the rest is
//! counted as of another kind.

mod auditd;
mod falco;
mod tetragon;

#[cfg(test)]
mod tests;

pub(super) use auditd::decode as decode_auditd;
pub(super) use falco::decode as decode_falco;
pub(super) use tetragon::decode as decode_tetragon;

use std::borrow::Cow;

use viewshed_model::{Activity, Process, SkipReason, Surface};

use super::sink::Sink;

/// Programs whose work is to ask about containers.
const PROGRAMS: [&str; 14] = [
    "kubectl",
    "oc",
    "docker",
    "crictl",
    "ctr",
    "nerdctl",
    "podman",
    "k3s",
    "k9s",
    "helm",
    "docker-compose",
    "kubeletctl",
    "kdigger",
    "peirates",
];

/// Parts of command lines that name an interface to them, whatever the program is.
const INTERFACES: [&str; 13] = [
    "docker.sock",
    "containerd.sock",
    "crio.sock",
    "podman.sock",
    "kubernetes.default",
    "KUBERNETES_SERVICE_HOST",
    ":10250",
    ":10255",
    "kubernetes.io/serviceaccount",
    "/api/v1/",
    // What clients of clusters are given, under whatever name they run; tokens are JSON, encoded.
    "--token=eyJ",
    "--token eyJ",
    "--certificate-authority=",
];

/// Parts of paths of files that are credentials for, or sockets to, what holds the containers.
const FILES: [&str; 12] = [
    "/secrets/kubernetes.io/serviceaccount",
    "/secrets/eks.amazonaws.com/serviceaccount",
    "kubernetes.io~projected",
    "/.kube/config",
    "/etc/kubernetes/",
    "/etc/rancher/k3s/k3s.yaml",
    "/var/lib/kubelet/pki/",
    "/var/lib/kubelet/kubeconfig",
    "/.docker/config.json",
    "docker.sock",
    "containerd.sock",
    "crio.sock",
];

/// The last part of a path.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn is_of_interest(process: &Process<'_>) -> bool {
    if !process.file.is_empty() {
        return FILES.iter().any(|part| process.file.contains(part));
    }
    let first_word = process.command.split_ascii_whitespace().next();
    let is_program = [
        base_name(&process.executable),
        base_name(first_word.unwrap_or_default()),
    ]
    .iter()
    .any(|name| PROGRAMS.contains(name));
    is_program || INTERFACES.iter().any(|part| process.command.contains(part))
}

/// Passes a process on if it is of interest. The verb is the program's name, `open` for files.
fn accept<'a>(mut activity: Activity<'a>, process: Process<'a>, sink: &mut Sink<'a, '_>) {
    if !is_of_interest(&process) {
        sink.skip(SkipReason::OtherKind);
        return;
    }
    activity.verb = if process.file.is_empty() {
        let path = match &*process.executable {
            "" => process
                .command
                .split_ascii_whitespace()
                .next()
                .unwrap_or_default(),
            executable => executable,
        };
        Cow::Owned(base_name(path).to_owned())
    } else {
        Cow::Borrowed("open")
    };
    activity.surface = Surface::Process;
    activity.process = Some(Box::new(process));
    sink.push(activity);
}
