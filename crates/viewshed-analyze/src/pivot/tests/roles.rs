use super::{cluster, grant, leads, rule};

const RBAC: &str = "rbac.authorization.k8s.io";

fn named(verbs: &str, group: &str, resource: &str, name: &str) -> String {
    format!(
        "{{ apiGroups: ['{group}'], resources: ['{resource}'], verbs: [{verbs}], resourceNames: ['{name}'] }}"
    )
}

/// A role that nobody holds.
fn role(kind: &str, name: &str, rule: &str) -> String {
    let place = if kind == "Role" {
        ", namespace: ops"
    } else {
        ""
    };
    format!(
        "apiVersion: {RBAC}/v1\nkind: {kind}\nmetadata: {{ name: {name}{place} }}\nrules: [{rule}]\n---\n"
    )
}

/// What pod `shop/web` leads to with some rules, held in a namespace or everywhere under the name `r`.
fn of_web(place: Option<&str>, rules: &str, others: &str) -> Vec<String> {
    let role = grant("r", ("shop", "web"), place, rules);
    let mut found = leads(&cluster(&format!("{role}{others}")), ("shop", "web"), 2);
    found.retain(|one| !one.ends_with("shop/web 1"));
    found
}

fn both(one: &str, two: &str) -> String {
    format!("{one}, {two}")
}

/// Kubernetes documentation, "Using RBAC Authorization", restrictions on role binding creation: `bind` names roles.
#[test]
fn roles_that_may_be_bound_by_name_lead_where_they_lead() {
    let all = role("ClusterRole", "all", &rule("'*'", "*", "*"));
    let weak = role("ClusterRole", "weak", &rule("get", "", "configmaps"));
    let bind = |name: &str| {
        both(
            &named("bind", RBAC, "clusterroles", name),
            &rule("create", RBAC, "clusterrolebindings"),
        )
    };
    assert_eq!(of_web(None, &bind("all"), &all)[0], "Administrator 2");
    assert_eq!(
        of_web(None, &bind("cluster-admin"), "")[0],
        "Administrator 2"
    );
    assert_eq!(of_web(None, &bind("weak"), &weak), Vec::<String>::new());
    assert_eq!(of_web(None, &bind("absent"), &all), Vec::<String>::new());
    // No binding may be made.
    let alone = named("bind", RBAC, "clusterroles", "all");
    assert_eq!(of_web(None, &alone, &all), Vec::<String>::new());
    // In one namespace it is everything there.
    let there = both(
        &named("bind", RBAC, "clusterroles", "all"),
        &rule("create", RBAC, "rolebindings"),
    );
    let found = of_web(Some("ops"), &there, &all);
    assert!(
        found.contains(&"ServiceAccount ops/tool 2".to_owned()),
        "{found:?}"
    );
    assert!(!found[0].starts_with("Administrator"), "{found:?}");
}

/// Whoever may bind the Roles of a namespace gets what one of those gives.
#[test]
fn roles_of_a_namespace_lead_where_they_lead() {
    let rules = both(
        &rule("create", RBAC, "rolebindings"),
        &rule("bind", RBAC, "roles"),
    );
    let weak = role("Role", "weak", &rule("get", "", "configmaps"));
    assert_eq!(of_web(Some("ops"), &rules, &weak), Vec::<String>::new());
    let strong = role("Role", "strong", &rule("create", "", "pods/exec"));
    let found = of_web(Some("ops"), &rules, &strong);
    assert!(found.contains(&"Pod ops/tool 2".to_owned()), "{found:?}");
}

/// `escalate` on a role that somebody holds is every right where they hold it.
#[test]
fn a_role_that_is_held_and_may_be_changed_is_every_right() {
    let own = named("escalate, patch", RBAC, "clusterroles", "r");
    assert_eq!(of_web(None, &own, "")[0], "Administrator 2");
    let other = named("escalate, patch", RBAC, "clusterroles", "other");
    let others = role("ClusterRole", "other", &rule("get", "", "configmaps"));
    assert_eq!(of_web(None, &other, &others), Vec::<String>::new());
    let found = of_web(Some("ops"), &rule("escalate, patch", RBAC, "roles"), "");
    assert!(
        found.contains(&"ServiceAccount ops/tool 2".to_owned()),
        "{found:?}"
    );
    for half in ["escalate", "patch", "escalate, create"] {
        let found = of_web(Some("ops"), &rule(half, RBAC, "roles"), "");
        assert_eq!(found, Vec::<String>::new(), "{half}");
    }
}

/// Kubernetes documentation, "Certificates and Certificate Signing Requests": signers by name or by domain; the
/// controller manager approves `nodeclient` by itself.
#[test]
fn approved_certificates_are_of_users_or_of_kubelets() {
    let group = "certificates.k8s.io";
    let request = both(
        &rule("create", group, "certificatesigningrequests"),
        &rule("update", group, "certificatesigningrequests/approval"),
    );
    let approve = |signer: &str| both(&request, &named("approve", group, "signers", signer));
    let nodes = format!(
        "apiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{ name: nodes }}\n\
         roleRef: {{ apiGroup: {RBAC}, kind: ClusterRole, name: all }}\n\
         subjects: [{{ kind: Group, name: 'system:nodes' }}]\n---\n{}",
        role("ClusterRole", "all", &rule("'*'", "*", "*"))
    );
    let account = "ServiceAccount ops/tool 3".to_owned();
    let of_three = |rules: &str, others: &str| {
        let role = grant("r", ("shop", "web"), None, rules);
        leads(&cluster(&format!("{role}{others}")), ("shop", "web"), 3)
    };
    let kubelets = [
        approve("kubernetes.io/kube-apiserver-client-kubelet"),
        both(
            &rule("create", group, "certificatesigningrequests"),
            &rule("create", group, "certificatesigningrequests/nodeclient"),
        ),
    ];
    for rules in &kubelets {
        let found = of_three(rules, "");
        assert!(found.contains(&account), "{rules}: {found:?}");
        assert!(
            !found.iter().any(|one| one.starts_with("Pod")),
            "{rules}: {found:?}"
        );
        assert_eq!(of_three(rules, &nodes)[0], "Administrator 3", "{rules}");
    }
    let found = of_three(&approve("kubernetes.io/*"), "");
    assert!(
        found.contains(&"ServiceAccount ops/tool 2".to_owned()),
        "{found:?}"
    );
    for signer in ["kubernetes.io/kubelet-serving", "example.com/*"] {
        assert_eq!(
            of_three(&approve(signer), ""),
            ["ServiceAccount shop/web 1"],
            "{signer}"
        );
    }
}

/// Root on a node acts as its kubelet.
#[test]
fn root_on_a_node_has_the_rights_of_nodes() {
    let all = role("ClusterRole", "all", &rule("'*'", "*", "*"));
    let probe = "apiVersion: v1\nkind: Pod\nmetadata: { name: probe, namespace: ops }\n\
                 spec: { nodeName: worker, automountServiceAccountToken: false, containers: [{ name: main, \
                 image: example, securityContext: { privileged: true } }] }\n---\n";
    let bound = |kind: &str, name: &str| {
        let text = format!(
            "apiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{ name: b }}\n\
             roleRef: {{ apiGroup: {RBAC}, kind: ClusterRole, name: all }}\n\
             subjects: [{{ kind: {kind}, name: '{name}' }}]\n---\n{all}{probe}"
        );
        leads(&cluster(&text), ("ops", "probe"), 9)[0].clone()
    };
    assert_eq!(bound("Group", "system:nodes"), "Administrator 3");
    assert_eq!(bound("User", "system:node:worker"), "Administrator 3");
    assert_eq!(bound("User", "system:node:cp"), "Node worker 1");
}

/// The Node authorizer lets a kubelet ask for tokens of its pods' accounts, whether or not they mount any.
#[test]
fn a_kubelet_asks_for_tokens_of_accounts_whose_pods_mount_none() {
    let pods = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: quiet, namespace: ops }\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: { name: quiet, namespace: ops }\n\
                spec: { nodeName: worker, serviceAccountName: quiet, automountServiceAccountToken: false, \
                containers: [{ name: main, image: example }] }\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: { name: probe, namespace: ops }\n\
                spec: { nodeName: worker, automountServiceAccountToken: false, containers: [{ name: main, \
                image: example, securityContext: { privileged: true } }] }\n---\n";
    let found = leads(&cluster(pods), ("ops", "probe"), 9);
    assert!(
        found.contains(&"ServiceAccount ops/quiet 3?".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"ServiceAccount ops/tool 3".to_owned()),
        "{found:?}"
    );
}

/// A credential on the node is of no use to a pod that does not reach the API server.
#[test]
fn credentials_on_the_node_need_the_network() {
    let probe = |namespace: &str, path: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: probe, namespace: {namespace} }}\nspec:\n  nodeName: cp\n  \
             automountServiceAccountToken: false\n  volumes: [{{ name: v, hostPath: {{ path: '{path}' }} }}]\n  \
             containers: [{{ name: main, image: example, volumeMounts: [{{ name: v, mountPath: /v, readOnly: true }}] }}]\n---\n"
        );
        leads(&cluster(&text), (namespace, "probe"), 9)
    };
    for path in [
        "/etc/kubernetes/admin.conf",
        "/var/lib/kubelet/pods",
        "/var/lib/kubelet/pki",
    ] {
        assert_eq!(probe("shut", path), Vec::<String>::new(), "{path}");
    }
    assert_eq!(
        probe("ops", "/etc/kubernetes/admin.conf"),
        ["Administrator 1"]
    );
}

/// Kubernetes documentation, "RBAC Good Practices": persistent volumes, labels of namespaces, admission webhooks.
#[test]
fn volumes_labels_and_webhooks_lead_on() {
    let root = "Node worker 2".to_owned();
    let held = |rules: &str| of_web(None, rules, "");
    let volume = both(
        &rule("create", "", "persistentvolumes"),
        &rule("create", "", "persistentvolumeclaims"),
    );
    let start = rule("create", "", "pods");
    assert!(held(&both(&volume, &start)).contains(&root));
    assert_eq!(held(&volume), Vec::<String>::new());
    // A volume is in no namespace: a role of one does not let anybody make it.
    let found = of_web(Some("ops"), &both(&volume, &start), "");
    assert!(!found.contains(&root), "{found:?}");
    let hook = rule(
        "create",
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
    );
    assert!(held(&hook).contains(&"ServiceAccount ops/tool 2?".to_owned()));
    let of_policies = |resource: &str| rule("create", "admissionregistration.k8s.io", resource);
    let policy = of_policies("mutatingadmissionpolicies");
    let bound = both(&policy, &of_policies("mutatingadmissionpolicybindings"));
    assert!(held(&bound).contains(&"ServiceAccount ops/tool 2?".to_owned()));
    assert_eq!(held(&policy), Vec::<String>::new());

    let guarded = |rules: &str| {
        let role = grant("r", ("guarded", "maker"), Some("guarded"), rules);
        leads(&cluster(&role), ("guarded", "maker"), 2)
    };
    let found = guarded(&both(&start, &rule("patch", "", "namespaces")));
    assert!(found.contains(&"Node worker 2?".to_owned()), "{found:?}");
    assert!(!guarded(&start).contains(&"Node worker 2?".to_owned()));
}

/// Kubernetes documentation, "Authenticating with Bootstrap Tokens".
#[test]
fn a_bootstrap_token_is_a_member_of_its_groups() {
    let objects = |namespace: &str, kind: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: bootstrap-token-abcdef, namespace: {namespace} }}\n\
             type: {kind}\n---\napiVersion: {RBAC}/v1\nkind: ClusterRoleBinding\nmetadata: {{ name: boot }}\n\
             roleRef: {{ apiGroup: {RBAC}, kind: ClusterRole, name: none }}\n\
             subjects: [{{ kind: Group, name: 'system:bootstrappers' }}, \
             {{ kind: Group, name: 'system:bootstrappers:new' }}]\n---\n"
        )
    };
    let read =
        |place: &str, objects: &str| of_web(Some(place), &rule("list", "", "secrets"), objects);
    let token = "bootstrap.kubernetes.io/token";
    let both = [
        "Group system:bootstrappers 2",
        "Group system:bootstrappers:new 2?",
    ];
    assert_eq!(read("kube-system", &objects("kube-system", token)), both);
    assert_eq!(
        read("ops", &objects("kube-system", token)),
        Vec::<String>::new()
    );
    assert_eq!(
        read("kube-system", &objects("ops", token)),
        Vec::<String>::new()
    );
    assert_eq!(
        read("kube-system", &objects("kube-system", "Opaque")),
        Vec::<String>::new()
    );
}

#[test]
fn pod_security_keeps_pods_from_the_node() {
    let grants = grant(
        "make",
        ("guarded", "maker"),
        Some("guarded"),
        &rule("create", "", "pods"),
    );
    assert_eq!(
        leads(&cluster(&grants), ("guarded", "maker"), 9),
        ["ServiceAccount guarded/maker 1"]
    );
}

/// The API server refuses ephemeral containers of static pods, whose images are their file's; commands run in them.
#[test]
fn static_pods_are_entered_but_not_changed() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: etcd-cp, namespace: sys, annotations: { kubernetes.io/config.mirror: x } }\n\
         spec: { nodeName: cp, containers: [{ name: main, image: example }] }\n---\n";
    let entered = |rules: &str| {
        let found = of_web(Some("sys"), rules, pod);
        found.iter().any(|one| one == "Pod sys/etcd-cp 2")
    };
    assert!(entered(&rule("create", "", "pods/exec")));
    assert!(entered(&named("create", "", "pods/exec", "etcd-cp")));
    for changing in ["pods/ephemeralcontainers", "pods"] {
        assert!(!entered(&rule("patch", "", changing)), "{changing}");
        let rules = named("patch", "", changing, "etcd-cp");
        assert!(!entered(&rules), "{changing} by name");
    }
}
