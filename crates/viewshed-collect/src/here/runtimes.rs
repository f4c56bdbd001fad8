//! ENTERS: what Docker and Podman answer through the sockets found here, and at `DOCKER_HOST`.
//!
//! Whoever reaches such a socket may use it, so it is asked as an intruder would: GET requests only.
//! Runtimes that speak gRPC, and daemons that want a key, are named and not asked.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use viewshed_decode::text::clean;
use viewshed_model::{DaemonSight, DockerHost, ForeignMount, Gap, GapReason, Surroundings};

use crate::docker::{Address, Endpoint, Limits, collect, resolve};
use crate::environment::Environment;
use crate::error::Error;
use crate::progress::Progress;

/// Asks every Docker API at hand for everything that it shows, each daemon once. What does not answer
/// and what is not asked is a gap.
pub async fn daemons(
    environment: &Environment,
    surroundings: &Surroundings,
    user_agent: &str,
    time_max: Option<Duration>,
    progress: &dyn Progress,
) -> (Vec<DaemonSight>, Vec<Gap>) {
    let (mut found, mut gaps) = (Vec::<DaemonSight>::new(), Vec::new());
    let limits = limits(time_max);
    for (way, endpoint) in endpoints(environment, surroundings, &mut gaps) {
        let endpoint = Endpoint {
            user_agent: user_agent.to_owned(),
            ..endpoint
        };
        match collect(&endpoint, &limits, progress).await {
            Ok((host, _)) if found.iter().any(|known| is_same(&known.host, &host)) => {}
            Ok((host, gaps)) => found.push(DaemonSight { way, host, gaps }),
            Err(error) => gaps.push(unanswered(&endpoint.name, &error)),
        }
    }
    (found, gaps)
}

// A daemon at hand answers in milliseconds; one that hangs must not hold the other answers up.
fn limits(time_max: Option<Duration>) -> Limits {
    let at_most = |usual: Duration| time_max.map_or(usual, |time_max| usual.min(time_max));
    Limits {
        connect_time_max: at_most(Duration::from_secs(3)),
        idle_time_max: at_most(Duration::from_secs(5)),
        answer_time_max: at_most(Duration::from_secs(10)),
        disk_usage_time_max: at_most(Duration::from_secs(10)),
        ..Limits::default()
    }
}

fn endpoints(
    environment: &Environment,
    surroundings: &Surroundings,
    gaps: &mut Vec<Gap>,
) -> Vec<(String, Endpoint)> {
    let mut endpoints = Vec::new();
    for socket in &surroundings.sockets {
        if let Some(speaks) = other_protocol(socket, &surroundings.mounts) {
            let hint = format!(
                "who reaches it sees every container of the node: `crictl --runtime-endpoint unix://{socket} ps`"
            );
            gaps.push(unasked(
                format!("ask the runtime socket `{socket}`"),
                speaks,
                &hint,
            ));
            continue;
        }
        match resolve(environment, Some(socket)) {
            Ok(endpoint) => {
                let endpoint = Endpoint {
                    name: format!("unix://{socket}"),
                    ..endpoint
                };
                endpoints.push((format!("the socket {socket} is at hand"), endpoint));
            }
            Err(error) => gaps.push(unanswered(socket, &error)),
        }
    }
    let Some(named) = environment.variable("DOCKER_HOST") else {
        return endpoints;
    };
    let named = clean(named).into_owned();
    match resolve(environment, Some(&named)) {
        Ok(endpoint)
            if endpoints
                .iter()
                .any(|(_, known)| leads_to(known, &endpoint)) => {}
        Ok(endpoint) => match wants_key(&endpoint) {
            Some(why) => gaps.push(unasked(
                format!(
                    "ask the Docker API at `{}`, which DOCKER_HOST names",
                    endpoint.name
                ),
                why,
                &format!(
                    "to use it yourself: `viewshed see --docker {}`",
                    endpoint.name
                ),
            )),
            None => {
                let way = format!("DOCKER_HOST names {}", endpoint.name);
                endpoints.push((way, endpoint));
            }
        },
        Err(error) => gaps.push(unanswered("DOCKER_HOST", &error)),
    }
    endpoints
}

/// Why a socket's runtime is no Docker API, by the name of the socket, here or where it is mounted from.
/// The Container Runtime Interface is gRPC (k8s.io/cri-api `api.proto`), as is containerd's own API.
fn other_protocol(socket: &str, mounts: &[ForeignMount]) -> Option<&'static str> {
    let root = mounts
        .iter()
        .find(|mount| mount.path == socket)
        .map(|mount| mount.root.as_str());
    let names = [Some(socket), root].into_iter().flatten();
    names
        .filter_map(|path| Path::new(path).file_name()?.to_str())
        .find_map(|name| match name {
            "containerd.sock" => Some("containerd speaks gRPC, not the Docker API"),
            "crio.sock" => Some("CRI-O speaks gRPC, not the Docker API"),
            "cri-dockerd.sock" | "dockershim.sock" => {
                Some("the Container Runtime Interface is gRPC, not the Docker API")
            }
            _ => None,
        })
}

/// Keys are credentials of somebody, not of the place.
fn wants_key(endpoint: &Endpoint) -> Option<&'static str> {
    let has_key = endpoint.tls.as_ref().is_some_and(|tls| tls.key.is_some());
    match &endpoint.address {
        Address::Ssh { .. } => {
            Some("it is reached with a key of SSH, and keys are not used by themselves")
        }
        Address::Tcp { .. } if has_key => {
            Some("there is a client key for it, and keys are not used by themselves")
        }
        Address::Tcp { .. } | Address::Unix(_) => None,
    }
}

/// Whether both are one socket.
fn leads_to(known: &Endpoint, other: &Endpoint) -> bool {
    match (&known.address, &other.address) {
        (Address::Unix(one), Address::Unix(other)) => {
            one == other
                || one
                    .canonicalize()
                    .is_ok_and(|one| other.canonicalize().ok() == Some(one))
        }
        (one, other) => one == other,
    }
}

/// Whether both are the same daemon, reached twice: no two daemons share a container or an image's record.
fn is_same(one: &DockerHost, other: &DockerHost) -> bool {
    let ids = |host: &DockerHost| -> Vec<String> {
        host.containers
            .iter()
            .map(|container| container.id.clone())
            .collect()
    };
    let known = ids(one);
    let shares = ids(other).iter().any(|id| known.contains(id));
    let both_empty = known.is_empty() && other.containers.is_empty();
    let is_same_engine = one.daemon.host_name == other.daemon.host_name
        && one.daemon.product == other.daemon.product
        && one.daemon.version == other.daemon.version;
    is_same_engine && (shares || both_empty && one.images == other.images)
}

fn unanswered(name: &str, error: &Error) -> Gap {
    let reason = match error {
        Error::TimedOut { .. } => GapReason::TimedOut,
        _ => GapReason::Unreachable,
    };
    Gap {
        source: "here".to_owned(),
        what: format!("ask the Docker API at `{name}`"),
        reason,
        detail: error.to_string(),
        hint: error.hint().to_owned(),
        count: 1,
    }
}

/// Why kubeconfigs and keys that lie about are not used.
const NOT_USED: &str =
    "named and not used: only the place's own service account tokens are used by themselves";

/// Kubeconfigs are credentials of somebody else than the place: what they open is for the user to ask.
pub(super) fn unused_kubeconfig(path: &str) -> Gap {
    unasked(
        format!("use the kubeconfig `{path}`"),
        NOT_USED,
        &format!(
            "`viewshed can-i --list --kubeconfig {path}` tells whose it is; then \
             `viewshed see --as USER --kubeconfig {path}` tells what they see"
        ),
    )
}

/// The kubelet's client certificate is another's credential too.
pub(super) fn unused_key(path: &str) -> Gap {
    unasked(
        format!("use the kubelet's client certificate `{path}`"),
        NOT_USED,
        "`viewshed see --node NAME` tells from an estate what a node's certificate sees",
    )
}

/// Whoever has these capabilities enters the host; looking on would be that step.
pub(super) fn unused_privilege(why: &str) -> Gap {
    unasked(
        "look at the host as root".to_owned(),
        &format!("{why}, and that was not done"),
        "`viewshed see --pod NAMESPACE/NAME` or `--container NAME` computes from an estate what shows then",
    )
}

/// Files that would tell more, of forms that are not read.
pub(super) fn unread(what: &str, path: &str) -> Gap {
    unasked(
        format!("read the {what} in `{path}`"),
        "named and not read: they tell of pods and containers of the node",
        "`viewshed see --pod NAMESPACE/NAME` computes from an estate what shows then",
    )
}

fn unasked(what: String, why: &str, hint: &str) -> Gap {
    Gap {
        source: "here".to_owned(),
        what,
        reason: GapReason::NotCollected,
        detail: why.to_owned(),
        hint: hint.to_owned(),
        count: 1,
    }
}
