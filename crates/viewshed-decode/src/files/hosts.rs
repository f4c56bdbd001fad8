//! The Docker hosts of a set of files: which documents speak of the same one.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{DockerHost, Gap, GapReason};

use crate::docker;
use crate::gaps::gap;

/// Networks that every engine makes itself.
const OWN_NETWORKS: [&str; 3] = ["bridge", "host", "none"];
/// Most networks that one gap names.
const NETWORK_NAMES_MAX: usize = 10;

/// The Docker hosts that files tell of.
#[derive(Debug)]
pub(super) struct Hosts {
    /// What daemons told, and compose files too where they belong together.
    machine: DockerHost,
    /// By compose project, where each is a host of its own.
    projects: Option<BTreeMap<String, DockerHost>>,
}

impl Hosts {
    /// Everything is one host of this name.
    pub(super) fn new(name: &str) -> Self {
        let machine = DockerHost {
            name: name.to_owned(),
            ..DockerHost::default()
        };
        Self {
            machine,
            projects: None,
        }
    }

    /// Each compose project is a host of its own.
    pub(super) fn one_per_project(name: &str) -> Self {
        Self {
            projects: Some(BTreeMap::new()),
            ..Self::new(name)
        }
    }

    /// The host that a daemon's documents speak of.
    pub(super) fn machine(&mut self) -> &mut DockerHost {
        &mut self.machine
    }

    /// The host that a compose file speaks of.
    pub(super) fn of_compose(&mut self, path: &str) -> &mut DockerHost {
        let Some(projects) = &mut self.projects else {
            return &mut self.machine;
        };
        let (project, is_override) = project_of(path);
        let host = projects
            .entry(project.to_owned())
            .or_insert_with(|| DockerHost {
                name: path.to_owned(),
                ..DockerHost::default()
            });
        if !is_override {
            path.clone_into(&mut host.name);
        }
        host
    }

    /// Those of which anything was found. A single project and settings of a daemon are one host, named as
    /// the daemon names its host (`docker info`), else as the whole set.
    pub(super) fn finish(mut self) -> impl Iterator<Item = DockerHost> {
        let mut projects = self.projects.unwrap_or_default();
        if projects.len() == 1
            && self.machine.containers.is_empty()
            && let Some((_, project)) = projects.pop_first()
        {
            add(&mut self.machine, project);
        }
        let nothing = DockerHost {
            name: self.machine.name.clone(),
            ..DockerHost::default()
        };
        let mut machine = Some(self.machine).filter(|machine| *machine != nothing);
        if let Some(machine) = &mut machine
            && !machine.daemon.host_name.is_empty()
        {
            machine.daemon.host_name.clone_into(&mut machine.name);
        }
        machine
            .into_iter()
            .chain(projects.into_values())
            .map(|mut host| {
                docker::sort(&mut host);
                host
            })
    }
}

/// A file's project, and whether it only adds to the file of the same name without `.override`, which
/// `docker compose` reads with it.
fn project_of(path: &str) -> (&str, bool) {
    let endings = [".yaml", ".yml"].into_iter();
    let mut stems = endings.filter_map(|ending| path.strip_suffix(ending));
    let stem = stems.next().unwrap_or(path);
    match stem.strip_suffix(".override") {
        Some(base) => (base, true),
        None => (stem, false),
    }
}

/// The networks of containers that no document describes: `docker inspect` of a container has their names alone.
pub(super) fn not_described(host: &DockerHost) -> Option<Gap> {
    let described: BTreeSet<&str> = host
        .networks
        .iter()
        .filter(|network| !network.is_external)
        .map(|network| network.name.as_str())
        .chain(OWN_NETWORKS)
        .collect();
    let joined = host.containers.iter().flat_map(|one| &one.networks);
    let missing: BTreeSet<&str> = joined
        .map(|(name, _)| name.as_str())
        .filter(|name| !described.contains(name))
        .collect();
    let named: Vec<String> = missing
        .iter()
        .take(NETWORK_NAMES_MAX)
        .map(|name| format!("`{}`", name.replace('`', "")))
        .collect();
    let more = match missing.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = format!("what networks {}{more} are", named.join(", "));
    let detail = "their names are known, and no document describes them";
    let hint =
        "`docker network inspect $(docker network ls -q)` does; put its output beside the others";
    (!missing.is_empty()).then(|| gap(&host.name, &what, GapReason::NotCollected, detail, hint))
}

/// A compose file tells nothing of the daemon.
fn add(host: &mut DockerHost, more: DockerHost) {
    host.containers.extend(more.containers);
    host.images.extend(more.images);
    host.networks.extend(more.networks);
    host.volumes.extend(more.volumes);
    host.plugins.extend(more.plugins);
    host.swarm.extend(more.swarm);
}
