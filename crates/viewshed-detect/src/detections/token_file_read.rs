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
    cap: 80,
    page: include_str!("../../../../docs/detections/token-file-read.md"),
    judge,
};

/// Programs with which people and scripts read files.
const READERS: [&str; 16] = [
    "cat", "head", "tail", "less", "more", "sh", "bash", "dash", "ash", "busybox", "grep", "find",
    "cp", "base64", "curl", "python3",
];

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
    let weight = if READERS.contains(&program) {
        60.0
    } else {
        12.0 + 20.0 * look.acquaintance
    };
    Some(Sign::new(
        weight,
        format!("{} opens {file} with {program}", look.who),
    ))
}
