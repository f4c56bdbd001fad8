//! The names of the formats.

use std::fmt;
use std::str::FromStr;

use super::shape::{Breaks, container_length};

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogFormat {
    /// Events of `audit.k8s.io`: lines of kube-apiserver's log backend (those of `OpenShift` too), also printed over
    /// many lines or in a list.
    KubernetesAudit,
    /// A body of kube-apiserver's webhook backend, or an exported `EventList`.
    KubernetesEventList,
    /// EKS: `CloudWatch` Logs.
    Eks,
    /// GKE: Cloud Logging.
    Gke,
    /// AKS: Azure Monitor.
    Aks,
    /// Docker's events stream.
    DockerEvents,
    /// dockerd's own log.
    DockerDaemon,
    /// Records of a Docker authorization plugin.
    DockerAuthorization,
    /// Alerts of Falco.
    Falco,
    /// Events of Tetragon.
    Tetragon,
    /// Records of the Linux audit daemon.
    Auditd,
    /// The query log of `CoreDNS`.
    CoreDns,
}

/// How a log is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framing {
    /// Anywhere between lines.
    Lines,
    /// Not at all: a value goes on over line breaks.
    Document,
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no log format is called `{0}`")]
pub struct UnknownFormat(String);

impl LogFormat {
    /// All, in the order of docs/reference/logs.md.
    pub const ALL: [Self; 12] = [
        Self::KubernetesAudit,
        Self::KubernetesEventList,
        Self::Eks,
        Self::Gke,
        Self::Aks,
        Self::DockerEvents,
        Self::DockerDaemon,
        Self::DockerAuthorization,
        Self::Falco,
        Self::Tetragon,
        Self::Auditd,
        Self::CoreDns,
    ];

    /// The name for `--format`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubernetesAudit => "kubernetes-audit",
            Self::KubernetesEventList => "kubernetes-event-list",
            Self::Eks => "eks",
            Self::Gke => "gke",
            Self::Aks => "aks",
            Self::DockerEvents => "docker-events",
            Self::DockerDaemon => "docker-daemon",
            Self::DockerAuthorization => "docker-authorization",
            Self::Falco => "falco",
            Self::Tetragon => "tetragon",
            Self::Auditd => "auditd",
            Self::CoreDns => "coredns",
        }
    }

    /// Whether the entries are JSON.
    const fn is_json(self) -> bool {
        !matches!(self, Self::DockerDaemon | Self::Auditd | Self::CoreDns)
    }

    /// How a source that starts with `sample` is cut. A value that its first line does not end makes the whole
    /// source a document, unless the line itself is longer than the sample.
    pub fn framing(self, sample: &[u8]) -> Framing {
        if !self.is_json() {
            return Framing::Lines;
        }
        let start = sample
            .iter()
            .position(|byte| matches!(byte, b'{' | b'['))
            .unwrap_or(sample.len());
        let value = sample.get(start..).unwrap_or_default();
        let has_line_end = value.contains(&b'\n');
        match container_length(value, Breaks::Refused) {
            None if has_line_end => Framing::Document,
            _ => Framing::Lines,
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(crate::text::clean_short(name)))
    }
}
