//! The switches of each plugin, as it is without any setting.

use super::settings::{FAILSAFE_INBOUND, FAILSAFE_OUTBOUND};
use super::{CiliumMode, Cni, EnforcedKinds, PodToOwnNode, Profile, ServiceView, Ternary};

const KUBERNETES: EnforcedKinds = EnforcedKinds {
    kubernetes: true,
    admin: Ternary::No,
    cluster: Ternary::No,
    calico: false,
    cilium: false,
    antrea: false,
};

impl Profile {
    /// A plugin with its defaults. Facts and their sources stand at each one.
    pub(in crate::network) fn of(cni: Cni) -> Self {
        let base = Self::specification(cni);
        match cni {
            Cni::Generic => base,
            Cni::Unknown => unknown(base),
            Cni::None => Self {
                enforces: Ternary::No,
                ..base
            },
            Cni::Calico => calico(base),
            Cni::Cilium => cilium(base),
            Cni::GkeDataplaneV2 => Self {
                kinds: EnforcedKinds {
                    cilium: true,
                    ..KUBERNETES
                },
                node_ports_early: Ternary::Yes,
                ..cilium(base)
            },
            Cni::Antrea => antrea(base),
            Cni::OvnKubernetes => ovn_kubernetes(base),
            Cni::KubeRouter => kube_router(base),
            Cni::AwsVpcCni => aws(base),
            // kubernetes-sigs/kube-network-policies: standard policies and, by flag, those of
            // policy.networking.k8s.io; evaluated in user space by address, after translation.
            Cni::KubeNetworkPolicies => Self {
                kinds: EnforcedKinds {
                    admin: Ternary::Unknown,
                    cluster: Ternary::Unknown,
                    ..KUBERNETES
                },
                node_ports_early: Ternary::No,
                ..base
            },
            // Azure/azure-container-networking npm: ipsets in the FORWARD chain, after translation.
            Cni::AzureNpm | Cni::Weave => Self {
                kinds: KUBERNETES,
                node_ports_early: Ternary::No,
                ..base
            },
            // network-policy-api `site-src/implementations.md`: Kube-OVN has both versions.
            Cni::KubeOvn => Self {
                kinds: EnforcedKinds {
                    admin: Ternary::Yes,
                    cluster: Ternary::Yes,
                    ..KUBERNETES
                },
                ..base
            },
        }
    }

    /// The specification of `networking.k8s.io/v1` and `policy.networking.k8s.io`, where it is open as
    /// Kubernetes' end-to-end tests have it (`test/e2e/network/netpol`): blocks are built from pods'
    /// addresses and must match, pods are reached by the service's address and must match as pods, and
    /// traffic from the pod's own node always passes.
    fn specification(cni: Cni) -> Self {
        Self {
            cni,
            evidence: Vec::new(),
            enforces: Ternary::Yes,
            kinds: EnforcedKinds {
                admin: Ternary::Yes,
                cluster: Ternary::Yes,
                ..KUBERNETES
            },
            blocks_match_pods: Ternary::Yes,
            blocks_match_nodes: Ternary::Yes,
            service_view: ServiceView::Endpoint,
            // "It is not defined whether this happens before or after NetworkPolicy processing."
            node_ports_early: Ternary::Unknown,
            node_to_own_pod: Ternary::Yes,
            pod_to_own_node: PodToOwnNode::ByPolicy,
            only_owned_pods: false,
            host_network_namespace: None,
            kinds_off: Vec::new(),
            closed_by: None,
            cilium_mode: CiliumMode::Default,
            cilium_host_firewall: Ternary::No,
            cilium_cluster: None,
            has_ipv4_way_out: false,
            cilium_node_labels: Ternary::Unknown,
            failsafe: [Vec::new(), Vec::new()],
            failsafe_of_nodes: Vec::new(),
            identity_labels: String::new(),
            notes: Vec::new(),
        }
    }
}

/// Every switch on which plugins differ is open.
fn unknown(base: Profile) -> Profile {
    Profile {
        enforces: Ternary::Unknown,
        kinds: EnforcedKinds {
            kubernetes: true,
            admin: Ternary::Unknown,
            cluster: Ternary::Unknown,
            calico: true,
            cilium: true,
            antrea: true,
        },
        blocks_match_pods: Ternary::Unknown,
        blocks_match_nodes: Ternary::Unknown,
        service_view: ServiceView::Unknown,
        cilium_host_firewall: Ternary::Unknown,
        ..base
    }
}

/// tigera/docs `calico/reference/{resources,host-endpoints}`; projectcalico/calico `felix`: address
/// sets hold every address, policy runs after connection tracking and translation. Own node:
/// `DefaultEndpointToHostAction`, whose default `Drop` all shipped manifests and the chart change to
/// `Accept`; it is read from the estate ([`super::settings`]). Calico 3.32 has `ClusterNetworkPolicy`;
/// 3.29 to 3.31 had the older two kinds; which version runs is judged at recognition. The service proxy
/// translates ports of nodes where the address is local only (kubernetes/kubernetes
/// `pkg/proxy/iptables/proxier.go`, `KUBE-NODEPORTS` behind `--dst-type LOCAL`), so not where another node's
/// pod is judged.
fn calico(base: Profile) -> Profile {
    Profile {
        kinds: EnforcedKinds {
            admin: Ternary::Unknown,
            cluster: Ternary::Unknown,
            calico: true,
            ..KUBERNETES
        },
        node_ports_early: Ternary::No,
        pod_to_own_node: PodToOwnNode::ByPolicyThen(Ternary::Unknown),
        failsafe: [FAILSAFE_INBOUND.to_vec(), FAILSAFE_OUTBOUND.to_vec()],
        ..base
    }
}

/// cilium/cilium `Documentation/security/policy/{layer3,caveats,kubernetes}.rst`: blocks match neither
/// pods nor nodes (`policy-cidr-match-mode`), the socket load balancer translates before policy, the
/// local host is always let in (`allow-localhost`), the host firewall is off by default.
fn cilium(base: Profile) -> Profile {
    Profile {
        kinds: EnforcedKinds {
            cilium: true,
            ..KUBERNETES
        },
        blocks_match_pods: Ternary::No,
        blocks_match_nodes: Ternary::No,
        ..base
    }
}

/// antrea-io/antrea `docs/antrea-network-policy.md`, `docs/feature-gates.md`: own tiers before and
/// after the standard policies; `AdminNetworkPolicy` behind a feature gate.
fn antrea(base: Profile) -> Profile {
    Profile {
        kinds: EnforcedKinds {
            admin: Ternary::Unknown,
            antrea: true,
            ..KUBERNETES
        },
        ..base
    }
}

/// ovn-org/ovn-kubernetes `docs/features/network-security-controls`: the two `v1alpha1` kinds;
/// `OpenShift` documentation, "About network policy": host-network traffic is selected through the
/// namespace that stands for it (`host-network-namespace`), not by pod labels.
fn ovn_kubernetes(base: Profile) -> Profile {
    Profile {
        kinds: EnforcedKinds {
            admin: Ternary::Yes,
            ..KUBERNETES
        },
        host_network_namespace: Some("openshift-host-network"),
        ..base
    }
}

/// cloudnativelabs/kube-router `pkg/controllers/netpol`: policy chains hang in INPUT, FORWARD and
/// OUTPUT after translation; `KUBE-ROUTER-INPUT` first lets the local `NodePort` range return; packets
/// from a local address to a pod of the node are accepted first.
fn kube_router(base: Profile) -> Profile {
    Profile {
        kinds: KUBERNETES,
        node_ports_early: Ternary::No,
        pod_to_own_node: PodToOwnNode::NodePortsAlways,
        ..base
    }
}

/// aws/aws-network-policy-agent `ComputeMapEntriesFromEndpointRules` (the node's address is put first
/// into the ingress and the egress map), aws/amazon-network-policy-controller-k8s `pkg/resolvers`
/// (cluster addresses of services are added beside the pods they select), EKS user guide "Limit pod
/// traffic with Kubernetes network policies" (pods without a controller are not covered).
fn aws(base: Profile) -> Profile {
    Profile {
        kinds: KUBERNETES,
        service_view: ServiceView::ServiceAddress,
        node_ports_early: Ternary::No,
        pod_to_own_node: PodToOwnNode::Always,
        only_owned_pods: true,
        ..base
    }
}
