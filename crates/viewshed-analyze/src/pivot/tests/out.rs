use super::{cluster, leads};

/// What pod `ops/probe` on a node leads to beside its own account, by its volumes and the mount of its container.
fn probe(node: &str, volume: &str, mount: &str) -> Vec<String> {
    with(node, "", "", volume, mount)
}

fn with(node: &str, pod: &str, container: &str, volume: &str, mount: &str) -> Vec<String> {
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: ops }}\nspec:\n  nodeName: {node}\n  \
         automountServiceAccountToken: false\n  {pod}\n  volumes: [{{ name: v, {volume} }}]\n  containers: \
         [{{ name: main, image: example, {container} volumeMounts: [{{ name: v, mountPath: /v, {mount} }}] }}]\n---\n"
    );
    leads(&cluster(&text), ("ops", "probe"), 1)
}

fn host_path(path: &str) -> String {
    format!("hostPath: {{ path: '{path}' }}")
}

/// Kubernetes documentation, "Create static Pods": the kubelet starts what is described in its folder. The other
/// places are those of cron(8), systemd.unit(5), ld.so(8), core(5) and the CNI specification.
#[test]
fn writing_what_root_of_the_node_runs_is_root_there() {
    let paths = [
        "/etc/kubernetes/manifests",
        "/etc/kubernetes/pki/../manifests",
        "/etc/kubernetes/manifests/own.yaml",
        "/etc/kubernetes",
        "/etc",
        "/etc/cron.d",
        "/etc/systemd/system",
        "/opt/cni/bin",
        "/opt",
        "/usr/bin",
        "/usr",
        "/proc",
    ];
    for path in paths {
        let root = "Node worker 1".to_owned();
        let found = probe("worker", &host_path(path), "");
        assert!(found.contains(&root), "{path}: {found:?}");
        let found = probe("worker", &host_path(path), "readOnly: true");
        assert!(!found.contains(&root), "{path} read-only: {found:?}");
    }
    for path in ["/srv", "/etc/kubernetesx", "/usr/share", "/opt/cni", "/dev"] {
        let wanted: &[&str] = if path == "/opt/cni" {
            &["Node worker 1"]
        } else {
            &[]
        };
        assert_eq!(probe("worker", &host_path(path), ""), wanted, "{path}");
    }
    for path in ["/root/.ssh", "/root"] {
        assert_eq!(
            probe("worker", &host_path(path), ""),
            ["Node worker 1?"],
            "{path}"
        );
    }
    // Files that the kubelet shows as logs: what root reads.
    let found = probe("worker", &host_path("/var/log"), "");
    assert!(found.contains(&"Pod ops/tool 1?".to_owned()), "{found:?}");
    let found = probe(
        "worker",
        &host_path("/etc"),
        "subPath: kubernetes/manifests",
    );
    assert!(found.contains(&"Node worker 1".to_owned()), "{found:?}");
}

/// kubeadm writes administrator credentials, the key of the authority and etcd's data on control-plane nodes only;
/// its `kubelet.conf` names the certificate, and does not hold it.
#[test]
fn what_lies_on_control_plane_nodes_lies_on_no_worker() {
    for path in [
        "/etc/kubernetes/pki",
        "/etc/kubernetes/admin.conf",
        "/var/lib/etcd",
    ] {
        let found = probe("worker", &host_path(path), "readOnly: true");
        assert_eq!(found, Vec::<String>::new(), "{path}");
        let wanted = match path {
            "/var/lib/etcd" => "AllSecrets 1",
            _ => "Administrator 1",
        };
        assert_eq!(probe("cp", &host_path(path), "readOnly: true"), [wanted]);
        // A node that the estate does not know.
        let doubtful = format!("{wanted}?");
        assert_eq!(
            probe("other", &host_path(path), "readOnly: true"),
            [doubtful]
        );
    }
    let found = probe(
        "worker",
        &host_path("/etc/kubernetes/kubelet.conf"),
        "readOnly: true",
    );
    assert!(found.contains(&"Pod ops/tool 1?".to_owned()), "{found:?}");
    assert!(!found.contains(&"Pod ops/tool 1".to_owned()), "{found:?}");
}

/// Kubernetes documentation, "Persistent Volumes": `hostPath` and `local` are folders of the node.
#[test]
fn a_claim_on_a_folder_of_the_node_is_that_folder() {
    let volume = |name: &str, source: &str, claim: &str| {
        format!(
            "persistentVolumeClaim: {{ claimName: data }} }}]\n  containers: [{{ name: main, image: example, \
             volumeMounts: [{{ name: v, mountPath: /v }}] }}]\n---\napiVersion: v1\nkind: PersistentVolumeClaim\n\
             metadata: {{ name: data, namespace: ops }}\nspec: {{ volumeName: {name} }}\n---\napiVersion: v1\n\
             kind: PersistentVolume\nmetadata: {{ name: disk }}\nspec: {{ {source}, {claim} }}\n---\n"
        )
    };
    let leads_of = |volume: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: ops }}\nspec:\n  nodeName: worker\n  \
             automountServiceAccountToken: false\n  volumes: [{{ name: v, {volume}"
        );
        leads(&cluster(&text), ("ops", "probe"), 1)
    };
    let ours = "claimRef: { namespace: ops, name: data }";
    let others = "claimRef: { namespace: shop, name: data }";
    let root = ["Node worker 1"];
    assert_eq!(
        leads_of(&volume("disk", "hostPath: { path: / }", ours)),
        root
    );
    assert_eq!(
        leads_of(&volume(
            "disk",
            "hostPath: { path: / }",
            "storageClassName: ''"
        )),
        root
    );
    assert_eq!(
        leads_of(&volume("disk", "local: { path: /opt/cni/bin }", ours)),
        root
    );
    assert_eq!(
        leads_of(&volume("disk", "hostPath: { path: / }", others)),
        Vec::<String>::new()
    );
    assert_eq!(
        leads_of(&volume("disk", "hostPath: { path: /srv }", ours)),
        Vec::<String>::new()
    );
    assert_eq!(
        leads_of(&volume("disk", "nfs: { path: / }", ours)),
        Vec::<String>::new()
    );
}
