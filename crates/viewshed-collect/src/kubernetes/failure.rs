//! Why one request brought nothing, and how that reads as a gap or as the error of a whole source.

use std::error::Error as StdError;

use viewshed_model::{Gap, GapReason};

use crate::error::Error;
use crate::text::one_line;

/// Why one request brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection.
    Unreachable(String),
    /// The TLS handshake failed.
    Untrusted(String),
    /// No credential could be made.
    NoCredential(String),
    /// The connection broke before the answer was complete, or the answer is not HTTP.
    Broken(String),
    /// No complete answer in this many seconds.
    TimedOut(u64),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// The answer cannot be decoded.
    Malformed(String),
    /// The server says no.
    Status(Refusal),
    /// Not asked: the server has not answered several requests before.
    GivenUp,
}

/// A status other than success, with what the server said (`metav1.Status`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// `message`, control characters removed; empty when the body is not a `Status`.
    pub message: String,
    /// `metadata.continue` of a 410: the token with which an expired list can go on.
    pub continue_token: String,
}

impl Failure {
    /// The HTTP status, when there is one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Status(refusal) => Some(refusal.code),
            _ => None,
        }
    }

    /// As a gap of `source`; `what` completes "cannot ...", such as ``list `pods` in all namespaces``.
    pub fn gap(&self, source: &str, what: impl Into<String>) -> Gap {
        Gap {
            source: source.to_owned(),
            what: what.into(),
            reason: self.reason(),
            detail: self.detail(),
            hint: self.hint().to_owned(),
            count: 1,
        }
    }

    /// As the error of the whole source, when its first request fails.
    pub fn into_error(self, server: &str) -> Error {
        let server = server.to_owned();
        let said = self.detail();
        match self {
            Self::Unreachable(detail) => Error::Unreachable { server, detail },
            Self::Untrusted(detail) => Error::Untrusted { server, detail },
            Self::NoCredential(detail) => Error::NoCredential { server, detail },
            Self::TimedOut(seconds) => Error::TimedOut { server, seconds },
            Self::Status(Refusal {
                code: 401, message, ..
            }) => Error::Unauthenticated {
                server,
                detail: message,
            },
            Self::Status(Refusal { code: 429, .. }) => Error::Busy {
                server,
                detail: said,
            },
            Self::Broken(_)
            | Self::TooLarge(_)
            | Self::Malformed(_)
            | Self::Status(_)
            | Self::GivenUp => Error::NotTheApi {
                server,
                expected: "a Kubernetes API server",
                detail: said,
            },
        }
    }

    fn reason(&self) -> GapReason {
        match self {
            Self::Unreachable(_) | Self::Untrusted(_) => GapReason::Unreachable,
            Self::NoCredential(_) => GapReason::Forbidden,
            Self::Broken(_) => GapReason::Truncated,
            Self::TimedOut(_) | Self::GivenUp => GapReason::TimedOut,
            Self::TooLarge(_) => GapReason::TooLarge,
            Self::Malformed(_) => GapReason::Malformed,
            Self::Status(refusal) => match refusal.code {
                401 | 403 => GapReason::Forbidden,
                404..=406 | 415 => GapReason::Unsupported,
                408 | 504 => GapReason::TimedOut,
                410 => GapReason::Truncated,
                413 => GapReason::TooLarge,
                _ => GapReason::Unreachable,
            },
        }
    }

    /// What happened, in words.
    pub fn detail(&self) -> String {
        match self {
            Self::Unreachable(text)
            | Self::Untrusted(text)
            | Self::NoCredential(text)
            | Self::Broken(text)
            | Self::Malformed(text) => text.clone(),
            Self::TimedOut(seconds) => format!("no complete answer within {seconds} s"),
            Self::TooLarge(bytes) => format!("the answer is larger than {bytes} bytes"),
            Self::Status(refusal) if refusal.message.is_empty() => {
                format!("status {}", refusal.code)
            }
            Self::Status(refusal) => format!("status {}: {}", refusal.code, refusal.message),
            Self::GivenUp => "not asked: the server does not answer any more".to_owned(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Status(Refusal { code: 429, .. }) => {
                "the server is busy: try again later, or with a credential of higher priority"
            }
            Self::Status(Refusal { code: 503, .. }) => {
                "check the APIService that serves this group: `kubectl get apiservices`"
            }
            Self::TimedOut(_) | Self::GivenUp => "try again when the server is less busy",
            _ => "",
        }
    }
}

/// Sorts a transport error by its causes.
pub(crate) fn classify(error: &(dyn StdError + 'static)) -> Failure {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = as_tls(error) {
            return classify_tls(tls);
        }
        if let Some(auth) = error.downcast_ref::<kube::client::AuthError>() {
            return Failure::NoCredential(credential_text(auth));
        }
        if let Some(error) = error.downcast_ref::<kube::Error>()
            && let kube::Error::Auth(auth) = error
        {
            return Failure::NoCredential(credential_text(auth));
        }
        texts.push(error.to_string());
        cause = error.source();
    }
    // The innermost cause is the operating system's word; those around it name our libraries.
    let innermost = one_line(texts.last().map_or("", String::as_str));
    if is_connect_error(error) {
        Failure::Unreachable(innermost)
    } else {
        Failure::Broken(innermost)
    }
}

fn is_connect_error(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(client) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return client.is_connect();
        }
        cause = error.source();
    }
    false
}

// An `io::Error` hides what it wraps from `source`, and wrappers are nested.
fn as_tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut inner = error;
    loop {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        inner = inner.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

fn classify_tls(error: &rustls::Error) -> Failure {
    match error {
        rustls::Error::InvalidMessage(_) => {
            Failure::Untrusted("it does not speak TLS: is it `http://`?".to_owned())
        }
        other => Failure::Untrusted(one_line(&other.to_string())),
    }
}

// The plugin's standard output may hold the credential itself and is never shown; what it says on standard error is
// for the user, who sees it at once where a plugin may ask questions.
fn credential_text(error: &kube::client::AuthError) -> String {
    match error {
        kube::client::AuthError::AuthExecRun { out, .. } => {
            let said = one_line(&String::from_utf8_lossy(&out.stderr));
            let said = if said.is_empty() {
                said
            } else {
                format!(": {said}")
            };
            format!("the credential plugin failed with {}{said}", out.status)
        }
        kube::client::AuthError::AuthExecParse(_) | kube::client::AuthError::ParseTokenKey(_) => {
            "the credential plugin's answer is not an ExecCredential".to_owned()
        }
        other => one_line(&other.to_string()),
    }
}
