//! Per public Sigma rule an event that shows what its description says, and one that is close to it.

use serde_json::{Value, json};

/// Rule file, event that must match, event that must not.
pub(super) type Case = (&'static str, Value, Value);

/// An event with what every event has; `changes` replaces top-level fields.
pub(super) fn event(verb: &str, object: &Value, changes: &Value) -> Value {
    let mut event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse",
        "auditID": "a", "stage": "ResponseComplete",
        "requestURI": "/apis/x", "verb": verb,
        "user": {"username": "mallory", "groups": ["system:authenticated"]},
        "sourceIPs": ["10.0.0.9"], "userAgent": "kubectl/v1.33.0",
        "objectRef": object, "responseStatus": {"metadata": {}, "code": 200},
        "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""}
    });
    for (key, value) in changes.as_object().expect("a map") {
        event[key] = value.clone();
    }
    event
}

fn plain(verb: &str, group: &str, resource: &str) -> Value {
    let object = json!({"apiGroup": group, "resource": resource, "namespace": "shop", "name": "x"});
    event(verb, &object, &json!({}))
}

/// A pod being created.
pub(super) fn pod(spec: &Value) -> Value {
    event(
        "create",
        &json!({"resource": "pods", "namespace": "shop", "name": "x"}),
        &json!({"requestObject": {"kind": "Pod", "spec": spec}}),
    )
}

/// All of them, in the order of the files' names.
pub(super) fn all() -> Vec<Case> {
    let webhooks = "admissionregistration.k8s.io";
    let reviews = "authorization.k8s.io";
    let rbac = "rbac.authorization.k8s.io";
    let mut cases = vec![
        (
            "change_admission_controller",
            plain("patch", webhooks, "mutatingwebhookconfigurations"),
            plain("get", webhooks, "mutatingwebhookconfigurations"),
        ),
        (
            "cronjob_modification",
            plain("create", "batch", "cronjobs"),
            plain("list", "batch", "cronjobs"),
        ),
        (
            "deployment_deleted",
            plain("delete", "apps", "deployments"),
            plain("delete", "apps", "replicasets"),
        ),
        (
            "events_deleted",
            plain("delete", "", "events"),
            plain("create", "", "events"),
        ),
        (
            "rbac_permisions_listing",
            plain("create", reviews, "selfsubjectrulesreviews"),
            plain("create", reviews, "selfsubjectaccessreviews"),
        ),
        (
            "rolebinding_modification",
            plain("create", rbac, "rolebindings"),
            plain("create", rbac, "roles"),
        ),
        (
            "secrets_enumeration",
            plain("list", "", "secrets"),
            plain("get", "", "secrets"),
        ),
        (
            "secrets_modified_or_deleted",
            plain("update", "", "secrets"),
            plain("watch", "", "secrets"),
        ),
        (
            "serviceaccount_creation",
            plain("create", "", "serviceaccounts"),
            plain("update", "", "serviceaccounts"),
        ),
        (
            "sidecar_injection",
            plain("patch", "apps", "deployments"),
            plain("patch", "extensions", "deployments"),
        ),
    ];
    cases.extend(about_pods());
    cases.extend(about_answers());
    cases.sort_by_key(|(file, _, _)| *file);
    cases
}

fn about_pods() -> [Case; 4] {
    let created = |subresource: &str, namespace: &str| {
        let object = json!({
            "resource": "pods", "subresource": subresource,
            "namespace": namespace, "name": "kube-proxy-bv61v",
        });
        event("create", &object, &json!({}))
    };
    let scratch = json!({"name": "a", "emptyDir": {}});
    let host = json!({"name": "h", "hostPath": {"path": "/"}});
    let with = |capabilities: Value| json!({"initContainers": [{"securityContext": {"capabilities": capabilities}}]});
    [
        (
            "exec_into_container",
            created("exec", "shop"),
            created("log", "shop"),
        ),
        (
            "hostpath_mount",
            pod(&json!({"volumes": [scratch, host]})),
            pod(&json!({"volumes": [scratch]})),
        ),
        (
            "pod_in_system_namespace",
            created("", "kube-system"),
            created("", "kube-systems"),
        ),
        (
            "privileged_pod_creation",
            pod(&with(json!({"add": ["SYS_ADMIN"]}))),
            pod(&with(json!({"drop": ["ALL"]}))),
        ),
    ]
}

fn about_answers() -> [Case; 2] {
    let pods = json!({"resource": "pods"});
    let agent = |decision: &str| {
        let changes = json!({
            "userAgent": "kubectl-access_matrix/v0.5",
            "annotations": {"authorization.k8s.io/decision": decision},
        });
        event("list", &pods, &changes)
    };
    let answered = |code: u16| event("list", &pods, &json!({"responseStatus": {"code": code}}));
    [
        (
            "potential_enumeration_activity",
            agent("allow"),
            agent("forbid"),
        ),
        (
            "unauthorized_unauthenticated_actions",
            answered(401),
            answered(404),
        ),
    ]
}
