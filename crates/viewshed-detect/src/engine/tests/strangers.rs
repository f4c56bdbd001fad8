//! Stolen credentials of people, of the control plane and of the strongest programs: their habits, or the lack of
//! any, must not hide what somebody else does with them. `alice` is known for 34 days, in the namespace shop only.

use std::fmt::Write as _;

use viewshed_model::{Confidence, Severity};

use super::benign::check as check_quiet;
use super::intrusions::{check_hour, check_month};
use super::world::{ORDINARY, latest, renamed, wall};
use crate::script::activities;
use crate::{Baseline, Engine, Settings};

const CURL: &str = "~curl/8.4.0 @203.0.113.9";
const AWAY: &str = "@203.0.113.9";
const KINDS: [&str; 10] = [
    "pods",
    "secrets",
    "nodes",
    "services",
    "deployments.apps",
    "namespaces",
    "configmaps",
    "serviceaccounts",
    "rolebindings.rbac.authorization.k8s.io",
    "ingresses.networking.k8s.io",
];

/// One request per kind, in all namespaces.
fn sweep(who: &str, options: &str, code: u16, pause: &str) -> String {
    let mut script = String::new();
    for (number, kind) in KINDS.iter().enumerate() {
        let time = if number == 0 { "10:00:00" } else { pause };
        writeln!(script, "{time} {who} list {kind} -A {options} {code}").unwrap();
    }
    script
}

/// The same one request so many times, with `%` as its number.
fn times(count: usize, pause: &str, request: &str) -> String {
    let mut script = String::new();
    for number in 0..count {
        let time = if number == 0 { "10:00:00" } else { pause };
        writeln!(
            script,
            "{time} {}",
            request.replace('%', &number.to_string())
        )
        .unwrap();
    }
    script
}

#[test]
fn an_unknown_person_looks_through_the_cluster() {
    for pause in ["+10m", "+1s"] {
        for options in [AWAY, CURL] {
            check_month("unknown", &sweep("mallory", options, 200, pause), 5);
        }
        check_month("refused", &sweep("mallory", AWAY, 403, pause), 6);
    }
    check_month(
        "oidc",
        &sweep("oidc:mallory@corp.example", AWAY, 200, "+10m"),
        5,
    );
    check_month(
        "administrator",
        &sweep(
            "kubernetes-admin",
            &format!("{CURL} group=system:masters"),
            200,
            "+10m",
        ),
        5,
    );
}

#[test]
fn on_the_first_day_an_unknown_person_is_told_with_less_confidence() {
    let incident = check_hour("first day", &sweep("mallory", CURL, 200, "+1s"), 10);
    assert_ne!(incident.confidence, Confidence::High);
}

#[test]
fn an_unknown_person_reads_secrets_one_way_or_the_other() {
    let python = "~python-requests/2.31 @203.0.113.9";
    check_month(
        "each namespace",
        &times(
            30,
            "+1s",
            &format!("mallory list secrets -n team-% {python} 200"),
        ),
        5,
    );
    check_month(
        "each name",
        &times(
            40,
            "+10m",
            &format!("mallory get secrets db-% -n pay {CURL} 200"),
        ),
        5,
    );
    check_month(
        "kubelets",
        &times(
            3,
            "+1s",
            &format!(
                "mallory get nodes/proxy worker-% uri=/api/v1/nodes/worker-%/proxy/pods {CURL} 200"
            ),
        ),
        3,
    );
    check_month(
        "kubelets themselves",
        &times(6, "+10m", "mallory kubelet get nodes/proxy worker-% 200"),
        5,
    );
}

#[test]
fn the_credential_of_a_known_person_is_used_by_somebody_else() {
    check_month("from elsewhere", &sweep("alice", AWAY, 200, "+10m"), 5);
    check_month("refused", &sweep("alice", AWAY, 403, "+10m"), 6);
    check_month("from the same place", &sweep("alice", "", 200, "+10m"), 5);
    check_month(
        "secrets once",
        &format!("10:00:00 alice list secrets -A {CURL} 200"),
        1,
    );
    for code in [404, 403] {
        check_month(
            "names",
            &times(
                40,
                "+10m",
                &format!("alice get secrets db-% -n pay {AWAY} {code}"),
            ),
            8,
        );
    }
}

#[test]
fn masks_are_tried_on_by_people() {
    let incident = check_month(
        "root",
        &times(3, "+10m", "alice list secrets -A as=root 200"),
        1,
    );
    assert!(incident.severity >= Severity::High);
    let mut script = String::new();
    for (number, mask) in ["bob", "carol", "system:serviceaccount:kube-system:x", "eve"]
        .iter()
        .enumerate()
    {
        let time = if number == 0 { "10:00:00" } else { "+10m" };
        writeln!(script, "{time} alice list secrets -A as={mask} 200").unwrap();
    }
    check_month("others", &script, 4);
}

#[test]
fn the_credential_of_a_control_plane_is_used_elsewhere() {
    check_month(
        "controller manager",
        &sweep("system:kube-controller-manager", CURL, 200, "+10m"),
        5,
    );
}

/// A program that lists and follows everything, for a month.
const ARGO: &str = "argocd/argocd-application-controller";

#[test]
fn the_strongest_token_is_used_from_outside() {
    for agent in ["~curl/8.4.0 @203.0.113.5", "~kubectl/v1.30.1 @10.0.77.7"] {
        let mut batch = Vec::new();
        for day in -34..=0 {
            batch.extend(activities(ORDINARY, day));
            batch.extend(activities(&argo_starts(), day));
        }
        let attack = sweep(ARGO, agent, 200, "+10m").replace("10:00:00", "12:00:00");
        let script = activities(&attack, 0);
        batch.extend(renamed(script.clone()));
        let incidents = super::world::run(&batch);
        assert_eq!(incidents.len(), 1, "{incidents:#?}");
        assert!(incidents[0].opened_at.as_microsecond() <= script[3].at_us);
        assert!(
            incidents[0]
                .reasons
                .iter()
                .all(|reason| !reason.text.contains("first time in")
                    || reason.detection == "tool-on-workload"),
            "{:#?}",
            incidents[0].reasons
        );
    }
}

fn argo_starts() -> String {
    let mut script = String::new();
    for (number, kind) in KINDS.iter().enumerate() {
        let time = if number == 0 { "07:00:00" } else { "+0s" };
        writeln!(
            script,
            "{time} {ARGO} list {kind} -A rv=0 200\n+0s {ARGO} watch {kind} -A rv=8 200"
        )
        .unwrap();
    }
    script
}

#[test]
fn forms_of_discovery_by_one_program_in_its_own_namespace() {
    for pause in ["+10m", "+2s"] {
        check_month(
            "secrets by name",
            &times(52, pause, "shop/cart get secrets s-% -n shop 200"),
            5,
        );
        check_month(
            "secrets by name, refused",
            &times(52, pause, "shop/cart get secrets s-% -n shop 403"),
            6,
        );
        check_month(
            "logs",
            &times(50, pause, "shop/cart get pods/log web-% -n shop 200"),
            5,
        );
    }
    check_month("rights", "10:00:00 shop/cart can-i --list", 1);
    check_month(
        "description",
        "10:00:00 shop/cart GET /openapi/v3 200
         +1m shop/cart GET /openapi/v3/api/v1 200
         +1m shop/cart GET /openapi/v3/apis/apps/v1 200
         +1m shop/cart GET /openapi/v3/apis/batch/v1 200",
        4,
    );
}

#[test]
fn a_token_is_carried_from_place_to_place() {
    check_month(
        "one token",
        &format!(
            "09:50:00 shop/cart pod=cart-7d cred=JTI=a @10.0.3.4 get configmaps cart -n shop 200\n{}",
            times(
                40,
                "+5s",
                "shop/cart pod=cart-7d cred=JTI=a @203.0.113.% get configmaps cart -n shop 200"
            )
        ),
        5,
    );
}

#[test]
fn several_tokens_come_from_one_place() {
    let mut script = String::new();
    for number in 0..20 {
        let time = if number == 0 { "10:00:00" } else { "+3s" };
        writeln!(script, "{time} shop/app{number} pod=app{number}-1 cred=JTI={number} @10.0.3.4 ~curl/8.4.0 list pods -n shop 200").unwrap();
    }
    check_month("own namespace", &script, 5);
    let script = script.replace("-n shop", "-A");
    check_month("all namespaces", &script, 5);
}

#[test]
fn a_program_that_is_refused_everywhere_is_not_low() {
    for options in ["", CURL] {
        let incident = check_month("refused", &sweep("shop/cart", options, 403, "+10m"), 5);
        assert!(incident.severity >= Severity::Medium, "{incident:#?}");
    }
}

#[test]
fn more_lists_of_pods_than_the_threshold_are_an_incident() {
    let run = |settings: Settings, script: &str| {
        let mut engine = Engine::new(settings, Baseline::default());
        let mut told = Vec::new();
        engine.step(wall(), &activities(script, 0), &mut told);
        engine.finish(wall(), &mut told);
        latest(told).len()
    };
    let settings = |pod_query_threshold, time_window_s| Settings {
        pod_query_threshold,
        time_window_s,
        ..Settings::default()
    };
    let often = times(40, "+2s", "mallory list pods -A 200");
    assert_eq!(run(settings(30, 600), &often), 1);
    assert_eq!(run(settings(40, 600), &often), 0);
    assert_eq!(
        run(
            settings(1, 600),
            &times(2, "+2s", "mallory list pods -A 200")
        ),
        1
    );
    // Two in each window of five seconds.
    assert_eq!(run(settings(30, 5), &often), 0);
    let allowed = Settings {
        user_allow_list: vec!["mal*".to_owned()],
        ..settings(1, 600)
    };
    assert_eq!(run(allowed, &often), 0);
}

#[test]
fn what_happens_every_day_is_one_incident_and_is_learned() {
    let mut batch = Vec::new();
    for day in -34..10 {
        batch.extend(activities(ORDINARY, day));
        if day >= 0 {
            let script = "11:00:00 shop/cart list pods -A 200
                +1m shop/cart list secrets -A 200
                +1m shop/cart list nodes -A 200";
            let mut day_of = activities(script, day);
            for one in &mut day_of {
                one.id = format!("again-{}", one.id).into();
            }
            batch.extend(day_of);
        }
    }
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
}

#[test]
fn what_happens_every_day_is_one_incident_in_a_log_that_holds_nothing_else() {
    let mut batch = Vec::new();
    for day in -34..0 {
        batch.extend(activities(ORDINARY, day));
    }
    for day in 0..10 {
        let script = "11:00:00 shop/cart list pods -A 200
            +1m shop/cart list secrets -A 200
            +1m shop/cart list nodes -A 200";
        batch.extend(activities(script, day));
    }
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert!(incidents[0].event_count >= 10, "{incidents:#?}");
}

#[test]
fn a_watch_that_comes_late_takes_back_what_was_said_of_the_list() {
    let mut batch = Vec::new();
    for day in -34..=0 {
        batch.extend(activities(ORDINARY, day));
    }
    // The incident opens a minute after the lists; the watches come after that.
    batch.extend(renamed(activities(
        "09:59:00 shop/cart get configmaps cart -n shop 200 x20
         10:00:00 ops/late list secrets -A 200
         +0s ops/late list pods -A 200
         +0s ops/late list nodes -A 200
         +0s ops/late list namespaces -A 200
         +70s shop/cart get configmaps cart -n shop 200
         +1s ops/late watch pods -A rv=5 200
         +1s ops/late watch nodes -A rv=5 200
         +1s ops/late watch secrets -A rv=5 200
         +1s ops/late watch namespaces -A rv=5 200",
        0,
    )));
    let incidents = super::world::run(&batch);
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let texts: Vec<&str> = incidents[0]
        .reasons
        .iter()
        .map(|reason| &*reason.text)
        .collect();
    assert!(
        !texts.iter().any(|text| text.contains("without following")),
        "{texts:#?}"
    );
}

#[test]
fn a_process_and_the_requests_of_its_pod_are_one_hand() {
    let pod = "pod=cart-7d4b9c6f5-x2x9q";
    check_month(
        "pod",
        &format!(
            "10:00:00 process {pod} container=c1 exe=/bin/cat opens /var/run/secrets/kubernetes.io/serviceaccount/token
             +10m shop/cart {pod} list nodes -A 200
             +10m shop/cart {pod} list secrets -A 200
             +1s process {pod} container=c1 exe=/tmp/kubectl $ kubectl get pods -A"
        ),
        3,
    );
}

#[test]
fn a_log_that_goes_back_in_time_makes_nobody_new() {
    let mut batch = Vec::new();
    for day in -34..=-1 {
        batch.extend(activities(ORDINARY, day));
    }
    for day in -34..=-1 {
        let mut own = activities(&argo_starts(), day);
        own.extend(activities(&argo_starts().replace("07:00", "07:30"), day));
        for one in &mut own {
            one.id = format!("argo-{}-{}", one.id, one.at_us).into();
        }
        batch.extend(own);
    }
    batch.extend(renamed(activities(
        &argo_starts().replace("07:00:00", "10:00:00"),
        0,
    )));
    let incidents = super::world::run(&batch);
    assert!(incidents.is_empty(), "{incidents:#?}");
}

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
    check_quiet(
        "questions in the name of another",
        "10:00:00 alice can-i get pods as=bob
         +5s alice can-i list secrets as=bob
         +5s alice can-i get pods as=carol",
    );
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
