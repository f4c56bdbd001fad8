//! Which estate a command works on: files, snapshots, the demo, or live servers.

use std::path::PathBuf;
use std::time::Duration;

use viewshed_collect::kubernetes;
use viewshed_collect::{Environment, Error, Progress, Quiet, docker, files};
use viewshed_model::{Cluster, DockerHost, Estate, Gap, GapReason, Source, SourceKind};

use crate::cli::{EstateArgs, ImpersonateArgs};
use crate::outcome::Failure;
use crate::output::Screen;
use crate::progress::Bars;

mod api_server;

pub(crate) use api_server::{connect, limits, scope};

/// What servers see of us.
pub(crate) const USER_AGENT: &str = concat!("viewshed/", env!("CARGO_PKG_VERSION"));

/// Recorded from real servers; see fixtures/demo/README.md.
const DEMO: &[u8] = include_bytes!("../../../fixtures/demo/estate.vshed");

/// What a command needs of the live world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Kubernetes and Docker, whatever is there.
    Everything,
    /// Only a cluster.
    Cluster,
    /// Only a Docker host.
    DockerHost,
}

/// Reads the estate that the flags mean.
///
/// A source that the user named and that gives nothing is an error; a source that was only tried because
/// nothing was named, beside another that answered, is a gap.
///
/// # Errors
/// When nothing at all could be read.
pub(crate) fn estate(
    arguments: &EstateArgs,
    impersonate: &ImpersonateArgs,
    wanted: Wanted,
    screen: &Screen,
) -> Result<Estate, Failure> {
    let estate = if arguments.demo {
        demo()?
    } else if !arguments.from.is_empty() {
        from_files(&arguments.from, screen)?
    } else {
        live(arguments, impersonate, wanted, screen)?
    };
    match &arguments.estate {
        Some(name) => only(estate, name),
        None => Ok(estate),
    }
}

/// Reads files and snapshots.
///
/// # Errors
/// When none of the paths can be read, or nothing in them is known.
pub(crate) fn from_files(paths: &[PathBuf], screen: &Screen) -> Result<Estate, Failure> {
    let progress = progress(screen);
    let estate = files::read(paths, progress.as_ref()).map_err(collect_failure)?;
    finish(estate)
}

fn demo() -> Result<Estate, Failure> {
    let mut estate = viewshed_decode::snapshot::read(DEMO)
        .map_err(|error| Failure::collect(error, "the program is damaged: install it again"))?;
    let name = "embedded demo estate".to_owned();
    estate.sources = vec![Source {
        kind: SourceKind::Snapshot,
        name,
    }];
    finish(estate)
}

/// Manifests hold aggregated roles as selectors, and leave out the roles that every server makes; a live
/// server has both.
fn finish(mut estate: Estate) -> Result<Estate, Failure> {
    for cluster in &mut estate.clusters {
        estate
            .gaps
            .extend(viewshed_analyze::bootstrap::complete(cluster));
    }
    if estate.clusters.is_empty() && estate.docker_hosts.is_empty() {
        let gaps: Vec<String> = estate
            .gaps
            .iter()
            .take(GAPS_SHOWN_MAX)
            .map(gap_line)
            .collect();
        return Err(Failure::collect(
            anyhow::anyhow!("nothing of an estate in what was given{}", listed(&gaps)),
            "give manifests, `kubectl get -o json` or `docker inspect` output, compose files or a snapshot",
        ));
    }
    Ok(estate)
}

/// Reasons that an error repeats; the rest says the same.
const GAPS_SHOWN_MAX: usize = 5;

pub(crate) fn gap_line(gap: &Gap) -> String {
    let text = format!("{}: {}: {}", gap.source, gap.what, gap.detail);
    viewshed_report::clean(&text).into_owned()
}

fn listed(lines: &[String]) -> String {
    lines
        .iter()
        .flat_map(|line| ["\n  ", line.as_str()])
        .collect()
}

/// Drops everything but one cluster or host.
fn only(mut estate: Estate, name: &str) -> Result<Estate, Failure> {
    let known: Vec<String> = estate
        .clusters
        .iter()
        .map(|cluster| cluster.name.clone())
        .chain(estate.docker_hosts.iter().map(|host| host.name.clone()))
        .collect();
    estate.clusters.retain(|cluster| cluster.name == name);
    estate.docker_hosts.retain(|host| host.name == name);
    if estate.clusters.is_empty() && estate.docker_hosts.is_empty() {
        return Err(Failure::usage(
            format!("the estate has no cluster or Docker host `{name}`"),
            format!("it has: {}", known.join(", ")),
        ));
    }
    estate
        .gaps
        .retain(|gap| gap.source == name || !known.contains(&gap.source));
    Ok(estate)
}

/// The bars, or nothing where nobody watches.
pub(crate) fn progress(screen: &Screen) -> Box<dyn Progress> {
    if screen.draws_progress {
        Box::new(Bars::new())
    } else {
        Box::new(Quiet)
    }
}

/// Runs asynchronous collection to its end on this thread.
///
/// # Errors
/// When the operating system gives no event loop.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::collect(error, ""))?;
    let result = runtime.block_on(work);
    // A thread that waits for something that never ends must not hold the answer up.
    runtime.shutdown_background();
    Ok(result)
}

/// An error of collection with its hint.
pub(crate) fn collect_failure(error: Error) -> Failure {
    let hint = error.hint().to_owned();
    Failure::collect(error, hint)
}

fn docker_limits(arguments: &EstateArgs) -> docker::Limits {
    let usual = docker::Limits::default();
    let Some(time_max) = arguments.timeout.map(Duration::from_secs) else {
        return usual;
    };
    docker::Limits {
        connect_time_max: usual.connect_time_max.min(time_max),
        idle_time_max: usual.idle_time_max.min(time_max),
        answer_time_max: time_max,
        disk_usage_time_max: time_max,
        ..usual
    }
}

/// Whether something of the kind that the question is about is named, or nothing is.
fn check_wanted(wanted: Wanted, named_cluster: bool, named_docker: bool) -> Result<(), Failure> {
    match wanted {
        Wanted::Cluster if named_docker && !named_cluster => Err(Failure::usage(
            "the question is about a cluster, and only a Docker host is named",
            "name a cluster with --context or --from, or leave --docker-host out",
        )),
        Wanted::DockerHost if named_cluster && !named_docker => Err(Failure::usage(
            "the question is about a Docker host, and only a cluster is named",
            "name a Docker host with --docker-host or --from, or leave --context out",
        )),
        _ => Ok(()),
    }
}

fn live(
    arguments: &EstateArgs,
    impersonate: &ImpersonateArgs,
    wanted: Wanted,
    screen: &Screen,
) -> Result<Estate, Failure> {
    let named_cluster = !arguments.context.is_empty() || arguments.kubeconfig.is_some();
    let named_docker = !arguments.docker_host.is_empty();
    check_wanted(wanted, named_cluster, named_docker)?;
    let progress = progress(screen);
    let mut reading = Reading {
        estate: Estate::default(),
        failures: Vec::new(),
    };
    reading.estate.collected_at = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    block_on(async {
        if wanted != Wanted::DockerHost && (named_cluster || !named_docker) {
            let contexts: Vec<Option<&str>> = if arguments.context.is_empty() {
                vec![None]
            } else {
                arguments
                    .context
                    .iter()
                    .map(|name| Some(name.as_str()))
                    .collect()
            };
            for context in contexts {
                let read = read_cluster(arguments, context, impersonate, progress.as_ref()).await;
                reading.take_cluster(read, context.unwrap_or("current kubeconfig context"));
            }
        }
        if wanted != Wanted::Cluster && (named_docker || !named_cluster) {
            let hosts: Vec<Option<&str>> = if named_docker {
                arguments
                    .docker_host
                    .iter()
                    .map(|name| Some(name.as_str()))
                    .collect()
            } else {
                vec![None]
            };
            for host in hosts {
                if let Some(read) = read_docker(arguments, host, progress.as_ref()).await {
                    reading.take_docker(read, &docker_name(host));
                }
            }
        }
    })?;
    reading.finish(named_cluster || named_docker)
}

async fn read_cluster(
    arguments: &EstateArgs,
    context: Option<&str>,
    impersonate: &ImpersonateArgs,
    progress: &dyn Progress,
) -> Result<(Cluster, Vec<Gap>), Error> {
    let client = connect(arguments, context, impersonate).await?;
    kubernetes::collect(&client, progress).await
}

/// What a Docker host is called that could not be read.
fn docker_name(host: Option<&str>) -> String {
    let of_environment = || {
        let address = Environment::of_process()
            .variable("DOCKER_HOST")?
            .to_owned();
        Some(format!("the Docker host of DOCKER_HOST, {address}"))
    };
    let named = host.map(str::to_owned).or_else(of_environment);
    named.unwrap_or_else(|| "local Docker host".to_owned())
}

/// `None` when no host is named anywhere and no local socket exists: then there is no Docker here.
async fn read_docker(
    arguments: &EstateArgs,
    host: Option<&str>,
    progress: &dyn Progress,
) -> Option<Result<(DockerHost, Vec<Gap>), Error>> {
    let environment = Environment::of_process();
    let mut endpoint = match docker::resolve(&environment, host) {
        Ok(endpoint) => endpoint,
        Err(error) => return Some(Err(error)),
    };
    if let (None, None, docker::Address::Unix(socket)) =
        (host, environment.variable("DOCKER_HOST"), &endpoint.address)
        && !socket.exists()
    {
        return None;
    }
    USER_AGENT.clone_into(&mut endpoint.user_agent);
    Some(docker::collect(&endpoint, &docker_limits(arguments), progress).await)
}

/// What has been read so far, and what failed.
#[derive(Debug)]
struct Reading {
    estate: Estate,
    failures: Vec<(String, Error)>,
}

impl Reading {
    fn take_cluster(&mut self, read: Result<(Cluster, Vec<Gap>), Error>, what: &str) {
        match read {
            Ok((cluster, gaps)) => {
                let name = format!("{} ({})", cluster.name, cluster.server);
                self.estate.sources.push(Source {
                    kind: SourceKind::Kubernetes,
                    name,
                });
                self.estate.clusters.push(cluster);
                self.estate.gaps.extend(gaps);
            }
            Err(error) => self.failures.push((what.to_owned(), error)),
        }
    }

    fn take_docker(&mut self, read: Result<(DockerHost, Vec<Gap>), Error>, what: &str) {
        match read {
            Ok((host, gaps)) => {
                self.estate.sources.push(Source {
                    kind: SourceKind::Docker,
                    name: host.endpoint.clone(),
                });
                self.estate.docker_hosts.push(host);
                self.estate.gaps.extend(gaps);
            }
            Err(error) => self.failures.push((what.to_owned(), error)),
        }
    }

    fn finish(mut self, was_named: bool) -> Result<Estate, Failure> {
        if self.estate.clusters.is_empty() && self.estate.docker_hosts.is_empty() {
            return Err(nothing_read(self.failures, was_named));
        }
        for (what, error) in self.failures {
            // Nothing was named, and this kind of source is not here at all: that is no gap.
            if !was_named && is_absence(&error) {
                continue;
            }
            self.estate.gaps.push(Gap {
                source: what,
                what: "everything".to_owned(),
                reason: GapReason::Unreachable,
                detail: viewshed_report::clean(&error_text(&error)).into_owned(),
                hint: error.hint().to_owned(),
                count: 1,
            });
        }
        Ok(self.estate)
    }
}

fn is_absence(error: &Error) -> bool {
    matches!(error, Error::NoCluster | Error::NoTokenInPod)
}

fn error_text(error: &Error) -> String {
    use std::error::Error as _;
    let cause = error
        .source()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    format!("{error}{cause}")
}

fn nothing_read(mut failures: Vec<(String, Error)>, was_named: bool) -> Failure {
    if was_named
        && failures.len() == 1
        && let Some((_, error)) = failures.pop()
    {
        return collect_failure(error);
    }
    let lines: Vec<String> = failures
        .iter()
        .map(|(what, error)| format!("{what}: {}", error_text(error)))
        .collect();
    Failure::collect(
        anyhow::anyhow!("no estate could be read{}", listed(&lines)),
        "name one with --context, --docker-host or --from, or try `viewshed scan --demo`",
    )
}
