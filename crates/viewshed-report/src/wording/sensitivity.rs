//! What a reader has to see first of all that was asked for.

/// Place of a kind in lists and titles, the most telling first: what holds credentials, what grants rights, what
/// leads to nodes, what runs commands; of the rest, what the cluster consists of before everything else. Paths come
/// last.
pub(crate) fn sensitivity(kind: &str) -> u8 {
    let (resource, rest) = kind.split_once('.').unwrap_or((kind, ""));
    match resource {
        _ if is_path(kind) => 9,
        "secrets" | "docker:secrets" | "serviceaccounts/token" => 0,
        _ if rest.starts_with("rbac.authorization") => 1,
        "roles" | "rolebindings" | "clusterroles" | "clusterrolebindings" => 1,
        _ if resource.starts_with("nodes/") || kind.starts_with("kubelet:") => 2,
        "docker:exec" => 3,
        _ if ["/exec", "/attach", "/portforward"]
            .iter()
            .any(|end| resource.ends_with(end)) =>
        {
            3
        }
        _ if rest == "authorization.k8s.io" => 4,
        "nodes" | "serviceaccounts" | "configmaps" | "pods/log" => 5,
        _ => 6,
    }
}

/// Whether it is a path of the API and no kind of objects.
pub(crate) fn is_path(kind: &str) -> bool {
    kind.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::sensitivity;

    #[test]
    fn what_tells_most_comes_first() {
        let mut kinds = [
            "/api",
            "configmaps",
            "deployments.apps",
            "ingresses.networking.k8s.io",
            "kubelet:nodes/log",
            "nodes",
            "pods/exec",
            "rolebindings.rbac.authorization.k8s.io",
            "secrets",
        ];
        kinds.sort_by_key(|kind| sensitivity(kind));
        assert_eq!(
            kinds,
            [
                "secrets",
                "rolebindings.rbac.authorization.k8s.io",
                "kubelet:nodes/log",
                "pods/exec",
                "configmaps",
                "nodes",
                "deployments.apps",
                "ingresses.networking.k8s.io",
                "/api",
            ]
        );
    }
}
