//! What leaves while watching: deliveries of incidents, and metrics.
#![warn(missing_docs)]
