use viewshed_model::{
    AnonymousAnswer, Authorizer, AuthorizerKind, Category, Cluster, Estate, Identity,
    KubeletSettings, TokenProjection, Vantage, View, VolumeSource,
};

use super::{SeeError, see, see_in};
use crate::SightIndex;
use crate::samples::{
    api_token, binding, config_map, deployment, meta, mount, pod, role, secret, shop, subject,
};

/// What a view shows, one item a line, without paths that everybody may read.
fn shown(view: &View) -> String {
    let mut lines = Vec::new();
    for category in &view.categories {
        for item in &category.seen {
            if item.kind == "path" {
                continue;
            }
            let name = if item.namespace.is_empty() {
                item.name.clone()
            } else {
                format!("{}/{}", item.namespace, item.name)
            };
            lines.push(format!("{} {name}: {}", item.kind, item.verbs.join(", ")));
        }
    }
    lines.join("\n")
}

fn view(cluster: &Cluster, vantage: &Vantage) -> View {
    see_in(&SightIndex::new(cluster), vantage).unwrap()
}

/// Checks everything that shows, line by line in the order of categories.
fn check(cluster: &Cluster, vantage: &Vantage, expected: &str) {
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    let expected: Vec<&str> = expected
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(shown(&view(cluster, vantage)), expected.join("\n"));
}

fn chain_of(view: &View, kind: &str, name: &str) -> Vec<String> {
    let item = view
        .categories
        .iter()
        .flat_map(|category| &category.seen)
        .find(|item| item.kind == kind && item.name == name)
        .unwrap();
    view.chains[item.chain]
        .links
        .iter()
        .map(|link| link.text.clone())
        .collect()
}

fn user(name: &str) -> Vantage {
    Vantage::Identity {
        identity: Identity::user(name, []),
    }
}

fn in_pod(namespace: &str, name: &str) -> Vantage {
    Vantage::Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// The shop with one ClusterRole and one binding of it.
fn granted(rules: &[&str], binding_name: &str, subjects: &[&str]) -> Cluster {
    let mut cluster = shop();
    cluster.roles.push(role("reader", rules));
    cluster
        .bindings
        .push(binding(binding_name, "ClusterRole/reader", subjects));
    cluster
}

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
fn a_get_of_all_namespaces_names_no_namespace() {
    check(
        &granted(&["get | core | secrets"], "dev", &["user:dev"]),
        &user("dev"),
        "Secret ops/admin: get
         Secret shop/db: get",
    );
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
            &["get list | core | namespaces nodes"],
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
        &granted(&["get | core | pods/log"], "shop/dev", &["user:dev"]),
        &user("dev"),
        "pods/log shop/cart: get
         pods/log shop/web: get",
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

#[test]
fn a_pod_holds_the_token_that_it_mounts() {
    let cluster = granted(&["list | core | pods"], "shop/cart", &["sa:shop/cart"]);
    let view = view(&cluster, &in_pod("shop", "cart"));
    assert_eq!(
        chain_of(&view, "Pod", "web"),
        [
            "pod shop/cart mounts the token of service account shop/cart at \
             /var/run/secrets/kubernetes.io/serviceaccount/token",
            "RoleBinding shop/cart grants ClusterRole reader to service account shop/cart",
            "list pods in shop"
        ]
    );
    let names: Vec<String> = view
        .identities
        .iter()
        .map(|held| held.identity.to_string())
        .collect();
    assert_eq!(names, ["service account shop/cart", "system:anonymous"]);
}

#[test]
fn a_live_pod_without_the_volume_has_no_token() {
    let mut cluster = granted(&["list | core | pods"], "shop/web", &["sa:shop/default"]);
    cluster.pods[1].spec.automount_token = None;
    check(
        &cluster,
        &in_pod("shop", "web"),
        "Container shop/web/main: own
         Pod shop/web: own
         Namespace shop: own",
    );
}

/// Whether a pod of the deployment `shop/web` in manifests gets a token, by the two settings.
fn automounted(of_pod: Option<bool>, of_account: Option<bool>) -> bool {
    let mut cluster = shop();
    cluster.is_live = false;
    cluster.pods.clear();
    cluster.workloads[0].template.automount_token = of_pod;
    cluster.service_accounts[1].automount_token = of_account;
    let view = view(&cluster, &in_pod("shop", "web"));
    view.identities
        .iter()
        .any(|held| held.identity.as_service_account() == Some(("shop", "default")))
}

#[test]
fn manifests_mount_tokens_by_pod_then_account_then_default() {
    for (of_pod, of_account, expected) in [
        (None, None, true),
        (None, Some(false), false),
        (None, Some(true), true),
        (Some(true), Some(false), true),
        (Some(false), Some(true), false),
        (Some(false), None, false),
    ] {
        assert_eq!(
            automounted(of_pod, of_account),
            expected,
            "{of_pod:?} {of_account:?}"
        );
    }
}

#[test]
fn a_token_for_somebody_else_is_named_and_useless() {
    let mut cluster = granted(&["list | core | pods"], "shop/web", &["sa:shop/default"]);
    mount(
        &mut cluster.pods[1].spec,
        VolumeSource::Token(TokenProjection {
            audience: "vault".to_owned(),
            path: "vault-token".to_owned(),
            expiration_seconds: 3600,
        }),
        "/var/run/secrets/vault",
    );
    let view = view(&cluster, &in_pod("shop", "web"));
    assert!(!shown(&view).contains("Pod shop/cart"));
    assert!(view.identities[0].how.ends_with(
        "at /var/run/secrets/vault/vault-token, for the audience `vault`: useless at the API server"
    ));
}

#[test]
fn a_volume_that_nobody_mounts_opens_nothing() {
    let mut cluster = granted(&["list | core | pods"], "shop/web", &["sa:shop/default"]);
    mount(&mut cluster.pods[1].spec, api_token(), "/token");
    mount(
        &mut cluster.pods[1].spec,
        VolumeSource::HostPath("/".to_owned()),
        "/host",
    );
    cluster.pods[1].spec.containers[0].mounts.clear();
    assert!(!shown(&view(&cluster, &in_pod("shop", "web"))).contains("Pod shop/cart"));
}

#[test]
fn a_legacy_token_secret_is_a_credential() {
    let mut cluster = granted(&["list | core | services"], "shop/cart", &["sa:shop/cart"]);
    cluster.configs.push(secret(
        "shop/cart-token-x7",
        "kubernetes.io/service-account-token",
    ));
    mount(
        &mut cluster.pods[1].spec,
        VolumeSource::Secret("cart-token-x7".to_owned()),
        "/token",
    );
    let view = view(&cluster, &in_pod("shop", "web"));
    assert_eq!(
        chain_of(&view, "Service", "web")[0],
        "pod shop/web mounts the token of service account shop/cart from secret \
         shop/cart-token-x7, which never expires at /token/token"
    );
}

fn with_host_path(path: &str, sub_path: &str) -> Cluster {
    let mut cluster = shop();
    let spec = &mut cluster.pods[2].spec;
    mount(spec, VolumeSource::HostPath(path.to_owned()), "/host");
    spec.containers[0].mounts[0].sub_path = sub_path.to_owned();
    cluster
}

#[test]
fn a_runtime_socket_shows_the_node() {
    let node_of_dash = "
        Container ops/dash/main: own, runtime socket
        Container shop/cart/main: runtime socket
        Image cart:1: runtime socket
        Image dash:1: runtime socket
        Pod ops/dash: own, runtime socket
        Pod shop/cart: runtime socket
        Namespace ops: own, indirect
        Namespace shop: indirect
        pods/log ops/dash: runtime socket
        pods/log shop/cart: runtime socket";
    for path in [
        "/run/containerd/containerd.sock",
        "/var/run/containerd/containerd.sock",
        "/run/../run//containerd/containerd.sock",
    ] {
        check(
            &with_host_path(path, ""),
            &in_pod("ops", "dash"),
            node_of_dash,
        );
    }
    let below = with_host_path("/var", "run/containerd/containerd.sock");
    check(&below, &in_pod("ops", "dash"), node_of_dash);
}

#[test]
fn a_folder_above_a_runtime_socket_shows_the_node() {
    for path in ["/run/containerd/", "/run", "/var//run", "/"] {
        let cluster = with_host_path(path, "");
        let view = view(&cluster, &in_pod("ops", "dash"));
        assert!(
            shown(&view).contains("pods/log shop/cart: runtime socket"),
            "{path}"
        );
        assert!(!shown(&view).contains("Pod shop/web"), "{path}");
        assert!(
            !view
                .depends_on
                .iter()
                .any(|one| one.fact.contains("beside its runtime"))
        );
    }
}

#[test]
fn a_socket_of_another_runtime_depends_on_it_running() {
    let cluster = with_host_path("/var/run/docker.sock", "");
    let view = view(&cluster, &in_pod("ops", "dash"));
    assert!(!shown(&view).contains("shop/cart"));
    assert!(view.depends_on.iter().any(|missing| missing.fact
        == "whether Docker runs on node worker-1 beside its runtime `containerd://1.7.0`"));
}

#[test]
fn log_files_name_pods_and_containers() {
    check(
        &with_host_path("/var/log", ""),
        &in_pod("ops", "dash"),
        "Container ops/dash/main: own, node files
         Container shop/cart/main: node files
         Image cart:1: node files
         Image dash:1: node files
         Pod ops/dash: own, node files
         Pod shop/cart: node files
         Namespace ops: own, indirect
         Namespace shop: indirect
         pods/log ops/dash: node files
         pods/log shop/cart: node files",
    );
}

#[test]
fn unrelated_folders_open_nothing() {
    for path in ["/etc/ssl", "/var/lib/kubelet-backup", "/runs", "/var/logs"] {
        check(
            &with_host_path(path, ""),
            &in_pod("ops", "dash"),
            "Container ops/dash/main: own
             Pod ops/dash: own
             Namespace ops: own",
        );
    }
}

fn identities(cluster: &Cluster, vantage: &Vantage) -> Vec<String> {
    view(cluster, vantage)
        .identities
        .iter()
        .map(|held| held.identity.to_string())
        .collect()
}

#[test]
fn kubelet_folders_hold_the_tokens_of_the_node() {
    assert_eq!(
        identities(
            &with_host_path("/var/lib/kubelet", ""),
            &in_pod("ops", "dash")
        ),
        [
            "system:node:worker-1",
            "service account shop/cart",
            "system:anonymous"
        ]
    );
    assert_eq!(
        identities(
            &with_host_path("/var/lib/kubelet/pods", ""),
            &in_pod("ops", "dash")
        ),
        ["service account shop/cart", "system:anonymous"]
    );
}

#[test]
fn administrator_credentials_lie_on_control_plane_nodes_only() {
    let worker = with_host_path("/etc/kubernetes", "");
    assert_eq!(
        identities(&worker, &in_pod("ops", "dash")),
        ["system:anonymous"]
    );
    let mut control_plane = worker;
    control_plane.nodes[0].meta.labels.insert(
        "node-role.kubernetes.io/control-plane".to_owned(),
        String::new(),
    );
    assert_eq!(
        identities(&control_plane, &in_pod("ops", "dash")),
        ["kubernetes-admin", "system:anonymous"]
    );
}

#[test]
fn a_privileged_container_is_root_on_its_node() {
    let mut cluster = shop();
    cluster.pods[2].spec.containers[0].privileged = true;
    let view = view(&cluster, &in_pod("ops", "dash"));
    assert_eq!(
        chain_of(&view, "Secret", "db")[0],
        "container main of pod ops/dash is privileged: it is root on its node"
    );
    assert!(shown(&view).contains("Pod shop/cart: list, watch, get, runtime socket"));
    assert!(!shown(&view).contains("Pod shop/web"));
}

#[test]
fn the_process_table_shows_containers_not_pods() {
    let mut cluster = shop();
    cluster.pods[2].spec.host.pid = true;
    check(
        &cluster,
        &in_pod("ops", "dash"),
        "Container ops/dash/main: own, processes
         Container shop/cart/main: processes
         Pod ops/dash: own
         Namespace ops: own",
    );
}

fn kubelet_settings(mode: &str, anonymous: bool, read_only_port: u16) -> KubeletSettings {
    KubeletSettings {
        anonymous: Some(anonymous),
        authorization_mode: mode.to_owned(),
        read_only_port: Some(read_only_port),
        ..KubeletSettings::default()
    }
}

#[test]
fn an_open_kubelet_shows_its_node_to_the_host_network() {
    let mut cluster = shop();
    cluster.pods[2].spec.host.network = true;
    cluster.nodes[0].kubelet = Some(kubelet_settings("AlwaysAllow", true, 0));
    let through = shown(&view(&cluster, &in_pod("ops", "dash")));
    assert!(through.contains("Pod shop/cart: kubelet"));
    assert!(through.contains("pods/log shop/cart: kubelet"));
}

#[test]
fn a_kubelet_answers_by_its_settings() {
    let at = Vantage::Kubelet {
        address: "https://192.0.2.1:10250/".to_owned(),
    };
    for (settings, pods, logs) in [
        (Some(kubelet_settings("AlwaysAllow", true, 0)), true, true),
        (Some(kubelet_settings("Webhook", true, 0)), false, false),
        (
            Some(kubelet_settings("AlwaysAllow", false, 0)),
            false,
            false,
        ),
        (Some(kubelet_settings("Webhook", false, 10255)), true, false),
        (Some(KubeletSettings::default()), false, false),
        (None, false, false),
    ] {
        let mut cluster = shop();
        cluster.nodes[0].addresses = vec!["192.0.2.1".to_owned()];
        cluster.nodes[0].kubelet = settings.clone();
        let view = view(&cluster, &at);
        let shown = shown(&view);
        assert_eq!(
            shown.contains("Pod shop/cart: kubelet"),
            pods,
            "{settings:?}"
        );
        assert_eq!(
            shown.contains("pods/log shop/cart: kubelet"),
            logs,
            "{settings:?}"
        );
        assert!(!shown.contains("shop/web"), "{settings:?}");
        assert_eq!(view.depends_on.len(), 1 + usize::from(settings.is_none()));
    }
}

#[test]
fn a_node_sees_its_own_pods_and_what_they_use() {
    check(
        &shop(),
        &Vantage::Node {
            name: "worker-2".to_owned(),
        },
        "Container shop/web/main: list, watch, get, runtime socket
         Image web:1: list, watch, get, runtime socket
         Pod shop/web: list, watch, get, runtime socket
         Node worker-2: get, list by name, watch by name, own, indirect
         Service shop/web: list, watch, get
         Namespace shop: indirect
         pods/log shop/web: runtime socket
         ServiceAccount shop/default: get",
    );
}

#[test]
fn etcd_on_a_node_shows_every_name() {
    let mut cluster = shop();
    let mut etcd = pod("kube-system/etcd-worker-2", "worker-2", "etcd:3");
    etcd.is_mirror = true;
    etcd.spec.containers[0].name = "etcd".to_owned();
    cluster.pods.push(etcd);
    let view = view(
        &cluster,
        &Vantage::Node {
            name: "worker-2".to_owned(),
        },
    );
    assert!(shown(&view).contains("Secret ops/admin: etcd data"));
}

fn paths(view: &View) -> Vec<&str> {
    view.categories
        .iter()
        .flat_map(|category| &category.seen)
        .filter(|item| item.kind == "path")
        .map(|item| item.name.as_str())
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
    let pods = |view: &View| {
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
    cluster.others.push(viewshed_model::OtherObject {
        group: "example.com".to_owned(),
        kind: "Gizmo".to_owned(),
        meta: meta("ops/gizmo"),
        ..viewshed_model::OtherObject::default()
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
