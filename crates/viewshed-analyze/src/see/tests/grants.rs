use viewshed_model::{Cluster, Identity, Vantage};

use super::{chain_of, check, granted, in_pod, shown, user, view};
use crate::samples::{binding, role, shop};
use crate::see::{Joined, see_joined};

#[test]
fn sees_nothing_without_a_grant() {
    check(&shop(), &user("dev"), "");
}

#[test]
fn a_role_binding_shows_its_namespace_only() {
    check(
        &granted(&["list | core | pods"], "shop/dev", &["user:dev"]),
        &user("dev"),
        "Container shop/cart/main: list
         Container shop/web/main: list
         Image cart:1: list
         Image web:1: list
         Pod shop/cart: list
         Pod shop/web: list
         Node worker-1: indirect
         Node worker-2: indirect",
    );
}

#[test]
fn a_list_of_all_namespaces_names_the_namespaces() {
    check(
        &granted(&["list watch | core | secrets"], "dev", &["user:dev"]),
        &user("dev"),
        "Namespace ops: indirect
         Namespace shop: indirect
         Secret ops/admin: list, watch
         Secret shop/db: list, watch",
    );
}

#[test]
fn a_verb_that_the_server_does_not_serve_shows_nothing() {
    let mut cluster = granted(&["* | core | secrets"], "dev", &["user:dev"]);
    cluster.api_resources.push(viewshed_model::ApiResource {
        version: "v1".to_owned(),
        resource: "secrets".to_owned(),
        kind: "Secret".to_owned(),
        namespaced: true,
        verbs: vec!["get".to_owned(), "create".to_owned()],
        ..viewshed_model::ApiResource::default()
    });
    check(&cluster, &user("dev"), "");
}

/// What the view of `dev` depends on, and how many things show by it, with one rule.
fn guessed(rule: &str, binding_name: &str) -> (Vec<String>, u64) {
    let estate = granted(&[rule], binding_name, &["user:dev"]);
    let view = view(&estate, &user("dev"));
    assert_eq!(shown(&view), "");
    let facts = view.depends_on.into_iter().map(|one| one.fact);
    let categories = view.categories.iter();
    (
        facts.collect(),
        categories.map(|category| category.uncertain_count).sum(),
    )
}

#[test]
fn names_that_nothing_tells_decide_what_get_shows() {
    let (facts, count) = guessed("get | core | secrets", "dev");
    assert_eq!(count, 2);
    assert_eq!(
        facts,
        [
            "which names are known or guessed: get secrets in all namespaces is allowed one by one, \
          and nothing here lists them"
        ]
    );
    let (facts, count) = guessed("get | core | pods/log pods", "shop/dev");
    assert_eq!((facts.len(), count), (1, 4));
    assert!(facts[0].contains("get pods, pods/log in shop"), "{facts:?}");
    // A name alone does not tell the namespace.
    let (facts, count) = guessed("get | core | secrets | db", "dev");
    assert_eq!((facts.len(), count), (1, 1));
}

#[test]
fn a_log_shows_where_its_pod_does() {
    let rules = ["list | core | pods", "get | core | pods/log"];
    let estate = granted(&rules, "shop/dev", &["user:dev"]);
    let view = view(&estate, &user("dev"));
    assert!(shown(&view).contains("pods/log shop/web: get"));
    assert_eq!(view.depends_on, []);
}

#[test]
fn resource_names_show_one_object_also_to_lists_by_name() {
    check(
        &granted(&["get list | core | secrets | db"], "dev", &["user:dev"]),
        &user("dev"),
        "Secret shop/db: get, list by name",
    );
}

#[test]
fn a_role_binding_shows_its_own_namespace_object_by_get() {
    check(
        &granted(
            &["get list | core | namespaces nodes | shop"],
            "shop/dev",
            &["user:dev"],
        ),
        &user("dev"),
        "Namespace shop: get",
    );
}

#[test]
fn logs_are_a_resource_of_their_own() {
    check(
        &granted(&["get | core | pods/log | web"], "shop/dev", &["user:dev"]),
        &user("dev"),
        "pods/log shop/web: get",
    );
    check(
        &granted(&["* | core | pods/*"], "shop/dev", &["user:dev"]),
        &user("dev"),
        "",
    );
}

#[test]
fn the_node_proxy_shows_pods_and_logs_behind_each_kubelet() {
    check(
        &granted(
            &["get | core | nodes/proxy | worker-2"],
            "dev",
            &["user:dev"],
        ),
        &user("dev"),
        "Container shop/web/main: kubelet
         Image web:1: kubelet
         Pod shop/web: kubelet
         Namespace shop: indirect
         pods/log shop/web: kubelet",
    );
}

#[test]
fn templates_show_containers_and_images() {
    check(
        &granted(&["list | apps | deployments"], "shop/dev", &["user:dev"]),
        &user("dev"),
        "Deployment container shop/web/main: list
         Image web:1: list
         Deployment shop/web: list",
    );
}

#[test]
fn nodes_show_the_images_they_hold() {
    let mut cluster = granted(&["list | core | nodes"], "dev", &["user:dev"]);
    cluster.nodes[0].images = vec!["pause:3".to_owned()];
    check(
        &cluster,
        &user("dev"),
        "Image pause:3: list
         Node worker-1: list
         Node worker-2: list",
    );
}

#[test]
fn masters_see_everything_without_any_binding() {
    let cluster = shop();
    let view = view(
        &cluster,
        &Vantage::Identity {
            identity: Identity::user("root", ["system:masters"]),
        },
    );
    for category in &view.categories {
        assert_eq!(
            (
                category.category,
                category.hidden_count,
                category.uncertain_count
            ),
            (category.category, 0, 0)
        );
    }
    assert_eq!(
        chain_of(&view, "Secret", "db"),
        [
            "group system:masters may do everything, whatever the bindings say",
            "list secrets in all namespaces"
        ]
    );
}

#[test]
fn a_chain_names_binding_role_subject_and_question() {
    let cluster = granted(&["list | apps | deployments"], "shop/dev", &["group:devs"]);
    let vantage = Vantage::Identity {
        identity: Identity::user("ann", ["devs"]),
    };
    assert_eq!(
        chain_of(&view(&cluster, &vantage), "Deployment", "web"),
        [
            "RoleBinding shop/dev grants ClusterRole reader to group devs",
            "list deployments.apps in shop"
        ]
    );
}

#[test]
fn the_widest_grant_is_the_chain_that_is_told() {
    let mut cluster = granted(&["get | core | pods"], "shop/a", &["user:dev"]);
    cluster.roles.push(role("lister", &["list | core | pods"]));
    cluster
        .bindings
        .push(binding("shop/b", "ClusterRole/lister", &["user:dev"]));
    let view = view(&cluster, &user("dev"));
    assert_eq!(chain_of(&view, "Pod", "web")[1], "list pods in shop");
    assert!(shown(&view).contains("Pod shop/web: list, get"));
}

/// Whom the view of `dev` may act as, with one rule bound cluster-wide or in `shop`.
fn masks(rule: &str, binding_name: &str) -> Vec<String> {
    let cluster = granted(&[rule], binding_name, &["user:dev"]);
    joined(cluster, &user("dev"))
}

/// What is told beside a view; nothing of it is a gap, since nothing failed to be read.
fn joined(cluster: Cluster, vantage: &Vantage) -> Vec<String> {
    let estate = viewshed_model::Estate {
        clusters: vec![cluster],
        ..viewshed_model::Estate::default()
    };
    let view = see_joined(&estate, vantage, Joined::default()).unwrap();
    assert!(!view.gaps.iter().any(|gap| gap.what.contains("impersonate")));
    view.may_act_as
}

#[test]
fn whom_it_may_impersonate_is_named() {
    let one = "impersonate | core | users | jane";
    assert_eq!(
        masks(one, "dev"),
        ["dev may impersonate user jane; look from there: `viewshed see --as jane`"]
    );
    // Users have no namespace.
    assert_eq!(masks(one, "shop/dev"), Vec::<String>::new());
    assert_eq!(
        masks("impersonate | core | serviceaccounts", "shop/dev"),
        [
            "dev may impersonate any service account of namespace shop; look from one of them: \
          `viewshed see --serviceaccount NAME`"
        ]
    );
    let both = masks("impersonate | core | groups users", "dev");
    assert!(both[0].starts_with("dev may impersonate any group; "));
    assert!(both[1].starts_with("dev may impersonate any user; "));
    // A group alone is refused.
    assert_eq!(
        masks("impersonate | core | groups", "dev"),
        Vec::<String>::new()
    );
    assert_eq!(masks("* | * | *", "dev"), Vec::<String>::new());
    assert_eq!(
        masks("get list | core | users", "dev"),
        Vec::<String>::new()
    );
}

#[test]
fn a_pod_may_act_as_whom_its_account_may() {
    let rules = ["impersonate | core | serviceaccounts"];
    let cluster = granted(&rules, "ops/masks", &["sa:shop/cart"]);
    let account = Vantage::Identity {
        identity: Identity::service_account("shop", "cart"),
    };
    let told = joined(cluster.clone(), &account);
    assert_eq!(told.len(), 1);
    assert_eq!(joined(cluster, &in_pod("shop", "cart")), told);
}
