//! Policies of every kind in one form: stages in order, in each stage policies in order, in each policy
//! rules in order; a rule that matches allows, denies, or passes the connection to the next stage.
//!
//! * `networking.k8s.io`: one stage of allowing rules; a policy that isolates denies what is left.
//! * `policy.networking.k8s.io`: a stage before it and one after it, which isolate nothing.
//! * Calico: a stage per tier; what a tier leaves is denied or passed on, as the tier says.
//! * Cilium: denying rules first, then allowing ones, in one stage with the standard policies.
//!
//! One file per group of kinds reads their JSON. A field or value that is not understood makes the part
//! that holds it unsure and is reported; a policy that the API server would refuse is unsure as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use viewshed_model::{Gap, GapReason, NetworkPolicy, PolicyReference};

mod admin;
mod calico;
mod cilium;
mod kubernetes;
mod labels;
mod reader;
mod referred;
mod service;
mod stage;
mod strangers;
mod tie;
mod unlisted;

pub(super) use labels::plain_selector;
pub(super) use reader::UNTOLD;
pub(super) use referred::{Alias, Referred};
pub(super) use stage::{End, StageId, Stages};
pub(super) use strangers::is_route;
pub(super) use tie::{Tie, settled};

use reader::Reader;

use super::cni::{Profile, Ternary};
use super::vocabulary::{ExprId, PortsId, Vocabulary};
use super::walk::Applying;

/// What a matching rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Action {
    Allow,
    Deny,
    /// On to the next stage.
    Pass,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) action: Action,
    /// The other end of the connection.
    pub(super) peer: ExprId,
    /// Ports of the destination.
    pub(super) ports: PortsId,
    /// The list that it stands in: `ingress`, `egressDeny`, ...
    pub(super) list: &'static str,
    /// Its position there, from 0.
    pub(super) number: usize,
}

/// What a policy does in one direction.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    /// Whether what the stage leaves undecided goes to the stage's end instead of the next stage.
    pub(super) isolates: bool,
    pub(super) rules: Vec<Rule>,
}

impl Side {
    /// Whether the policy says anything in this direction.
    pub(super) fn applies(&self) -> bool {
        self.isolates || !self.rules.is_empty()
    }
}

/// The two directions of a connection, as policies see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

/// A policy's place within its stage: what the object says, then the part of the object.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Order(pub(super) f64, pub(super) u32);

impl Order {
    pub(super) fn compare(self, other: Self) -> std::cmp::Ordering {
        (self.0.total_cmp(&other.0)).then(self.1.cmp(&other.1))
    }
}

/// One policy, or a part of one that stands at a place of its own in the order.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    /// Position in the cluster's list; `None` for what the plugin itself does.
    pub(super) source: Option<usize>,
    pub(super) reference: PolicyReference,
    pub(super) stage: StageId,
    /// Order within the stage; equal ones have no order that can be relied on, unless [`Self::tie`] gives one.
    pub(super) order: Order,
    /// Of Calico's policies, what orders those of one order.
    pub(super) tie: Option<Arc<Tie>>,
    /// The places that it applies to.
    pub(super) subject: ExprId,
    pub(super) ingress: Side,
    pub(super) egress: Side,
    /// What it does to connections that a node only passes on; nothing for most policies.
    pub(super) forwarded: Option<Forwarded>,
}

/// A policy of Calico's host endpoints with `applyOnForward` (`doNotTrack` and `preDNAT` imply it):
/// it also holds for what enters the node only to go on to a pod, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Forwarded {
    /// The nodes whose host endpoint it selects.
    pub(super) nodes: ExprId,
    /// What a rule demands of the packet's own end, which is not the node.
    pub(super) own: ExprId,
}

impl Policy {
    pub(super) fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// Who may read what when policies are translated.
#[derive(Debug)]
pub(super) struct Translator<'t> {
    pub(super) profile: &'t Profile,
    pub(super) stages: &'t Stages,
    pub(super) referred: &'t Referred<'t>,
    pub(super) vocabulary: &'t mut Vocabulary,
    /// Named one by one up to a bound; see [`Gaps`].
    pub(super) gaps: &'t mut Gaps,
}

impl Translator<'_> {
    /// Whether the plugin enforces a kind.
    fn enforced(&self, group: &str, kind: &str) -> Ternary {
        let kinds = self.profile.kinds;
        if self.profile.kinds_off.contains(&kind) {
            return Ternary::No;
        }
        match (group, kind) {
            ("networking.k8s.io" | "extensions", _) => Ternary::from(kinds.kubernetes),
            ("policy.networking.k8s.io", "ClusterNetworkPolicy") => kinds.cluster,
            ("policy.networking.k8s.io", _) => kinds.admin,
            ("projectcalico.org" | "crd.projectcalico.org", _) => Ternary::from(kinds.calico),
            ("cilium.io", _) => Ternary::from(kinds.cilium),
            ("crd.antrea.io", _) => Ternary::from(kinds.antrea),
            _ => Ternary::No,
        }
    }

    /// One object of the cluster as policies; none when the plugin does not enforce its kind.
    pub(super) fn translate(&mut self, source: usize, policy: &NetworkPolicy) -> Vec<Policy> {
        let enforced = self.enforced(&policy.api_group, &policy.kind);
        if enforced == Ternary::No {
            self.gaps.not_enforced(policy, self.profile.cni);
            return Vec::new();
        }
        let mut reader = Reader::new(self, source, policy);
        if policy.is_unread {
            let found = reader.unread();
            reader.finish(enforced);
            return found;
        }
        if !is_known_version(policy) {
            let version = format!("version `{}` of `{}`", policy.version, policy.api_group);
            let unsure = reader.unknown(&version);
            reader.doubt_if(unsure);
        }
        let mut found = match (policy.api_group.as_str(), policy.kind.as_str()) {
            ("networking.k8s.io" | "extensions", _) => kubernetes::read(&mut reader),
            ("policy.networking.k8s.io", _) => admin::read(&mut reader),
            ("projectcalico.org" | "crd.projectcalico.org", "Profile") => {
                calico::profile(&mut reader)
            }
            ("projectcalico.org" | "crd.projectcalico.org", _) => calico::read(&mut reader),
            ("cilium.io", _) => cilium::read(&mut reader),
            _ => reader.opaque(),
        };
        let unsure = reader.finish(enforced);
        for policy in &mut found {
            policy.subject = self.vocabulary.and([policy.subject, unsure]);
            if let Some(forwarded) = &mut policy.forwarded {
                forwarded.nodes = self.vocabulary.and([forwarded.nodes, unsure]);
            }
        }
        found
    }
}

/// Whether the fields of a policy's API version are known. Of the version that stands in no object (in a
/// list of a server) the kind speaks.
fn is_known_version(policy: &NetworkPolicy) -> bool {
    let known: &[&str] = match policy.api_group.as_str() {
        "networking.k8s.io" | "crd.projectcalico.org" => &["v1"],
        "extensions" => &["v1beta1"],
        "policy.networking.k8s.io" => admin::versions(&policy.kind),
        "projectcalico.org" => &["v3"],
        "cilium.io" => &["v2"],
        // Nothing of it is translated, whatever its version.
        _ => return true,
    };
    policy.version.is_empty() || known.contains(&policy.version.as_str())
}

impl Translator<'_> {
    /// Calico's profiles as policies, which come after all tiers; only those that a host endpoint has.
    pub(super) fn profiles(&mut self) -> Vec<Policy> {
        if !self.profile.kinds.calico {
            return Vec::new();
        }
        let settings = self.referred.settings.iter().copied();
        let profiles: Vec<NetworkPolicy> = settings
            .filter(|setting| setting.kind == "Profile")
            .map(|setting| NetworkPolicy {
                meta: setting.meta.clone(),
                api_group: setting.api_group.clone(),
                kind: setting.kind.clone(),
                spec_json: setting.spec_json.clone(),
                ..NetworkPolicy::default()
            })
            .collect();
        let mut found: Vec<Policy> = profiles
            .iter()
            .flat_map(|profile| self.translate(0, profile))
            .collect();
        for policy in &mut found {
            policy.source = None;
        }
        found
    }
}

impl From<bool> for Ternary {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

/// Policies of `policy.networking.k8s.io` whose order nothing settles: "it is undefined which one is applied
/// first" (`Priority` in its types). One gap per priority.
pub(super) fn equal_priorities(cluster: &str, policies: &[Policy]) -> Vec<Gap> {
    let is_admin = |policy: &&Policy| {
        let kind = policy.reference.kind.as_str();
        let speaks = policy.ingress.applies() || policy.egress.applies();
        matches!(kind, "AdminNetworkPolicy" | "ClusterNetworkPolicy") && speaks
    };
    let mut by_place: BTreeMap<(StageId, u64), BTreeSet<String>> = BTreeMap::new();
    for policy in policies.iter().filter(is_admin) {
        // Priorities are whole numbers from 0, which come in the order of their bits.
        let place = (policy.stage, policy.order.0.to_bits());
        let names = by_place.entry(place).or_default();
        names.insert(policy.reference.to_string());
    }
    let unsettled = by_place.into_values().filter(|names| names.len() > 1);
    let gap = |names: BTreeSet<String>| {
        let more = names.len().saturating_sub(EQUAL_NAMED_MAX);
        let shown = names.into_iter().take(EQUAL_NAMED_MAX);
        let mut shown = shown.collect::<Vec<String>>().join(", ");
        if more > 0 {
            shown = format!("{shown} and {more} more");
        }
        Gap {
            source: cluster.to_owned(),
            what: format!("the order of {shown}"),
            reason: GapReason::Malformed,
            detail: "they have the same priority: which of them counts first is undefined"
                .to_owned(),
            hint: "give each policy a priority of its own".to_owned(),
            count: 1,
        }
    };
    unsettled.take(NAMED_GAPS_MAX).map(gap).collect()
}

/// Puts policies into the order of the walk; what is alike in it keeps its order.
pub(super) fn in_order_of_walk(policies: &[Policy], applying: &mut [Applying]) {
    let place = |one: &Applying| policies.get(one.policy as usize);
    applying.sort_by(|a, b| match (place(a), place(b)) {
        (Some(a), Some(b)) => (a.stage.cmp(&b.stage)).then_with(|| a.order.compare(b.order)),
        _ => std::cmp::Ordering::Equal,
    });
}

/// Policies of one priority that a gap names.
const EQUAL_NAMED_MAX: usize = 3;

/// Gaps of policies that are named one by one; further ones only raise a count, so that ten thousand
/// broken policies do not become ten thousand lines.
pub(super) const NAMED_GAPS_MAX: usize = 50;

/// What was not understood of the policies.
#[derive(Debug, Default, Clone)]
pub(super) struct Gaps {
    named: Vec<Gap>,
    of_places: Vec<Gap>,
    /// Policies of kinds that the plugin does not enforce, by kind.
    ignored: BTreeMap<String, (String, u64)>,
    /// Objects by kind that speak of connections and are not read.
    not_read: BTreeMap<String, u64>,
    cluster: String,
}

impl Gaps {
    pub(super) fn new(cluster: &str) -> Self {
        Self {
            cluster: cluster.to_owned(),
            ..Self::default()
        }
    }

    /// One that is no policy's.
    pub(super) fn add(&mut self, gap: Option<Gap>) {
        self.of_places.extend(gap);
    }

    fn push(&mut self, policy: &PolicyReference, reason: GapReason, detail: &str, hint: &str) {
        if let Some(last) = self.named.get_mut(NAMED_GAPS_MAX) {
            last.count = last.count.saturating_add(1);
            return;
        }
        let what = if self.named.len() == NAMED_GAPS_MAX {
            "understand further network policies".to_owned()
        } else {
            format!("understand {policy}")
        };
        self.named.push(Gap {
            source: self.cluster.clone(),
            what,
            reason,
            detail: detail.to_owned(),
            hint: hint.to_owned(),
            count: 1,
        });
    }

    fn not_enforced(&mut self, policy: &NetworkPolicy, cni: super::cni::Cni) {
        let kind = format!("{} ({})", policy.kind, policy.api_group);
        let entry = self
            .ignored
            .entry(kind)
            .or_insert_with(|| (cni.name().to_owned(), 0));
        entry.1 = entry.1.saturating_add(1);
    }

    /// Policies under a plugin that enforces none.
    pub(super) fn none_enforced<'p>(
        &mut self,
        policies: impl Iterator<Item = &'p NetworkPolicy>,
        cni: super::cni::Cni,
    ) {
        for policy in policies {
            self.not_enforced(policy, cni);
        }
    }

    fn not_read(&mut self, group: &str, kind: &str) {
        let group = if group.is_empty() { "core" } else { group };
        let count = self
            .not_read
            .entry(format!("{kind} ({group})"))
            .or_insert(0);
        *count = count.saturating_add(1);
    }

    /// All gaps: those of places, then of single policies, then of kinds.
    pub(super) fn finish(&self) -> Vec<Gap> {
        let ignored = self.ignored.iter().map(|(kind, (cni, count))| Gap {
            source: self.cluster.clone(),
            what: format!("enforcement of `{kind}`"),
            reason: GapReason::Unsupported,
            detail: format!("the network plugin (`{cni}`) does not enforce this kind"),
            hint: "such policies change nothing; name the plugin with `--cni` if another one runs"
                .to_owned(),
            count: *count,
        });
        let not_read = self.not_read.iter().map(|(kind, count)| Gap {
            source: self.cluster.clone(),
            what: format!("what `{kind}` says about connections"),
            reason: GapReason::Unsupported,
            detail: "objects of this kind are not read".to_owned(),
            hint: "where something enforces them, less may be let through than the answer says"
                .to_owned(),
            count: *count,
        });
        let ignored = ignored.chain(not_read);
        let places = self.of_places.iter().cloned();
        let policies = self.named.iter().cloned();
        places.chain(policies).chain(ignored).collect()
    }
}
