//! What outlives a run: baselines, checkpoints, reading positions. Files only, each replaced as a whole.
#![warn(missing_docs)]
