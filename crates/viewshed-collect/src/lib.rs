//! Estates in: the Kubernetes API, the Docker API and files. Read-only by construction.
#![warn(missing_docs)]

pub mod docker;
mod environment;
mod error;
#[cfg(test)]
mod fake_server;
pub mod files;
pub mod here;
mod kubelet;
pub mod kubernetes;
pub mod logs;
pub mod progress;
pub mod rehearsal;
mod text;

pub use environment::Environment;
pub use error::Error;
pub use progress::{Progress, Quiet};
