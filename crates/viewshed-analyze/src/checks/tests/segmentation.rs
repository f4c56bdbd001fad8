//! Where network segmentation (M1030) is missing.

use viewshed_model::{DockerHost, Estate, Gap, GapReason, Mitigation, Presence};

use super::{bound, live, pod, presence};
use crate::checks::{pages, summary};

#[test]
fn pods_without_any_policy_are_not_segmented_whatever_no_check_names() {
    let estate = live(|cluster| {
        cluster.bindings = vec![bound("nothing", "eve")];
        let mut web = pod("shop", "web", None);
        web.spec.host.network = true;
        cluster.pods = vec![web];
    });
    assert_eq!(presence(&estate, Mitigation::M1030), Presence::Unknown);
}

#[test]
fn segmentation_is_missing_where_pods_have_no_policy_at_all() {
    let mut estate = live(|cluster| {
        cluster.bindings = vec![bound("nothing", "eve")];
        cluster.pods = vec![pod("shop", "web", None)];
    });
    // No finding is needed for it.
    let of = |estate: &Estate| {
        let summaries = summary(estate, &[], &pages());
        let found = summaries.into_iter();
        let mut found = found.filter(|one| one.mitigation == Mitigation::M1030);
        found.next().unwrap()
    };
    let bare = of(&estate);
    assert_eq!(bare.states[0].presence, Presence::Missing);
    let places: Vec<(&str, u64)> = bare
        .missing_in
        .iter()
        .map(|place| (place.namespace.as_str(), place.findings))
        .collect();
    assert_eq!(places, [("shop", 0)]);
    let gap = Gap {
        source: "prod".to_owned(),
        what: "list `networkpolicies.networking.k8s.io`".to_owned(),
        reason: GapReason::Forbidden,
        detail: String::new(),
        hint: String::new(),
        count: 1,
    };
    estate.gaps.push(gap);
    assert_eq!(of(&estate).states[0].presence, Presence::Unknown);
    estate.clusters.clear();
    estate.docker_hosts.push(DockerHost::default());
    assert_eq!(of(&estate).states, []);
}
