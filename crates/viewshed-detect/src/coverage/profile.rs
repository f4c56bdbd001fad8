//! Gathers a [`LogProfile`] while activities pass, at the cost of one look-up per activity.

use rustc_hash::{FxHashMap, FxHasher};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use viewshed_model::{Activity, Level, LogProfile, SeenRequest, Stage, Surface, Verdict};

/// Shapes of requests that are kept. A cluster with 200 kinds and eight verbs on each has 1,600; what has
/// no room is counted in [`LogProfile::further_requests`].
pub const SHAPES_MAX: usize = 4096;

/// Shapes that are found again without hashing: a cluster's daily work has some dozens.
const RECENT_MAX: usize = 256;

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
    /// By outline, the place in `shapes` of the one that was seen last.
    recent: Vec<usize>,
}

#[derive(Debug)]
struct Shape {
    surface: Surface,
    parts: [String; 5],
    levels: [u64; 4],
}

impl Shape {
    fn is(&self, surface: Surface, parts: [&str; 5]) -> bool {
        self.surface == surface
            && self.parts.iter().zip(parts).all(|(own, other)| {
                // Most parts are empty, and comparing nothing is slow: an empty text points nowhere, and the
                // masked loads of glibc's `memcmp` from there take a hundred cycles on Zen 4.
                own.len() == other.len() && (other.is_empty() || own == other)
            })
    }
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
            let hash = hash_of(seen.surface, parts.each_ref().map(String::as_str));
            collector.index.insert(hash, collector.shapes.len());
            collector.shapes.push(Shape {
                surface: seen.surface,
                parts,
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
        ]
        .map(bounded);
        let outline = outline(parts);
        let at_once = self.recent.get(outline).copied();
        if let Some(shape) = at_once.and_then(|at| self.shapes.get_mut(at))
            && shape.is(activity.surface, parts)
        {
            add_one(&mut shape.levels, level);
            return;
        }
        let hash = hash_of(activity.surface, parts);
        let Some(at) = self.index.get(&hash).copied() else {
            self.add_new(hash, activity.surface, parts, level);
            return;
        };
        match self.shapes.get_mut(at) {
            Some(shape) if shape.is(activity.surface, parts) => {
                add_one(&mut shape.levels, level);
                self.recent.resize(RECENT_MAX, usize::MAX);
                if let Some(recent) = self.recent.get_mut(outline) {
                    *recent = at;
                }
            }
            Some(_) | None => self.profile.further_requests += 1,
        }
    }

    fn add_new(&mut self, hash: u64, surface: Surface, parts: [&str; 5], level: usize) {
        if self.shapes.len() >= SHAPES_MAX {
            self.profile.further_requests += 1;
            return;
        }
        let mut levels = [0; 4];
        add_one(&mut levels, level);
        self.index.insert(hash, self.shapes.len());
        self.shapes.push(Shape {
            surface,
            parts: parts.map(str::to_owned),
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
                let [verb, api_group, resource, subresource, path] = shape.parts.clone();
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

fn hash_of(surface: Surface, parts: [&str; 5]) -> u64 {
    let mut hasher = FxHasher::default();
    (surface, parts).hash(&mut hasher);
    hasher.finish()
}

/// A number that shapes seldom share, from the lengths and ends of the parts.
fn outline(parts: [&str; 5]) -> usize {
    let outline = parts.iter().fold(0_usize, |outline, part| {
        let end = part.as_bytes().last().copied().unwrap_or_default();
        outline
            .wrapping_mul(31)
            .wrapping_add(part.len())
            .wrapping_add(usize::from(end) << 3)
    });
    (outline ^ (outline >> 8) ^ (outline >> 16)) % RECENT_MAX
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

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(PART_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
