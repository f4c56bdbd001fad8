//! Which requests a log records, and how much of each: seen in it, or told by an audit policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use viewshed_model::{Level, LogProfile, Stage, Surface};

/// What requests look like that a log records, and how much of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recordable {
    /// Requests by shape.
    pub requests: BTreeMap<RequestShape, Recorded>,
    /// How requests are recorded that `requests` does not name; `None`: not at all.
    pub others: Option<Recorded>,
    /// What stands in `responseStatus.code`.
    pub codes: StatusCodes,
}

/// Requests of one shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestShape {
    /// Verb.
    pub verb: String,
    /// API group; empty for core.
    pub api_group: String,
    /// Plural resource; empty for a request that is about no resource.
    pub resource: String,
    /// Subresource; empty for the resource itself.
    pub subresource: String,
}

/// How much of some requests is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Audit levels that occur.
    pub levels: BTreeSet<Level>,
    /// Stages that occur.
    pub stages: BTreeSet<Stage>,
}

/// What stands in `responseStatus.code`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusCodes {
    /// HTTP status codes. Viewshed's decoders map every source to them.
    #[default]
    Http,
    /// gRPC codes, as Google's audit log has them and as Falco's plugin for it passes them on.
    Grpc,
}

impl Recorded {
    /// Everything that a log can hold of a request.
    pub fn everything() -> Self {
        Self {
            levels: BTreeSet::from([Level::Metadata, Level::Request, Level::RequestResponse]),
            stages: BTreeSet::from([
                Stage::RequestReceived,
                Stage::ResponseStarted,
                Stage::ResponseComplete,
                Stage::Panic,
            ]),
        }
    }

    /// One level, and the stages that kube-apiserver records by default.
    pub fn at(level: Level) -> Self {
        Self {
            levels: BTreeSet::from([level]),
            ..Self::everything()
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.levels.extend(other.levels.iter().copied());
        self.stages.extend(other.stages.iter().copied());
    }
}

impl Recordable {
    /// A log that records everything: what remains impossible there is impossible everywhere.
    pub fn everything() -> Self {
        Self {
            others: Some(Recorded::everything()),
            ..Self::default()
        }
    }

    /// Adds what another source records.
    pub fn merge(&mut self, other: &Self) {
        for (shape, recorded) in &other.requests {
            self.requests
                .entry(shape.clone())
                .or_default()
                .add(recorded);
        }
        if let Some(others) = &other.others {
            self.others.get_or_insert_default().add(others);
        }
    }

    /// Everything that is recorded of any request.
    pub(super) fn of_any(&self) -> Recorded {
        let mut sum = self.others.clone().unwrap_or_default();
        for recorded in self.requests.values() {
            sum.add(recorded);
        }
        sum
    }
}

/// What occurred in a log. Stages are known of the log as a whole only, so each counts for every request.
impl From<&LogProfile> for Recordable {
    fn from(profile: &LogProfile) -> Self {
        let stages: BTreeSet<Stage> = profile.stages.keys().copied().collect();
        let of_api = profile
            .requests
            .iter()
            .filter(|seen| seen.surface == Surface::KubernetesApi);
        let requests = of_api.map(|seen| {
            let shape = RequestShape {
                verb: seen.verb.clone(),
                api_group: seen.api_group.clone(),
                resource: seen.resource.clone(),
                subresource: seen.subresource.clone(),
            };
            (shape, seen.levels.keys().copied().collect())
        });
        let mut recordable = Self::default();
        for (shape, levels) in requests {
            let recorded = Recorded {
                levels,
                stages: stages.clone(),
            };
            recordable.requests.entry(shape).or_default().add(&recorded);
        }
        if profile.further_requests > 0 {
            recordable.others = Some(Recorded {
                levels: profile.levels.keys().copied().collect(),
                stages,
            });
        }
        recordable
    }
}
