//! Labels that controllers give pods, of workloads whose pods are not in the estate (kubernetes.io "Well-Known Labels,
//! Annotations and Taints").

use super::{check, cluster_of_yaml, pod};
use crate::network::Cni;

fn workload(kind: &str, name: &str) -> String {
    let group = match kind {
        "Job" | "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    let template =
        "{ metadata: { labels: { app: db } }, spec: { containers: [{ name: c, image: i }] } }";
    let spec = match kind {
        "CronJob" => format!(
            "{{ schedule: '0 * * * *', jobTemplate: {{ spec: {{ template: {template} }} }} }}"
        ),
        _ => format!("{{ selector: {{ matchLabels: {{ app: db }} }}, template: {template} }}"),
    };
    format!(
        "apiVersion: {group}\nkind: {kind}\nmetadata: {{ name: {name}, namespace: a }}\nspec: {spec}\n---\n"
    )
}

#[test]
fn labels_that_controllers_give_are_on_pods_that_are_not_there_yet() {
    let depends = "depends on the labels of pod `a/db`";
    let rows = [
        (
            "StatefulSet",
            "{ key: statefulset.kubernetes.io/pod-name, operator: In, values: [db-0] }",
            depends,
        ),
        (
            "StatefulSet",
            "{ key: statefulset.kubernetes.io/pod-name, operator: In, values: [cache-0] }",
            "allowed",
        ),
        (
            "StatefulSet",
            "{ key: statefulset.kubernetes.io/pod-name, operator: NotIn, values: [cache-0] }",
            "denied",
        ),
        (
            "StatefulSet",
            "{ key: apps.kubernetes.io/pod-index, operator: In, values: ['0'] }",
            depends,
        ),
        (
            "Job",
            "{ key: job-name, operator: In, values: [db] }",
            "denied",
        ),
        (
            "Job",
            "{ key: batch.kubernetes.io/job-name, operator: In, values: [other] }",
            "allowed",
        ),
        ("CronJob", "{ key: job-name, operator: Exists }", "denied"),
        (
            "CronJob",
            "{ key: job-name, operator: In, values: [db-29] }",
            depends,
        ),
        (
            "Deployment",
            "{ key: pod-template-hash, operator: Exists }",
            "denied",
        ),
        (
            "Deployment",
            "{ key: pod-template-hash, operator: DoesNotExist }",
            "allowed",
        ),
        (
            "Deployment",
            "{ key: job-name, operator: Exists }",
            "allowed",
        ),
        (
            "DaemonSet",
            "{ key: controller-revision-hash, operator: Exists }",
            "denied",
        ),
    ];
    for (kind, requirement, verdict) in rows {
        let text = format!(
            "{}{}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
             spec: {{ podSelector: {{ matchExpressions: [{requirement}] }}, ingress: [] }}\n",
            workload(kind, "db"),
            pod("b/cli", "n1", "{ app: cli }", ("10.0.0.2", "[]")),
        );
        let rows = [("b/cli a/db 80", verdict)];
        check(&cluster_of_yaml(&text), Some(Cni::Generic), &rows);
    }
}

/// Two workloads with the same labels are two places where a policy asks for what their controllers give.
#[test]
fn workloads_that_only_their_controllers_tell_apart_are_apart() {
    let text = format!(
        "{}{}{}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: a }}\n\
         spec: {{ podSelector: {{ matchLabels: {{ job-name: one }} }}, ingress: [] }}\n",
        workload("Job", "one"),
        workload("Job", "two"),
        pod("b/cli", "n1", "{ app: cli }", ("10.0.0.2", "[]")),
    );
    let rows = [("b/cli a/one 80", "denied"), ("b/cli a/two 80", "allowed")];
    check(&cluster_of_yaml(&text), Some(Cni::Generic), &rows);
}
