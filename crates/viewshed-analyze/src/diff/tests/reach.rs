//! What changes of network reach say, and when nothing can be said of them.

use viewshed_model::UnreadPolicies;

use super::super::diff;
use super::{database_policy, shop};

/// Another credential that may not list policies takes none of them away.
#[test]
fn policies_that_could_not_be_listed_are_no_change() {
    let read = shop(&database_policy("{ port: 5432 }"));
    let mut refused = read.clone();
    for cluster in &mut refused.clusters {
        cluster.network_policies.clear();
        cluster.unread_policies.push(UnreadPolicies {
            group: "networking.k8s.io".to_owned(),
            kind: "NetworkPolicy".to_owned(),
            read_namespaces: Vec::new(),
        });
    }
    for (before, after) in [(&read, &refused), (&refused, &read)] {
        let report = diff(before, after, ("a", "b"));
        assert_eq!(report.changes, []);
        let mut gaps = report.gaps.iter();
        assert!(gaps.any(|gap| gap.what == "compare who reaches whom"));
    }
}

/// The sentence names some places, the data all of them.
#[test]
fn a_change_of_reach_has_every_place_and_port() {
    let report = diff(
        &shop(&database_policy("{ port: 5432 }")),
        &shop(&database_policy("{ port: 5432 }, { port: 9187 }")),
        ("a", "b"),
    );
    let change = report.changes.first().expect("a port was opened");
    let reach = change.reach.as_ref().expect("it is one of reach");
    let ports: Vec<String> = reach.ports.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["TCP 9187"]);
    assert!(reach.is_certain);
    for place in &reach.to {
        assert!(change.what.contains(place.as_str()), "{}", change.what);
    }
}
