//! SigmaHQ's rules for Kubernetes audit events: each fires on an event that shows what its description
//! says, and not on its neighbour.

use serde_json::{Value, json};

use super::audit_events::AuditEvent;
use crate::rules::RuleSet;

const CORPUS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../../shared/corpus/audit/sigma"
);

/// Names and texts of the rule files, in the order of their names.
pub(crate) fn files() -> Vec<(String, String)> {
    let folder = std::fs::read_dir(CORPUS).expect("the corpus lies beside the repository");
    let mut files: Vec<(String, String)> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "yml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let name = name.trim_start_matches("kubernetes_audit_").to_owned();
            (name, std::fs::read_to_string(&path).expect("a rule"))
        })
        .collect();
    files.sort();
    files
}

/// An event with what every event has; `changes` replaces top-level fields.
fn event(verb: &str, object: Value, changes: Value) -> Value {
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
    event(
        verb,
        json!({"apiGroup": group, "resource": resource, "namespace": "shop", "name": "x"}),
        json!({}),
    )
}

fn pod(spec: Value) -> Value {
    event(
        "create",
        json!({"resource": "pods", "namespace": "shop", "name": "x"}),
        json!({"requestObject": {"kind": "Pod", "spec": spec}}),
    )
}

/// Per rule file: an event that shows what the description says, and one that is close to it.
fn cases() -> Vec<(&'static str, Value, Value)> {
    let exec = |subresource: &str| {
        event(
            "create",
            json!({"resource": "pods", "subresource": subresource, "namespace": "shop", "name": "x"}),
            json!({}),
        )
    };
    let denied = |code: u16| {
        event(
            "list",
            json!({"resource": "pods"}),
            json!({"responseStatus": {"code": code}}),
        )
    };
    let agent = |agent: &str, decision: &str| {
        event(
            "list",
            json!({"resource": "pods"}),
            json!({"userAgent": agent, "annotations": {"authorization.k8s.io/decision": decision}}),
        )
    };
    let in_namespace = |namespace: &str| {
        event(
            "create",
            json!({"resource": "pods", "namespace": namespace, "name": "kube-proxy-bv61v"}),
            json!({}),
        )
    };
    vec![
        (
            "change_admission_controller",
            plain(
                "patch",
                "admissionregistration.k8s.io",
                "mutatingwebhookconfigurations",
            ),
            plain(
                "get",
                "admissionregistration.k8s.io",
                "mutatingwebhookconfigurations",
            ),
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
        ("exec_into_container", exec("exec"), exec("log")),
        (
            "hostpath_mount",
            pod(
                json!({"volumes": [{"name": "a", "emptyDir": {}}, {"name": "h", "hostPath": {"path": "/"}}]}),
            ),
            pod(json!({"volumes": [{"name": "a", "emptyDir": {}}]})),
        ),
        (
            "pod_in_system_namespace",
            in_namespace("kube-system"),
            in_namespace("kube-systems"),
        ),
        (
            "potential_enumeration_activity",
            agent("kubectl-access_matrix/v0.5", "allow"),
            agent("kubectl-access_matrix/v0.5", "forbid"),
        ),
        (
            "privileged_pod_creation",
            pod(
                json!({"initContainers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}),
            ),
            pod(json!({"containers": [{"securityContext": {"capabilities": {"drop": ["ALL"]}}}]})),
        ),
        (
            "rbac_permisions_listing",
            plain("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
            plain("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
        ),
        (
            "rolebinding_modification",
            plain("create", "rbac.authorization.k8s.io", "rolebindings"),
            plain("create", "rbac.authorization.k8s.io", "roles"),
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
        (
            "unauthorized_unauthenticated_actions",
            denied(401),
            denied(404),
        ),
    ]
}

fn matching(rules: &mut RuleSet, event: &Value) -> Vec<String> {
    let event = AuditEvent::new(event.clone());
    let mut found = Vec::new();
    rules.judge(&event.activity(), &mut found);
    found.iter().map(|one| one.rule.file.clone()).collect()
}

#[test]
fn every_public_rule_fires_on_what_it_describes_and_not_on_its_neighbour() {
    let files = files();
    let texts: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let (mut rules, problems) = RuleSet::load(&texts);
    assert_eq!(problems, []);
    let cases = cases();
    let named: Vec<&str> = cases.iter().map(|(file, _, _)| *file).collect();
    let loaded: Vec<&str> = texts.iter().map(|(file, _)| *file).collect();
    assert_eq!(named, loaded);
    for (file, fires, quiet) in cases {
        assert!(
            matching(&mut rules, &fires).contains(&file.to_owned()),
            "{file} must fire"
        );
        assert!(
            !matching(&mut rules, &quiet).contains(&file.to_owned()),
            "{file} must be quiet"
        );
    }
}

/// A container that is privileged holds every capability.
#[test]
fn a_privileged_container_counts_as_one_with_capabilities() {
    let files = files();
    let (_, text) = &files[8];
    let (mut rules, _) = RuleSet::load(&[("privileged", text)]);
    let event = pod(json!({"containers": [{"securityContext": {"privileged": true}}]}));
    assert_eq!(matching(&mut rules, &event), ["privileged"]);
    let plain = pod(json!({"containers": [{"securityContext": {"privileged": false}}]}));
    assert_eq!(matching(&mut rules, &plain), [""; 0]);
}
