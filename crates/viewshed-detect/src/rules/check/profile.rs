//! What a log records: learned from its activities, or told by an audit policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use viewshed_model::{Activity, Level, Stage};

/// Most shapes of requests that a profile keeps. A cluster has some thousand; a hostile log makes up as many
/// verbs and resources as it likes. Past it, further requests count as [`LogProfile::others`].
pub const SHAPES_MAX: usize = 20_000;

/// What requests look like that a log records, and how much of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogProfile {
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

    fn add(&mut self, other: &Self) {
        self.levels.extend(other.levels.iter().copied());
        self.stages.extend(other.stages.iter().copied());
    }
}

impl LogProfile {
    /// A log that records everything: what remains impossible there is impossible everywhere.
    pub fn everything() -> Self {
        Self {
            others: Some(Recorded::everything()),
            ..Self::default()
        }
    }

    /// Learns from one activity of a log.
    pub fn observe(&mut self, activity: &Activity<'_>) {
        let shape = RequestShape {
            verb: activity.verb.clone().into_owned(),
            api_group: activity.object.api_group.clone().into_owned(),
            resource: activity.object.resource.clone().into_owned(),
            subresource: activity.object.subresource.clone().into_owned(),
        };
        let recorded = Recorded {
            levels: BTreeSet::from([activity.level]),
            stages: BTreeSet::from([activity.stage]),
        };
        let is_full = self.requests.len() >= SHAPES_MAX;
        if is_full && !self.requests.contains_key(&shape) {
            self.others.get_or_insert_default().add(&recorded);
        } else {
            self.requests.entry(shape).or_default().add(&recorded);
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
