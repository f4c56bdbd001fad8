//! The resources that every API server has, and where each is counted.

use viewshed_model::Category;

/// A resource that kube-apiserver itself serves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltIn {
    /// API group.
    pub(crate) group: &'static str,
    /// Plural name.
    pub(crate) resource: &'static str,
    /// Kind.
    pub(crate) kind: &'static str,
    /// Whether objects live in namespaces.
    pub(crate) namespaced: bool,
}

const fn namespaced(group: &'static str, resource: &'static str, kind: &'static str) -> BuiltIn {
    BuiltIn {
        group,
        resource,
        kind,
        namespaced: true,
    }
}

const fn global(group: &'static str, resource: &'static str, kind: &'static str) -> BuiltIn {
    BuiltIn {
        group,
        resource,
        kind,
        namespaced: false,
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Every listable resource of Kubernetes 1.37 (`kubectl api-resources --verbs=list`).
pub(crate) const BUILT_IN: &[BuiltIn] = &[
    global("", "componentstatuses", "ComponentStatus"),
    namespaced("", "configmaps", "ConfigMap"),
    namespaced("", "endpoints", "Endpoints"),
    namespaced("", "events", "Event"),
    namespaced("", "limitranges", "LimitRange"),
    global("", "namespaces", "Namespace"),
    global("", "nodes", "Node"),
    namespaced("", "persistentvolumeclaims", "PersistentVolumeClaim"),
    global("", "persistentvolumes", "PersistentVolume"),
    namespaced("", "pods", "Pod"),
    namespaced("", "podtemplates", "PodTemplate"),
    namespaced("", "replicationcontrollers", "ReplicationController"),
    namespaced("", "resourcequotas", "ResourceQuota"),
    namespaced("", "secrets", "Secret"),
    namespaced("", "serviceaccounts", "ServiceAccount"),
    namespaced("", "services", "Service"),
    global(
        ADMISSION,
        "mutatingadmissionpolicies",
        "MutatingAdmissionPolicy",
    ),
    global(
        ADMISSION,
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
    ),
    global(
        ADMISSION,
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
    ),
    global(
        ADMISSION,
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
    ),
    global(
        ADMISSION,
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
    ),
    global(
        ADMISSION,
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
    ),
    global(
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "CustomResourceDefinition",
    ),
    global("apiregistration.k8s.io", "apiservices", "APIService"),
    namespaced("apps", "controllerrevisions", "ControllerRevision"),
    namespaced("apps", "daemonsets", "DaemonSet"),
    namespaced("apps", "deployments", "Deployment"),
    namespaced("apps", "replicasets", "ReplicaSet"),
    namespaced("apps", "statefulsets", "StatefulSet"),
    namespaced(
        "autoscaling",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
    ),
    namespaced("batch", "cronjobs", "CronJob"),
    namespaced("batch", "jobs", "Job"),
    global(
        "certificates.k8s.io",
        "certificatesigningrequests",
        "CertificateSigningRequest",
    ),
    namespaced("coordination.k8s.io", "leases", "Lease"),
    namespaced("discovery.k8s.io", "endpointslices", "EndpointSlice"),
    global("flowcontrol.apiserver.k8s.io", "flowschemas", "FlowSchema"),
    global(
        "flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
    ),
    global("networking.k8s.io", "ingressclasses", "IngressClass"),
    namespaced("networking.k8s.io", "ingresses", "Ingress"),
    global("networking.k8s.io", "ipaddresses", "IPAddress"),
    namespaced("networking.k8s.io", "networkpolicies", "NetworkPolicy"),
    global("networking.k8s.io", "servicecidrs", "ServiceCIDR"),
    global("node.k8s.io", "runtimeclasses", "RuntimeClass"),
    namespaced("policy", "poddisruptionbudgets", "PodDisruptionBudget"),
    global(RBAC, "clusterrolebindings", "ClusterRoleBinding"),
    global(RBAC, "clusterroles", "ClusterRole"),
    namespaced(RBAC, "rolebindings", "RoleBinding"),
    namespaced(RBAC, "roles", "Role"),
    global("resource.k8s.io", "deviceclasses", "DeviceClass"),
    namespaced("resource.k8s.io", "resourceclaims", "ResourceClaim"),
    namespaced(
        "resource.k8s.io",
        "resourceclaimtemplates",
        "ResourceClaimTemplate",
    ),
    global("resource.k8s.io", "resourceslices", "ResourceSlice"),
    global("scheduling.k8s.io", "priorityclasses", "PriorityClass"),
    global("storage.k8s.io", "csidrivers", "CSIDriver"),
    global("storage.k8s.io", "csinodes", "CSINode"),
    namespaced(
        "storage.k8s.io",
        "csistoragecapacities",
        "CSIStorageCapacity",
    ),
    global("storage.k8s.io", "storageclasses", "StorageClass"),
    global("storage.k8s.io", "volumeattachments", "VolumeAttachment"),
    global(
        "storage.k8s.io",
        "volumeattributesclasses",
        "VolumeAttributesClass",
    ),
];

/// Where objects of a resource are counted.
pub(super) fn category_of(group: &str, resource: &str) -> Category {
    match (group, resource) {
        ("", "pods") => Category::Pods,
        ("", "nodes") => Category::Nodes,
        ("", "namespaces") => Category::Namespaces,
        ("", "configmaps" | "secrets") => Category::ConfigurationNames,
        ("", "services" | "endpoints")
        | ("discovery.k8s.io", "endpointslices")
        | ("networking.k8s.io", "ingresses" | "ingressclasses") => Category::Services,
        ("gateway.networking.k8s.io", _) => Category::Services,
        ("", "replicationcontrollers" | "podtemplates")
        | ("apps", _)
        | ("batch", "jobs" | "cronjobs") => Category::Workloads,
        ("", "componentstatuses" | "events") | ("coordination.k8s.io", "leases") => {
            Category::ClusterStatus
        }
        ("", "serviceaccounts") | (RBAC, _) => Category::AccessRules,
        (_, resource) if resource.contains("networkpolic") => Category::AccessRules,
        _ => Category::Other,
    }
}

/// The usual plural of a kind. Manifests name kinds; only discovery knows the resource. As
/// apimachinery's `meta.UnsafeGuessKindToResource`, but `Gateway` becomes `gateways`, which is what
/// its definition says.
pub(crate) fn guess_resource(kind: &str) -> String {
    let lower = kind.to_lowercase();
    if lower.ends_with("endpoints") {
        return lower;
    }
    if lower.ends_with('s') {
        return lower + "es";
    }
    match lower.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => lower + "s",
    }
}
