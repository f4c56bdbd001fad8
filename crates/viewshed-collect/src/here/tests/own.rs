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

const ID: &str = "5b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c";

#[test]
fn a_container_of_docker_knows_its_id() {
    let of = |root: &str| {
        let line = format!("9 8 8:1 {root} /etc/hostname rw - ext4 /dev/sda1 rw\n");
        look(&[("proc/self/mountinfo", &line)], &[]).container_id
    };
    assert_eq!(of(&format!("/var/lib/docker/containers/{ID}/hostname")), ID);
    assert_eq!(
        of(&format!(
            "/storage/overlay-containers/{ID}/userdata/hostname"
        )),
        ID
    );
    // The folder of a pod's sandbox.
    assert_eq!(
        of(&format!(
            "/io.containerd.grpc.v1.cri/sandboxes/{ID}/hostname"
        )),
        ""
    );
}

#[test]
fn processes_tell_of_their_containers() {
    let other = ID.replace('5', "0");
    let third = ID.replace('5', "1");
    let found = look(
        &[
            (
                "proc/self/cgroup",
                &format!("0::/kubepods/cri-containerd-{ID}.scope\n"),
            ),
            ("proc/1/cgroup", "0::/init.scope\n"),
            (
                "proc/7/cgroup",
                &format!("0::/kubepods/cri-containerd-{ID}.scope\n"),
            ),
            (
                "proc/8/cgroup",
                &format!("0::/../cri-containerd-{other}.scope\n"),
            ),
            ("proc/8/comm", "nginx\n"),
            (
                "proc/9/cgroup",
                &format!("4:memory:/docker/{third}\n0::/\n"),
            ),
            ("proc/9/comm", "pause\n"),
        ],
        &[],
    );
    assert_eq!(found.beside, [other]);
}

#[test]
fn a_token_that_is_mounted_by_itself_is_found() {
    let mountinfo = "40 30 0:50 /..2026/token /tok ro - tmpfs tmpfs ro\n";
    let token = super::bound_token();
    let found = look(&[("proc/self/mountinfo", mountinfo), ("tok", &token)], &[]);
    assert_eq!(found.tokens[0].path, "/tok");
}

#[test]
fn what_is_at_hand_and_not_used_is_named() {
    let mountinfo = "40 30 8:1 /var/lib/kubelet/pki /h ro - ext4 /dev/sda1 ro\n";
    let found = look(
        &[
            ("proc/self/mountinfo", mountinfo),
            ("h/kubelet-client-current.pem", "key"),
            ("proc/self/status", "CapEff:\t000001ffffffffff\n"),
        ],
        &[],
    );
    let told: Vec<&str> = found.gaps.iter().map(|gap| gap.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "look at the host as root",
            "use the kubelet's client certificate `/h/kubelet-client-current.pem`"
        ]
    );
}
