//! Random clusters whose pods hold things of their nodes, for property tests.

use proptest::prelude::*;
use viewshed_model::{
    AnonymousAnswer, Cluster, KubeletSettings, Pod, ServerVersion, TokenProjection, VolumeSource,
};

use super::random::any_cluster;
use super::{api_token, config_map, mount, pod, secret};

/// What a pod may have: a volume as `kind:name`, or a word for everything else.
const TRAITS: &[&str] = &[
    "token",
    "audience:vault",
    "audience:https://kubernetes.default.svc",
    "secret:db",
    "secret:cart-token-a",
    "config:settings",
    "config:kube-root-ca.crt",
    "host:/",
    "host:/run",
    "host:/run/docker.sock",
    "host:/run/containerd/containerd.sock",
    "host:/var/lib/containerd",
    "host:/var/lib/kubelet",
    "host:/var/lib/kubelet/pods",
    "host:/var/lib/kubelet/pki",
    "host:/var/log/pods",
    "host:/etc/kubernetes",
    "host:/var/lib/etcd",
    "privileged",
    "host network",
    "host processes",
    "no links",
    "no node",
    "secret in the environment",
    "ended",
];

/// What a cluster may have.
const CIRCUMSTANCES: &[&str] = &[
    "old",
    "anonymous refused",
    "anonymous heard",
    "kubelet open",
    "kubelet anonymous",
    "read-only port",
    "kubelet asks",
    "kubelet takes all",
    "kubelet takes no tokens",
    "control plane",
    "etcd",
    "API server",
    "from files",
];

/// A cluster of [`any_cluster`] with up to four traits for each of its pods.
pub(crate) fn any_inhabited_cluster() -> impl Strategy<Value = Cluster> {
    let traits = proptest::collection::vec(proptest::sample::select(TRAITS), 0..4);
    let of_pods = proptest::collection::vec(traits, 4);
    let circumstances = proptest::sample::subsequence(CIRCUMSTANCES, 0..6);
    (any_cluster(), of_pods, circumstances).prop_map(|(mut cluster, of_pods, circumstances)| {
        cluster.configs.extend([
            secret("shop/cart-token-a", "kubernetes.io/service-account-token"),
            config_map("shop/kube-root-ca.crt"),
        ]);
        cluster
            .pods
            .push(pod("kube-system/agent", "worker-2", "agent:1"));
        for (pod, traits) in cluster.pods.iter_mut().zip(of_pods) {
            for one in traits {
                give(pod, one);
            }
        }
        for one in circumstances {
            happen(&mut cluster, one);
        }
        cluster
    })
}

fn give(pod: &mut Pod, what: &str) {
    let spec = &mut pod.spec;
    match what.split_once(':') {
        Some(("audience", audience)) => {
            let token = VolumeSource::Token(TokenProjection {
                path: "token".to_owned(),
                audience: audience.to_owned(),
                ..TokenProjection::default()
            });
            mount(spec, token, "/audience");
        }
        Some(("secret", name)) => mount(spec, VolumeSource::Secret(name.to_owned()), "/secret"),
        Some(("config", name)) => mount(spec, VolumeSource::ConfigMap(name.to_owned()), "/config"),
        Some((_, path)) => mount(spec, VolumeSource::HostPath(path.to_owned()), "/host"),
        None => match what {
            "token" => mount(spec, api_token(), "/token"),
            "privileged" => spec.containers[0].privileged = true,
            "host network" => spec.host.network = true,
            "host processes" => spec.host.pid = true,
            "no links" => spec.service_links = Some(false),
            "no node" => pod.node.clear(),
            "ended" => pod.phase = "Succeeded".to_owned(),
            _ => spec.containers[0].env_secrets.push("db".to_owned()),
        },
    }
}

fn happen(cluster: &mut Cluster, what: &str) {
    let kubelet = cluster.nodes[0]
        .kubelet
        .get_or_insert_with(KubeletSettings::default);
    match what {
        "old" => {
            cluster.version = Some(ServerVersion {
                minor: "29".to_owned(),
                ..ServerVersion::default()
            });
        }
        "anonymous refused" | "anonymous heard" => {
            let status = if what.ends_with("refused") { 401 } else { 403 };
            cluster.anonymous.push(AnonymousAnswer {
                path: "/api/v1/namespaces".to_owned(),
                status,
            });
        }
        "kubelet open" => {
            kubelet.anonymous = Some(true);
            kubelet.authorization_mode = "AlwaysAllow".to_owned();
        }
        "kubelet anonymous" => kubelet.anonymous = Some(true),
        "kubelet asks" => kubelet.authorization_mode = "Webhook".to_owned(),
        "kubelet takes all" => kubelet.authorization_mode = "AlwaysAllow".to_owned(),
        "kubelet takes no tokens" => kubelet.webhook_authentication = Some(false),
        "read-only port" => kubelet.read_only_port = Some(10_255),
        "control plane" => {
            let role = "node-role.kubernetes.io/control-plane".to_owned();
            cluster.nodes[1].meta.labels.insert(role, String::new());
        }
        "from files" => {
            cluster.is_live = false;
            for pod in &mut cluster.pods {
                pod.phase.clear();
            }
        }
        program => {
            let program = match program {
                "etcd" => "etcd",
                _ => "kube-apiserver",
            };
            let mut own = pod(&format!("kube-system/{program}"), "worker-1", program);
            own.is_mirror = true;
            own.spec.containers[0].name = program.to_owned();
            cluster.pods.push(own);
        }
    }
}
