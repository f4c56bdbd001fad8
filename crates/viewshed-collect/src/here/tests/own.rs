//! What the place tells of its own pod.

use super::look;

#[test]
fn the_kubelet_names_the_pod_without_a_token() {
    let mountinfo = "50 40 8:1 /var/lib/kubelet/pods/5c2d/containers/main/0a1b /dev/termination-log rw \
                     - ext4 /dev/sda1 rw\n";
    let resolver = "search ops.example shop.svc.cluster.local svc.cluster.local cluster.local\n\
                    nameserver 10.96.0.10\n";
    let found = look(
        &[
            ("proc/self/mountinfo", mountinfo),
            ("proc/sys/kernel/hostname", "cart-7d\n"),
            ("etc/resolv.conf", resolver),
        ],
        &[("POD_NAMESPACE", "other")],
    );
    let own = &found.own;
    assert_eq!(
        (own.host_name.as_str(), own.container.as_str()),
        ("cart-7d", "main")
    );
    assert_eq!(
        (own.namespace.as_str(), own.namespace_from.as_str()),
        ("shop", "the search list of /etc/resolv.conf")
    );
}

#[test]
fn nothing_else_is_taken_for_a_namespace() {
    for (resolver, variable, expected) in [
        ("search a.svc.example\n", "", ""),
        ("search svc.cluster.local\n", "", ""),
        ("nameserver 10.0.0.1\n", "shop", "shop"),
        ("", "Not A Name", ""),
        ("search shop.svc.x svc.x\nsearch a.b\n", "", ""),
    ] {
        let found = look(
            &[("etc/resolv.conf", resolver)],
            &[("POD_NAMESPACE", variable)],
        );
        assert_eq!(found.own.namespace, expected, "{resolver:?}");
    }
}
