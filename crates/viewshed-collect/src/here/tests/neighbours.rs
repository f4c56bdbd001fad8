//! What a shared process table and a mounted folder of logs tell of neighbours.

use serde_json::json;

use super::{bound_token, inside, jwt, look, look_around};

#[test]
fn tokens_of_containers_that_share_their_processes_are_found_once() {
    let mountinfo = |path: &str| format!("40 30 0:50 / {path} ro - tmpfs tmpfs ro\n");
    let other = jwt(&json!({"sub": "system:serviceaccount:other:default"}));
    let (root, environment) = inside(
        &[
            ("proc/self/mountinfo", &mountinfo("/own")),
            ("own/token", &bound_token()),
            ("proc/7/mountinfo", &mountinfo("/k")),
            ("proc/7/root/k/token", &other),
            ("proc/8/mountinfo", &mountinfo("/k")),
            ("proc/8/root/k/token", &other),
        ],
        &[],
    );
    for (process, namespace) in [
        ("self", "mnt:[1]"),
        ("7", "mnt:[2]"),
        // Another process of the same container.
        ("8", "mnt:[2]"),
    ] {
        let folder = root.path().join("proc").join(process).join("ns");
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(namespace, folder.join("mnt")).unwrap();
    }
    let paths = || {
        let tokens = look_around(&environment).tokens;
        let paths = tokens.into_iter().map(|token| token.path);
        paths.collect::<Vec<_>>()
    };
    assert_eq!(paths(), ["/own/token", "/proc/7/root/k/token"]);
    // On the node's own process table they would be other pods' tokens.
    std::fs::create_dir_all(root.path().join("proc/2")).unwrap();
    std::fs::write(root.path().join("proc/2/comm"), "kubelet\n").unwrap();
    assert_eq!(paths(), ["/own/token"]);
}

#[test]
fn a_mounted_folder_of_logs_names_pods_and_containers() {
    const UID: &str = "e86d6a3c-5f4e-4a52-9d3e-000000000001";
    let check = |path: &str, below: &str, expected: Option<&str>| {
        let mountinfo = format!("50 40 8:1 /var/log {path} ro - ext4 /dev/sda1 rw\n");
        let pods = ["ops_dash", "shop_cart", "other"];
        let files = pods.map(|pod| {
            format!(
                "{}/{pod}_{UID}/c/0.log",
                format!("{path}{below}").trim_start_matches('/')
            )
        });
        let mut inputs = vec![("proc/self/mountinfo", mountinfo.as_str())];
        inputs.extend(files.iter().map(|file| (file.as_str(), "log")));
        let found = look(&inputs, &[]);
        let told: Vec<_> = found
            .logged_pods
            .iter()
            .map(|pod| {
                assert_eq!(
                    (&pod.containers[..], pod.is_readable),
                    (&["c".to_owned()][..], true)
                );
                (
                    pod.namespace.as_str(),
                    pod.name.as_str(),
                    pod.folder.as_str(),
                )
            })
            .collect();
        match expected {
            Some(folder) => {
                assert_eq!(told, [("ops", "dash", folder), ("shop", "cart", folder)]);
            }
            None => assert_eq!(told, []),
        }
        assert!(found.gaps.iter().all(|gap| !gap.what.contains("log")));
    };
    check("/vl", "/pods", Some("/vl/pods"));
    check("/vl", "", Some("/vl"));
    check("/host", "/var/log/pods", Some("/host/var/log/pods"));
    check("/vl", "/elsewhere", None);
}
