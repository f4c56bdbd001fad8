//! The answer of a program that looked around in a pod of the shop.

use viewshed_model::{
    Action, AnsweredCredential, EnvName, ForeignMount, Here, HostAccess, Identity, LoggedPod,
    MetadataAddress, MountedToken, NonResourceRequest, OwnAnswer, OwnNames, ResourceRequest,
    Surroundings, Tell, Vantage, View,
};

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The view of the pod's sample, as seen from inside.
pub(crate) fn here_view() -> View<'static> {
    let list_pods = OwnAnswer {
        action: Action::Resource(ResourceRequest {
            verb: "list".to_owned(),
            resource: "pods".to_owned(),
            namespace: "shop".to_owned(),
            ..ResourceRequest::default()
        }),
        allowed: true,
        reason: "RBAC: allowed by RoleBinding \"reader/shop\"".to_owned(),
    };
    let version = OwnAnswer {
        action: Action::NonResource(NonResourceRequest {
            verb: "get".to_owned(),
            path: "/version".to_owned(),
        }),
        allowed: true,
        reason: "the request was answered with status 200".to_owned(),
    };
    View {
        paths: Vec::new(),
        pivots: Vec::new(),
        vantage: Vantage::Here,
        here: Some(Box::new(Here {
            surroundings: surroundings(),
            credentials: vec![
                AnsweredCredential {
                    credential: TOKEN.to_owned(),
                    identity: Identity::service_account("shop", "cart"),
                    answers: vec![list_pods],
                },
                AnsweredCredential {
                    credential: String::new(),
                    identity: Identity::anonymous(),
                    answers: vec![version],
                },
            ],
        })),
        ..super::view()
    }
}

/// Everything that can be around a program.
fn surroundings() -> Surroundings {
    Surroundings {
        variables: vec![EnvName {
            name: "DATABASE_URL".to_owned(),
            is_reference: true,
            tells: vec![Tell::ServiceAddress],
        }],
        tokens: vec![MountedToken {
            path: TOKEN.to_owned(),
            variable: "API_TOKEN".to_owned(),
            issuer: "https://kubernetes.default.svc".to_owned(),
            subject: "system:serviceaccount:shop:cart".to_owned(),
            audiences: vec!["https://kubernetes.default.svc".to_owned()],
            pod: "cart-7d".to_owned(),
            node: "worker-1".to_owned(),
            expires_at_seconds: Some(1_800_000_000),
        }],
        sockets: vec!["/run/containerd/containerd.sock".to_owned()],
        mounts: vec![ForeignMount {
            path: "/run/containerd".to_owned(),
            root: "/run/containerd".to_owned(),
            filesystem: "tmpfs".to_owned(),
            is_read_only: true,
        }],
        own: OwnNames {
            host_name: "cart-7d".to_owned(),
            namespace: "shop".to_owned(),
            namespace_from: "the search list of /etc/resolv.conf".to_owned(),
            container: "main".to_owned(),
        },
        host: HostAccess {
            network: true,
            pid: true,
            ipc: false,
        },
        container_id: "3fa1b2c4d5e6".to_owned(),
        beside: vec!["0a1b2c3d4e5f".to_owned()],
        logged_pods: vec![LoggedPod {
            namespace: "ops".to_owned(),
            name: "dash".to_owned(),
            folder: "/logs".to_owned(),
            containers: vec!["main".to_owned()],
            is_readable: true,
        }],
        configured: vec!["/etc/settings".to_owned()],
        capabilities: vec!["CAP_SYS_ADMIN".to_owned()],
        kubeconfigs: vec!["/host/etc/kubernetes/kubelet.conf".to_owned()],
        machine_vendor: "Amazon EC2".to_owned(),
        metadata_addresses: vec![MetadataAddress {
            address: "169.254.169.254:80".to_owned(),
            cloud: "AWS".to_owned(),
            is_asked: true,
            status: Some(401),
        }],
        gaps: vec![super::gap()],
    }
}
