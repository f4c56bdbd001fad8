//! One changed policy.

/// What a change made different.
#[derive(Debug, Clone, Default)]
pub(in crate::network) struct Changed {}
