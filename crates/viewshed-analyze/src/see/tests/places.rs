use viewshed_model::{
    AnonymousAccess, AnonymousAnswer, Authorizer, AuthorizerKind, Category, Cluster, Estate,
    Identity, OtherObject, Vantage, View,
};

use super::super::{SeeError, see};
use super::{check, granted, in_pod, shown, user, view};
use crate::samples::{config_map, deployment, meta, shop, subject};

fn paths<'v>(view: &'v View<'_>) -> Vec<&'v str> {
    view.categories
        .iter()
        .flat_map(|category| &category.seen)
        .filter(|item| item.kind == "path")
        .map(|item| &*item.name)
        .collect()
}

fn answered(cluster: &mut Cluster, path: &str, status: u16) {
    cluster.anonymous.push(AnonymousAnswer {
        path: path.to_owned(),
        status,
    });
}

#[test]
fn anonymous_sees_what_is_granted_to_it() {
    let mut cluster = granted(
        &["list | core | pods"],
        "shop/open",
        &["group:system:unauthenticated"],
    );
    assert!(shown(&view(&cluster, &Vantage::Anonymous)).contains("Pod shop/cart: list"));
    answered(&mut cluster, "/api/v1/namespaces", 401);
    check(&cluster, &Vantage::Anonymous, "");
}

#[test]
fn the_servers_own_answer_counts_for_paths() {
    let mut cluster = granted(
        &["get | /metrics /version"],
        "open",
        &["user:system:anonymous"],
    );
    assert_eq!(
        paths(&view(&cluster, &Vantage::Anonymous)),
        ["/metrics", "/version"]
    );
    answered(&mut cluster, "/metrics", 401);
    answered(&mut cluster, "/version", 200);
    answered(&mut cluster, "/livez", 200);
    assert_eq!(
        paths(&view(&cluster, &Vantage::Anonymous)),
        ["/livez", "/version"]
    );
}

#[test]
fn unmeasured_anonymous_access_depends_on_the_flag() {
    let mut cluster = shop();
    assert_eq!(view(&cluster, &Vantage::Anonymous).depends_on.len(), 1);
    answered(&mut cluster, "/api/v1/namespaces", 403);
    assert!(view(&cluster, &Vantage::Anonymous).depends_on.is_empty());
}

/// `--anonymous-auth` and `anonymous.conditions` settle what nobody measured.
#[test]
fn anonymous_access_goes_by_the_servers_settings() {
    let mut cluster = granted(
        &["list | core | pods"],
        "shop/open",
        &["group:system:unauthenticated"],
    );
    for (access, sees_pods) in [
        (AnonymousAccess::Taken, true),
        (AnonymousAccess::Refused, false),
        (AnonymousAccess::OnPaths(vec!["/livez".to_owned()]), false),
    ] {
        cluster.anonymous_access = Some(access.clone());
        let seen = view(&cluster, &Vantage::Anonymous);
        assert!(seen.depends_on.is_empty(), "{access:?}");
        assert_eq!(
            shown(&seen).contains("Pod shop/cart: list"),
            sees_pods,
            "{access:?}"
        );
    }
    // What a server answered goes before.
    answered(&mut cluster, "/api/v1/namespaces", 403);
    assert!(shown(&view(&cluster, &Vantage::Anonymous)).contains("Pod shop/cart: list"));
}

#[test]
fn a_webhook_before_rbac_makes_everything_uncertain() {
    let authorizer = |kind, name: &str| Authorizer {
        kind,
        name: name.to_owned(),
        match_conditions: Vec::new(),
        failure_policy: String::new(),
    };
    let mut cluster = granted(&["list | core | pods"], "dev", &["user:dev"]);
    cluster.authorizers = Some(vec![
        authorizer(AuthorizerKind::Webhook, "opa"),
        authorizer(AuthorizerKind::Rbac, "RBAC"),
    ]);
    let before = view(&cluster, &user("dev"));
    assert_eq!(shown(&before), "");
    assert_eq!(before.depends_on.len(), 1);
    let pods = |view: &View<'_>| {
        let category = view
            .categories
            .iter()
            .find(|c| c.category == Category::Pods);
        category
            .map(|c| (c.seen.len(), c.hidden_count, c.uncertain_count))
            .unwrap()
    };
    assert_eq!(pods(&before), (0, 0, 3));
    cluster.authorizers.as_mut().unwrap().reverse();
    assert_eq!(pods(&view(&cluster, &user("dev"))), (3, 0, 0));
}

#[test]
fn a_wrong_name_is_answered_with_near_ones() {
    let estate = Estate {
        clusters: vec![shop()],
        ..Estate::default()
    };
    let error = see(&estate, &in_pod("shop", "crat")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no pod `shop/crat` in the estate; did you mean `shop/cart` or `shop/web`?"
    );
    let account = Vantage::Identity {
        identity: Identity::service_account("shop", "carts"),
    };
    assert!(
        see(&estate, &account)
            .unwrap_err()
            .to_string()
            .contains("`shop/cart`")
    );
    assert_eq!(
        see(&Estate::default(), &user("dev")).unwrap_err(),
        SeeError::EmptyEstate {
            what: "Kubernetes cluster"
        }
    );
}

#[test]
fn counts_add_up_to_what_exists() {
    let mut cluster = granted(&["list | core | pods"], "shop/dev", &["user:dev"]);
    cluster.configs.push(config_map("ops/x"));
    cluster.workloads.push(deployment("ops/y", "y:1"));
    cluster.others.push(OtherObject {
        group: "example.com".to_owned(),
        kind: "Gizmo".to_owned(),
        meta: meta("ops/gizmo"),
        ..OtherObject::default()
    });
    let total = |vantage: &Vantage| {
        view(&cluster, vantage)
            .categories
            .iter()
            .map(|c| c.seen.len() as u64 + c.hidden_count + c.uncertain_count)
            .sum::<u64>()
    };
    assert_eq!(total(&user("dev")), total(&user("nobody")));
    assert_eq!(total(&user("dev")), total(&in_pod("shop", "cart")));
    assert_eq!(subject("user:x").to_string(), "user x");
}
