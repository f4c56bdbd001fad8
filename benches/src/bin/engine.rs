//! How long the engine takes for one activity, and how much it remembers of an identity.
//!
//! The activities are made before the clock starts, as a decoder would have made them a moment before. The
//! engine learns in a first pass; the second is timed, as it would be in the second hour of a log.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::borrow::Cow;
use std::time::Duration;

use viewshed_benchmarks::clock::thread_cpu_time;
use viewshed_benchmarks::random::Random;
use viewshed_detect::{Baseline, Engine, Settings};
use viewshed_model::{Activity, ActivityObject, Actor, Verdict};

/// Activities in one timed round: few enough to stay in the cache, where a decoder has just put them.
const ROUND: usize = 500;
const ROUNDS: usize = 600;
const START_US: i64 = 1_772_409_600_000_000;
const NAMESPACES: [&str; 8] = [
    "shop",
    "blog",
    "search",
    "mail",
    "kube-system",
    "monitoring",
    "argocd",
    "ci",
];

/// The texts of one identity, as they stand in every line of a log.
struct Identity {
    user: String,
    agent: String,
    address: String,
    credential: String,
    namespace: &'static str,
}

fn main() {
    // With a number only that many identities, for a profiler.
    if let Some(identities) = std::env::args().nth(1).and_then(|text| text.parse().ok()) {
        time(identities);
        return;
    }
    for identities in [200, 3_000, 50_000] {
        time(identities);
    }
    memory(1_000_000);
}

fn wall() -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(START_US + 90 * 86_400_000_000).unwrap_or_default()
}

/// Judges two logs of so many identities and prints the time for one activity of the second.
fn time(identities: usize) {
    let people: Vec<Identity> = (0..identities).map(identity).collect();
    let mut engine = Engine::new(Settings::default(), Baseline::default());
    let mut incidents = Vec::new();
    let mut random = Random::new(7);
    let mut at_us = START_US;
    let mut spent = Duration::ZERO;
    let mut weighed = 0;
    for round in 0..2 * ROUNDS {
        let batch: Vec<Activity<'_>> = (0..ROUND)
            .map(|_| {
                at_us += 12_000;
                // Some write much, most little, as in every cluster: the least of three random numbers, and of
                // those that write half of the log a tenth.
                let all = if random.chance(50) {
                    identities / 10
                } else {
                    identities
                };
                let user = random
                    .below(all)
                    .min(random.below(all))
                    .min(random.below(all));
                let mut one = activity(people.get(user), random.below(60), at_us);
                one.id = format!(
                    "{:016x}-{:016x}",
                    random.next_number(),
                    random.next_number()
                )
                .into();
                one
            })
            .collect();
        // A decoder has read every byte a moment before.
        let read: usize = batch
            .iter()
            .flat_map(texts)
            .map(|text| text.bytes().filter(|byte| *byte == b'\n').count())
            .sum();
        std::hint::black_box(read);
        let start = thread_cpu_time();
        engine.step(wall(), &batch, &mut incidents);
        if round >= ROUNDS {
            spent += thread_cpu_time().saturating_sub(start);
        } else {
            weighed = engine.counters().weighed;
        }
    }
    let count = u32::try_from(ROUND * ROUNDS).unwrap_or(u32::MAX);
    println!(
        "{identities} identities: {:.0} ns per activity; {} of {count} weighed, {} reports",
        spent.as_secs_f64() * 1e9 / f64::from(count),
        engine.counters().weighed - weighed,
        incidents.len()
    );
}

/// The texts that a decoder cut out of a line.
fn texts<'a>(one: &'a Activity<'_>) -> [&'a str; 6] {
    [
        &one.id,
        &one.actor.user,
        &one.actor.credential,
        &one.actor.address,
        &one.actor.user_agent,
        &one.object.namespace,
    ]
}

/// Fills the table and prints what an identity takes.
fn memory(identities: usize) {
    let before = resident_bytes();
    let mut engine = Engine::new(Settings::default(), Baseline::default());
    let mut incidents = Vec::new();
    let mut spent = Duration::ZERO;
    for user in 0..identities {
        let one = identity(user);
        let at_us = START_US + i64::try_from(user).unwrap_or_default() * 500_000;
        let batch: Vec<Activity<'_>> = (0..6)
            .map(|habit| activity(Some(&one), habit * 10, at_us))
            .collect();
        let start = thread_cpu_time();
        engine.step(wall(), &batch, &mut incidents);
        spent += thread_cpu_time().saturating_sub(start);
    }
    let bytes = resident_bytes().saturating_sub(before);
    println!(
        "{} identities with 6 habits each: {} bytes each, {:.0} ns per new habit, {} reports",
        engine.baseline().identity_count(),
        bytes / identities,
        spent.as_secs_f64() * 1e9 / 6_000_000.0,
        incidents.len()
    );
    let start = thread_cpu_time();
    let saved = engine.baseline().to_bytes();
    println!(
        "saved: {} bytes each, {:.1} s",
        saved.len() / identities,
        thread_cpu_time().saturating_sub(start).as_secs_f64()
    );
}

fn identity(user: usize) -> Identity {
    let namespace = NAMESPACES.get(user % 8).copied().unwrap_or_default();
    Identity {
        user: format!("system:serviceaccount:{namespace}:workload-{user}"),
        agent: format!("workload-{user}/v0.0.0 (linux/amd64) kubernetes/$Format"),
        address: format!(
            "10.{}.{}.{}",
            user / 62_500 % 250,
            user / 250 % 250,
            user % 250
        ),
        credential: format!("JTI=0a1b2c3d-{user:08x}-4455-6677-8899aabbccdd"),
        namespace,
    }
}

/// One of sixty: most are leases and single objects, few are watches.
fn activity(who: Option<&Identity>, habit: usize, at_us: i64) -> Activity<'_> {
    let (verb, group, resource, subresource) = match habit / 10 {
        0 => ("get", "", "configmaps", ""),
        1 | 2 => ("update", "coordination.k8s.io", "leases", ""),
        3 => ("patch", "apps", "deployments", "status"),
        4 => ("get", "", "services", ""),
        _ if habit == 59 => ("watch", "", "pods", ""),
        _ => ("create", "", "events", ""),
    };
    let text = |of: fn(&Identity) -> &str| -> Cow<'_, str> {
        Cow::Borrowed(who.map(of).unwrap_or_default())
    };
    let is_watch = verb == "watch";
    Activity {
        at_us,
        cluster: "production".into(),
        actor: Actor {
            user: text(|one| &one.user),
            address: text(|one| &one.address),
            user_agent: text(|one| &one.agent),
            credential: text(|one| &one.credential),
            ..Actor::default()
        },
        verb: verb.into(),
        object: ActivityObject {
            api_group: group.into(),
            resource: resource.into(),
            subresource: subresource.into(),
            namespace: text(|one| one.namespace),
            name: if is_watch { "" } else { "settings" }.into(),
            ..ActivityObject::default()
        },
        uri: "/api/v1/namespaces/shop/pods?resourceVersion=8172&timeout=8m32s".into(),
        code: 200,
        verdict: Verdict::Allowed,
        ..Activity::default()
    }
}

/// What the process occupies now; 0 where the system does not tell.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or_default();
    pages * 4_096
}
