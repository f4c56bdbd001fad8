//! How much of what an identity can see it has asked for: incidents meet the estate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use viewshed_analyze::SightIndex;
use viewshed_analyze::see::{Visible, is_answered, visible};
use viewshed_detect::Baseline;
use viewshed_model::{Cluster, Explored, Gap, GapReason, Identity, Incident, IncidentActor};

use crate::input;
use crate::outcome::Failure;
use crate::output::Screen;

/// Identities whose view is remembered. Working one out takes a pass over the cluster; when there are more, all
/// are worked out anew as they come.
const VIEWS_MAX: usize = 1_024;

/// Kinds that are named as new.
const NEW_KINDS_MAX: usize = 32;

/// The estate that the logs are of.
#[derive(Debug)]
pub(crate) struct Estate {
    clusters: Vec<Cluster>,
    /// By cluster and user.
    views: BTreeMap<(String, String), Visible>,
    /// Incidents of clusters that are not in the estate.
    strangers: BTreeSet<String>,
}

impl Estate {
    /// Reads it.
    ///
    /// # Errors
    /// When there is no cluster in what was named.
    pub(crate) fn read(paths: &[PathBuf], screen: &Screen) -> Result<Option<Self>, Failure> {
        if paths.is_empty() {
            return Ok(None);
        }
        let estate = input::from_files(paths, screen)?;
        if estate.clusters.is_empty() {
            return Err(Failure::usage(
                "there is no cluster in what --estate-from names",
                "give a snapshot of `viewshed collect`, or manifests",
            ));
        }
        Ok(Some(Self {
            clusters: estate.clusters,
            views: BTreeMap::new(),
            strangers: BTreeSet::new(),
        }))
    }

    /// Notes on an incident what its identities can see, and how much of it they asked for.
    pub(crate) fn explore(&mut self, incident: &mut Incident, baseline: &Baseline) {
        if !incident.requests.iter().any(is_answered) {
            return;
        }
        let Some(cluster) = self.cluster_of(incident) else {
            return;
        };
        let mut seen = Visible::default();
        for actor in std::iter::once(&incident.actor).chain(&incident.also_as) {
            if let Some(view) = self.view(cluster, actor) {
                seen.merge(view);
            }
        }
        let usual = usual_kinds(incident, baseline);
        let mut new_kinds: Vec<String> = incident
            .requests
            .iter()
            .filter(|request| is_answered(request) && seen.shows(&request.kind))
            .map(|request| request.kind.clone())
            .filter(|kind| !usual.contains(kind))
            .collect();
        new_kinds.sort();
        new_kinds.dedup();
        new_kinds.truncate(NEW_KINDS_MAX);
        incident.explored = Some(Explored {
            visible: seen.total(),
            asked: seen.asked(&incident.requests),
            new_kinds,
        });
    }

    /// What the report has to say of incidents that could not be compared.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = Gap> {
        self.strangers.iter().map(|name| Gap {
            source: name.clone(),
            what: "tell how much of its view an identity has asked for".to_owned(),
            reason: GapReason::NotCollected,
            detail: "the estate has several clusters, and none of this name".to_owned(),
            hint: "name the snapshot of this cluster alone with --estate-from".to_owned(),
            count: 1,
        })
    }

    /// Most logs do not name their cluster; then the estate must have one only.
    fn cluster_of(&mut self, incident: &Incident) -> Option<usize> {
        let named = self
            .clusters
            .iter()
            .position(|cluster| cluster.name == incident.cluster);
        let only = (self.clusters.len() == 1).then_some(0);
        let found = named.or(only);
        if found.is_none() && self.strangers.len() < VIEWS_MAX {
            self.strangers.insert(incident.cluster.clone());
        }
        found
    }

    fn view(&mut self, cluster: usize, actor: &IncidentActor) -> Option<&Visible> {
        let cluster = self.clusters.get(cluster)?;
        let key = (cluster.name.clone(), actor.name.clone());
        if !self.views.contains_key(&key) {
            if self.views.len() >= VIEWS_MAX {
                self.views.clear();
            }
            let view = visible(&SightIndex::new(cluster), &identity(actor)).ok()?;
            self.views.insert(key.clone(), view);
        }
        self.views.get(&key)
    }
}

/// A log names the groups of a user; those of a service account follow from its name.
fn identity(actor: &IncidentActor) -> Identity {
    match viewshed_model::service_account_of(&actor.name) {
        Some((namespace, name)) => Identity::service_account(namespace, name),
        None => Identity::exactly(&actor.name, actor.groups.iter().map(String::as_str)),
    }
}

/// The kinds that its identities asked for before the session began.
fn usual_kinds(incident: &Incident, baseline: &Baseline) -> BTreeSet<String> {
    let actors = std::iter::once(&incident.actor).chain(&incident.also_as);
    actors
        .flat_map(|actor| baseline.rows_of(&incident.cluster, &actor.name))
        .filter(|row| {
            !row.is_suspect && row.first_seen.as_second() < incident.first_event.time.as_second()
        })
        .map(|row| row.kind)
        .collect()
}
