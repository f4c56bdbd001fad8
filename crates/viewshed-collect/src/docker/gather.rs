//! What is asked of a daemon, in which order, and how its answers become a host of the estate.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;
use viewshed_decode::docker as decode;
use viewshed_decode::docker::SwarmKind;
use viewshed_model::{Daemon, DockerContainer, DockerHost, Gap, GapReason};

use super::address::Address;
use super::client::Client;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::limits::Limits;
use super::request::{ContainerId, Request};
use super::version::{ApiVersion, choose};
use crate::error::Error;
use crate::progress::Progress;

/// Names of containers that a gap of many spells out.
const NAMES_IN_GAP_MAX: usize = 3;

/// Puts an answer's body into the model.
type Decoder = fn(&mut DockerHost, &mut Vec<Gap>, &[u8]);

/// The lists, in the order in which they are asked for.
const LISTS: [(Request, Decoder); 6] = [
    (Request::Containers, decode::containers),
    (Request::Images, decode::images),
    (Request::Networks, decode::networks),
    (Request::Volumes, decode::volumes),
    (Request::Plugins, decode::plugins),
    (Request::DiskUsage, decode::disk_usage),
];

/// Reads everything that the daemon tells. What fails on the way is a gap; the rest goes on.
///
/// # Errors
/// Unusable TLS files, no connection, or something that does not answer like a Docker daemon.
pub async fn collect(
    endpoint: &Endpoint,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<(DockerHost, Vec<Gap>), Error> {
    let client = Client::new(endpoint, limits)?;
    let mut gathering = Gathering {
        client,
        progress,
        version: String::new(),
        gaps: Vec::new(),
        host: DockerHost {
            name: endpoint.name.clone(),
            endpoint: endpoint.address.to_string(),
            is_live: true,
            daemon: Daemon {
                answered_in_plain_text: endpoint.tls.is_none()
                    && matches!(endpoint.address, Address::Tcp { .. }),
                answered_without_certificate: matches!(endpoint.address, Address::Tcp { .. })
                    && endpoint
                        .tls
                        .as_ref()
                        .is_some_and(|files| !files.name_a_client()),
                ..Daemon::default()
            },
            ..DockerHost::default()
        },
    };
    gathering.greet().await?;
    let what = format!("Docker host {}", endpoint.name);
    let total = LISTS.len() + SwarmKind::ALL.len() + 1;
    progress.started(&what, u64::try_from(total).ok());
    gathering.ask(&Request::Info, decode::info).await;
    progress.advanced(&what, 1);
    // Podman has no plugins, and says so with an error.
    let is_podman = gathering.host.daemon.product == "Podman";
    for (request, decoder) in &LISTS {
        if !(is_podman && *request == Request::Plugins) {
            gathering.ask(request, *decoder).await;
        }
        progress.advanced(&what, 1);
    }
    gathering.swarm(&what).await;
    progress.finished(&what);
    gathering.inspect().await;
    let Gathering {
        mut host, mut gaps, ..
    } = gathering;
    decode::sort(&mut host);
    gaps.sort();
    Ok((host, gaps))
}

struct Gathering<'a> {
    client: Client<'a>,
    progress: &'a dyn Progress,
    version: String,
    gaps: Vec<Gap>,
    host: DockerHost,
}

impl Gathering<'_> {
    /// Finds out whether a daemon answers, and in which version to talk to it.
    async fn greet(&mut self) -> Result<(), Error> {
        let endpoint = self.client.endpoint;
        let pinged = match self.client.get(&Request::Ping, "").await {
            Ok(answer) => {
                let header = answer.headers.get("api-version");
                header
                    .and_then(|value| value.to_str().ok())
                    .and_then(ApiVersion::parse)
            }
            // An authorization plugin, or a proxy that lets only some paths through.
            Err(failure @ Failure::Status(..)) => {
                self.note(&failure, Request::Ping.what());
                None
            }
            Err(failure) => return Err(failure.into_error(endpoint)),
        };
        match self.client.get(&Request::Version, "").await {
            Ok(answer) => {
                let mut unreadable = Vec::new();
                decode::version(&mut self.host, &mut unreadable, &answer.body);
                if pinged.is_none() && self.host.daemon.api_version.is_empty() {
                    let detail = "no API version in its answers".to_owned();
                    return Err(Failure::Broken(detail).into_error(endpoint));
                }
                self.gaps.append(&mut unreadable);
            }
            Err(failure) if pinged.is_none() => return Err(failure.into_error(endpoint)),
            Err(failure) => self.note(&failure, Request::Version.what()),
        }
        let daemon = &self.host.daemon;
        let newest = pinged.or_else(|| ApiVersion::parse(&daemon.api_version));
        let choice = choose(newest, ApiVersion::parse(&daemon.min_api_version));
        self.version = choice.version;
        if let Some(trouble) = choice.trouble {
            self.gaps.push(Gap {
                source: self.host.name.clone(),
                what: format!("parts of the answers of API version {}", self.version),
                reason: GapReason::Unsupported,
                detail: trouble,
                hint: "what this program can read is in the result".to_owned(),
                count: 1,
            });
        }
        Ok(())
    }

    async fn ask(&mut self, request: &Request, decoder: Decoder) {
        match self.client.get(request, &self.version).await {
            Ok(answer) => decoder(&mut self.host, &mut self.gaps, &answer.body),
            Err(failure) => self.note(&failure, request.what()),
        }
    }

    /// Only managers tell of the swarm.
    async fn swarm(&mut self, what: &str) {
        let state = self.host.daemon.swarm_state.clone();
        for kind in SwarmKind::ALL {
            if state == "manager" {
                let request = Request::Swarm(kind);
                match self.client.get(&request, &self.version).await {
                    Ok(answer) => decode::swarm(&mut self.host, &mut self.gaps, kind, &answer.body),
                    Err(failure) => self.note(&failure, request.what()),
                }
            }
            self.progress.advanced(what, 1);
        }
        if !matches!(state.as_str(), "manager" | "inactive" | "") {
            self.gaps.push(Gap {
                source: self.host.name.clone(),
                what: "swarm nodes, services, tasks, secrets and configs".to_owned(),
                reason: GapReason::NotCollected,
                detail: format!("this host is a member of a swarm in state `{state}`"),
                hint: "collect from a manager of the swarm too".to_owned(),
                count: 1,
            });
        }
    }

    /// Inspects every container; the list alone tells neither environment nor rights.
    async fn inspect(&mut self) {
        let what = format!("containers of {}", self.host.name);
        let mut failures: BTreeMap<Failure, Vec<String>> = BTreeMap::new();
        let requests = self.inspections(&mut failures);
        self.progress
            .started(&what, u64::try_from(requests.len()).ok());
        let (client, version, progress) = (&self.client, &self.version, self.progress);
        let source = self.host.name.as_str();
        let mut answers = stream::iter(requests)
            .map(|(name, request)| async move {
                let answer = client.get(&request, version).await.map(|answer| {
                    let mut gaps = Vec::new();
                    let container = decode::container_inspect(source, &mut gaps, &answer.body);
                    (container, gaps)
                });
                (name, answer)
            })
            .buffer_unordered(client.limits.inspections_at_once.max(1));
        let mut inspected: Vec<DockerContainer> = Vec::new();
        while let Some((name, answer)) = answers.next().await {
            match answer {
                Ok((container, mut gaps)) => {
                    inspected.extend(container);
                    self.gaps.append(&mut gaps);
                }
                Err(failure) => failures.entry(without_id(failure)).or_default().push(name),
            }
            progress.advanced(&what, 1);
        }
        drop(answers);
        progress.finished(&what);
        for (failure, names) in failures {
            self.gaps
                .push(inspection_gap(&self.host.name, &failure, names));
        }
        decode::add_inspected(&mut self.host, inspected);
    }

    /// One request per listed container, with its name.
    fn inspections(
        &mut self,
        failures: &mut BTreeMap<Failure, Vec<String>>,
    ) -> Vec<(String, Request)> {
        let containers_max = self.client.limits.containers_max;
        let mut requests = Vec::new();
        for container in self.host.containers.iter().take(containers_max) {
            match ContainerId::new(&container.id) {
                Some(id) => requests.push((container.name.clone(), Request::Container(id))),
                None => failures
                    .entry(Failure::Broken("its id is not one of Docker's".to_owned()))
                    .or_default()
                    .push(container.name.clone()),
            }
        }
        let beyond = self.host.containers.len().saturating_sub(containers_max);
        if beyond > 0 {
            self.gaps.push(Gap {
                source: self.host.name.clone(),
                what: "inspection of further containers".to_owned(),
                reason: GapReason::TooLarge,
                detail: format!("at most {containers_max} are inspected"),
                hint: String::new(),
                count: u64::try_from(beyond).unwrap_or(u64::MAX),
            });
        }
        requests
    }

    fn note(&mut self, failure: &Failure, what: String) {
        let gap = failure.gap(&self.host.name, what, 1);
        self.gaps.push(gap);
    }
}

/// The daemon's words name each container; without them, the ones that went away make one gap.
fn without_id(failure: Failure) -> Failure {
    match failure {
        Failure::Status(404, _) => Failure::Status(404, String::new()),
        other => other,
    }
}

fn inspection_gap(source: &str, failure: &Failure, mut names: Vec<String>) -> Gap {
    names.sort();
    let count = u64::try_from(names.len()).unwrap_or(u64::MAX);
    let more = if names.len() > NAMES_IN_GAP_MAX {
        ", ..."
    } else {
        ""
    };
    names.truncate(NAMES_IN_GAP_MAX);
    let named: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let what = format!("inspection of containers {}{more}", named.join(", "));
    let mut gap = failure.gap(source, what, count);
    if matches!(failure, Failure::Status(404, _)) {
        gap.reason = GapReason::NotCollected;
        "they went away while the host was read".clone_into(&mut gap.detail);
    }
    gap
}
