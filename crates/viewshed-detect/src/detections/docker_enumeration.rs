//! Asks a Docker daemon for one thing after the other.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::docker::{plain, version};
use crate::engine::facts::Sort;
use crate::engine::path::without_query;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "docker-enumeration",
    title: "asks a Docker daemon what there is",
    techniques: &["T1613"],
    cap: 100,
    page: include_str!("../../../../docs/detections/docker-enumeration.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.activity.surface != Surface::DockerApi || look.is_usual {
        return None;
    }
    let behaviour = look.behaviour;
    let path = without_query(&look.activity.uri);
    let kind = plain(behaviour.kind);
    let base = match (behaviour.op, kind) {
        (Op::List, "docker:secrets" | "docker:configs" | "docker:swarm") => 25.0,
        (Op::List, _) => 12.0,
        // The files of a container, whole.
        (Op::Log, "docker:containers/archive" | "docker:containers/export") => 34.0,
        (Op::Log, _) => 14.0,
        // Health checks run commands all day; in the daemon's events nothing tells them from others.
        (Op::Exec, _) if path.is_empty() => 3.0,
        (Op::Exec, _) => 22.0,
        (Op::Get, _) => 8.0,
        (Op::Path, "docker:info" | "docker:system") => 12.0,
        (Op::Path, _) => 4.0,
        _ => return None,
    };
    // `docker stats` asks for those of every container.
    let what = match kind {
        "docker:containers/stats" => "",
        _ => path,
    };
    look.facts.nth(Sort::DockerRead, [kind, what])?;
    // The command line client always names a version; scripts and tools often do not.
    let unversioned = !path.is_empty() && version(path).is_none();
    let weight = if unversioned { base * 1.6 } else { base };
    let nth = look.facts.count(Sort::DockerRead);
    Some(Sign::new(
        weight,
        format!(
            "{} asks the Docker daemon for {nth} {}",
            look.who,
            if nth == 1 {
                "thing"
            } else {
                "different things"
            }
        ),
    ))
}
