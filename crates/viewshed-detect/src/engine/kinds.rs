//! How much a whole list of a kind tells an intruder, in points; an incident opens at 100.

/// Points for reading all objects of a kind in all namespaces.
pub(crate) fn points(kind: &str) -> f64 {
    let plain = kind.split(['/', '?']).next().unwrap_or_default();
    let points = match plain {
        "secrets" => 50,
        "roles.rbac.authorization.k8s.io"
        | "clusterroles.rbac.authorization.k8s.io"
        | "rolebindings.rbac.authorization.k8s.io"
        | "clusterrolebindings.rbac.authorization.k8s.io" => 30,
        "nodes" | "pods" => 25,
        "serviceaccounts" => 20,
        "namespaces" | "configmaps" => 15,
        "services"
        | "endpoints"
        | "ingresses.networking.k8s.io"
        | "networkpolicies.networking.k8s.io" => 12,
        "endpointslices.discovery.k8s.io" => 12,
        "deployments.apps" | "daemonsets.apps" | "statefulsets.apps" | "replicasets.apps" => 12,
        "cronjobs.batch" | "jobs.batch" | "replicationcontrollers" => 12,
        "customresourcedefinitions.apiextensions.k8s.io" | "apiservices.apiregistration.k8s.io" => {
            10
        }
        "validatingwebhookconfigurations.admissionregistration.k8s.io"
        | "mutatingwebhookconfigurations.admissionregistration.k8s.io" => 12,
        "pods.metrics.k8s.io" | "nodes.metrics.k8s.io" => 12,
        // They name pods, nodes and images.
        "events" | "events.events.k8s.io" => 20,
        "leases.coordination.k8s.io" => 3,
        _ => 6,
    };
    f64::from(points)
}

/// Kinds that belong to the map of who may do what, or open other doors: never folded into "any kind".
pub(crate) fn is_telling(kind: &str) -> bool {
    points(kind) >= 15.0 && !matches!(kind, "events" | "events.events.k8s.io")
}

/// Kinds of which each single object that a program reads by name may be a step of reading them all.
pub(crate) fn is_step_by_name(kind: &str) -> bool {
    matches!(kind, "pods" | "serviceaccounts" | "nodes") || is_rbac(kind)
}

/// Kinds of which names are worth guessing with writes, which need no right to read.
pub(crate) fn is_guessed_by_writes(kind: &str) -> bool {
    is_telling(kind) && !is_rbac(kind) && !kind.contains('/')
}

/// What makes pods.
pub(crate) const RUNNING: [&str; 6] = [
    "pods",
    "jobs.batch",
    "cronjobs.batch",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
];

/// What comes of what makes pods.
pub(crate) fn runs_for_others(kind: &str) -> bool {
    matches!(
        kind,
        "pods" | "events" | "events.events.k8s.io" | "jobs.batch" | "replicasets.apps"
    )
}

/// Roles and their bindings.
pub(crate) fn is_rbac(kind: &str) -> bool {
    kind.ends_with(".rbac.authorization.k8s.io")
}

/// What every kubelet lists and watches as part of its work.
///
/// Source: kubernetes `pkg/kubelet/kubelet.go` and `pkg/volume/csi`, and the role `system:node`.
pub(crate) fn is_kubelet_work(kind: &str) -> bool {
    matches!(
        kind,
        "pods"
            | "nodes"
            | "services"
            | "configmaps"
            | "secrets"
            | "persistentvolumeclaims"
            | "persistentvolumes"
    ) || kind.ends_with(".storage.k8s.io")
        || kind.ends_with(".node.k8s.io")
        || kind.ends_with(".resource.k8s.io")
        || kind.ends_with(".coordination.k8s.io")
        || kind.ends_with(".certificates.k8s.io")
}
