//! Newcomers that are no intruders: colleagues, dashboards, controllers.

use std::fmt::Write as _;

use super::benign::check as check_quiet;
use viewshed_model::{Confidence, Severity};

use super::intrusions::check_month;
use super::strangers::{AWAY, KINDS, sweep};

#[test]
fn ordinary_newcomers_are_quiet() {
    check_quiet(
        "new colleague",
        "10:00:00 bob2 GET /api 200
         +0s bob2 GET /apis 200
         +10s bob2 list pods -n shop 200
         +30s bob2 list deployments.apps -n shop 200
         +30s bob2 list services -n shop 200
         +30s bob2 list configmaps -n shop 200
         +30s bob2 list secrets -n shop 200
         +30s bob2 get secrets cart -n shop 200
         +5s bob2 get secrets cart-tls -n shop 200
         +30s bob2 get pods/log web-% -n shop 200 x5
         +30s bob2 list ingresses.networking.k8s.io -n shop 200
         +30s bob2 list nodes -A 403
         +30s bob2 list namespaces -A 403
         +30s bob2 list pods -A 403
         +30s bob2 can-i --list",
    );
    check_quiet(
        "known person, fault",
        "10:00:00 alice list pods -n shop 200
         +15s alice list events -n shop 200
         +15s alice list replicasets.apps -n shop 200
         +15s alice get nodes worker-1 200
         +15s alice list nodes -A 200
         +15s alice get secrets cart -n shop 200
         +15s alice get pods/log web-% -n shop 200 x8",
    );
    check_quiet(
        "known person on the way",
        &format!(
            "10:00:00 alice list pods -n shop {AWAY} 200
             +15s alice list services -n shop {AWAY} 200
             +15s alice list pods -A {AWAY} 200"
        ),
    );
    let kubectl = "~kubectl/v1.33.1_(linux/amd64)_kubernetes/8adc0f0";
    check_quiet(
        "a pipeline that begins to use kubectl",
        &format!(
            "10:00:00 kyverno/kyverno get configmaps kyverno -n kyverno 200
             +0s shop/cart GET /api {kubectl} 200
             +0s shop/cart GET /apis {kubectl} 200
             +0s shop/cart get configmaps cart -n shop {kubectl} 200
             +0s shop/cart patch configmaps cart -n shop {kubectl} 200
             +1s shop/cart list pods -n shop {kubectl} 200
             +1s shop/cart get deployments.apps cart -n shop {kubectl} 200
             +0s shop/cart patch deployments.apps cart -n shop {kubectl} 200"
        ),
    );
    check_quiet(
        "questions in the name of another",
        "10:00:00 alice can-i get pods as=bob
         +5s alice can-i list secrets as=bob
         +5s alice can-i get pods as=carol",
    );
}

#[test]
fn a_backup_tool_that_was_just_installed_is_told_as_what_it_may_be() {
    let lists = |agent: &str, code: u16| {
        let mut script = sweep("velero/velero", agent, 200, "+0s");
        writeln!(
            script,
            "+0s velero/velero list roles.rbac.authorization.k8s.io -A {agent} {code}"
        )
        .unwrap();
        script
    };
    let pod = "pod=velero-1 node=worker-1";
    let incident = check_month("velero", &lists(pod, 200), 5);
    // Doubtful, and no smaller for it.
    assert_eq!(incident.severity, Severity::High);
    assert_eq!(incident.confidence, Confidence::Low);
    assert!(
        incident
            .reasons
            .iter()
            .any(|reason| reason.text.contains("just installed")),
        "{incident:#?}"
    );
    // Somebody else's client, and rights that are missing, are no installation.
    for script in [lists(&format!("{pod} ~curl/8.4.0"), 200), lists(pod, 403)] {
        let incident = check_month("token", &script, 5);
        assert_eq!(incident.severity, Severity::Critical);
        assert!(
            incident
                .reasons
                .iter()
                .all(|reason| !reason.text.contains("just installed")),
            "{incident:#?}"
        );
    }
}

#[test]
fn a_first_k9s_in_the_own_namespace_is_quiet() {
    let mut script = String::from("10:00:00 alice can-i list pods ~k9s/0.32 x20\n");
    let of_the_cluster = [
        "clusterroles.rbac.authorization.k8s.io",
        "clusterrolebindings.rbac.authorization.k8s.io",
    ];
    for kind in KINDS.into_iter().chain(of_the_cluster) {
        let scope = if ["nodes", "namespaces"].contains(&kind) || of_the_cluster.contains(&kind) {
            "-A"
        } else {
            "-n shop"
        };
        writeln!(
            script,
            "+20s alice list {kind} {scope} rv=0 ~k9s/0.32 200
             +0s alice id=w-{kind} watch {kind} {scope} rv=81234 ~k9s/0.32 stage=started 200
             +18s alice id=w-{kind} watch {kind} {scope} rv=81234 ~k9s/0.32 lasted=18 200"
        )
        .unwrap();
    }
    check_quiet("k9s", &script);
}

#[test]
fn a_large_controller_is_installed() {
    let kinds = [
        "clusterroles.rbac.authorization.k8s.io",
        "clusterrolebindings.rbac.authorization.k8s.io",
        "roles.rbac.authorization.k8s.io",
        "statefulsets.apps",
        "daemonsets.apps",
        "replicasets.apps",
        "jobs.batch",
        "cronjobs.batch",
        "endpoints",
    ];
    for (name, crawl) in [("ops/new-operator", true), ("monitoring/ksm2", false)] {
        let mut script = String::from("10:00:00 anonymous GET /healthz 200\n");
        if crawl {
            for path in ["/api", "/apis", "/apis/apps/v1", "/api/v1"] {
                writeln!(script, "+0s {name} GET {path} 200").unwrap();
            }
        }
        for kind in KINDS.into_iter().chain(kinds) {
            writeln!(
                script,
                "+0s {name} list {kind} -A rv=0 200
                 +0s {name} watch {kind} -A rv=81234 200"
            )
            .unwrap();
        }
        for kind in KINDS.into_iter().chain(kinds) {
            writeln!(script, "+1m {name} watch {kind} -A rv=81999 200").unwrap();
        }
        check_quiet(name, &script);
    }
}
