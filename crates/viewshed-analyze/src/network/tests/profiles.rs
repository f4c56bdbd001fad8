//! What each network plugin really does, and how it is recognised: one source per row.

use super::{check, cluster_of_yaml, verdict};
use crate::network::{Cni, NetworkIndex};

/// A pod that may send nothing, on `n1`; another on `n2`; the service of the API server.
const ESTATE: &str = r"
apiVersion: v1
kind: Node
metadata: { name: n1 }
status: { addresses: [{ type: InternalIP, address: 10.9.0.1 }] }
---
apiVersion: v1
kind: Node
metadata: { name: n2 }
status: { addresses: [{ type: InternalIP, address: 10.9.0.2 }] }
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: a
  labels: { app: web }
  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: '1', controller: true }]
spec: { nodeName: n1, containers: [{ name: main, image: example }] }
status: { phase: Running, podIP: 10.0.0.1, podIPs: [{ ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Pod
metadata:
  name: api
  namespace: a
  labels: { app: api }
  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: api, uid: '2', controller: true }]
spec: { nodeName: n2, containers: [{ name: main, image: example }] }
status: { phase: Running, podIP: 10.0.0.2, podIPs: [{ ip: 10.0.0.2 }] }
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: a }
spec: { clusterIP: 10.32.0.7, clusterIPs: [10.32.0.7], selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: kubernetes, namespace: default }
spec: { clusterIP: 10.32.0.1, clusterIPs: [10.32.0.1], ports: [{ name: https, port: 443, targetPort: 6443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: kubernetes, namespace: default, labels: { kubernetes.io/service-name: kubernetes } }
addressType: IPv4
endpoints: [{ addresses: [192.0.2.1] }]
ports: [{ name: https, port: 6443, protocol: TCP }]
---
";

fn egress(rules: &str) -> String {
    format!(
        "{ESTATE}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
         spec: {{ podSelector: {{ matchLabels: {{ app: web }} }}, policyTypes: [Egress], egress: {rules} }}\n---\n"
    )
}

/// By plugin: the verdict for a pod whose policy lets nothing out, towards its own node.
#[test]
fn the_own_node_of_a_closed_pod() {
    let cluster = cluster_of_yaml(&egress("[]"));
    let rows = [
        // networking.k8s.io/v1 makes no exception for egress.
        (Cni::Generic, "10250", "denied"),
        // aws-network-policy-agent `ComputeMapEntriesFromEndpointRules`: the node's address comes first.
        (Cni::AwsVpcCni, "10250", "allowed"),
        // kube-router `KUBE-ROUTER-INPUT` returns the local NodePort range before the pods' chains.
        (Cni::KubeRouter, "10250", "denied"),
        (Cni::KubeRouter, "30080", "allowed"),
        // Felix: egress policy decides first, `DefaultEndpointToHostAction` after it.
        (Cni::Calico, "10250", "denied"),
        // cilium `layer3.rst`: nothing lets `host` through.
        (Cni::Cilium, "10250", "denied"),
        // flannel and plain bridges enforce nothing.
        (Cni::None, "10250", "allowed"),
        (
            Cni::Unknown,
            "10250",
            "depends on whether the network plugin enforces policies",
        ),
    ];
    for (cni, port, wanted) in rows {
        let question = format!("a/web node:n1 {port}");
        check(&cluster, Some(cni), &[(&question, wanted)]);
    }
}

/// Felix' setting decides what its policies let through.
#[test]
fn calico_and_the_own_node_of_an_open_pod() {
    let setting = |action: &str| {
        format!(
            "{ESTATE}apiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {{ name: default }}\n\
             spec: {{ defaultEndpointToHostAction: {action} }}\n---\n"
        )
    };
    let rows = [
        (
            ESTATE.to_owned(),
            "depends on Calico's setting `DefaultEndpointToHostAction`",
        ),
        (setting("Accept"), "allowed"),
        (setting("Drop"), "denied"),
    ];
    for (objects, wanted) in rows {
        check(
            &cluster_of_yaml(&objects),
            Some(Cni::Calico),
            &[("a/web node:n1 10250", wanted)],
        );
    }
}

/// A block with the service's address, and one with the endpoint's: which of the two opens the way
/// depends on where the plugin looks (before translation on AWS, otel-operator#5621; after it elsewhere).
#[test]
fn blocks_before_and_after_translation() {
    let service = egress("[{ to: [{ ipBlock: { cidr: 10.32.0.1/32 } }], ports: [{ port: 443 }] }]");
    let endpoint =
        egress("[{ to: [{ ipBlock: { cidr: 192.0.2.1/32 } }], ports: [{ port: 6443 }] }]");
    let question = "a/web service:default/kubernetes 443";
    for (objects, cni, wanted) in [
        (&service, Cni::AwsVpcCni, "allowed"),
        (&endpoint, Cni::AwsVpcCni, "denied"),
        (&service, Cni::Generic, "denied"),
        (&endpoint, Cni::Generic, "allowed"),
        (&endpoint, Cni::KubeRouter, "allowed"),
        (&service, Cni::Calico, "denied"),
    ] {
        check(&cluster_of_yaml(objects), Some(cni), &[(question, wanted)]);
    }
    // Pods behind a service are matched by their labels under both.
    let pods = egress(
        "[{ to: [{ podSelector: { matchLabels: { app: api } } }], ports: [{ port: 8080 }] }]",
    );
    for cni in [Cni::Generic, Cni::AwsVpcCni, Cni::Calico, Cni::Cilium] {
        check(
            &cluster_of_yaml(&pods),
            Some(cni),
            &[
                ("a/web service:a/api 80", "allowed"),
                ("a/web a/api 8080", "allowed"),
            ],
        );
    }
}

/// cilium `layer3.rst`: an API server outside the cluster is reached by blocks, one on a node is not.
#[test]
fn cilium_and_the_api_server() {
    let block = egress("[{ to: [{ ipBlock: { cidr: 192.0.2.0/24 } }] }]");
    check(
        &cluster_of_yaml(&block),
        Some(Cni::Cilium),
        &[("a/web apiserver", "allowed")],
    );
    let on_node = block
        .replace("192.0.2.1]", "10.9.0.1]")
        .replace("cidr: 192.0.2.0/24", "cidr: 10.9.0.0/24");
    check(
        &cluster_of_yaml(&on_node),
        Some(Cni::Cilium),
        &[("a/web apiserver", "denied")],
    );
    check(
        &cluster_of_yaml(&on_node),
        Some(Cni::Generic),
        &[("a/web apiserver", "allowed")],
    );
}

/// EKS user guide: policies hold only for pods that a controller made.
#[test]
fn aws_leaves_bare_pods_alone() {
    let objects = egress("[]").replace(
        "  ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: '1', controller: true }]\n",
        "",
    );
    check(
        &cluster_of_yaml(&objects),
        Some(Cni::AwsVpcCni),
        &[("a/web a/api 80", "allowed")],
    );
    check(
        &cluster_of_yaml(&egress("[]")),
        Some(Cni::AwsVpcCni),
        &[("a/web a/api 80", "denied")],
    );
}

/// The same guide: on Linux nodes of EC2 only.
#[test]
fn aws_leaves_pods_of_fargate_and_windows_alone() {
    for (key, value, verdict) in [
        ("eks.amazonaws.com/compute-type", "fargate", "allowed"),
        ("kubernetes.io/os", "windows", "allowed"),
        ("kubernetes.io/os", "linux", "denied"),
    ] {
        let objects = egress("[]");
        let mut cluster = cluster_of_yaml(&objects);
        for node in &mut cluster.nodes {
            node.meta.labels.insert(key.to_owned(), value.to_owned());
        }
        let rows = [("a/web a/api 80", verdict)];
        check(&cluster, Some(Cni::AwsVpcCni), &rows);
    }
}

fn daemon_set(name: &str, image: &str, arguments: &str) -> String {
    format!(
        "{ESTATE}apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{ name: {name}, namespace: kube-system }}\n\
         spec: {{ selector: {{}}, template: {{ metadata: {{}}, spec: {{ containers: [{{ name: agent, image: '{image}', args: {arguments} }}] }} }} }}\n---\n"
    )
}

/// DaemonSet, image, arguments, and what they give away: the plugins' own manifests.
const AGENTS: &[(&str, &str, &str, Cni)] = &[
    ("cilium", "quay.io/cilium/cilium:v1.18.0", "[]", Cni::Cilium),
    (
        "calico-node",
        "docker.io/calico/node:v3.30.0",
        "[]",
        Cni::Calico,
    ),
    (
        "antrea-agent",
        "antrea/antrea-agent-ubuntu:v2.4.0",
        "[]",
        Cni::Antrea,
    ),
    (
        "kube-router",
        "docker.io/cloudnativelabs/kube-router:v2.5.0",
        "[]",
        Cni::KubeRouter,
    ),
    (
        "kube-router",
        "docker.io/cloudnativelabs/kube-router:v2.5.0",
        "[--run-firewall=false]",
        Cni::None,
    ),
    ("weave-net", "weaveworks/weave-npc:2.8.1", "[]", Cni::Weave),
    ("weave-net", "weaveworks/weave-kube:2.8.1", "[]", Cni::None),
    (
        "kube-flannel-ds",
        "ghcr.io/flannel-io/flannel:v0.27.0",
        "[]",
        Cni::None,
    ),
    (
        "kindnet",
        "docker.io/kindest/kindnetd:v20250512-df8de77b",
        "[]",
        Cni::KubeNetworkPolicies,
    ),
    (
        "kindnet",
        "docker.io/kindest/kindnetd:v20230511-dc714da8",
        "[]",
        Cni::None,
    ),
    (
        "aws-node",
        "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.20.0",
        "[--enable-network-policy=true]",
        Cni::AwsVpcCni,
    ),
    (
        "aws-node",
        "602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.20.0",
        "[--enable-network-policy=false]",
        Cni::None,
    ),
    (
        "anetd",
        "gke.gcr.io/cilium/cilium:v1.14",
        "[]",
        Cni::GkeDataplaneV2,
    ),
    ("weave-net", "weaveworks/weave-kube:2.8.1", "[]", Cni::None),
    ("kube-ovn-cni", "kubeovn/kube-ovn:v1.13", "[]", Cni::KubeOvn),
    (
        "anetd",
        "gke.gcr.io/cilium/cilium-agent:v1.15.0",
        "[]",
        Cni::GkeDataplaneV2,
    ),
    (
        "ovnkube-node",
        "quay.io/openshift/ovn-kubernetes:4.19",
        "[]",
        Cni::OvnKubernetes,
    ),
    (
        "node-exporter",
        "quay.io/prometheus/node-exporter:v1.9.0",
        "[]",
        Cni::Unknown,
    ),
];

#[test]
fn plugins_are_recognised() {
    for (name, image, arguments, wanted) in AGENTS {
        let cluster = cluster_of_yaml(&daemon_set(name, image, arguments));
        let index = NetworkIndex::new(&cluster, None);
        assert_eq!(index.profile().cni(), *wanted, "{name} {image} {arguments}");
        assert!(
            index.profile().evidence().next().is_some(),
            "{name}: it says why"
        );
    }
}

/// k3s `pkg/nodeconfig`: the arguments of a node stand in an annotation; agents follow their server.
#[test]
fn k3s_may_enforce_no_policies() {
    let node = |name: &str, arguments: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{ name: {name}, annotations: {{ k3s.io/node-args: '{arguments}' }} }}\n\
             status: {{ nodeInfo: {{ kubeletVersion: v1.30.4+k3s1 }} }}\n---\n"
        )
    };
    let off = r#"["server","--disable-network-policy"]"#;
    for (first, second, wanted) in [
        (r#"["server"]"#, r#"["agent"]"#, Cni::KubeRouter),
        (off, r#"["agent"]"#, Cni::None),
        (off, r#"["server"]"#, Cni::Unknown),
        (
            r#"["server","--disable-network-policy=false"]"#,
            r#"["agent"]"#,
            Cni::KubeRouter,
        ),
    ] {
        let objects = format!("{ESTATE}{}{}", node("k1", first), node("k2", second));
        let cluster = cluster_of_yaml(&objects);
        let index = NetworkIndex::new(&cluster, None);
        assert_eq!(index.profile().cni(), wanted, "{first} {second}");
    }
}

/// kubeovn/kube-ovn `pkg/controller/config.go`, `enable-np`; weaveworks/weave: `weave-npc` enforces.
#[test]
fn controllers_and_sidecars_may_be_switched_off() {
    let agent = daemon_set("kube-ovn-cni", "kubeovn/kube-ovn:v1.13", "[]");
    let controller = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: kube-ovn-controller, namespace: kube-system }\n\
         spec: { selector: {}, template: { metadata: {}, spec: { containers: [{ name: main, image: kubeovn/kube-ovn, args: [--enable-np=false] }] } } }\n---\n";
    let weave = daemon_set("weave-net", "weaveworks/weave-kube:2.8.1", "[]").replace(
        "containers: [",
        "containers: [{ name: weave-npc, image: 'weaveworks/weave-npc:2.8.1' }, ",
    );
    let both = daemon_set("calico-node", "docker.io/calico/node:v3.28.0", "[]")
        + &daemon_set("cilium", "quay.io/cilium/cilium:v1.16.1", "[]").replace(ESTATE, "");
    for (objects, wanted, said) in [
        (
            format!("{agent}{controller}"),
            Cni::None,
            "--enable-np=false",
        ),
        (weave, Cni::Weave, "weave"),
        (
            both,
            Cni::Cilium,
            "DaemonSet `kube-system/calico-node` runs",
        ),
    ] {
        let cluster = cluster_of_yaml(&objects);
        let index = NetworkIndex::new(&cluster, None);
        assert_eq!(index.profile().cni(), wanted);
        let evidence: Vec<&str> = index.profile().evidence().collect();
        assert!(evidence.join("; ").contains(said), "{evidence:?}");
    }
}

/// Without a plugin in the estate, what no policy isolates is let through by every one of them.
#[test]
fn an_unknown_plugin_leaves_open_what_is_open() {
    let cluster = cluster_of_yaml(&egress("[]"));
    let index = NetworkIndex::new(&cluster, None);
    assert_eq!(index.profile().cni(), Cni::Unknown);
    assert_eq!(verdict(&index, "a/api a/web 80"), "allowed");
    assert_eq!(
        verdict(&index, "a/web a/api 80"),
        "depends on whether the network plugin enforces policies"
    );
}

/// Settings that switch enforcement off, or on for everybody.
#[test]
fn settings_of_enforcement_count() {
    let closed = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { podSelector: { matchLabels: { app: web } }, ingress: [] }\n---\n";
    let own = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: p, namespace: a }\n\
         spec: { endpointSelector: { matchLabels: { app: web } }, ingress: [{}] }\n---\n";
    let config = |data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: cilium-config, namespace: kube-system }}\ndata: {{ {data} }}\n---\n"
        )
    };
    for (policy, data, wanted) in [
        (closed, "policy-audit-mode: 'true'", "allowed"),
        (closed, "policy-audit-mode: 'false'", "denied"),
        (own, "enable-cilium-network-policy: 'false'", "allowed"),
        (
            own,
            "enable-cilium-clusterwide-network-policy: 'false'",
            "denied",
        ),
    ] {
        let cluster = cluster_of_yaml(&format!("{ESTATE}{policy}{}", config(data)));
        check(&cluster, Some(Cni::Cilium), &[("a/api a/web 80", wanted)]);
    }
    let agent = |mode: &str| {
        format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{ name: aws-node, namespace: kube-system }}\n\
             spec: {{ selector: {{ matchLabels: {{ k: aws-node }} }}, template: {{ metadata: {{ labels: {{ k: aws-node }} }}, \
             spec: {{ hostNetwork: true, containers: [{{ name: aws-node, image: example, env: [{{ name: NETWORK_POLICY_ENFORCING_MODE, value: {mode} }}] }}] }} }} }}\n---\n"
        )
    };
    for (mode, wanted) in [("standard", "allowed"), ("strict", "denied")] {
        let cluster = cluster_of_yaml(&format!("{ESTATE}{}", agent(mode)));
        check(
            &cluster,
            Some(Cni::AwsVpcCni),
            &[("a/api a/web 80", wanted)],
        );
    }
}
