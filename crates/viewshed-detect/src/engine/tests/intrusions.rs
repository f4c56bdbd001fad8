//! Intrusions in the manner of the tools and campaigns that are publicly known: one incident each, within
//! five requests of becoming unusual, in a log of an hour and in one of a month.

use std::fmt::Write as _;

use viewshed_model::{Incident, IncidentState};

use super::world::{after_a_month, after_an_hour};

/// The incident opened with request `s-N` at the latest, its first event is among the first `first_max`
/// requests, and there is no second one.
pub(super) fn check(name: &str, script: &str, opened_max: usize) {
    check_hour(name, script, opened_max);
    check_month(name, script, opened_max);
}

/// The same, where what is known of others makes it unusual.
pub(super) fn check_month(name: &str, script: &str, opened_max: usize) -> Incident {
    let mut incidents = after_a_month(script);
    hold(name, script, opened_max, ("month", &incidents));
    incidents.remove(0)
}

/// The same in a log that has just begun.
pub(super) fn check_hour(name: &str, script: &str, opened_max: usize) -> Incident {
    let mut incidents = after_an_hour(script);
    hold(name, script, opened_max, ("hour", &incidents));
    incidents.remove(0)
}

fn hold(name: &str, script: &str, opened_max: usize, (log, incidents): (&str, &[Incident])) {
    {
        let text = describe(incidents);
        assert_eq!(incidents.len(), 1, "{name}, after an {log}: {text}");
        let incident = &incidents[0];
        let opened = crate::script::activities(script, 0)
            .iter()
            .position(|one| one.at_us >= incident.opened_at.as_microsecond())
            .unwrap_or(usize::MAX);
        assert!(
            opened < opened_max,
            "{name}, after an {log}: opened with request {}\n{text}",
            opened + 1
        );
        assert!(
            incident.first_event.audit_id.starts_with("s-"),
            "{name}, after an {log}: {text}"
        );
        assert!(
            incident.audit_ids.contains(&incident.first_event.audit_id),
            "{name}"
        );
        assert!(incident.techniques.contains(&"T1613".to_owned()), "{name}");
        assert_eq!(incident.state, IncidentState::Closed, "{name}");
    }
}

fn describe(incidents: &[Incident]) -> String {
    let mut text = String::new();
    for one in incidents {
        write!(
            text,
            "\n{} {:?} {} first {} opened {} events {}",
            one.severity,
            one.confidence,
            one.actor.name,
            one.first_event.audit_id,
            one.opened_at,
            one.event_count
        )
        .unwrap();
        for reason in &one.reasons {
            write!(
                text,
                "\n   {:3} {} {}",
                reason.weight, reason.detection, reason.text
            )
            .unwrap();
        }
    }
    text
}

const KUBECTL: &str = "~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0";

#[test]
fn a_pod_asks_for_its_rights_and_lists() {
    check(
        "kubectl in a pod",
        &format!(
            "10:00:00 shop/cart GET /api {KUBECTL} 200
             +1s shop/cart can-i --list {KUBECTL}
             +5s shop/cart list nodes -A {KUBECTL} 403
             +5s shop/cart list secrets -A {KUBECTL} 403
             +5s shop/cart list pods -A {KUBECTL} 403"
        ),
        5,
    );
}

#[test]
fn one_request_in_ten_minutes_is_enough() {
    check(
        "slow",
        "10:00:00 shop/cart can-i --list
         +10m shop/cart list nodes -A 200
         +10m shop/cart list secrets -A 200
         +10m shop/cart list pods -A 200
         +10m shop/cart list clusterrolebindings.rbac.authorization.k8s.io -A 200
         +10m shop/cart list namespaces -A 200",
        5,
    );
}

#[test]
fn lists_of_a_program_that_keeps_its_own_name_are_lists() {
    check(
        "disguised",
        "10:00:00 shop/cart list nodes -A 200
         +10m shop/cart list secrets -A 200
         +10m shop/cart list clusterroles.rbac.authorization.k8s.io -A 200
         +10m shop/cart list pods -A 200
         +10m shop/cart list serviceaccounts -A 200",
        5,
    );
}

#[test]
fn three_lines_are_an_incident() {
    check(
        "three lines",
        "10:00:00 shop/cart can-i --list
         +1s shop/cart list nodes -A 200
         +1s shop/cart list secrets -A 200",
        3,
    );
}

#[test]
fn peirates_is_noticed_by_what_it_does() {
    let raw = "~Go-http-client/1.1";
    let fake = "~kubectl/v0.0.0_(linux/amd64)_kubernetes/$Format";
    check(
        "peirates",
        &format!(
            "10:00:00 shop/cart can-i get pods {raw}
             +1s shop/cart list pods -n shop {fake} 200
             +1m shop/cart can-i exec pods {raw}
             +1s shop/cart can-i create pod {raw}
             +1m shop/cart can-i get secrets {raw}
             +1s shop/cart list secrets -n shop {fake} 200"
        ),
        5,
    );
}

#[test]
fn kube_hunter_walks_without_and_with_the_token() {
    let python = "~python-requests/2.31";
    check(
        "kube-hunter",
        &format!(
            "10:00:00 anonymous @10.1.9.9 GET / {python} 403
             +0s anonymous @10.1.9.9 GET /api {python} 403
             +0s anonymous @10.1.9.9 list namespaces -A {python} 403
             +0s anonymous @10.1.9.9 list roles.rbac.authorization.k8s.io -A {python} 403
             +0s anonymous @10.1.9.9 list clusterroles.rbac.authorization.k8s.io -A {python} 403
             +1s shop/cart @10.1.9.9 GET /api {python} 200
             +0s shop/cart @10.1.9.9 list namespaces -A {python} 403
             +0s shop/cart @10.1.9.9 list roles.rbac.authorization.k8s.io -A {python} 403
             +0s shop/cart @10.1.9.9 list pods -A {python} 403"
        ),
        5,
    );
}

#[test]
fn guessing_names_is_discovery() {
    check(
        "names",
        "10:00:00 shop/cart get secrets admin -n shop 404
         +10m shop/cart get secrets db -n shop 404
         +10m shop/cart get secrets postgres -n shop 404
         +10m shop/cart get secrets root -n shop 404
         +10m shop/cart get secrets aws -n shop 404
         +10m shop/cart get secrets registry -n shop 404",
        5,
    );
}

#[test]
fn refused_on_every_side() {
    check(
        "refusals",
        "10:00:00 shop/cart list pods -A 403
         +10m shop/cart list nodes -A 403
         +10m shop/cart list secrets -A 403
         +10m shop/cart list namespaces -A 403
         +10m shop/cart list deployments.apps -A 403
         +10m shop/cart list configmaps -A 403",
        5,
    );
}

#[test]
fn watches_without_a_list_are_lists() {
    check(
        "watches",
        "10:00:00 shop/cart watch secrets -A 200
         +10m shop/cart watch nodes -A 200
         +10m shop/cart watch pods -A 200
         +10m shop/cart watch clusterroles.rbac.authorization.k8s.io -A 200
         +10m shop/cart watch serviceaccounts -A 200",
        5,
    );
}

#[test]
fn the_description_of_the_api_is_crawled() {
    let curl = "~curl/8.14.1";
    check(
        "crawl",
        &format!(
            "10:00:00 shop/basket GET /api {curl} 200
             +10m shop/basket GET /apis {curl} 200
             +10m shop/basket GET /apis/apps/v1 {curl} 200
             +10m shop/basket GET /openapi/v2 {curl} 200
             +10m shop/basket GET /openapi/v3/apis/batch/v1 {curl} 200"
        ),
        5,
    );
}

#[test]
fn questions_are_asked_whose_bodies_nobody_recorded() {
    let question = "create selfsubjectaccessreviews.authorization.k8s.io 201";
    let list = "create selfsubjectrulesreviews.authorization.k8s.io 201";
    for (name, first, rest) in [
        ("single", question, question),
        ("lists", list, list),
        ("list, then single", list, question),
    ] {
        for agent in ["", KUBECTL] {
            check(
                name,
                &format!(
                    "10:00:00 shop/basket {first} {agent}
                     +10m shop/basket {rest} {agent}
                     +10m shop/basket {rest} {agent}
                     +10m shop/basket {rest} {agent}
                     +10m shop/basket {rest} {agent}
                     +10m shop/basket {rest} {agent}"
                ),
                5,
            );
        }
    }
}

#[test]
fn kubelets_are_asked_directly() {
    check(
        "kubelets",
        "10:00:00 shop/cart kubelet get nodes/pods worker-1 403
         +10m shop/cart kubelet get nodes/proxy worker-1 403
         +10m shop/cart kubelet get nodes/pods worker-2 403
         +10m shop/cart kubelet get nodes/proxy worker-2 403",
        5,
    );
}

#[test]
fn kubelets_are_asked_through_the_server() {
    check(
        "proxy",
        "10:00:00 shop/cart get nodes/proxy worker-1 uri=/api/v1/nodes/worker-1/proxy/runningpods/ 200
         +10m shop/cart get nodes/proxy worker-2 uri=/api/v1/nodes/worker-2/proxy/pods 200
         +10m shop/cart get nodes/proxy worker-3 uri=/api/v1/nodes/worker-3/proxy/pods 200",
        3,
    );
}

#[test]
fn several_stolen_tokens_are_one_hand() {
    let at = "@10.1.7.7";
    check(
        "stolen tokens",
        &format!(
            "10:00:00 shop/cart {at} list pods -A 403
             +10m shop/basket {at} list secrets -n shop 403
             +10m shop/search {at} can-i list secrets
             +10m monitoring/prometheus {at} list nodes -A ~curl/8.5.0 200
             +10m ci/deployer {at} list secrets -A ~curl/8.5.0 200
             +10m ci/deployer {at} list roles.rbac.authorization.k8s.io -A ~curl/8.5.0 200"
        ),
        5,
    );
}

#[test]
fn a_token_is_replayed_from_another_pod() {
    check(
        "replay",
        "09:50:00 shop/cart pod=cart-7d cred=JTI=1 @10.1.1.5 get configmaps cart -n shop 200
         +0s shop/search pod=search-9c cred=JTI=2 @10.1.1.6 get configmaps search -n shop 200
         +1s shop/search pod=search-9c cred=JTI=2 @10.1.1.6 get configmaps search -n shop 200
         +5m shop/cart pod=cart-7d cred=JTI=1 @10.1.1.6 list pods -n shop 200
         +1m shop/cart pod=cart-7d cred=JTI=1 @10.1.1.6 list nodes -A 403",
        5,
    );
}

#[test]
fn a_kubelets_certificate_is_used_by_somebody_else() {
    check(
        "stolen kubelet",
        &format!(
            "10:00:00 node:worker-1 @10.1.7.8 can-i --list {KUBECTL}
             +10m node:worker-1 @10.1.7.8 list pods -A {KUBECTL} 200
             +10m node:worker-1 @10.1.7.8 list secrets -A {KUBECTL} 403
             +10m node:worker-1 @10.1.7.8 list nodes -A {KUBECTL} 200"
        ),
        4,
    );
}

#[test]
fn tokens_are_used_as_controllers_would_from_one_place() {
    check(
        "disguised tokens",
        "09:00:00 shop/cart @10.1.7.7 list secrets -A rv=0 200
         +10m shop/basket @10.1.7.7 list pods -A rv=0 200
         +10m shop/search @10.1.7.7 list nodes -A rv=0 200
         +10m shop/search @10.1.7.7 list namespaces -A rv=0 200",
        4,
    );
}

#[test]
fn masks_are_tried_on() {
    check(
        "impersonation",
        "10:00:00 shop/cart list secrets -A 403 message=users_x_cannot_impersonate_resource
         +10m shop/cart list pods -A as=system:admin 200
         +10m shop/cart list nodes -A as=root 200",
        3,
    );
}

#[test]
fn a_docker_daemon_is_enumerated() {
    check(
        "docker",
        "10:00:00 docker@ @10.9.9.9 GET /v1.16/version 400
         +1s docker@ @10.9.9.9 GET /info 200
         +1s docker@ @10.9.9.9 GET /containers/json 200
         +1s docker@ @10.9.9.9 GET /images/json 200
         +1s docker@ @10.9.9.9 GET /containers/abc/json 200
         +1s docker@ @10.9.9.9 GET /containers/abc/top 200
         +1s docker@ @10.9.9.9 POST /containers/abc/exec 201",
        7,
    );
}

#[test]
fn the_name_server_is_swept() {
    check(
        "dns",
        "10:00:00 dns @10.1.4.4 SRV any.any.svc.cluster.local
         +1s dns @10.1.4.4 SRV any.any.any.svc.cluster.local",
        2,
    );
    check(
        "reverse",
        "10:00:00 dns @10.1.4.4 PTR %.0.96.10.in-addr.arpa x8",
        6,
    );
}

#[test]
fn commands_in_a_container_are_discovery() {
    check(
        "commands",
        "10:00:00 process pod=cart-7d4b9c6f5-x2x9q container=c1 exe=/bin/cat opens /var/run/secrets/kubernetes.io/serviceaccount/token
         +5s process pod=cart-7d4b9c6f5-x2x9q container=c1 exe=/tmp/kubectl $ kubectl auth can-i --list
         +5s process pod=cart-7d4b9c6f5-x2x9q container=c1 exe=/tmp/kubectl $ kubectl get pods -A
         +5s process pod=cart-7d4b9c6f5-x2x9q container=c1 exe=/tmp/kubectl $ kubectl get nodes",
        4,
    );
}
