//! Which files belong to one log, and in which order they were written, from their names alone.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// A file's place among the files of its log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    /// The file that is, or was, written to: all rotated files of a log have the same one.
    pub(super) log: PathBuf,
    /// Sorts the files of a log, oldest first.
    pub(super) age: Age,
}

/// Sorts rotated files, oldest first; the file that is written to comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// Rotated at the time that stands in its name.
    Dated(String),
    /// Rotated this many times.
    Numbered(Reverse<u32>),
    /// Not rotated.
    Written,
}

/// Takes a path apart.
///
/// Knows the names that kube-apiserver gives (`audit-2025-11-26T14-33-45.420.log`; lumberjack `backupName`),
/// those of logrotate (`audit.log.1`, and with `dateext` `audit.log-20251126`), with `.gz` or `.zst` behind.
pub(super) fn member(path: &Path) -> Member {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let plain = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".zst"))
        .unwrap_or(&name);
    let (log, age) = dated_within(plain)
        .or_else(|| numbered(plain))
        .or_else(|| dated_behind(plain))
        .unwrap_or_else(|| (plain.to_owned(), Age::Written));
    Member {
        log: path.with_file_name(log),
        age,
    }
}

/// `audit.log.12`
fn numbered(name: &str) -> Option<(String, Age)> {
    let (log, number) = name.rsplit_once('.')?;
    let is_number = !log.is_empty() && number.len() <= 6 && is_digits(number);
    let number = number.parse().ok().filter(|_| is_number)?;
    Some((log.to_owned(), Age::Numbered(Reverse(number))))
}

/// `audit.log-20251126`, `audit.log-2025112614`, `audit.log-20251126-1764167625`, `audit.log.2025-11-26`
fn dated_behind(name: &str) -> Option<(String, Age)> {
    let is_date = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits >= 8
            && text.starts_with(|first: char| first.is_ascii_digit())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'T'))
    };
    // The longest date wins: the shorter ones are parts of it.
    let at = name
        .char_indices()
        .filter(|(_, letter)| matches!(letter, '-' | '.'))
        .find_map(|(at, _)| {
            let (log, date) = name.split_at_checked(at)?;
            let date = date.get(1..)?;
            (log.contains('.') && is_date(date)).then_some((log, date))
        })?;
    Some((at.0.to_owned(), Age::Dated(at.1.to_owned())))
}

/// `audit-2025-11-26T14-33-45.420.log`
fn dated_within(name: &str) -> Option<(String, Age)> {
    const SHAPE: &str = "-0000-00-00T00-00-00.000";
    let (rest, extension) = match name.rsplit_once('.') {
        // The time itself holds a dot.
        Some((rest, extension)) if !is_digits(extension) => (rest, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let at = rest.len().checked_sub(SHAPE.len())?;
    let (prefix, date) = rest.split_at_checked(at)?;
    let fits = date.chars().zip(SHAPE.chars()).all(|(is, should)| {
        if should == '0' {
            is.is_ascii_digit()
        } else {
            is == should
        }
    });
    let date = date.get(1..).filter(|_| fits && !prefix.is_empty())?;
    Some((format!("{prefix}{extension}"), Age::Dated(date.to_owned())))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Age, member};

    /// Names in the order in which they were written, all of one log.
    fn check(log: &str, oldest_first: &[&str]) {
        let members: Vec<_> = oldest_first
            .iter()
            .map(|name| member(Path::new(name)))
            .collect();
        for (name, member) in oldest_first.iter().zip(&members) {
            assert_eq!(member.log, Path::new(log), "{name}");
        }
        assert!(members.is_sorted(), "{members:?}");
    }

    #[test]
    fn rotated_files_belong_to_their_log_and_come_first() {
        check(
            "a/audit.log",
            &[
                "a/audit-2025-11-26T14-33-45.420.log.gz",
                "a/audit-2025-11-26T14-33-45.421.log",
                "a/audit-2025-12-01T00-00-00.000.log.zst",
                "a/audit.log",
            ],
        );
        check(
            "audit.log",
            &[
                "audit.log-20251126-1764167625.gz",
                "audit.log-20251127",
                "audit.log.12.gz",
                "audit.log.2.gz",
                "audit.log.1",
                "audit.log",
            ],
        );
        check("audit.log", &["audit.log.2025-11-26", "audit.log"]);
        check("audit", &["audit-2025-11-26T14-33-45.420", "audit"]);
    }

    #[test]
    fn other_names_are_logs_of_their_own() {
        for name in [
            "kube-1.31.log",
            "node-20251126.log",
            "2025-11-26.log",
            "1",
            ".1",
            "a-2025-11-26T14-33-45.42.log",
        ] {
            let member = member(Path::new(name));
            assert_eq!(
                (member.log.as_path(), member.age),
                (Path::new(name), Age::Written)
            );
        }
    }
}
