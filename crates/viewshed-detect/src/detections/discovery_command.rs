//! Somebody runs a client of clusters or containers where none belongs.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::command::{
    base_name, fetches_from_cluster, is_client, is_given_cluster, program,
};
use crate::engine::facts::Sort;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "discovery-command",
    title: "runs kubectl, docker and the like in a container",
    techniques: &["T1613", "T1059"],
    cap: 110,
    page: include_str!("../../../../docs/detections/discovery-command.md"),
    judge,
};

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.activity.surface != Surface::Process
        || look.behaviour.op != Op::Command
        || look.is_usual
    {
        return None;
    }
    let process = look.activity.process.as_ref()?;
    let program = program(look.activity);
    let executable = base_name(&process.executable);
    let is_other = is_client(program) && !executable.is_empty() && !executable.starts_with(program);
    let fetches = fetches_from_cluster(program, &process.command);
    let is_renamed =
        !is_client(program) && !is_client(executable) && is_given_cluster(&process.command);
    if !is_client(program) && !fetches && !is_renamed {
        return None;
    }
    let is_disguised = is_other || is_renamed;
    look.facts.nth(Sort::Command, [&process.command, ""])?;
    let nth = look.facts.count(Sort::Command);
    // Audit records of the kernel name no container; a file that only containers have tells as well.
    let in_container = !process.container.is_empty()
        || !look.activity.actor.pod.is_empty()
        || look.facts.count(Sort::InContainer) > 0;
    let has_token = process.command.contains("--token=eyJ")
        || process.command.contains("--token eyJ")
        || process.command.contains("Bearer eyJ");
    let base: f64 = match (in_container, fetches) {
        (true, true) => 45.0,
        (true, false) => 32.0,
        // On a host people work; a dozen different commands are another thing.
        (false, true) => 15.0,
        (false, false) => 5.0,
    };
    let weight = base + if is_disguised { 50.0 } else { 0.0 } + if has_token { 40.0 } else { 0.0 };
    let disguise = if is_other {
        format!(" (really {executable})")
    } else if is_renamed {
        ", a client of clusters by its arguments,".to_owned()
    } else {
        String::new()
    };
    let place = if in_container { " in a container" } else { "" };
    Some(Sign::new(
        weight,
        format!(
            "{} runs {program}{disguise}{place}, {nth} different command{}",
            look.who,
            if nth == 1 { "" } else { "s" }
        ),
    ))
}
