//! The public Sigma rules for Kubernetes audit events: each fires on an event that shows what its description
//! says, and not on its neighbour.

use serde_json::{Value, json};

use super::audit_events::AuditEvent;
use super::sigma_cases::{self, event, pod};
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
    let cases = sigma_cases::all();
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
    let event = pod(&json!({"containers": [{"securityContext": {"privileged": true}}]}));
    assert_eq!(matching(&mut rules, &event), ["privileged"]);
    let plain = pod(&json!({"containers": [{"securityContext": {"privileged": false}}]}));
    assert_eq!(matching(&mut rules, &plain), [""; 0]);
}

/// Rules over the rest of an event: paths through lists and dotted keys, ECS names, absent fields.
#[test]
fn fields_are_found_where_native_events_have_them() {
    for (detection, is_match) in [
        ("requestObject.spec.containers.image: a", true),
        (
            "requestObject.spec.containers.image|contains|all: [a, b]",
            true,
        ),
        (
            "requestObject.spec.containers.image|contains|all: [a, z]",
            false,
        ),
        ("image: b", true),
        ("kubernetes.audit.objectRef.resource: pods", true),
        ("source.ip: 10.0.0.9", true),
        ("source.ip|cidr: 10.0.0.0/8", true),
        ("annotations.example.com/note: yes it is", true),
        ("annotations.example.com/other|exists: false", true),
        ("responseObject.metadata.name|exists: true", false),
        ("objectRef.uid: null", true),
        ("user.groups: system:authenticated", true),
        ("responseStatus.code|gte: 200", true),
        ("responseStatus.code: 'DENY'", false),
        ("event.action: create", true),
        ("user_agent.original|startswith: kubectl", true),
        ("hostNetwork: true", true),
    ] {
        let text = format!(
            "title: t\nlogsource:\n    product: kubernetes\ndetection:\n    sel:\n        {detection}\n    \
             condition: sel\n"
        );
        let (mut rules, problems) = RuleSet::load(&[("t", &text)]);
        assert_eq!(problems, [], "{detection}");
        let changes = json!({
            "requestObject": {"spec": {
                "hostNetwork": true, "containers": [{"image": "a"}, {"image": "b"}],
            }},
            "annotations": {
                "authorization.k8s.io/decision": "allow", "example.com/note": "yes it is",
            },
        });
        let event = event("create", &json!({"resource": "pods"}), &changes);
        assert_eq!(
            !matching(&mut rules, &event).is_empty(),
            is_match,
            "{detection}"
        );
    }
}
