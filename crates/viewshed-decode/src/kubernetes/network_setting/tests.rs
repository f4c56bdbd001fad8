use viewshed_model::{Backend, Cluster, NetworkSetting};

use crate::kubernetes::{Place, add_object};

fn check(json: &str) -> Cluster {
    let mut cluster = Cluster::default();
    let mut gaps = Vec::new();
    assert_eq!(
        add_object(&mut cluster, &mut gaps, &Place::server("c"), json),
        1
    );
    assert_eq!(gaps, []);
    cluster
}

fn setting(json: &str) -> Option<NetworkSetting> {
    check(json).network_settings.into_iter().next()
}

#[test]
fn of_a_config_map_only_listed_settings_are_kept() {
    let found = setting(
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cilium-config","namespace":"kube-system"},
            "data":{"enable-policy":"always","identity-allocation-mode":"crd","etcd-config":"password: x"}}"#,
    )
    .expect("a setting");
    assert_eq!(found.kind, "ConfigMap");
    assert_eq!(found.spec_json, r#"{"enable-policy":"always"}"#);
    let other = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"shop"},
        "data":{"note":"see cilium-config","enable-policy":"never"}}"#;
    assert_eq!(setting(other), None);
}

#[test]
fn of_a_daemon_set_only_the_plugins_listed_variables_are_kept() {
    let body = |name: &str| {
        format!(
            r#"{{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{{"name":"{name}","namespace":"kube-system"}},
            "spec":{{"template":{{"spec":{{"containers":[{{"name":"a","env":[
                {{"name":"FELIX_DEFAULTENDPOINTTOHOSTACTION","value":"ACCEPT"}},
                {{"name":"ETCD_PASSWORD","value":"calico-node"}}]}}]}}}}}}}}"#
        )
    };
    let found = setting(&body("calico-node")).expect("a setting");
    assert_eq!(
        found.spec_json,
        r#"{"FELIX_DEFAULTENDPOINTTOHOSTACTION":"ACCEPT"}"#
    );
    assert_eq!(setting(&body("logger")), None);
}

#[test]
fn sets_and_tiers_keep_their_specification() {
    let found = setting(
        r#"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkSet","metadata":{"name":"bad","labels":{"role":"bad"}},
            "spec":{"nets":["192.0.2.0/24"]}}"#,
    )
    .expect("a set");
    assert_eq!(found.spec_json, r#"{"nets":["192.0.2.0/24"]}"#);
    assert_eq!(found.meta.labels["role"], "bad");
}

#[test]
fn classes_and_grants_keep_their_specification() {
    let class = setting(
        r#"{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","metadata":{"name":"nginx","annotations":{
            "ingressclass.kubernetes.io/is-default-class":"true","note":"x"}},"spec":{"controller":"k8s.io/ingress-nginx"}}"#,
    )
    .expect("a class");
    assert_eq!(
        class.spec_json,
        r#"{"controller":"k8s.io/ingress-nginx","isDefaultClass":true}"#
    );
    let grant = setting(
        r#"{"apiVersion":"gateway.networking.k8s.io/v1beta1","kind":"ReferenceGrant","metadata":{"name":"g","namespace":"a"},
            "spec":{"from":[],"to":[]}}"#,
    )
    .expect("a grant");
    assert_eq!(grant.spec_json, r#"{"from":[],"to":[]}"#);
    let old = check(
        r#"{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"i","namespace":"a","annotations":{
            "kubernetes.io/ingress.class":"nginx"}},"spec":{}}"#,
    );
    assert_eq!(old.ingresses[0].class, "nginx");
}

#[test]
fn a_policy_with_one_and_several_specifications_keeps_all() {
    let cluster = check(
        r#"{"apiVersion":"cilium.io/v2","kind":"CiliumNetworkPolicy","metadata":{"name":"p","namespace":"a"},
            "spec":{"description":"one"},"specs":[{"description":"two"}]}"#,
    );
    let policy = &cluster.network_policies[0];
    assert_eq!(
        policy.spec_json,
        r#"[{"description":"one"},{"description":"two"}]"#
    );
    assert_eq!(policy.version, "v2");
}

#[test]
fn ways_in_name_the_ports_they_lead_to() {
    let backend = |service: &str, port: &str| Backend {
        service: service.to_owned(),
        port: port.to_owned(),
    };
    let cluster = check(
        r#"{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"i","namespace":"a"},
            "spec":{"rules":[{"http":{"paths":[
                {"backend":{"service":{"name":"web","port":{"number":80}}}},
                {"backend":{"service":{"name":"api","port":{"name":"http"}}}}]}}]}}"#,
    );
    assert_eq!(
        cluster.ingresses[0].backends,
        [backend("api", "http"), backend("web", "80")]
    );
    let cluster = check(
        r#"{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"r","namespace":"a"},
            "spec":{"parentRefs":[{"name":"edge","namespace":"gw"}],"rules":[{"backendRefs":[{"name":"web","port":8080}]}]}}"#,
    );
    assert_eq!(cluster.gateways[0].backends, [backend("a/web", "8080")]);
    assert_eq!(cluster.gateways[0].gateways, ["gw/edge"]);
}

/// cilium/cilium `Documentation/configuration/per-node-config.rst`.
#[test]
fn settings_of_single_nodes_are_kept_like_those_of_the_config_map() {
    let found = setting(
        r#"{"apiVersion":"cilium.io/v2","kind":"CiliumNodeConfig","metadata":{"name":"a","namespace":"kube-system"},
            "spec":{"nodeSelector":{"matchLabels":{"io":"fast"}},
            "defaults":{"enable-policy":"never","etcd-config":"password: x"}}}"#,
    )
    .expect("a setting");
    assert_eq!(
        found.spec_json,
        r#"{"defaults":{"enable-policy":"never"},"nodeSelector":{"matchLabels":{"io":"fast"}}}"#
    );
}
