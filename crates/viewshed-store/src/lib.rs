//! What outlives a run: baselines, checkpoints, reading positions. Files only, each replaced as a whole.
#![warn(missing_docs)]

mod envelope;
mod error;
mod folder;

pub use error::Error;
pub use folder::{Loaded, Store};
