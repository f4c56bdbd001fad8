//! ENTERS: nothing. Ends a credential plugin that does not come to its end.
//!
//! The library that runs the plugin waits for it without a limit and does not tell its process. A variable
//! in its environment, which the processes that it starts inherit, marks them as ours to end (proc(5)).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use kube::config::AuthInfo;
use rustix::process::{Pid, Signal, kill_process};

const VARIABLE: &str = "VIEWSHED_CREDENTIAL_PLUGIN";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Puts a mark into the plugin's environment, where the user has one; it is told apart from every other.
pub(super) fn mark(user: &mut AuthInfo) -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let value = format!("{}-{number}", std::process::id());
    if let Some(exec) = &mut user.exec {
        let pair = [("name", VARIABLE), ("value", value.as_str())];
        let pair: HashMap<String, String> = pair
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        exec.env.get_or_insert_default().push(pair);
    }
    format!("{VARIABLE}={value}")
}

/// Ends every process with this mark. Where there is no `/proc`, the plugin ends with its own time.
pub(super) fn end(mark: &str) {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return;
    };
    for process in processes.flatten() {
        let id = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let is_ours = || {
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == mark.as_bytes())
        };
        if let Some(process) = id.and_then(Pid::from_raw)
            && is_ours()
        {
            // It may have ended since: then there is nothing to do.
            kill_process(process, Signal::KILL).ok();
        }
    }
}
