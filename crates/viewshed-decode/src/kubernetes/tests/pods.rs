//! What a pod's status and specification say of what can be seen inside.

use super::check;

#[test]
fn containers_that_do_not_run_again_have_ended() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"},
        "spec":{"containers":[{"name":"main"}],"ephemeralContainers":[{"name":"debug"}],
                "initContainers":[{"name":"done"},{"name":"failed"},{"name":"sidecar"}]},
        "status":{"phase":"Running",
          "containerStatuses":[{"name":"main","state":{"terminated":{"exitCode":0}}}],
          "ephemeralContainerStatuses":[{"name":"debug","state":{"terminated":{"exitCode":137}}}],
          "initContainerStatuses":[
            {"name":"done","state":{"terminated":{"exitCode":0,"reason":"Completed"}}},
            {"name":"failed","state":{"terminated":{"exitCode":1}}},
            {"name":"sidecar","state":{"running":{}}}]}}"#,
    );
    let spec = &cluster.pods[0].spec;
    let ended: Vec<&str> = spec
        .containers
        .iter()
        .filter(|container| container.has_ended)
        .map(|container| container.name.as_str())
        .collect();
    assert_eq!(ended, ["done", "debug"]);
    let standing: Vec<&str> = spec.standing().map(|one| one.name.as_str()).collect();
    assert_eq!(standing, ["failed", "sidecar", "main"]);
}

#[test]
fn the_default_resolver_needs_no_mention() {
    for (policy, expected) in [
        (r#""ClusterFirst""#, ""),
        ("null", ""),
        (r#""Default""#, "Default"),
        (r#""ClusterFirstWithHostNet""#, "ClusterFirstWithHostNet"),
    ] {
        let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"},
            "spec":{"dnsPolicy":POLICY,"containers":[]}}"#;
        let cluster = check(&pod.replace("POLICY", policy));
        assert_eq!(cluster.pods[0].spec.dns_policy, expected);
    }
}

#[test]
fn users_and_groups_are_the_containers_own_else_the_pods() {
    let cluster = check(
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"n"},
        "spec":{"securityContext":{"runAsUser":1000,"runAsGroup":3000,"fsGroup":2000,"supplementalGroups":[0,7]},
                "containers":[{"name":"a"},{"name":"b","securityContext":{"runAsGroup":0}}]}}"#,
    );
    let spec = &cluster.pods[0].spec;
    assert_eq!(spec.fs_group, Some(2000));
    assert_eq!(spec.supplemental_groups, [0, 7]);
    let ids: Vec<_> = spec
        .containers
        .iter()
        .map(|one| (one.run_as_user, one.run_as_group))
        .collect();
    assert_eq!(ids, [(Some(1000), Some(3000)), (Some(1000), Some(0))]);
}
