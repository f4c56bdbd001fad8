//! Bytes in, model out: one file per format. No IO, no clock, no panic on any input.
//!
//! Values that may be secret end here: environment variables, config maps and secrets leave this
//! crate as names, with at most a judgement of what a value told ([`tells`]).
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

mod borrowed;
pub mod docker;
mod error;
pub mod files;
mod gaps;
pub mod kubernetes;
mod lines;
pub mod logs;
mod nullable;
pub mod questions;
pub mod snapshot;
pub mod tells;
pub mod text;
mod yaml;

pub use error::DecodeError;
