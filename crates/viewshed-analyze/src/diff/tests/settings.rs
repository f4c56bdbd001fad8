//! Settings that open a server, and those that close it.

use viewshed_decode::files::FileSet;
use viewshed_model::Estate;

use super::super::diff;
use super::{check, line};
use crate::samples::{binding, role};

fn files(text: &str) -> Estate {
    let mut files = FileSet::new("test");
    files.add("files.yaml", text.as_bytes());
    files.finish()
}

fn api_server(flags: &str) -> Estate {
    files(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: kube-apiserver-cp-1, namespace: kube-system }}\n\
         spec: {{ containers: [{{ name: kube-apiserver, image: kas, command: [kube-apiserver, {flags}] }}] }}\n"
    ))
}

fn authorizers(last: &str) -> Estate {
    files(&format!(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n\
         authorizers: [{{ type: Node, name: node }}, {{ type: {last}, name: last }}]\n"
    ))
}

fn kubelet(settings: &str) -> Estate {
    files(&format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n{settings}\n"
    ))
}

const OPENED: &str = "+ group system:authenticated: everything";

fn gains(before: &Estate, after: &Estate) -> Vec<String> {
    let report = diff(before, after, ("a", "b"));
    report.changes.iter().map(line).collect()
}

/// The mode by flag turns anonymous requests off; in a file it does not (`pkg/kubeapiserver/options/authentication.go`,
/// `ApplyAuthorization`).
#[test]
fn an_api_server_that_asks_nobody_any_more_is_a_gain_of_every_credential() {
    let strangers = OPENED.replace("authenticated", "unauthenticated");
    let by_flag = gains(
        &api_server("--authorization-mode=Node,RBAC"),
        &api_server("--authorization-mode=AlwaysAllow"),
    );
    assert!(by_flag.contains(&OPENED.to_owned()), "{by_flag:?}");
    assert!(!by_flag.contains(&strangers), "{by_flag:?}");
    let by_file = gains(&authorizers("RBAC"), &authorizers("AlwaysAllow"));
    assert!(by_file.contains(&OPENED.to_owned()), "{by_file:?}");
    assert!(by_file.contains(&strangers), "{by_file:?}");
}

#[test]
fn an_api_server_that_takes_requests_without_credential_opens_what_they_were_granted() {
    let flags = |is_taken: bool| {
        let flag = format!("--anonymous-auth={is_taken}, --authorization-mode=RBAC");
        let mut estate = api_server(&flag);
        for cluster in &mut estate.clusters {
            cluster.roles.push(role("lister", &["list | core | pods"]));
            let anonymous = ["group:system:unauthenticated"];
            cluster
                .bindings
                .push(binding("open", "ClusterRole/lister", &anonymous));
        }
        estate
    };
    check(
        &flags(false),
        &flags(true),
        "+ group system:unauthenticated: list pods",
    );
}

#[test]
fn a_kubelet_that_takes_everybody_is_a_gain() {
    check(
        &kubelet("authentication: { anonymous: { enabled: false } }"),
        &kubelet("authentication: { anonymous: { enabled: true } }"),
        "+ Object KubeletConfiguration: the kubelet takes requests without credentials; RBAC decides what they may see",
    );
    check(
        &kubelet("readOnlyPort: 0"),
        &kubelet("readOnlyPort: 10255"),
        "+ Object KubeletConfiguration: the kubelet lists its pods to anybody over plain HTTP",
    );
    check(
        &kubelet("authorization: { mode: Webhook }"),
        &kubelet("authorization: { mode: AlwaysAllow }"),
        "+ Object KubeletConfiguration: the kubelet allows every authenticated caller everything",
    );
}
