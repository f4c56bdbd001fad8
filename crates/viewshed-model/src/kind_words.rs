//! Kinds of requests as people say them.

use std::borrow::Cow;

/// What was asked for, in words: kinds of objects as they are, and plain words for what detection has short keys
/// for (`kubelet:nodes/log` is `nodes/log of a kubelet`, `process:kubectl get` is `the command kubectl get`).
pub fn kind_in_words(kind: &str) -> Cow<'_, str> {
    if let Some(part) = kind.strip_prefix("kubelet:") {
        return Cow::Owned(format!("{part} of a kubelet"));
    }
    if let Some(part) = kind.strip_prefix("docker:") {
        return Cow::Owned(format!("Docker {part}"));
    }
    match kind {
        "process:token-file" => return Cow::Borrowed("a file with a credential"),
        "process:file" => return Cow::Borrowed("a file"),
        _ => {}
    }
    if let Some(command) = kind.strip_prefix("process:") {
        return Cow::Owned(format!("the command {command}"));
    }
    if let Some(record) = kind.strip_prefix("dns:") {
        return Cow::Owned(format!("{} records", record.to_uppercase()));
    }
    // The access reviews of Kubernetes: <https://kubernetes.io/docs/reference/access-authn-authz/authorization/>.
    let group = ".authorization.k8s.io";
    Cow::Borrowed(match kind.strip_suffix(group).unwrap_or_default() {
        "selfsubjectrulesreviews" => "all of its own rights",
        "selfsubjectaccessreviews" => "its own rights",
        "subjectaccessreviews" | "localsubjectaccessreviews" => "the rights of others",
        _ => kind,
    })
}

#[cfg(test)]
mod tests {
    use super::kind_in_words;

    #[test]
    fn keys_become_words_and_kinds_stay() {
        for (kind, words) in [
            ("kubelet:nodes/log", "nodes/log of a kubelet"),
            ("docker:volumes", "Docker volumes"),
            ("dns:srv", "SRV records"),
            ("process:kubectl get", "the command kubectl get"),
            ("process:token-file", "a file with a credential"),
            (
                "selfsubjectrulesreviews.authorization.k8s.io",
                "all of its own rights",
            ),
            ("deployments.apps", "deployments.apps"),
            ("/openapi/v3", "/openapi/v3"),
        ] {
            assert_eq!(kind_in_words(kind), words);
        }
    }
}
