//! What an incident tells belongs to the events that it names.

use viewshed_model::{Activity, Stage};

use super::world::{after_a_month, engine, run, wall};
use crate::script::activities;

const INTRUSION: &str = "
10:00:00 shop/cart list pods -A 200
+10m shop/cart list secrets -A 200
+10m shop/cart list nodes -A 200
+10m shop/cart list namespaces -A 200
+10m shop/cart list services -A 200
";

#[test]
fn a_reason_names_the_event_that_it_tells_of() {
    let script = "
10:00:00 shop/cart list pods -A 200
+10m shop/cart list secrets -A 200
+10m shop/cart list nodes -A 200
+10m shop/cart list rolebindings.rbac.authorization.k8s.io -A 200
";
    let incidents = after_a_month(script);
    let sent = activities(script, 0);
    let mut checked = 0;
    for reason in &incidents[0].reasons {
        let number = reason.audit_id.rsplit('-').next().unwrap();
        let event = &sent[number.parse::<usize>().unwrap() - 1];
        assert_eq!(reason.at.as_microsecond(), event.at_us, "{reason:?}");
        if let Some((_, what)) = reason.text.split_once(" lists ") {
            assert!(what.starts_with(&*event.object.resource), "{reason:?}");
            checked += 1;
        }
    }
    assert!(checked >= 2, "{:?}", incidents[0].reasons);
}

#[test]
fn guessed_names_are_told_and_bounded() {
    let incidents = after_a_month(
        "
10:00:00 shop/cart get secrets db-pass-% -n pay x20 404
+5s shop/cart get secrets root -n kube-system 403
",
    );
    let [pay, system] = incidents[0].guessed.as_slice() else {
        panic!("{:?}", incidents[0].guessed);
    };
    assert_eq!((&*pay.kind, &*pay.namespace), ("secrets", "pay"));
    assert_eq!((pay.names.len(), pay.further), (16, 4));
    assert_eq!(pay.names[0], "db-pass-1");
    assert_eq!(
        (&*system.namespace, system.names.concat()),
        ("kube-system", "root".to_owned())
    );
}

#[test]
fn a_request_with_lines_of_every_stage_in_any_order_is_one() {
    let once = activities(INTRUSION, 0);
    let of = |stage| {
        once.iter().cloned().map(move |mut one| {
            one.stage = stage;
            one
        })
    };
    let mut lines: Vec<Activity<'_>> = of(Stage::RequestReceived)
        .chain(of(Stage::ResponseStarted))
        .chain(of(Stage::ResponseComplete))
        .collect();
    lines.extend(lines.clone());
    // A fixed shuffle: a step that has no divisor in common with the number of lines.
    let count = lines.len();
    let shuffled: Vec<Activity<'_>> = (0..count)
        .map(|number| lines[(number * 7 + 3) % count].clone())
        .collect();
    assert_ne!(count % 7, 0);
    let mut told = Vec::new();
    let mut engine = engine();
    // Something that was answered came before, as in any log.
    let before = activities("09:00:00 shop/cart get configmaps cart -n shop 200", 0);
    engine.step(wall(), &before, &mut told);
    engine.step(wall(), &shuffled, &mut told);
    assert_eq!(engine.counters().judged, 1 + once.len() as u64);
}

#[test]
fn a_flood_over_several_windows_is_one_incident() {
    let mut batch = activities("09:00:00 shop/cart list pods -n shop x20 200", 0);
    batch.extend(activities(
        "10:30:00 shop/cart get configmaps cart -n shop 200",
        0,
    ));
    let started = batch.len();
    batch.extend(activities(
        "11:00:00 user-% list pods -A x99999 403\n+1s last list pods -A 403",
        0,
    ));
    // Forty a second: 24,000 in each ten minutes.
    let start_us = batch[started].at_us;
    for (number, one) in (0_i64..).zip(&mut batch[started..]) {
        one.at_us = start_us + number * 25_000;
    }
    let incidents = run(&batch);
    let floods: Vec<_> = incidents
        .iter()
        .filter(|one| one.reasons[0].detection == "identity-flood")
        .collect();
    assert_eq!(floods.len(), 1);
    assert!(floods[0].event_count >= 40_000, "{}", floods[0].event_count);
}

#[test]
fn batches_that_arrive_in_another_order_give_the_same_id_and_first_event() {
    let script = "
10:00:00 shop/cart list nodes -A 200
+1s shop/cart list services -A 200
+1s shop/cart list pods -A 200
+1s shop/cart list namespaces -A 200
+5m shop/cart list secrets -A 200
+10m shop/cart list endpoints -A 200
";
    let sent = activities(script, 0);
    let told = |order: &[usize]| {
        let mut batch = activities("09:00:00 shop/cart get configmaps cart -n shop 200", 0);
        batch[0].id = "before".into();
        batch.extend(order.iter().map(|at| sent[*at].clone()));
        let [incident] = <[_; 1]>::try_from(run(&batch)).unwrap();
        incident
    };
    let ordered = told(&[0, 1, 2, 3, 4, 5]);
    assert_eq!(ordered.first_event.audit_id, sent[0].id);
    for order in [[1, 0, 2, 3, 4, 5], [3, 2, 1, 0, 4, 5], [2, 3, 0, 1, 4, 5]] {
        let incident = told(&order);
        assert_eq!(incident.id, ordered.id, "{order:?}");
        assert_eq!(incident.first_event, ordered.first_event, "{order:?}");
        assert_eq!(incident.opened_at, ordered.opened_at, "{order:?}");
    }
    // Told already: the id stays, and the event that came late is the first one all the same.
    let late = told(&[1, 2, 3, 4, 5, 0]);
    assert_ne!(late.id, ordered.id);
    assert_eq!(late.first_event, ordered.first_event);
}

#[test]
fn what_several_identities_did_is_told_of_all_of_them() {
    let kinds = [
        "pods",
        "services",
        "nodes",
        "namespaces",
        "endpoints",
        "configmaps",
    ];
    let lists: String = (0..)
        .zip(kinds)
        .fold(String::new(), |script, (number, kind)| {
            let time = if number == 0 { "10:00:00" } else { "+10m" };
            script + &format!("{time} app-{number}/one @10.9.9.9 list {kind} -A ~curl/8.5.0 200\n")
        });
    let incidents = after_a_month(&lists);
    assert_eq!(incidents.len(), 1);
    let mut reasons = incidents[0].reasons.iter();
    let kinds = reasons.find(|one| one.detection == "many-kinds").unwrap();
    assert_eq!(
        kinds.text,
        "6 identities ask for 6 kinds in one session, app-5/one the last"
    );
}
