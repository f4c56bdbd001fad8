//! The evaluator against the real API server: generated RBAC, many questions, no difference.
//!
//! `VIEWSHED_AGREEMENT` is the number of access reviews, and of HTTP requests (100 000 each);
//! `VIEWSHED_AGREEMENT_SEED` chooses another run.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![expect(clippy::print_stderr, reason = "the figures are the point of the run")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values are indexed")]

mod api;
mod audit_log;
mod figures;
mod impersonations;
mod node_objects;
mod objects;
mod questions;
mod requests;
mod reviews;
mod rules_reviews;
mod targets;
mod world;

use std::time::Instant;

use api::Tally;
use viewshed_bench::{Availability, Needs, availability};
use viewshed_benchmarks::random::Random;
use world::World;

const QUESTIONS: usize = 100_000;

fn setting(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap(),
        Err(_) => default,
    }
}

#[test]
fn every_answer_is_the_servers() {
    if availability(Needs::ControlPlane).unwrap() == Availability::Skip {
        return;
    }
    let count = setting("VIEWSHED_AGREEMENT", QUESTIONS);
    let mut random = Random::new(setting("VIEWSHED_AGREEMENT_SEED", 1) as u64);
    let started = Instant::now();
    let world = World::start(&mut random).unwrap();
    eprintln!(
        "agreement: {} roles and {} bindings on {} in {} s",
        world.cluster.roles.len(),
        world.cluster.bindings.len(),
        world.cluster.version.as_ref().unwrap().git_version,
        started.elapsed().as_secs()
    );
    let mut differences = 0;
    let mut stage = |name: &str, run: &mut dyn FnMut() -> anyhow::Result<Tally>| {
        let started = Instant::now();
        let tally = run().unwrap();
        eprintln!(
            "agreement: {name}: {} asked, {} allowed, {} differences ({} s)",
            tally.asked,
            tally.allowed,
            tally.differences,
            started.elapsed().as_secs()
        );
        for example in &tally.examples {
            eprintln!("  {example}");
        }
        differences += tally.differences;
    };
    stage("access reviews", &mut || {
        let questions = (0..count).map(|_| {
            (
                questions::identity(&mut random),
                questions::action(&mut random),
            )
        });
        reviews::compare(&world, questions.collect::<Vec<_>>().into_iter())
    });
    stage("access reviews of nodes", &mut || {
        let questions = (0..count / 5).map(|_| {
            (
                questions::node_identity(&mut random),
                questions::node_action(&mut random),
            )
        });
        reviews::compare(&world, questions.collect::<Vec<_>>().into_iter())
    });
    stage("rules reviews", &mut || {
        rules_reviews::compare(&world, count / 20, &mut random)
    });
    stage("impersonated requests", &mut || {
        impersonations::compare(&world, count / 8, &mut random)
    });
    stage("HTTP requests", &mut || {
        requests::compare(&world, count, &mut random)
    });
    figures::print(&world, &mut random).unwrap();
    assert_eq!(differences, 0, "differences to the server");
}
