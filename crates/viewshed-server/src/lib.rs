//! What leaves while watching: deliveries of incidents, and metrics.
//!
//! Bodies are handed in ready-made (`viewshed-report` makes them); here they are only carried.
#![warn(missing_docs)]

mod connection;
mod deliveries;
mod delivery;
mod error;
mod metrics;
mod outbox;
mod retry;
mod signature;
mod status;
mod syslog;
mod webhook;

pub use deliveries::{Deliveries, Target, TargetState};
pub use delivery::Delivery;
pub use error::Error;
pub use metrics::{Counter, Metrics};
pub use signature::Secret;
pub use status::{Health, StatusServer};
pub use syslog::{SyslogBody, SyslogSettings, SyslogTransport};
pub use webhook::WebhookSettings;
