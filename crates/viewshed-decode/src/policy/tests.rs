use std::fmt::Write as _;

use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

use super::audit_policy;

/// The rules in one line each, then the problems.
fn check(policy: &str, expected: &str) {
    let file = audit_policy(policy.as_bytes()).expect("it is a policy");
    let mut text = String::new();
    if !file.policy.omit_stages.is_empty() {
        writeln!(text, "omit {:?}", file.policy.omit_stages).expect("a string grows");
    }
    for rule in &file.policy.rules {
        write!(text, "{:?}", rule.level).expect("a string grows");
        for (name, list) in [
            ("users", &rule.users),
            ("groups", &rule.groups),
            ("verbs", &rule.verbs),
            ("namespaces", &rule.namespaces),
            ("paths", &rule.paths),
        ] {
            if !list.is_empty() {
                write!(text, " {name}={}", list.join("|")).expect("a string grows");
            }
        }
        for entry in &rule.resources {
            let (resources, names) = (entry.resources.join("|"), entry.names.join("|"));
            write!(text, " [{}:{resources}:{names}]", entry.api_group).expect("a string grows");
        }
        if !rule.omit_stages.is_empty() {
            write!(text, " omit {:?}", rule.omit_stages).expect("a string grows");
        }
        text.push('\n');
    }
    for problem in &file.problems {
        writeln!(text, "! {problem}").expect("a string grows");
    }
    assert_eq!(text.trim_end(), expected.trim_end(), "{policy}");
}

#[test]
fn reads_the_example_of_the_kubernetes_documentation() {
    // kubernetes.io, "Auditing", audit/audit-policy.yaml, shortened.
    check(
        r#"
apiVersion: audit.k8s.io/v1 # This is required.
kind: Policy
omitStages:
  - "RequestReceived"
rules:
  - level: RequestResponse
    resources:
    - group: ""
      resources: ["pods"]
  - level: None
    resources:
    - group: ""
      resources: ["configmaps"]
      resourceNames: ["controller-leader"]
  - level: None
    users: ["system:kube-proxy"]
    verbs: ["watch"]
    resources:
    - group: "" # core API group
      resources: ["endpoints", "services"]
  - level: None
    userGroups: ["system:authenticated"]
    nonResourceURLs:
    - "/api*" # Wildcard matching.
    - "/version"
  - level: Request
    resources:
    - group: ""
      resources: ["configmaps"]
    namespaces: ["kube-system"]
  - level: Request
    resources:
    - group: ""
    - group: "extensions"
  - level: Metadata
    omitStages:
      - "RequestReceived"
"#,
        "omit {RequestReceived}
RequestResponse [:pods:]
None [:configmaps:controller-leader]
None users=system:kube-proxy verbs=watch [:endpoints|services:]
None groups=system:authenticated paths=/api*|/version
Request namespaces=kube-system [:configmaps:]
Request [::] [extensions::]
Metadata omit {RequestReceived}",
    );
}

#[test]
fn json_is_the_same_and_null_is_nothing() {
    check(
        r#"{"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Metadata","users":null,"resources":[{"group":null}]}]}"#,
        "Metadata [::]",
    );
}

#[test]
fn names_what_the_server_refuses() {
    check(
        r#"
apiVersion: audit.k8s.io/v1beta1
kind: Policy
omitStages: [Received]
rules:
- level: metadata
- users: [x]
- level: None
  nonResourceURLs: [healthz, "/a*b", "*"]
- level: None
  nonResourceURLs: ["/x"]
  namespaces: [a]
- level: Request
  resources:
  - group: apps/v1
    resourceNames: [a]
"#,
        "None paths=healthz|/a*b|*
None namespaces=a paths=/x
Request [apps/v1::a]
! kube-apiserver reads `audit.k8s.io/v1` only, and refuses `v1beta1`
! omitStages: no stage is named `Received`
! rules[0]: no level is named `metadata`
! rules[1]: no level is named ``
! rules[2]: the path `healthz` must start with `/`
! rules[2]: `*` must be the end of the path `/a*b`
! rules[3]: a rule is for resources or for paths, not for both
! rules[4]: `apps/v1` is not an API group: a group has no version and no wildcard
! rules[4]: `resourceNames` without `resources` is refused",
    );
    check(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\n",
        "! kube-apiserver refuses a policy without rules",
    );
}

#[test]
fn another_kind_is_refused() {
    for (body, expected) in [
        (
            "kind: Policy\napiVersion: kyverno.io/v1\n",
            "expected an audit policy (`audit.k8s.io/v1` `Policy`), found `kyverno.io/v1 Policy`",
        ),
        (
            "{}",
            "expected an audit policy (`audit.k8s.io/v1` `Policy`), found ` `",
        ),
    ] {
        let error = audit_policy(body.as_bytes()).expect_err("it is no policy");
        assert_eq!(error.to_string(), expected);
    }
    for body in ["[1]", "a: [", "rules: x", "\u{0}"] {
        assert!(audit_policy(body.as_bytes()).is_err(), "{body}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_an_answer(bytes in any::<Vec<u8>>(), level in any::<String>()) {
        drop(audit_policy(&bytes));
        let json = serde_json::json!({
            "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": [level],
            "rules": [{"level": level}, {"level": "None", "nonResourceURLs": [level]}],
        });
        let file = audit_policy(json.to_string().as_bytes()).expect("it is a policy");
        prop_assert!(file.problems.iter().flat_map(|problem| problem.chars()).all(|c| !c.is_control()));
    }
}
