//! What an incident tells belongs to the events that it names.

use super::world::after_a_month;
use crate::script::activities;

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
