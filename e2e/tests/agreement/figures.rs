//! The server's speed beside ours, on the same questions in the same run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use viewshed_analyze::rbac::{AccessIndex, self_subject_rules};
use viewshed_benchmarks::random::Random;
use viewshed_model::{AccessRequest, Action, Identity};

use crate::world::World;
use crate::{questions, reviews};

/// Reviews for the comparison of speed: some seconds of the server.
const REVIEWS: usize = 10_000;

/// How often `kubectl auth can-i --list` runs; the median counts.
const LISTS: usize = 5;

/// Prints how long the server and Viewshed take for the same reviews, and for a list of all rules.
pub(crate) fn print(world: &World, random: &mut Random) -> Result<()> {
    let asked: Vec<(Identity, Action)> = (0..REVIEWS)
        .map(|_| (questions::identity(random), questions::action(random)))
        .collect();
    let requests: Vec<AccessRequest> = asked
        .into_iter()
        .map(|(identity, action)| AccessRequest { identity, action })
        .collect();
    let started = Instant::now();
    reviews::send(world, &requests)?;
    let server = started.elapsed();
    let index = AccessIndex::new(&world.cluster);
    let started = Instant::now();
    for request in &requests {
        let decision = index.session(&request.identity).decide(&request.action);
        black_box(decision);
    }
    let ours = started.elapsed();
    eprintln!(
        "figures: {REVIEWS} access reviews: the server {:.0} per second, Viewshed on one core {:.0} per \
         second, {:.0} times as many",
        rate(server),
        rate(ours),
        server.as_secs_f64() / ours.as_secs_f64()
    );
    let mut lists = Vec::new();
    for _ in 0..LISTS {
        let started = Instant::now();
        world.plane.kubectl().run(&["auth", "can-i", "--list"])?;
        lists.push(started.elapsed());
    }
    lists.sort_unstable();
    let identity = Identity::user("admin", ["system:masters"]);
    let started = Instant::now();
    black_box(self_subject_rules(&index, &identity, "default"));
    eprintln!(
        "figures: kubectl auth can-i --list: {:.0} ms; the same rules from the index: {:.3} ms",
        lists[LISTS / 2].as_secs_f64() * 1e3,
        started.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

fn rate(time: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "ten thousand is exact")]
    let count = REVIEWS as f64;
    count / time.as_secs_f64()
}
