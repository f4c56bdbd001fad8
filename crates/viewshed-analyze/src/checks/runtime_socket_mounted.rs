//! Containers that hold the container runtime's socket of their host.

use viewshed_model::{
    Confidence, Container, DockerContainer, DockerHost, Finding, Mitigation, Severity,
    VolumeSource, plain_host_path,
};

use super::facts::{
    ClusterFacts, Runner, SocketAccess, container_place, count, links, list, reproduce,
    socket_access, socket_access_on,
};
use super::{Check, MANY};
use crate::see::{Opening, kept_from, mounted_path, openings_on};

pub(super) static CHECK: Check = Check {
    name: "runtime-socket-mounted",
    title: "a container holds the container runtime's socket of its host",
    mitigation: Mitigation::M1035,
    worst: Severity::High,
    page: include_str!("../../../../docs/checks/runtime-socket-mounted.md"),
    findings_max: MANY,
    on_cluster: Some(judge_cluster),
    on_docker_host: Some(judge_host),
};

const FIX: &str = "remove the mount; build images without a daemon (BuildKit rootless, buildah), take \
    metrics from the kubelet, or put a proxy in front of the socket that passes only the calls needed";

fn judge_cluster(facts: &ClusterFacts<'_>) -> Vec<Finding> {
    facts
        .runners
        .iter()
        .filter_map(|runner| judge_runner(facts, runner))
        .collect()
}

/// Whether this check tells of the workload.
pub(super) fn is_found(facts: &ClusterFacts<'_>, runner: &Runner<'_>) -> bool {
    judge_runner(facts, runner).is_some()
}

/// Whether containers that do not run as root have a socket by root's group, how sure that is, and why: the sockets of
/// containerd and CRI-O are that group's, and a user whom the image does not know is in it. That an image knows no user
/// is not assumed of one that mounts the whole root: such images mostly bring their own user.
fn opened_to_group(
    facts: &ClusterFacts<'_>,
    runner: &Runner<'_>,
    folder: &str,
) -> Option<(Confidence, String)> {
    let pod = runner.pods.first();
    let node = pod.map_or("", |pod| pod.node.as_str());
    let nodes = facts.cluster.nodes.iter();
    let mut nodes = nodes.filter(|known| known.meta.name == node);
    let runtime = nodes.next().map_or("", |node| node.runtime.as_str());
    let name = pod.map_or("", |pod| pod.meta.name.as_str());
    let place = (facts.cluster, runner.namespace, name);
    let opened = openings_on(place, runner.spec, "", runtime).into_iter();
    let opened = opened.filter(|one| one.doubt.is_none());
    let by_group = opened.filter_map(|one| match (one.opening, one.assumed) {
        (Opening::Socket(_), None) => Some((
            Confidence::Medium,
            "the container runs as a user of root's group, whose the socket is".to_owned(),
        )),
        (Opening::Socket(_), Some(_)) if plain_host_path(folder) != "/" => Some((
            Confidence::Low,
            "the container runs as a user without a group of its own: of root's group, whose the socket is, \
             unless its image puts that user into another"
                .to_owned(),
        )),
        _ => None,
    });
    by_group.max_by_key(|(confidence, _)| *confidence)
}

/// A mount of a container that leads to a runtime.
struct Held<'a> {
    container: &'a Container,
    host_path: &'a str,
    mount_path: &'a str,
    access: SocketAccess,
}

fn judge_runner(facts: &ClusterFacts<'_>, runner: &Runner<'_>) -> Option<Finding> {
    let mut held = held_by(runner);
    held.sort_by_key(|held| {
        let is_folder = held.access == SocketAccess::Folder;
        (is_folder, runs_as_other(held.container))
    });
    let worst = held.first()?;
    let is_socket = worst.access == SocketAccess::Socket;
    let runs_as_other = runs_as_other(worst.container);
    let nodes = runner.nodes();
    let for_group = runs_as_other
        .then(|| opened_to_group(facts, runner, worst.host_path))
        .flatten();
    let confidence = match (is_socket, runs_as_other) {
        (true, false) => Confidence::High,
        (true, true) | (false, false) => Confidence::Medium,
        // Who is neither root nor in its group cannot open the sockets that lie in a folder.
        (false, true) => for_group.as_ref()?.0,
    };
    let exposed = facts
        .cluster
        .pods
        .iter()
        .filter(|pod| nodes.contains(&&*pod.node))
        .count();
    let mut finding = CHECK.finding(facts.place_of(runner), Severity::High, confidence);
    finding.title = format!(
        "`{}` sees and controls every container of its node: it mounts `{}`",
        runner.full_name(),
        worst.host_path
    );
    finding.exposed_count = exposed as u64;
    let mut steps: Vec<String> = held.iter().map(step).collect();
    match for_group {
        Some((_, step)) => steps.push(step),
        None if runs_as_other => steps.push(
            "the container does not run as root: the socket opens only to its group".to_owned(),
        ),
        None => {}
    }
    if !nodes.is_empty() {
        steps.push(format!(
            "its {} run on {}, beside {}",
            count(runner.pods.len(), "pod"),
            list(&nodes),
            count(exposed, "pod")
        ));
    }
    finding.evidence = links(steps);
    finding.fix = FIX.into();
    let target = match runner.pods.first() {
        Some(pod) => pod.meta.name.clone(),
        None => runner.kubectl_name(),
    };
    finding.reproduce = reproduce(&[
        "kubectl",
        "exec",
        "-n",
        runner.namespace,
        &target,
        "-c",
        &worst.container.name,
        "--",
        "ls",
        "-l",
        worst.mount_path,
    ]);
    Some(finding)
}

fn held_by<'a>(runner: &'a Runner<'_>) -> Vec<Held<'a>> {
    let mut held = Vec::new();
    for volume in &runner.spec.volumes {
        for source in &volume.sources {
            let VolumeSource::HostPath(host_path) = source else {
                continue;
            };
            for container in &runner.spec.containers {
                for mount in container.mounts.iter().filter(|m| m.source == volume.name) {
                    let path = match mount.sub_path.as_str() {
                        "" => host_path.clone(),
                        sub_path => format!("{host_path}/{sub_path}"),
                    };
                    if let Some(access) = socket_access(&path) {
                        held.push(Held {
                            container,
                            host_path,
                            mount_path: &mount.destination,
                            access,
                        });
                    }
                }
            }
        }
    }
    held
}

fn step(held: &Held<'_>) -> String {
    let what = match held.access {
        SocketAccess::Socket => "the runtime's socket",
        SocketAccess::Folder => "a folder of the node that holds the runtime's socket",
    };
    format!(
        "container `{}` mounts `{}`, {what}, at `{}`; a read-only mount does not weaken a socket",
        held.container.name, held.host_path, held.mount_path
    )
}

/// Sockets belong to root and one group; `None` means that the image decides, which is mostly root.
fn runs_as_other(container: &Container) -> bool {
    match container.run_as_user {
        Some(user) => user != 0,
        None => container.run_as_non_root == Some(true),
    }
}

fn judge_host(host: &DockerHost) -> Vec<Finding> {
    host.containers
        .iter()
        .filter_map(|container| judge_container(host, container))
        .collect()
}

fn judge_container(host: &DockerHost, container: &DockerContainer) -> Option<Finding> {
    let mut mounts: Vec<_> = container
        .mounts
        .iter()
        .filter(|mount| matches!(&*mount.kind, "bind" | "npipe" | ""))
        .filter_map(|mount| Some((socket_access_on(host, mounted_path(mount))?, mount)))
        .filter(|(_, mount)| !mount.source.is_empty())
        .collect();
    mounts.sort_by_key(|(access, _)| *access == SocketAccess::Folder);
    let (access, worst) = mounts.first()?;
    let is_root = matches!(container.user.split(':').next(), Some("" | "0" | "root"));
    if *access == SocketAccess::Folder && !is_root {
        return None;
    }
    let confidence = match (access, is_root) {
        (SocketAccess::Socket, true) => Confidence::High,
        (SocketAccess::Socket, false) | (SocketAccess::Folder, _) => Confidence::Medium,
    };
    // Docker's socket is root's and its group's (0660): whether another user is let in, the estate does not tell.
    let doubt = kept_from(container, "open the socket");
    let (severity, sees) = match &doubt {
        None => (Severity::High, "sees and controls"),
        Some(_) => (Severity::Medium, "may see and control"),
    };
    let mut finding = CHECK.finding(container_place(host, container), severity, confidence);
    finding.title = format!(
        "container `{}` {sees} every container of the host: it mounts `{}`",
        container.name, worst.source
    );
    finding.exposed_count = host.containers.len() as u64;
    let mut steps: Vec<String> = mounts
        .iter()
        .map(|(access, mount)| {
            let what = match access {
                SocketAccess::Socket => "",
                SocketAccess::Folder => ", and the runtime's socket lies in it",
            };
            format!(
                "`{}` of the host is mounted at `{}`{what}; a read-only mount does not weaken a socket",
                mount.source, mount.destination
            )
        })
        .collect();
    let published: Vec<String> = container
        .ports
        .iter()
        .filter(|port| port.host_port != 0 && !is_loopback(&port.host_ip))
        .map(|port| port.host_port.to_string())
        .collect();
    if !published.is_empty() {
        steps.push(format!(
            "it listens on the host's port {}",
            list(&published)
        ));
    }
    steps.extend(doubt.map(|doubt| format!("it depends on {doubt}")));
    finding.evidence = links(steps);
    finding.fix = FIX.into();
    finding.reproduce = reproduce(&[
        "docker",
        "inspect",
        "--format",
        "{{json .Mounts}}",
        &container.name,
    ]);
    Some(finding)
}

fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || address == "::1"
}
