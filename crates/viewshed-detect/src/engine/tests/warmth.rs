//! What is remembered of ordinary shapes saves time and changes nothing: not an incident, not a byte of the state.

use std::borrow::Cow;

use proptest::prelude::*;
use viewshed_model::{Activity, ActivityObject, Actor, Impersonated, Incident, Stage, Verdict};

use super::world::wall;
use crate::script::BASE_S;
use crate::{Baseline, Engine, Settings};

const DAY_S: i64 = 86_400;

/// Judges a stream; gives back what was told, and the state at the end.
fn judged(stream: &[Activity<'_>], settings: &Settings, is_warm: bool) -> Judged {
    let mut engine = Engine::new(settings.clone(), Baseline::default());
    engine.warm.is_off = !is_warm;
    let mut told = Vec::new();
    for part in stream.chunks(37) {
        engine.step(wall(), part, &mut told);
    }
    let checkpoint = engine.checkpoint();
    let baseline = engine.baseline().to_bytes();
    engine.finish(wall(), &mut told);
    Judged {
        told,
        weighed: engine.counters().weighed,
        checkpoint,
        baseline,
    }
}

#[derive(Debug, PartialEq)]
struct Judged {
    told: Vec<Incident>,
    weighed: u64,
    checkpoint: Vec<u8>,
    baseline: Vec<u8>,
}

/// One step of a stream: who, what, with what result, from where, and how much later than the one before.
type Step = (u8, u8, u8, u8, i64);

fn step() -> impl Strategy<Value = Step> {
    let gap_s = prop_oneof![
        12 => 0_i64..4,
        4 => 10_i64..200,
        2 => 500_i64..4_000,
        1 => Just(7 * 3_600),
        1 => Just(DAY_S),
        1 => Just(-30),
    ];
    // Most of it is the same again and again.
    let rare = |most: u8, all: u8| prop_oneof![5 => 0..most, 2 => 0..all];
    (rare(3, 12), rare(6, 24), rare(1, 10), rare(1, 6), gap_s)
}

/// Steps, and after some of them a jump of the clock that lasts.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let part = proptest::collection::vec(step(), 1..120);
    let jump = prop_oneof![6 => Just(0_i64), 1 => Just(40 * DAY_S), 1 => Just(-3 * DAY_S), 1 => Just(2 * 3_600)];
    proptest::collection::vec((part, jump), 1..5).prop_map(|parts| {
        let mut all = Vec::new();
        for (mut part, jump_s) in parts {
            if let Some(first) = part.first_mut() {
                first.4 += jump_s;
            }
            all.extend(part);
        }
        all
    })
}

fn stream(steps: &[Step]) -> Vec<Activity<'static>> {
    let mut at_s = BASE_S;
    (0_i64..)
        .zip(steps)
        .map(|(number, step)| {
            at_s += step.4;
            activity(number, *step, at_s)
        })
        .collect()
}

const KINDS: [(&str, &str); 6] = [
    ("", "configmaps"),
    ("", "pods"),
    ("", "secrets"),
    ("apps", "deployments"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("", "nodes"),
];

fn user(who: u8) -> Cow<'static, str> {
    match who {
        0 => "system:serviceaccount:shop:cart".into(),
        1 => "system:serviceaccount:shop:web".into(),
        2 => "system:node:worker-1".into(),
        3 => "alice".into(),
        4 => "system:anonymous".into(),
        5 => "system:kube-scheduler".into(),
        _ => format!("system:serviceaccount:team-{who}:job").into(),
    }
}

fn actor(number: i64, who: u8, place: u8) -> Actor<'static> {
    // Every fourth place holds whoever is there, so that identities meet.
    let address = if place % 4 == 3 {
        "10.0.0.77".to_owned()
    } else {
        format!("10.0.{who}.{place}")
    };
    let agent = if place == 2 {
        "curl/8.5"
    } else {
        "worker/v1.0"
    };
    let is_masked = who == 3 && number % 5 == 0;
    Actor {
        user: user(who),
        address: address.into(),
        user_agent: agent.into(),
        credential: if place == 5 {
            // A token that was seen elsewhere.
            format!("JTI={who}-0").into()
        } else {
            format!("JTI={who}-{place}").into()
        },
        pod: if who < 2 {
            format!("pod-{who}-{place}").into()
        } else {
            "".into()
        },
        impersonated: is_masked.then(|| {
            Box::new(Impersonated {
                user: "breakglass".into(),
                ..Impersonated::default()
            })
        }),
        ..Actor::default()
    }
}

fn activity(number: i64, (who, what, result, place, _): Step, at_s: i64) -> Activity<'static> {
    let verb = ["get", "update", "list", "watch"][usize::from(what % 4)];
    let (group, resource) = KINDS[usize::from(what / 4)];
    let is_object = matches!(verb, "get" | "update");
    // Some work in so many namespaces that they may work in any.
    let namespace: Cow<'static, str> = match (number % 13, who, place) {
        (0, ..) => "".into(),
        (team, 1 | 5, 0..4) => format!("team-{team}").into(),
        (_, _, 0..4) => "shop".into(),
        _ => "blog".into(),
    };
    let (code, verdict) = match result {
        0..6 => (200, Verdict::Allowed),
        6 | 7 => (404, Verdict::Allowed),
        8 => (403, Verdict::Refused),
        _ => (500, Verdict::Allowed),
    };
    Activity {
        at_us: at_s * 1_000_000 + number % 1_000,
        stage: if verb == "watch" {
            Stage::ResponseStarted
        } else {
            Stage::ResponseComplete
        },
        id: format!("id-{number}").into(),
        cluster: "production".into(),
        actor: actor(number, who, place),
        verb: verb.into(),
        object: ActivityObject {
            api_group: group.into(),
            resource: resource.into(),
            namespace,
            name: match (is_object, result) {
                (false, _) => "".into(),
                (true, 6 | 7) => format!("guess-{}", number % 17).into(),
                (true, _) => "one".into(),
            },
            ..ActivityObject::default()
        },
        uri: match (verb, number % 3) {
            ("list", 0) => "/api/v1/x?resourceVersion=0".into(),
            ("watch", 0) => "/api/v1/x?watch=true&timeoutSeconds=5".into(),
            ("watch", _) => "/api/v1/x?watch=true&resourceVersion=7".into(),
            _ => "/api/v1/x".into(),
        },
        code,
        verdict,
        message: if result == 8 && number % 2 == 0 {
            "cannot impersonate resource".into()
        } else {
            "".into()
        },
        ..Activity::default()
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let table = prop_oneof![2 => Just(1 << 20), 1 => Just(5_usize)];
    let threshold = prop_oneof![Just(100_u32), Just(20)];
    (table, threshold, 2_u32..40, 0_u32..3).prop_map(
        |(identities_max, threshold, queries, days)| Settings {
            identities_max,
            threshold,
            pod_query_threshold: queries,
            habit_half_life_days: days * 7,
            ..Settings::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_depends_on_what_is_remembered_of_ordinary_shapes(steps in steps(), settings in settings()) {
        let stream = stream(&steps);
        let (with, without) = (judged(&stream, &settings, true), judged(&stream, &settings, false));
        prop_assert_eq!(&with.told, &without.told);
        prop_assert_eq!(with.weighed, without.weighed);
        prop_assert!(with == without, "the states differ");
    }
}
