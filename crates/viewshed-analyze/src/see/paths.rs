//! Paths of the API server that tell of the cluster without naming an object.

/// The paths that discovery tools ask for, with what each tells. Sorted.
///
/// Sources: the default ClusterRoles `system:public-info-viewer`, `system:discovery` and
/// `system:service-account-issuer-discovery` (bootstrappolicy), `system:monitoring`, and the routes
/// that kube-apiserver installs (`pkg/controlplane/apiserver`, `pkg/routes`).
pub(super) const PATHS: [(&str, &str); 14] = [
    ("/", "every path that the API server serves"),
    (
        "/.well-known/openid-configuration",
        "the issuer of service account tokens",
    ),
    ("/api", "core API versions and the server's address"),
    ("/apis", "every installed API group, operators included"),
    ("/debug/pprof/", "profiles of the API server"),
    ("/healthz", "whether the API server is healthy"),
    ("/livez", "whether the API server is alive, check by check"),
    ("/logs/", "log files of the control-plane node"),
    (
        "/metrics",
        "requests, resources and object counts of the cluster",
    ),
    ("/openapi/v2", "every type that the API server knows"),
    ("/openapi/v3", "every type that the API server knows"),
    ("/openid/v1/jwks", "keys of service account tokens"),
    ("/readyz", "whether the API server is ready, check by check"),
    ("/version", "exact version and build of the API server"),
];
