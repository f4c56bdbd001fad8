//! What the logs showed of a rehearsal: which of its requests stand in them, and which became incidents.
//!
//! A request is found by the run's id in the user agent and by what it asked for. Logs without user agents
//! (delegated reviews, Docker's daemon log) are searched by time, identity and path. The user agent proves
//! nothing about who sent a request; that is why events beyond the run's own record are counted.

mod judge;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use viewshed_model::{Activity, AskedFor, Incident, Level, RehearsalRun, SentRequest, Surface};

pub use judge::{Sources, unjudged};

/// How far the clocks of the sending machine and of a log without user agents may be apart.
pub const SKEW: SignedDuration = SignedDuration::from_secs(10);

/// Events with the run's id that are told apart; a run sends some fifty requests. What goes over is counted as
/// unexplained.
const EVENTS_MAX: usize = 10_000;

/// Looks for the events of one run.
#[derive(Debug)]
pub struct Finder<'r> {
    run: &'r RehearsalRun,
    /// By step and place in it.
    found: Vec<Vec<Option<Found>>>,
    /// Where requests that a log names alike stand.
    places: BTreeMap<Key, Vec<(usize, usize)>>,
    /// The request that each audit id belongs to.
    by_id: BTreeMap<String, (usize, usize)>,
    unexplained: BTreeSet<String>,
    unexplained_beyond: u64,
    /// The time of the earliest event that was read, in microseconds.
    begins_us: BTreeMap<Surface, i64>,
}

/// What is known of a request that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// Empty in logs without ids.
    id: String,
    at_us: i64,
    level: Level,
    user: String,
}

/// How a log names a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    surface: Surface,
    is_anonymous: bool,
    asked: AskedFor,
    /// Of requests for paths only.
    path: String,
}

impl<'r> Finder<'r> {
    /// Looks for what `run` sent.
    pub fn new(run: &'r RehearsalRun) -> Self {
        let mut places: BTreeMap<Key, Vec<(usize, usize)>> = BTreeMap::new();
        for (step, taken) in run.steps.iter().enumerate() {
            for (place, request) in taken.requests.iter().enumerate() {
                let key = key(taken.surface, request);
                places.entry(key).or_default().push((step, place));
            }
        }
        Self {
            run,
            found: run
                .steps
                .iter()
                .map(|step| vec![None; step.requests.len()])
                .collect(),
            places,
            by_id: BTreeMap::new(),
            unexplained: BTreeSet::new(),
            unexplained_beyond: 0,
            begins_us: BTreeMap::new(),
        }
    }

    /// Notes the events of the run among `activities`.
    pub fn take(&mut self, activities: &[Activity<'_>]) {
        for activity in activities {
            let begin = self.begins_us.entry(activity.surface);
            let begin = begin.or_insert(activity.at_us);
            *begin = activity.at_us.min(*begin);
            match activity.surface {
                Surface::KubernetesApi if self.is_own(activity) => self.take_request(activity),
                Surface::DelegatedReview if self.is_in_time(activity.at_us) => {
                    self.take_review(activity);
                }
                Surface::DockerApi if self.may_be_own(activity) => self.take_docker(activity),
                Surface::KubernetesApi
                | Surface::DelegatedReview
                | Surface::DockerApi
                | Surface::Process
                | Surface::Dns => {}
            }
        }
    }

    fn is_own(&self, activity: &Activity<'_>) -> bool {
        !self.run.id.is_empty() && activity.actor.user_agent.contains(&self.run.id)
    }

    /// Docker's own log has no user agents; where a log has them, the run's id decides.
    fn may_be_own(&self, activity: &Activity<'_>) -> bool {
        if activity.actor.user_agent.is_empty() {
            self.is_in_time(activity.at_us)
        } else {
            self.is_own(activity)
        }
    }

    fn is_in_time(&self, at_us: i64) -> bool {
        let skew_us = i64::try_from(SKEW.as_micros()).unwrap_or(i64::MAX);
        let start = self.run.started_at.as_microsecond().saturating_sub(skew_us);
        let end = self.run.ended_at.as_microsecond().saturating_add(skew_us);
        (start..=end).contains(&at_us)
    }

    fn take_request(&mut self, activity: &Activity<'_>) {
        let is_path = activity.object.resource.is_empty();
        let object = &activity.object;
        let key = Key {
            surface: Surface::KubernetesApi,
            is_anonymous: matches!(&*activity.actor.user, "" | "system:anonymous"),
            asked: AskedFor {
                verb: activity.verb.to_string(),
                api_group: object.api_group.to_string(),
                resource: object.resource.to_string(),
                subresource: object.subresource.to_string(),
                namespace: object.namespace.to_string(),
                name: object.name.to_string(),
            },
            path: if is_path {
                without_query(&activity.uri).to_owned()
            } else {
                String::new()
            },
        };
        if let Some(place) = self.by_id.get(&*activity.id).copied() {
            self.mark(place, activity);
            return;
        }
        match self.nearest(&key, activity.at_us) {
            Some(place) => {
                if !activity.id.is_empty() {
                    self.by_id.insert(activity.id.to_string(), place);
                }
                self.mark(place, activity);
            }
            // Another stage of a request that has no id cannot be told from another request.
            None if activity.id.is_empty() => {}
            None if self.unexplained.len() < EVENTS_MAX => {
                self.unexplained.insert(activity.id.to_string());
            }
            None => self.unexplained_beyond += 1,
        }
    }

    /// A kubelet asks once for several requests and remembers the answer, so one review stands for all alike.
    fn take_review(&mut self, activity: &Activity<'_>) {
        let is_of_pods = activity.object.resource == "nodes"
            && matches!(&*activity.object.subresource, "pods" | "proxy");
        if !is_of_pods {
            return;
        }
        let user = &*activity.actor.user;
        let is_anonymous = user == "system:anonymous";
        let identity = self.run.identity.as_ref();
        if !is_anonymous && identity.is_none_or(|identity| identity.user != user) {
            return;
        }
        let places: Vec<(usize, usize)> = self
            .places
            .iter()
            .filter(|(key, _)| {
                key.surface == Surface::DelegatedReview && key.is_anonymous == is_anonymous
            })
            .flat_map(|(_, places)| places.iter().copied())
            .collect();
        for place in places {
            self.mark(place, activity);
        }
    }

    fn take_docker(&mut self, activity: &Activity<'_>) {
        let key = Key {
            surface: Surface::DockerApi,
            is_anonymous: false,
            asked: AskedFor::default(),
            path: docker_path(&activity.uri).to_owned(),
        };
        // An authorization plugin is asked before and after; a plugin that only logs the question is enough.
        if let Some(place) = self.nearest(&key, activity.at_us) {
            self.mark(place, activity);
        }
    }

    /// Of the requests that are named alike and do not show yet, the one that was sent at the nearest time.
    fn nearest(&self, key: &Key, at_us: i64) -> Option<(usize, usize)> {
        let places = self.places.get(key)?;
        let free = places.iter().filter(|place| self.at(**place).is_none());
        free.copied().min_by_key(|(step, place)| {
            let request = self.run.steps.get(*step)?.requests.get(*place)?;
            Some(request.sent_at.as_microsecond().abs_diff(at_us))
        })
    }

    fn at(&self, (step, place): (usize, usize)) -> Option<&Found> {
        self.found.get(step)?.get(place)?.as_ref()
    }

    fn mark(&mut self, (step, place): (usize, usize), activity: &Activity<'_>) {
        let Some(entry) = self
            .found
            .get_mut(step)
            .and_then(|requests| requests.get_mut(place))
        else {
            return;
        };
        let level = entry
            .as_ref()
            .map_or(activity.level, |found| found.level.max(activity.level));
        let at_us = entry.as_ref().map_or(activity.at_us, |found| found.at_us);
        *entry = Some(Found {
            id: activity.id.to_string(),
            at_us,
            level,
            user: activity.actor.user.to_string(),
        });
    }

    /// Events with the run's id that its record does not explain.
    pub fn unexplained_events(&self) -> u64 {
        self.unexplained.len() as u64 + self.unexplained_beyond
    }

    /// Everything of the run that shows.
    fn events(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().flatten().flatten()
    }

    /// Whether an incident holds an event of the run.
    fn holds(incident: &Incident, event: &Found) -> bool {
        if event.id.is_empty() {
            let time = incident.first_event.time.as_microsecond()
                ..=incident.last_event.time.as_microsecond();
            let is_of_docker =
                |tally: &viewshed_model::RequestTally| tally.surface == Surface::DockerApi;
            return time.contains(&event.at_us) && incident.requests.iter().any(is_of_docker);
        }
        incident.audit_ids.contains(&event.id)
            || incident
                .reasons
                .iter()
                .any(|reason| reason.audit_id == event.id)
            || is_beyond_the_list(incident, event)
    }
}

/// An incident names its earliest events only; later ones are told by who and when.
fn is_beyond_the_list(incident: &Incident, event: &Found) -> bool {
    let is_full = incident.event_count > incident.audit_ids.len() as u64;
    let names = std::iter::once(&incident.actor).chain(&incident.also_as);
    is_full
        && names.into_iter().any(|actor| actor.name == event.user)
        && (incident.first_event.time.as_microsecond()..=incident.last_event.time.as_microsecond())
            .contains(&event.at_us)
}

fn key(surface: Surface, request: &SentRequest) -> Key {
    let is_path = request.asked.resource.is_empty();
    match surface {
        Surface::DockerApi => Key {
            surface,
            is_anonymous: false,
            asked: AskedFor::default(),
            path: docker_path(&request.path).to_owned(),
        },
        Surface::DelegatedReview => Key {
            surface,
            is_anonymous: request.is_anonymous,
            asked: AskedFor::default(),
            path: request.path.clone(),
        },
        Surface::KubernetesApi | Surface::Process | Surface::Dns => Key {
            surface,
            is_anonymous: request.is_anonymous,
            asked: request.asked.clone(),
            path: if is_path {
                without_query(&request.path).to_owned()
            } else {
                String::new()
            },
        },
    }
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// A path of Docker's API without its version and query.
fn docker_path(path: &str) -> &str {
    let path = without_query(path);
    let rest = path.trim_start_matches('/');
    match rest.split_once('/') {
        Some((version, rest))
            if version
                .strip_prefix('v')
                .is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit())) =>
        {
            rest
        }
        _ => rest,
    }
}
