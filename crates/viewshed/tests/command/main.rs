//! The program as a person runs it: what it says, what it exits with, and that bad input never gets
//! the better of it. No real servers; those are in `e2e`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail the test"
)]
#![expect(clippy::panic, reason = "helpers of tests fail the test")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values are indexed")]

mod docker;
mod fake_server;
mod files;
mod help;
mod here;
mod hostile;
mod kubernetes;
mod program;
mod questions;
mod rehearsal;
mod restricted;
mod steps;
mod terminal;
