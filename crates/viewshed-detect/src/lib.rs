//! A stream of [`Activity`](viewshed_model::Activity) in, incidents out. No IO, no clock.
//!
//! The [`Engine`] learns what each identity usually does ([`Baseline`]) and weighs what it does now by the
//! [`detections`]; one incident stands for one session of unusual activity. Rules that people bring along
//! live in [`rules`], what a log can show at all in [`coverage`].
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

pub mod baseline;
pub mod coverage;
pub mod detections;
pub mod engine;
pub mod rehearsal;
pub mod rules;
#[cfg(test)]
mod script;

pub use baseline::{Baseline, StateError};
pub use engine::{Counters, Course, Engine, Settings, silences};
