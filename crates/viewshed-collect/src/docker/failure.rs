//! Why one request brought nothing, and how that reads as a gap or as the error of the whole host.

use viewshed_model::{Gap, GapReason};

use super::address::Address;
use super::endpoint::Endpoint;
use crate::error::Error;

/// Why one request brought no usable answer. Texts are on one line, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    /// No connection.
    Unreachable(String),
    /// The socket is there and this user may not use it.
    Denied,
    /// The TLS handshake failed.
    Untrusted(String),
    /// The connection broke before the answer was complete, or the answer is not HTTP.
    Broken(String),
    /// No complete answer in this many seconds.
    TimedOut(u64),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// A status other than 200, with the daemon's words.
    Status(u16, String),
    /// Not asked: the daemon has not answered several requests before.
    GivenUp,
}

impl Failure {
    pub(super) fn gap(&self, source: &str, what: String, count: u64) -> Gap {
        Gap {
            source: source.to_owned(),
            what,
            reason: self.reason(),
            detail: self.detail(),
            hint: self.hint().to_owned(),
            count,
        }
    }

    pub(super) fn into_error(self, endpoint: &Endpoint) -> Error {
        let server = endpoint.address.to_string();
        match self {
            Self::Unreachable(_) | Self::Denied => Error::DaemonUnreachable {
                hint: match (&self, &endpoint.address) {
                    (Self::Denied, _) => {
                        "run as a user of the socket's group (`docker`), or as root"
                    }
                    (_, Address::Unix(_)) => {
                        "is the daemon running? name another with `--docker-host ADDRESS` or DOCKER_HOST"
                    }
                    (_, Address::Tcp { .. }) => "check the address, the port and the network",
                    (_, Address::Ssh { .. }) => {
                        "check that `ssh HOST docker system dial-stdio` works by hand"
                    }
                },
                detail: self.detail(),
                server,
            },
            Self::Untrusted(detail) => Error::DaemonUntrusted { server, detail },
            Self::TimedOut(seconds) => Error::TimedOut { server, seconds },
            other => Error::NotTheApi {
                server,
                expected: "a Docker daemon",
                detail: other.detail(),
            },
        }
    }

    pub(super) fn reason(&self) -> GapReason {
        match self {
            Self::Unreachable(_) | Self::Untrusted(_) => GapReason::Unreachable,
            Self::Denied => GapReason::Forbidden,
            Self::Broken(_) => GapReason::Truncated,
            Self::TimedOut(_) | Self::GivenUp => GapReason::TimedOut,
            Self::TooLarge(_) => GapReason::TooLarge,
            Self::Status(401 | 403, _) => GapReason::Forbidden,
            Self::Status(400 | 404 | 405 | 501, _) => GapReason::Unsupported,
            Self::Status(..) => GapReason::Unreachable,
        }
    }

    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Unreachable(text) | Self::Untrusted(text) | Self::Broken(text) => text.clone(),
            Self::Denied => "permission denied".to_owned(),
            Self::TimedOut(seconds) => format!("no complete answer within {seconds} s"),
            Self::TooLarge(bytes) => format!("the answer is larger than {bytes} bytes"),
            Self::Status(code, message) if message.is_empty() => format!("status {code}"),
            Self::Status(code, message) => format!("status {code}: {message}"),
            Self::GivenUp => "not asked: the daemon does not answer any more".to_owned(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Status(401 | 403, _) => {
                "an authorization plugin of the daemon forbids it: ask its owner"
            }
            Self::TimedOut(_) | Self::GivenUp => "try again when the host is less busy",
            _ => "",
        }
    }
}
