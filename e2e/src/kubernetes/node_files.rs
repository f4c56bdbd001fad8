//! The texts of the files that a node reads.

use serde_json::{Map, Value, json};

use crate::image::Image;

/// Prepares a machine for a node.
///
/// The kubelet sets these kernel parameters for the whole system when they differ; files in their
/// place keep it from touching the machine around it. The API server's address inside pods stands
/// for the whole service range: there is no kube-proxy and no DNS, so all else in it is refused at
/// once instead of timing out.
pub(super) const SETUP: &str = "
while read -r name value; do
    echo $value >/run/sysctl-${name##*/}
    mount --bind /run/sysctl-${name##*/} /proc/sys/$name
done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END

ip route add 10.96.0.0/16 dev host0
for chain in PREROUTING OUTPUT; do
    iptables -t nat -A $chain -d 10.96.0.1 -p tcp --dport 443 -j DNAT --to-destination 192.0.2.1:6443
done
for chain in FORWARD OUTPUT; do
    iptables -A $chain -d 10.96.0.0/16 -j REJECT
done
";

/// Pods get addresses of 10.244.0.0/24 on a bridge.
pub(super) const NETWORK_CONFIGURATION: &str = r#"{
  "cniVersion": "1.0.0",
  "name": "bench",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "ranges": [[{ "subnet": "10.244.0.0/24" }]],
        "routes": [{ "dst": "0.0.0.0/0" }]
      }
    },
    { "type": "portmap", "capabilities": { "portMappings": true } }
  ]
}
"#;

/// `restrict_oom_score_adj`: runc fails without it on machines that lack `CAP_SYS_RESOURCE`.
pub(super) fn containerd_configuration() -> String {
    format!(
        r#"version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{image}"
  restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"
"#,
        image = Image::PAUSE,
    )
}

/// Pods' control groups lie below `control_group`, so that they can be removed. Keys of `further`
/// replace ours.
pub(super) fn kubelet_configuration(control_group: &str, further: &Map<String, Value>) -> String {
    let mut configuration = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": "/etc/kubernetes/pki/ca.crt" },
        },
        "authorization": { "mode": "Webhook" },
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{control_group}"),
        "cgroupsPerQOS": false,
        "clusterDNS": ["10.96.0.10"],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "enforceNodeAllocatable": [],
        // The machine's disk and memory are not ours to manage.
        "evictionHard": { "memory.available": "1Mi" },
        "failCgroupV1": false,
        "failSwapOn": false,
        "imageGCHighThresholdPercent": 100,
        "staticPodPath": "/etc/kubernetes/manifests",
        "tlsCertFile": "/var/lib/kubelet/pki/kubelet.crt",
        "tlsPrivateKeyFile": "/var/lib/kubelet/pki/kubelet.key",
    });
    if let Some(configuration) = configuration.as_object_mut() {
        configuration.extend(further.clone());
    }
    format!("{configuration:#}\n")
}
