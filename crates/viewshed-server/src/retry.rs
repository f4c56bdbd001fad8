//! When to try again.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// Before the second attempt.
const FIRST: Duration = Duration::from_secs(1);

/// Between later attempts, at most: an outage of minutes is noticed soon after it ends.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// What a server may ask for at most; more, and incidents would wait for a server's mistake.
const ASKED_MAX: Duration = Duration::from_secs(60 * 60);

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    Delivered,
    /// Try again, after this time if the server named one.
    Later(Option<Duration>, String),
    /// The server has understood and does not want it.
    Refused(String),
}

/// Doubles with every attempt; a random part of up to half is taken off, so that many senders whose server
/// came back do not come together. `seed` differs between senders and messages.
pub(crate) fn pause(attempts: u32, asked: Option<Duration>, seed: &str) -> Duration {
    if let Some(asked) = asked {
        return asked.min(ASKED_MAX);
    }
    let doubled = FIRST.saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX));
    let longest = doubled.min(LONGEST);
    let hash = Sha256::digest(format!("{seed} {attempts}"));
    let random = hash.first().copied().unwrap_or_default();
    longest.saturating_sub(longest / 2 * u32::from(random) / 256)
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
pub(crate) fn asked(value: &str, now: jiff::Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ASKED_MAX, LONGEST, asked, pause};

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let seconds: Vec<u64> = [0, 1, 2, 3, 20, 200]
            .into_iter()
            .map(|attempts| {
                let pause = pause(attempts, None, "a");
                let longest = LONGEST.min(Duration::from_secs(1 << attempts.min(20)));
                assert!(
                    pause <= longest && pause >= longest / 2,
                    "{attempts}: {pause:?}"
                );
                longest.as_secs()
            })
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 300, 300]);
        assert_ne!(pause(5, None, "a"), pause(5, None, "b"));
        assert_eq!(pause(5, Some(Duration::from_secs(7)), "a").as_secs(), 7);
        assert_eq!(pause(5, Some(Duration::MAX), "a"), ASKED_MAX);
    }

    #[test]
    fn a_server_may_name_seconds_or_a_date() {
        let now = "1994-11-06T08:49:37Z".parse().unwrap();
        for (value, expected) in [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let found = asked(value, now).map(|time| time.as_secs());
            assert_eq!(found, expected, "{value}");
        }
    }
}
