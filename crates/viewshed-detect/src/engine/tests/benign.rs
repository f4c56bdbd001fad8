//! Ordinary work: no incident, at the start of a log and after a month, without any list of names.

use std::fmt::Write as _;

use super::world::{after_a_month, after_an_hour, engine, wall};
use crate::script::activities;

pub(super) fn check(name: &str, script: &str) {
    for (log, incidents) in [
        ("hour", after_an_hour(script)),
        ("month", after_a_month(script)),
    ] {
        let reasons: Vec<String> = incidents
            .iter()
            .flat_map(|one| {
                one.reasons.iter().map(move |reason| {
                    format!(
                        "{}: {} {} {}",
                        one.actor.name, reason.weight, reason.detection, reason.text
                    )
                })
            })
            .collect();
        assert!(
            incidents.is_empty(),
            "{name}, after an {log}:\n{}",
            reasons.join("\n")
        );
    }
}

#[test]
fn an_ordinary_cluster_is_quiet_from_the_start() {
    check("nothing else", "");
    let mut told = Vec::new();
    let mut engine = engine();
    engine.step(wall(), &activities(super::world::ORDINARY, 0), &mut told);
    let (waiting, counted) = engine.highest();
    assert!(
        waiting < 60.0 && counted < 60.0,
        "{waiting} {counted} {:#?}",
        engine.evidenced()
    );
}

#[test]
fn a_new_controller_lists_and_watches() {
    check(
        "new controller",
        "10:00:00 kyverno/kyverno GET /api 200
         +0s kyverno/kyverno GET /apis 200
         +0s kyverno/kyverno GET /openapi/v3 200
         +0s kyverno/kyverno list secrets -A rv=0 200
         +0s kyverno/kyverno list configmaps -A rv=0 200
         +0s kyverno/kyverno list roles.rbac.authorization.k8s.io -A rv=0 200
         +0s kyverno/kyverno list clusterroles.rbac.authorization.k8s.io -A rv=0 200
         +0s kyverno/kyverno list clusterrolebindings.rbac.authorization.k8s.io -A rv=0 200
         +0s kyverno/kyverno list namespaces -A rv=0 200
         +0s kyverno/kyverno list nodes -A rv=0 200
         +0s kyverno/kyverno list pods -A rv=0 200
         +1s kyverno/kyverno watch secrets -A rv=5 200
         +0s kyverno/kyverno watch configmaps -A rv=5 200
         +0s kyverno/kyverno watch roles.rbac.authorization.k8s.io -A rv=5 200
         +0s kyverno/kyverno watch clusterroles.rbac.authorization.k8s.io -A rv=5 200
         +0s kyverno/kyverno watch clusterrolebindings.rbac.authorization.k8s.io -A rv=5 200
         +0s kyverno/kyverno watch namespaces -A rv=5 200
         +0s kyverno/kyverno watch nodes -A rv=5 200
         +0s kyverno/kyverno watch pods -A rv=5 200
         +10m kyverno/kyverno watch pods -A rv=9 200",
    );
}

#[test]
fn a_new_controller_streams() {
    check(
        "streaming controller",
        "10:00:00 operators/new watch secrets -A stream 200
         +0s operators/new watch configmaps -A stream 200
         +0s operators/new watch pods -A stream 200
         +0s operators/new watch nodes -A stream 200
         +0s operators/new watch namespaces -A stream 200
         +0s operators/new watch clusterroles.rbac.authorization.k8s.io -A stream 200
         +0s operators/new watch deployments.apps -A stream 200
         +8m operators/new watch deployments.apps -A rv=5 200",
    );
}

#[test]
fn a_gitops_tool_lists_in_pages_and_watches() {
    let mut script = String::from("10:00:00 argocd/argocd-application-controller GET /apis 200\n");
    let kinds = [
        "secrets",
        "configmaps",
        "pods",
        "nodes",
        "namespaces",
        "services",
        "serviceaccounts",
        "deployments.apps",
        "roles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
        "ingresses.networking.k8s.io",
    ];
    for kind in kinds {
        writeln!(
            script,
            "+0s argocd/argocd-application-controller list {kind} -A 200"
        )
        .unwrap();
    }
    for kind in kinds {
        writeln!(
            script,
            "+1s argocd/argocd-application-controller watch {kind} -A rv=44 200"
        )
        .unwrap();
    }
    check("argo", &script);
}

#[test]
fn a_controller_without_the_rights_tries_for_ever() {
    check(
        "refused reflector",
        "10:00:00 shop/operator list secrets -A rv=0 403
         +1s shop/operator list nodes -A rv=0 403
         +1s shop/operator list pods -A rv=0 403
         +1s shop/operator list secrets -A rv=0 403 x40
         +1s shop/operator list nodes -A rv=0 403 x40
         +1s shop/operator list pods -A rv=0 403 x40",
    );
}

#[test]
fn people_look_around_with_kubectl() {
    check(
        "kubectl",
        "10:00:00 carol GET /api 200
         +0s carol GET /apis 200
         +1s carol list pods -A 200
         +9s carol list nodes -A 200
         +9s carol list namespaces -A 200
         +9s carol list deployments.apps -n shop 200
         +9s carol list services -n shop 200
         +9s carol list events -n shop 200
         +9s carol list secrets -n shop 200
         +9s carol get pods/log cart-% -n shop 200 x6
         +9s carol list configmaps -n shop 200
         +9s carol get pods typo -n shop 404
         +9s carol can-i list secrets
         +9s carol get deployments.apps web -n shop 200",
    );
}

#[test]
fn k9s_asks_for_every_verb_of_every_resource() {
    let mut script = String::from("10:00:00 dave can-i list namespaces ~k9s/v0.32\n");
    for resource in [
        "pods",
        "nodes",
        "secrets",
        "services",
        "configmaps",
        "events",
        "deployments.apps",
        "jobs.batch",
    ] {
        for verb in ["get", "list", "watch", "delete", "patch"] {
            writeln!(script, "+0s dave can-i {verb} {resource} ~k9s/v0.32").unwrap();
        }
        // All Secrets of a cluster in front of somebody whom nobody knows are no ordinary start.
        if resource != "secrets" {
            writeln!(script, "+1s dave list {resource} -A ~k9s/v0.32 200").unwrap();
            writeln!(script, "+0s dave watch {resource} -A rv=4 ~k9s/v0.32 200").unwrap();
        }
    }
    check("k9s", &script);
}

#[test]
fn a_pipeline_deploys_into_several_namespaces() {
    let agent = "~Helm/3.15";
    let mut script = String::new();
    for (number, namespace) in ["shop", "blog", "search", "mail"].iter().enumerate() {
        let time = if number == 0 { "10:00:00" } else { "+5s" };
        writeln!(
            script,
            "{time} ci/helm list secrets -n {namespace} label=owner=helm {agent} 200
             +0s ci/helm get deployments.apps web -n {namespace} {agent} 404
             +0s ci/helm create secrets sh.helm.release.v1.web.v1 -n {namespace} {agent} 201
             +0s ci/helm create deployments.apps web -n {namespace} {agent} 201
             +0s ci/helm get services web -n {namespace} {agent} 404
             +0s ci/helm create services web -n {namespace} {agent} 201
             +0s ci/helm get configmaps web -n {namespace} {agent} 404
             +0s ci/helm create configmaps web -n {namespace} {agent} 201
             +1s ci/helm list pods -n {namespace} {agent} 200
             +1s ci/helm list replicasets.apps -n {namespace} {agent} 200"
        )
        .unwrap();
    }
    check("helm", &script);
}

#[test]
fn rediscovery_floods_are_ordinary() {
    check(
        "rediscovery",
        "10:00:00 kube-system/namespace-controller GET /apis/group%.example.com/v1 200 x60
         +1s erin GET /apis/group%.example.com/v1 200 x60
         +1s argocd/argocd-server GET /apis/group%.example.com/v1 200 x60",
    );
}

#[test]
fn a_namespace_is_emptied() {
    let mut script = String::from("10:00:00 kube-system/namespace-controller GET /apis 200\n");
    for kind in [
        "secrets",
        "configmaps",
        "pods",
        "services",
        "serviceaccounts",
        "roles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
        "deployments.apps",
        "jobs.batch",
        "events",
        "endpoints",
    ] {
        writeln!(
            script,
            "+0s kube-system/namespace-controller deletecollection {kind} -n old 200
             +0s kube-system/namespace-controller list {kind} -n old 200"
        )
        .unwrap();
    }
    check("namespace controller", &script);
}

#[test]
fn a_new_daemon_on_every_node_reads_its_own_node() {
    let mut script = String::new();
    for node in 1..=8 {
        let time = if node == 1 { "10:00:00" } else { "+1s" };
        writeln!(script, "{time} logging/agent @10.1.{node}.4 get nodes worker-{node} 200
             +0s logging/agent @10.1.{node}.4 list pods -A field=spec.nodeName=worker-{node} 200
             +0s logging/agent @10.1.{node}.4 watch pods -A field=spec.nodeName=worker-{node} rv=1 200
             +0s logging/agent @10.1.{node}.4 list namespaces -A rv=0 200
             +0s logging/agent @10.1.{node}.4 watch namespaces -A rv=1 200"
        ).unwrap();
    }
    check("daemon", &script);
}

#[test]
fn programs_in_the_network_of_their_node_have_its_address() {
    let mut script = String::new();
    for node in 1..=8 {
        let time = if node == 1 { "10:00:00" } else { "+1m" };
        writeln!(
            script,
            "{time} node:worker-{node} @10.9.0.{node} get nodes worker-{node} 200
             +0s node:worker-{node} @10.9.0.{node} get nodes worker-{node} 200
             +5s kube-system/proxy @10.9.0.{node} list services -A rv=0 200
             +0s kube-system/proxy @10.9.0.{node} watch services -A rv=1 200
             +0s monitoring/exporter @10.9.0.{node} get nodes worker-{node} 200
             +0s logging/agent @10.9.0.{node} list pods -A field=spec.nodeName=worker-{node} 200
             +0s logging/agent @10.9.0.{node} watch pods -A field=spec.nodeName=worker-{node} rv=1 200"
        )
        .unwrap();
    }
    check("host network", &script);
}

#[test]
fn pods_are_replaced_and_addresses_are_given_again() {
    check(
        "rolling update",
        "10:00:00 shop/cart pod=cart-1 cred=JTI=1 @10.1.1.5 get configmaps cart -n shop 200
         +0s shop/search pod=search-1 cred=JTI=2 @10.1.1.6 get configmaps search -n shop 200
         +20m shop/cart pod=cart-2 cred=JTI=3 @10.1.1.6 get configmaps cart -n shop 200
         +1m shop/search pod=search-2 cred=JTI=4 @10.1.1.5 get configmaps search -n shop 200",
    );
}

#[test]
fn a_docker_host_is_looked_after() {
    check(
        "docker",
        "10:00:00 docker@ @unix GET /v1.43/containers/json 200 x30
         +1s docker@ @unix HEAD /_ping 200
         +1s docker@ @unix GET /v1.43/images/json 200
         +1s docker@ @unix GET /v1.43/containers/abc/json 200
         +1s docker@ @unix GET /v1.43/containers/abc/logs 200
         +1s docker@ @unix GET /v1.43/version 200",
    );
}

#[test]
fn programs_resolve_names() {
    check(
        "dns",
        "10:00:00 dns @10.1.3.3 A service-%.shop.svc.cluster.local x40
         +1s dns @10.1.3.3 PTR 9.1.1.10.in-addr.arpa
         +1s dns @10.1.3.3 PTR 77.4.1.10.in-addr.arpa
         +1s dns @10.1.3.3 SRV _http._tcp.web.shop.svc.cluster.local",
    );
}
