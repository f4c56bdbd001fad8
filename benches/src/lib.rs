//! Generated estates and the benchmarks that run on them.

pub mod generate;
pub mod random;
