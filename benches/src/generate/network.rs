//! Clusters for the network: pods and policies as the API server would list them, in JSON.

use std::fmt::Arguments;

use crate::random::Random;

/// How large a cluster is to be.
#[derive(Debug, Clone, Copy)]
pub struct NetworkSize {
    /// Pods.
    pub pods: usize,
    /// Workloads, spread over the namespaces; each has labels of its own.
    pub workloads: usize,
    /// Namespaces.
    pub namespaces: usize,
    /// Network policies.
    pub policies: usize,
    /// Nodes.
    pub nodes: usize,
}

impl NetworkSize {
    /// The cluster that the published figures are about.
    pub const LARGE: Self = Self {
        pods: 100_000,
        workloads: 20_000,
        namespaces: 1_000,
        policies: 10_000,
        nodes: 2_000,
    };

    /// A cluster of ordinary size.
    pub const ORDINARY: Self = Self {
        pods: 500,
        workloads: 150,
        namespaces: 20,
        policies: 500,
        nodes: 20,
    };
}

/// The lists of one cluster, each as the body of an answer of the API server.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    /// `v1` `NamespaceList`.
    pub namespaces: String,
    /// `v1` `NodeList`.
    pub nodes: String,
    /// `v1` `PodList`.
    pub pods: String,
    /// `discovery.k8s.io/v1` `EndpointSliceList`: the API server's own.
    pub endpoints: String,
    /// `v1` `ServiceList`: the API server's own.
    pub services: String,
    /// `networking.k8s.io/v1` `NetworkPolicyList`.
    pub policies: String,
}

const TIERS: [&str; 4] = ["web", "api", "worker", "data"];
const PORTS: [u16; 12] = [
    80, 443, 3000, 5432, 6379, 8080, 8081, 8443, 9000, 9090, 9092, 9200,
];

fn namespace(number: usize) -> String {
    format!("team-{number:04}")
}

fn pod_address(number: usize) -> String {
    let number = number + 256;
    format!(
        "10.{}.{}.{}",
        64 + number / 65_536,
        number / 256 % 256,
        number % 256
    )
}

fn node_address(number: usize) -> String {
    format!("10.0.{}.{}", number / 250, number % 250 + 1)
}

/// The same size and seed give the same lists.
pub fn lists(size: NetworkSize, seed: u64) -> Lists {
    let mut random = Random::new(seed);
    Lists {
        namespaces: list("v1", "NamespaceList", (0..size.namespaces).map(|number| {
            let name = namespace(number);
            let stage = ["prod", "staging", "dev"].get(number % 3).copied().unwrap_or_default();
            format!(
                r#"{{"metadata":{{"name":"{name}","labels":{{"kubernetes.io/metadata.name":"{name}","stage":"{stage}","owner":"group-{}"}}}}}}"#,
                number % 40
            )
        })),
        nodes: list("v1", "NodeList", (0..size.nodes).map(|number| {
            format!(
                r#"{{"metadata":{{"name":"node-{number:05}","labels":{{"kubernetes.io/os":"linux"}}}},"spec":{{"podCIDR":"10.{}.{}.0/24"}},"status":{{"addresses":[{{"type":"InternalIP","address":"{}"}},{{"type":"Hostname","address":"node-{number:05}"}}]}}}}"#,
                64 + number / 256, number % 256, node_address(number)
            )
        })),
        pods: list("v1", "PodList", (0..size.pods).map(|number| pod(number, size, &mut random))),
        endpoints: list("discovery.k8s.io/v1", "EndpointSliceList", std::iter::once(
            r#"{"metadata":{"name":"kubernetes","namespace":"default","labels":{"kubernetes.io/service-name":"kubernetes"}},"addressType":"IPv4","endpoints":[{"addresses":["192.0.2.1"]}],"ports":[{"name":"https","port":6443,"protocol":"TCP"}]}"#.to_owned(),
        )),
        services: list("v1", "ServiceList", std::iter::once(
            r#"{"metadata":{"name":"kubernetes","namespace":"default"},"spec":{"clusterIP":"10.32.0.1","clusterIPs":["10.32.0.1"],"type":"ClusterIP","ports":[{"name":"https","port":443,"targetPort":6443,"protocol":"TCP"}]}}"#.to_owned(),
        )),
        policies: list("networking.k8s.io/v1", "NetworkPolicyList", (0..size.policies).map(|number| policy(number, size, &mut random))),
    }
}

fn list(api_version: &str, kind: &str, items: impl Iterator<Item = String>) -> String {
    let mut text = format!(
        r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"resourceVersion":"1"}},"items":["#
    );
    for (number, item) in items.enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push_str("]}");
    text
}

/// A pod with what every pod has: labels of its deployment, a token volume, probes' ports, a status.
fn pod(number: usize, size: NetworkSize, random: &mut Random) -> String {
    let workload = number % size.workloads.max(1);
    let own = workload % size.namespaces.max(1);
    let tier = TIERS
        .get(workload % TIERS.len())
        .copied()
        .unwrap_or_default();
    let port = PORTS
        .get(workload % PORTS.len())
        .copied()
        .unwrap_or_default();
    let hash = random.next_number() >> 24;
    let mut text = String::with_capacity(1600);
    let name = format!("app-{workload:05}");
    put(
        &mut text,
        format_args!(
            r#"{{"metadata":{{"name":"{name}-{hash:010x}","generateName":"{name}-","namespace":"{namespace}","uid":"{hash:08x}-0000-4000-8000-{number:012}","resourceVersion":"{number}","creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"app.kubernetes.io/name":"{name}","app.kubernetes.io/part-of":"suite-{suite}","tier":"{tier}","version":"v{version}","pod-template-hash":"{hash:010x}"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"{name}-7d9f","uid":"0","controller":true,"blockOwnerDeletion":true}}]}}"#,
            namespace = namespace(own),
            suite = workload % 300,
            version = workload % 3,
        ),
    );
    put(
        &mut text,
        format_args!(
            r#","spec":{{"volumes":[{{"name":"kube-api-access-x","projected":{{"sources":[{{"serviceAccountToken":{{"expirationSeconds":3607,"path":"token"}}}},{{"configMap":{{"name":"kube-root-ca.crt","items":[{{"key":"ca.crt","path":"ca.crt"}}]}}}}],"defaultMode":420}}}}],"containers":[{{"name":"main","image":"registry.example.com/{name}:1.2.3","ports":[{{"name":"http","containerPort":{port},"protocol":"TCP"}}],"env":[{{"name":"LOG_LEVEL","value":"info"}},{{"name":"PORT","value":"{port}"}}],"resources":{{"limits":{{"cpu":"1","memory":"512Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"volumeMounts":[{{"name":"kube-api-access-x","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}],"imagePullPolicy":"IfNotPresent"}}],"restartPolicy":"Always","dnsPolicy":"ClusterFirst","serviceAccountName":"{name}","nodeName":"node-{node:05}","schedulerName":"default-scheduler"}}"#,
            node = number % size.nodes.max(1),
        ),
    );
    let ip = pod_address(number);
    put(
        &mut text,
        format_args!(
            r#","status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"True"}},{{"type":"ContainersReady","status":"True"}}],"hostIP":"{host}","podIP":"{ip}","podIPs":[{{"ip":"{ip}"}}],"startTime":"2026-01-01T00:00:00Z","qosClass":"Burstable"}}}}"#,
            host = node_address(number % size.nodes.max(1)),
        ),
    );
    text
}

/// Policies as clusters have them: default denials, allowances between applications, tiers, other
/// namespaces and address blocks, named ports.
fn policy(number: usize, size: NetworkSize, random: &mut Random) -> String {
    let own = namespace(number % size.namespaces.max(1));
    let meta = format!(
        r#""metadata":{{"name":"policy-{number:05}","namespace":"{own}","creationTimestamp":"2026-01-01T00:00:00Z"}}"#
    );
    let spec = match number / size.namespaces.max(1) {
        0 if number % 10 < 8 => {
            r#"{"podSelector":{},"policyTypes":["Ingress","Egress"]}"#.to_owned()
        }
        1 if number % 10 < 8 => r#"{"podSelector":{},"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"team-0000"}},"podSelector":{"matchLabels":{"tier":"data"}}}],"ports":[{"protocol":"UDP","port":53},{"protocol":"TCP","port":53}]}]}"#.to_owned(),
        _ => allowance(number, size, random),
    };
    format!(r#"{{{meta},"spec":{spec}}}"#)
}

fn allowance(number: usize, size: NetworkSize, random: &mut Random) -> String {
    let per_namespace = size.workloads / size.namespaces.max(1);
    let own = number % size.namespaces.max(1);
    let mut workload = || {
        let offset = random.below(per_namespace.max(1));
        format!("app-{:05}", own + offset * size.namespaces.max(1))
    };
    let (subject, peer) = (workload(), workload());
    let port = *random.pick(&PORTS);
    let selected = |name: &str| {
        format!(r#""podSelector":{{"matchLabels":{{"app.kubernetes.io/name":"{name}"}}}}"#)
    };
    match random.below(10) {
        0..=3 => format!(
            r#"{{{},"policyTypes":["Ingress"],"ingress":[{{"from":[{{{}}}],"ports":[{{"protocol":"TCP","port":{port}}}]}}]}}"#,
            selected(&subject),
            selected(&peer)
        ),
        4..=5 => format!(
            r#"{{{},"policyTypes":["Egress"],"egress":[{{"to":[{{{}}}],"ports":[{{"protocol":"TCP","port":{port}}}]}}]}}"#,
            selected(&subject),
            selected(&peer)
        ),
        6 => format!(
            r#"{{"podSelector":{{"matchLabels":{{"tier":"web"}}}},"policyTypes":["Ingress"],"ingress":[{{"from":[{{"namespaceSelector":{{"matchLabels":{{"owner":"group-{}"}}}}}}],"ports":[{{"protocol":"TCP","port":"http"}}]}}]}}"#,
            random.below(40)
        ),
        7 => r#"{"podSelector":{"matchExpressions":[{"key":"tier","operator":"In","values":["api","worker"]}]},"policyTypes":["Egress"],"egress":[{"to":[{"namespaceSelector":{"matchLabels":{"stage":"prod"}},"podSelector":{"matchLabels":{"tier":"data"}}}],"ports":[{"protocol":"TCP","port":5432},{"protocol":"TCP","port":6379}]}]}"#.to_owned(),
        8 => format!(
            r#"{{{},"policyTypes":["Egress"],"egress":[{{"to":[{{"ipBlock":{{"cidr":"0.0.0.0/0","except":["10.0.0.0/8","169.254.169.254/32"]}}}}],"ports":[{{"protocol":"TCP","port":443}}]}}]}}"#,
            selected(&subject)
        ),
        _ => format!(
            r#"{{{},"policyTypes":["Ingress"],"ingress":[{{"from":[{{"ipBlock":{{"cidr":"192.0.{}.0/24"}}}}],"ports":[{{"protocol":"TCP","port":8000,"endPort":9000}}]}}]}}"#,
            selected(&subject),
            random.below(64)
        ),
    }
}

fn put(text: &mut String, arguments: Arguments<'_>) {
    text.push_str(&arguments.to_string());
}
