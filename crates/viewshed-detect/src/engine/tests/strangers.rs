//! Stolen credentials of people, of the control plane and of the strongest programs: their habits, or the lack of
//! any, must not hide what somebody else does with them. `alice` is known for 34 days, in the namespace shop only.

use std::fmt::Write as _;

use viewshed_model::{Confidence, Severity};

use super::intrusions::{check, check_hour, check_month};
use super::world::{ORDINARY, renamed};
use crate::script::activities;

pub(super) const CURL: &str = "~curl/8.4.0 @203.0.113.9";
pub(super) const AWAY: &str = "@203.0.113.9";
/// Kinds that whoever looks through a cluster asks for.
pub(super) const KINDS: [&str; 10] = [
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
pub(super) fn sweep(who: &str, options: &str, code: u16, pause: &str) -> String {
    let mut script = String::new();
    for (number, kind) in KINDS.iter().enumerate() {
        let time = if number == 0 { "10:00:00" } else { pause };
        writeln!(script, "{time} {who} list {kind} -A {options} {code}").unwrap();
    }
    script
}

/// The same one request so many times, with `%` as its number.
pub(super) fn times(count: usize, pause: &str, request: &str) -> String {
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

#[test]
fn a_known_person_dumps_the_cluster() {
    let mut script = String::from("10:00:00 alice list nodes -A 200\n");
    for namespace in ["default", "kube-system", "pay"] {
        for kind in [
            "events",
            "replicationcontrollers",
            "services",
            "daemonsets.apps",
            "deployments.apps",
            "replicasets.apps",
            "pods",
        ] {
            writeln!(script, "+0s alice list {kind} -n {namespace} 200").unwrap();
        }
        writeln!(script, "+0s alice get pods/log web-% -n {namespace} 200 x4").unwrap();
    }
    check_month("of a known person", &script, 5);
    // In a log that has just begun as well.
    check("of anybody", &script.replace("alice", "dora"), 5);
}

/// A program that lists and follows everything, for a month.
const ARGO: &str = "argocd/argocd-application-controller";

#[test]
fn the_strongest_token_is_used_from_outside() {
    for agent in [
        "~curl/8.4.0 @203.0.113.5",
        "~kubectl/v1.30.1 @10.0.77.7",
        "@203.0.113.5",
    ] {
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

#[test]
fn a_program_that_is_started_elsewhere_is_quiet() {
    let restarted = argo_starts().replace("07:00:00", "12:00:00");
    let in_pages = restarted
        .replace("rv=0 200", "@10.0.77.7 200")
        .replace("rv=8", "@10.0.77.7 rv=8");
    let of_another_pod = restarted.replace("rv=", "@10.0.78.7 pod=argo-1 node=worker-2 rv=");
    for script in [restarted, in_pages, of_another_pod] {
        let mut batch = Vec::new();
        for day in -34..=0 {
            batch.extend(activities(ORDINARY, day));
            batch.extend(activities(&argo_starts(), day));
        }
        batch.extend(renamed(activities(&script, 0)));
        let incidents = super::world::run(&batch);
        assert!(incidents.is_empty(), "{incidents:#?}");
    }
}

pub(super) fn argo_starts() -> String {
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
