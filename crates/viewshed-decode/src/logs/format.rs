//! The names of the formats.

use std::fmt;
use std::str::FromStr;

/// How a log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogFormat {
    /// Lines of kube-apiserver's log backend.
    KubernetesAudit,
    /// A body of kube-apiserver's webhook backend, or an exported `EventList`.
    KubernetesEventList,
}

/// How a log is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framing {
    /// Anywhere between lines.
    Lines,
    /// Not at all: a value goes on over line breaks.
    Document,
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no log format is called `{0}`")]
pub struct UnknownFormat(String);

impl LogFormat {
    /// All, in the order in which people look for them.
    pub const ALL: [Self; 2] = [Self::KubernetesAudit, Self::KubernetesEventList];

    /// The name for `--format`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KubernetesAudit => "kubernetes-audit",
            Self::KubernetesEventList => "kubernetes-event-list",
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(crate::text::clean_short(name)))
    }
}
