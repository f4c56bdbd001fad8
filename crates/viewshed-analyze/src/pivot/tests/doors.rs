use viewshed_model::Identity;

use super::{cluster, grant, leads, rule};
use crate::network::Cni;
use crate::pivot::{LazyNetwork, PivotIndex};
use crate::sight::SightIndex;

/// A dashboard with every right; `flags` are its arguments.
fn dashboard(flags: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: board, namespace: board }}\nspec:\n  \
         nodeName: worker\n  serviceAccountName: board\n  containers:\n  - name: main\n    \
         image: kubernetesui/dashboard:v2.7.0\n    args: [{flags}]\n    ports: [{{ containerPort: 9090 }}]\n---\n{}",
        grant("board", ("board", "board"), None, &rule("'*'", "*", "*"))
    )
}

fn policy(ports: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: in, namespace: board }}\n\
         spec: {{ podSelector: {{}}, policyTypes: [Ingress], ingress: [{{ ports: [{ports}] }}] }}\n---\n"
    )
}

fn of_web(text: &str) -> Vec<String> {
    let mut found = leads(&cluster(text), ("shop", "web"), 2);
    found.retain(|one| !one.ends_with("shop/web 1"));
    found
}

#[test]
fn a_dashboard_that_asks_nobody_to_log_in_lends_its_account() {
    let open = dashboard("--enable-skip-login");
    assert_eq!(of_web(&open)[0], "Administrator 2");
    assert!(of_web(&open).contains(&"ServiceAccount board/board 1".to_owned()));
    assert_eq!(of_web(&dashboard("--port=9090")), Vec::<String>::new());
}

/// Its port counts, not that some port is open.
#[test]
fn a_policy_before_the_dashboard_closes_the_way() {
    let open = dashboard("--enable-skip-login");
    let metrics = policy("{ protocol: TCP, port: 8000 }");
    assert_eq!(of_web(&format!("{open}{metrics}")), Vec::<String>::new());
    let own = policy("{ protocol: TCP, port: 9090 }");
    assert_eq!(of_web(&format!("{open}{own}"))[0], "Administrator 2");
}

/// What anybody may without a credential is a step for pods that reach the API server.
#[test]
fn rights_of_the_anonymous_are_used_by_pods_that_reach_the_api_server() {
    let text = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: open }\n\
         rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: { name: open }\n\
         roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: open }\n\
         subjects: [{ kind: User, name: 'system:anonymous' }]\n---\n";
    assert_eq!(of_web(text), ["AllSecrets 2", "User system:anonymous 1"]);
    // kube-apiserver's own settings (`pkg/kubeapiserver/options/authentication.go`, `AnonymousAuthConfig`).
    let server = |flags: &str| {
        format!(
            "{text}apiVersion: v1\nkind: Pod\nmetadata: {{ name: kube-apiserver-cp, namespace: kube-system }}\n\
             spec: {{ hostNetwork: true, containers: [{{ name: kube-apiserver, image: x, \
             command: [kube-apiserver, '--authorization-mode=Node,RBAC', {flags}] }}] }}\n---\n"
        )
    };
    let configured = |anonymous: &str| {
        format!(
            "{text}apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n\
             anonymous: {{ {anonymous} }}\n---\n"
        )
    };
    for taken in [
        server(""),
        server("--anonymous-auth=true"),
        configured("enabled: true"),
    ] {
        assert_eq!(of_web(&taken), ["AllSecrets 2", "User system:anonymous 1"]);
    }
    for refused in [
        server("--anonymous-auth=false"),
        configured("enabled: false"),
        configured("enabled: true, conditions: [{ path: /livez }]"),
    ] {
        assert_eq!(of_web(&refused), Vec::<String>::new());
    }
    // Nor does anybody else become anything without a credential.
    let of_anonymous = |text: &str| {
        let cluster = cluster(text);
        let sight = SightIndex::new(&cluster);
        let network = LazyNetwork::of(&cluster, Some(Cni::Generic));
        let pivots = PivotIndex::asked_by(&sight, network, &Identity::anonymous());
        pivots.from_asker(9).0.len()
    };
    assert_eq!(of_anonymous(&server("--anonymous-auth=true")), 1);
    assert_eq!(of_anonymous(&server("--anonymous-auth=false")), 0);
    assert_eq!(
        leads(&cluster(text), ("shut", "job"), 9),
        Vec::<String>::new()
    );
}

/// Files of settings do not say which kubelets run with them.
#[test]
fn a_kubelet_file_that_lets_everybody_in_may_be_a_way_to_each_node() {
    let file = |mode: &str| {
        format!(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n\
             authentication: {{ anonymous: {{ enabled: true }} }}\nauthorization: {{ mode: {mode} }}\n---\n"
        )
    };
    let open = of_web(&file("AlwaysAllow"));
    assert!(open.contains(&"Pod ops/tool 1?".to_owned()), "{open:?}");
    assert_eq!(of_web(&file("Webhook")), Vec::<String>::new());
}
