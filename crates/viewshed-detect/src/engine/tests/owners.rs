//! People whose credentials somebody else has, while they go on with their work; and what is counted of a fast storm.

use std::fmt::Write as _;

use viewshed_model::Incident;

use super::world::{after_a_month, engine, wall};
use crate::script::activities;

/// Twenty days on which four people look at their own namespaces, and then something else.
fn told_after(what: &str) -> Vec<Incident> {
    let mut log = String::new();
    for day in 0..20 {
        let pause = if day == 0 { "08:00:00" } else { "+22h" };
        writeln!(log, "{pause} shop/api get leases/api -n shop 200").unwrap();
        for (who, namespace) in [
            ("mia", "shop"),
            ("lena", "web"),
            ("paul", "pay"),
            ("nina", "ops"),
        ] {
            for kind in ["pods", "deployments.apps", "secrets"] {
                writeln!(log, "+10m {who} list {kind} -n {namespace} 200").unwrap();
            }
        }
    }
    log += what;
    let mut engine = engine();
    let mut incidents = Vec::new();
    engine.step(wall(), &activities(&log, 0), &mut incidents);
    engine.finish(wall(), &mut incidents);
    let mut last: Vec<Incident> = Vec::new();
    for incident in incidents {
        last.retain(|one| one.id != incident.id);
        last.push(incident);
    }
    last
}

/// What each of them does every day, from one new public address, with this client.
fn together(client: &str) -> String {
    let own = [
        ("mia", "shop"),
        ("lena", "web"),
        ("paul", "pay"),
        ("nina", "ops"),
    ];
    let lines = own.map(|(who, namespace)| {
        format!("+10m {who} list secrets -n {namespace} 200 @203.0.113.7 ~{client}\n")
    });
    lines.concat()
}

#[test]
fn the_credentials_of_several_people_in_one_odd_client_are_one_incident() {
    let told = told_after(&together("kubectl/v0.0.0_(linux/amd64)_kubernetes/$Format"));
    let [incident] = told.as_slice() else {
        panic!("{told:#?}");
    };
    assert_eq!((incident.event_count, incident.also_as.len()), (4, 3));
    assert_eq!(incident.source_addresses, ["203.0.113.7"]);
}

#[test]
fn people_who_move_together_with_their_clients_are_quiet() {
    let told = told_after(&together(
        "kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0",
    ));
    assert_eq!(told, []);
}

#[test]
fn what_the_owner_goes_on_doing_is_no_part_of_the_intruders_incident() {
    let stolen = "+10m mia list secrets -A 200 @203.0.113.7 ~curl/8.5.0\n\
        +10m mia list nodes -A 200 @203.0.113.7 ~curl/8.5.0\n";
    let own = "+10m mia list services -n shop 200\n+10m mia list ingresses.networking.k8s.io -n shop 200\n";
    let told = told_after(&format!("{stolen}{own}"));
    let [incident] = told.as_slice() else {
        panic!("{told:#?}");
    };
    assert_eq!(incident.event_count, 2);
    assert_eq!(incident.source_addresses, ["203.0.113.7"]);
}

#[test]
fn every_question_of_a_fast_storm_is_counted() {
    // Twelve different questions within a second, and then a list that makes an incident of them.
    let mut storm = String::from("10:00:00 shop/cart GET /version 200\n");
    for kind in ["pods", "nodes", "secrets", "services", "events", "roles"] {
        for verb in ["get", "list"] {
            writeln!(storm, "+0s shop/cart can-i {verb} {kind}").unwrap();
        }
    }
    storm += "+1m shop/cart list secrets -A 200\n";
    let told = after_a_month(&storm);
    let asked = told.iter().flat_map(|one| &one.requests);
    let questions = asked.filter(|one| one.kind.starts_with("selfsubjectaccess"));
    assert_eq!(questions.map(|one| one.count).sum::<u64>(), 12, "{told:#?}");
}

#[test]
fn reviews_about_others_in_one_namespace_after_the_other_are_told() {
    let asked = ["shop", "web", "pay", "ops", "bank"].map(|namespace| {
        format!("+10m shop/cart create localsubjectaccessreviews.authorization.k8s.io -n {namespace} 201\n")
    });
    let told = after_a_month(&format!(
        "10:00:00 shop/cart get configmaps cart -n shop 200\n{}",
        asked.concat()
    ));
    assert!(
        matches!(told.as_slice(), [one] if one.event_count == 5),
        "{told:#?}"
    );
}

#[test]
fn paths_without_a_version_are_no_habit_of_who_names_one() {
    let paths = [
        "info",
        "images/json",
        "containers/json",
        "networks",
        "volumes",
    ];
    let mut log = String::new();
    for day in 0..14 {
        let pause = if day == 0 { "08:00:00" } else { "+23h" };
        writeln!(log, "{pause} docker GET /v1.43/version 200").unwrap();
        for path in paths {
            writeln!(log, "+5m docker GET /v1.43/{path} 200").unwrap();
        }
    }
    for path in paths {
        writeln!(log, "+10m docker GET /{path} 200").unwrap();
    }
    let mut engine = engine();
    let mut incidents = Vec::new();
    engine.step(wall(), &activities(&log, 0), &mut incidents);
    engine.finish(wall(), &mut incidents);
    let last = incidents.last().map(|one| &one.requests);
    let kinds: Vec<&str> = last.into_iter().flatten().map(|one| &*one.kind).collect();
    assert!(
        kinds.len() >= 4 && kinds.iter().all(|kind| !kind.contains('?')),
        "{incidents:#?}"
    );
}
