//! ENTERS: daemon.json files, and what Docker daemons tell of their settings.

use std::path::{Path, PathBuf};

use viewshed_collect::{Environment, docker};
use viewshed_decode::docker::daemon_config;
use viewshed_detect::coverage::{KnownSource, LogKind};
use viewshed_model::{DockerHost, Gap, Position, Skips};

use crate::input;
use crate::outcome::Failure;
use crate::output::Screen;
use crate::watch::read_file;

/// Whether a path is Docker's configuration and no log: its name says so.
fn is_settings(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.ends_with("daemon.json"))
}

/// Takes Docker's configurations out of the paths, those that lie in a named folder among the logs too: gives them, the
/// logs, and the configurations that a reader of the folder meets as well.
pub(super) fn partition(paths: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>, Vec<PathBuf>) {
    let (mut settings, logs): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.into_iter().partition(|path| is_settings(path));
    let folders = logs.iter().filter_map(|path| path.read_dir().ok());
    let entries = folders.flatten().flatten().map(|entry| entry.path());
    let mut met: Vec<PathBuf> = entries.filter(|path| is_settings(path)).collect();
    met.sort();
    settings.extend(met.iter().cloned());
    (settings, logs, met)
}

/// The settings of every file and daemon that was named.
///
/// # Errors
/// When a file cannot be read, or a daemon does not answer.
pub(super) fn read(
    files: &[PathBuf],
    hosts: &[String],
    screen: &Screen,
    gaps: &mut Vec<Gap>,
) -> Result<Vec<DockerHost>, Failure> {
    let mut read = Vec::new();
    for path in files {
        let mut host = DockerHost {
            name: path.display().to_string(),
            ..DockerHost::default()
        };
        let place = Position {
            file: host.name.clone(),
            line: 1,
        };
        daemon_config(&mut host, gaps, &place, &read_file(path)?);
        if host.daemon.position.is_some() {
            // The daemon's default: <https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file>.
            host.daemon.debug.get_or_insert(false);
            read.push(host);
        }
    }
    let progress = input::progress(screen);
    for host in hosts {
        let mut endpoint = docker::resolve(&Environment::of_process(), Some(host))
            .map_err(input::collect_failure)?;
        input::USER_AGENT.clone_into(&mut endpoint.user_agent);
        let limits = docker::Limits::default();
        let (host, more) = input::block_on(docker::collect(&endpoint, &limits, progress.as_ref()))?
            .map_err(input::collect_failure)?;
        gaps.extend(more);
        read.push(host);
    }
    Ok(read)
}

/// What these daemons show by their settings: their own log, and their authorization plugins if they have some.
pub(super) fn sources(hosts: &[DockerHost]) -> impl Iterator<Item = KnownSource<'_>> {
    hosts.iter().flat_map(|host| {
        let source = |kind| KnownSource {
            name: &host.name,
            kind,
            policy: None,
            profile: None,
            daemon: Some(&host.daemon),
            skips: Skips::default(),
        };
        let plugins = &host.daemon.authorization_plugins;
        let authorization = (!plugins.is_empty()).then(|| source(LogKind::DockerAuthorization));
        std::iter::once(source(LogKind::DockerDaemonLog)).chain(authorization)
    })
}

/// Tells the logs of Docker which settings they were written under, where there is one daemon alone.
pub(super) fn tell<'a>(sources: &mut [KnownSource<'a>], hosts: &'a [DockerHost]) {
    let [host] = hosts else { return };
    for source in sources {
        let is_of_docker = matches!(
            source.kind,
            LogKind::DockerDaemonLog | LogKind::DockerAuthorization | LogKind::DockerEvents
        );
        if is_of_docker {
            source.daemon = Some(&host.daemon);
        }
    }
}
