mod pods;

use viewshed_model::{
    ApiResource, AuthorizerKind, Cluster, ConfigKind, Gap, GapReason, LabelSelector, SubjectKind,
    Tell, VolumeSource,
};

use super::{
    Place, add_list, add_object, api_resources, authorization_configuration, configz, health,
    kubelet_configuration, settings_from_pods, version,
};
use crate::DecodeError;

fn add(json: &str) -> (Cluster, Vec<Gap>) {
    let mut cluster = Cluster::default();
    let mut gaps = Vec::new();
    let place = Place {
        source: "shop",
        file: Some("shop.json"),
        line: 1,
    };
    add_object(&mut cluster, &mut gaps, &place, json);
    (cluster, gaps)
}

fn check(json: &str) -> Cluster {
    let (cluster, gaps) = add(json);
    assert_eq!(gaps, [], "{json}");
    cluster
}

#[test]
fn null_lists_are_empty() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r"},"rules":null},
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b","namespace":"n"},
         "roleRef":{"kind":"ClusterRole","name":"r"}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","labels":null,"annotations":null},
         "spec":{"containers":null,"volumes":null}}]}"#,
    );
    assert_eq!(cluster.roles[0].rules, []);
    assert_eq!(cluster.bindings[0].subjects, []);
    assert_eq!(cluster.pods[0].spec.containers, []);
}

#[test]
fn a_broken_object_is_a_gap_and_its_neighbours_are_read() {
    let (cluster, gaps) = add(r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a"}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"bad","namespace":"a"},"spec":{"hostNetwork":"yes"}},
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}]}"#);
    assert_eq!(cluster.namespaces.len(), 2);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, GapReason::Malformed);
    assert_eq!(gaps[0].what, "read `Pod` `a/bad` at line 3");
    // One position is enough, and the parser's own counts from the object.
    assert_eq!(
        gaps[0].detail,
        "invalid type: string \"yes\", expected a boolean"
    );
    let lines: Vec<_> = cluster
        .namespaces
        .iter()
        .map(|namespace| namespace.meta.position.as_ref().unwrap().line)
        .collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn a_key_given_twice_is_reported_and_the_last_holds() {
    let (cluster, gaps) = add(
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\n\"hostPID\":false,\n\"hostPID\":true}}",
    );
    assert!(cluster.pods[0].spec.host.pid);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].what, "be sure of `Pod` `p` at line 3");
}

#[test]
fn secret_values_are_dropped_and_key_names_stay() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"type":"Opaque",
        "data":{"user":"c2hvcA==","password":"aHVudGVyMg=="},"stringData":{"url":"postgres://x"}}"#,
    );
    let secret = &cluster.configs[0];
    assert_eq!(secret.kind, ConfigKind::Secret);
    assert_eq!(secret.keys, ["password", "url", "user"]);
    assert_eq!(secret.secret_type, "Opaque");
    assert!(!format!("{cluster:?}").contains("aHVudGVyMg"));
}

#[test]
fn env_values_are_judged_and_dropped() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i",
        "env":[{"name":"DB_PASSWORD","value":"hunter2"},
               {"name":"API_TOKEN","valueFrom":{"secretKeyRef":{"name":"api","key":"t"}}}],
        "envFrom":[{"configMapRef":{"name":"settings"}}]}]}}"#,
    );
    let container = &cluster.pods[0].spec.containers[0];
    assert_eq!(container.env[0].tells, [Tell::Credential]);
    assert_eq!(container.env_secrets, ["api"]);
    assert_eq!(container.env_config_maps, ["settings"]);
    assert!(!format!("{cluster:?}").contains("hunter2"));
}

/// Kubernetes documentation, "Create a Windows `HostProcess` Pod": the pod's setting counts where the container has none.
#[test]
fn host_processes_of_windows_are_privileged() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{
        "securityContext":{"windowsOptions":{"hostProcess":true}},"containers":[{"name":"a","image":"i"},
        {"name":"b","image":"i","securityContext":{"windowsOptions":{"hostProcess":false}}}]}}"#,
    );
    let containers = cluster.pods[0].spec.containers.iter();
    let privileged: Vec<bool> = containers.map(|one| one.privileged).collect();
    assert_eq!(privileged, [true, false]);
}

#[test]
fn volumes_of_every_kind() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"volumes":[
        {"name":"a","hostPath":{"path":"/var/run/docker.sock"}},
        {"name":"b","projected":{"sources":[{"serviceAccountToken":{"path":"token","audience":"vault","expirationSeconds":3607}},
            {"configMap":{"name":"kube-root-ca.crt"}},{"downwardAPI":{}}]}},
        {"name":"c","csi":{"driver":"d","nodePublishSecretRef":{"name":"s"}}},
        {"name":"d","emptyDir":{}},
        {"name":"e","ephemeral":{}}]}}"#,
    );
    let volumes = &cluster.pods[0].spec.volumes;
    assert_eq!(
        volumes[0].sources,
        [VolumeSource::HostPath("/var/run/docker.sock".into())]
    );
    assert!(matches!(&volumes[1].sources[..],
        [VolumeSource::Token(token), VolumeSource::ConfigMap(name), VolumeSource::Other(other)]
            if token.audience == "vault" && token.expiration_seconds == 3607
                && name == "kube-root-ca.crt" && other == "downwardAPI"));
    assert_eq!(
        volumes[2].sources,
        [
            VolumeSource::DriverSecret("s".into()),
            VolumeSource::Other("csi".into())
        ]
    );
    assert_eq!(volumes[3].sources, [VolumeSource::Other("emptyDir".into())]);
    assert_eq!(volumes[4].sources, [VolumeSource::Ephemeral]);
}

#[test]
fn any_kind_with_a_pod_template_is_a_workload() {
    let template =
        r#""template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c"}]}}"#;
    for (api_version, kind, spec) in [
        (
            "apps/v1",
            "Deployment",
            format!(r#"{{"selector":{{"matchLabels":{{"app":"x"}}}},"replicas":3,{template}}}"#),
        ),
        (
            "v1",
            "ReplicationController",
            format!(r#"{{"selector":{{"app":"x"}},{template}}}"#),
        ),
        (
            "batch/v1",
            "CronJob",
            format!(r#"{{"jobTemplate":{{"spec":{{{template}}}}}}}"#),
        ),
        ("argoproj.io/v1alpha1", "Rollout", format!("{{{template}}}")),
        (
            "apps.openshift.io/v1",
            "DeploymentConfig",
            format!(r#"{{"selector":{{"app":"x"}},{template}}}"#),
        ),
    ] {
        let cluster = check(&format!(
            r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"name":"w"}},"spec":{spec}}}"#
        ));
        let workload = &cluster.workloads[0];
        assert_eq!(workload.kind, kind);
        assert_eq!(workload.template.containers.len(), 1, "{kind}");
        assert_eq!(workload.pod_labels["app"], "x");
        if let Some(selector) = &workload.selector {
            assert_eq!(selector.match_labels["app"], "x", "{kind}");
        }
    }
}

#[test]
fn other_kinds_keep_their_names() {
    let cluster = check(
        r#"{"apiVersion":"cert-manager.io/v1","kind":"Certificate","metadata":{"name":"tls","namespace":"shop"},"spec":{"template":"x"}}"#,
    );
    assert_eq!(cluster.others[0].group, "cert-manager.io");
    assert_eq!(cluster.others[0].meta.full_name(), "shop/tls");
}

#[test]
fn policy_types_default_as_the_server_does() {
    let isolation = |spec: &str| {
        let cluster = check(&format!(
            r#"{{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{{"name":"p"}},"spec":{spec}}}"#
        ));
        let policy = &cluster.network_policies[0];
        assert_eq!(
            policy.pod_selector,
            Some(LabelSelector::default()),
            "{spec}"
        );
        (policy.isolates_ingress, policy.isolates_egress)
    };
    assert_eq!(isolation("{}"), (true, false));
    assert_eq!(isolation(r#"{"egress":[]}"#), (true, false));
    assert_eq!(isolation(r#"{"egress":[{}]}"#), (true, true));
    assert_eq!(isolation(r#"{"policyTypes":["Egress"]}"#), (false, true));
}

#[test]
fn calico_and_cilium_have_defaults_of_their_own() {
    let isolation = |api_version: &str, kind: &str, spec: &str| {
        let cluster = check(&format!(
            r#"{{"apiVersion":"{api_version}","kind":"{kind}","metadata":{{"name":"p"}},{spec}}}"#
        ));
        let policy = &cluster.network_policies[0];
        (policy.isolates_ingress, policy.isolates_egress)
    };
    let calico = "projectcalico.org/v3";
    assert_eq!(
        isolation(calico, "GlobalNetworkPolicy", r#""spec":{}"#),
        (true, false)
    );
    assert_eq!(
        isolation(
            calico,
            "NetworkPolicy",
            r#""spec":{"egress":[{"action":"Allow"}]}"#
        ),
        (false, true)
    );
    let cilium = "cilium.io/v2";
    assert_eq!(
        isolation(cilium, "CiliumNetworkPolicy", r#""spec":{"ingress":[{}]}"#),
        (true, false)
    );
    assert_eq!(
        isolation(cilium, "CiliumNetworkPolicy", r#""spec":{"ingress":[]}"#),
        (false, false)
    );
    assert_eq!(
        isolation(
            cilium,
            "CiliumNetworkPolicy",
            r#""specs":[{"egressDeny":[{}]},{"ingress":[{}],"enableDefaultDeny":{"ingress":false}}]"#
        ),
        (false, true)
    );
    let admin = r#""spec":{"priority":1,"ingress":[{"action":"Deny"}]}"#;
    assert_eq!(
        isolation(
            "policy.networking.k8s.io/v1alpha1",
            "AdminNetworkPolicy",
            admin
        ),
        (false, false)
    );
}

#[test]
fn names_of_any_kind_survive_as_they_are() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"<img src=x>\u001b[31m\u202e"}}"#,
    );
    assert_eq!(
        cluster.namespaces[0].meta.name,
        "<img src=x>\u{1b}[31m\u{202e}"
    );
    let (_, gaps) =
        add(r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\u001b[31mp"},"spec":7}"#);
    assert_eq!(gaps[0].what, "read `Pod` `p` at line 1");
}

#[test]
fn subjects_keep_a_namespace_only_for_service_accounts() {
    let cluster = check(
        r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"b"},
        "roleRef":{"kind":"ClusterRole","name":"view"},"subjects":[
        {"kind":"User","name":"eve","namespace":"x"},{"kind":"ServiceAccount","name":"ci","namespace":"build"},
        {"kind":"Robot","name":"r2"}]}"#,
    );
    let subjects = &cluster.bindings[0].subjects;
    assert_eq!(subjects[0].namespace, None);
    assert_eq!(subjects[1].namespace.as_deref(), Some("build"));
    assert_eq!(subjects[2].kind, SubjectKind::Other("Robot".into()));
}

fn list(
    resources: &[ApiResource],
    group: &str,
    resource: &str,
    body: &str,
) -> (Cluster, Vec<Gap>, Result<super::ListPage, DecodeError>) {
    let mut cluster = Cluster {
        api_resources: resources.to_vec(),
        ..Cluster::default()
    };
    let mut gaps = Vec::new();
    let page = add_list(
        &mut cluster,
        &mut gaps,
        "live",
        group,
        resource,
        body.as_bytes(),
    );
    (cluster, gaps, page)
}

#[test]
fn items_of_typed_lists_need_no_kind() {
    let (cluster, gaps, page) = list(
        &[],
        "",
        "pods",
        r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42","continue":"abc","remainingItemCount":7},
        "items":[{"metadata":{"name":"a","namespace":"n"},"spec":{"nodeName":"w1"},"status":{"phase":"Running","podIP":"10.0.0.1"}}]}"#,
    );
    let page = page.unwrap();
    assert_eq!(gaps, []);
    assert_eq!(page.continue_token.as_deref(), Some("abc"));
    assert_eq!((page.remaining_item_count, page.count), (Some(7), 1));
    assert_eq!(page.resource_version, "42");
    assert_eq!(cluster.pods[0].node, "w1");
    assert_eq!(cluster.pods[0].meta.position, None);
    assert_eq!(cluster.pods[0].ips, ["10.0.0.1"]);
}

#[test]
fn metadata_lists_give_names_and_managed_keys() {
    let (cluster, _, page) = list(
        &[],
        "",
        "secrets",
        r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":[
        {"metadata":{"name":"s","namespace":"n","managedFields":[{"manager":"kubectl","fieldsV1":
        {"f:data":{".":{},"f:password":{},"f:user":{}},"f:type":{}}}]}}]}"#,
    );
    assert_eq!(page.unwrap().count, 1);
    assert_eq!(cluster.configs[0].keys, ["password", "user"]);
    assert_eq!(cluster.configs[0].kind, ConfigKind::Secret);
}

#[test]
fn tables_give_names_and_secret_types() {
    let (cluster, _, page) = list(
        &[],
        "",
        "secrets",
        r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":[{"name":"Name"},{"name":"Type"},{"name":"Data"}],
        "rows":[{"cells":["s","kubernetes.io/tls",2],"object":{"kind":"PartialObjectMetadata","metadata":{"name":"s","namespace":"n"}}}]}"#,
    );
    assert_eq!(page.unwrap().count, 1);
    assert_eq!(cluster.configs[0].secret_type, "kubernetes.io/tls");
}

#[test]
fn metadata_of_other_kinds_takes_its_kind_from_discovery() {
    let resource = ApiResource {
        group: "cert-manager.io".into(),
        resource: "certificates".into(),
        kind: "Certificate".into(),
        ..ApiResource::default()
    };
    let (cluster, _, _) = list(
        &[resource],
        "cert-manager.io",
        "certificates",
        r#"{"kind":"PartialObjectMetadataList","items":[{"metadata":{"name":"tls"}}]}"#,
    );
    assert_eq!(cluster.others[0].kind, "Certificate");
    assert_eq!(cluster.others[0].resource, "certificates");
}

#[test]
fn a_truncated_page_keeps_its_complete_items() {
    let (cluster, gaps, page) = list(
        &[],
        "",
        "namespaces",
        r#"{"kind":"NamespaceList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"na"#,
    );
    assert_eq!(page.unwrap().count, 1);
    assert_eq!(cluster.namespaces.len(), 1);
    assert_eq!(gaps[0].reason, GapReason::Truncated);
}

#[test]
fn no_list_is_an_error() {
    let fail = |body: &str| list(&[], "", "pods", body).2.unwrap_err();
    assert!(matches!(
        fail(r#"{"kind":"Status","apiVersion":"v1","reason":"Expired","message":"token\u001b[1m expired","code":410}"#),
        DecodeError::Status { code: 410, reason, message } if reason == "Expired" && message == "token expired"
    ));
    assert!(matches!(fail("<html>"), DecodeError::Json { .. }));
    assert!(matches!(
        fail(r#"{"kind":"Pod"}"#),
        DecodeError::Kind { .. }
    ));
}

#[test]
fn discovery_in_all_four_forms() {
    let resources = api_resources(
        br#"{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[
        {"name":"deployments","singularName":"deployment","shortNames":["deploy"],"namespaced":true,"kind":"Deployment","verbs":["get","list"]},
        {"name":"deployments/scale","group":"autoscaling","version":"v1","namespaced":true,"kind":"Scale","verbs":["get"]}]}"#,
    )
    .unwrap()
    .resources;
    assert_eq!(resources[0].other_names, ["deploy"]);
    assert_eq!(resources[1].group, "apps");
    assert_eq!(resources[1].resource, "deployments/scale");
    let groups = api_resources(
        br#"{"kind":"APIGroupList","groups":[{"name":"x","versions":[{"groupVersion":"x/v2"},{"groupVersion":"x/v1"}],
        "preferredVersion":{"groupVersion":"x/v1"}}]}"#,
    );
    assert_eq!(groups.unwrap().group_versions, ["x/v1", "x/v2"]);
    let core = api_resources(br#"{"kind":"APIVersions","versions":["v1"]}"#);
    assert_eq!(core.unwrap().group_versions, ["v1"]);
    let all = api_resources(
        br#"{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[{"metadata":{"name":"batch"},"versions":[
        {"version":"v1","freshness":"Current","resources":[{"resource":"jobs","responseKind":{"group":"","version":"","kind":"Job"},
         "scope":"Namespaced","verbs":["list"],"subresources":[{"subresource":"status","responseKind":{"kind":"Job"},"verbs":["get"]}]}]},
        {"version":"v1beta1","freshness":"Stale","resources":[{"resource":"jobs","scope":"Namespaced"},{"resource":"old","scope":"Cluster","shortNames":["o"],"singularResource":"older"}]}]}]}"#,
    )
    .unwrap();
    let names: Vec<_> = all
        .resources
        .iter()
        .map(|one| (one.resource.as_str(), one.version.as_str(), one.namespaced))
        .collect();
    assert_eq!(
        names,
        [
            ("jobs", "v1", true),
            ("jobs/status", "v1", true),
            ("old", "v1beta1", false)
        ]
    );
    assert_eq!(all.resources[2].other_names, ["o", "older"]);
    assert_eq!(all.stale, ["batch"]);
    assert!(api_resources(b"{}").is_err());
}

#[test]
fn version_and_health() {
    assert_eq!(
        version(br#"{"major":"1","minor":"37","gitVersion":"v1.37.2","platform":"linux/amd64"}"#)
            .unwrap()
            .git_version,
        "v1.37.2"
    );
    assert!(version(br#"{"hello":1}"#).is_err());
    let checks = health(
        "livez",
        b"[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n",
    );
    assert_eq!(checks.len(), 2);
    assert_eq!((checks[1].check.as_str(), checks[1].ok), ("etcd", false));
}

#[test]
fn kubelet_settings_from_configz_and_files() {
    let live = configz(
        br#"{"kubeletconfig":{"authentication":{"x509":{"clientCAFile":"/ca"},"webhook":{"enabled":true},"anonymous":{"enabled":false}},
        "authorization":{"mode":"Webhook"},"readOnlyPort":0,"enableDebuggingHandlers":true}}"#,
    )
    .unwrap();
    assert_eq!(
        (live.anonymous, live.client_ca, live.read_only_port),
        (Some(false), Some(true), Some(0))
    );
    let file = kubelet_configuration(
        b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication:\n  anonymous:\n    enabled: yes\nauthorization:\n  mode: AlwaysAllow\n",
    )
    .unwrap();
    assert_eq!((file.anonymous, file.read_only_port), (Some(true), None));
    assert_eq!(file.authorization_mode, "AlwaysAllow");
    assert!(kubelet_configuration(b"kind: Pod").is_err());
}

#[test]
fn authorizer_chain_from_a_file() {
    let chain = authorization_configuration(
        b"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n- type: Node\n  name: node\n- type: Webhook\n  name: opa\n  webhook:\n    failurePolicy: Deny\n    matchConditions:\n    - expression: \"request.user != 'x'\"\n- type: RBAC\n  name: rbac\n",
    )
    .unwrap();
    let kinds: Vec<_> = chain.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            AuthorizerKind::Node,
            AuthorizerKind::Webhook,
            AuthorizerKind::Rbac
        ]
    );
    assert_eq!(chain[1].match_conditions, ["request.user != 'x'"]);
    assert_eq!(chain[1].failure_policy, "Deny");
}

#[test]
fn authorizer_chain_from_the_static_pod() {
    let chain = |flag: &str, namespace: &str| {
        let (mut cluster, mut gaps) = add(&format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"kube-apiserver-m1","namespace":"{namespace}"}},
            "spec":{{"containers":[{{"name":"kube-apiserver","command":["kube-apiserver","{flag}"]}}]}}}}"#
        ));
        settings_from_pods(&mut cluster, &mut gaps);
        let kinds = cluster
            .authorizers
            .map(|chain| chain.iter().map(|one| one.kind).collect::<Vec<_>>());
        (kinds, gaps.len())
    };
    assert_eq!(
        chain("--authorization-mode=Node,RBAC", "kube-system"),
        (Some(vec![AuthorizerKind::Node, AuthorizerKind::Rbac]), 0)
    );
    assert_eq!(
        chain("--secure-port=6443", "kube-system"),
        (Some(vec![AuthorizerKind::AlwaysAllow]), 0)
    );
    assert_eq!(
        chain("--authorization-mode=Node,RBAC", "vcluster"),
        (None, 0)
    );
    assert_eq!(
        chain("--authorization-config=/etc/authz.yaml", "kube-system"),
        (None, 1)
    );
}
