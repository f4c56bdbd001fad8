//! ENTERS: what was learned before, from a file or a folder that the user names; with the engine's settings.

use std::path::Path;

use viewshed_detect::{Baseline, Settings};

use super::pump::read_file;
use super::state;
use crate::cli::JudgeArgs;
use crate::outcome::Failure;

/// The engine's settings, with table positions that nobody can guess.
pub(crate) fn settings(arguments: &JudgeArgs) -> Settings {
    use std::hash::BuildHasher;
    Settings {
        user_allow_list: arguments.user_allow_list.clone(),
        time_window_s: arguments.time_window,
        pod_query_threshold: arguments.pod_query_threshold,
        hash_seed: std::hash::RandomState::new().hash_one(0_u8),
        ..Settings::default()
    }
}

/// What was learned before, or nothing.
///
/// # Errors
/// When the file cannot be read or is no baseline.
pub(crate) fn baseline(arguments: &JudgeArgs) -> Result<Baseline, Failure> {
    arguments
        .baseline
        .as_deref()
        .map_or_else(|| Ok(Baseline::default()), read_baseline)
}

/// What a file of `viewshed baseline`, or a folder of `viewshed watch --state`, holds.
///
/// # Errors
/// When it cannot be read or is no baseline.
pub(crate) fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    if path.is_dir() {
        let engine = state::peek(path)?.engine(Settings::default())?;
        // As a file would hold it: what is under way belongs to the run that has the folder.
        let bytes = engine.map(|engine| engine.baseline().to_bytes());
        return bytes.map_or_else(|| Ok(Baseline::default()), |bytes| parsed(path, &bytes));
    }
    parsed(path, &read_file(path)?)
}

fn parsed(path: &Path, bytes: &[u8]) -> Result<Baseline, Failure> {
    Baseline::from_bytes(bytes).map_err(|error| {
        Failure::usage(
            format!("`{}` is no usable baseline: {error}", path.display()),
            "make one with `viewshed baseline --from LOGS -o FILE`",
        )
    })
}
