//! The collection of a cluster with a real node: what its kubelet says of itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use viewshed_bench::kubernetes::Endpoint;
use viewshed_bench::{Availability, Needs, Node, NodeOptions, availability};
use viewshed_collect::kubernetes::{Options, collect, connect};
use viewshed_collect::{Environment, Quiet};
use viewshed_model::{Cluster, Gap, GapReason};

/// The shared node, or nothing where the bench may be skipped.
fn node() -> Option<&'static Node> {
    static NODE: OnceLock<Option<Node>> = OnceLock::new();
    let start = || match availability(Needs::Node).unwrap() {
        Availability::Ready => Some(Node::start(&NodeOptions::default()).unwrap()),
        Availability::Skip => None,
    };
    NODE.get_or_init(start).as_ref()
}

fn read(kubeconfig: &Path) -> (Cluster, Vec<Gap>) {
    let environment = Environment {
        variables: BTreeMap::new(),
        root: PathBuf::from("/nonexistent"),
    };
    let options = Options {
        kubeconfig: Some(kubeconfig.to_owned()),
        ..Options::new(environment, "viewshed/test")
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            let client = connect(&options).await.unwrap();
            collect(&client, &Quiet).await.unwrap()
        })
}

#[test]
fn the_settings_of_a_kubelet_are_read_through_the_server() {
    let Some(node) = node() else { return };
    let (cluster, gaps) = read(node.kubectl().kubeconfig());
    assert_eq!(gaps, []);
    let [found] = &cluster.nodes[..] else {
        panic!("{:?}", cluster.nodes);
    };
    assert_eq!(found.meta.name, node.name());
    assert!(
        found.kubelet_port > 0 && !found.runtime.is_empty(),
        "{found:?}"
    );
    let settings = found.kubelet.as_ref().unwrap();
    assert_eq!(settings.authorization_mode, "Webhook");
    assert_eq!(settings.anonymous, Some(false));
    assert_eq!(settings.webhook_authentication, Some(true));
    assert_eq!(settings.read_only_port.unwrap_or(0), 0);
}

#[test]
fn without_the_permission_the_kubelets_are_one_gap() {
    let Some(node) = node() else { return };
    let name = "see-nodes";
    node.kubectl()
        .run(&[
            "create",
            "clusterrole",
            name,
            "--verb=list",
            "--resource=nodes",
        ])
        .unwrap();
    node.kubectl()
        .run(&[
            "create",
            "clusterrolebinding",
            name,
            "--clusterrole=see-nodes",
            "--user=nora",
        ])
        .unwrap();
    let plane = node.control_plane();
    let kubeconfig = plane
        .kubeconfig_for("nora", &[], Endpoint::Outside)
        .unwrap();
    let (cluster, gaps) = read(&kubeconfig);
    assert_eq!(cluster.nodes[0].kubelet, None);
    let about: Vec<&Gap> = gaps
        .iter()
        .filter(|gap| gap.what.contains("nodes/proxy"))
        .collect();
    assert_eq!(
        (about.len(), about[0].reason, about[0].count),
        (1, GapReason::Forbidden, 1)
    );
}
