//! The kinds of sources, as far as they differ in what they can show.

use std::fmt;

use viewshed_model::{LogProfile, Surface};

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogKind {
    /// The audit log of a kube-apiserver whose policy is the owner's.
    KubernetesAudit,
    /// Amazon EKS control plane logs.
    Eks,
    /// Google Cloud Admin Activity audit logs of GKE.
    GkeAdminActivity,
    /// Google Cloud Data Access audit logs of GKE, switched on for `k8s.io`.
    GkeDataAccess,
    /// Azure AKS, category `kube-audit`.
    AksKubeAudit,
    /// Azure AKS, category `kube-audit-admin`.
    AksKubeAuditAdmin,
    /// `OpenShift`, audit profile `Default`.
    OpenShift,
    /// An admission webhook that writes what it sees, for example kube-audit-rest.
    AdmissionWebhook,
    /// `docker events`.
    DockerEvents,
    /// The Docker daemon's own log.
    DockerDaemonLog,
    /// Records of a Docker authorization plugin.
    DockerAuthorization,
    /// Process and file events: Falco, Tetragon, auditd.
    ProcessEvents,
    /// The query log of `CoreDNS`.
    DnsQueries,
}

impl LogKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::KubernetesAudit,
        Self::Eks,
        Self::GkeAdminActivity,
        Self::GkeDataAccess,
        Self::AksKubeAudit,
        Self::AksKubeAuditAdmin,
        Self::OpenShift,
        Self::AdmissionWebhook,
        Self::DockerEvents,
        Self::DockerDaemonLog,
        Self::DockerAuthorization,
        Self::ProcessEvents,
        Self::DnsQueries,
    ];

    /// Which of a service's logs it is, by what it holds: one that leaves reads out is taken for the one that is
    /// documented to, so that nothing is called visible that never occurs. `OpenShift` is known by the kinds that
    /// its own operators read all the time.
    #[must_use]
    pub fn told_by(self, profile: &LogProfile) -> Self {
        let mut requests = profile.requests.iter();
        let has_reads = requests.any(|seen| {
            seen.surface == Surface::KubernetesApi && matches!(&*seen.verb, "get" | "list")
        });
        let mut requests = profile.requests.iter();
        match self {
            Self::GkeDataAccess if !has_reads => Self::GkeAdminActivity,
            Self::AksKubeAudit if !has_reads => Self::AksKubeAuditAdmin,
            Self::KubernetesAudit
                if requests.any(|seen| seen.api_group == "config.openshift.io") =>
            {
                Self::OpenShift
            }
            kind => kind,
        }
    }

    /// Whether it holds requests to an API server.
    pub const fn is_kubernetes(self) -> bool {
        match self {
            Self::KubernetesAudit
            | Self::Eks
            | Self::GkeAdminActivity
            | Self::GkeDataAccess
            | Self::AksKubeAudit
            | Self::AksKubeAuditAdmin
            | Self::OpenShift
            | Self::AdmissionWebhook => true,
            Self::DockerEvents
            | Self::DockerDaemonLog
            | Self::DockerAuthorization
            | Self::ProcessEvents
            | Self::DnsQueries => false,
        }
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::KubernetesAudit => "Kubernetes audit log",
            Self::Eks => "EKS audit log",
            Self::GkeAdminActivity => "GKE Admin Activity log",
            Self::GkeDataAccess => "GKE Data Access log",
            Self::AksKubeAudit => "AKS kube-audit log",
            Self::AksKubeAuditAdmin => "AKS kube-audit-admin log",
            Self::OpenShift => "OpenShift audit log",
            Self::AdmissionWebhook => "admission webhook log",
            Self::DockerEvents => "Docker events",
            Self::DockerDaemonLog => "Docker daemon log",
            Self::DockerAuthorization => "Docker authorization plugin log",
            Self::ProcessEvents => "process events",
            Self::DnsQueries => "DNS query log",
        })
    }
}
