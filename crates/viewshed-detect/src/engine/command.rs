//! Commands that look at clusters and daemons, and files that open them.

use viewshed_model::Activity;

use super::behaviour::Op;
use super::who::clip;

/// Longer words are cut. Bytes.
const WORD_MAX: usize = 40;
/// Words of a command line that are looked at.
const WORDS_MAX: usize = 64;

/// Programs whose purpose is to ask a cluster or a daemon.
const CLIENTS: [&str; 14] = [
    "kubectl",
    "oc",
    "docker",
    "podman",
    "crictl",
    "nerdctl",
    "ctr",
    "helm",
    "k9s",
    "kubeletctl",
    "k3s",
    "docker-compose",
    "kdigger",
    "peirates",
];
/// Programs that fetch what they are told to.
const FETCHERS: [&str; 4] = ["curl", "wget", "nc", "socat"];

/// What a process event amounts to; adds `process:` and program and task to `kind`.
pub(crate) fn classify(activity: &Activity<'_>, kind: &mut String) -> Op {
    kind.push_str("process:");
    let Some(process) = activity.process.as_ref() else {
        kind.push_str(clip(&activity.verb, WORD_MAX));
        return Op::Command;
    };
    if !process.file.is_empty() {
        kind.push_str(if is_token_file(&process.file) {
            "token-file"
        } else {
            "file"
        });
        return Op::File;
    }
    let program = program(activity);
    kind.push_str(clip(program, WORD_MAX));
    if let Some(task) = task(&process.command) {
        kind.push(' ');
        kind.push_str(clip(task, WORD_MAX));
    }
    Op::Command
}

/// The name under which the process runs: the first word of its command line, else its executable.
pub(crate) fn program<'a>(activity: &'a Activity<'_>) -> &'a str {
    let Some(process) = activity.process.as_ref() else {
        return &activity.verb;
    };
    let first = process
        .command
        .split_whitespace()
        .next()
        .unwrap_or(&process.executable);
    base_name(first)
}

/// Whether it is a client of a cluster or a daemon.
pub(crate) fn is_client(program: &str) -> bool {
    CLIENTS.contains(&program)
}

/// Whether a command line is that of a client of clusters, under whatever name it runs: somebody who brings one along
/// calls it as he likes, and tells it where the cluster is and with whose token to ask.
pub(crate) fn is_given_cluster(command: &str) -> bool {
    let has_server = command.contains("--server=http") || command.contains("-s=http");
    command.contains("--token=eyJ")
        || command.contains("--token eyJ")
        || (has_server && command.contains("--certificate-authority="))
}

/// Whether a command line fetches from a kubelet, an API server or a Docker daemon.
pub(crate) fn fetches_from_cluster(program: &str, command: &str) -> bool {
    const MARKS: [&str; 9] = [
        ":10250",
        ":10255",
        ":2375",
        ":2376",
        "docker.sock",
        "/api/v1/",
        "kubernetes.default",
        "KUBERNETES_SERVICE_HOST",
        "/runningpods",
    ];
    FETCHERS.contains(&program) && MARKS.iter().any(|mark| command.contains(mark))
}

/// Whether a path holds the credential of a workload or a kubelet.
pub(crate) fn is_token_file(path: &str) -> bool {
    path.contains("/serviceaccount/token")
        || path.contains("/secrets/eks.amazonaws.com/serviceaccount")
        || path.contains("kubernetes.io~projected")
        || path.starts_with("/var/lib/kubelet/pki/")
        || path.ends_with("/k3s/k3s.yaml")
        || path.ends_with("/kubelet.conf")
        || path.ends_with("/kubelet/kubeconfig")
        || path.ends_with("/.kube/config")
        || (path.starts_with("/proc/") && path.ends_with("/environ"))
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// What the client is told to do: the first word that is no flag, and the next one for `auth can-i`.
pub(crate) fn task(command: &str) -> Option<&str> {
    command
        .split_whitespace()
        .skip(1)
        .take(WORDS_MAX)
        .find(|word| !word.starts_with('-') && !word.contains(['/', '=', ':']))
}
