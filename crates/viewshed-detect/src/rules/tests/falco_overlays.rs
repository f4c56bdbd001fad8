//! The rule files beside the main one that the tests of falcosecurity/testing name.

/// Rule files that the tests name and that are not in the corpus. They need a whole older rule file.
pub(super) const NOT_AT_HAND: [&str; 1] = ["K8SAuditEngineV4K8SAuditRules"];

/// The small files that the tests add to the rules, in our words: what each is for stands in its name.
pub(super) const OVERLAYS: [(&str, &str); 8] = [
    (
        "K8SAuditAllowNamespaceFoo",
        "- list: allowed_namespaces\n  items: [foo]\n  override:\n    items: append\n",
    ),
    (
        "K8SAuditAllowUserSomeUser",
        "- list: allowed_k8s_users\n  append: true\n  items:\n    - some-user\n",
    ),
    (
        "K8SAuditAllowNginxContainer",
        "- macro: allowed_k8s_containers\n  condition: ka.req.pod.containers.image.repository in (nginx)\n",
    ),
    (
        "K8SAuditAllowOnlyApacheContainer",
        "- macro: allowed_k8s_containers\n  condition: ka.req.pod.containers.image.repository in (apache)\n",
    ),
    (
        "K8SAuditDisallowKactivity",
        "- macro: consider_activity_events\n  condition: not jevt.rawtime exists\n",
    ),
    (
        "K8SAuditTrustNginxContainer",
        "- list: k8s_audit_sensitive_mount_images\n  items: [nginx]\n  append: true\n\
         - list: k8s_audit_privileged_images\n  items: [nginx]\n  append: true\n\
         - list: k8s_audit_hostnetwork_images\n  items: [nginx]\n  append: true\n",
    ),
    (
        "K8SAuditSingleRuleWithJsonPointer",
        "- rule: json_pointer_example\n  desc: RFC 6901 escapes\n  source: k8s_audit\n  priority: WARNING\n  \
         output: pointer\n  condition: >\n    jevt.value[/annotations/authorization.k8s.io~1decision] exists\n    \
         and not jevt.value[/a~1~0b] exists\n",
    ),
    // Rules about system calls: none of them can match an audit event.
    ("LegacyFalcoRules_v1_0_1", ""),
];
