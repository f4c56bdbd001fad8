//! Who can discover what: the answers of `viewshed who` and `viewshed diff`.

use serde::{Deserialize, Serialize};

use crate::{Chain, EstateSummary, Evidence, Gap, MissingFact, Pivot, Subject};

/// Where a grant comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantOrigin {
    /// Made by people or their tools.
    Human,
    /// Exactly as the server's version creates it at start.
    Bootstrap,
    /// Made by the cluster for its own parts (`system:` subjects).
    System,
}

/// The subjects that can do one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoAnswer {
    /// The question in plain words.
    pub question: String,
    /// Cluster or host.
    pub estate: String,
    /// Everybody, sorted: human grants first, then by subject.
    pub entries: Vec<WhoEntry>,
    /// For a Secret or ConfigMap: the containers that have its values, in words. Nothing there tells its name,
    /// so they are not in `entries`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds_values: Vec<String>,
    /// Those who get there by steps and are not in `entries`: the certain and short ways first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_steps: Vec<WhoByStep>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_by_steps: u64,
    /// Facts that would change the answer.
    pub depends_on: Vec<MissingFact>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Somebody who becomes one of those who can, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoByStep {
    /// User, group, service account or pod.
    pub subject: Subject,
    /// For service accounts: the pods that hold its token and can use it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<String>,
    /// Whom it becomes, and each step with its evidence.
    pub pivot: Pivot,
}

/// One subject that can do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoEntry {
    /// User, group or service account, as the binding names it.
    pub subject: Subject,
    /// `None` for every namespace or cluster scope; else only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Object names, when the rule is limited to some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What shows it, where the object itself may not be read and other objects tell its name; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub indirect: String,
    /// What has to hold for it and is not known, as in "if ..."; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Why.
    pub evidence: Evidence,
    /// Who made the grant.
    pub origin: GrantOrigin,
    /// For groups: how many members the estate knows; `None` when membership is not in the estate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_members: Option<u64>,
    /// Pods that hold a credential of it, or of a member of a group that Kubernetes itself fills: a mounted
    /// token, or what lies on a node that they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<String>,
    /// Those of `pods` that the network keeps from the API server: of no use there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods_cut_off: Vec<String>,
}

/// One row of the ranked table of identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRank {
    /// Who.
    pub subject: Subject,
    /// Objects it can discover.
    pub visible: u64,
    /// Objects that exist.
    pub total: u64,
    /// Visible objects per resource (`pods`, `secrets`, ...), sorted by name.
    pub by_resource: Vec<(String, u64)>,
    /// Namespaces in which it sees anything; cluster-wide sight counts all.
    pub namespaces: u64,
    /// The most privileged origin among its grants (human before bootstrap before system); what people give to
    /// a group that Kubernetes fills counts for the group, not for everybody in it.
    pub origin: GrantOrigin,
    /// Bindings that give it sight, as `kind namespace/name`.
    pub bindings: Vec<String>,
    /// Whether membership is outside the estate (groups other than the implicit ones).
    pub unknown_members: bool,
    /// Whom it may impersonate: what they see stands in their rows, not in this one. Sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub impersonates: Vec<String>,
    /// How it gets further by what it may change, in words, the most powerful first (`it runs commands in pods`): no part
    /// of what it sees. `see --as` and `reach --pivots` follow the steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<String>,
    /// The chains that give it sight, the widest first; a sample when there are many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<Chain>,
}

/// A change of sight between two estates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightChange {
    /// Who.
    pub subject: Subject,
    /// `true` when sight was gained, `false` when it was lost.
    pub gained: bool,
    /// What, for example `list pods`.
    pub what: String,
    /// Namespace; `None` for cluster-wide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The grant that opens it (in the newer estate) or opened it (in the older).
    pub evidence: Evidence,
    /// Where that grant stands, when it came from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<crate::Position>,
    /// Of a change of network reach, where to and on what; [`Self::what`] names the first of many places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Box<ReachChange>>,
}

/// Places that are reached on one side of a comparison and not on the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReachChange {
    /// Where the sources are addresses outside and not all of them, each block of them in CIDR notation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Every destination: `namespace/name`, a node's name, a target, a block of addresses in CIDR notation, or
    /// `outside the cluster` for all of them.
    pub to: Vec<String>,
    /// Ports on each of them.
    pub ports: Vec<crate::PortRange>,
    /// Whether they are open for certain, or may be.
    pub is_certain: bool,
}

/// The ranked table of identities: the answer of `viewshed who` without a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RankReport {
    /// What was read.
    pub estate: EstateSummary,
    /// Identities by what they can discover, most first.
    pub ranks: Vec<IdentityRank>,
    /// How many objects exist per resource, sorted by resource.
    pub totals: Vec<(String, u64)>,
    /// What could not be read or decided.
    pub gaps: Vec<Gap>,
}

/// What changed between two estates: the answer of `viewshed diff`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiffReport {
    /// Name of the older estate, as the user gave it.
    pub before: String,
    /// Name of the newer estate, as the user gave it.
    pub after: String,
    /// Every change, gains first, then by subject.
    pub changes: Vec<SightChange>,
    /// What could not be read of either.
    pub gaps: Vec<Gap>,
}
