//! A shell or a new program opens the credential of a workload or a node.

use super::{Detection, Look, Sign};
use crate::engine::behaviour::Op;
use crate::engine::command::{base_name, is_token_file};
use crate::engine::facts::Sort;
use viewshed_model::Surface;

pub(super) static DETECTION: Detection = Detection {
    name: "token-file-read",
    title: "opens the token of a workload",
    techniques: &["T1552.007", "T1528", "T1613"],
    cap: 100,
    page: include_str!("../../../../docs/detections/token-file-read.md"),
    judge,
};

/// Programs with which people and scripts read files.
const READERS: [&str; 16] = [
    "cat", "head", "tail", "less", "more", "sh", "bash", "dash", "ash", "busybox", "grep", "find",
    "cp", "base64", "curl", "python3",
];

/// Where pods find their token.
const MOUNT: &str = "/run/secrets/kubernetes.io/";
/// So many files of one program are told.
const FILES_OF_PROGRAM: u16 = 2;
/// Words of a command line that are looked at.
const WORDS_MAX: usize = 64;

fn judge(look: &mut Look<'_>) -> Option<Sign> {
    if look.activity.surface != Surface::Process || look.is_usual {
        return None;
    }
    let process = look.activity.process.as_ref()?;
    let program = base_name(&process.executable);
    let file = match look.behaviour.op {
        Op::File => &*process.file,
        // Who records what is run and not what is opened sees it on the command line.
        Op::Command if READERS.contains(&program) => {
            let mut words = process.command.split_whitespace().take(WORDS_MAX);
            words.find(|word| is_token_file(word))?
        }
        _ => return None,
    };
    if !is_token_file(file) {
        return None;
    }
    look.facts.nth(Sort::Command, [file, program])?;
    if file.starts_with(MOUNT) || file.starts_with("/var/run/secrets/") {
        // No host has this file, so this hand is in a container, whoever logs it.
        look.facts.nth(Sort::InContainer, ["", ""]);
    }
    let is_another = look.facts.nth(Sort::TokenFile, [file, ""]).is_some();
    let in_container = !process.container.is_empty() || !look.activity.actor.pod.is_empty();
    // Somebody wrote a rule that nobody should do this, and it is an alert of that rule (Falco).
    let is_alert = in_container && !look.activity.message.is_empty();
    let weight = match (READERS.contains(&program), is_another) {
        (true, true) if is_alert => 100.0,
        (true, true) => 60.0,
        // A shell and what it runs.
        (true, false) => 5.0,
        // Agents that look after all pods of a node open the files of all.
        (false, _) if look.facts.count(Sort::TokenFile) > FILES_OF_PROGRAM => return None,
        (false, _) => 12.0 + 20.0 * look.acquaintance,
    };
    Some(Sign::new(
        weight,
        format!("{} opens {file} with {program}", look.who),
    ))
}
