//! The one error of this crate: what cannot even be tried. Failed deliveries are counted, not errors.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a target or listener cannot be used. [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address to deliver to that makes no sense.
    #[error("cannot deliver to `{target}`: {detail}")]
    Target {
        /// As it was given, without what may be secret in it.
        target: String,
        /// What is wrong.
        detail: String,
    },
    /// A file that is needed for a delivery cannot be read.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// As the user gave it.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that holds no usable authority.
    #[error("cannot use `{path}`: {detail}")]
    Unusable {
        /// As the user gave it.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// Deliveries kept by a newer version, or not by this program.
    #[error("the kept deliveries cannot be used: {detail}")]
    Pending {
        /// What is wrong.
        detail: String,
    },
    /// The address for metrics cannot be used.
    #[error("cannot listen on `{address}`")]
    CannotListen {
        /// Address and port.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start `{name}`")]
    NoThread {
        /// What for.
        name: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

impl Error {
    /// What to do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Target { .. } => {
                "write `https://host/path` for a webhook, `host:port` for syslog"
            }
            Self::Unreadable { .. } => "check the path and its permissions",
            Self::Unusable { .. } => "give certificates as PEM files",
            Self::Pending { .. } => "use another state folder, or remove this one",
            Self::CannotListen { .. } => "choose a free port of an address of this machine",
            Self::NoThread { .. } => "check the limits on threads and memory",
        }
    }
}
