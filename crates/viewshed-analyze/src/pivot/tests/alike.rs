//! What is worked out once for all whom the same bindings name, counted.

use std::collections::BTreeSet;

use viewshed_model::Cluster;

use crate::pivot::{LazyNetwork, PivotIndex};
use crate::samples::{binding, role, service_account};
use crate::sight::SightIndex;

const DEPTH: u32 = 9;

/// The cost of a role with many rules does not grow with the number of those who have it.
#[test]
fn what_a_role_opens_is_worked_out_once_for_all_its_subjects() {
    let names: Vec<String> = (0..300).map(|number| format!("user:u{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let cluster = Cluster {
        roles: vec![
            role(
                "many",
                &["get | core | secrets | a", "create | core | pods"],
            ),
            role("one", &["get | core | pods"]),
        ],
        bindings: vec![
            binding("many", "ClusterRole/many", &names),
            binding("one", "ClusterRole/one", &["user:u7"]),
        ],
        ..Cluster::default()
    };
    let sight = SightIndex::new(&cluster);
    let index = PivotIndex::of(&sight, LazyNetwork::of(&cluster, None));
    assert_eq!(index.ranks_with_identities(DEPTH).ranks.len(), 300);
    assert_eq!(index.ground.used.len(), 2);
}

/// What a group is given in many namespaces stands once in the graph, however many accounts are in the group.
#[test]
fn what_a_group_is_given_in_many_namespaces_is_one_list() {
    let spaces: Vec<String> = (0..60).map(|number| format!("n{number:02}")).collect();
    let everybody = ["group:system:authenticated"];
    let cluster = Cluster {
        roles: vec![role(
            "edit",
            &["create patch | core apps | pods pods/exec deployments"],
        )],
        bindings: spaces
            .iter()
            .map(|space| binding(&format!("{space}/edit"), "ClusterRole/edit", &everybody))
            .collect(),
        service_accounts: spaces
            .iter()
            .map(|space| service_account(&format!("{space}/default")))
            .collect(),
        ..Cluster::default()
    };
    let sight = SightIndex::new(&cluster);
    let index = PivotIndex::of(&sight, LazyNetwork::of(&cluster, None));
    let edges: BTreeSet<usize> = (index.whole().edges.iter())
        .filter(|edges| edges.len() >= spaces.len())
        .map(|edges| edges.as_ptr().addr())
        .collect();
    assert_eq!(edges.len(), 1);
}
