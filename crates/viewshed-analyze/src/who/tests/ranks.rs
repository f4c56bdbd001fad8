use viewshed_model::{Evidence, GrantOrigin, IdentityRank};

use super::{answer_lines, granted, list};
use crate::SightIndex;
use crate::rbac::Reach;
use crate::samples::{binding, role, service_account};
use crate::who::{rank_in, who_can};

fn rank_of<'r>(ranks: &'r [IdentityRank], subject: &str) -> &'r IdentityRank {
    ranks
        .iter()
        .find(|rank| rank.subject.to_string() == subject)
        .unwrap()
}

#[test]
fn ranks_count_distinct_objects_and_name_their_grants() {
    let mut cluster = granted();
    cluster
        .bindings
        .push(binding("shop/again", "ClusterRole/reader", &["group:devs"]));
    let ranking = rank_in(&SightIndex::new(&cluster));
    let devs = rank_of(&ranking.ranks, "group devs");
    assert_eq!(devs.by_resource, [("pods".to_owned(), 2)]);
    assert_eq!(
        (devs.visible, devs.namespaces, devs.unknown_members),
        (2, 1, true)
    );
    assert_eq!(
        devs.bindings,
        ["RoleBinding shop/again", "RoleBinding shop/devs"]
    );
    assert_eq!(devs.origin, GrantOrigin::Human);
    let cart = rank_of(&ranking.ranks, "service account shop/cart");
    assert_eq!(cart.visible, cart.total);
    assert_eq!((cart.namespaces, cart.unknown_members), (2, false));
    // A member of `system:serviceaccounts:shop` without a grant of its own.
    assert_eq!(
        rank_of(&ranking.ranks, "service account shop/default").visible,
        2
    );
    assert!(
        ranking
            .ranks
            .iter()
            .all(|rank| rank.subject.name != "system:anonymous")
    );
    assert!(ranking.totals.contains(&("pods".to_owned(), 3)));
}

/// What people give to every identity makes none of the cluster's own parts one whom people gave something.
#[test]
fn a_grant_to_everybody_is_told_of_the_group() {
    for group in [
        "system:authenticated",
        "system:serviceaccounts",
        "system:serviceaccounts:shop",
    ] {
        let mut cluster = granted();
        cluster.bindings = vec![
            binding("all", "ClusterRole/reader", &[&format!("group:{group}")]),
            binding("devs", "ClusterRole/reader", &["group:devs"]),
            binding("shop/own", "ClusterRole/reader", &["sa:shop/default"]),
        ];
        let ranking = rank_in(&SightIndex::new(&cluster));
        let human: Vec<String> = ranking
            .ranks
            .iter()
            .filter(|rank| rank.origin == GrantOrigin::Human)
            .map(|rank| rank.subject.to_string())
            .collect();
        let expected = [
            // Of equals the widest stands first.
            format!("group {group}"),
            "group devs".to_owned(),
            "service account shop/default".to_owned(),
        ];
        assert_eq!(human, expected);
        let cart = rank_of(&ranking.ranks, "service account shop/cart");
        assert_eq!((cart.visible, cart.origin), (3, GrantOrigin::System));
    }
}

/// A person whose own binding leads nowhere is no part of the cluster.
#[test]
fn a_person_without_a_working_grant_stands_among_people() {
    let mut cluster = granted();
    cluster.bindings = vec![
        binding("all", "ClusterRole/reader", &["group:system:authenticated"]),
        binding("shop/dangling", "Role/absent", &["user:lee"]),
    ];
    let ranking = rank_in(&SightIndex::new(&cluster));
    let lee = rank_of(&ranking.ranks, "user lee");
    assert_eq!((lee.visible, lee.origin), (3, GrantOrigin::Human));
    let cart = rank_of(&ranking.ranks, "service account shop/cart");
    assert_eq!(cart.origin, GrantOrigin::System);
}

/// RBAC compares user names, and a service account has one (`AppliesToUser` in
/// `pkg/registry/rbac/validation/rule.go`).
#[test]
fn a_service_account_bound_by_its_user_name_is_that_account() {
    let mut cluster = granted();
    cluster.bindings = vec![binding(
        "shop/trap",
        "ClusterRole/reader",
        &["user:system:serviceaccount:shop:cart"],
    )];
    let index = SightIndex::new(&cluster);
    let expected = [
        "Human service account shop/cart in shop as shop/cart",
        "System group system:masters",
    ];
    let answer = who_can(&index, &list("pods", "shop"), Reach::Exactly);
    assert_eq!(answer_lines(&answer), expected);
    let Evidence::Grant { subject, .. } = &answer.entries[0].evidence else {
        panic!("a binding grants it");
    };
    assert_eq!(subject.to_string(), "user system:serviceaccount:shop:cart");
    let mut both = cluster.clone();
    both.bindings
        .push(binding("shop/own", "ClusterRole/reader", &["sa:shop/cart"]));
    let index = SightIndex::new(&both);
    let answer = who_can(&index, &list("pods", "shop"), Reach::Exactly);
    assert_eq!(answer_lines(&answer), expected);
    let ranking = rank_in(&index);
    assert_eq!(
        rank_of(&ranking.ranks, "service account shop/cart").bindings,
        ["RoleBinding shop/own", "RoleBinding shop/trap"]
    );
    let other_name = "user system:serviceaccount:shop:cart";
    let mut ranks = ranking.ranks.iter();
    assert!(ranks.all(|rank| rank.subject.to_string() != other_name));
}

#[test]
fn service_accounts_of_pods_are_ranked_also_when_they_have_no_object() {
    let mut cluster = granted();
    cluster.service_accounts.clear();
    cluster.bindings = vec![binding(
        "all",
        "ClusterRole/reader",
        &["group:system:serviceaccounts"],
    )];
    let ranking = rank_in(&SightIndex::new(&cluster));
    assert_eq!(
        rank_of(&ranking.ranks, "service account shop/cart").visible,
        3
    );
    cluster.service_accounts.push(service_account("ops/idle"));
    let ranking = rank_in(&SightIndex::new(&cluster));
    assert_eq!(
        rank_of(&ranking.ranks, "service account ops/idle").visible,
        3
    );
}

/// Joe sees nothing himself and acts as whom he likes of two: his row says so, and is one of people.
#[test]
fn whoever_may_impersonate_somebody_has_a_row() {
    let mut cluster = granted();
    cluster.roles.extend([
        role("mask", &["impersonate | core | users | jane dba"]),
        role("shop/mask", &["impersonate | core | serviceaccounts"]),
    ]);
    cluster.bindings.extend([
        binding("mask", "ClusterRole/mask", &["user:joe"]),
        binding("shop/mask", "Role/mask", &["user:jim", "user:dba"]),
    ]);
    let ranking = rank_in(&SightIndex::new(&cluster));
    let row = |name: &str| rank_of(&ranking.ranks, name);
    let joe = row("user joe");
    assert_eq!((joe.visible, joe.origin), (0, GrantOrigin::Human));
    assert_eq!(joe.impersonates, ["user dba", "user jane"]);
    let jim = row("user jim");
    let accounts = ["any service account of namespace shop"];
    assert_eq!(jim.impersonates, accounts);
    assert_eq!(row("user dba").impersonates, accounts);
    assert_eq!(row("user dba").visible, 1);
    // Whoever sees everything sees no more as somebody else.
    assert!(row("service account shop/cart").impersonates.is_empty());
}

/// Whoever sees nothing, and gets everything by what they may change, is found in the table.
#[test]
fn those_who_get_further_are_ranked() {
    for (rules, place, expected) in [
        ("create | core | pods/exec", "", "it runs commands in pods"),
        (
            "create | core | pods/exec",
            "shop/",
            "it runs commands in pods in shop",
        ),
        ("create | core | pods", "", "it starts pods as it likes"),
        (
            "create | core | serviceaccounts/token",
            "shop/",
            "it asks for tokens of other service accounts in shop",
        ),
        (
            "escalate update | rbac.authorization.k8s.io | clusterroles",
            "",
            "it adds any right to a role that it holds",
        ),
        (
            "bind | rbac.authorization.k8s.io | clusterroles; create | rbac.authorization.k8s.io | clusterrolebindings",
            "",
            "it gives itself any role",
        ),
        // One part of two; and what no RoleBinding gives.
        (
            "escalate | rbac.authorization.k8s.io | clusterroles",
            "",
            "",
        ),
        ("create | core | nodes/proxy", "shop/", ""),
        ("delete | core | pods", "", ""),
    ] {
        let mut cluster = granted();
        let rules: Vec<&str> = rules.split("; ").collect();
        cluster.roles.push(role("power", &rules));
        let name = format!("{place}power");
        let grant = binding(&name, "ClusterRole/power", &["user:mallory"]);
        cluster.bindings.push(grant);
        let ranking = rank_in(&SightIndex::new(&cluster));
        let found = ranking
            .ranks
            .iter()
            .find(|rank| rank.subject.name == "mallory");
        let further = found.map_or_else(String::new, |rank| rank.further.join("; "));
        assert_eq!(further, expected, "{rules:?} by {name}");
        if let Some(rank) = found {
            assert_eq!((rank.visible, rank.origin), (0, GrantOrigin::Human));
            assert!(rank.bindings.iter().any(|one| one.ends_with(&name)));
        }
    }
}

/// Where a grant comes from is told by the rule that gives the power, not by whichever stands first.
#[test]
fn a_power_comes_from_whoever_wrote_its_rule() {
    let mut cluster = granted();
    for (more, origin) in [
        (&[][..], GrantOrigin::Bootstrap),
        (&["create | core | pods/exec"], GrantOrigin::Human),
    ] {
        // The server's own role, and what somebody added to it.
        let rules = [&["get list watch | core | nodes"][..], more].concat();
        cluster.roles = vec![role("system:node-proxier", &rules)];
        cluster.bindings = vec![binding(
            "system:node-proxier",
            "ClusterRole/system:node-proxier",
            &["user:system:kube-proxy"],
        )];
        let ranking = rank_in(&SightIndex::new(&cluster));
        let proxy = rank_of(&ranking.ranks, "user system:kube-proxy");
        assert_eq!((proxy.origin, proxy.further.len()), (origin, more.len()));
    }
}

/// The binding that shows most is named first, whatever the names.
#[test]
fn the_grant_that_shows_most_comes_first() {
    let mut cluster = granted();
    cluster
        .roles
        .push(role("a-one", &["get | core | secrets | db"]));
    cluster.bindings = vec![
        binding("shop/a-one", "ClusterRole/a-one", &["group:devs"]),
        binding("shop/z-reader", "ClusterRole/reader", &["group:devs"]),
    ];
    let ranking = rank_in(&SightIndex::new(&cluster));
    let devs = rank_of(&ranking.ranks, "group devs");
    assert_eq!(
        devs.bindings,
        ["RoleBinding shop/z-reader", "RoleBinding shop/a-one"]
    );
    let first = devs.chains.first().and_then(|chain| chain.links.get(1));
    assert_eq!(first.map(|link| &*link.text), Some("see pods in shop"));
}
