//! Which network plugin runs, from what the estate shows of it.

use std::collections::BTreeSet;

use viewshed_model::{Cluster, Container, PodSpec};

use super::{Cni, Profile, Ternary, settings};

/// A program that gives a plugin away.
struct Sign {
    /// End of the image's repository, from a slash on.
    image: &'static str,
    /// Names of its DaemonSet.
    names: &'static [&'static str],
    cni: Cni,
}

/// Sources: each plugin's own manifests and charts. The first sign that is seen counts: policy engines
/// stand before the plugins that they run above.
const SIGNS: &[Sign] = &[
    // Google's DaemonSet runs an image that is called like Cilium's.
    sign("/cilium-agent", &["anetd"], Cni::GkeDataplaneV2),
    sign("/cilium", &["cilium"], Cni::Cilium),
    sign(
        "/node",
        &["calico-node", "canal", "rke2-canal"],
        Cni::Calico,
    ),
    sign("/calico-node", &[], Cni::Calico),
    sign("/antrea-agent-ubuntu", &["antrea-agent"], Cni::Antrea),
    sign("/antrea-ubuntu", &[], Cni::Antrea),
    sign("/ovn-kubernetes", &["ovnkube-node"], Cni::OvnKubernetes),
    sign("/azure-npm", &["azure-npm"], Cni::AzureNpm),
    sign("/kube-ovn", &["kube-ovn-cni"], Cni::KubeOvn),
    sign("/kube-router", &["kube-router"], Cni::KubeRouter),
    sign("/weave-npc", &["weave-net"], Cni::Weave),
    sign(
        "/kube-network-policies",
        &["kube-network-policies"],
        Cni::KubeNetworkPolicies,
    ),
    sign("/kindnetd", &["kindnet"], Cni::KubeNetworkPolicies),
    sign("/amazon-k8s-cni", &["aws-node"], Cni::AwsVpcCni),
    sign(
        "/flannel",
        &["kube-flannel-ds", "kube-flannel", "kube-flannel-ds-amd64"],
        Cni::None,
    ),
];

const fn sign(image: &'static str, names: &'static [&'static str], cni: Cni) -> Sign {
    Sign { image, names, cni }
}

/// The first kindnetd that enforces policies (kind 0.24, August 2024).
const KINDNETD_WITH_POLICIES: &str = "v20240813";

/// The profile of the cluster's plugin, with its settings; `named` overrides what is seen.
pub(in crate::network) fn recognise(cluster: &Cluster, named: Option<Cni>) -> Profile {
    let (cni, evidence) = match named {
        Some(cni) => (cni, overridden(cni, cluster)),
        None => seen(cluster),
    };
    let mut profile = Profile::of(cni);
    profile.evidence = evidence;
    if cni == Cni::Calico {
        calico_kinds(&mut profile, cluster);
    }
    settings::apply(&mut profile, cluster);
    profile
}

/// What the estate shows in place of the plugin that the user named.
fn overridden(named: Cni, cluster: &Cluster) -> Vec<String> {
    let (shown, evidence) = seen(cluster);
    if matches!(shown, Cni::Unknown | Cni::Generic) || shown == named {
        return Vec::new();
    }
    let evidence = evidence.join("; ");
    vec![format!(
        "as named, though the estate shows {shown}: {evidence}"
    )]
}

fn seen(cluster: &Cluster) -> (Cni, Vec<String>) {
    let agents: Vec<Agent<'_>> = agents(cluster).collect();
    for sign in SIGNS {
        let found = agents.iter().find(|agent| agent.shows(sign));
        let Some(agent) = found else { continue };
        let said = format!("{} runs `{}`", agent.what, agent.image);
        if let Some(other) = beside(sign.cni, &agents) {
            return (sign.cni, vec![said, other]);
        }
        match limits(sign.cni, agent, cluster) {
            Limit::Enforces => return (sign.cni, vec![said]),
            Limit::Not(why) => return (Cni::None, vec![said, why]),
            Limit::Unknown(why) => return (Cni::Unknown, vec![said, why]),
        }
    }
    let is_k3s = |version: &str| version.contains("+k3s");
    let mut of_k3s = cluster.nodes.iter();
    if let Some(node) = of_k3s.find(|node| is_k3s(&node.kubelet_version)) {
        let said = format!(
            "node `{}` runs `{}`, which has kube-router's policies built in",
            node.meta.name, node.kubelet_version
        );
        let of_servers = cluster.nodes.iter();
        let of_servers = of_servers.filter_map(|node| node.disables_network_policies);
        let of_servers: BTreeSet<bool> = of_servers.collect();
        return match (of_servers.contains(&true), of_servers.contains(&false)) {
            (false, _) => (Cni::KubeRouter, vec![said]),
            (true, false) => {
                let why = "its servers run with `--disable-network-policy`";
                (Cni::None, vec![said, why.to_owned()])
            }
            (true, true) => {
                let why = "some of its servers run with `--disable-network-policy`";
                (Cni::Unknown, vec![said, why.to_owned()])
            }
        };
    }
    by_kinds(cluster).unwrap_or_else(|| {
        let why = "no DaemonSet or pod of a known network plugin is in the estate";
        (Cni::Unknown, vec![why.to_owned()])
    })
}

/// Another plugin that enforces policies of every pod, as during a migration.
fn beside(cni: Cni, agents: &[Agent<'_>]) -> Option<String> {
    let whole = [Cni::Cilium, Cni::Calico, Cni::Antrea];
    let mut others = SIGNS
        .iter()
        .filter(|sign| whole.contains(&cni) && whole.contains(&sign.cni) && sign.cni != cni);
    others.find_map(|sign| {
        let other = agents.iter().find(|agent| agent.shows(sign))?;
        let text = format!(
            "{} runs `{}` beside it: of pods that {} serves the answers may be wrong",
            other.what, other.image, sign.cni
        );
        Some(text)
    })
}

/// A container of a DaemonSet or pod.
struct Agent<'c> {
    what: String,
    name: &'c str,
    image: &'c str,
    spec: &'c PodSpec,
}

fn agents(cluster: &Cluster) -> impl Iterator<Item = Agent<'_>> {
    let of_spec = |what: String, name, spec| Agent {
        what,
        name,
        image: first_image(spec),
        spec,
    };
    let sets = cluster
        .workloads
        .iter()
        .filter(|workload| workload.kind == "DaemonSet")
        .map(move |workload| {
            let what = format!("DaemonSet `{}`", workload.meta.full_name());
            of_spec(what, workload.meta.name.as_str(), &workload.template)
        });
    let pods = cluster.pods.iter().filter_map(move |pod| {
        let owner = pod.meta.owner.as_ref()?;
        (owner.kind == "DaemonSet").then(|| {
            let what = format!("pod `{}`", pod.meta.full_name());
            of_spec(what, owner.name.as_str(), &pod.spec)
        })
    });
    sets.chain(pods)
}

fn first_image(spec: &PodSpec) -> &str {
    let ordinary = |container: &&Container| container.role.is_empty();
    spec.containers
        .iter()
        .find(ordinary)
        .map_or("", |container| container.image.as_str())
}

impl Agent<'_> {
    fn shows(&self, sign: &Sign) -> bool {
        let is_named = sign.names.contains(&self.name);
        // `/node` is Calico's image; alone it says nothing.
        let image = sign.image != "/node" || self.image.contains("calico/");
        let has_image = image
            && self
                .spec
                .containers
                .iter()
                .any(|container| repository(&container.image).ends_with(sign.image));
        is_named || has_image
    }
}

/// The image without tag and digest, with a slash in front.
fn repository(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let name = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    };
    format!("/{name}")
}

/// The values that a flag has in the agents of a plugin; `None` for an agent that is not given it.
pub(super) fn flag_values(cluster: &Cluster, cni: Cni, name: &str) -> BTreeSet<Option<String>> {
    let shown = agents(cluster).filter(|agent| {
        let mut signs = SIGNS.iter().filter(|sign| sign.cni == cni);
        signs.any(|sign| agent.shows(sign))
    });
    let of_agent = |agent: Agent<'_>| {
        let containers = agent.spec.containers.iter();
        let ordinary = containers.filter(|container| container.role.is_empty());
        let flags = ordinary.flat_map(|container| &container.flags);
        let values = flags.filter(|(flag, _)| flag == name);
        let last = values
            .map(|(_, value)| value.as_deref().unwrap_or("true"))
            .next_back();
        last.map(str::to_owned)
    };
    let values: BTreeSet<Option<String>> = shown.map(of_agent).collect();
    if values.iter().all(Option::is_none) {
        return BTreeSet::new();
    }
    values
}

/// Whether a plugin that is installed enforces policies.
enum Limit {
    Enforces,
    Not(String),
    Unknown(String),
}

fn limits(cni: Cni, agent: &Agent<'_>, cluster: &Cluster) -> Limit {
    let flag = |name: &str| {
        let containers = agent.spec.containers.iter();
        let flags = containers.flat_map(|container| &container.flags);
        flags
            .filter(|(flag, _)| flag == name)
            .map(|(_, value)| value.as_deref().unwrap_or("true"))
            .next_back()
    };
    match cni {
        Cni::AwsVpcCni => {
            let switch = cluster.network_settings.iter().any(|setting| {
                setting.meta.name == "amazon-vpc-cni"
                    && setting
                        .spec_json
                        .contains(r#""enable-network-policy-controller":"true""#)
            });
            match flag("enable-network-policy") {
                Some("true") => Limit::Enforces,
                _ if switch => Limit::Enforces,
                Some(_) => Limit::Not("its policy agent is off (`--enable-network-policy`)".into()),
                None => Limit::Unknown(
                    "whether its policy agent is on (`--enable-network-policy`) is not in the estate"
                        .into(),
                ),
            }
        }
        Cni::KubeRouter if flag("run-firewall") == Some("false") => {
            Limit::Not("its firewall is off (`--run-firewall=false`)".into())
        }
        // weaveworks/weave `prog/weave-kube`: the policy controller is a container of its own, which
        // `EXPECT_NPC=0` says is left out.
        Cni::Weave
            if !agent
                .spec
                .containers
                .iter()
                .any(|container| repository(&container.image).ends_with("/weave-npc")) =>
        {
            Limit::Not("no container of it runs `weave-npc`".into())
        }
        Cni::KubeOvn if is_off_in_controller(cluster) => {
            Limit::Not("its controller runs with `--enable-np=false`".into())
        }
        Cni::KubeNetworkPolicies if repository(agent.image).ends_with("/kindnetd") => {
            match agent.image.rsplit_once(':') {
                Some((_, tag)) if tag >= KINDNETD_WITH_POLICIES => Limit::Enforces,
                Some((_, tag)) if tag.starts_with("v20") || tag.starts_with("0.") => {
                    Limit::Not(format!("`{tag}` is older than kindnet's policies"))
                }
                _ => Limit::Unknown("its version is not in the estate".into()),
            }
        }
        Cni::Generic
        | Cni::Unknown
        | Cni::None
        | Cni::Calico
        | Cni::Cilium
        | Cni::GkeDataplaneV2
        | Cni::Antrea
        | Cni::OvnKubernetes
        | Cni::KubeRouter
        | Cni::KubeNetworkPolicies
        | Cni::AzureNpm
        | Cni::KubeOvn
        | Cni::Weave => Limit::Enforces,
    }
}

/// kubeovn/kube-ovn `pkg/controller/config.go`, `enable-np`.
fn is_off_in_controller(cluster: &Cluster) -> bool {
    let sets = cluster.workloads.iter();
    let sets = sets.map(|workload| (workload.meta.name.as_str(), &workload.template));
    let pods = cluster.pods.iter();
    let pods = pods.map(|pod| (pod.meta.name.as_str(), &pod.spec));
    let controllers = sets.chain(pods);
    let mut controllers = controllers.filter(|(name, _)| name.starts_with("kube-ovn-controller"));
    controllers.any(|(_, spec)| {
        let mut flags = spec
            .containers
            .iter()
            .flat_map(|container| &container.flags);
        flags.any(|(flag, value)| flag == "enable-np" && value.as_deref() == Some("false"))
    })
}

/// Policies of a kind that only one plugin has, or its resources in discovery.
fn by_kinds(cluster: &Cluster) -> Option<(Cni, Vec<String>)> {
    let groups = [
        ("cilium.io", Cni::Cilium),
        ("projectcalico.org", Cni::Calico),
        ("crd.projectcalico.org", Cni::Calico),
        ("crd.antrea.io", Cni::Antrea),
    ];
    groups.into_iter().find_map(|(group, cni)| {
        let served = cluster.api_resources.iter().any(|api| api.group == group);
        let policies = cluster
            .network_policies
            .iter()
            .any(|policy| policy.api_group == group);
        let said = match (served, policies) {
            (true, _) => format!("the server has resources of `{group}`"),
            (false, true) => format!("there are policies of `{group}`"),
            (false, false) => return None,
        };
        Some((cni, vec![said]))
    })
}

/// Calico 3.32 enforces `ClusterNetworkPolicy`; 3.29 to 3.31 the two older kinds (Calico's release notes).
fn calico_kinds(profile: &mut Profile, cluster: &Cluster) {
    let minor = agents(cluster)
        .filter(|agent| repository(agent.image).contains("calico"))
        .find_map(|agent| {
            let (_, tag) = agent.image.rsplit_once(":v3.")?;
            tag.split('.').next()?.parse::<u32>().ok()
        });
    if let Some(minor) = minor {
        let since = |is: bool| if is { Ternary::Yes } else { Ternary::No };
        profile.kinds.cluster = since(minor >= 32);
        profile.kinds.admin = since((29..32).contains(&minor));
        profile.notes.push(format!("its version is 3.{minor}"));
    }
}
