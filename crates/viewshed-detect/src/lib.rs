//! A stream of [`Activity`](viewshed_model::Activity) in, incidents out. No IO, no clock.
//!
//! The engine learns what each identity usually does and weighs what it does now; one incident stands for
//! one session of unusual activity. Rules that people bring along live in [`rules`], what a log can show at
//! all in [`coverage`].
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

pub mod coverage;
pub mod rules;
