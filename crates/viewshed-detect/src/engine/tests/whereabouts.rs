//! Credentials of programs under the usual name of their client, where they never were.

use viewshed_model::Incident;

use super::world::after;

/// What six programs do on each of eight days.
const USUAL: &str = "
07:00:00 system:kube-controller-manager @10.0.0.4 watch secrets -A stream 200
+0s system:kube-controller-manager @10.0.0.4 watch pods -A stream 200
+0s system:kube-controller-manager @10.0.0.4 watch configmaps -A stream 200
+1s system:kube-scheduler @10.0.0.4 list pods -A rv=0 200
+0s system:kube-scheduler @10.0.0.4 watch pods -A rv=1 200
+0s system:kube-scheduler @10.0.0.4 get leases.coordination.k8s.io kube-scheduler -n kube-system 200 x60
+1s node:worker-1 @10.0.0.5 cred=X509SHA256=a get nodes worker-1 200 x20
+0s node:worker-1 @10.0.0.5 cred=X509SHA256=a list services -A rv=0 200
+1m kube-system/generic-garbage-collector @10.0.0.4 list pods -A rv=0 200
+0s kube-system/generic-garbage-collector @10.0.0.4 watch pods -A rv=1 200
+1m monitoring/prometheus pod=prometheus-0 cred=JTI=1 @10.1.5.21 list pods -A rv=0 200
+0s monitoring/prometheus pod=prometheus-0 cred=JTI=1 @10.1.5.21 watch pods -A rv=1 200
+0s monitoring/prometheus pod=prometheus-0 cred=JTI=1 @10.1.5.21 get configmaps rules -n monitoring 200 x20
+1m ledger/posting pod=posting-1 cred=JTI=2 @10.1.4.34 get secrets db -n ledger 200 x20
+1m shop/search @10.1.4.40 get configmaps search -n shop 200 x20
+1m shop/index @10.1.4.41 get configmaps index -n shop 200 x20
+1m tariq @198.51.100.15 group=ledger list pods -n ledger 200 x20
";

fn told(script: &str) -> Vec<Incident> {
    after(USUAL, 8, script)
}

/// The incident opens with the request of this number, and holds so many events.
fn check(name: &str, script: &str, (opened, events): (usize, u64)) {
    let incidents = told(script);
    assert_eq!(incidents.len(), 1, "{name}");
    let incident = &incidents[0];
    let asked = crate::script::activities(script, 0);
    let number = asked
        .iter()
        .position(|one| one.at_us >= incident.opened_at.as_microsecond());
    assert_eq!(number.map(|at| at + 1), Some(opened), "{name}");
    assert_eq!(incident.event_count, events, "{name}");
}

#[test]
fn the_control_plane_is_in_no_pod_and_not_outside() {
    let script = |who: &str, at: &str| {
        format!(
            "10:00:00 {who} @{at} list pods -A 200
             +10m {who} @{at} list secrets -A 200
             +10m {who} @{at} list configmaps -A 200"
        )
    };
    for who in [
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "kube-system/generic-garbage-collector",
    ] {
        check(who, &script(who, "203.0.113.200"), (1, 3));
    }
    let manager = "system:kube-controller-manager";
    check("in a pod", &script(manager, "10.1.4.34"), (1, 3));
}

#[test]
fn a_second_host_of_the_control_plane_is_none_of_that() {
    let script = "
        10:00:00 system:kube-controller-manager @10.0.0.6 watch secrets -A stream 200
        +0s system:kube-controller-manager @10.0.0.6 watch pods -A stream 200
        +0s system:kube-controller-manager @10.0.0.6 watch configmaps -A stream 200
        +1s system:kube-scheduler @10.0.0.6 list pods -A rv=0 200
        +0s system:kube-scheduler @10.0.0.6 watch pods -A rv=9 200
        +1s kube-system/generic-garbage-collector @10.0.0.6 list pods -A rv=0 200
        +0s kube-system/generic-garbage-collector @10.0.0.6 watch pods -A rv=9 200
        +10m system:kube-controller-manager @10.0.0.6 watch secrets -A rv=30 200";
    assert_eq!(told(script), []);
}

#[test]
fn the_scheduler_lists_what_it_never_needed() {
    let script = "
        10:00:00 system:kube-scheduler @10.0.0.4 list secrets -A 200
        +10m system:kube-scheduler @10.0.0.4 list configmaps -A 200
        +10m system:kube-scheduler @10.0.0.4 list serviceaccounts -A 200
        +10m system:kube-scheduler @10.0.0.4 list clusterroles.rbac.authorization.k8s.io -A 200";
    assert_eq!(told(script).len(), 1);
}

#[test]
fn the_very_credential_of_a_pod_or_a_node_outside() {
    check(
        "token",
        "10:00:00 monitoring/prometheus pod=prometheus-0 cred=JTI=1 @203.0.113.200 list pods -A 200
         +10m monitoring/prometheus pod=prometheus-0 cred=JTI=1 @203.0.113.200 list pods -A 200",
        (1, 2),
    );
    check(
        "certificate",
        "10:00:00 node:worker-1 cred=X509SHA256=a @203.0.113.200 list services -A 200
         +10m node:worker-1 cred=X509SHA256=a @203.0.113.200 get secrets db -n ledger 200",
        (1, 2),
    );
}

#[test]
fn a_token_without_the_pod_that_all_others_named() {
    check(
        "outside",
        "10:00:00 ledger/posting @203.0.113.200 get secrets db -n ledger 200
         +10m ledger/posting @203.0.113.200 get secrets db -n ledger 200",
        (1, 2),
    );
    // Somebody makes a token to try something, which says little by itself.
    let inside = "10:00:00 ledger/posting @10.1.4.34 get secrets db -n ledger 200";
    assert_eq!(told(inside), []);
}

#[test]
fn hosts_and_their_programs_may_have_public_addresses() {
    let script = "
        10:00:00 node:worker-2 @203.0.113.7 get nodes worker-2 200
        +1s node:worker-2 @203.0.113.7 list services -A rv=0 200
        +10s node:worker-2 @203.0.113.7 watch services -A rv=7 200
        +1h monitoring/prometheus pod=prometheus-1 cred=JTI=9 @203.0.113.7 list pods -A rv=0 200
        +0s monitoring/prometheus pod=prometheus-1 cred=JTI=9 @203.0.113.7 watch pods -A rv=7 200";
    assert_eq!(told(script), []);
}

#[test]
fn a_place_that_cannot_have_been_handed_over_needs_no_pod() {
    let usual = "10:00:00 shop/index @10.1.4.41 get configmaps index -n shop 200 x120";
    let carried = format!("{usual}\n+1m shop/search @10.1.4.41 get configmaps search -n shop 200");
    assert_eq!(told(&carried).len(), 1);
    // The other has come back with a new address: this one was free.
    let handed_over = format!(
        "{usual}
         +1m shop/index @10.1.4.42 get configmaps index -n shop 200
         +1m shop/search @10.1.4.41 get configmaps search -n shop 200"
    );
    assert_eq!(told(&handed_over), []);
}

#[test]
fn the_group_that_may_do_everything_needs_no_further_sign() {
    for (who, group) in [
        ("tariq @198.51.100.15", "ledger"),
        ("shop/search @10.1.4.40", "system:serviceaccounts"),
    ] {
        let ordinary = format!("10:00:00 {who} group={group} list pods -n ledger 200");
        let mighty = ordinary.replace(group, "system:masters");
        assert_eq!(told(&ordinary), [], "{who}");
        check(who, &mighty, (1, 1));
    }
}
