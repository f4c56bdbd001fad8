//! LEAVES: every event that is judged, as OCSF API Activity, for a store that keeps events beside incidents.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use viewshed_model::{Activity, Stage};

use crate::outcome::Failure;

/// The file of `--events-file`: it grows, as a log does.
#[derive(Debug)]
pub(crate) struct Events {
    path: PathBuf,
    file: BufWriter<File>,
    /// What went wrong, until somebody can be told.
    problem: Option<std::io::Error>,
}

impl Events {
    /// Opens the file, if one is named.
    ///
    /// # Errors
    /// When it cannot be written: better now than later.
    pub(crate) fn open(path: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let file = File::options().append(true).create(true).open(path);
        let file = file.map_err(|error| failure(path, &error))?;
        Ok(Some(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            problem: None,
        }))
    }

    /// Adds a line for each. A line that only tells that a request was received says nothing of what came of it.
    /// `now` is the time of those whose line has none.
    pub(crate) fn add(&mut self, activities: &[Activity<'_>], now: Timestamp) {
        for activity in activities {
            if activity.stage == Stage::RequestReceived || self.problem.is_some() {
                continue;
            }
            let version = env!("CARGO_PKG_VERSION");
            let line = viewshed_report::ocsf::api_activity(activity, version, now);
            self.problem = self.file.write_all(line.as_bytes()).err();
        }
    }

    /// Writes what is not written yet.
    ///
    /// # Errors
    /// When that, or anything before, could not be written.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        let problem = self.problem.take().or_else(|| self.file.flush().err());
        problem.map_or(Ok(()), |error| Err(failure(&self.path, &error)))
    }
}

fn failure(path: &Path, error: &std::io::Error) -> Failure {
    let message = anyhow::anyhow!("cannot write `{}`: {error}", path.display());
    Failure::collect(
        message,
        "check that the folder exists and is writable, and the space on its disk",
    )
}
