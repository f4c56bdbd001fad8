use viewshed_model::ApiResource;

use super::*;

fn check(words: (&str, &str, Option<&str>), scope: (Option<&str>, bool), expected: &str) {
    let cluster = Cluster {
        api_resources: vec![ApiResource {
            group: "shop.example.com".into(),
            version: "v1".into(),
            resource: "carts".into(),
            kind: "Cart".into(),
            other_names: vec!["crt".into(), "trolley".into()],
            namespaced: true,
            verbs: vec!["list".into()],
        }],
        ..Cluster::default()
    };
    let (verb, resource, name) = words;
    let scope = ScopeArgs {
        namespace: scope.0.map(str::to_owned),
        all_namespaces: scope.1,
    };
    let text = match action(
        &cluster,
        Words {
            verb,
            resource,
            name,
        },
        &scope,
    ) {
        Ok(Action::Resource(request)) => format!(
            "{} {}:{} in [{}] named [{}]",
            request.verb,
            request.api_group,
            request.combined_resource(),
            request.namespace,
            request.name
        ),
        Ok(Action::NonResource(request)) => format!("{} {}", request.verb, request.path),
        Err(failure) => failure.text(),
    };
    assert_eq!(text, expected, "{words:?}");
}

#[test]
fn words_become_the_request_that_kubectl_would_send() {
    let shop = (Some("shop"), false);
    let everywhere = (None, true);
    let unset = (None, false);
    check(
        ("list", "pods", None),
        everywhere,
        "list :pods in [] named []",
    );
    check(
        ("list", "po", None),
        unset,
        "list :pods in [default] named []",
    );
    check(
        ("get", "pods/log", Some("cart")),
        shop,
        "get :pods/log in [shop] named [cart]",
    );
    check(
        ("get", "pods/log", None),
        shop,
        "get :pods/log in [shop] named []",
    );
    check(
        ("get", "deployments/web", None),
        shop,
        "get apps:deployments in [shop] named [web]",
    );
    check(
        ("get", "deployments.apps/scale", None),
        shop,
        "get apps:deployments/scale in [shop] named []",
    );
    check(
        ("LIST", "Deploy", None),
        shop,
        "LIST apps:deployments in [shop] named []",
    );
    check(
        ("get", "nodes", Some("a")),
        shop,
        "get :nodes in [] named [a]",
    );
    check(
        ("get", "ns", Some("shop")),
        unset,
        "get :namespaces in [shop] named [shop]",
    );
    check(("get", "/metrics", None), unset, "get /metrics");
    check(("*", "*", None), everywhere, "* :* in [] named []");
}

#[test]
fn kinds_of_the_cluster_are_found_by_every_name_that_kubectl_takes() {
    let shop = (Some("shop"), false);
    check(
        ("list", "cart", None),
        shop,
        "list shop.example.com:carts in [shop] named []",
    );
    for word in ["crt", "Trolley", "crt.shop.example.com"] {
        check(
            ("list", word, None),
            shop,
            "list shop.example.com:carts in [shop] named []",
        );
    }
    check(
        ("delete", "deployments.v1.apps/web", None),
        shop,
        "delete apps:deployments in [shop] named [web]",
    );
    check(
        ("list", "widgets.v1beta1.example.org", None),
        shop,
        "list example.org:widgets in [shop] named []",
    );
    check(
        ("list", "widgets.example.org", None),
        shop,
        "list example.org:widgets in [shop] named []",
    );
}

#[test]
fn identities_carry_what_their_authenticator_adds() {
    let groups = |user: &str, given: &[&str]| {
        let given: Vec<String> = given.iter().map(|group| (*group).to_owned()).collect();
        identity(user, &given).groups.join(" ")
    };
    assert_eq!(groups("jane", &["devs"]), "devs system:authenticated");
    assert_eq!(groups("system:anonymous", &[]), "system:unauthenticated");
    assert_eq!(
        groups("system:node:worker-1", &[]),
        "system:nodes system:authenticated"
    );
    assert_eq!(
        groups("system:serviceaccount:shop:cart", &[]),
        "system:serviceaccounts system:serviceaccounts:shop system:authenticated"
    );
}
