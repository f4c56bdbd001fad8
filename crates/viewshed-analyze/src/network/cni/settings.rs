//! Settings of the estate that change a plugin's switches.

use serde_json::{Map, Value};
use viewshed_model::{Cluster, NetworkSetting, Pod, Protocol, UnreadKind};

use super::cilium_sources::{Told, told};
use super::{Cni, PodToOwnNode, Profile, Ternary};
use crate::network::address::Block;

/// Cilium's `enable-policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum CiliumMode {
    /// A pod is open until a policy selects it.
    Default,
    /// Every pod is closed but for what policies let through.
    Always,
    /// Policies are not enforced.
    Never,
    /// The setting has a value that is not known here.
    Unknown,
    /// The server did not give the settings.
    Unread,
    /// Some nodes have other settings than the rest.
    Differs,
}

/// A port that stays open on a node that Calico protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) struct FailsafePort {
    pub(in crate::network) protocol: Protocol,
    pub(in crate::network) port: u16,
    /// `None` is everywhere.
    pub(in crate::network) net: Option<Block>,
}

const fn failsafe(protocol: Protocol, port: u16) -> FailsafePort {
    FailsafePort {
        protocol,
        port,
        net: None,
    }
}

/// projectcalico/calico `felix/config/config_params.go`, `FailsafeInboundHostPorts`.
pub(super) const FAILSAFE_INBOUND: [FailsafePort; 9] = [
    failsafe(Protocol::Tcp, 22),
    failsafe(Protocol::Udp, 68),
    failsafe(Protocol::Tcp, 179),
    failsafe(Protocol::Tcp, 2379),
    failsafe(Protocol::Tcp, 2380),
    failsafe(Protocol::Tcp, 5473),
    failsafe(Protocol::Tcp, 6443),
    failsafe(Protocol::Tcp, 6666),
    failsafe(Protocol::Tcp, 6667),
];

/// projectcalico/calico `felix/config/config_params.go`, `FailsafeOutboundHostPorts`.
pub(super) const FAILSAFE_OUTBOUND: [FailsafePort; 9] = [
    failsafe(Protocol::Udp, 53),
    failsafe(Protocol::Udp, 67),
    failsafe(Protocol::Tcp, 179),
    failsafe(Protocol::Tcp, 2379),
    failsafe(Protocol::Tcp, 2380),
    failsafe(Protocol::Tcp, 5473),
    failsafe(Protocol::Tcp, 6443),
    failsafe(Protocol::Tcp, 6666),
    failsafe(Protocol::Tcp, 6667),
];

/// Applies what the cluster's settings say to a profile.
pub(super) fn apply(profile: &mut Profile, cluster: &Cluster) {
    match profile.cni {
        Cni::Calico => calico(profile, cluster),
        Cni::Cilium | Cni::GkeDataplaneV2 => cilium(profile, cluster),
        Cni::AwsVpcCni => aws(profile, cluster),
        Cni::Generic
        | Cni::Unknown
        | Cni::None
        | Cni::Antrea
        | Cni::OvnKubernetes
        | Cni::KubeRouter
        | Cni::KubeNetworkPolicies
        | Cni::AzureNpm
        | Cni::KubeOvn
        | Cni::Weave => {}
    }
}

pub(super) fn fields(setting: &NetworkSetting) -> Map<String, Value> {
    serde_json::from_str(&setting.spec_json).unwrap_or_default()
}

/// The value of a config map's key or of a variable.
pub(super) fn text_of(cluster: &Cluster, kind: &str, name: &str, key: &str) -> Option<String> {
    cluster
        .network_settings
        .iter()
        .filter(|setting| setting.kind == kind && (name.is_empty() || setting.meta.name == name))
        .find_map(|setting| Some(fields(setting).get(key)?.as_str()?.to_owned()))
}

fn calico(profile: &mut Profile, cluster: &Cluster) {
    let felix = cluster
        .network_settings
        .iter()
        .find(|setting| setting.kind == "FelixConfiguration" && setting.meta.name == "default")
        .map(fields)
        .unwrap_or_default();
    // A variable of the container beats the object (Felix: environment, file, datastore).
    let variable = "FELIX_DEFAULTENDPOINTTOHOSTACTION";
    let action = text_of(cluster, "DaemonSet", "", variable).or_else(|| {
        let action = felix.get("defaultEndpointToHostAction")?;
        action.as_str().map(str::to_owned)
    });
    if let Some(action) = action {
        let accepts = match action.to_ascii_lowercase().as_str() {
            "accept" => Ternary::Yes,
            "drop" => Ternary::No,
            // `Return` leaves it to the node's own rules.
            _ => Ternary::Unknown,
        };
        profile.pod_to_own_node = PodToOwnNode::ByPolicyThen(accepts);
        profile
            .notes
            .push(format!("`DefaultEndpointToHostAction` is `{action}`"));
    }
    // `node.NAME` overrides it for one node (tigera/docs "Felix configuration"), where no variable does.
    let of_nodes = cluster.network_settings.iter().filter(|setting| {
        setting.kind == "FelixConfiguration" && setting.meta.name.starts_with("node.")
    });
    let mut of_nodes =
        of_nodes.filter_map(|setting| fields(setting).remove("defaultEndpointToHostAction"));
    if text_of(cluster, "DaemonSet", "", variable).is_none() && of_nodes.next().is_some() {
        profile.pod_to_own_node = PodToOwnNode::ByPolicyThen(Ternary::Unknown);
        let note = "some nodes have a `DefaultEndpointToHostAction` of their own";
        profile.notes.push(note.to_owned());
    }
    // Its own service proxy translates where the client is, but not always (tigera/docs "Enable eBPF on an
    // existing cluster", `bpfConnectTimeLoadBalancing`).
    if felix.get("bpfEnabled") == Some(&Value::Bool(true)) {
        profile.node_ports_early = Ternary::Unknown;
        profile.notes.push("`bpfEnabled` is set".to_owned());
    }
    failsafe_lists(profile, cluster, &felix);
}

/// The lists of ports that stay open: of a variable, else of `node.NAME`, else of `default`
/// (tigera/docs "Felix configuration").
fn failsafe_lists(profile: &mut Profile, cluster: &Cluster, felix: &Map<String, Value>) {
    let keys = ["failsafeInboundHostPorts", "failsafeOutboundHostPorts"];
    let variables = [
        "FELIX_FAILSAFEINBOUNDHOSTPORTS",
        "FELIX_FAILSAFEOUTBOUNDHOSTPORTS",
    ];
    let variables = variables.map(|name| text_of(cluster, "DaemonSet", "", name));
    for ((open, key), variable) in profile.failsafe.iter_mut().zip(keys).zip(&variables) {
        if let Some(text) = variable {
            *open = failsafe_text(text);
        } else if let Some(Value::Array(ports)) = felix.get(key) {
            *open = ports.iter().filter_map(failsafe_port).collect();
        } else {
            continue;
        }
        profile.notes.push(format!("`{key}` is set"));
    }
    for setting in &cluster.network_settings {
        let name = setting.meta.name.strip_prefix("node.");
        let Some(name) = name.filter(|_| setting.kind == "FelixConfiguration") else {
            continue;
        };
        let own = fields(setting);
        let mut lists = profile.failsafe.clone();
        let mut is_set = false;
        for ((open, key), variable) in lists.iter_mut().zip(keys).zip(&variables) {
            if let (Some(Value::Array(ports)), None) = (own.get(key), variable) {
                *open = ports.iter().filter_map(failsafe_port).collect();
                is_set = true;
            }
        }
        if is_set {
            let note = format!("node `{name}` has failsafe ports of its own");
            profile.notes.push(note);
            profile.failsafe_of_nodes.push((name.to_owned(), lists));
        }
    }
}

/// `none`, or `PROTOCOL[:NET]:PORT` and ports alone (TCP), with commas (projectcalico/calico
/// `felix/config/port_list.go`).
fn failsafe_text(text: &str) -> Vec<FailsafePort> {
    let port = |part: &str| {
        let (rest, port) = part.trim().rsplit_once(':').unwrap_or(("", part.trim()));
        let (protocol, net) = rest.split_once(':').unwrap_or((rest, ""));
        let protocol = if protocol.is_empty() { "tcp" } else { protocol };
        let net = net.trim_matches(['[', ']']);
        Some(FailsafePort {
            protocol: protocol.parse().ok()?,
            port: port.parse().ok()?,
            net: Block::parse(net),
        })
    };
    text.split(',').filter_map(port).collect()
}

fn failsafe_port(value: &Value) -> Option<FailsafePort> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Some(FailsafePort {
        protocol: text("protocol").unwrap_or("tcp").parse().ok()?,
        port: u16::try_from(value.get("port")?.as_u64()?).ok()?,
        net: text("net").and_then(Block::parse),
    })
}

/// `NETWORK_POLICY_ENFORCING_MODE=strict`: pods start closed (aws/aws-network-policy-agent README, "Network Policy
/// enforcing mode").
fn aws(profile: &mut Profile, cluster: &Cluster) {
    let mode = text_of(cluster, "DaemonSet", "", "NETWORK_POLICY_ENFORCING_MODE");
    if mode.is_some_and(|mode| mode.eq_ignore_ascii_case("strict")) {
        let setting = "NETWORK_POLICY_ENFORCING_MODE=strict";
        profile.closed_by = Some(setting);
        profile.notes.push(format!("`{setting}` is set"));
    }
    let variable = |name: &str| text_of(cluster, "DaemonSet", "", name);
    let is =
        |name: &str, value: &str| variable(name).is_some_and(|own| own.eq_ignore_ascii_case(value));
    let is_v6_alone = |pod: &Pod| !pod.ips.is_empty() && pod.ips.iter().all(|ip| ip.contains(':'));
    let mut own_network = cluster.pods.iter().filter(|pod| !pod.spec.host.network);
    // On unless it is switched off (aws/amazon-vpc-cni-k8s README, "ENABLE_V4_EGRESS").
    profile.has_ipv4_way_out = (is("ENABLE_IPv6", "true") || own_network.any(is_v6_alone))
        && !is("ENABLE_V4_EGRESS", "false");
    if profile.has_ipv4_way_out {
        let note = "pods have an IPv4 way out at which policies do not hold (`ENABLE_V4_EGRESS`)";
        profile.notes.push(note.to_owned());
    }
}

/// What Cilium's config map tells by leaving it out, too.
fn names_and_labels(profile: &mut Profile, cluster: &Cluster) {
    profile.cilium_cluster = match told(cluster, profile.cni, "cluster-name") {
        Told::Value(name) => Some(name),
        // cilium/cilium `pkg/defaults/defaults.go`, `ClusterName`.
        Told::Nothing => Some("default".to_owned()),
        Told::Differs => None,
    };
    profile.cilium_node_labels = match told(cluster, profile.cni, "enable-node-selector-labels") {
        Told::Value(state) if state == "true" => Ternary::Yes,
        Told::Value(_) | Told::Nothing => Ternary::No,
        Told::Differs => Ternary::Unknown,
    };
}

fn cilium(profile: &mut Profile, cluster: &Cluster) {
    let is_config = |setting: &NetworkSetting| {
        setting.kind == "ConfigMap" && setting.meta.name == "cilium-config"
    };
    if profile.cni == Cni::Cilium && !cluster.network_settings.iter().any(is_config) {
        // The one switch that policies in use presuppose without saying so.
        profile.cilium_host_firewall = Ternary::Unknown;
        let is_refused = |kind: &UnreadKind| *kind == UnreadKind::settings();
        if cluster.unread_kinds.iter().any(is_refused) {
            profile.cilium_mode = CiliumMode::Unread;
            profile.blocks_match_nodes = Ternary::Unknown;
            profile
                .notes
                .push("the config map `cilium-config` could not be read".to_owned());
            return;
        }
        profile.notes.push(
            "the config map `cilium-config` is not in the estate, so its settings are taken at their defaults"
                .to_owned(),
        );
    }
    let cni = profile.cni;
    let setting = |key: &str| match told(cluster, cni, key) {
        Told::Value(value) => Some(value),
        Told::Nothing | Told::Differs => None,
    };
    enforcement(profile, setting);
    if cluster.network_settings.iter().any(is_config) {
        names_and_labels(profile, cluster);
    }
    let mut note = |key: &str, value: &str| profile.notes.push(format!("`{key}` is `{value}`"));
    // cilium/cilium `Documentation/network/kubernetes/kubeproxy-free.rst`: the socket load balancer translates
    // ports of every node; without it kube-proxy does, on the node itself.
    if let Some(state) = setting("kube-proxy-replacement") {
        let only_nodes = setting("bpf-lb-sock-hostns-only").as_deref() == Some("true");
        profile.node_ports_early = match state.as_str() {
            "true" | "strict" if !only_nodes => Ternary::Yes,
            "false" | "disabled" => Ternary::No,
            _ => Ternary::Unknown,
        };
        note("kube-proxy-replacement", &state);
    }
    if let Some(labels) = setting("labels").filter(|text| !text.trim().is_empty()) {
        note("labels", &labels);
        profile.identity_labels = labels;
    }
    if let Some(mode) = setting("policy-cidr-match-mode") {
        let has = |word: &str| mode.split([' ', ',']).any(|one| one == word);
        if has("nodes") {
            profile.blocks_match_nodes = Ternary::Yes;
        }
        if has("pods") {
            profile.blocks_match_pods = Ternary::Yes;
        }
        note("policy-cidr-match-mode", &mode);
    }
    if let Some(mode) = setting("allow-localhost") {
        // `auto`, the default, allows it unless the host firewall is on.
        if mode == "policy" {
            profile.node_to_own_pod = Ternary::No;
        }
        note("allow-localhost", &mode);
    }
    if let Some(state) = setting("enable-host-firewall") {
        if state == "true" {
            profile.cilium_host_firewall = Ternary::Yes;
        }
        note("enable-host-firewall", &state);
    }
    differing(profile, |key| told(cluster, cni, key) == Told::Differs);
}

/// Switches that are open because nodes differ in a setting.
fn differing(profile: &mut Profile, differs: impl Fn(&str) -> bool) {
    for key in [
        "enable-policy",
        "policy-audit-mode",
        "enable-cilium-network-policy",
        "enable-cilium-clusterwide-network-policy",
        "enable-k8s-networkpolicy",
        "labels",
        "policy-cidr-match-mode",
        "kube-proxy-replacement",
        "bpf-lb-sock-hostns-only",
        "allow-localhost",
        "enable-host-firewall",
    ] {
        if !differs(key) {
            continue;
        }
        match key {
            "policy-cidr-match-mode" => {
                profile.blocks_match_nodes = Ternary::Unknown;
                profile.blocks_match_pods = Ternary::Unknown;
            }
            "kube-proxy-replacement" | "bpf-lb-sock-hostns-only" => {
                profile.node_ports_early = Ternary::Unknown;
            }
            "allow-localhost" => profile.node_to_own_pod = Ternary::Unknown,
            "enable-host-firewall" => profile.cilium_host_firewall = Ternary::Unknown,
            _ => profile.cilium_mode = CiliumMode::Differs,
        }
        let note = format!("`{key}` is not the same on every node");
        profile.notes.push(note);
    }
}

/// Whether Cilium enforces anything, and which kinds.
fn enforcement(profile: &mut Profile, setting: impl Fn(&str) -> Option<String>) {
    let mut note = |key: &str, value: &str| profile.notes.push(format!("`{key}` is `{value}`"));
    if let Some(mode) = setting("enable-policy") {
        profile.cilium_mode = match mode.as_str() {
            "" | "default" => CiliumMode::Default,
            "always" => CiliumMode::Always,
            "never" => CiliumMode::Never,
            _ => CiliumMode::Unknown,
        };
        note("enable-policy", &mode);
    }
    // Verdicts are logged and nothing is dropped (cilium/cilium `Documentation/security/policy-creation.rst`).
    if let Some(mode) = setting("policy-audit-mode") {
        if mode == "true" {
            profile.cilium_mode = CiliumMode::Never;
        }
        note("policy-audit-mode", &mode);
    }
    // cilium/cilium `Documentation/cmdref/cilium-agent.md`.
    for (key, kind) in [
        ("enable-cilium-network-policy", "CiliumNetworkPolicy"),
        (
            "enable-cilium-clusterwide-network-policy",
            "CiliumClusterwideNetworkPolicy",
        ),
    ] {
        if setting(key).as_deref() == Some("false") {
            profile.kinds_off.push(kind);
            note(key, "false");
        }
    }
    if setting("enable-k8s-networkpolicy").as_deref() == Some("false") {
        profile.kinds.kubernetes = false;
        note("enable-k8s-networkpolicy", "false");
    }
}
