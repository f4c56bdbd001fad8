//! Gathers a [`LogProfile`] while activities pass, at the cost of one look-up per activity.

use rustc_hash::{FxHashMap, FxHasher};
use std::collections::BTreeMap;
use std::hash::Hasher;

use viewshed_model::{Activity, Level, LogProfile, SeenRequest, Stage, Surface, Verdict};

/// Shapes of requests that are kept. A cluster with 200 kinds and eight verbs on each has 1,600; what has
/// no room is counted in [`LogProfile::further_requests`].
pub const SHAPES_MAX: usize = 4096;

/// Bytes of a verb, kind or path segment that are kept; longer ones are cut. Kubernetes names have 253 at
/// most, so only what no server knows is cut.
const PART_BYTES_MAX: usize = 253;

const STAGES: [Stage; 4] = [
    Stage::RequestReceived,
    Stage::ResponseStarted,
    Stage::ResponseComplete,
    Stage::Panic,
];
const LEVELS: [Level; 4] = [
    Level::None,
    Level::Metadata,
    Level::Request,
    Level::RequestResponse,
];
const SURFACES: [Surface; 5] = [
    Surface::KubernetesApi,
    Surface::DelegatedReview,
    Surface::DockerApi,
    Surface::Process,
    Surface::Dns,
];

/// A profile under construction.
#[derive(Debug, Default)]
pub struct ProfileCollector {
    profile: LogProfile,
    stages: [u64; 4],
    levels: [u64; 4],
    surfaces: [u64; 5],
    shapes: Vec<Shape>,
    /// From the hash of a shape to its place in `shapes`. Two shapes of one hash are told apart by their
    /// texts; the later one is then counted as having no room.
    index: FxHashMap<u64, usize>,
    /// The texts of the activity that is looked at; kept for its memory.
    joined: String,
}

/// Verb, group, kind, subresource and path of requests, one behind the other: compared at once, and in one piece
/// of memory.
#[derive(Debug)]
struct Shape {
    surface: Surface,
    /// Where each of them ends.
    ends: [u16; 5],
    joined: Box<str>,
    levels: [u64; 4],
}

impl ProfileCollector {
    /// Goes on where an earlier [`ProfileCollector::profile`] stopped.
    pub fn resume(mut profile: LogProfile) -> Self {
        let shapes = std::mem::take(&mut profile.requests);
        let mut collector = Self {
            stages: STAGES.map(|stage| count_of(&profile.stages, &stage)),
            levels: LEVELS.map(|level| count_of(&profile.levels, &level)),
            surfaces: SURFACES.map(|surface| count_of(&profile.surfaces, &surface)),
            profile,
            ..Self::default()
        };
        for seen in shapes {
            let parts = [
                seen.verb,
                seen.api_group,
                seen.resource,
                seen.subresource,
                seen.path,
            ];
            let ends = collector.join(parts.each_ref().map(String::as_str));
            let hash = hash_of(seen.surface, ends, &collector.joined);
            collector.index.insert(hash, collector.shapes.len());
            collector.shapes.push(Shape {
                surface: seen.surface,
                ends,
                joined: collector.joined.as_str().into(),
                levels: LEVELS.map(|level| count_of(&seen.levels, &level)),
            });
        }
        collector
    }

    /// Takes one activity into account.
    pub fn add(&mut self, activity: &Activity<'_>) {
        let profile = &mut self.profile;
        profile.event_count += 1;
        if activity.at_us != 0 {
            profile.last_us = profile.last_us.max(activity.at_us);
            if profile.first_us == 0 || activity.at_us < profile.first_us {
                profile.first_us = activity.at_us;
            }
        }
        profile.request_body_count += u64::from(!activity.request_body.is_empty());
        profile.response_body_count += u64::from(!activity.response_body.is_empty());
        profile.decision_count += u64::from(activity.verdict != Verdict::Unknown);
        profile.refused_count += u64::from(activity.verdict == Verdict::Refused);
        profile.failed_authentication_count += u64::from(activity.code == 401);
        profile.user_count += u64::from(!activity.actor.user.is_empty());
        profile.address_count += u64::from(!activity.actor.address.is_empty());
        profile.code_count += u64::from(activity.code != 0);
        profile.truncated_count += u64::from(activity.is_truncated);
        let level = activity.level as usize;
        add_one(&mut self.stages, activity.stage as usize);
        add_one(&mut self.levels, level);
        add_one(&mut self.surfaces, activity.surface as usize);
        self.add_shape(activity, level);
    }

    fn add_shape(&mut self, activity: &Activity<'_>, level: usize) {
        let object = &activity.object;
        let path = if object.resource.is_empty() {
            first_segment(&activity.uri)
        } else {
            ""
        };
        let parts: [&str; 5] = [
            &activity.verb,
            &object.api_group,
            &object.resource,
            &object.subresource,
            path,
        ];
        let ends = self.join(parts);
        let hash = hash_of(activity.surface, ends, &self.joined);
        let Some(at) = self.index.get(&hash).copied() else {
            self.add_new(hash, activity.surface, ends, level);
            return;
        };
        match self.shapes.get_mut(at) {
            Some(shape)
                if (shape.surface, shape.ends) == (activity.surface, ends)
                    && *shape.joined == *self.joined =>
            {
                add_one(&mut shape.levels, level);
            }
            Some(_) | None => self.profile.further_requests += 1,
        }
    }

    /// Puts parts one behind the other, and tells where each ends.
    fn join(&mut self, parts: [&str; 5]) -> [u16; 5] {
        self.joined.clear();
        parts.map(|part| {
            self.joined.push_str(bounded(part));
            u16::try_from(self.joined.len()).unwrap_or(u16::MAX)
        })
    }

    fn add_new(&mut self, hash: u64, surface: Surface, ends: [u16; 5], level: usize) {
        if self.shapes.len() >= SHAPES_MAX {
            self.profile.further_requests += 1;
            return;
        }
        let mut levels = [0; 4];
        add_one(&mut levels, level);
        self.index.insert(hash, self.shapes.len());
        self.shapes.push(Shape {
            surface,
            ends,
            joined: self.joined.as_str().into(),
            levels,
        });
    }

    /// The profile so far.
    pub fn profile(&self) -> LogProfile {
        let mut profile = self.profile.clone();
        profile.stages = counted(STAGES, self.stages);
        profile.levels = counted(LEVELS, self.levels);
        profile.surfaces = counted(SURFACES, self.surfaces);
        profile.requests = self
            .shapes
            .iter()
            .map(|shape| {
                let [verb, api_group, resource, subresource, path] = shape.parts();
                SeenRequest {
                    surface: shape.surface,
                    verb,
                    api_group,
                    resource,
                    subresource,
                    path,
                    levels: counted(LEVELS, shape.levels),
                }
            })
            .collect();
        profile.requests.sort_by(|one, other| {
            let key = |seen: &SeenRequest| {
                (
                    seen.surface,
                    seen.api_group.clone(),
                    seen.resource.clone(),
                    seen.subresource.clone(),
                    seen.path.clone(),
                    seen.verb.clone(),
                )
            };
            key(one).cmp(&key(other))
        });
        profile
    }
}

impl Shape {
    fn parts(&self) -> [String; 5] {
        let mut start = 0;
        self.ends.map(|end| {
            let end = usize::from(end);
            let part = self.joined.get(start..end).unwrap_or_default();
            start = end;
            part.to_owned()
        })
    }
}

fn hash_of(surface: Surface, ends: [u16; 5], joined: &str) -> u64 {
    let mut hasher = FxHasher::default();
    let ends = ends
        .into_iter()
        .fold(0, |all, end| (all << 12) ^ u64::from(end));
    hasher.write_u64(ends ^ surface as u64);
    hasher.write(joined.as_bytes());
    hasher.finish()
}

fn count_of<K: Ord>(counts: &BTreeMap<K, u64>, key: &K) -> u64 {
    counts.get(key).copied().unwrap_or_default()
}

fn add_one(counts: &mut [u64], index: usize) {
    if let Some(count) = counts.get_mut(index) {
        *count += 1;
    }
}

fn counted<K: Ord, const N: usize>(keys: [K; N], counts: [u64; N]) -> BTreeMap<K, u64> {
    keys.into_iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// `/apis` of `/apis/apps/v1?timeout=32s`; `/` for the root.
fn first_segment(uri: &str) -> &str {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let path = uri.get(..end).unwrap_or(uri);
    let rest = path.strip_prefix('/').unwrap_or(path);
    let segment_bytes = rest.find('/').unwrap_or(rest.len());
    let start_bytes = path.len() - rest.len();
    path.get(..start_bytes + segment_bytes).unwrap_or(path)
}

#[inline]
fn bounded(text: &str) -> &str {
    if text.len() <= PART_BYTES_MAX {
        return text;
    }
    let mut end = text.len().min(PART_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
