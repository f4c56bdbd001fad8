//! Why there is no answer at all. Smaller troubles are gaps.

use thiserror::Error;

/// An input that gave nothing. Texts hold no control characters of the input.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not the JSON that the format demands.
    #[error("the answer is not the JSON of {expected}: {detail}")]
    Json {
        /// What was expected, in plain words.
        expected: &'static str,
        /// The parser's words, with line and column.
        detail: String,
    },
    /// The bytes are not the YAML that the format demands.
    #[error("not readable as YAML: {detail}")]
    Yaml {
        /// The parser's words, with line and column.
        detail: String,
    },
    /// A Kubernetes `Status` came instead of the answer.
    #[error("the server answered {code} `{reason}`: {message}")]
    Status {
        /// HTTP status code in the object; 0 when it gives none.
        code: u16,
        /// `reason`, for example `Forbidden` or `Expired`.
        reason: String,
        /// `message`.
        message: String,
    },
    /// JSON of another kind than the one expected.
    #[error("expected {expected}, found `{found}`")]
    Kind {
        /// What was expected, in plain words.
        expected: &'static str,
        /// `apiVersion` and `kind` found.
        found: String,
    },
    /// Not a snapshot, or one whose header cannot be read.
    #[error("not a viewshed snapshot: {detail}")]
    NotSnapshot {
        /// What is wrong with the first bytes.
        detail: String,
    },
    /// A snapshot of a later program.
    #[error("the snapshot has format version {found}, this program reads up to {known}")]
    NewerSnapshot {
        /// Version in the header.
        found: u64,
        /// Newest version this program reads.
        known: u64,
    },
    /// Writing the snapshot failed.
    #[error("cannot write the snapshot")]
    Write(#[source] std::io::Error),
}
