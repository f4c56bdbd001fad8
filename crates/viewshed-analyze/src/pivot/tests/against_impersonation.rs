//! Steps by impersonation are those that the server's own checks allow.

use std::collections::BTreeSet;

use proptest::prelude::*;
use viewshed_model::{Cluster, Decision, Identity, PivotKind};

use crate::network::Cni;
use crate::pivot::{LazyNetwork, PivotIndex};
use crate::rbac::{Mode, ResourceQuestion, impersonation_in};
use crate::samples::{binding, role, service_account, shop};
use crate::sight::SightIndex;

const USERS: [&str; 3] = ["joe", "jane", "mary"];
const GROUPS: [&str; 2] = ["staff", "ops"];
const ACCOUNT: &str = "system:serviceaccount:shop:cart";

type Given = (bool, &'static str, String);

fn any_grant() -> impl Strategy<Value = Given> {
    let subjects = vec!["user:joe", "user:mary", "group:staff", "sa:shop/cart"];
    let verbs = vec!["impersonate", "impersonate get", "get", "Impersonate"];
    let groups = vec!["core", "core apps", "apps", "*"];
    let resources = vec![
        "users",
        "groups",
        "serviceaccounts",
        "users groups",
        "*",
        "pods",
    ];
    let names = vec![
        "",
        "jane",
        "mary",
        "staff",
        "ops",
        "cart",
        "jane staff",
        "cart ops",
    ];
    let select = proptest::sample::select::<&'static str>;
    let rule = (
        select(verbs),
        select(groups),
        select(resources),
        select(names),
    );
    let rule = rule.prop_map(|(verbs, groups, resources, names)| match names {
        "" => format!("{verbs} | {groups} | {resources}"),
        names => format!("{verbs} | {groups} | {resources} | {names}"),
    });
    (any::<bool>(), select(subjects), rule)
}

fn cluster(grants: &[Given]) -> Cluster {
    let mut cluster = shop();
    cluster.service_accounts = vec![service_account("shop/cart")];
    // Everybody is known by a binding that gives nothing.
    cluster.roles.push(role("nothing", &[]));
    let everybody = USERS.map(|user| format!("user:{user}"));
    let groups = GROUPS.map(|group| format!("group:{group}"));
    let subjects: Vec<&str> = everybody
        .iter()
        .chain(&groups)
        .map(String::as_str)
        .collect();
    cluster
        .bindings
        .push(binding("nothing", "ClusterRole/nothing", &subjects));
    for ((is_wide, subject, rule), number) in grants.iter().zip(0..) {
        let name = format!("r{number}");
        cluster.roles.push(role(&name, &[rule]));
        let place = if *is_wide {
            name.clone()
        } else {
            format!("shop/{name}")
        };
        let role = format!("ClusterRole/{name}");
        cluster.bindings.push(binding(&place, &role, &[subject]));
    }
    cluster
}

/// What one step leads to: `user jane`, `group staff`, `account`.
fn by_steps(cluster: &Cluster, asker: &Identity) -> BTreeSet<String> {
    let sight = SightIndex::new(cluster);
    let network = LazyNetwork::of(cluster, Some(Cni::Generic));
    let (pivots, _) = PivotIndex::asked_by(&sight, network, asker).from_asker(1);
    let told = pivots.into_iter().filter_map(|pivot| match pivot.kind {
        PivotKind::User => Some(format!("user {}", pivot.name)),
        PivotKind::Group => Some(format!("group {}", pivot.name)),
        PivotKind::ServiceAccount if pivot.name == "shop/cart" => Some("account".to_owned()),
        PivotKind::Administrator => Some("group system:masters".to_owned()),
        _ => None,
    });
    told.collect()
}

/// The same by the checks of `Impersonate-User` and `Impersonate-Group`, one after the other.
fn by_checks(cluster: &Cluster, asker: &Identity) -> BTreeSet<String> {
    let sight = SightIndex::new(cluster);
    let action = ResourceQuestion {
        verb: "list",
        resource: "pods",
        ..ResourceQuestion::default()
    };
    let may = |wanted: &Identity| {
        let answer = impersonation_in(&sight.access, Mode::Legacy, (asker, wanted), action);
        matches!(answer.decision, Decision::Allowed(_))
    };
    let names = || USERS.into_iter().chain([ACCOUNT, "staff", "ops", "cart"]);
    let mut found = BTreeSet::new();
    for user in USERS {
        if user != asker.user && may(&Identity::exactly(user, [])) {
            found.insert(format!("user {user}"));
        }
    }
    if asker.user != ACCOUNT && may(&Identity::exactly(ACCOUNT, [])) {
        found.insert("account".to_owned());
    }
    for group in GROUPS.into_iter().chain(["system:masters"]) {
        let is_own = asker.groups.iter().any(|own| own == group);
        if !is_own && names().any(|name| may(&Identity::exactly(name, [group]))) {
            found.insert(format!("group {group}"));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_step_is_what_the_server_lets_take_on(
        grants in proptest::collection::vec(any_grant(), 1..5)
    ) {
        let cluster = cluster(&grants);
        for asker in [
            Identity::user("joe", []),
            Identity::user("mary", ["staff"]),
            Identity::service_account("shop", "cart"),
        ] {
            let mut steps = by_steps(&cluster, &asker);
            let checks = by_checks(&cluster, &asker);
            // Rules may name a user whom no binding names: those are not asked about.
            steps.retain(|one| {
                one == "account"
                    || one == "group system:masters"
                    || USERS.iter().any(|user| *one == format!("user {user}"))
                    || GROUPS.iter().any(|group| *one == format!("group {group}"))
            });
            if steps.contains("group system:masters") {
                // Whoever takes on any group is told as everything.
                prop_assert!(checks.contains("group system:masters"), "{grants:?} {asker:?}");
                continue;
            }
            prop_assert_eq!(&steps, &checks, "{:?} {:?}", grants, asker);
        }
    }
}
