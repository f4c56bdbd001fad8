//! Asks for what was removed years ago.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::docker::version;
use crate::engine::facts::Sort;
use crate::engine::path::without_query;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "removed-api",
    title: "asks for APIs that were removed long ago",
    techniques: &["T1613"],
    cap: 90,
    page: include_str!("../../../../docs/detections/removed-api.md"),
    judge,
};

/// Docker refuses clients below 1.24 since version 25 (moby `api/common.go`).
const DOCKER_MINOR_MIN: u32 = 24;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    let path = without_query(&look.activity.uri);
    let is_removed = match look.activity.surface {
        Surface::KubernetesApi => {
            [
                "/swaggerapi",
                "/swagger-2.0.0",
                "/swagger-ui",
                "/ui",
                "/swagger.json",
                "/api/v1/proxy/",
            ]
            .iter()
            .any(|old| path.starts_with(old))
                || look.activity.object.resource == "podsecuritypolicies"
        }
        Surface::DockerApi => {
            version(path).is_some_and(|(major, minor)| major == 1 && minor < DOCKER_MINOR_MIN)
        }
        Surface::DelegatedReview => look.activity.object.subresource == "spec",
        Surface::Process | Surface::Dns => false,
    };
    if !is_removed || look.is_usual {
        return None;
    }
    look.facts.nth(Sort::Document, [path, "removed"])?;
    // Old clients ask for old kinds; the old paths only who has an old script.
    let points = match look.activity.surface {
        Surface::KubernetesApi if look.behaviour.op == Op::Path => 30.0,
        _ => 20.0,
    };
    let what = if path.is_empty() {
        look.behaviour.kind
    } else {
        path
    };
    Some(Sign::new(
        points * look.share().max(0.5),
        format!("{} asks for {what}, which was removed long ago", look.who),
    ))
}
