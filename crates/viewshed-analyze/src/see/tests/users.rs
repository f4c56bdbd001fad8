//! Users other than root who have the node's folders.

use viewshed_model::{Cluster, Identity, VolumeSource};

use super::{in_pod, view};
use crate::samples::{mount, shop};

/// Pod ops/dash has a folder of its node, where shop/cart keeps its token.
fn cluster(path: &str, user: i64, group: Option<i64>) -> Cluster {
    let mut cluster = shop();
    let spec = &mut cluster.pods[2].spec;
    mount(spec, VolumeSource::HostPath(path.to_owned()), "/host");
    spec.containers[0].run_as_user = Some(user);
    spec.containers[0].run_as_group = group;
    cluster
}

/// Whether the pod acts as the account of shop/cart, and what the answer depends on.
fn check(cluster: &Cluster, acts: bool, fact: &str) {
    let view = view(cluster, &in_pod("ops", "dash"));
    let cart = Identity::service_account("shop", "cart");
    let mut identities = view.identities.iter();
    let is_held = identities.any(|held| held.identity == cart && held.is_accepted);
    assert_eq!(is_held, acts, "{:?}", view.depends_on);
    let mut facts = view.depends_on.iter();
    let is_told = facts.any(|missing| missing.fact == fact);
    assert!(is_told || fact.is_empty(), "{:?}", view.depends_on);
    let node = Identity::node("worker-1");
    let of_node = view.identities.iter().find(|held| held.identity == node);
    assert_eq!(of_node, None);
}

const OWN_GROUP: &str =
    "whether the image of container main puts user 1000 into another group than root's";

#[test]
fn a_user_of_roots_group_reads_the_tokens_of_the_node() {
    for path in ["/", "/var/lib/kubelet", "/var/lib/kubelet/pods", "/var"] {
        check(&cluster(path, 1000, None), true, OWN_GROUP);
        check(&cluster(path, 1000, Some(0)), true, "");
        check(&cluster(path, 1000, Some(1000)), false, "");
    }
}

#[test]
fn volumes_of_another_group_and_tokens_of_one_user_are_not_readable_for_it() {
    let mut of_group = cluster("/", 1000, Some(0));
    of_group.pods[0].spec.fs_group = Some(2000);
    check(&of_group, false, "");
    let mut of_user = cluster("/", 1000, Some(0));
    of_user.pods[0].spec.containers[0].run_as_user = Some(1001);
    check(&of_user, false, "");
    // Its own number is the owner's.
    of_user.pods[0].spec.containers[0].run_as_user = Some(1000);
    check(&of_user, true, "");
}

#[test]
fn the_sockets_of_containerd_and_crio_are_open_to_roots_group_and_dockers_is_not() {
    let shows_cart = |path: &str, group: i64| {
        let mut cluster = cluster(path, 1000, Some(group));
        if path.contains("crio") {
            "cri-o://1.30".clone_into(&mut cluster.nodes[0].runtime);
        } else if path.contains("docker") {
            "docker://24.0".clone_into(&mut cluster.nodes[0].runtime);
        }
        let view = view(&cluster, &in_pod("ops", "dash"));
        super::shown(&view).contains("Pod shop/cart")
    };
    assert!(shows_cart("/run/containerd/containerd.sock", 0));
    assert!(shows_cart("/var/run/crio/crio.sock", 0));
    assert!(!shows_cart("/run/containerd/containerd.sock", 1000));
    assert!(!shows_cart("/var/run/docker.sock", 0));
}

/// Groups that the whole pod has (Kubernetes API, `PodSecurityContext`).
#[test]
fn groups_of_the_pod_are_those_of_its_users() {
    for groups in [vec![0], vec![7, 0], vec![7]] {
        let mut of_pod = cluster("/", 65532, Some(65532));
        let is_roots = groups.contains(&0);
        of_pod.pods[2].spec.supplemental_groups = groups;
        check(&of_pod, is_roots, "");
    }
    let mut of_volumes = cluster("/", 65532, Some(65532));
    of_volumes.pods[2].spec.fs_group = Some(0);
    check(&of_volumes, true, "");
    // Whoever the user of the image is.
    let mut unknown = cluster("/", 0, None);
    let spec = &mut unknown.pods[2].spec;
    spec.supplemental_groups = vec![0];
    spec.containers[0].run_as_user = None;
    spec.containers[0].run_as_non_root = Some(true);
    check(&unknown, true, "");
}
