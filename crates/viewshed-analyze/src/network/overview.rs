//! Every source against the places that matter: what a picture of reach is drawn from.

use std::collections::BTreeMap;

use viewshed_model::{
    EndKind, Estate, OverviewCell, OverviewRow, Place, ReachOverview, ReachSource, ReachSources,
    ReachVerdict, Target,
};

use super::compare::set;
use super::docker::docker_sources;
use super::index::NetworkIndex;
use super::ports::shown;
use super::sources::rank;

/// Columns of a cluster's picture.
const OF_CLUSTER: [Target; 8] = [
    Target::Apiserver,
    Target::Kubelet,
    Target::Etcd,
    Target::Metadata,
    Target::Docker,
    Target::Dashboard,
    Target::Metrics,
    Target::World,
];

/// Columns of the picture of Docker hosts.
const OF_DOCKER: [Target; 3] = [Target::Docker, Target::Metadata, Target::World];

/// Kind, namespace, name and kind of workload of a source.
type Key = (EndKind, String, String, String);

impl NetworkIndex<'_> {
    /// Who reaches the places that matter of the cluster.
    pub fn overview(&self) -> ReachOverview {
        let targets = OF_CLUSTER.into_iter();
        let targets = targets.filter(|target| !self.points_of(*target).is_empty());
        let columns = targets.filter_map(|target| {
            let column = self.sources(&Place::Target(target), None, None);
            Some((target, column.ok()?))
        });
        ReachOverview {
            estate: self.cluster().name.clone(),
            cni: self.profile().cni().name().to_owned(),
            ..drawn(columns)
        }
    }
}

/// Who reaches the places that matter of the Docker hosts of an estate.
pub fn docker_overview(estate: &Estate) -> ReachOverview {
    let columns = OF_DOCKER.into_iter().filter_map(|target| {
        let column = docker_sources(estate, &Place::Target(target), None, None);
        Some((target, column.ok()?))
    });
    let hosts: Vec<&str> = estate.docker_hosts.iter().map(|host| &*host.name).collect();
    ReachOverview {
        estate: hosts.join(", "),
        cni: "docker".to_owned(),
        ..drawn(columns)
    }
}

/// One column after the other, so that only one is held with all its reasons.
fn drawn(columns: impl Iterator<Item = (Target, ReachSources)>) -> ReachOverview {
    let mut targets = Vec::new();
    let mut rows: BTreeMap<Key, Vec<Option<OverviewCell>>> = BTreeMap::new();
    for (target, column) in columns {
        let at = targets.len();
        targets.push(target);
        for source in column.sources {
            let key = (
                source.kind,
                source.namespace.clone(),
                source.name.clone(),
                source.workload_kind.clone(),
            );
            let cells = rows.entry(key).or_default();
            cells.resize(cells.len().max(at + 1), None);
            if let Some(cell) = cells.get_mut(at) {
                add(cell.get_or_insert_with(nothing), &source);
            }
        }
    }
    let mut rows: Vec<OverviewRow> = rows
        .into_iter()
        .map(|((kind, namespace, name, workload_kind), mut cells)| {
            cells.resize(targets.len(), None);
            OverviewRow {
                kind,
                namespace,
                name,
                workload_kind,
                cells,
            }
        })
        .collect();
    rows.sort_by_cached_key(|row| {
        let is_inside = row.kind != EndKind::Outside;
        (is_inside, std::cmp::Reverse(open(row)), row.clone())
    });
    ReachOverview {
        targets,
        rows,
        ..ReachOverview::default()
    }
}

const fn nothing() -> OverviewCell {
    OverviewCell {
        verdict: ReachVerdict::Denied,
        ports: Vec::new(),
    }
}

/// How many places a source reaches, and may reach.
fn open(row: &OverviewRow) -> (usize, usize) {
    let count = |wanted| {
        let cells = row.cells.iter().flatten();
        cells.filter(|cell| cell.verdict == wanted).count()
    };
    (count(ReachVerdict::Allowed), count(ReachVerdict::Depends))
}

/// Adds what some pods of a workload reach.
fn add(cell: &mut OverviewCell, source: &ReachSource) {
    let ports = match source.verdict {
        ReachVerdict::Allowed => &source.ports,
        ReachVerdict::Depends => &source.uncertain_ports,
        ReachVerdict::Denied => return,
    };
    if cell.verdict == source.verdict {
        cell.ports = shown(&set(&cell.ports).union(&set(ports)));
    } else if rank(source.verdict) < rank(cell.verdict) {
        cell.verdict = source.verdict;
        cell.ports.clone_from(ports);
    }
}
