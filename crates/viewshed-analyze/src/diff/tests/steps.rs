//! Steps, values and openings are sight that a difference must tell, each once and at whoever has it.

use std::fmt::Write as _;

use viewshed_decode::files::FileSet;
use viewshed_model::Estate;

use super::{diff, line};

const BASE: &str = r"
apiVersion: v1
kind: ServiceAccount
metadata: { name: boss, namespace: adm }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: boss }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all }
subjects: [{ kind: ServiceAccount, name: boss, namespace: adm }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: all }
rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }]
---
apiVersion: v1
kind: Pod
metadata: { name: boss, namespace: adm }
spec: { serviceAccountName: boss, nodeName: n1, containers: [{ name: main, image: example }] }
";

fn estate(texts: &[&str]) -> Estate {
    bare_estate(&[&[BASE], texts].concat())
}

fn bare_estate(texts: &[&str]) -> Estate {
    let mut set = FileSet::new("cluster");
    let mut text = String::new();
    for one in texts {
        write!(text, "---\n{one}\n").unwrap();
    }
    set.add("cluster.yaml", text.as_bytes());
    set.finish()
}

fn grant(rule: &str, subject: &str) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{ name: new }}\nrules: [{rule}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{ name: new }}\n\
         roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: new }}\nsubjects: [{subject}]"
    )
}

fn web(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: web, namespace: shop }}\n\
         spec: {{ selector: {{ matchLabels: {{ app: web }} }}, template: {{ metadata: {{ labels: {{ app: web }} }}, \
         spec: {{ automountServiceAccountToken: false, {spec} containers: [{{ name: main, image: example, {container} }}] }} }} }}"
    )
}

/// What is gained, and that the way back loses just that.
fn gained(before: &Estate, after: &Estate) -> Vec<String> {
    let there = diff(before, after, ("a", "b")).changes;
    let back = diff(after, before, ("b", "a")).changes;
    assert!(there.iter().all(|change| change.gained));
    assert!(back.iter().all(|change| !change.gained));
    let words = |changes: &[viewshed_model::SightChange]| -> Vec<String> {
        let lines = changes.iter().map(line);
        let plain = lines.map(|line| line.trim_start_matches(['+', '-', ' ']).to_owned());
        plain.collect()
    };
    assert_eq!(words(&there), words(&back));
    assert!(
        there.iter().all(|change| change.position.is_some()),
        "everything has a line of a file"
    );
    words(&there)
}

/// Each rule is one call away from everything that the administrator's account may do: Kubernetes
/// documentation, RBAC Good Practices, "Privilege escalation risks".
#[test]
fn a_right_that_leads_on_is_a_gain() {
    let mallory = "{ kind: User, name: mallory }";
    let core = |resources: &str, verbs: &str| {
        format!("{{ apiGroups: [''], resources: [{resources}], verbs: [{verbs}] }}")
    };
    let rbac = |resources: &str, verbs: &str| {
        core(resources, verbs).replace("['']", "[rbac.authorization.k8s.io]")
    };
    for rule in [
        core("users, groups", "impersonate"),
        core("serviceaccounts", "impersonate"),
        core("pods", "create"),
        core("pods/exec", "create"),
        core("serviceaccounts/token", "create"),
        rbac("clusterroles", "escalate, update"),
        rbac("clusterroles, clusterrolebindings", "bind, create"),
    ] {
        let found = gained(&estate(&[]), &estate(&[&grant(&rule, mallory)]));
        let leads: Vec<&String> = found
            .iter()
            .filter(|line| line.starts_with("user mallory: leads to everything in "))
            .collect();
        assert_eq!((leads.len(), found.len()), (1, 1), "{rule}: {found:?}");
    }
}

#[test]
fn what_everybody_may_become_is_told_at_the_group() {
    let everybody = "{ kind: Group, name: 'system:authenticated' }";
    let rule = "{ apiGroups: [''], resources: [serviceaccounts], verbs: [impersonate] }";
    let found = gained(&estate(&[]), &estate(&[&grant(rule, everybody)]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("group system:authenticated: leads to everything in 2 steps: "));
}

#[test]
fn a_step_to_what_was_reached_before_is_no_gain() {
    let all = "{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] }";
    let old = estate(&[&grant(all, "{ kind: User, name: mallory }")]);
    let more = grant(
        "{ apiGroups: [''], resources: [pods/exec], verbs: [create] }",
        "{ kind: User, name: mallory }",
    );
    let more = more.replace("name: new", "name: more");
    let new = estate(&[&grant(all, "{ kind: User, name: mallory }"), &more]);
    assert_eq!(diff(&old, &new, ("a", "b")).changes, []);
}

#[test]
fn what_a_workload_opens_of_its_node_and_of_secrets_is_a_gain() {
    let plain = estate(&[&web("", "")]);
    let folder = |path: &str| {
        web(
            &format!("volumes: [{{ name: v, hostPath: {{ path: {path} }} }}],"),
            "volumeMounts: [{ name: v, mountPath: /v }]",
        )
    };
    for (workload, expected) in [
        (
            folder("/var/log"),
            "reads the logs of every container of its node",
        ),
        (web("hostPID: true,", ""), "sees every process of its node"),
        (
            web("", "securityContext: { privileged: true }"),
            "leads to root on node (where it runs) in 1 step: ",
        ),
        (
            web(
                "volumes: [{ name: v, secret: { secretName: db } }],",
                "volumeMounts: [{ name: v, mountPath: /v }]",
            ),
            "has values of Secret shop/db",
        ),
        (
            web("", "envFrom: [{ secretRef: { name: db } }]"),
            "has values of Secret shop/db",
        ),
    ] {
        let found = gained(&plain, &estate(&[&workload]));
        let wanted = format!("Deployment shop/web: {expected}");
        let told = found.iter().filter(|line| line.starts_with(&wanted));
        assert_eq!(told.count(), 1, "{expected}: {found:?}");
    }
}

/// Changing workloads gives the accounts of the namespaces that have some, also where none of them leads on.
#[test]
fn accounts_that_lead_no_further_are_a_gain() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: cart, namespace: shop }";
    let before = [account, &web("serviceAccountName: cart,", "")];
    let rule = "{ apiGroups: [apps], resources: [deployments], verbs: [patch] }";
    let right = grant(rule, "{ kind: User, name: mallory }");
    let found = gained(
        &bare_estate(&before),
        &bare_estate(&[before[0], before[1], &right]),
    );
    assert_eq!(
        found,
        [
            "user mallory: leads to root on node (where it runs) in 1 step: user mallory may patch deployments \
             everywhere: it changes the pods of workloads as it likes (depends on whether admission refuses paths of \
             the node in every namespace)",
            "user mallory: leads to service account shop/cart in 1 step: user mallory may patch \
          deployments everywhere: it changes the pods of workloads as it likes"
        ]
    );
}

/// A binding in a namespace, of a ClusterRole with one rule.
fn grant_in(name: &str, namespace: &str, rule: &str, subject: &str) -> String {
    grant(rule, subject)
        .replace(
            "kind: ClusterRoleBinding\nmetadata: { name: new }",
            &format!("kind: RoleBinding\nmetadata: {{ name: new, namespace: {namespace} }}"),
        )
        .replace("name: new", &format!("name: {name}"))
}

/// A step of two rights, of which one was there: the way is told of the new one.
#[test]
fn a_step_stands_at_the_grant_that_is_new() {
    let core = |rule: &str| format!("{{ apiGroups: [''], {rule} }}");
    // A `list` of no name is one of all: `resourceNames: ['']` matches it.
    let listed = core("resources: [secrets], verbs: [get, list], resourceNames: ['']");
    let created = core("resources: [secrets], verbs: [create]");
    let edited = core("resources: [secrets], verbs: [create, get, list]");
    let mallory = "{ kind: User, name: mallory }";
    let everybody = "{ kind: Group, name: 'system:authenticated' }";
    let old = grant_in("old", "adm", &listed, mallory);
    for (rule, subject, expected) in [
        (&created, mallory, "user mallory"),
        // The group has both: nothing is told again of its members.
        (&edited, everybody, "group system:authenticated"),
        // The group has one only: with his own right it is mallory's way.
        (&created, everybody, "user mallory"),
    ] {
        let new = grant_in("new", "adm", rule, subject);
        let found = diff(&estate(&[&old]), &estate(&[&old, &new]), ("a", "b")).changes;
        let leads = found
            .iter()
            .filter(|change| change.what.starts_with("leads to everything"));
        let leads: Vec<_> = leads
            .map(|change| (change.subject.to_string(), &change.evidence))
            .collect();
        let [(who, viewshed_model::Evidence::Grant { binding, .. })] = &*leads else {
            panic!("{found:#?}");
        };
        assert_eq!((&**who, &**binding), (expected, "new"), "{rule} {subject}");
    }
}

/// Any user is one of those whom a certificate may name, and among them who approves it.
#[test]
fn a_way_does_not_come_back_to_who_takes_it() {
    let of = |resources: &str, verbs: &str| {
        format!(
            "{{ apiGroups: [certificates.k8s.io], resources: [{resources}], verbs: [{verbs}] }}"
        )
    };
    let rules = [
        of("certificatesigningrequests", "create"),
        of("certificatesigningrequests/approval", "update"),
        of("signers", "approve"),
    ];
    let right = grant(&rules.join(", "), "{ kind: User, name: mallory }");
    let found = gained(&estate(&[]), &estate(&[&right]));
    let [line] = &*found else {
        panic!("{found:?}");
    };
    assert!(line.starts_with("user mallory: leads to everything in 2 steps: user mallory may create certificatesigningrequests"), "{line}");
    assert!(
        line.contains("for any user; service account adm/boss may * * everywhere"),
        "{line}"
    );
}

/// Repositories of manifests hold no nodes: whoever starts pods gets to those that there will be.
#[test]
fn pods_that_may_be_made_are_a_step_to_nodes_that_no_file_has() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: cart, namespace: shop }";
    let right = |verbs: &str| {
        let rule = format!("{{ apiGroups: [''], resources: [pods], verbs: [{verbs}] }}");
        grant_in(
            "r",
            "shop",
            &rule,
            "{ kind: ServiceAccount, name: cart, namespace: shop }",
        )
    };
    let found = gained(
        &bare_estate(&[account, &right("get")]),
        &bare_estate(&[account, &right("get, create")]),
    );
    let [line] = &*found else {
        panic!("{found:?}");
    };
    assert!(
        line.starts_with(
            "service account shop/cart: leads to root on node (where it runs) in 1 step: "
        ),
        "{line}"
    );
}

/// The controllers' accounts are in no repository, and the server's own bindings name them.
#[test]
fn grants_in_kube_system_lead_to_the_controllers_of_the_cluster() {
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: cart, namespace: shop }";
    let bound = grant_in(
        "old",
        "shop",
        "{ apiGroups: [''], resources: [pods], verbs: [get] }",
        "{ kind: User, name: tom }",
    );
    for rule in [
        "{ apiGroups: [''], resources: [serviceaccounts/token], verbs: [create] }",
        "{ apiGroups: [''], resources: [pods], verbs: [create] }",
        "{ apiGroups: [''], resources: [secrets], verbs: [create, get] }",
    ] {
        let right = grant_in("r", "kube-system", rule, "{ kind: User, name: tom }");
        let whole = |texts: &[&str]| {
            let mut estate = bare_estate(texts);
            crate::bootstrap::complete(&mut estate.clusters[0]);
            estate
        };
        let found = gained(
            &whole(&[account, &bound]),
            &whole(&[account, &bound, &right]),
        );
        let leads = found
            .iter()
            .filter(|line| line.starts_with("user tom: leads to everything in 2 steps: "));
        assert_eq!(leads.count(), 1, "{rule}: {found:?}");
    }
}

/// The control plane's own files: without any control-plane node in the estate, each may be one.
#[test]
fn files_of_the_control_plane_are_a_gain_also_on_a_known_node() {
    let node = "apiVersion: v1\nkind: Node\nmetadata: { name: n1 }";
    let plain = "apiVersion: v1\nkind: Pod\nmetadata: { name: p, namespace: shop }\nspec: { nodeName: n1, \
         automountServiceAccountToken: false, containers: [{ name: main, image: example }] }";
    for (path, goal) in [
        ("/etc/kubernetes/pki", "everything"),
        ("/etc/kubernetes/admin.conf", "everything"),
        ("/etc/kubernetes/super-admin.conf", "everything"),
        ("/etc/kubernetes/pki/sa.key", "everything"),
        ("/etc/kubernetes/pki/etcd", "all secrets"),
        ("/var/lib/etcd", "all secrets"),
        ("/var/lib/rancher/k3s/server", "everything"),
        ("/etc/rancher/k3s/k3s.yaml", "everything"),
        ("/var/lib/minikube", "everything"),
        ("/root/.kube", "everything"),
    ] {
        let mounted = plain.replace(
            "containers: [{ name: main, image: example }]",
            &format!(
                "volumes: [{{ name: v, hostPath: {{ path: {path} }} }}], containers: [{{ name: main, image: example, \
                 volumeMounts: [{{ name: v, mountPath: /v, readOnly: true }}] }}]"
            ),
        );
        let found = gained(
            &bare_estate(&[node, plain]),
            &bare_estate(&[node, &mounted]),
        );
        let start = format!("Pod shop/p: leads to {goal}");
        let leads = found.iter().filter(|line| line.starts_with(&start));
        assert_eq!(leads.count(), 1, "{path}: {found:?}");
    }
}

/// Commands in the administrator's pod are three steps, its token by request is two.
#[test]
fn of_new_ways_to_one_thing_the_shortest_is_told() {
    let right =
        |resource: &str| format!("{{ apiGroups: [''], resources: [{resource}], verbs: [create] }}");
    let mallory = "{ kind: User, name: mallory }";
    let long = right("pods/exec");
    let both = format!("{long}, {}", right("serviceaccounts/token"));
    for (rules, steps) in [(long, 3), (both, 2)] {
        let found = gained(&estate(&[]), &estate(&[&grant(&rules, mallory)]));
        let start = format!("user mallory: leads to everything in {steps} steps: ");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&start), "{found:?}");
    }
}
