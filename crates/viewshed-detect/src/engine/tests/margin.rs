//! What is told of those who are no incident, and of incidents while nobody looks.

use viewshed_model::IncidentState;

use super::world::{ORDINARY, engine, wall};
use crate::script::activities;
use crate::{Baseline, Engine, Settings};

#[test]
fn what_came_nearest_is_told_with_its_points() {
    let mut engine = engine();
    let mut told = Vec::new();
    for day in -34..=0 {
        engine.step(wall(), &activities(ORDINARY, day), &mut told);
    }
    engine.told();
    assert_eq!(engine.nearest(), None);
    let script = "09:00:00 shop/cart get configmaps cart -n shop 200
                  +1m shop/cart list nodes -A 200
                  +5m shop/cart get configmaps cart -n shop 200";
    engine.step(wall(), &activities(script, 0), &mut told);
    engine.finish(wall(), &mut told);
    assert!(told.is_empty(), "{told:#?}");
    let nearest = engine.nearest().unwrap();
    assert_eq!((&*nearest.actor, nearest.threshold), ("shop/cart", 100));
    assert_eq!(
        nearest.reason,
        "first time in 34 days that shop/cart lists nodes"
    );
    assert!((40..100).contains(&nearest.points), "{nearest:?}");
    // It outlives a restart, until a report has told it.
    let mut again = engine.clone_for_signs();
    assert_eq!(again.nearest(), engine.nearest());
    again.told();
    assert_eq!(again.nearest(), None);
}

#[test]
fn whom_the_allow_list_let_through_is_counted() {
    let settings = Settings {
        user_allow_list: vec!["system:serviceaccount:ops:*".to_owned()],
        ..Settings::default()
    };
    let mut engine = Engine::new(settings, Baseline::default());
    let script = "10:00:00 ops/scanner list secrets -A 200
                  +1s ops/scanner list nodes -A 200
                  +1s ops/scanner list nodes -A 200
                  +1s ops/quiet get configmaps quiet -n ops 200";
    let mut told = Vec::new();
    engine.step(wall(), &activities(script, 0), &mut told);
    engine.finish(wall(), &mut told);
    assert!(told.is_empty(), "{told:#?}");
    let counted: Vec<(&str, u64)> = engine
        .let_through()
        .iter()
        .map(|(name, number)| (&**name, *number))
        .collect();
    assert_eq!(counted, [("ops/scanner", 2)]);
}

#[test]
fn a_pause_tells_the_events_since_the_last_revision_once() {
    let mut engine = engine();
    let mut told = Vec::new();
    let script = "10:00:00 shop/cart can-i --list
                  +1s shop/cart list nodes -A 200
                  +1s shop/cart list secrets -A 200
                  +1s shop/cart list services -n pay 200
                  +1s shop/cart list services -n mail 200
                  +1s shop/cart list services -n stock 200
                  +1s shop/cart list services -n blog 200";
    engine.step(wall(), &activities(script, 0), &mut told);
    let last = told.last().unwrap().clone();
    assert!(last.event_count < 7, "{last:#?}");
    told.clear();
    engine.pause(&mut told);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event_count, 7);
    assert_eq!(told[0].revision, last.revision + 1);
    assert_eq!(told[0].state, IncidentState::Open);
    told.clear();
    engine.pause(&mut told);
    assert!(told.is_empty(), "{told:#?}");
}
