//! What is worked out once for everybody whom the same bindings name, counted.

use std::cell::Cell;

use viewshed_model::{Cluster, Identity};

use crate::rbac::{AccessIndex, Alike};
use crate::samples::{binding, role};

/// How often an answer is made for these identities, one after the other.
fn made(cluster: &Cluster, identities: &[Identity]) -> usize {
    let index = AccessIndex::new(cluster);
    let alike = Alike::default();
    let made = Cell::new(0);
    for identity in identities {
        let session = index.session(identity);
        let own: Vec<String> = session
            .grants()
            .map(|grant| grant.binding.meta.name.clone())
            .collect();
        let make = || {
            made.set(made.get() + 1);
            own.clone()
        };
        alike.of(&session, make, |known| assert_eq!(*known, own));
    }
    assert!(alike.len() <= made.get());
    made.get()
}

fn users(range: std::ops::Range<usize>) -> Vec<Identity> {
    range
        .map(|number| Identity::user(&format!("u{number}"), []))
        .collect()
}

fn cluster() -> Cluster {
    let names: Vec<String> = (0..500).map(|number| format!("user:u{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("user:system:node:n1");
    Cluster {
        roles: vec![role("big", &["get | core | secrets | a"])],
        bindings: vec![
            binding("big", "ClusterRole/big", &names),
            binding("more", "ClusterRole/big", &["user:u7"]),
        ],
        ..Cluster::default()
    }
}

#[test]
fn answers_for_subjects_of_one_binding_are_made_once() {
    assert_eq!(made(&cluster(), &users(10..500)), 1);
}

#[test]
fn another_binding_is_another_answer() {
    assert_eq!(made(&cluster(), &users(0..10)), 2);
}

/// Of nodes and of members of `system:masters`, more than bindings counts.
#[test]
fn whoever_has_more_than_bindings_shares_with_nobody() {
    let masters = |name: &str| Identity::user(name, ["system:masters"]);
    let identities = [
        masters("u1"),
        masters("u2"),
        Identity::node("n1"),
        Identity::node("n1"),
        Identity::user("u3", []),
    ];
    assert_eq!(made(&cluster(), &identities), 5);
}
