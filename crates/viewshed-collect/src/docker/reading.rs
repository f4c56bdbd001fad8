//! LEAVES: the read requests of a rehearsal to a Docker daemon. Answers are not kept.

use super::client::Client;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::limits::Limits;
use super::request::Request;
use super::version::{ApiVersion, choose};
use crate::error::Error;

/// What a rehearsal asks a daemon for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Ping,
    Version,
    Info,
    Containers,
    Images,
    Networks,
    Volumes,
}

impl Reading {
    /// The path, with the API version where it has one.
    pub(crate) fn path(self, version: &str) -> String {
        self.request().path(version)
    }

    fn request(self) -> Request {
        match self {
            Self::Ping => Request::Ping,
            Self::Version => Request::Version,
            Self::Info => Request::Info,
            Self::Containers => Request::Containers,
            Self::Images => Request::Images,
            Self::Networks => Request::Networks,
            Self::Volumes => Request::Volumes,
        }
    }
}

/// Asks one daemon, in the newest version that both sides know.
pub(crate) struct Reader<'a> {
    client: Client<'a>,
    version: String,
}

/// What came of one request.
pub(crate) enum Read {
    /// HTTP status.
    Status(u16),
    /// No connection, so nothing was asked.
    Unreached(String),
    /// No answer.
    Unanswered(String),
}

impl<'a> Reader<'a> {
    /// Reads the TLS files; nothing is sent.
    ///
    /// # Errors
    /// Unusable TLS files.
    pub(crate) fn new(endpoint: &'a Endpoint, limits: &'a Limits) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(endpoint, limits)?,
            version: choose(None, None).version,
        })
    }

    /// The path as it leaves.
    pub(crate) fn path(&self, reading: Reading) -> String {
        reading.path(&self.version)
    }

    /// Sends one request; the answer to a ping chooses the version of those that follow.
    pub(crate) async fn read(&mut self, reading: Reading) -> Read {
        match self.client.get(&reading.request(), &self.version).await {
            Ok(answer) => {
                if reading == Reading::Ping {
                    let header = answer.headers.get("api-version");
                    let newest = header
                        .and_then(|value| value.to_str().ok())
                        .and_then(ApiVersion::parse);
                    self.version = choose(newest, None).version;
                }
                Read::Status(200)
            }
            Err(Failure::Status(code, _)) => Read::Status(code),
            Err(failure @ (Failure::Unreachable(_) | Failure::Denied | Failure::Untrusted(_))) => {
                Read::Unreached(failure.detail())
            }
            Err(failure) => Read::Unanswered(failure.detail()),
        }
    }
}
