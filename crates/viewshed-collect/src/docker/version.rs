//! Which API version to speak: the newest that both sides know.

/// Oldest version that this program speaks, that of engine 19.03.
const OLDEST: ApiVersion = ApiVersion(1, 40);

/// Newest version that this program speaks.
const NEWEST: ApiVersion = ApiVersion(1, 56);

/// `MAJOR.MINOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion(u32, u32);

impl ApiVersion {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

/// The version to ask with, and what is to be said about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) version: String,
    /// Why parts may be missing; `None` when both sides understand each other.
    pub(super) trouble: Option<String>,
}

/// Never above what the daemon knows: it would refuse. A daemon out of our range is asked in its own version,
/// because most answers have kept their shape for years and the decoders name what they cannot read.
/// Versions that are not known (`None`) are taken to be in range.
pub(super) fn choose(newest: Option<ApiVersion>, oldest: Option<ApiVersion>) -> Choice {
    let newest = newest.unwrap_or(OLDEST);
    let oldest = oldest.unwrap_or(OLDEST).min(newest);
    let (version, trouble) = if newest < OLDEST {
        (
            newest,
            Some(format!(
                "the daemon is too old: it speaks the API up to {newest}, this program from {OLDEST} on"
            )),
        )
    } else if oldest > NEWEST {
        (
            oldest,
            Some(format!(
                "the daemon is too new: it speaks the API from {oldest} on, this program up to {NEWEST}"
            )),
        )
    } else {
        (newest.min(NEWEST), None)
    };
    Choice {
        version: version.to_string(),
        trouble,
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiVersion, choose};

    /// Versions are the daemon's newest and oldest; `-` is unknown.
    fn check(newest: &str, oldest: &str, expected: &str, trouble: &str) {
        let choice = choose(ApiVersion::parse(newest), ApiVersion::parse(oldest));
        assert_eq!(choice.version, expected, "{newest} {oldest}");
        let text = choice.trouble.unwrap_or_default();
        assert!(
            text.contains(trouble) && text.is_empty() == trouble.is_empty(),
            "{text}"
        );
    }

    #[test]
    fn the_newest_version_of_both_sides_is_spoken() {
        check("1.41", "1.12", "1.41", "");
        check("1.56", "1.40", "1.56", "");
        check("1.60", "1.44", "1.56", "");
        check("1.40", "-", "1.40", "");
        check("-", "-", "1.40", "");
        check("1.9", "1.1", "1.9", "too old: it speaks the API up to 1.9,");
        check("1.39", "1.12", "1.39", "too old");
        check(
            "1.70",
            "1.57",
            "1.57",
            "too new: it speaks the API from 1.57 on",
        );
        check("2.0", "2.0", "2.0", "too new");
        check("1.50", "1.55", "1.50", "");
    }
}
