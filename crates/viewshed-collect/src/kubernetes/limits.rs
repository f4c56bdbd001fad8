//! How long, how much and how often: every bound of the Kubernetes collection, with its reason.

use std::time::Duration;

/// The bounds of a collection. What lies beyond one is counted in a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once. API priority and fairness gives ordinary users some tens of seats
    /// that they share; eight leave room for others.
    pub requests_at_once: usize,
    /// Access reviews under way at once: they are answered from memory.
    pub reviews_at_once: usize,
    /// Objects per page, as kubectl asks for.
    pub page_objects: u32,
    /// Bytes of one answer, after decompression. A page larger than this is asked for in smaller parts.
    pub answer_bytes_max: usize,
    /// Time from sending a request to the last byte of its answer. Slow senders run into it.
    pub answer_time_max: Duration,
    /// Time for a kubelet's settings: a node that is gone answers never.
    pub kubelet_time_max: Duration,
    /// Requests in a row without an answer in time, after which nothing more is asked of a server that
    /// hangs: as many as are under way at once. Kubelets do not count.
    pub timeouts_max: u32,
    /// Pages of one list; a server that pages for ever runs into it.
    pub pages_max: u32,
    /// Objects of one list; the largest clusters have some hundred thousand of a kind.
    pub objects_max: u64,
    /// Kinds that are listed, and group versions that are asked for; large clusters have some hundred.
    pub kinds_max: usize,
    /// Event objects that are kept; events beyond are only counted.
    pub events_max: u64,
    /// How often one request is sent again after 429 or 503.
    pub retries_max: u32,
    /// The longest `Retry-After` that is waited for.
    pub retry_after_max: Duration,
    /// Namespaces that are asked one by one where the whole cluster may not be listed.
    pub namespaces_max: usize,
    /// Time for the credential plugin of the kubeconfig: it may open a browser.
    pub plugin_time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_at_once: 8,
            reviews_at_once: 32,
            page_objects: 500,
            answer_bytes_max: 64 * 1024 * 1024,
            answer_time_max: Duration::from_secs(60),
            kubelet_time_max: Duration::from_secs(10),
            timeouts_max: 8,
            pages_max: 10_000,
            objects_max: 2_000_000,
            kinds_max: 5_000,
            events_max: 1_000,
            retries_max: 5,
            retry_after_max: Duration::from_secs(30),
            namespaces_max: 10_000,
            plugin_time_max: Duration::from_secs(300),
        }
    }
}
