use std::borrow::Cow;

use viewshed_model::{
    Activity, ActivityObject, Level, LogProfile, Stage, Surface, Verdict, Visibility,
};

use super::super::{LogKind, ProfileCollector, SHAPES_MAX, coverage};
use super::{of_profile, source, visibility};

fn activity<'a>(verb: &'a str, resource: &'a str, uri: &'a str) -> Activity<'a> {
    let mut activity = Activity {
        at_us: 1_700_000_000_000_000,
        verb: Cow::Borrowed(verb),
        uri: Cow::Borrowed(uri),
        code: 200,
        verdict: Verdict::Allowed,
        object: ActivityObject {
            resource: Cow::Borrowed(resource),
            ..ActivityObject::default()
        },
        ..Activity::default()
    };
    activity.actor.user = Cow::Borrowed("alice");
    activity
}

fn profile(entries: &[(u64, Activity<'_>)]) -> LogProfile {
    let mut collector = ProfileCollector::default();
    for (times, activity) in entries {
        for _ in 0..*times {
            collector.add(activity);
        }
    }
    collector.profile()
}

#[test]
fn counts_shapes_levels_and_stages() {
    let mut watch = activity("watch", "pods", "/api/v1/pods?watch=true");
    watch.level = Level::Request;
    watch.stage = Stage::ResponseStarted;
    let crawl = activity("get", "", "/apis/apps/v1?timeout=32s");
    let profile = profile(&[
        (2, activity("list", "pods", "/api/v1/pods?limit=500")),
        (1, watch),
        (3, crawl),
    ]);
    assert_eq!(profile.event_count, 6);
    assert_eq!(
        profile.stages,
        [(Stage::ResponseStarted, 1), (Stage::ResponseComplete, 5)].into()
    );
    assert_eq!(
        profile.levels,
        [(Level::Metadata, 5), (Level::Request, 1)].into()
    );
    let shapes: Vec<String> = profile
        .requests
        .iter()
        .map(|seen| {
            format!(
                "{} {}{} {}",
                seen.verb,
                seen.resource,
                seen.path,
                seen.count()
            )
        })
        .collect();
    assert_eq!(shapes, ["get /apis 3", "list pods 2", "watch pods 1"]);
    assert_eq!(
        profile
            .seen(Surface::KubernetesApi, "*", ("", "pods", ""))
            .count(),
        2
    );
    assert_eq!(profile.seen_path("/apis").count(), 1);
}

#[test]
fn shapes_that_look_alike_are_counted_apart() {
    // Of one length, and many with one end: whatever is remembered of one meets the other.
    let kinds: Vec<String> = (0..1_000).map(|number| format!("k{number:03}s")).collect();
    let mut collector = ProfileCollector::default();
    for round in 1..=3 {
        for (number, kind) in kinds.iter().enumerate() {
            let mut activity = activity("list", kind, "/");
            activity.object.api_group = Cow::Borrowed(["", "apps"][number % 2]);
            if (number + round) % 3 == 0 {
                activity.surface = Surface::DelegatedReview;
            }
            collector.add(&activity);
            collector.add(&activity);
        }
    }
    let profile = collector.profile();
    assert_eq!(profile.requests.len(), 2 * kinds.len());
    for seen in &profile.requests {
        let times = if seen.surface == Surface::DelegatedReview {
            2
        } else {
            4
        };
        assert_eq!(seen.levels, [(Level::Metadata, times)].into(), "{seen:?}");
    }
}

#[test]
fn a_flood_of_shapes_is_bounded_and_counted() {
    let mut collector = ProfileCollector::default();
    for number in 0..SHAPES_MAX + 10 {
        let kind = format!("kind{number}");
        collector.add(&activity("list", &kind, ""));
    }
    let profile = collector.profile();
    assert_eq!(profile.requests.len(), SHAPES_MAX);
    assert_eq!(profile.further_requests, 10);
    // What never occurred may be among those without room.
    let report = of_profile(&profile);
    assert_eq!(visibility(&report, "list-pods"), Visibility::Unknown);
}

#[test]
fn gathering_goes_on_where_it_stopped() {
    let entries = [
        (2, activity("list", "pods", "/api/v1/pods")),
        (3, activity("get", "", "/apis/apps/v1?timeout=32s")),
        (1, activity("watch", "pods", "/api/v1/pods?watch=true")),
    ];
    for split in 0..=entries.len() {
        let (before, after) = entries.split_at(split);
        let mut collector = ProfileCollector::resume(profile(before));
        for (times, activity) in after.iter().chain(before) {
            for _ in 0..*times {
                collector.add(activity);
            }
        }
        let twice: Vec<_> = before.iter().chain(&entries).cloned().collect();
        assert_eq!(collector.profile(), profile(&twice), "split at {split}");
    }
}

#[test]
fn what_occurs_is_visible_and_what_always_occurs_is_missed() {
    let seen = profile(&[
        (1, activity("list", "pods", "")),
        (20_000, activity("create", "leases", "")),
    ]);
    let report = of_profile(&seen);
    assert_eq!(visibility(&report, "list-pods"), Visibility::Visible);
    assert_eq!(
        visibility(&report, "discovery-crawl"),
        Visibility::Invisible
    );
    assert_eq!(visibility(&report, "read-version"), Visibility::Unknown);
    let short = of_profile(&profile(&[(10, activity("create", "leases", ""))]));
    assert_eq!(visibility(&short, "list-pods"), Visibility::Unknown);
    let no_reads = of_profile(&profile(&[(2_000, activity("create", "leases", ""))]));
    assert_eq!(visibility(&no_reads, "list-secrets"), Visibility::Invisible);
}

#[test]
fn a_question_without_its_body_is_partial() {
    let mut review = activity("create", "selfsubjectaccessreviews", "");
    review.object.api_group = Cow::Borrowed("authorization.k8s.io");
    let report = of_profile(&profile(&[(1, review.clone())]));
    assert_eq!(visibility(&report, "ask-own-access"), Visibility::Partial);
    review.level = Level::Request;
    let report = of_profile(&profile(&[(1, review)]));
    assert_eq!(visibility(&report, "ask-own-access"), Visibility::Visible);
}

#[test]
fn long_and_odd_texts_do_no_harm() {
    let long = "ä".repeat(10_000);
    let profile = profile(&[
        (1, activity(&long, &long, "")),
        (1, activity("", "", "no-slash?x")),
    ]);
    assert_eq!(profile.requests.len(), 2);
    assert!(
        profile
            .requests
            .iter()
            .all(|seen| seen.resource.len() <= 253)
    );
}

#[test]
fn a_service_is_not_believed_to_log_reads_that_never_occur() {
    let writes = profile(&[(
        40,
        activity("create", "pods", "/api/v1/namespaces/shop/pods"),
    )]);
    let reads = profile(&[
        (
            40,
            activity("create", "pods", "/api/v1/namespaces/shop/pods"),
        ),
        (1, activity("list", "nodes", "/api/v1/nodes")),
    ]);
    let of = |kind: LogKind, profile: &LogProfile| {
        let mut source = source(kind.told_by(profile));
        source.profile = Some(profile);
        coverage(&[source], Vec::new())
    };
    for (kind, without, left, change) in [
        (
            LogKind::GkeDataAccess,
            LogKind::GkeAdminActivity,
            Visibility::Invisible,
            "switch on Data Access audit logs (ADMIN_READ and DATA_READ) for the service `k8s.io`",
        ),
        (
            LogKind::AksKubeAudit,
            LogKind::AksKubeAuditAdmin,
            // Of the reads it leaves out get and list, and not watch.
            Visibility::Partial,
            "send the category `kube-audit` instead of `kube-audit-admin`",
        ),
    ] {
        assert_eq!(kind.told_by(&writes), without);
        assert_eq!(kind.told_by(&LogProfile::default()), without);
        assert_eq!(kind.told_by(&reads), kind);
        let report = of(kind, &writes);
        assert_eq!(visibility(&report, "list-pods"), left);
        let row = report.of_action("list-pods").next().unwrap();
        assert_eq!(row.change, change);
        assert_eq!(
            visibility(&of(kind, &reads), "list-pods"),
            Visibility::Visible
        );
    }
}

#[test]
fn openshift_is_known_by_what_its_operators_read() {
    let mut version = activity(
        "get",
        "clusterversions",
        "/apis/config.openshift.io/v1/clusterversions/version",
    );
    version.object.api_group = Cow::Borrowed("config.openshift.io");
    let openshift = profile(&[(1, version)]);
    let plain = profile(&[(1, activity("list", "pods", "/api/v1/pods"))]);
    assert_eq!(
        LogKind::KubernetesAudit.told_by(&openshift),
        LogKind::OpenShift
    );
    assert_eq!(
        LogKind::KubernetesAudit.told_by(&plain),
        LogKind::KubernetesAudit
    );
    assert_eq!(LogKind::Eks.told_by(&openshift), LogKind::Eks);
}
