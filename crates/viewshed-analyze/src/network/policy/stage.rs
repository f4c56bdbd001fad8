//! The stages that policies are walked in.

use serde_json::Value;
use viewshed_model::Cluster;

use crate::network::cni::{Cni, Profile};

/// A stage's position in the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::network) struct StageId(u32);

impl StageId {
    pub(in crate::network) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What happens at the end of a stage to a connection that one of its policies isolates and no rule
/// decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::network) enum End {
    Deny,
    Pass,
}

/// One stage.
#[derive(Debug, Clone)]
pub(in crate::network) struct Stage {
    /// For Calico the tier's name.
    pub(in crate::network) name: String,
    pub(in crate::network) end: End,
}

/// All stages of one cluster, in order.
#[derive(Debug, Clone)]
pub(in crate::network) struct Stages {
    list: Vec<Stage>,
}

/// Calico's failsafe ports, before everything.
const FAILSAFE: &str = "(failsafe ports)";
/// Calico's `doNotTrack` and `preDNAT` policies of host endpoints.
const UNTRACKED: &str = "(untracked)";
const PRE_DNAT: &str = "(before translation)";
/// `policy.networking.k8s.io`, tier Admin.
const ADMIN: &str = "(admin)";
/// Where `networking.k8s.io` policies stand; Calico's tier `default`.
const STANDARD: &str = "default";
/// `policy.networking.k8s.io`, tier Baseline.
const BASELINE: &str = "(baseline)";

/// Calico's profiles of host endpoints, after everything.
const PROFILES: &str = "(profiles)";

/// Orders of the built-in tiers (projectcalico/calico `api/pkg/apis/projectcalico/v3/tier.go`).
const DEFAULT_TIER_ORDER: f64 = 1_000_000.0;
const ADMIN_TIER_ORDER: f64 = 1_000.0;
const BASELINE_TIER_ORDER: f64 = 10_000_000.0;

/// Names that Calico gives the tiers of `policy.networking.k8s.io`, by version.
const ADMIN_TIERS: [&str; 2] = ["adminnetworkpolicy", "kube-admin"];
const BASELINE_TIERS: [&str; 2] = ["baselineadminnetworkpolicy", "kube-baseline"];

impl Stages {
    /// The stages of a plugin; for Calico with the cluster's tiers.
    pub(in crate::network) fn of(profile: &Profile, cluster: &Cluster) -> Self {
        let stage = |name: &str, end| Stage {
            name: name.to_owned(),
            end,
        };
        if !matches!(profile.cni, Cni::Calico | Cni::Unknown) {
            return Self {
                list: vec![
                    stage(ADMIN, End::Pass),
                    stage(STANDARD, End::Deny),
                    stage(BASELINE, End::Pass),
                ],
            };
        }
        let mut tiers = vec![
            (ADMIN_TIER_ORDER, stage(ADMIN, End::Pass)),
            (DEFAULT_TIER_ORDER, stage(STANDARD, End::Deny)),
            (BASELINE_TIER_ORDER, stage(BASELINE, End::Pass)),
        ];
        for setting in &cluster.network_settings {
            let name = setting.meta.name.as_str();
            let is_calico = setting.api_group.ends_with("projectcalico.org");
            if setting.kind != "Tier" || !is_calico || name == STANDARD || is_built_in(name) {
                continue;
            }
            let spec: Value = serde_json::from_str(&setting.spec_json).unwrap_or_default();
            // No order is last (`TierSpec`).
            let order = spec.get("order").and_then(Value::as_f64);
            let end = match spec.get("defaultAction").and_then(Value::as_str) {
                Some("Pass") => End::Pass,
                _ => End::Deny,
            };
            tiers.push((order.unwrap_or(f64::INFINITY), stage(name, end)));
        }
        // Equal orders: by name (felix `calc/policy_sorter.go`).
        tiers.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
        let first = [
            stage(FAILSAFE, End::Pass),
            stage(UNTRACKED, End::Pass),
            stage(PRE_DNAT, End::Pass),
        ];
        let tiers = tiers.into_iter().map(|(_, stage)| stage);
        let last = stage(PROFILES, End::Deny);
        Self {
            list: first.into_iter().chain(tiers).chain([last]).collect(),
        }
    }

    pub(in crate::network) fn get(&self, id: StageId) -> Option<&Stage> {
        self.list.get(id.index())
    }

    /// The stage of the standard policies.
    pub(in crate::network) fn standard(&self) -> StageId {
        self.named(STANDARD)
    }

    pub(in crate::network) fn admin(&self) -> StageId {
        self.named(ADMIN)
    }

    pub(in crate::network) fn baseline(&self) -> StageId {
        self.named(BASELINE)
    }

    /// The first that policies for pods may stand in.
    pub(in crate::network) fn earliest(&self) -> StageId {
        match self.position(PRE_DNAT) {
            Some(StageId(before)) => StageId(before + 1),
            None => StageId(0),
        }
    }

    pub(in crate::network) fn failsafe(&self) -> StageId {
        self.named(FAILSAFE)
    }

    pub(in crate::network) fn untracked(&self) -> StageId {
        self.named(UNTRACKED)
    }

    pub(in crate::network) fn pre_dnat(&self) -> StageId {
        self.named(PRE_DNAT)
    }

    pub(in crate::network) fn last(&self) -> StageId {
        self.named(PROFILES)
    }

    /// The stage of a Calico tier; `None` when the estate has no such tier.
    pub(in crate::network) fn tier(&self, name: &str) -> Option<StageId> {
        if ADMIN_TIERS.contains(&name) {
            return Some(self.admin());
        }
        if BASELINE_TIERS.contains(&name) {
            return Some(self.baseline());
        }
        self.position(name)
    }

    fn named(&self, name: &str) -> StageId {
        self.position(name).unwrap_or(StageId(0))
    }

    fn position(&self, name: &str) -> Option<StageId> {
        let at = self.list.iter().position(|stage| stage.name == name)?;
        u32::try_from(at).ok().map(StageId)
    }
}

fn is_built_in(name: &str) -> bool {
    ADMIN_TIERS.contains(&name) || BASELINE_TIERS.contains(&name)
}
