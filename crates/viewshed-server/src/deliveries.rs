//! Carries incidents to their targets, in the background, at least once.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::delivery::Delivery;
use crate::error::Error;
use crate::outbox::Outbox;
use crate::retry::{Attempt, pause};
use crate::syslog::{Syslog, SyslogSettings};
use crate::webhook::{Webhook, WebhookSettings};

/// Of what form the kept bytes are.
const VERSION: u32 = 1;

/// Longest wait for everything to arrive.
const FINISH_TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Who gets incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A server of the user.
    Webhook(WebhookSettings),
    /// A log server.
    Syslog(SyslogSettings),
}

/// How deliveries to one target fare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetState {
    /// For people: kind, host and port, never a path.
    pub name: String,
    /// Messages that were taken.
    pub delivered: u64,
    /// Attempts that failed and are, or were, repeated.
    pub failed_attempts: u64,
    /// Messages that the target does not want; they are not repeated.
    pub refused: u64,
    /// Messages that were dropped because too many waited.
    pub dropped: u64,
    /// Messages that wait.
    pub waiting: u64,
    /// Why the last attempt failed; empty after one that did not.
    pub last_failure: String,
}

/// Incidents on their way. Nothing here ever makes the caller wait.
#[derive(Debug)]
pub struct Deliveries {
    lines: Vec<Arc<Line>>,
    /// What waits for targets that are not named this time: they may be again.
    unclaimed: BTreeMap<String, Outbox>,
    progress: Arc<Progress>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// What waits for one target.
#[derive(Debug, Default)]
struct Line {
    inner: Mutex<(Outbox, TargetState)>,
    changed: Notify,
}

/// Rung when an attempt has ended.
#[derive(Debug, Default)]
struct Progress {
    lock: Mutex<()>,
    made: Condvar,
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, ()>, time: Duration) -> MutexGuard<'a, ()> {
        let waited = self.made.wait_timeout(guard, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn ring(&self) {
        // Whoever looks at the figures just now holds the lock, and waits after that.
        drop(self.lock());
        self.made.notify_all();
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    outboxes: BTreeMap<String, Outbox>,
}

enum Carrier {
    Webhook(Box<Webhook>),
    Syslog(Box<Syslog>),
}

impl Deliveries {
    /// Begins with what an earlier [`Deliveries::pending`] gave (empty at first).
    ///
    /// # Errors
    /// Settings that make no sense, files that cannot be read, or bytes of a newer version.
    pub fn start(targets: &[Target], pending: &[u8]) -> Result<Self, Error> {
        let mut kept = kept(pending)?;
        let mut lines = Vec::new();
        let mut carried = Vec::new();
        for target in targets {
            let carrier = match target {
                Target::Webhook(settings) => Carrier::Webhook(Box::new(Webhook::new(settings)?)),
                Target::Syslog(settings) => Carrier::Syslog(Box::new(Syslog::new(settings)?)),
            };
            let name = unique(&carrier.name(), &lines);
            let mut outbox = kept.outboxes.remove(&name).unwrap_or_default();
            // What was being tried when the program ended may or may not have arrived.
            outbox.give_back();
            let state = TargetState {
                name,
                ..TargetState::default()
            };
            let line = Arc::new(Line {
                inner: Mutex::new((outbox, state)),
                changed: Notify::new(),
            });
            lines.push(Arc::clone(&line));
            carried.push((carrier, line));
        }
        let stop = watch::Sender::new(false);
        let mut deliveries = Self {
            lines,
            unclaimed: kept.outboxes,
            progress: Arc::default(),
            stop,
            thread: None,
        };
        if !carried.is_empty() {
            deliveries.spawn(carried)?;
        }
        Ok(deliveries)
    }

    /// Sends an incident to every target.
    pub fn send(&self, delivery: &Delivery) {
        for line in &self.lines {
            line.lock().0.put(delivery.clone());
            line.changed.notify_one();
        }
    }

    /// Everything that has not arrived, also at targets that are not named any more, to be saved together with the state that it came from.
    pub fn pending(&self) -> Vec<u8> {
        let mut kept = Kept {
            version: VERSION,
            outboxes: self.unclaimed.clone(),
        };
        for line in &self.lines {
            let (outbox, state) = &*line.lock();
            kept.outboxes.insert(state.name.clone(), outbox.clone());
        }
        // Maps with texts as keys always have a JSON form.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// How each target fares.
    pub fn states(&self) -> Vec<TargetState> {
        self.lines.iter().map(|line| line.state()).collect()
    }

    /// Waits, at most this long, until everything has arrived; gives the number of messages that have not.
    pub fn finish(&self, time: Duration) -> u64 {
        let until = Instant::now() + time.min(FINISH_TIME_MAX);
        let mut progress = self.progress.lock();
        loop {
            let waiting: u64 = self.states().iter().map(|state| state.waiting).sum();
            let left = until.saturating_duration_since(Instant::now());
            if waiting == 0 || left.is_zero() {
                return waiting;
            }
            progress = self.progress.wait(progress, left);
        }
    }

    fn spawn(&mut self, carried: Vec<(Carrier, Arc<Line>)>) -> Result<(), Error> {
        let no_thread = |source| Error::NoThread {
            name: "deliveries",
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(no_thread)?;
        let (stop, progress) = (self.stop.subscribe(), Arc::clone(&self.progress));
        let thread = std::thread::Builder::new()
            .name("deliveries".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let mut tasks = tokio::task::JoinSet::new();
                    for (carrier, line) in carried {
                        let ways = (stop.clone(), Arc::clone(&progress));
                        tasks.spawn(carry(carrier, line, ways));
                    }
                    while tasks.join_next().await.is_some() {}
                });
            })
            .map_err(no_thread)?;
        self.thread = Some(thread);
        Ok(())
    }
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to carry.
            thread.join().ok();
        }
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, (Outbox, TargetState)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> TargetState {
        let (outbox, state) = &*self.lock();
        TargetState {
            dropped: outbox.dropped,
            waiting: outbox.len() as u64,
            ..state.clone()
        }
    }

    /// Notes how an attempt went, and says how long to wait when it is to be repeated.
    fn note(&self, attempt: Attempt, attempts: u32, seed: &str) -> Option<Duration> {
        let (outbox, state) = &mut *self.lock();
        state.last_failure.clear();
        match attempt {
            Attempt::Delivered => {
                state.delivered += 1;
                outbox.finished();
                None
            }
            Attempt::Refused(words) => {
                state.refused += 1;
                state.last_failure = words;
                outbox.finished();
                None
            }
            Attempt::Later(asked, words) => {
                state.failed_attempts += 1;
                state.last_failure = words;
                outbox.give_back();
                Some(pause(attempts, asked, seed))
            }
        }
    }
}

impl Carrier {
    fn name(&self) -> String {
        match self {
            Self::Webhook(webhook) => webhook.name(),
            Self::Syslog(syslog) => syslog.name(),
        }
    }

    async fn deliver(&mut self, delivery: &Delivery) -> Attempt {
        match self {
            Self::Webhook(webhook) => webhook.deliver(delivery).await,
            Self::Syslog(syslog) => syslog.deliver(delivery).await,
        }
    }
}

/// Two targets of one host have one name; what is kept for each is told apart by their order.
fn unique(name: &str, lines: &[Arc<Line>]) -> String {
    let same = lines.iter().map(|line| line.state().name);
    let same = same
        .filter(|other| other == name || other.starts_with(&format!("{name} (")))
        .count();
    if same == 0 {
        name.to_owned()
    } else {
        format!("{name} ({})", same + 1)
    }
}

async fn carry(
    mut carrier: Carrier,
    line: Arc<Line>,
    (mut stop, progress): (watch::Receiver<bool>, Arc<Progress>),
) {
    let mut attempts = 0;
    loop {
        let next = line.lock().0.take();
        let Some(delivery) = next else {
            tokio::select! {
                () = line.changed.notified() => continue,
                _ = stop.wait_for(|is_stopped| *is_stopped) => return,
            }
        };
        let attempt = tokio::select! {
            attempt = carrier.deliver(&delivery) => attempt,
            // It stays among what is pending.
            _ = stop.wait_for(|is_stopped| *is_stopped) => return,
        };
        let pause = line.note(attempt, attempts, &delivery.key());
        progress.ring();
        match pause {
            None => attempts = 0,
            Some(pause) => {
                attempts += 1;
                let stopped = stop.wait_for(|is_stopped| *is_stopped);
                if timeout(pause, stopped).await.is_ok() {
                    return;
                }
            }
        }
    }
}

fn kept(bytes: &[u8]) -> Result<Kept, Error> {
    if bytes.is_empty() {
        return Ok(Kept::default());
    }
    let kept: Kept = serde_json::from_slice(bytes).map_err(|error| Error::Pending {
        detail: error.to_string(),
    })?;
    if kept.version != VERSION {
        return Err(Error::Pending {
            detail: format!("version {} is not version {VERSION}", kept.version),
        });
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
