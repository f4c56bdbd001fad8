//! An estate in, answers out: RBAC decisions, views, who can see what, checks. No IO, no clock.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![warn(missing_docs)]

pub mod bootstrap;
pub mod checks;
pub mod diff;
mod inventory;
pub mod network;
pub mod pivot;
pub mod rbac;
#[cfg(test)]
mod samples;
pub mod see;
mod sight;
pub mod who;

pub use sight::SightIndex;
