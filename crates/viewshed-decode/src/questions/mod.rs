//! The lines of `can-i --questions`: access reviews and audit events.
//!
//! Speed matters here (half a million lines per second on one core): a review borrows from its line,
//! and the answer is spliced into the very bytes that came in, so that fields unknown to us survive.

mod audit;
mod labels;
mod metadata;
mod review;
mod selector;

#[cfg(test)]
mod tests;

pub use audit::audit_event;
pub use review::{Review, ReviewedAction, ReviewedResource, Status, WrittenStatus};

use serde::Deserialize;
use viewshed_model::AuditedRequest;

use crate::borrowed::Text;

/// Longest line that is read, in bytes. An audit event at level `RequestResponse` holds at most two
/// objects of etcd's own limit (1.5 MiB each), written as JSON; anything longer is not a question.
pub const LINE_BYTES_MAX: usize = 8 << 20;

/// One line, told apart by its `kind`.
#[derive(Debug, PartialEq)]
pub enum Question<'a> {
    /// A `SubjectAccessReview` or `LocalSubjectAccessReview`.
    Review(Box<Review<'a>>),
    /// An audit event.
    Audit(Box<AuditedRequest>),
}

/// Why a line is no question.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// Not JSON, or a field of the wrong type.
    #[error("not a question in JSON")]
    Malformed(#[source] serde_json::Error),
    /// JSON, but a list, a string, a number.
    #[error("not a JSON object")]
    NotAnObject,
    /// JSON of another kind.
    #[error("kind `{0}` is neither a SubjectAccessReview nor an audit Event")]
    OtherKind(String),
    /// A review that kube-apiserver would refuse (422), in its words.
    #[error("invalid review: {0}")]
    Invalid(&'static str),
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
}

/// How kube-apiserver's log backend starts each line.
const AUDIT_START: &[u8] = br#"{"kind":"Event","apiVersion":"audit.k8s.io/"#;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    api_version: Text<'a>,
    #[serde(borrow, default)]
    kind: Text<'a>,
}

/// Reads one line.
///
/// # Errors
/// When the line is not JSON, of another kind, too long, or a review that the server would refuse.
pub fn question(line: &[u8]) -> Result<Question<'_>, QuestionError> {
    if line.len() > LINE_BYTES_MAX {
        return Err(QuestionError::TooLong);
    }
    // Serde would also take a list, field by field.
    if line
        .trim_ascii_start()
        .first()
        .is_some_and(|first| *first != b'{')
    {
        return Err(QuestionError::NotAnObject);
    }
    // The form that kube-apiserver writes spares the search for the kind.
    if line.starts_with(AUDIT_START) {
        return Ok(Question::Audit(Box::new(audit_event(line)?)));
    }
    let malformed = match review::read(line) {
        Ok(Some(review)) => return Ok(Question::Review(Box::new(review))),
        Ok(None) => None,
        Err(QuestionError::Malformed(error)) => Some(error),
        Err(invalid) => return Err(invalid),
    };
    let head: Head<'_> = serde_json::from_slice(line).map_err(QuestionError::Malformed)?;
    let (api_version, kind) = (head.api_version.as_str(), head.kind.as_str());
    match (kind, malformed) {
        ("SubjectAccessReview" | "LocalSubjectAccessReview", Some(error)) => {
            Err(QuestionError::Malformed(error))
        }
        ("Event", _) if api_version.is_empty() || api_version.starts_with("audit.k8s.io/") => {
            Ok(Question::Audit(Box::new(audit_event(line)?)))
        }
        _ => Err(QuestionError::OtherKind(
            crate::text::clean(&format!("{api_version} {kind}"))
                .trim()
                .to_owned(),
        )),
    }
}
