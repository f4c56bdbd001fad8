//! `viewshed watch` and its neighbours as processes: killed, restarted, pushed to, scraped.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]
#![expect(clippy::expect_used, reason = "helpers of tests fail the test")]
#![expect(clippy::panic, reason = "helpers of tests fail the test")]
#![expect(clippy::indexing_slicing, reason = "serde_json's values are indexed")]

#[expect(dead_code, reason = "shared with the tests of the other commands")]
#[path = "../command/program.rs"]
mod program;

mod audit;
mod authority;
mod deliveries;
mod places;
mod receiver;
mod reports;
mod rules;
mod running;
mod sources;
mod state;
mod web;
