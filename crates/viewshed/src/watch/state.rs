//! LEAVES: the state folder of `watch --state`; a later run enters with it again.
//!
//! Everything is saved in one piece, so that what was judged, what was told and how far was read always belong
//! together. Without `--state` nothing is kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use viewshed_detect::{Engine, Settings};
use viewshed_store::Store;

use crate::cli::StateArgs;
use crate::outcome::Failure;
use crate::terminal;

/// What the engine knows, the baseline included.
pub(crate) const ENGINE: &str = "engine";
/// How far was read.
pub(crate) const POSITIONS: &str = "positions";
/// What is still to be delivered.
pub(crate) const DELIVERIES: &str = "deliveries";
/// What is known of the sources.
pub(crate) const SOURCES: &str = "sources";
/// What came of the rules that somebody brought along.
pub(crate) const RULES: &str = "rules";
/// What correlations of those rules have counted.
pub(crate) const COUNTED: &str = "counted";
/// The incidents that no report has told yet.
pub(crate) const INCIDENTS: &str = "incidents";

/// A pusher that waits for its receipt is not let wait longer than this: kube-apiserver gives up after 30 s.
const RECEIPT_WAIT: Duration = Duration::from_secs(1);

/// So many times what the last saving took lies between two of them: a large state takes a tenth of the time.
const PAUSE_TIMES: u32 = 10;

/// Writes the state, and knows when it is time to.
#[derive(Debug)]
pub(crate) struct Keeper {
    store: Option<Store>,
    interval: Duration,
    /// When the last saving ended, and how long it took.
    last: Instant,
    took: Duration,
    /// Savings so far, and attempts that failed.
    pub(crate) saved: u64,
    pub(crate) failed: u64,
    /// Why the last attempt failed; `None` after one that did not.
    pub(crate) problem: Option<String>,
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(crate) struct Kept(BTreeMap<String, Vec<u8>>);

impl Keeper {
    /// Takes the folder, if one is named, and reads what is in it.
    ///
    /// # Errors
    /// When it is in use, cannot be read or written, or is of another version.
    pub(crate) fn open(arguments: &StateArgs) -> Result<(Self, Kept), Failure> {
        let mut kept = Kept::default();
        let mut store = None;
        if let Some(folder) = &arguments.state {
            let (opened, loaded) = Store::open(folder).map_err(failure)?;
            warn(folder, loaded.problem.as_deref());
            kept.0 = loaded.parts;
            store = Some(opened);
        }
        let keeper = Self {
            store,
            interval: Duration::from_secs(u64::from(arguments.save_interval)),
            last: Instant::now(),
            took: Duration::ZERO,
            saved: 0,
            failed: 0,
            problem: None,
        };
        Ok((keeper, kept))
    }

    /// Whether anything outlives this run.
    pub(crate) fn is_kept(&self) -> bool {
        self.store.is_some()
    }

    /// Whether it is time to save.
    pub(crate) fn is_due(&self, owes_receipts: bool) -> bool {
        let wanted = if owes_receipts {
            self.interval.min(RECEIPT_WAIT)
        } else {
            self.interval
        };
        let pause = wanted.max(self.took * PAUSE_TIMES);
        self.store.is_some() && self.last.elapsed() >= pause
    }

    /// Replaces the state. Gives whether it is on the disk: a disk that is full now may have room later, so the
    /// first failure is told, and watching goes on.
    pub(crate) fn save(&mut self, parts: &[(&str, &[u8])]) -> bool {
        let Some(store) = &mut self.store else {
            return true;
        };
        let started = Instant::now();
        let result = store.save(parts);
        self.took = started.elapsed();
        self.last = Instant::now();
        match result {
            Ok(()) => {
                self.saved += 1;
                self.problem = None;
                true
            }
            Err(error) => {
                self.failed += 1;
                let hint = error.hint();
                let words = format!("{:#}", anyhow::Error::new(error));
                if self.problem.is_none() {
                    terminal::say(&format!("warning: {words}\n  hint: {hint}"));
                }
                self.problem = Some(words);
                false
            }
        }
    }
}

impl Kept {
    /// The bytes of a part; none when there never was one.
    pub(crate) fn bytes(&self, part: &str) -> &[u8] {
        self.0.get(part).map_or(&[], Vec::as_slice)
    }

    /// A part that is kept as JSON.
    ///
    /// # Errors
    /// When it is of another version.
    pub(crate) fn json<T: Default + DeserializeOwned>(&self, part: &str) -> Result<T, Failure> {
        match self.0.get(part) {
            None => Ok(T::default()),
            Some(bytes) if bytes.is_empty() => Ok(T::default()),
            Some(bytes) => serde_json::from_slice(bytes)
                .map_err(|error| unusable(&format!("its part `{part}`: {error}"))),
        }
    }

    /// The engine as it was; `None` when there never was one.
    ///
    /// # Errors
    /// When it is of another version.
    pub(crate) fn engine(&self, settings: Settings) -> Result<Option<Engine>, Failure> {
        let checkpoint = self.0.get(ENGINE);
        checkpoint
            .map(|bytes| Engine::restore(settings, bytes))
            .transpose()
            .map_err(|error| unusable(&error.to_string()))
    }
}

/// What is in a state folder that another process may be using just now.
///
/// # Errors
/// When there is no state in it, or none that can be read.
pub(crate) fn peek(folder: &Path) -> Result<Kept, Failure> {
    let loaded = Store::peek(folder).map_err(failure)?;
    warn(folder, loaded.problem.as_deref());
    if loaded.parts.is_empty() {
        return Err(Failure::usage(
            format!("there is no state in `{}`", folder.display()),
            "name the folder of `viewshed watch --state`, or a file of `viewshed baseline`",
        ));
    }
    Ok(Kept(loaded.parts))
}

/// Plain data with texts as keys always has a JSON form.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn warn(folder: &Path, problem: Option<&str>) {
    if let Some(problem) = problem {
        terminal::say(&format!(
            "warning: the newest state in `{}` is damaged ({problem}); the one before it is used",
            folder.display()
        ));
    }
}

fn failure(error: viewshed_store::Error) -> Failure {
    let hint = error.hint();
    Failure::collect(error, hint)
}

fn unusable(detail: &str) -> Failure {
    Failure::usage(
        format!("the kept state cannot be used: {detail}"),
        "use the version that wrote it, or move the folder away to begin anew",
    )
}
