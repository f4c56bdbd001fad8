//! How long, how much and how often: every bound of the Docker collection, with its reason.

use std::time::Duration;

/// The bounds of one collection. What lies beyond one is counted in a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time until a connection stands, TLS and `ssh` included: the docker command gives `ssh` 30 s.
    pub connect_time_max: Duration,
    /// Time between two parts of an answer that has begun. A daemon that has begun an answer has it ready.
    pub idle_time_max: Duration,
    /// Time from sending a request to the last byte of its answer. Slow senders run into it.
    pub answer_time_max: Duration,
    /// The same for disk usage, for which a daemon walks every layer and volume.
    pub disk_usage_time_max: Duration,
    /// Bytes of one list; ten thousand containers take some 30 MB.
    pub list_bytes_max: usize,
    /// Bytes of one inspected container, environment and labels included; usual are 10 KB.
    pub inspection_bytes_max: usize,
    /// Inspections under way at once. They are answered from memory, and an `ssh` daemon refuses more than ten
    /// connections that start together (`MaxStartups`).
    pub inspections_at_once: usize,
    /// Containers that are inspected; the others stay as the list shows them.
    pub containers_max: usize,
    /// Requests in a row without answer in time, after which nothing more is asked of a daemon that hangs.
    pub timeouts_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_time_max: Duration::from_secs(30),
            idle_time_max: Duration::from_secs(15),
            answer_time_max: Duration::from_secs(60),
            disk_usage_time_max: Duration::from_secs(180),
            list_bytes_max: 64 * 1024 * 1024,
            inspection_bytes_max: 8 * 1024 * 1024,
            inspections_at_once: 8,
            containers_max: 100_000,
            timeouts_max: 3,
        }
    }
}
