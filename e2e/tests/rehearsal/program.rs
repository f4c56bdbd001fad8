//! The program under test, and what it says of a rehearsal.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use viewshed_bench::static_binary;

/// The program, so built that it runs in an image without libraries too.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| static_binary("viewshed", "viewshed").unwrap())
}

/// Exit code and document of `viewshed rehearse`.
pub(crate) fn rehearse(words: &[&str]) -> (i32, Report) {
    let mut command = Command::new(binary());
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.arg("rehearse").args(words);
    let output = command.args(["--output", "json"]).output().unwrap();
    (output.status.code().unwrap(), Report::of(&output))
}

/// The document.
pub(crate) struct Report(pub(crate) Value);

impl Report {
    pub(crate) fn of(output: &Output) -> Self {
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            panic!("{error}: {:?}: {said}", output.status)
        });
        Self(document)
    }

    pub(crate) fn step(&self, name: &str) -> &Value {
        let mut steps = self.0["steps"].as_array().unwrap().iter();
        steps.find(|step| step["step"] == name).unwrap()
    }

    /// Names of the steps with a verdict.
    pub(crate) fn with(&self, verdict: &str) -> Vec<&str> {
        let steps = self.0["steps"].as_array().unwrap();
        steps
            .iter()
            .filter(|step| step["verdict"] == verdict)
            .map(|step| step["step"].as_str().unwrap())
            .collect()
    }

    /// Requests that left, and those that a log shows.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let steps = self.0["steps"].as_array().unwrap();
        let sum = |field: &str| steps.iter().map(|step| step[field].as_u64().unwrap()).sum();
        (sum("sent"), sum("shown"))
    }
}
