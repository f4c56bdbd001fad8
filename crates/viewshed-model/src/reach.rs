//! Network reach: a question, its answer, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Gap, MissingFact, Position};

mod matrix;
mod overview;
mod place;
mod sources;
#[cfg(test)]
mod tests;

pub use matrix::{EndKind, ReachCell, ReachEnd, ReachMatrix};
pub use overview::{OverviewCell, OverviewRow, ReachOverview};
pub use place::{Place, PlaceError, Target};
pub use sources::{ReachSource, ReachSources};

/// What a connection is made with. Ports exist for the first three.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// ICMP of either version; it has no ports.
    Icmp,
}

impl Protocol {
    /// Every protocol, in a fixed order.
    pub const ALL: [Self; 4] = [Self::Tcp, Self::Udp, Self::Sctp, Self::Icmp];

    /// As the Kubernetes API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
            Self::Icmp => "ICMP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl From<Protocol> for &'static str {
    fn from(protocol: Protocol) -> Self {
        protocol.name()
    }
}

impl FromStr for Protocol {
    type Err = PlaceError;

    /// In any case, as Docker writes `tcp` and Kubernetes `TCP`.
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| PlaceError::Protocol(text.to_owned()))
    }
}

impl TryFrom<String> for Protocol {
    type Error = PlaceError;

    fn try_from(text: String) -> Result<Self, PlaceError> {
        text.parse()
    }
}

/// One question: may a connection be opened?
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReachQuestion {
    /// Where the connection starts.
    pub from: Place,
    /// Where it is to end.
    pub to: Place,
    /// Destination port; `None` asks for every port. Ignored for ICMP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Protocol; `None` is TCP where a port is given, and every protocol where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
}

/// Allowed, denied, or not decidable from the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReachVerdict {
    /// The connection is let through.
    Allowed,
    /// Something stops it.
    Denied,
    /// It depends on facts that are not in the estate; the answer names them.
    Depends,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachAnswer {
    /// The question.
    #[serde(flatten)]
    pub question: ReachQuestion,
    /// Whether it is let through. For a question without a port: whether any port is.
    pub verdict: ReachVerdict,
    /// Never empty when the verdict is `depends`, else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<MissingFact>,
    /// Why, one reason per side; the first that decides comes first.
    pub because: Vec<ReachReason>,
    /// For a question without a port: the ports that are let through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortRange>,
    /// For a question without a port: the ports of which it depends on facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncertain_ports: Vec<PortRange>,
    /// The behaviour that was assumed of the network plugin, for example `calico`.
    pub cni: String,
    /// What could not be read of the policies that were used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

/// Answers to several questions about one cluster or host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReachReport {
    /// Cluster or host.
    pub estate: String,
    /// The behaviour that was assumed of the network plugin, for example `calico`.
    pub cni: String,
    /// How the plugin was recognised and which settings count, in plain words.
    pub assumed: Vec<String>,
    /// In the order of the questions.
    pub answers: Vec<ReachAnswer>,
    /// What could not be read, and what was not understood of the policies.
    pub gaps: Vec<Gap>,
}

/// Ports of one protocol, both ends included. For ICMP both are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortRange {
    /// Protocol.
    pub protocol: Protocol,
    /// Lowest port.
    pub first: u16,
    /// Highest port.
    pub last: u16,
}

impl fmt::Display for PortRange {
    /// `TCP 80`, `UDP 1-52`, `ICMP`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.protocol, self.first, self.last) {
            (Protocol::Icmp, ..) => formatter.write_str("ICMP"),
            (protocol, first, last) if first == last => write!(formatter, "{protocol} {first}"),
            (protocol, first, last) => write!(formatter, "{protocol} {first}-{last}"),
        }
    }
}

/// Where on the way something decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReachSide {
    /// Leaving the source.
    Egress,
    /// Entering the destination.
    Ingress,
    /// Between the two, or apart from policies: addresses, nodes, services, the plugin's own behaviour.
    Path,
}

/// One reason of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReachReason {
    /// Where.
    pub side: ReachSide,
    /// The policy that decided; `None` when none applies or the path itself decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyReference>,
    /// Position of the deciding rule in its list, counted from 0; `None` when the policy isolates and no
    /// rule of it lets the connection through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<usize>,
    /// Where the policy stands, when it was read from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Position>,
    /// In plain words.
    pub text: String,
}

/// Which policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyReference {
    /// For example `NetworkPolicy`.
    pub kind: String,
    /// `None` for cluster-wide kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl fmt::Display for PolicyReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{} `{namespace}/{}`", self.kind, self.name),
            None => write!(formatter, "{} `{}`", self.kind, self.name),
        }
    }
}
