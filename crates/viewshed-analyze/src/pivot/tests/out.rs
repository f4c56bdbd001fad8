use viewshed_model::PivotKind;

use super::{cluster, grant, leads, rule};
use crate::network::{Cni, NetworkIndex};
use crate::pivot::PivotIndex;
use crate::sight::SightIndex;

/// What pod `ops/probe` on a node leads to beside its own account, by its volumes and the mount of its container.
fn probe(node: &str, volume: &str, mount: &str) -> Vec<String> {
    with(node, ("", ""), volume, mount, 1)
}

fn with(
    node: &str,
    (pod, container): (&str, &str),
    volume: &str,
    mount: &str,
    depth: u32,
) -> Vec<String> {
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: ops }}\nspec:\n  nodeName: {node}\n  \
         automountServiceAccountToken: false\n  {pod}\n  volumes: [{{ name: v, {volume} }}]\n  containers: \
         [{{ name: main, image: example, {container} volumeMounts: [{{ name: v, mountPath: /v, {mount} }}] }}]\n---\n"
    );
    leads(&cluster(&text), ("ops", "probe"), depth)
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
        "/run/dbus",
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
    assert!(
        found.contains(&"ServiceAccount ops/tool 1?".to_owned()),
        "{found:?}"
    );
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
        "/etc/kubernetes/controller-manager.conf",
        "/var/lib/rancher/k3s/server/cred",
        "/var/lib/k0s/pki",
        "/var/lib/etcd",
    ] {
        let found = probe("worker", &host_path(path), "readOnly: true");
        assert_eq!(found, Vec::<String>::new(), "{path}");
        let wanted = match path {
            "/var/lib/etcd" => &["AllSecrets 1"][..],
            "/etc/kubernetes/controller-manager.conf" => &["User system:kube-controller-manager 1"],
            // The authority of etcd's clients lies there too.
            "/etc/kubernetes/pki" => &["Administrator 1", "AllSecrets 1"],
            _ => &["Administrator 1"],
        };
        assert_eq!(probe("cp", &host_path(path), "readOnly: true"), wanted);
        // A node that the estate does not know.
        let doubtful: Vec<String> = wanted.iter().map(|one| format!("{one}?")).collect();
        assert_eq!(probe("other", &host_path(path), "readOnly: true"), doubtful);
    }
    // The certificate opens accounts, one step further; no pod.
    let paths = [
        ("/etc/kubernetes/kubelet.conf", "ServiceAccount ops/tool 2?"),
        ("/var/lib/kubelet/pki", "ServiceAccount ops/tool 2"),
        ("/var/lib/kubelet/pods", "ServiceAccount ops/tool 1"),
    ];
    for (path, wanted) in paths {
        let found = with("worker", ("", ""), &host_path(path), "readOnly: true", 2);
        assert!(found.contains(&wanted.to_owned()), "{path}: {found:?}");
        assert!(
            !found.iter().any(|one| one.starts_with("Pod")),
            "{path}: {found:?}"
        );
    }
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

/// capabilities(7); Kubernetes documentation, "Configure a Security Context" and "User Namespaces".
#[test]
fn capabilities_are_root_on_the_node_unless_users_are_apart() {
    let held = |pod: &str, context: &str| {
        let container = format!("securityContext: {{ {context} }},");
        with("worker", (pod, &container), "emptyDir: {}", "", 1)
    };
    let add = |name: &str| format!("capabilities: {{ add: [{name}] }}");
    let root = ["Node worker 1"];
    let doubtful = ["Node worker 1?"];
    let none: [&str; 0] = [];
    for name in ["ALL", "SYS_MODULE", "SYS_ADMIN", "CAP_SYS_ADMIN"] {
        assert_eq!(held("", &add(name)), root, "{name}");
        assert_eq!(held("hostUsers: false", &add(name)), none, "{name}");
        assert_eq!(
            held("", &format!("runAsUser: 1000, {}", add(name))),
            doubtful,
            "{name}"
        );
    }
    for name in ["NET_ADMIN", "NET_RAW", "SYS_PTRACE", "CHOWN"] {
        assert_eq!(held("", &add(name)), none, "{name}");
    }
    assert_eq!(held("hostPID: true", &add("SYS_PTRACE")), doubtful);
    assert_eq!(held("", "privileged: true"), root);
    assert_eq!(held("hostUsers: false", "privileged: true"), none);
    assert_eq!(held("", "privileged: true, runAsUser: 1000"), doubtful);
    let accounts = ["guarded/maker", "ops/tool", "shop/web", "shut/job"];
    let accounts = accounts.map(|account| format!("ServiceAccount {account} 1"));
    assert_eq!(held("", &add("DAC_READ_SEARCH")), accounts);
}

/// Kubernetes documentation, "Init Containers": a pod is `Pending` until they have succeeded.
#[test]
fn nobody_stands_in_an_init_container_of_a_pod_that_runs() {
    let pod = |phase: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: ops }}\nspec:\n  nodeName: worker\n  \
             automountServiceAccountToken: false\n  initContainers: [{{ name: i, image: example, securityContext: \
             {{ privileged: true }} }}]\n  containers: [{{ name: main, image: example }}]\nstatus: {{ {phase} }}\n---\n"
        );
        leads(&cluster(&text), ("ops", "probe"), 1)
    };
    assert_eq!(pod("phase: Running"), Vec::<String>::new());
    assert_eq!(pod("phase: Pending"), ["Node worker 1"]);
    assert_eq!(pod(""), ["Node worker 1"]);
}

/// Of a Secret of type `kubernetes.io/service-account-token`, the key `token` is the credential, wherever it lies.
#[test]
fn a_secret_is_a_token_where_its_token_is() {
    let objects = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: boss, namespace: ops }\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: { name: boss-token, namespace: ops }\n\
         type: kubernetes.io/service-account-token\n---\n";
    let held = |env: &str, volume: &str| {
        let text = format!(
            "{objects}apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: ops }}\nspec:\n  nodeName: worker\n  \
             automountServiceAccountToken: false\n  volumes: [{{ name: v, {volume} }}]\n  containers: [{{ name: main, \
             image: example, {env} volumeMounts: [{{ name: v, mountPath: /v }}] }}]\n---\n"
        );
        leads(&cluster(&text), ("ops", "probe"), 1)
    };
    let by_key = |key: &str| {
        format!(
            "env: [{{ name: T, valueFrom: {{ secretKeyRef: {{ name: boss-token, key: {key} }} }} }}],"
        )
    };
    let nothing = "emptyDir: {}";
    let boss = ["ServiceAccount ops/boss 1"];
    let none: [&str; 0] = [];
    assert_eq!(held(&by_key("token"), nothing), boss);
    assert_eq!(held(&by_key("ca.crt"), nothing), none);
    let whole = "envFrom: [{ secretRef: { name: boss-token } }],";
    assert_eq!(held(whole, nothing), boss);
    let chosen = |key: &str| {
        [
            format!("secret: {{ secretName: boss-token, items: [{{ key: {key}, path: x }}] }}"),
            format!(
                "projected: {{ sources: [{{ secret: {{ name: boss-token, items: [{{ key: {key}, path: x }}] }} }}] }}"
            ),
        ]
    };
    for volume in chosen("token") {
        assert_eq!(held("", &volume), boss, "{volume}");
    }
    for volume in chosen("ca.crt") {
        assert_eq!(held("", &volume), none, "{volume}");
    }
    assert_eq!(held("", "secret: { secretName: boss-token }"), boss);
}

/// A pod that waits for a node runs nothing that somebody could execute in.
#[test]
fn a_pod_without_a_node_is_entered_by_nobody() {
    let exec = grant(
        "exec",
        ("shop", "web"),
        None,
        &rule("create", "", "pods/exec"),
    );
    let entered = |status: &str| {
        let text = format!(
            "{exec}apiVersion: v1\nkind: Pod\nmetadata: {{ name: late, namespace: ops }}\n\
             spec: {{ containers: [{{ name: main, image: example }}] }}\nstatus: {{ {status} }}\n---\n"
        );
        let found = leads(&cluster(&text), ("shop", "web"), 2);
        found.contains(&"Pod ops/late 2".to_owned())
    };
    assert!(!entered("phase: Pending"));
    assert!(entered("phase: Running"));
    assert!(entered(""));
}

/// Once something is in doubt, nothing more is where it need not be.
#[test]
fn of_ways_of_one_length_that_with_the_fewest_conditions_is_told() {
    let pod = |place: &str, spec: &str, volume: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: {place} }}\nspec:\n  nodeName: worker\n  \
             automountServiceAccountToken: false\n  {spec}\n  volumes: [{{ name: v, {volume} }}]\n  containers: \
             [{{ name: main, image: example, volumeMounts: [{{ name: v, mountPath: /v }}] }}]\n---\n"
        )
    };
    // Whether its group is root's depends on the image.
    let socket = host_path("/run/containerd/containerd.sock");
    let start = pod("ops", "securityContext: { runAsUser: 1000 }", &socket);
    // From these it depends on what they may read, and is as far.
    let logs = ["aaa", "zzz"].map(|place| pod(place, "", &host_path("/var/log")));
    let all = grant("all", ("ops", "tool"), None, &rule("'*'", "*", "*"));
    let cluster = cluster(&[start, logs.concat(), all].concat());
    let sight = SightIndex::new(&cluster);
    let network = NetworkIndex::new(&cluster, Some(Cni::Generic));
    let index = PivotIndex::new(&sight, &network);
    let (pivots, _) = index.from_pod("ops", "probe", 9);
    let all = pivots
        .iter()
        .find(|one| one.kind == PivotKind::Administrator);
    let all = all.unwrap();
    let facts: Vec<&str> = all.depends_on.iter().map(|one| &*one.fact).collect();
    assert_eq!(
        facts,
        ["whether the image of container main puts user 1000 into another group than root's"],
        "{all:#?}"
    );
}
