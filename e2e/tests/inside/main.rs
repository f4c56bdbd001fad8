//! `viewshed see --pod` from outside, against what `viewshed see --here` inside that very pod is
//! answered: the same identities, the same answer to every question, the same objects.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![expect(clippy::panic, reason = "helpers of tests fail the test")]
#![expect(clippy::print_stderr, reason = "the figures are the point of the run")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values are indexed")]

mod compare;
mod place;

use std::collections::BTreeSet;

use compare::{Tally, compare, users};
use place::{Place, place};
use viewshed_bench::run;

const NODE: &str = "system:node:worker-1";
const ANONYMOUS: &str = "system:anonymous";

/// What a pod holds of its node beyond the tokens that the program finds and uses by itself. Each is
/// proven by a test below.
fn is_taken_from_node(pod: &str, user: &str) -> bool {
    match pod {
        // Named and not used: the kubelet's kubeconfig.
        "kubelet-folder" | "root-by-process" | "root-folder" => user == NODE,
        // Root on the node, in another file system.
        "privileged" | "traces" => user != ANONYMOUS,
        _ => false,
    }
}

#[test]
fn every_pod_is_answered_what_was_computed_for_it() {
    let Some(place) = place() else { return };
    let mut tally = Tally::default();
    for (pod, views) in place.views() {
        let before = tally.asked;
        compare(place, pod, views, &mut tally);
        eprintln!(
            "inside: {pod}: {} answers compared, {} objects so far",
            tally.asked - before,
            tally.objects
        );
    }
    eprintln!(
        "inside: {} pods, {} identities, {} answers and {} objects compared, {} differences",
        place.pods.len(),
        tally.identities,
        tally.asked,
        tally.objects,
        tally.differences.len()
    );
    assert_eq!(tally.differences, Vec::<String>::new());
    assert!(tally.asked > 10_000, "{}", tally.asked);
}

#[test]
fn the_live_server_agrees_about_every_identity() {
    let Some(place) = place() else { return };
    let accounts = place
        .names("serviceaccounts")
        .into_iter()
        .map(|account| vec!["--serviceaccount".to_owned(), account]);
    let others = [
        &["--anonymous"][..],
        &["--node", "worker-1"],
        &["--as", NODE],
        &["--as", "system:kube-scheduler"],
        &["--as", "system:kube-controller-manager"],
        &["--as", "jane", "--as-group", "system:masters"],
        &["--as", "stranger"],
    ];
    let others = others.map(|words| words.iter().map(|&word| word.to_owned()).collect());
    let mut asked = 0;
    let mut count = 0;
    for vantage in others.into_iter().chain(accounts) {
        let words: Vec<&str> = vantage.iter().map(String::as_str).collect();
        let live = ["see", "--verify", "--kubeconfig", &place.kubeconfig];
        let seen = place.outside(&[&live[..], &words].concat());
        let verification = &seen["verification"];
        assert_eq!(
            verification["differences"],
            serde_json::json!([]),
            "{vantage:?}"
        );
        asked += verification["asked"].as_u64().unwrap();
        count += 1;
    }
    eprintln!("inside: --verify: {count} vantages, {asked} asked, 0 differences");
    assert!(asked > 20_000, "{asked}");
}

#[test]
fn a_kubelets_folder_gives_its_identity() {
    let Some(place) = place() else { return };
    let inside = place.inside("ops/kubelet-folder", "main", &["see", "--here"]);
    let kubeconfigs = &inside["here"]["surroundings"]["kubeconfigs"];
    let path = kubeconfigs[0].as_str().unwrap();
    assert_eq!(path, "/etc/kubernetes/kubelet.conf");
    let rules = place.inside(
        "ops/kubelet-folder",
        "main",
        &["can-i", "--list", "--kubeconfig", path],
    );
    assert_eq!(rules["identity"]["user"], NODE);
    assert!(users(&place.see_pod("ops/kubelet-folder")).contains(NODE));
    // The whole root holds the same file, also where it is mounted as that of a process.
    for pod in ["ops/root-folder", "ops/root-by-process"] {
        let root = place.inside(pod, "main", &["see", "--here"]);
        let kubeconfigs = root["here"]["surroundings"]["kubeconfigs"].to_string();
        assert!(
            kubeconfigs.contains("/host/etc/kubernetes/kubelet.conf"),
            "{pod}: {kubeconfigs}"
        );
    }
}

#[test]
fn a_privileged_pod_reads_every_token_of_its_node() {
    let Some(place) = place() else { return };
    let script = "cd /proc/1/root/var/lib/kubelet/pods && \
                  cat */volumes/kubernetes.io~projected/*/token */volumes/kubernetes.io~projected/*/api \
                  */volumes/kubernetes.io~secret/*/token 2>/dev/null | tr -s '\\n' | sed 's/\\./\\n/g' | grep ^eyJ";
    let parts = place.shell("ops/privileged", script);
    let mut found: BTreeSet<String> = place::subjects(&parts);
    found.insert(NODE.to_owned());
    found.insert(ANONYMOUS.to_owned());
    assert_eq!(users(&place.see_pod("ops/privileged")), found);
    let inside = place.inside("ops/privileged", "main", &["see", "--here"]);
    let around = &inside["here"]["surroundings"];
    assert_eq!(around["host"]["pid"], true);
    assert!(around["capabilities"].to_string().contains("CAP_SYS_ADMIN"));
}

#[test]
fn signs_of_the_node_are_seen_where_the_specification_has_them() {
    let Some(place) = place() else { return };
    for (pod, views) in place.views() {
        let mut outside = views.outside.clone();
        // What the pod leads to speaks of other pods.
        outside.as_object_mut().unwrap().remove("pivots");
        let outside = outside.to_string();
        let around = &views.inside["main"]["here"]["surroundings"];
        let sockets = around["sockets"].to_string();
        let computed = (
            outside.contains("shares the network of its node"),
            outside.contains("lists every container of the node")
                || (outside.contains("mounts / of its node")
                    && outside.contains("\"runtime socket\"")),
        );
        let found = (
            around["host"]["network"] == true,
            sockets.contains("containerd.sock"),
        );
        assert_eq!(computed, found, "{pod}: {around:#}");
    }
    let kernel = run(std::process::Command::new("uname").arg("-s")).unwrap();
    assert_eq!(kernel.trim(), "Linux");
}

impl Place {
    /// Namespace and name of every object of a namespaced kind.
    fn names(&self, kind: &str) -> Vec<String> {
        let list = self.node.kubectl().json(&["get", kind, "-A"]).unwrap();
        let items = list["items"].as_array().unwrap();
        let name = |item: &serde_json::Value| {
            let meta = &item["metadata"];
            format!(
                "{}/{}",
                meta["namespace"].as_str().unwrap(),
                meta["name"].as_str().unwrap()
            )
        };
        items.iter().map(name).collect()
    }
}
