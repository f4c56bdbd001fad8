//! The Docker hosts of a set of files: which documents speak of the same one.

use std::collections::{BTreeMap, BTreeSet};

use viewshed_model::{DockerHost, Gap, GapReason, Position};

use crate::docker;
use crate::docker::compose::{self, Layer};
use crate::gaps::gap;

/// Networks that every engine makes itself.
const OWN_NETWORKS: [&str; 3] = ["bridge", "host", "none"];
/// Most networks that one gap names.
const NETWORK_NAMES_MAX: usize = 10;

/// The names that Compose looks for by itself (compose-go `cli.DefaultFileNames`), without their endings.
const DEFAULT_STEMS: [&str; 2] = ["compose", "docker-compose"];

/// The Docker hosts that files tell of.
#[derive(Debug)]
pub(super) struct Hosts {
    /// What daemons told, and compose files too where they belong together.
    machine: DockerHost,
    /// The compose files that are read together, each over those before it.
    projects: BTreeMap<String, Vec<Layer>>,
    is_one_per_project: bool,
}

impl Hosts {
    /// Everything is one host of this name. Compose files of one folder are laid over each other in the order
    /// of their names on the command line, as `docker compose -f A -f B` does.
    pub(super) fn new(name: &str) -> Self {
        let machine = DockerHost {
            name: name.to_owned(),
            ..DockerHost::default()
        };
        Self {
            machine,
            projects: BTreeMap::new(),
            is_one_per_project: false,
        }
    }

    /// Each compose project is a host of its own.
    pub(super) fn one_per_project(name: &str) -> Self {
        Self {
            is_one_per_project: true,
            ..Self::new(name)
        }
    }

    /// The host that a daemon's documents speak of.
    pub(super) fn machine(&mut self) -> &mut DockerHost {
        &mut self.machine
    }

    /// Adds a document of a compose file.
    pub(super) fn add_compose(&mut self, gaps: &mut Vec<Gap>, place: &Position, text: &str) {
        let Some(layer) = compose::read_layer(gaps, &place.file, place.line, text) else {
            return;
        };
        let project = if self.is_one_per_project {
            stem_of(&place.file).0
        } else {
            split_folder(&place.file).0
        };
        let layers = self.projects.entry(project.to_owned()).or_default();
        layers.push(layer);
    }

    /// Those of which anything was found. A single project and settings of a daemon are one host, named as
    /// the daemon names its host (`docker info`), else as the whole set.
    pub(super) fn finish(mut self, gaps: &mut Vec<Gap>) -> Vec<DockerHost> {
        if self.is_one_per_project {
            self.settle_overrides();
        }
        let is_apart = self.is_one_per_project
            && (self.projects.len() > 1 || !self.machine.containers.is_empty());
        let mut projects = Vec::new();
        for layers in self.projects.into_values() {
            if is_apart {
                let mut host = DockerHost {
                    name: layers.first().map_or("", Layer::path).to_owned(),
                    ..DockerHost::default()
                };
                compose::add_project(&mut host, gaps, layers);
                projects.extend(Some(host).filter(holds_anything));
            } else {
                compose::add_project(&mut self.machine, gaps, layers);
            }
        }
        let mut machine = Some(self.machine).filter(holds_anything);
        if let Some(machine) = &mut machine
            && !machine.daemon.host_name.is_empty()
        {
            machine.daemon.host_name.clone_into(&mut machine.name);
        }
        let mut hosts: Vec<DockerHost> = machine.into_iter().chain(projects).collect();
        hosts.iter_mut().for_each(docker::sort);
        hosts
    }

    /// Lays each override over its base, and one without a base of its name over the other name that Compose
    /// looks for in that folder.
    fn settle_overrides(&mut self) {
        let is_override = |layer: &Layer| stem_of(layer.path()).1;
        for layers in self.projects.values_mut() {
            layers.sort_by_key(is_override);
        }
        let lonely: Vec<(String, String)> = self
            .projects
            .iter()
            .filter(|(_, layers)| layers.iter().all(is_override))
            .filter_map(|(project, _)| {
                let other = other_default(project)?;
                let is_there = self.projects.contains_key(&other);
                is_there.then(|| (project.clone(), other))
            })
            .collect();
        for (project, other) in lonely {
            let layers = self.projects.remove(&project).unwrap_or_default();
            self.projects.entry(other).or_default().extend(layers);
        }
    }
}

fn holds_anything(host: &DockerHost) -> bool {
    let nothing = DockerHost {
        name: host.name.clone(),
        ..DockerHost::default()
    };
    *host != nothing
}

/// A file's project, and whether it only adds to the file of the same name without `.override`, which
/// `docker compose` reads with it.
fn stem_of(path: &str) -> (&str, bool) {
    let endings = [".yaml", ".yml"].into_iter();
    let mut stems = endings.filter_map(|ending| path.strip_suffix(ending));
    let stem = stems.next().unwrap_or(path);
    match stem.strip_suffix(".override") {
        Some(base) => (base, true),
        None => (stem, false),
    }
}

/// The folder with its separator, and the name.
fn split_folder(path: &str) -> (&str, &str) {
    let start = path.rfind(['/', '\\']).map_or(0, |index| index + 1);
    path.split_at_checked(start).unwrap_or(("", path))
}

/// The other of the two names that Compose looks for beside this one.
fn other_default(project: &str) -> Option<String> {
    let (folder, stem) = split_folder(project);
    let index = DEFAULT_STEMS.iter().position(|known| *known == stem)?;
    let other = DEFAULT_STEMS.get(1_usize.checked_sub(index)?)?;
    Some(format!("{folder}{other}"))
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
