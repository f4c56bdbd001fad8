//! Waiting for something to become true, with a limit.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

const PAUSE: Duration = Duration::from_millis(150);

/// Calls `probe` until it returns `Ok(Some(value))` or the limit is reached.
///
/// `Ok(None)` and `Err` both mean "not yet"; the last error is part of the message when the limit
/// is reached. `what` completes the sentence "`what` did not happen within N s".
pub fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let last = probe();
        if let Ok(Some(value)) = last {
            return Ok(value);
        }
        if start.elapsed() >= limit {
            let late = format!("{what} did not happen within {} s", limit.as_secs());
            return Err(match last {
                Err(error) => error.context(late),
                Ok(_) => anyhow!(late),
            });
        }
        std::thread::sleep(PAUSE);
    }
}
