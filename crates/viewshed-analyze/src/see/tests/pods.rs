use viewshed_model::{Cluster, TokenProjection, Vantage, VolumeSource};

use super::{chain_of, check, granted, in_pod, shown, view};
use crate::samples::{api_token, mount, secret, shop};
use crate::see::{Joined, see_joined};

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
        "Service shop/web: environment
         Namespace shop: own",
    );
}

#[test]
fn a_mounted_secret_shows_its_keys_and_not_its_name() {
    let mut cluster = shop();
    cluster.configs.push(secret("shop/pass", "Opaque"));
    let volume = VolumeSource::Secret("pass".to_owned());
    mount(&mut cluster.pods[1].spec, volume, "/pass");
    let text = shown(&view(&cluster, &in_pod("shop", "web")));
    assert!(!text.contains("Secret shop/pass"), "{text}");
    assert!(text.contains("Namespace shop: own"), "{text}");
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
    assert!(!view.identities[0].is_accepted);
    assert!(view.identities[0].how.ends_with(
        "at /var/run/secrets/vault/vault-token, for the audience `vault`: useless at the API server"
    ));
}

#[test]
fn a_kubelets_kubeconfig_alone_is_a_doubt() {
    let doubts = |paths: &[&str]| {
        let mut cluster = shop();
        for path in paths {
            let volume = VolumeSource::HostPath((*path).to_owned());
            mount(&mut cluster.pods[1].spec, volume, path);
        }
        let view = view(&cluster, &in_pod("shop", "web"));
        let is_doubt = |fact: &&viewshed_model::MissingFact| fact.fact.contains("kubelet.conf");
        view.depends_on.iter().filter(is_doubt).count()
    };
    assert_eq!(doubts(&["/etc/kubernetes"]), 1);
    assert_eq!(doubts(&["/etc/kubernetes", "/var/lib/kubelet"]), 0);
    assert_eq!(doubts(&["/etc/kubernetes/pki"]), 0);
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
        Container ops/dash/main: runtime socket
        Container shop/cart/main: runtime socket
        Image cart:1: runtime socket
        Image dash:1: runtime socket
        Pod ops/dash: runtime socket
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
fn sockets_are_known_wherever_a_daemon_has_them() {
    for path in [
        "/var/snap/microk8s/common/run/containerd.sock",
        "/var/snap/microk8s",
        "/opt/moved/containerd.sock",
    ] {
        let estate = with_host_path(path, "");
        let view = view(&estate, &in_pod("ops", "dash"));
        assert!(
            shown(&view).contains("pods/log shop/cart: runtime socket"),
            "{path}"
        );
    }
    for path in ["/run/user/1000/docker.sock", "/run/crio/crio.sock"] {
        let estate = with_host_path(path, "");
        let view = view(&estate, &in_pod("ops", "dash"));
        assert!(
            view.depends_on
                .iter()
                .any(|one| one.fact.contains("beside its runtime")),
            "{path}"
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
        "Container ops/dash/main: node files
         Container shop/cart/main: node files
         Pod ops/dash: node files
         Pod shop/cart: node files
         Namespace ops: own, indirect
         Namespace shop: indirect
         pods/log ops/dash: node files
         pods/log shop/cart: node files",
    );
}

#[test]
fn manifests_of_static_pods_name_them() {
    for path in ["/etc/kubernetes/manifests", "/etc/kubernetes", "/etc"] {
        let mut cluster = with_host_path(path, "");
        cluster.pods[0].is_mirror = true;
        let view = view(&cluster, &in_pod("ops", "dash"));
        assert!(shown(&view).contains("Pod shop/cart: node files"), "{path}");
        assert!(!shown(&view).contains("Pod shop/web"), "{path}");
    }
}

/// What is written on the node is a step, as the container is that a runtime starts: who looks around has not taken it.
#[test]
fn root_by_what_is_written_is_a_step_and_no_sight() {
    for path in [
        "/etc/kubernetes/manifests",
        "/etc/cron.d",
        "/run",
        "/proc",
        "/opt/cni/bin",
        "/root",
    ] {
        let look = |read_only: bool| {
            let mut cluster = with_host_path(path, "");
            cluster.pods[2].spec.containers[0].mounts[0].read_only = read_only;
            let estate = viewshed_model::Estate {
                clusters: vec![cluster],
                ..viewshed_model::Estate::default()
            };
            let joined = Joined {
                depth: Some(1),
                ..Joined::default()
            };
            let view = see_joined(&estate, &in_pod("ops", "dash"), joined).unwrap();
            let is_node = |kind| kind == viewshed_model::PivotKind::Node;
            let leads = view.pivots.iter().any(|pivot| is_node(pivot.kind));
            (shown(&view), view.depends_on, leads)
        };
        let (written, read) = (look(false), look(true));
        assert_eq!((&written.0, &written.1), (&read.0, &read.1), "{path}");
        // With /run the runtime's socket comes, which no mount makes read-only.
        assert_eq!((written.2, read.2), (true, path == "/run"), "{path}");
    }
}

#[test]
fn unrelated_folders_open_nothing() {
    for path in ["/etc/ssl", "/var/lib/kubelet-backup", "/runs", "/var/logs"] {
        check(
            &with_host_path(path, ""),
            &in_pod("ops", "dash"),
            "Namespace ops: own",
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

/// A part of a volume is mounted without what is mounted below it, as the folders of tokens are; the kubelet's own
/// certificate is a file there.
#[test]
fn a_part_of_a_folder_comes_without_what_is_mounted_in_it() {
    for (path, sub_path, expected) in [
        ("/", "var/lib/kubelet/pods", &["system:anonymous"][..]),
        (
            "/var/lib",
            "kubelet",
            &["system:node:worker-1", "system:anonymous"],
        ),
    ] {
        let mut cluster = with_host_path(path, "");
        sub_path.clone_into(&mut cluster.pods[2].spec.containers[0].mounts[0].sub_path);
        assert_eq!(identities(&cluster, &in_pod("ops", "dash")), expected);
    }
}

/// Folders of volumes are named after the volumes (`pkg/volume/util.GetPodVolumeDir`).
#[test]
fn volumes_of_other_pods_hold_values_and_name_no_objects() {
    let mut cluster = with_host_path("/var/lib/kubelet/pods", "");
    let secret = VolumeSource::Secret("db".to_owned());
    mount(&mut cluster.pods[0].spec, secret, "/db");
    let view = view(&cluster, &in_pod("ops", "dash"));
    assert!(
        !shown(&view).contains("Secret shop/db: node files"),
        "{}",
        shown(&view)
    );
    let mut told = view.unnamed.iter();
    assert!(
        told.any(|told| told.contains("pod shop/cart keeps its configuration there")),
        "{:?}",
        view.unnamed
    );
}

#[test]
fn the_root_of_the_first_process_is_that_of_the_node() {
    let of = |path: &str| identities(&with_host_path(path, ""), &in_pod("ops", "dash"));
    assert_eq!(of("/proc/1/root"), of("/"));
    assert_eq!(
        of("/proc/1/root/var/lib/kubelet/pods"),
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
        [
            "kubernetes-admin",
            "system:kube-controller-manager",
            "system:kube-scheduler",
            "system:anonymous"
        ]
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
