//! The index of one cluster's network.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use viewshed_model::{Cluster, Gap, GapReason, NetworkPolicy, PolicyReference};

use super::address::{AddressSet, Block, Family};
use super::cni::{CiliumMode, Cni, FailsafePort, Profile, Ternary, recognise};
use super::kernel::{Inputs, Kernel};
use super::place::{Found, Places};
use super::policy::{
    Action, Gaps, Order, Policy, Referred, Rule, Side, StageId, Stages, Translator,
    equal_priorities,
};
use super::ports::{PortMatch, span};
use super::publications::Publications;
use super::vocabulary::{ExprId, Term, Vocabulary};

/// Everything about the network of one cluster, ready for questions one by one and in bulk. Borrows the
/// cluster; building it costs one pass over pods and policies, and the tables of [`super`].
#[derive(Debug)]
pub struct NetworkIndex<'c> {
    pub(super) places: Places<'c>,
    pub(super) profile: Profile,
    pub(super) vocabulary: Vocabulary,
    pub(super) stages: Stages,
    /// In the order of the walk.
    pub(super) policies: Vec<Policy>,
    pub(super) kernels: Vec<Kernel<'c>>,
    pub(super) referred: Referred<'c>,
    pub(super) gaps: Gaps,
    pub(super) published: OnceLock<Publications>,
}

impl<'c> NetworkIndex<'c> {
    /// Builds the index. `named` overrides which network plugin is recognised from the cluster.
    pub fn new(cluster: &'c Cluster, named: Option<Cni>) -> Self {
        Self::of_policies(cluster, named, &latest_policies(cluster))
    }

    /// The index of a cluster with these policies in place of its own, each with a number; up to the length
    /// of the cluster's list it is the position there.
    pub(super) fn of_policies(
        cluster: &'c Cluster,
        named: Option<Cni>,
        listed: &[(usize, &NetworkPolicy)],
    ) -> Self {
        let mut index = Self::translated(cluster, named, listed);
        index.kernels = index
            .places
            .families
            .iter()
            .map(|family| Kernel::new(&index.inputs(), *family))
            .collect();
        index
    }

    /// Places and policies without the tables that answers come from.
    pub(super) fn translated(
        cluster: &'c Cluster,
        named: Option<Cni>,
        listed: &[(usize, &NetworkPolicy)],
    ) -> Self {
        let mut profile = recognise(cluster, named);
        match profile.cilium_mode {
            CiliumMode::Default | CiliumMode::Always => {}
            CiliumMode::Never => profile.enforces = Ternary::No,
            CiliumMode::Unknown | CiliumMode::Unread | CiliumMode::Differs => {
                profile.enforces = Ternary::Unknown;
            }
        }
        let places = Places::of(cluster, &profile);
        let stages = Stages::of(&profile, cluster);
        let referred = Referred::of(cluster);
        let mut vocabulary = Vocabulary::default();
        let mut gaps = Gaps::new(&cluster.name);
        gaps.add(shared_addresses(&places));
        let mut policies = Vec::new();
        if profile.enforces != Ternary::No {
            let mut translator = Translator {
                profile: &profile,
                stages: &stages,
                referred: &referred,
                vocabulary: &mut vocabulary,
                gaps: &mut gaps,
            };
            for (source, policy) in listed {
                policies.extend(translator.translate(*source, policy));
            }
            policies.extend(translator.profiles());
            policies.extend(translator.strangers(&cluster.others));
            policies.extend(translator.unlisted(&cluster.unread_kinds));
            policies.extend(built_in((&profile, &places), &stages, &mut vocabulary));
        } else {
            let ignored = listed.iter().map(|(_, policy)| *policy);
            gaps.none_enforced(ignored, profile.cni);
        }
        sort(&mut policies);
        Self {
            places,
            profile,
            vocabulary,
            stages,
            policies,
            kernels: Vec::new(),
            referred,
            gaps,
            published: OnceLock::new(),
        }
    }

    pub(super) fn inputs(&self) -> Inputs<'_, 'c> {
        Inputs {
            places: &self.places,
            profile: &self.profile,
            vocabulary: &self.vocabulary,
            policies: &self.policies,
            stages: &self.stages,
        }
    }

    /// The cluster that was indexed.
    pub fn cluster(&self) -> &'c Cluster {
        self.places.cluster
    }

    /// The network plugin's behaviour that answers assume.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What was not understood of the policies, and policies that the plugin does not enforce.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = self.gaps.finish();
        gaps.extend(equal_priorities(&self.cluster().name, &self.policies));
        gaps
    }

    /// How large the tables are, by name; for benchmarks.
    pub fn sizes(&self) -> BTreeMap<&'static str, usize> {
        let mut sizes = BTreeMap::from([
            ("pods", self.places.pods.len()),
            ("policies", self.policies.len()),
            ("expressions", self.vocabulary.exprs().len()),
        ]);
        for kernel in &self.kernels {
            for (name, size) in kernel.sizes() {
                *sizes.entry(name).or_insert(0) += size;
            }
        }
        sizes
    }

    pub(super) fn kernel(&self, family: Family) -> Option<&Kernel<'c>> {
        self.kernels.iter().find(|kernel| kernel.family == family)
    }
}

/// Addresses that several pods or nodes say they have; which of them has it now nobody can tell.
fn shared_addresses(places: &Places<'_>) -> Option<Gap> {
    let (address, holders) = places.shared_addresses.iter().next()?;
    let named = holders.iter().filter_map(|found| match found {
        Found::Pod(pod) => {
            let pod = places.pods.get(*pod as usize)?;
            Some(format!("pod `{}`", pod.origin.meta().full_name()))
        }
        Found::Node(node) => Some(format!("node `{}`", places.node(*node)?.name)),
    });
    let named: Vec<String> = named.collect();
    Some(Gap {
        source: places.cluster.name.clone(),
        what: "tell whose address it is".to_owned(),
        reason: GapReason::Malformed,
        detail: format!("`{address}` is said to be of {}", named.join(" and of ")),
        hint: "collect pods and nodes again, at one time".to_owned(),
        count: places.shared_addresses.len() as u64,
    })
}

/// The order of the walk; what is alike in it keeps the order of the cluster's list.
pub(super) fn sort(policies: &mut [Policy]) {
    policies.sort_by(|a, b| (a.stage.cmp(&b.stage)).then_with(|| a.order.compare(b.order)));
}

/// Where several policies have the same name, the last one counts, as after `kubectl apply`.
pub(super) fn latest_policies(cluster: &Cluster) -> Vec<(usize, &NetworkPolicy)> {
    let by_name: BTreeMap<_, _> = cluster
        .network_policies
        .iter()
        .enumerate()
        .map(|(source, policy)| {
            let meta = &policy.meta;
            let key = (
                policy.api_group.as_str(),
                policy.kind.as_str(),
                meta.namespace_or_empty(),
                meta.name.as_str(),
            );
            (key, (source, policy))
        })
        .collect();
    let mut latest: Vec<(usize, &NetworkPolicy)> = by_name.into_values().collect();
    latest.sort_by_key(|(source, _)| *source);
    latest
}

/// What the plugin itself does, as policies.
fn built_in(
    (profile, places): (&Profile, &Places<'_>),
    stages: &Stages,
    vocabulary: &mut Vocabulary,
) -> Vec<Policy> {
    let mut found = closing(profile, stages, vocabulary);
    if profile.cni != Cni::Calico {
        return found;
    }
    let open = |vocabulary: &mut Vocabulary, ports: &[FailsafePort], list: &'static str| Side {
        isolates: false,
        rules: ports
            .iter()
            .enumerate()
            .map(|(number, failsafe)| Rule {
                action: Action::Allow,
                peer: match failsafe.net {
                    Some(net) => vocabulary.of(Term::Address(AddressSet::new(&[net], &[]))),
                    None => vocabulary.all(),
                },
                ports: vocabulary.ports(PortMatch::fixed(span(
                    failsafe.protocol,
                    failsafe.port,
                    failsafe.port,
                ))),
                list,
                number,
            })
            .collect(),
    };
    let place = (stages.failsafe(), Order(0.0, 0));
    let nodes = vocabulary.of(Term::Protected);
    let mut others = vec![nodes];
    let mut push =
        |vocabulary: &mut Vocabulary, nodes, [inbound, outbound]: &[Vec<FailsafePort>; 2]| {
            let sides = (
                open(vocabulary, inbound, "failsafeInboundHostPorts"),
                open(vocabulary, outbound, "failsafeOutboundHostPorts"),
            );
            let name = "failsafe ports of host endpoints";
            found.push(of_setting(name, place, nodes, sides));
        };
    for (name, lists) in &profile.failsafe_of_nodes {
        let own = places.nodes.iter().find(|node| node.name == name.as_str());
        let addresses = own.and_then(|place| place.node).into_iter();
        let addresses = addresses.flat_map(|node| &node.addresses);
        let blocks: Vec<Block> = addresses
            .filter_map(|text| Block::parse_either(text))
            .collect();
        let there = vocabulary.of(Term::Address(AddressSet::new(&blocks, &[])));
        others.push(vocabulary.not(there));
        let nodes = vocabulary.and([nodes, there]);
        push(vocabulary, nodes, lists);
    }
    let others = vocabulary.and(others);
    push(vocabulary, others, &profile.failsafe);
    let place = (stages.last(), Order(f64::INFINITY, u32::MAX));
    let nodes = vocabulary.of(Term::ClosedNode);
    let name = "host endpoint without an allowing profile";
    found.push(of_setting(name, place, nodes, (closed(), closed())));
    found
}

fn closed() -> Side {
    Side {
        isolates: true,
        rules: Vec::new(),
    }
}

/// Settings that close pods which no policy selects.
fn closing(profile: &Profile, stages: &Stages, vocabulary: &mut Vocabulary) -> Vec<Policy> {
    let mut found = Vec::new();
    let fact = match profile.cilium_mode {
        CiliumMode::Always => Some(None),
        CiliumMode::Unread => Some(Some(
            "the settings in `cilium-config`, which could not be read",
        )),
        CiliumMode::Differs => Some(Some("Cilium's settings, which differ from node to node")),
        CiliumMode::Default | CiliumMode::Never | CiliumMode::Unknown => None,
    };
    if let Some(fact) = fact {
        let place = (stages.standard(), Order(0.0, 0));
        let mut pods = vocabulary.of(Term::Pod);
        if let Some(fact) = fact {
            let unsure = vocabulary.unsure(fact);
            pods = vocabulary.and([pods, unsure]);
        }
        let sides = (closed(), closed());
        found.push(of_setting("enable-policy=always", place, pods, sides));
    }
    if let Some(setting) = profile.closed_by {
        let place = (stages.standard(), Order(0.0, 0));
        let owned = vocabulary.of(Term::Owned);
        let bare = vocabulary.unsure("whether the setting also closes pods without a controller");
        let any = vocabulary.or([owned, bare]);
        let pod = vocabulary.of(Term::Pod);
        let pods = vocabulary.and([pod, any]);
        found.push(of_setting(setting, place, pods, (closed(), closed())));
    }
    found
}

fn of_setting(
    name: &str,
    (stage, order): (StageId, Order),
    subject: ExprId,
    (ingress, egress): (Side, Side),
) -> Policy {
    Policy {
        source: None,
        reference: PolicyReference {
            kind: "setting".to_owned(),
            namespace: None,
            name: name.to_owned(),
        },
        stage,
        order,
        tie: None,
        subject,
        ingress,
        egress,
        forwarded: None,
    }
}
