//! Bytes in, model out: one file per format. No IO, no clock, no panic on any input.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

pub mod docker;
mod gaps;
mod lines;
pub mod tells;
pub mod text;
