use viewshed_model::{KubeletSettings, Vantage};

use super::{check, in_pod, shown, view};
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
