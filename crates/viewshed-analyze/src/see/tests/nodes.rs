use viewshed_model::{KubeletSettings, Vantage};

use super::{check, granted, in_pod, shown, user, view};
use crate::samples::{pod, shop};

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
        // A kubelet that refuses strangers shows nothing, whether the network lets them reach it or not.
        let is_closed = settings.as_ref().is_some_and(|settings| {
            settings.anonymous == Some(false) && settings.read_only_port == Some(0)
        });
        let doubts = usize::from(!is_closed) + usize::from(settings.is_none());
        assert_eq!(view.depends_on.len(), doubts, "{settings:?}");
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

/// `pkg/kubelet/server/auth.go`: parts of a node's own API have subresources of their own, which the API server's proxy
/// does not know.
#[test]
fn rights_on_parts_of_a_node_show_its_pods_where_its_kubelet_is_reached() {
    for (rule, version, is_open, has_logs) in [
        ("get | core | nodes/pods", 36, true, false),
        ("get | core | nodes/pods", 32, false, false),
        ("get | core | nodes/metrics", 32, true, false),
        ("get | core | nodes/stats | worker-1", 36, true, false),
        ("get | core | nodes/stats | worker-9", 36, false, false),
        ("get | core | nodes/log", 36, true, true),
        ("get | core | nodes/configz", 36, false, false),
        ("list | core | nodes/pods", 36, false, false),
    ] {
        let mut cluster = granted(&[rule], "all", &["user:scraper"]);
        cluster.version = Some(viewshed_model::ServerVersion {
            minor: version.to_string(),
            ..viewshed_model::ServerVersion::default()
        });
        let view = view(&cluster, &user("scraper"));
        let of = |category: viewshed_model::Category| {
            let mut all = view.categories.iter();
            let found = all.find(|one| one.category == category).unwrap();
            (found.seen.len(), found.uncertain_count)
        };
        let (seen, uncertain) = of(viewshed_model::Category::Pods);
        assert_eq!((seen, uncertain > 0), (0, is_open), "{rule} {version}");
        let (_, logs) = of(viewshed_model::Category::Logs);
        assert_eq!(logs > 0, has_logs, "{rule}");
        let is_told = view
            .depends_on
            .iter()
            .any(|one| one.fact.contains("TCP 10250"));
        assert_eq!(is_told, is_open, "{rule}");
    }
}
