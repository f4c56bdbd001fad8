//! What a long collection tells while it runs. Counting only; how it looks is the binary's matter.

/// Hears how far a collection has come. Called from several tasks at once, in no fixed order.
pub trait Progress: Send + Sync {
    /// Work on `what` begins; `total` items are expected, when that is known.
    fn started(&self, what: &str, total: Option<u64>);
    /// `by` more items of `what` are done.
    fn advanced(&self, what: &str, by: u64);
    /// Work on `what` has ended, completely or not.
    fn finished(&self, what: &str);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn started(&self, _what: &str, _total: Option<u64>) {}
    fn advanced(&self, _what: &str, _by: u64) {}
    fn finished(&self, _what: &str) {}
}
