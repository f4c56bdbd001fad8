//! One idea in many forms: somebody goes where he has no work, namespace by namespace, with watches that he keeps
//! open, through services, or with what is refused; and the work that looks like it. The estate is known for three
//! weeks: `pay/ledger` renews its lease and follows its settings, `edge/router` follows six kinds, `anna` works in
//! `pay` alone.

use std::fmt::Write as _;

use viewshed_model::Incident;

use super::world::{ORDINARY, renamed, run};
use crate::script::activities;

pub(super) const ESTATE: &str = "
07:00:00 pay/ledger pod=ledger-1 cred=JTI=1 @10.4.2.41 list configmaps -n pay rv=0 200
+0s pay/ledger pod=ledger-1 cred=JTI=1 @10.4.2.41 watch configmaps -n pay rv=5 200
+1s pay/ledger pod=ledger-1 cred=JTI=1 @10.4.2.41 update leases.coordination.k8s.io ledger -n pay 200 x20
+1s edge/router pod=router-1 cred=JTI=2 @10.4.2.30 list services -A rv=0 200
+0s edge/router pod=router-1 cred=JTI=2 @10.4.2.30 watch services -A rv=5 200
+0s edge/router pod=router-1 cred=JTI=2 @10.4.2.30 list secrets -A rv=0 200
+0s edge/router pod=router-1 cred=JTI=2 @10.4.2.30 watch secrets -A rv=5 200
+0s edge/router pod=router-1 cred=JTI=2 @10.4.2.30 watch services -A rv=6 200 x20
+1m anna @192.0.2.21 list pods -n pay 200 x10
+1m anna @192.0.2.21 get pods/log ledger-1 -n pay 200
+1m anna @192.0.2.21 list configmaps -n pay 200
+1m olga @192.0.2.22 list pods -A 200 x10
";

/// What happens there besides: a nightly report, a kubelet, a controller that follows what it is there for, a pipeline
/// that makes jobs.
const NIGHT: &str = "
03:00:00 pay/report pod=report-1 cred=JTI=7 @10.4.2.50 get configmaps report -n pay 200
+5s pay/report pod=report-1 cred=JTI=7 @10.4.2.50 list pods -n pay 200
+1m node:worker-2 @10.4.1.2 list pods -A field=spec.nodeName=worker-2 200
+0s node:worker-2 @10.4.1.2 watch pods -A field=spec.nodeName=worker-2 200
+0s node:worker-2 @10.4.1.2 get configmaps web -n shop 200
+0s node:worker-2 @10.4.1.2 get leases.coordination.k8s.io worker-2 -n kube-node-lease 200 x20
+1m certs/manager pod=manager-1 cred=JTI=8 @10.4.3.8 list secrets -A rv=0 200
+0s certs/manager pod=manager-1 cred=JTI=8 @10.4.3.8 watch secrets -A rv=5 200 x20
+1m media/encoder pod=encoder-1 cred=JTI=6 @10.4.3.9 create jobs.batch enc-7 -n media 201
+9s media/encoder pod=encoder-1 cred=JTI=6 @10.4.3.9 list pods -n media label=job-name=enc-7 200
+9s media/encoder pod=encoder-1 cred=JTI=6 @10.4.3.9 get pods/log enc-7-bcdfg -n media 200
";

pub(super) const LEDGER: &str = "pay/ledger pod=ledger-1 cred=JTI=1 @10.4.2.41";
pub(super) const ROUTER: &str = "edge/router pod=router-1 cred=JTI=2 @10.4.2.30";
const NAMESPACES: [&str; 8] = [
    "edge",
    "observability",
    "kube-system",
    "ci",
    "shop",
    "vault",
    "kafka",
    "mail",
];

pub(super) fn after_three_weeks(script: &str) -> Vec<Incident> {
    let mut batch = Vec::new();
    for day in -21..=0 {
        batch.extend(activities(ESTATE, day));
        batch.extend(activities(NIGHT, day));
        batch.extend(activities(ORDINARY, day));
    }
    batch.extend(renamed(activities(script, 0)));
    run(&batch)
}

/// One incident, open with this request at the latest.
pub(super) fn caught(name: &str, script: &str, opened_max: usize) {
    let incidents = after_three_weeks(script);
    let told: Vec<_> = incidents
        .iter()
        .map(|one| (&one.actor.name, &one.reasons))
        .collect();
    assert_eq!(incidents.len(), 1, "{name}: {told:#?}");
    let opened = activities(script, 0)
        .iter()
        .position(|one| one.at_us >= incidents[0].opened_at.as_microsecond())
        .unwrap_or(usize::MAX);
    assert!(opened < opened_max, "{name}: {} {told:#?}", opened + 1);
}

pub(super) fn quiet(name: &str, script: &str) {
    let incidents = after_three_weeks(script);
    let told: Vec<_> = incidents.iter().map(|one| &one.reasons).collect();
    assert!(incidents.is_empty(), "{name}: {told:#?}");
}

/// The requests one after the other.
pub(super) fn steps<'r>(
    pause: &str,
    requests: impl IntoIterator<Item = impl AsRef<str> + 'r>,
) -> String {
    let mut script = String::new();
    for (number, request) in requests.into_iter().enumerate() {
        let time = if number == 0 { "10:00:00" } else { pause };
        writeln!(script, "{time} {}", request.as_ref()).unwrap();
    }
    script
}

fn in_each_namespace(pause: &str, request: &str) -> String {
    let requests = NAMESPACES.map(|namespace| request.replace('%', namespace));
    steps(pause, requests)
}

#[test]
fn watches_that_are_kept_open_are_lists_of_whoever_never_followed_anything_there() {
    let kinds = ["pods", "secrets", "configmaps", "nodes"];
    for begin in ["rv=0", "rv=812345", "stream", ""] {
        for agent in ["~curl/8.5.0", "~ledger/v1.2.0"] {
            for pause in ["+2s", "+10m"] {
                let requests = kinds.map(|kind| {
                    format!("{LEDGER} watch {kind} -A {begin} {agent} stage=started 200")
                });
                let name = format!("{begin} {agent} {pause}");
                caught(&name, &steps(pause, requests), 4);
            }
        }
    }
    caught(
        "Secrets of each namespace",
        &in_each_namespace(
            "+10m",
            &format!("{LEDGER} watch secrets -n % rv=0 ~curl/8.5.0 stage=started 200"),
        ),
        3,
    );
}

#[test]
fn the_first_list_of_the_whole_cluster_by_a_program_that_never_looked_beyond_its_namespace() {
    for pause in ["+2s", "+10m"] {
        let requests = [0; 8].map(|_| format!("{LEDGER} list pods -A 200"));
        caught("pods", &steps(pause, requests), 2);
    }
    // A new release may have to know them.
    let new = "pay/ledger pod=ledger-2 cred=JTI=9 @10.4.2.77";
    let requests = [0; 8].map(|_| format!("{new} list pods -A 200"));
    quiet("new release", &steps("+10m", requests));
}

#[test]
fn a_new_release_follows_more_than_the_one_before() {
    let new = "pay/ledger pod=ledger-2 cred=JTI=9 @10.4.2.77";
    let requests = ["pods", "services", "nodes"].into_iter().flat_map(|kind| {
        [
            format!("{new} list {kind} -A rv=0 200"),
            format!("{new} watch {kind} -A rv=7 stage=started 200"),
        ]
    });
    quiet("new release", &steps("+0s", requests));
}

#[test]
fn an_unknown_person_goes_from_namespace_to_namespace() {
    for pause in ["+1s", "+10m"] {
        for request in [
            "list pods -n % 200",
            "list configmaps -n % 200",
            "list pods -n % 403",
            "get pods/log web -n % 200",
            "get services/proxy web -n % uri=/api/v1/namespaces/%/services/web/proxy/ 200",
        ] {
            let script = in_each_namespace(pause, &format!("mallory @203.0.113.9 {request}"));
            caught(request, &script, 5);
        }
    }
}

#[test]
fn a_known_person_goes_through_the_namespaces_of_others() {
    for (from, opened_max) in [("@192.0.2.21", 6), ("@203.0.113.40", 5)] {
        for request in ["list pods -n % 200", "get pods/log web -n % 200"] {
            let script = in_each_namespace("+10m", &format!("anna {from} {request}"));
            caught(request, &script, opened_max);
        }
    }
}

#[test]
fn who_helps_in_another_namespace_or_sees_all_anyway_stays_quiet() {
    quiet(
        "another namespace",
        "10:00:00 anna @192.0.2.21 list pods -n edge 200
         +5s anna @192.0.2.21 get pods/log router-1 -n edge 200
         +5s anna @192.0.2.21 list configmaps -n edge 200
         +5s anna @192.0.2.21 list events -n edge 200
         +1m anna @192.0.2.21 list pods -n observability 200",
    );
    quiet(
        "sees all",
        &in_each_namespace("+20s", "olga @192.0.2.22 list pods -n % 200"),
    );
}

#[test]
fn a_lease_is_no_work_that_explains_reading() {
    let names = [
        "vault-0",
        "grafana-1",
        "kafka-2",
        "web-3",
        "risk-4",
        "mail-5",
    ];
    for (request, code) in [
        ("get pods/log", 200),
        ("get secrets", 200),
        ("get secrets", 404),
    ] {
        let requests = names.map(|name| format!("{LEDGER} {request} {name} -n pay {code}"));
        caught(request, &steps("+10m", requests), 5);
    }
}

#[test]
fn logs_that_are_refused_were_asked_for() {
    let names = [
        "vault-0",
        "grafana-1",
        "kafka-2",
        "web-3",
        "risk-4",
        "mail-5",
    ];
    let requests = names.map(|name| format!("{ROUTER} get pods/log {name} -n edge 403"));
    caught("own namespace", &steps("+10m", requests), 5);
    let script = in_each_namespace("+1s", &format!("{ROUTER} get pods/log web -n % 403"));
    caught("each namespace", &script, 5);
}

#[test]
fn who_makes_pods_reads_their_logs_and_collectors_those_of_all() {
    let jobs = (0..30).flat_map(|number| {
        [
            format!("ci/jenkins create pods job-{number} -n ci 201"),
            format!("ci/jenkins get pods/log job-{number} -n ci 200"),
            format!("ci/jenkins delete pods job-{number} -n ci 200"),
        ]
    });
    quiet("jobs", &steps("+20s", jobs));
    let mut collector = vec![
        "obs/alloy list pods -A rv=0 200".to_owned(),
        "obs/alloy watch pods -A rv=5 200".to_owned(),
    ];
    collector.extend((0..40).map(|number| {
        format!("obs/alloy get pods/log web-{number} -n shop uri=/x?follow=true 200")
    }));
    quiet("collector", &steps("+1s", collector));
}

#[test]
fn services_are_asked_for_all_that_they_know() {
    let paths = [
        "api/v1/targets",
        "api/v1/label/pod/values",
        "api/v1/query",
        "api/v1/series",
        "federate",
    ];
    for who in [ROUTER, "mallory @203.0.113.9"] {
        let requests = paths.map(|path| {
            let uri = format!("/api/v1/namespaces/obs/services/prometheus:9090/proxy/{path}");
            format!("{who} get services/proxy prometheus:9090 -n obs uri={uri} 200")
        });
        caught(who, &steps("+10m", requests), 5);
    }
    let metrics = "get services/proxy ksm:8080 -n obs uri=/api/v1/namespaces/obs/services/ksm:8080/proxy/metrics 200";
    caught("metrics", &steps("+1m", [format!("{ROUTER} {metrics}")]), 1);
}

#[test]
fn a_token_is_used_outside_within_its_habits() {
    let away = "@198.51.100.66 ~curl/8.5.0";
    let requests = [
        "pay/ledger pod=ledger-1 cred=JTI=1",
        "edge/router pod=router-1 cred=JTI=2",
    ]
    .into_iter()
    .cycle()
    .take(8)
    .map(|who| format!("{who} {away} list configmaps -n pay 200"));
    caught("two tokens", &steps("+10m", requests), 3);
    let requests = [0; 5].map(|_| format!("{ROUTER} list secrets -A ~curl/8.5.0 200"));
    caught("its own pod, another tool", &steps("+10m", requests), 2);
    // Address translation: several programs come from one public address, and always did.
    quiet(
        "own address",
        &steps(
            "+1s",
            [0; 5].map(|_| format!("{ROUTER} list secrets -A rv=0 200")),
        ),
    );
}

#[test]
fn the_kubelet_client_of_the_api_server_is_no_person() {
    let requests = (0..30).map(|node| {
        format!("kube-apiserver-kubelet-client group=system:masters kubelet create nodes/proxy worker-{node} 200")
    });
    quiet("API server", &steps("+1m", requests));
}

#[test]
fn a_removal_that_is_only_tried_out_is_a_list() {
    let requests = NAMESPACES.map(|namespace| {
        let uri = format!("/api/v1/namespaces/{namespace}/secrets?dryRun=All");
        format!("{LEDGER} deletecollection secrets -n {namespace} uri={uri} 200")
    });
    caught("collections", &steps("+10m", requests), 3);
    let requests = (0..8).map(|number| {
        let uri = format!("/api/v1/namespaces/pay/secrets/s-{number}?dryRun=All");
        format!("{LEDGER} patch secrets s-{number} -n pay uri={uri} 404")
    });
    caught("names", &steps("+10m", requests), 5);
}

#[test]
fn a_removal_whose_body_says_that_it_is_only_tried_out_is_a_list() {
    let requests = NAMESPACES.map(|namespace| {
        let body = r#"body={"kind":"DeleteOptions","dryRun":["All"]}"#;
        format!("{LEDGER} deletecollection secrets -n {namespace} {body} 200")
    });
    caught("collections", &steps("+10m", requests), 3);
}

#[test]
fn names_that_writes_find_are_guesses() {
    // (what, verb, answers in turn, options, with which request it opens)
    let table = [
        ("missing", "update", [404, 409], "", 5),
        ("patched", "patch", [404, 200], "", 6),
        ("nothing to change", "patch", [404, 200], "body={}", 7),
        ("removed with a wrong uid", "delete", [404, 409], "", 6),
        ("made", "create", [409, 422], "", 6),
        (
            "made on trial",
            "create",
            [201, 409],
            "uri=/x?dryRun=All",
            5,
        ),
    ];
    for (what, verb, codes, options, opened) in table {
        let requests = (0..12).map(|number| {
            let code = codes[number % 2];
            format!("{LEDGER} {verb} secrets s-{number} -n pay {options} {code}")
        });
        caught(what, &steps("+1m", requests), opened);
    }
}

#[test]
fn writes_that_fail_in_the_course_of_work_are_no_guesses() {
    let conflicts = (0..30).map(|number| {
        let code = [200, 409, 200][number % 3];
        format!("{LEDGER} update secrets state -n pay {code}")
    });
    quiet("a lock", &steps("+10s", conflicts));
    let made = (0..12).flat_map(|number| {
        [
            format!("{LEDGER} patch secrets s-{number} -n pay 404"),
            format!("{LEDGER} create secrets s-{number} -n pay 201"),
        ]
    });
    quiet("patched or made", &steps("+1s", made));
    let events = (0..40).map(|number| format!("{LEDGER} patch events e-{number} -n pay 404"));
    quiet("events", &steps("+1s", events));
    let gone = ["deployments.apps", "services", "configmaps", "secrets"];
    let removed = gone.map(|kind| format!("ci/deployer delete {kind} web -n shop 404"));
    quiet("removed already", &steps("+1s", removed));
}

#[test]
fn a_chart_is_looked_for_before_it_is_made() {
    let kinds = [
        "serviceaccounts",
        "configmaps",
        "services",
        "deployments.apps",
        "ingresses.networking.k8s.io",
        "secrets",
        "roles.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
    ];
    let requests =
        kinds.map(|kind| format!("cards/gitlab get {kind} cards -n cards ~Helm/3.18.4 404"));
    quiet("chart", &steps("+0s", requests));
}
