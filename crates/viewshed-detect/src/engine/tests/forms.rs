//! Every form that discovery may take in the hands of one program, and what goes on for days.

use std::fmt::Write as _;

use viewshed_model::Severity;

use super::intrusions::check_month;
use super::strangers::{CURL, argo_starts, sweep, times};
use super::world::{ORDINARY, latest, renamed, wall};
use crate::script::activities;
use crate::{Baseline, Engine, Settings};

#[test]
fn forms_of_discovery_by_one_program_in_its_own_namespace() {
    for pause in ["+10m", "+2s"] {
        check_month(
            "secrets by name",
            &times(52, pause, "shop/cart get secrets s-% -n shop 200"),
            5,
        );
        check_month(
            "secrets by name, refused",
            &times(52, pause, "shop/cart get secrets s-% -n shop 403"),
            6,
        );
        // The first one is taken for its own.
        check_month(
            "pods by name",
            &times(52, pause, "shop/cart get pods web-% -n shop 200"),
            6,
        );
        check_month(
            "pods by name, of a pod that is known by its address",
            &times(52, pause, "shop/cart pod=cart-1 get pods web-% -n shop 200"),
            5,
        );
        check_month(
            "logs",
            &times(50, pause, "shop/cart get pods/log web-% -n shop 200"),
            5,
        );
    }
    check_month("rights", "10:00:00 shop/cart can-i --list", 1);
    check_month(
        "description",
        "10:00:00 shop/cart GET /openapi/v3 200
         +1m shop/cart GET /openapi/v3/api/v1 200
         +1m shop/cart GET /openapi/v3/apis/apps/v1 200
         +1m shop/cart GET /openapi/v3/apis/batch/v1 200",
        4,
    );
}

#[test]
fn a_token_is_carried_from_place_to_place() {
    check_month(
        "one token",
        &format!(
            "09:50:00 shop/cart pod=cart-7d cred=JTI=a @10.0.3.4 get configmaps cart -n shop 200\n{}",
            times(
                40,
                "+5s",
                "shop/cart pod=cart-7d cred=JTI=a @203.0.113.% get configmaps cart -n shop 200"
            )
        ),
        5,
    );
}

#[test]
fn several_tokens_come_from_one_place() {
    let mut script = String::new();
    for number in 0..20 {
        let time = if number == 0 { "10:00:00" } else { "+3s" };
        writeln!(script, "{time} shop/app{number} pod=app{number}-1 cred=JTI={number} @10.0.3.4 ~curl/8.4.0 list pods -n shop 200").unwrap();
    }
    check_month("own namespace", &script, 5);
    let script = script.replace("-n shop", "-A");
    check_month("all namespaces", &script, 5);
}

#[test]
fn a_program_that_is_refused_everywhere_is_not_low() {
    for options in ["", CURL] {
        let incident = check_month("refused", &sweep("shop/cart", options, 403, "+10m"), 5);
        assert!(incident.severity >= Severity::Medium, "{incident:#?}");
    }
}

#[test]
fn more_lists_of_pods_than_the_threshold_are_an_incident() {
    let run = |settings: Settings, script: &str| {
        let mut engine = Engine::new(settings, Baseline::default());
        let mut told = Vec::new();
        engine.step(wall(), &activities(script, 0), &mut told);
        engine.finish(wall(), &mut told);
        latest(told).len()
    };
    let settings = |pod_query_threshold, time_window_s| Settings {
        time_window_s,
        pod_query_threshold,
        ..Settings::default()
    };
    let often = times(40, "+2s", "mallory list pods -A 200");
    assert_eq!(run(settings(30, 600), &often), 1);
    assert_eq!(run(settings(40, 600), &often), 0);
    assert_eq!(
        run(
            settings(1, 600),
            &times(2, "+2s", "mallory list pods -A 200")
        ),
        1
    );
    // Two in each window of five seconds.
    assert_eq!(run(settings(30, 5), &often), 0);
    let allowed = Settings {
        user_allow_list: vec!["mal*".to_owned()],
        ..settings(1, 600)
    };
    assert_eq!(run(allowed, &often), 0);
}

#[test]
fn what_happens_every_day_is_one_incident_and_is_learned() {
    let mut batch = Vec::new();
    for day in -34..10 {
        batch.extend(activities(ORDINARY, day));
        if day >= 0 {
            let script = "11:00:00 shop/cart list pods -A 200
                +1m shop/cart list secrets -A 200
                +1m shop/cart list nodes -A 200";
            let mut day_of = activities(script, day);
            for one in &mut day_of {
                one.id = format!("again-{}", one.id).into();
            }
            batch.extend(day_of);
        }
    }
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
}

#[test]
fn what_happens_every_day_is_one_incident_in_a_log_that_holds_nothing_else() {
    let mut batch = Vec::new();
    for day in -34..0 {
        batch.extend(activities(ORDINARY, day));
    }
    for day in 0..10 {
        let script = "11:00:00 shop/cart list pods -A 200
            +1m shop/cart list secrets -A 200
            +1m shop/cart list nodes -A 200";
        batch.extend(activities(script, day));
    }
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert!(incidents[0].event_count >= 10, "{incidents:#?}");
}

#[test]
fn one_kind_a_day_in_a_log_that_holds_nothing_else() {
    let mut batch = Vec::new();
    for day in -34..0 {
        batch.extend(activities(ORDINARY, day));
    }
    for (day, kind) in (0..).zip(["pods", "secrets", "nodes", "services", "configmaps"]) {
        batch.extend(activities(
            &format!("11:00:00 shop/cart list {kind} -A 200"),
            day,
        ));
    }
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
}

#[test]
fn a_watch_that_comes_late_takes_back_what_was_said_of_the_list() {
    let mut batch = Vec::new();
    for day in -34..=0 {
        batch.extend(activities(ORDINARY, day));
    }
    // The incident opens a minute after the lists; the watches come after that.
    batch.extend(renamed(activities(
        "09:59:00 shop/cart get configmaps cart -n shop 200 x20
         10:00:00 ops/late list secrets -A 200
         +0s ops/late list pods -A 200
         +0s ops/late list nodes -A 200
         +0s ops/late list namespaces -A 200
         +70s shop/cart get configmaps cart -n shop 200
         +1s ops/late watch pods -A rv=5 200
         +1s ops/late watch nodes -A rv=5 200
         +1s ops/late watch secrets -A rv=5 200
         +1s ops/late watch namespaces -A rv=5 200",
        0,
    )));
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let texts: Vec<&str> = incidents[0]
        .reasons
        .iter()
        .map(|reason| &*reason.text)
        .collect();
    assert!(
        !texts.iter().any(|text| text.contains("without following")),
        "{texts:#?}"
    );
}

#[test]
fn a_process_and_the_requests_of_its_pod_are_one_hand() {
    let pod = "pod=cart-7d4b9c6f5-x2x9q";
    check_month(
        "pod",
        &format!(
            "10:00:00 process {pod} container=c1 exe=/bin/cat opens /var/run/secrets/kubernetes.io/serviceaccount/token
             +10m shop/cart {pod} list nodes -A 200
             +10m shop/cart {pod} list secrets -A 200
             +1s process {pod} container=c1 exe=/tmp/kubectl $ kubectl get pods -A"
        ),
        3,
    );
}

#[test]
fn a_log_that_goes_back_in_time_makes_nobody_new() {
    let mut batch = Vec::new();
    for day in -34..=-1 {
        batch.extend(activities(ORDINARY, day));
    }
    for day in -34..=-1 {
        let mut own = activities(&argo_starts(), day);
        own.extend(activities(&argo_starts().replace("07:00", "07:30"), day));
        for one in &mut own {
            one.id = format!("argo-{}-{}", one.id, one.at_us).into();
        }
        batch.extend(own);
    }
    batch.extend(renamed(activities(
        &argo_starts().replace("07:00:00", "10:00:00"),
        0,
    )));
    let incidents = super::world::run(&batch);
    assert!(incidents.is_empty(), "{incidents:#?}");
}

#[test]
fn a_token_that_is_read_and_used_is_one_hand() {
    let pod = "pod=cart-7d4b9c6f5-x2x9q";
    let incident = check_month(
        "read and used",
        &format!(
            "10:00:00 shop/cart {pod} can-i --list
             +4s process {pod} container=c1 exe=/usr/bin/cat $ cat /var/run/secrets/kubernetes.io/serviceaccount/token"
        ),
        1,
    );
    assert_eq!(incident.also_as.len(), 1, "{incident:#?}");
}
