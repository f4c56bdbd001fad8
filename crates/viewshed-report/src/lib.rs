//! Answers in, bytes out: one file per output format. No IO, no clock.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]
