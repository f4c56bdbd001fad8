//! Hostile and broken logs neither break the engine nor blind it.

use std::borrow::Cow;

use proptest::prelude::*;
use viewshed_model::{Activity, ActivityObject, Actor, Incident, Stage, Surface, Texts, Verdict};

use super::world::{ORDINARY, engine, latest, renamed, run, wall};
use crate::script::{BASE_S, activities};
use crate::{Baseline, Engine, Settings, StateError};

const INTRUSION: &str = "
10:00:00 shop/cart can-i --list
+10m shop/cart list nodes -A count=9 200
+10m shop/cart list secrets -A 200
+10m shop/cart list pods -A count=40 200
+10m shop/cart list pods -A count=44 200
+10m shop/cart list namespaces -A 403
";

fn log() -> Vec<Activity<'static>> {
    let mut batch = activities(ORDINARY, 0);
    batch.extend(renamed(activities(INTRUSION, 0)));
    batch
}

fn in_parts(batch: &[Activity<'_>], cuts: &[usize], saved: bool) -> Vec<Incident> {
    let mut engine = engine();
    let mut told = Vec::new();
    let mut rest = batch;
    for cut in cuts {
        let (part, next) = rest.split_at((*cut).min(rest.len()));
        rest = next;
        if !part.is_empty() {
            engine.step(wall(), part, &mut told);
        }
        if saved {
            engine = Engine::restore(Settings::default(), &engine.checkpoint()).unwrap();
        }
    }
    engine.step(wall(), rest, &mut told);
    engine.finish(wall(), &mut told);
    latest(told)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn how_a_log_is_split_makes_no_difference(cuts in proptest::collection::vec(1_usize..60, 0..12)) {
        let log = log();
        prop_assert_eq!(in_parts(&log, &cuts, false), run(&log));
    }

    #[test]
    fn a_restart_at_any_point_makes_no_difference(cuts in proptest::collection::vec(1_usize..90, 1..4)) {
        let log = log();
        prop_assert_eq!(in_parts(&log, &cuts, true), run(&log));
    }

    #[test]
    fn anything_can_be_judged(batch in proptest::collection::vec(any_activity(), 1..80)) {
        let mut told = Vec::new();
        let mut engine = engine();
        engine.step(wall(), &batch, &mut told);
        let mut again = Engine::restore(Settings::default(), &engine.checkpoint()).unwrap();
        again.finish(wall(), &mut told);
        for incident in &told {
            prop_assert!(!incident.id.is_empty() && incident.event_count > 0 || incident.actor.name.starts_with('('));
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic(at in 0_usize..4_000, bit in 0_u8..8) {
        let mut engine = engine();
        engine.step(wall(), &log(), &mut Vec::new());
        let mut bytes = engine.baseline().to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert!(Baseline::from_bytes(&bytes).is_err());
        prop_assert!(Baseline::from_bytes(&bytes[..at]).is_err());
    }
}

fn any_activity() -> impl Strategy<Value = Activity<'static>> {
    let word = prop_oneof![
        Just(String::new()),
        "[a-z/.:-]{1,12}",
        "\\PC{0,6}",
        Just("secrets".to_owned()),
        Just("system:serviceaccount:a:b".to_owned()),
        Just("/api/v1/x?resourceVersion=0".to_owned()),
    ];
    let words = proptest::collection::vec(word, 12);
    let surface = proptest::sample::select(vec![
        Surface::KubernetesApi,
        Surface::DelegatedReview,
        Surface::DockerApi,
        Surface::Process,
        Surface::Dns,
    ]);
    let verb = proptest::sample::select(vec!["list", "watch", "get", "create", "PTR"]);
    let numbers = (any::<i64>(), any::<u16>(), any::<u8>());
    (words, surface, verb, numbers).prop_map(|(words, surface, verb, numbers)| {
        let mut one = made(&words, numbers);
        (one.surface, one.verb) = (surface, verb.into());
        one
    })
}

fn made(words: &[String], (at_us, code, choice): (i64, u16, u8)) -> Activity<'static> {
    let text = |number: usize| -> Cow<'static, str> { words[number].clone().into() };
    let ordinary_us = (BASE_S + i64::from(choice)) * 1_000_000;
    Activity {
        at_us: if choice & 1 == 0 { at_us } else { ordinary_us },
        stage: if choice & 6 == 6 {
            Stage::ResponseStarted
        } else {
            Stage::ResponseComplete
        },
        id: text(0),
        actor: Actor {
            user: text(1),
            groups: Texts::List(vec![text(2)]),
            pod: text(3),
            credential: text(4),
            address: text(5),
            user_agent: text(6),
            ..Actor::default()
        },
        object: ActivityObject {
            api_group: text(7),
            resource: text(8),
            subresource: text(9),
            namespace: text(10),
            name: text(11),
            ..ActivityObject::default()
        },
        uri: text(2),
        code,
        verdict: if choice & 8 == 0 {
            Verdict::Allowed
        } else {
            Verdict::Refused
        },
        ..Activity::default()
    }
}

#[test]
fn the_same_log_gives_the_same_incident_id_with_any_seed() {
    let ids = |seed| {
        let mut engine = Engine::new(
            Settings {
                hash_seed: seed,
                ..Settings::default()
            },
            Baseline::default(),
        );
        let mut told = Vec::new();
        engine.step(wall(), &log(), &mut told);
        engine.finish(wall(), &mut told);
        latest(told)
    };
    assert_eq!(ids(1), ids(0xdead_beef));
}

#[test]
fn a_repeated_list_counts_by_its_largest_answer() {
    let incidents = run(&log());
    let pods = incidents[0]
        .disclosed
        .iter()
        .find(|one| one.kind == "pods")
        .unwrap();
    assert_eq!((pods.answers, pods.objects), (2, Some(44)));
}

#[test]
fn two_lines_of_one_request_are_one_event() {
    let doubled: Vec<Activity<'_>> = log()
        .into_iter()
        .flat_map(|one| [one.clone(), one])
        .collect();
    assert_eq!(run(&doubled), run(&log()));
}

#[test]
fn a_log_without_answers_is_judged_by_its_requests() {
    let mut script = log();
    for one in &mut script {
        (one.stage, one.code, one.verdict) = (Stage::RequestReceived, 0, Verdict::Unknown);
    }
    assert_eq!(run(&script).len(), 1);
    // With answers the same lines say nothing.
    script.extend(activities(
        "10:50:00 shop/cart get configmaps cart -n shop 200",
        0,
    ));
    script.rotate_right(1);
    assert_eq!(run(&script).len(), 0);
}

#[test]
fn one_audit_id_for_all_requests_hides_none() {
    let mut script = log();
    for one in script.iter_mut().filter(|one| one.id.starts_with("s-")) {
        one.id = "chosen-by-the-client".into();
    }
    let incidents = run(&script);
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].event_count, 6);
}

#[test]
fn one_server_with_a_wrong_clock_neither_blinds_nor_floods() {
    let mut script = log();
    for (number, one) in script.iter_mut().enumerate() {
        if number % 3 == 0 && one.id.starts_with('d') {
            one.at_us += 400 * 86_400_000_000;
        }
    }
    assert_eq!(run(&script).len(), 1);
}

#[test]
fn a_million_fake_users_leave_the_known_ones_known() {
    let settings = Settings {
        identities_max: 20_000,
        ..Settings::default()
    };
    let mut engine = Engine::new(settings, Baseline::default());
    let mut told = Vec::new();
    for day in -8..=0 {
        engine.step(wall(), &activities(ORDINARY, day), &mut told);
    }
    assert!(told.is_empty());
    let known = engine
        .baseline()
        .rows()
        .into_iter()
        .filter(|row| row.actor == "shop/cart")
        .count();
    let fakes: Vec<Activity<'_>> = (0..60_000)
        .map(|number| Activity {
            at_us: (BASE_S + 40_000 + number / 1_000) * 1_000_000,
            actor: Actor {
                user: format!("fake-{number}").into(),
                ..Actor::default()
            },
            verb: "list".into(),
            object: ActivityObject {
                resource: "pods".into(),
                ..ActivityObject::default()
            },
            code: 403,
            ..Activity::default()
        })
        .collect();
    engine.step(wall(), &fakes, &mut told);
    assert!(
        told.iter()
            .any(|one| one.reasons[0].detection == "identity-flood")
    );
    let still = engine
        .baseline()
        .rows()
        .into_iter()
        .filter(|row| row.actor == "shop/cart")
        .count();
    assert_eq!(known, still);
    assert!(engine.baseline().identity_count() <= 20_000);
    told.clear();
    engine.step(wall(), &renamed(activities(INTRUSION, 1)), &mut told);
    engine.finish(wall(), &mut told);
    assert!(
        latest(told)
            .iter()
            .any(|one| one.actor.name == "system:serviceaccount:shop:cart")
    );
}

#[test]
fn a_large_cluster_is_no_flood_where_its_log_begins() {
    let nodes = |first: usize, from_s: i64| -> Vec<Activity<'static>> {
        let known = activities(ORDINARY, 0).remove(0);
        let nodes = (0_i64..).zip(first..first + 5_000);
        nodes
            .map(|(number, name)| Activity {
                at_us: (BASE_S + from_s) * 1_000_000 + number * 100_000,
                id: format!("node-{name}").into(),
                actor: Actor {
                    user: format!("system:node:worker-{name}").into(),
                    ..Actor::default()
                },
                verb: "update".into(),
                ..known.clone()
            })
            .collect()
    };
    let mut log = nodes(0, 0);
    assert_eq!(run(&log), Vec::new());
    // So many more a quarter of an hour later are one.
    log.extend(nodes(5_000, 900));
    let incidents = run(&log);
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].reasons[0].detection, "identity-flood");
}

#[test]
fn an_intruder_does_not_train_the_baseline_in_an_evening() {
    let mut engine = engine();
    let mut told = Vec::new();
    for day in -34..0 {
        engine.step(wall(), &activities(ORDINARY, day), &mut told);
    }
    told.clear();
    for day in 0..3 {
        let known = told.len();
        engine.step(wall(), &renamed(activities(INTRUSION, day)), &mut told);
        engine.step(wall(), &activities(ORDINARY, day + 1), &mut told);
        assert!(told.len() > known, "day {day}");
    }
    // One that goes on, not one a day.
    assert_eq!(latest(told).len(), 1);
}

#[test]
fn an_allow_listed_user_is_learned_and_quiet() {
    let settings = Settings {
        user_allow_list: vec!["system:serviceaccount:shop:*".to_owned()],
        ..Settings::default()
    };
    let mut engine = Engine::new(settings, Baseline::default());
    let mut told = Vec::new();
    engine.step(wall(), &log(), &mut told);
    engine.finish(wall(), &mut told);
    assert_eq!(told, Vec::new());
    let rows = engine.baseline().rows();
    assert!(
        rows.iter()
            .any(|row| row.actor == "shop/cart" && row.kind == "secrets" && !row.is_suspect)
    );
}

#[test]
fn state_of_another_version_says_so() {
    let mut bytes = Baseline::default().to_bytes();
    bytes[8] = 9;
    let error = Baseline::from_bytes(&bytes).unwrap_err();
    assert_eq!(error, StateError::Version { found: 9, known: 1 });
    assert_eq!(
        Baseline::from_bytes(b"other").unwrap_err(),
        StateError::Foreign
    );
}
