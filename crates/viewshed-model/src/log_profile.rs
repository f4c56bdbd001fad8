//! What a log was seen to hold: which stages, levels and requests ever occur in it.
//!
//! Gathered from activities while they pass; from it follow what the log can show at all and which rules
//! can never fire on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Level, Stage, Surface};

/// The shape of one log. What never occurred may still be possible: a short log proves little.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogProfile {
    /// Entries that it was gathered from.
    pub event_count: u64,
    /// Time of the earliest, in microseconds since 1970; 0 when none had a time.
    pub first_us: i64,
    /// Time of the latest.
    pub last_us: i64,
    /// Entries per surface.
    pub surfaces: BTreeMap<Surface, u64>,
    /// Entries per stage.
    pub stages: BTreeMap<Stage, u64>,
    /// Entries per level.
    pub levels: BTreeMap<Level, u64>,
    /// The shapes of requests that occur, each once, in order; bounded by the collector.
    pub requests: Vec<SeenRequest>,
    /// Entries whose shape had no room in `requests`: then what is not in the list may have occurred.
    pub further_requests: u64,
    /// Entries that hold `requestObject`.
    pub request_body_count: u64,
    /// Entries that hold `responseObject`.
    pub response_body_count: u64,
    /// Entries with the authorizer's decision.
    pub decision_count: u64,
    /// Requests that were refused.
    pub refused_count: u64,
    /// Requests whose credential was not accepted (HTTP 401).
    pub failed_authentication_count: u64,
    /// Entries with a user.
    pub user_count: u64,
    /// Entries with a source address.
    pub address_count: u64,
    /// Entries with the HTTP status of the answer.
    pub code_count: u64,
    /// Entries that the log cut.
    pub truncated_count: u64,
}

/// Requests of one shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeenRequest {
    /// What was asked.
    pub surface: Surface,
    /// Verb, lower-case HTTP method, Docker action, ...
    pub verb: String,
    /// API group; empty for core.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_group: String,
    /// Plural resource; empty for a request that is not for an object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource: String,
    /// Subresource.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subresource: String,
    /// For a request that is not for an object: the first segment of its path (`/apis`).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Entries per level.
    pub levels: BTreeMap<Level, u64>,
}

impl LogProfile {
    /// Requests of one verb and kind. `*` stands for any verb, group, resource or subresource.
    pub fn seen<'a>(
        &'a self,
        surface: Surface,
        verb: &'a str,
        (api_group, resource, subresource): (&'a str, &'a str, &'a str),
    ) -> impl Iterator<Item = &'a SeenRequest> {
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        self.requests.iter().filter(move |seen| {
            seen.surface == surface
                && !seen.resource.is_empty()
                && fits(verb, &seen.verb)
                && fits(api_group, &seen.api_group)
                && fits(resource, &seen.resource)
                && fits(subresource, &seen.subresource)
        })
    }

    /// Requests for a path whose first segment is `path`.
    pub fn seen_path<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a SeenRequest> {
        self.requests.iter().filter(move |seen| {
            seen.surface == Surface::KubernetesApi && seen.resource.is_empty() && seen.path == path
        })
    }

    /// Whether entries of a stage occur.
    pub fn has_stage(&self, stage: Stage) -> bool {
        self.stages.contains_key(&stage)
    }
}

impl SeenRequest {
    /// How many entries.
    pub fn count(&self) -> u64 {
        self.levels.values().sum()
    }

    /// The most that was recorded of one of them.
    pub fn highest_level(&self) -> Level {
        self.levels
            .last_key_value()
            .map_or(Level::None, |(level, _)| *level)
    }
}
