//! People behind a proxy that acts in their names.

use viewshed_model::Incident;

use super::world::{engine, wall};
use crate::script::activities;

const DOOR: &str = "system:serviceaccount:teleport:teleport";

/// What somebody of a group asks through the door, ten minutes apart.
fn through(who: &str, group: &str, what: &[&str]) -> String {
    let lines = what.iter().map(|what| {
        let client = "pod=tp-1 @10.9.9.9 ~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0";
        format!("+10m teleport/teleport {what} 200 as={who} asgroup={group} {client}\n")
    });
    lines.collect()
}

/// Eight days on which four people of two groups look at their namespaces, and then something else.
fn told_after(what: &str) -> Vec<Incident> {
    let mut log = String::from("08:00:00 shop/api get leases/api -n shop 200\n");
    for _ in 0..8 {
        for (who, group) in [
            ("mia", "shop"),
            ("lena", "shop"),
            ("paul", "pay"),
            ("nina", "pay"),
        ] {
            let pods = format!("list pods -n {group}");
            let deployments = format!("list deployments.apps -n {group}");
            log += &through(who, group, &[&pods, &deployments, &pods]);
        }
        log += "+22h shop/api get leases/api -n shop 200\n";
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

#[test]
fn a_proxy_for_many_people_is_quiet_from_its_first_day() {
    assert_eq!(told_after(""), []);
}

#[test]
fn the_incident_is_the_persons_and_names_the_door() {
    let foreign = [
        "list secrets -n pay",
        "list secrets -n ops",
        "list pods -n ops",
    ];
    let paul = through("paul", "pay", &["list pods -n pay"]);
    let told = told_after(&(through("lena", "shop", &foreign) + &paul));
    let [incident] = told.as_slice() else {
        panic!("{told:#?}");
    };
    let actor = &incident.actor;
    assert_eq!(
        (&*actor.name, actor.impersonated_by.as_deref()),
        ("lena", Some(DOOR))
    );
    assert_eq!(actor.groups, ["shop"]);
    assert_eq!((incident.event_count, incident.also_as.len()), (3, 0));
    assert_eq!(incident.source_addresses, ["10.9.9.9"]);
}

#[test]
fn what_one_person_does_by_habit_excuses_nobody_else_behind_the_door() {
    // All four together read both namespaces every day.
    let foreign = [
        "list secrets -n shop",
        "list secrets -n ops",
        "list secrets -n web",
    ];
    let told = told_after(&through("nina", "pay", &foreign));
    assert!(
        matches!(told.as_slice(), [one] if one.actor.name == "nina"),
        "{told:#?}"
    );
}

#[test]
fn a_new_colleague_in_a_known_group_is_quiet() {
    let told = told_after(&through(
        "zoe",
        "shop",
        &["list pods -n shop", "list deployments.apps -n shop"],
    ));
    assert_eq!(told, []);
}

#[test]
fn a_name_of_the_group_that_may_do_everything_is_told_at_once() {
    let told = told_after(&through(
        "zoe",
        "system:masters",
        &["list nodes -A", "list secrets -A"],
    ));
    assert!(
        matches!(told.as_slice(), [one] if one.event_count == 2),
        "{told:#?}"
    );
}

#[test]
fn the_door_itself_has_no_business_of_its_own() {
    let door = "+10m teleport/teleport list secrets -A 200 pod=tp-1 @10.9.9.9\n\
        +10m teleport/teleport list pods -A 200 pod=tp-1 @10.9.9.9\n\
        +10m teleport/teleport list configmaps -A 200 pod=tp-1 @10.9.9.9\n";
    let told = told_after(door);
    let [incident] = told.as_slice() else {
        panic!("{told:#?}");
    };
    assert_eq!(
        (&*incident.actor.name, &incident.actor.impersonated_by),
        (DOOR, &None)
    );
}
