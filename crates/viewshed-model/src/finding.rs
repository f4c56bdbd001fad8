//! What `viewshed scan` reports.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Chain, Position, Subject};

/// One weakness, with the chain that proves it and the change that closes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Name of the check: its file, page, SARIF rule id and ignore key.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// Which mitigation is missing.
    pub mitigation: Mitigation,
    /// One line: what is exposed to whom.
    pub title: String,
    /// Cluster or Docker host.
    pub estate: String,
    /// The object that is at fault, for example `ClusterRoleBinding ops`.
    pub object: String,
    /// Namespace of the object; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Who gains sight by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Subject>,
    /// How many objects it shows; 0 when it cannot be counted.
    #[serde(default)]
    pub exposed_count: u64,
    /// The evidence, step by step.
    pub evidence: Chain,
    /// What to change, in one or two sentences.
    pub fix: String,
    /// A command that shows the same thing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reproduce: String,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A file position of a finding.
pub type Location = Position;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Shows little, or to few.
    Low,
    /// Shows much to few, or little to many.
    Medium,
    /// Shows much to many, or leads on to control.
    High,
    /// Shows everything to anybody, or is as good as control of the estate.
    Critical,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Follows from a name or a default.
    Low,
    /// Follows from the configuration, with an assumption that the evidence names.
    Medium,
    /// Follows from what was read.
    High,
}

/// The technique's three mitigations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mitigation {
    /// M1018 User Account Management.
    M1018,
    /// M1030 Network Segmentation.
    M1030,
    /// M1035 Limit Access to Resource Over Network.
    M1035,
}

impl Mitigation {
    /// Every mitigation in the order in which reports list them.
    pub const ALL: [Self; 3] = [Self::M1018, Self::M1030, Self::M1035];

    /// ATT&CK's id for it, for example `M1018`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::M1018 => "M1018",
            Self::M1030 => "M1030",
            Self::M1035 => "M1035",
        }
    }

    /// ATT&CK's name for it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::M1018 => "User Account Management",
            Self::M1030 => "Network Segmentation",
            Self::M1035 => "Limit Access to Resource Over Network",
        }
    }
}
