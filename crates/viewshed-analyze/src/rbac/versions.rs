//! What differs between Kubernetes versions, by the defaults of their feature gates
//! (`pkg/features/kube_features.go` of 1.31 to 1.37).

use viewshed_model::ServerVersion;

/// The newest minor version whose sources were read; an unknown version is taken for it.
const NEWEST_MINOR: u32 = 37;

/// The gates that change an authorization answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    /// `AuthorizeNodeWithSelectors`: nodes read only their own node and pods. On since 1.32.
    pub node_with_selectors: bool,
    /// Whether nodes may get service accounts of their pods
    /// (`KubeletServiceAccountTokenForCredentialProviders`, on since 1.34); `None` where the
    /// authorizer does not know that question yet.
    pub node_gets_service_accounts: Option<bool>,
    /// `PodCertificateRequest`, on since 1.37.
    pub pod_certificates: bool,
    /// The authorizer looks at `csinodes/status`, since 1.37.
    pub knows_csi_node_status: bool,
    /// `ClusterTrustBundle`, on since 1.37.
    pub trust_bundles: bool,
    /// Nodes may write `events.k8s.io`, since 1.35.
    pub node_writes_new_events: bool,
    /// `ConstrainedImpersonation`, on since 1.36.
    pub constrained_impersonation: bool,
}

impl Features {
    pub(super) fn of(version: Option<&ServerVersion>) -> Self {
        let minor = version
            .and_then(ServerVersion::minor_number)
            .unwrap_or(NEWEST_MINOR);
        Self {
            node_with_selectors: minor >= 32,
            node_gets_service_accounts: (minor >= 33).then_some(minor >= 34),
            pod_certificates: minor >= 37,
            knows_csi_node_status: minor >= 37,
            trust_bundles: minor >= 37,
            node_writes_new_events: minor >= 35,
            constrained_impersonation: minor >= 36,
        }
    }
}
