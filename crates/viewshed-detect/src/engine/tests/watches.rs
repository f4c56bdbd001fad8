//! What a watch explains: the lists of a program that follows something, and not those of whoever imitates one.

use std::fmt::Write as _;

use super::{benign, intrusions};

const KINDS: [&str; 5] = [
    "secrets",
    "nodes",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "pods",
    "serviceaccounts",
];

/// Lists of five kinds by one identity, each followed by a watch; `None` of one that goes on, else its seconds.
fn informers(start: &str, who: &str, lasted: Option<u32>) -> String {
    let mut script = String::new();
    for (number, kind) in KINDS.into_iter().enumerate() {
        let time = if number == 0 { start } else { "+10m" };
        let watch = format!("{who} watch {kind} -A rv=7 id=s-w{number} 200");
        writeln!(
            script,
            "{time} {who} list {kind} -A rv=0 200\n+0s {watch} stage=started"
        )
        .unwrap();
        if let Some(seconds) = lasted {
            writeln!(script, "+{seconds}s {watch} lasted={seconds}").unwrap();
        }
    }
    script
}

#[test]
fn watches_that_are_cut_off_follow_nothing() {
    for seconds in [0, 1, 20] {
        let script = informers("09:00:00", "shop/basket", Some(seconds));
        intrusions::check("cut off", &script, 9);
    }
}

#[test]
fn watches_that_begin_with_all_objects_and_are_cut_off_are_lists() {
    let mut script = String::new();
    for (number, kind) in KINDS.into_iter().enumerate() {
        let time = if number == 0 { "09:00:00" } else { "+10m" };
        let watch = format!("shop/basket watch {kind} -A stream id=s-w{number} 200");
        writeln!(script, "{time} {watch} stage=started\n+2s {watch} lasted=2").unwrap();
    }
    intrusions::check("streams cut off", &script, 9);
}

#[test]
fn a_pod_that_has_long_been_at_something_else_does_not_turn_into_a_controller() {
    let who = "shop/cart pod=cart-7d cred=JTI=7";
    let before = format!("08:30:00 {who} get configmaps cart -n shop 200 x5\n");
    let script = before + &informers("09:00:00", who, None);
    intrusions::check("midway", &script, 13);
}

#[test]
fn controllers_follow_from_their_start_on() {
    let who = "shop/watcher pod=watcher-1";
    benign::check(
        "start",
        &informers("09:00:00", who, None).replace("+10m", "+1s"),
    );
}

#[test]
fn a_controller_that_fails_and_starts_again_is_one() {
    let who = "shop/watcher pod=watcher-1";
    let first = informers("09:00:00", who, None).replace("+10m", "+0s");
    let mut script = first.clone();
    for (number, kind) in KINDS.into_iter().enumerate() {
        let time = if number == 0 { "+9s" } else { "+0s" };
        writeln!(
            script,
            "{time} {who} watch {kind} -A rv=7 id=s-w{number} 200 lasted=9"
        )
        .unwrap();
    }
    script += &first
        .replace("09:00:00", "+20s")
        .replace("id=s-w", "id=s-again");
    script += "+2h shop/watcher pod=watcher-1 watch pods -A rv=9 200";
    benign::check("starts again", &script);
}

#[test]
fn a_replica_that_waited_for_the_lease_follows_when_it_has_it() {
    let who = "shop/watcher pod=watcher-2";
    let lease = "leases.coordination.k8s.io watcher -n shop";
    let script = format!(
        "08:30:00 {who} get {lease} 200 x40
         +30m {who} update {lease} 200
         +2m {who} update {lease} 200\n"
    );
    let follows = informers("+1s", who, None).replace("+10m", "+0s");
    benign::check("leader", &(script + &follows));
}
