//! What the installed network plugin really does with policies: one profile of switches per plugin.
//!
//! A profile is recognised from the estate ([`recognise`]) or named by the user. Every switch has its
//! source beside it. Where a plugin's behaviour hangs on a setting that is not in the estate, the switch
//! is unknown, and answers that hang on it say so.

use std::fmt;
use std::str::FromStr;

mod cilium_sources;
mod identity;
mod profiles;
mod recognise;
mod settings;

pub(super) use recognise::recognise;
pub(super) use settings::{CiliumMode, FailsafePort};

/// A network plugin, by what it does with policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cni {
    /// The specification as Kubernetes' own end-to-end tests have it.
    Generic,
    /// Nobody knows which one runs: answers hold for every plugin, or depend on it.
    Unknown,
    /// A plugin that enforces no policies: flannel, a plain bridge, kubenet.
    None,
    /// Calico, alone or above another plugin (canal, policy-only on a cloud).
    Calico,
    /// Cilium.
    Cilium,
    /// GKE Dataplane V2, which is built on Cilium.
    GkeDataplaneV2,
    /// Antrea.
    Antrea,
    /// OVN-Kubernetes, `OpenShift`'s default.
    OvnKubernetes,
    /// kube-router, which k3s has built in.
    KubeRouter,
    /// The AWS VPC CNI with its own policy agent.
    AwsVpcCni,
    /// kube-network-policies, which kindnet has built in.
    KubeNetworkPolicies,
    /// Azure Network Policy Manager.
    AzureNpm,
    /// Kube-OVN.
    KubeOvn,
    /// Weave Net.
    Weave,
}

impl Cni {
    /// Every profile, in a fixed order.
    pub const ALL: [Self; 14] = [
        Self::Generic,
        Self::Unknown,
        Self::None,
        Self::Calico,
        Self::Cilium,
        Self::GkeDataplaneV2,
        Self::Antrea,
        Self::OvnKubernetes,
        Self::KubeRouter,
        Self::AwsVpcCni,
        Self::KubeNetworkPolicies,
        Self::AzureNpm,
        Self::KubeOvn,
        Self::Weave,
    ];

    /// The word for it, as `--cni` takes it and answers show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Unknown => "unknown",
            Self::None => "none",
            Self::Calico => "calico",
            Self::Cilium => "cilium",
            Self::GkeDataplaneV2 => "gke-dataplane-v2",
            Self::Antrea => "antrea",
            Self::OvnKubernetes => "ovn-kubernetes",
            Self::KubeRouter => "kube-router",
            Self::AwsVpcCni => "aws-vpc-cni",
            Self::KubeNetworkPolicies => "kube-network-policies",
            Self::AzureNpm => "azure-npm",
            Self::KubeOvn => "kube-ovn",
            Self::Weave => "weave",
        }
    }
}

impl fmt::Display for Cni {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Cni {
    type Err = UnknownCni;

    fn from_str(text: &str) -> Result<Self, UnknownCni> {
        let other_words = [
            ("canal", Self::Calico),
            ("gke-dataplane-v1", Self::Calico),
            ("flannel", Self::None),
            ("kubenet", Self::None),
            ("bridge", Self::None),
            ("k3s", Self::KubeRouter),
            ("kindnet", Self::KubeNetworkPolicies),
            ("openshift", Self::OvnKubernetes),
            ("aws", Self::AwsVpcCni),
        ];
        let named = Self::ALL.into_iter().map(|cni| (cni.name(), cni));
        named
            .chain(other_words)
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .map(|(_, cni)| cni)
            .ok_or_else(|| UnknownCni(text.to_owned()))
    }
}

/// A word that names no profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCni(pub String);

impl fmt::Display for UnknownCni {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Cni::ALL.map(Cni::name).join(", ");
        let word = &self.0;
        write!(
            formatter,
            "`{word}` is no profile of a network plugin: write one of {names}"
        )
    }
}

impl std::error::Error for UnknownCni {}

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ternary {
    No,
    Unknown,
    Yes,
}

/// Which policies a plugin enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EnforcedKinds {
    /// `networking.k8s.io` NetworkPolicy.
    pub(super) kubernetes: bool,
    /// `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`, `v1alpha1`.
    pub(super) admin: Ternary,
    /// `ClusterNetworkPolicy`, `v1alpha2` and later.
    pub(super) cluster: Ternary,
    /// Calico's own.
    pub(super) calico: bool,
    /// Cilium's own.
    pub(super) cilium: bool,
    /// Antrea's own.
    pub(super) antrea: bool,
}

/// What an egress policy sees of a connection to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceView {
    /// The endpoint behind it, with the endpoint's port.
    Endpoint,
    /// The service's own address and port.
    ServiceAddress,
    /// One of the two.
    Unknown,
}

/// What happens to a connection from a pod to the node that it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PodToOwnNode {
    /// Its egress policies decide.
    ByPolicy,
    /// Whatever the policies say, it passes.
    Always,
    /// Its egress policies decide, except for ports of the `NodePort` range, which pass.
    NodePortsAlways,
    /// First its egress policies, then this setting of the plugin decides.
    ByPolicyThen(Ternary),
}

/// What a plugin does.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Which.
    pub(super) cni: Cni,
    /// How it was recognised, in plain words; empty when the user named it.
    pub(super) evidence: Vec<String>,
    /// Whether it enforces policies at all.
    pub(super) enforces: Ternary,
    pub(super) kinds: EnforcedKinds,
    /// Whether an address block also means pods with such an address.
    pub(super) blocks_match_pods: Ternary,
    /// Whether an address block also means nodes (and pods that share their network).
    pub(super) blocks_match_nodes: Ternary,
    pub(super) service_view: ServiceView,
    /// Whether a port of another node is translated to what it leads to before egress policies of the pod that
    /// asks see the connection.
    pub(super) node_ports_early: Ternary,
    /// Whether a node always reaches the pods that run on it.
    pub(super) node_to_own_pod: Ternary,
    pub(super) pod_to_own_node: PodToOwnNode,
    /// Whether only pods that a controller made are subject to policies.
    pub(super) only_owned_pods: bool,
    /// Whether namespace selectors without a pod selector also mean nodes, through a namespace that
    /// stands for them.
    pub(super) host_network_namespace: Option<&'static str>,
    /// Kinds that a setting switches off.
    pub(super) kinds_off: Vec<&'static str>,
    /// Whether a pod is closed until policies let something through; completed by a setting's name.
    pub(super) closed_by: Option<&'static str>,
    /// Cilium's enforcement mode.
    pub(super) cilium_mode: CiliumMode,
    /// Whether Cilium's policies for nodes are enforced.
    pub(super) cilium_host_firewall: Ternary,
    /// Cilium's setting `cluster-name`; `None` when its settings are not in the estate or differ.
    pub(super) cilium_cluster: Option<String>,
    /// Whether Cilium's policies may choose nodes by their labels.
    pub(super) cilium_node_labels: Ternary,
    /// Cilium's setting `labels`: which labels make an identity; empty for the default.
    pub(super) identity_labels: String,
    /// Calico: ports that stay open on a protected node; inbound, outbound.
    pub(super) failsafe: [Vec<FailsafePort>; 2],
    /// The same of single nodes, by name.
    pub(super) failsafe_of_nodes: Vec<(String, [Vec<FailsafePort>; 2])>,
    /// Whether pods without an IPv4 address have a way out by IPv4 at which policies do not hold.
    pub(super) has_ipv4_way_out: bool,
    /// Settings of the estate that changed a switch, in plain words.
    pub(super) notes: Vec<String>,
}

impl Profile {
    /// The plugin.
    pub fn cni(&self) -> Cni {
        self.cni
    }

    /// How it was recognised, and which settings count; empty when the user named it and no setting is
    /// in the estate.
    pub fn evidence(&self) -> impl Iterator<Item = &str> {
        self.evidence.iter().chain(&self.notes).map(String::as_str)
    }
}
