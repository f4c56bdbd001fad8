//! Policies of kinds that are not read: a gap for each kind, and where the installed plugin is the one that
//! enforces it, nothing is certain of the pods that it may mean.

use viewshed_model::{NetworkPolicy, OtherObject};

use super::reader::Reader;
use super::{Policy, Translator};
use crate::network::cni::{Cni, Ternary};

/// What a kind that is not read may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stranger {
    /// The installed plugin enforces it.
    Own,
    /// Another plugin, a mesh or nobody.
    Foreign,
}

/// Kinds that decide on connections and are no kind of the groups below, and the profiles under which they are
/// enforced, or may be; none for those of meshes and of further networks.
const KINDS: &[(&str, &str, &[Cni])] = &[
    ("k8s.cni.cncf.io", "MultiNetworkPolicy", &[]),
    (
        "k8s.ovn.org",
        "EgressFirewall",
        &[Cni::OvnKubernetes, Cni::Unknown],
    ),
    // A network of the namespaces' own, apart from the others (OVN-Kubernetes, "User Defined Networks").
    (
        "k8s.ovn.org",
        "UserDefinedNetwork",
        &[Cni::OvnKubernetes, Cni::Unknown],
    ),
    (
        "k8s.ovn.org",
        "ClusterUserDefinedNetwork",
        &[Cni::OvnKubernetes, Cni::Unknown],
    ),
    ("kubeovn.io", "SecurityGroup", &[Cni::KubeOvn, Cni::Unknown]),
    // Security groups of single pods, which the VPC applies beside whatever enforces policies (Amazon EKS user guide,
    // "Assign security groups to individual Pods").
    (
        "vpcresources.k8s.aws",
        "SecurityGroupPolicy",
        &[Cni::AwsVpcCni, Cni::Calico, Cni::Cilium, Cni::Unknown],
    ),
    // The former plugin of OpenShift.
    (
        "network.openshift.io",
        "EgressNetworkPolicy",
        &[Cni::Unknown],
    ),
    (
        "networking.gke.io",
        "FQDNNetworkPolicy",
        &[Cni::GkeDataplaneV2, Cni::Unknown],
    ),
    (
        "networking.k8s.aws",
        "ApplicationNetworkPolicy",
        &[Cni::AwsVpcCni, Cni::Unknown],
    ),
    (
        "networking.k8s.aws",
        "ClusterNetworkPolicy",
        &[Cni::AwsVpcCni, Cni::Unknown],
    ),
    ("policy.linkerd.io", "AuthorizationPolicy", &[]),
    ("policy.linkerd.io", "Server", &[]),
    ("policy.linkerd.io", "ServerAuthorization", &[]),
    ("security.istio.io", "AuthorizationPolicy", &[]),
    ("security.istio.io", "PeerAuthentication", &[]),
];

/// Kinds that send connections from outside to services and are not read: of OpenShift's router, Traefik, Contour,
/// Istio, NGINX, Kong and Emissary.
const ROUTES: &[(&str, &str)] = &[
    ("configuration.konghq.com", "TCPIngress"),
    ("configuration.konghq.com", "UDPIngress"),
    ("getambassador.io", "Mapping"),
    ("getambassador.io", "TCPMapping"),
    ("k8s.nginx.org", "TransportServer"),
    ("k8s.nginx.org", "VirtualServer"),
    ("networking.istio.io", "VirtualService"),
    ("projectcontour.io", "HTTPProxy"),
    ("route.openshift.io", "Route"),
    ("traefik.containo.us", "IngressRoute"),
    ("traefik.containo.us", "IngressRouteTCP"),
    ("traefik.containo.us", "IngressRouteUDP"),
    ("traefik.io", "IngressRoute"),
    ("traefik.io", "IngressRouteTCP"),
    ("traefik.io", "IngressRouteUDP"),
];

/// Whether an object may lead from outside to services of its namespace; a virtual service may to any.
pub(in crate::network) fn is_route(object: &OtherObject) -> bool {
    ROUTES.contains(&(object.group.as_str(), object.kind.as_str()))
}

/// Kinds called policies that decide on no connection: staged ones, routes that are announced, and the
/// address that leaving connections get.
const HARMLESS: &[&str] = &[
    "CiliumBGPPeeringPolicy",
    "CiliumL2AnnouncementPolicy",
    "StagedGlobalNetworkPolicy",
    "StagedKubernetesNetworkPolicy",
    "StagedNetworkPolicy",
];

/// Kinds of a plugin's own group that redirect what policies have decided on.
const REDIRECTING: &[&str] = &["CiliumEgressGatewayPolicy", "CiliumLocalRedirectPolicy"];

impl Translator<'_> {
    /// What stands among the objects of other kinds.
    pub(in crate::network) fn strangers(&mut self, others: &[OtherObject]) -> Vec<Policy> {
        let mut found = Vec::new();
        for other in others {
            match self.stranger(other) {
                None => {}
                Some(Stranger::Foreign) => {
                    self.gaps.not_read(&other.group, &other.kind);
                }
                Some(Stranger::Own) => {
                    let policy = NetworkPolicy {
                        meta: other.meta.clone(),
                        api_group: other.group.clone(),
                        kind: other.kind.clone(),
                        ..NetworkPolicy::default()
                    };
                    let mut reader = Reader::new(self, 0, &policy);
                    found.extend(reader.opaque());
                    reader.finish(Ternary::Yes);
                }
            }
        }
        for policy in &mut found {
            policy.source = None;
        }
        found
    }

    fn stranger(&self, other: &OtherObject) -> Option<Stranger> {
        let (group, kind) = (other.group.as_str(), other.kind.as_str());
        if is_route(other) {
            return Some(Stranger::Foreign);
        }
        let known = KINDS
            .iter()
            .find(|known| (known.0, known.1) == (group, kind));
        let is_own = if let Some((_, _, enforcers)) = known {
            enforcers.contains(&self.profile.cni)
        } else {
            // `networkpolicy`, `NetPol`, `NetworkPolicies`: no server takes them under such a name.
            let word = kind.to_ascii_lowercase();
            let is_policy = word.ends_with("policy") || word.ends_with("policies");
            let kinds = self.profile.kinds;
            let is_enforced = match group {
                "" | "extensions" | "networking" | "networking.k8s.io" => {
                    let is_meant = word.contains("netpol") || word.contains("networkpolic");
                    return is_meant.then_some(Stranger::Foreign);
                }
                "policy.networking.k8s.io" => {
                    kinds.admin != Ternary::No || kinds.cluster != Ternary::No
                }
                "projectcalico.org" | "crd.projectcalico.org" => kinds.calico,
                "cilium.io" => kinds.cilium,
                _ => return None,
            };
            if !is_policy || HARMLESS.contains(&kind) {
                return None;
            }
            let is_well_formed = kind.ends_with("Policy") && kind.starts_with(char::is_uppercase);
            is_enforced && is_well_formed && !REDIRECTING.contains(&kind)
        };
        Some(if is_own {
            Stranger::Own
        } else {
            Stranger::Foreign
        })
    }
}
