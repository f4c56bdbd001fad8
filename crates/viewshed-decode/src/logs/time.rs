//! Times as logs write them, in microseconds since 1970 (UTC).

/// Microseconds per second.
pub(super) const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// Reads an RFC 3339 time; `None` when it is none. Digits beyond microseconds are dropped, a leap second is
/// the second after.
pub(super) fn rfc3339_us(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let seconds = bytes.first_chunk::<19>().and_then(date_time)?;
    let mut rest = bytes.get(19..)?;
    let mut fraction_us = 0;
    if let Some(after) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
        let digits = after
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        let mut unit = SECOND_US;
        for digit in after.iter().take(digits.min(6)) {
            unit /= 10;
            fraction_us += i64::from(digit - b'0') * unit;
        }
        rest = after.get(digits..)?;
    }
    Some(seconds * SECOND_US + fraction_us - offset_us(rest)?)
}

/// The second that was read last: most events of a log share theirs with the one before.
#[derive(Debug, Default)]
pub(super) struct LastSecond {
    text: [u8; 19],
    seconds: i64,
}

impl LastSecond {
    #[inline]
    fn seconds(&mut self, text: &[u8; 19]) -> Option<i64> {
        if self.text != *text {
            self.seconds = date_time(text)?;
            self.text = *text;
        }
        Some(self.seconds)
    }
}

/// The form of `metav1.MicroTime` (`2006-01-02T15:04:05.000000Z`), which every audit event has.
#[inline]
pub(super) fn micro_time_us(bytes: &[u8; 27], last: &mut LastSecond) -> Option<i64> {
    let seconds = last.seconds(bytes.first_chunk()?)?;
    let (&zone, rest) = bytes.split_last()?;
    let (rest, digits) = rest.split_last_chunk::<6>()?;
    let point = *rest.last()?;
    let mut are_digits = true;
    let mut fraction = 0;
    for digit in digits {
        are_digits &= digit.is_ascii_digit();
        fraction = fraction * 10 + i64::from(digit.wrapping_sub(b'0'));
    }
    (are_digits && point == b'.' && zone == b'Z').then_some(seconds * SECOND_US + fraction)
}

/// Seconds (or milli-, micro-, nanoseconds, told by size) since 1970 as microseconds; 0 when it cannot be.
pub(super) fn unix_us(number: f64) -> i64 {
    let micros = match number.abs() {
        // The year 5138 in seconds, 1973 in milliseconds, and so on: no log is older than Kubernetes.
        size if size < 1e11 => number * 1e6,
        size if size < 1e14 => number * 1e3,
        size if size < 1e17 => number,
        _ => number / 1e3,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "float casts saturate, and the range is checked below"
    )]
    let micros = micros as i64;
    if (0..LATEST_US).contains(&micros) {
        micros
    } else {
        0
    }
}

/// The year 10000, where RFC 3339 ends.
const LATEST_US: i64 = 253_402_300_800 * SECOND_US;

/// `Z`, `+hh:mm` or `-hh:mm`; nothing counts as UTC.
fn offset_us(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match *rest {
        [a, b, b':', c, d] | [a, b, c, d] => (two(a, b)?, two(c, d)?),
        [a, b] => (two(a, b)?, 0),
        _ => return None,
    };
    Some(sign * (hours * 3600 + minutes * 60) * SECOND_US)
}

/// Seconds since 1970 of `2006-01-02T15:04:05` (or with a blank); `None` outside of the calendar.
#[inline]
fn date_time(bytes: &[u8; 19]) -> Option<i64> {
    let [
        y1,
        y2,
        y3,
        y4,
        dash,
        m1,
        m2,
        dash_too,
        d1,
        d2,
        separator,
        rest @ ..,
    ] = *bytes;
    let [h1, h2, colon, i1, i2, colon_too, s1, s2] = rest;
    if [dash, dash_too, colon, colon_too] != *b"--::" || !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let (hour, minute, second) = (two(h1, h2)?, two(i1, i2)?, two(s1, s2)?);
    let fits = (1..=12).contains(&month)
        && (1..=days_of(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    fits.then(|| {
        days_since_1970(year, month, day) * (DAY_US / SECOND_US)
            + hour * 3600
            + minute * 60
            + second
    })
}

#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

#[inline]
fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`, for years from 0.
#[inline]
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
